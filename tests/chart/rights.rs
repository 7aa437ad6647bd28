//! Least privilege: with the chart's rights every source is seen, and each right that is taken away is named by `doctor` and reported by
//! the exporter, while the rest works. With Helm 3 these are Roles and Helm's Secrets, with Helm 4 the `ClusterRole` of
//! `kubernetes.scope: cluster` and Helm's `ConfigMap`s.
//!
//! Each case has an account of its own, with copies of the chart's roles, so that many can be tried at once.

use std::{
    collections::{BTreeSet, VecDeque},
    fs,
    sync::{Mutex, PoisonError},
    thread,
};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::{
    cluster::{Cluster, Place},
    exporter::{ANYWHERE, Exporter, Given, SOON},
    helm::Major,
    installed,
    made::{configuration, template},
    objects::{self, Right, collection, of_kind, rights, text},
    process::eventually,
};

const ACCESS_REVIEWS: &str = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
/// How many cases are tried at once: each waits most of the time.
const THREADS: usize = 6;

/// Which sources each resource is for, where Helm keeps releases in Secrets and where in `ConfigMap`s.
const SOURCES: [(&str, &str); 9] = [
    ("pods", "pods"),
    ("statefulsets", "statefulsets"),
    ("deployments", "deployments"),
    ("replicasets", "replicasets"),
    ("jobs", "jobs"),
    ("secrets", "helm"),
    ("configmaps", "configmaps"),
    ("configmaps", "helm"),
    ("cronjobs", "backups"),
];

/// A resource of a role of which all verbs, or one, are taken away.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Case {
    namespace: String,
    resource: String,
    verb: Option<String>,
}

impl Case {
    fn takes(&self, right: &Right) -> bool {
        let (namespace, _, resource, verb) = right;
        *namespace == self.namespace && *resource == self.resource && self.verb.as_ref().is_none_or(|one| one == verb)
    }
}

/// What all cases share.
struct Ground<'a> {
    cluster: &'a Cluster,
    place: Place<'a>,
    /// Namespace of the accounts.
    home: String,
    /// What the chart makes.
    objects: Vec<Value>,
    given: Given,
}

/// Everything is seen with all of the chart's rights; without one of them it is named, reported, and the rest works.
pub fn suffice_and_are_all_needed(cluster: &Cluster, major: Major) -> Result<()> {
    let ground = Ground::prepare(cluster, major)?;
    let all = rights(&ground.objects);
    ground.without(0, None, &all)?;

    let whole = |right: &Right| Case { namespace: right.0.clone(), resource: right.2.clone(), verb: None };
    let mut cases: BTreeSet<Case> = all.iter().map(whole).collect();
    ensure!(cases.len() == if major == Major::Three { 20 } else { 7 }, "{} cases: {cases:?}", cases.len());
    if major == Major::Four {
        cases.extend(all.iter().map(|right| Case { verb: Some(right.3.clone()), ..whole(right) }));
    }
    let cases: VecDeque<_> = cases.into_iter().enumerate().collect();
    let queue = Mutex::new(cases);
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                    let Some((at, case)) = next else { break };
                    if let Err(error) = ground.without(at + 1, Some(&case), &all) {
                        failures.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{case:?}: {error:#}"));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
    ensure!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}

impl<'a> Ground<'a> {
    fn prepare(cluster: &'a Cluster, major: Major) -> Result<Self> {
        let mut place = cluster.place(major, "rights")?;
        if major == Major::Four {
            place.helm.driver = "configmap";
        }
        let home = format!("{}-watch", place.name);
        installed::restricted_namespace(cluster, &home)?;
        installed::suite(cluster, &place)?;
        let backup = json!({
            "apiVersion": "batch/v1", "kind": "CronJob", "metadata": { "name": "dump" },
            "spec": {
                "schedule": "0 0 1 1 *", "suspend": true,
                "jobTemplate": { "spec": { "template": { "spec": {
                    "restartPolicy": "Never", "containers": [{ "name": "dump", "image": "dump" }],
                } } } },
            },
        });
        cluster.api().create(&format!("/apis/batch/v1/namespaces/{}/cronjobs", place.namespace("gim")), &backup)?;
        let mut config = installed::configuration(&place);
        config["suites"][0]["backup"] = json!({ "cron_job": "dump" });
        if major == Major::Four {
            config["kubernetes"] = json!({ "scope": "cluster" });
            config["helm"] = json!({ "driver": "configmap" });
        }
        let values = place.file("values.json", &json!({ "config": config }).to_string())?;
        let objects = objects::read(&template(&place.helm, "watch", &home, &["-f", &values])?)?;
        let config = cluster.plane.folder().join(format!("{home}-config.yaml"));
        fs::write(&config, configuration(&objects)?)?;
        let arguments = objects::only(&objects, "Deployment")?.pointer("/spec/template/spec/containers/0/args");
        let arguments = arguments.and_then(Value::as_array).context("no arguments")?;
        let arguments = arguments.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        let given =
            Given { arguments, config, kubeconfig: cluster.plane.admin_kubeconfig(), listen: ANYWHERE.to_owned() };
        Ok(Self { cluster, place, home, objects, given })
    }

    /// Tries an account that lacks what the case takes.
    fn without(&self, at: usize, case: Option<&Case>, all: &BTreeSet<Right>) -> Result<()> {
        let account = format!("case-{at}");
        self.grant(&account, case)?;
        self.settled(&account, case, all)?;
        let kubeconfig = self.cluster.plane.kubeconfig_of(&self.home, &account)?;
        let given = Given { kubeconfig, ..self.given.clone() };

        let config =
            given.arguments.iter().find(|word| word.starts_with("--config.file=")).context("no configuration")?;
        let doctor = Given { arguments: vec!["doctor".to_owned(), config.clone()], ..given.clone() };
        let (well, said) = doctor.run()?;
        let Some(case) = case else {
            ensure!(well && said.contains(&format!("well  permissions: all {} ", all.len())), "the doctor says {said}");
            return self.sees(&account, &given, None);
        };
        let verbs: Vec<_> = all.iter().filter(|right| case.takes(right)).map(|right| right.3.as_str()).collect();
        let place = match case.namespace.as_str() {
            "" => "all namespaces".to_owned(),
            name => format!("namespace {name}"),
        };
        let ill: Vec<_> = said.lines().filter(|line| line.starts_with("ILL   permissions")).collect();
        let named = |line: &&str| {
            // Backups are looked for in their own namespace alone.
            let (line, own) = (line.trim_end(), format!("namespace {}", self.place.namespace("gim")));
            let rest = line.strip_prefix("ILL   permissions: may not ").and_then(|rest| rest.split_once(" in "));
            rest.is_some_and(|(what, whom)| {
                let mut told: Vec<_> = what.trim_end_matches(case.resource.as_str()).split([',', ' ']).collect();
                told.retain(|word| !word.is_empty());
                let same = told.iter().collect::<BTreeSet<_>>() == verbs.iter().collect();
                what.ends_with(&case.resource)
                    && same
                    && (whom == place || (case.resource == "cronjobs" && whom == own))
            })
        };
        ensure!(!well && ill.len() == 1 && ill.iter().all(named), "the doctor should name {case:?}, and says {said}");
        // What comes of a verb is the same as of all of them, but for that which reads bodies.
        match case.verb.as_deref() {
            None | Some("get") => self.sees(&account, &given, Some(case)),
            Some(_) => Ok(()),
        }
    }

    /// An exporter sees all but the source of the case, and goes on with the rest.
    fn sees(&self, account: &str, given: &Given, case: Option<&Case>) -> Result<()> {
        let exporter = Exporter::start(self.cluster, &format!("{}-{account}", self.home), given)?;
        let mut blind = BTreeSet::new();
        let mut may_be = BTreeSet::new();
        if let Some(case) = case {
            let sources = SOURCES.iter().filter(|(resource, _)| *resource == case.resource).map(|(_, source)| *source);
            let keeps = self.place.helm.driver == "configmap";
            let sources: Vec<_> = match case.verb.as_deref() {
                Some("get") => vec!["helm_bodies"],
                _ => sources.filter(|source| *source != "helm" || keeps == (case.resource == "configmaps")).collect(),
            };
            ensure!(!sources.is_empty(), "no source needs {}", case.resource);
            for source in sources {
                // Backups are looked for in their own namespace alone.
                let place = if source == "backups" { self.place.namespace("gim") } else { case.namespace.clone() };
                blind.insert((source.to_owned(), place));
            }
            if case.resource == "pods" {
                // Where no pod is known there is no endpoint to read.
                may_be.insert(("signals".to_owned(), String::new()));
            }
        }
        eventually("exactly that source is missing", SOON, || {
            let seen = exporter.blind()?;
            let seen: BTreeSet<_> = seen.difference(&may_be).cloned().collect();
            ensure!(seen == blind, "missing are {seen:?}, and not {blind:?}");
            Ok(true)
        })?;
        let page = exporter.page()?;
        for component in ["gim", "gsp", "gca"] {
            let stage = page.state("gim_upgrade_stage", "stage", component)?.context("no stage")?;
            let hit =
                case.is_some_and(|case| case.namespace.is_empty() || case.namespace == self.place.namespace(component));
            ensure!(hit || matches!(stage, "rolling_out" | "verifying" | "verified"), "{component} is {stage}");
        }
        Ok(())
    }

    /// An account with copies of the chart's roles, without what the case takes.
    fn grant(&self, account: &str, case: Option<&Case>) -> Result<()> {
        let api = self.cluster.api();
        let made = json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": account } });
        api.create(&format!("/api/v1/namespaces/{}/serviceaccounts", self.home), &made)?;
        let name = format!("{}-{account}", self.home);
        for kind in ["Role", "ClusterRole"] {
            for role in of_kind(&self.objects, kind) {
                let mut role = role.clone();
                role["metadata"]["name"] = name.as_str().into();
                if let Some(case) = case.filter(|case| case.namespace == text(&role, "/metadata/namespace")) {
                    let rules = role.get("rules").and_then(Value::as_array).context("a role without rules")?;
                    role["rules"] = rules.iter().flat_map(|rule| left(rule, case)).collect();
                }
                api.create(&collection(&role)?, &role)?;
            }
        }
        for kind in ["RoleBinding", "ClusterRoleBinding"] {
            for binding in of_kind(&self.objects, kind) {
                let mut binding = binding.clone();
                binding["metadata"]["name"] = name.as_str().into();
                binding["roleRef"]["name"] = name.as_str().into();
                binding["subjects"][0]["name"] = account.into();
                api.create(&collection(&binding)?, &binding)?;
            }
        }
        Ok(())
    }

    /// Waits until the API server goes by these roles: it reads them as they change, not as they are asked for.
    fn settled(&self, account: &str, case: Option<&Case>, all: &BTreeSet<Right>) -> Result<()> {
        let user = format!("system:serviceaccount:{}:{account}", self.home);
        let kept = all.iter().filter(|right| case.is_none_or(|case| !case.takes(right)));
        let mut asked = BTreeSet::new();
        for (namespace, group, resource, verb) in kept {
            // One right of each role tells that all of it is in force.
            if !asked.insert(namespace) {
                continue;
            }
            let attributes = json!({ "namespace": namespace, "group": group, "resource": resource, "verb": verb });
            let review = json!({
                "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
                "spec": { "user": user, "resourceAttributes": attributes },
            });
            eventually(&format!("{account} may {verb} {resource} in {namespace:?}"), SOON, || {
                let answer = self.cluster.api().post(ACCESS_REVIEWS, &review)?;
                Ok(answer.pointer("/status/allowed") == Some(&json!(true)))
            })?;
        }
        Ok(())
    }
}

/// What is left of a rule: the rule without the resource, and the resource with the verbs that are not taken.
fn left(rule: &Value, case: &Case) -> Vec<Value> {
    let words = |field: &str| -> Vec<String> {
        let words = rule.get(field).and_then(Value::as_array).into_iter().flatten();
        words.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let (resources, verbs) = (words("resources"), words("verbs"));
    if !resources.contains(&case.resource) {
        return vec![rule.clone()];
    }
    let with = |resources: Vec<String>, verbs: Vec<String>| json!({ "apiGroups": words("apiGroups"), "resources": resources, "verbs": verbs });
    let others: Vec<_> = resources.into_iter().filter(|resource| *resource != case.resource).collect();
    let kept: Vec<_> =
        verbs.iter().filter(|verb| case.verb.as_ref().is_some_and(|taken| taken != *verb)).cloned().collect();
    let mut rules = Vec::new();
    if !others.is_empty() {
        rules.push(with(others, verbs));
    }
    if !kept.is_empty() {
        rules.push(with(vec![case.resource.clone()], kept));
    }
    rules
}
