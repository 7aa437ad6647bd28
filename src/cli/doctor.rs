//! `doctor`: looks at everything once, as `serve` would, and says of each part whether it is well, and if not how to mend it.
//!
//! It asks by the exporter's own observers, so that what it finds is what `serve` would meet, and beside that which permissions lack,
//! verb by verb. Not for how an upgrade goes.

mod cures;
mod reached;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;

use self::cures::{cure, rule};
use super::exporter::Outlet;
use super::flags::Flags;
use crate::assess::assessment::Stage;
use crate::assess::snapshot::{Snapshot, SourceSnapshot, SuiteSnapshot};
use crate::config::Config;
use crate::model::names::Component;
use crate::model::source::{ErrorKind, Freshness, SourceId, SourceKind};
use crate::model::wants::EndpointWant;
use crate::notify::examine::{Examined, examine};
use crate::observe::client::{Access, ApiClient};
use crate::observe::permissions::{Permission, lacking, needed};
use crate::observe::timing::Timing;
use crate::publish::families;
use crate::publish::samples::samples;
use crate::supervise::{Generation, SHUTDOWN_GRACE};

/// How long everything may take to be seen once.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long after that what is asked now and then, as metrics are, may take to answer for the first time: longer than any is waited for.
const FIRST_READS: Duration = Duration::from_secs(15);

/// Looks, and tells. An error where something is to be mended.
pub(super) async fn doctor(flags: Flags) -> anyhow::Result<()> {
    let config = flags.config()?;
    let mut findings = vec![Finding::well(format!("configuration: {} suites by name", config.suites.len()))];
    let alertmanager = config.alertmanager.clone();
    let kubernetes_auth = config.web.kubernetes_auth;
    let access = flags.kubeconfig.map_or(Access::Infer, Access::Kubeconfig);
    if config.discovery.is_some() {
        findings.push(Finding::well(
            "discovery: suites that are found are not looked at here; run serve, and read /api/v1/status".to_owned(),
        ));
    }
    findings.extend(of_cluster(config, access.clone()).await.unwrap_or_else(|error| {
        let cure = "name a kubeconfig by --kubeconfig, or run it in a pod with a ServiceAccount";
        vec![Finding::ill(format!("cluster: {error:#}"), cure)]
    }));
    if let Some(file) = flags.web_config_file {
        findings.push(reached::web(file).await);
    }
    if kubernetes_auth {
        findings.push(reached::tokens(access).await);
    }
    if let Some(at) = alertmanager {
        findings.extend(examine(&at).await.into_iter().flat_map(of_alertmanager));
    }
    let mut text = String::new();
    for finding in &findings {
        text.push_str(&finding.line());
    }
    // Whoever reads it may stop before the end.
    let _ = std::io::stdout().write_all(text.as_bytes());
    match findings.iter().filter(|finding| matches!(finding.state, State::Ill(_))).count() {
        0 => Ok(()),
        1 => bail!("one thing is to be mended"),
        ill => bail!("{ill} things are to be mended"),
    }
}

/// One part, and what is to be done about it.
struct Finding {
    what: String,
    state: State,
}

/// How a part is.
enum State {
    /// Well.
    Well,
    /// As it may be meant, or not: what to compare.
    Odd(String),
    /// Ill, and how to mend it.
    Ill(String),
}

impl Finding {
    fn well(what: String) -> Self {
        Self { what, state: State::Well }
    }

    fn ill(what: String, cure: impl Into<String>) -> Self {
        Self { what, state: State::Ill(cure.into()) }
    }

    fn line(&self) -> String {
        match &self.state {
            State::Well => format!("well  {}\n", self.what),
            State::Odd(compare) => format!("odd   {}\n      look: {compare}\n", self.what),
            State::Ill(cure) => format!("ILL   {}\n      mend: {cure}\n", self.what),
        }
    }
}

/// What is found out about the cluster.
async fn of_cluster(config: Config, access: Access) -> anyhow::Result<Vec<Finding>> {
    let outlet = Outlet::new(&config);
    let permissions = permissions(&outlet.client(access.clone(), Timing::default()).await?, &config).await;
    let mut findings = of_permissions(&permissions);
    if !config.suites.is_empty() {
        findings.extend(of_snapshot(&seen(&outlet, config, access).await?, &permissions));
    }
    Ok(findings)
}

/// What the account may do of what is needed.
enum Permissions {
    /// How many are needed, and those that lack.
    Told(usize, BTreeSet<Permission>),
    /// It was not told, and why.
    Untold(String),
    /// The API server could not be asked, and why.
    Unasked(String),
}

async fn permissions(api: &ApiClient, config: &Config) -> Permissions {
    let all = needed(&config.suites, config.discovery.as_ref(), &config.scope);
    let count = all.len();
    match tokio::time::timeout(PATIENCE, lacking(api, all)).await {
        Ok(Ok(lacking)) => Permissions::Told(count, lacking),
        Ok(Err(error)) if error.is_not_found() || error.kind() == ErrorKind::Forbidden => {
            Permissions::Untold(error.to_string())
        }
        Ok(Err(error)) => Permissions::Unasked(error.to_string()),
        Err(_) => Permissions::Unasked("no answer in time".to_owned()),
    }
}

/// What the exporter sees once it has seen everything, or could not for long.
async fn seen(outlet: &Outlet, config: Config, access: Access) -> anyhow::Result<Snapshot> {
    let mut generation = Generation::new();
    let mut snapshots = outlet.snapshots();
    outlet.watch(&mut generation, config, access, Timing::default()).await?;
    let looking = async {
        let ready = tokio::time::timeout(PATIENCE, snapshots.wait_for(|snapshot| snapshot.ready)).await;
        if ready.is_ok_and(|ready| ready.is_ok()) {
            let answered = |snapshot: &Arc<Snapshot>| have_answered(snapshot);
            let _ = tokio::time::timeout(FIRST_READS, snapshots.wait_for(answered)).await;
        }
    };
    tokio::select! {
        ended = generation.first_end() => return Err(ended.into()),
        () = looking => {}
    }
    let snapshot = Snapshot::clone(&outlet.snapshots().borrow());
    generation.shut_down(SHUTDOWN_GRACE).await;
    Ok(snapshot)
}

/// Whether every source was heard, or why not is known. Sources of metrics come only with the pods that have some, so that one
/// may still be on its way when all others have answered.
fn have_answered(snapshot: &Snapshot) -> bool {
    let is_there = |want: &EndpointWant| {
        let id = SourceId { kind: SourceKind::Signals, namespace: Some(want.namespace.clone()) };
        snapshot.sources.iter().any(|source| source.id == id)
    };
    snapshot.suites.iter().flat_map(|suite| &suite.wants.endpoints).all(is_there)
        && snapshot.sources.iter().all(|source| source.freshness != Freshness::Starting || source.last_error.is_some())
}

/// One finding for each resource of which a verb lacks.
fn of_permissions(permissions: &Permissions) -> Vec<Finding> {
    let (count, lacking) = match permissions {
        Permissions::Told(count, lacking) => (count, lacking),
        // The sources tell what comes of it.
        Permissions::Untold(why) => {
            return vec![Finding::well(format!("permissions: the API server does not tell them ({why})"))];
        }
        Permissions::Unasked(why) => {
            return vec![Finding::ill(format!("permissions: cannot be asked: {why}"), cure(SourceKind::Pods))];
        }
    };
    if lacking.is_empty() {
        return vec![Finding::well(format!("permissions: all {count} that are needed"))];
    }
    let mut verbs: BTreeMap<(Option<&str>, &str, &str), Vec<&str>> = BTreeMap::new();
    for one in lacking {
        verbs.entry((one.namespace.as_deref(), one.group, one.resource)).or_default().push(one.verb);
    }
    verbs.into_iter().map(|(lacks, verbs)| of_lacking(lacks, &verbs.join(", "))).collect()
}

fn of_lacking((namespace, group, resource): (Option<&str>, &str, &str), verbs: &str) -> Finding {
    let place = namespace.map_or_else(|| "all namespaces".to_owned(), |name| format!("namespace {name}"));
    let role = if namespace.is_some() { "Role there" } else { "ClusterRole" };
    Finding::ill(
        format!("permissions: may not {verbs} {resource} in {place}"),
        format!("add to a {role}: {{apiGroups: ['{group}'], resources: [{resource}], verbs: [{verbs}]}}"),
    )
}

fn of_snapshot(snapshot: &Snapshot, permissions: &Permissions) -> Vec<Finding> {
    // Of a source that is forbidden because of what was told above, nothing more is to be said.
    let told = |source: &SourceSnapshot| match permissions {
        Permissions::Told(_, lacking) => lacking.iter().any(|one| one.namespace == source.id.namespace),
        Permissions::Untold(_) | Permissions::Unasked(_) => false,
    };
    let sources = snapshot.sources.iter().filter(|source| source.freshness != Freshness::Forbidden || !told(source));
    let mut findings: Vec<_> = sources.map(of_source).collect();
    findings.extend(snapshot.suites.iter().flat_map(|suite| of_absent(suite)));
    let names: BTreeSet<_> = families::all().map(|family| family.description.name).collect();
    let names: Vec<_> = names.into_iter().collect();
    let count: usize = samples(snapshot, &names).families().map(|(_, series)| series.len()).sum();
    findings.push(Finding::well(format!("series: {count} of suites and sources on the metrics page")));
    findings
}

/// Components of which nothing is there, which is well before they are installed and else a wrong name.
fn of_absent(suite: &SuiteSnapshot) -> impl Iterator<Item = Finding> {
    let absent = |component: &Component| suite.assessment.components.get(*component).stage == Stage::Absent;
    Component::ALL.iter().copied().filter(absent).map(|component| {
        let facts = suite.facts.components.get(component);
        let (name, release, namespace) = (&suite.suite.name, &facts.release_name, &facts.namespace);
        let what = format!(
            "suite {name}: no {component}: neither a release {release} nor its workloads in namespace {namespace}"
        );
        let compare = format!(
            "compare suites[].{component}.namespace and .release with `helm list -A`, unless it is yet to be installed"
        );
        Finding { what, state: State::Odd(compare) }
    })
}

fn of_source(source: &SourceSnapshot) -> Finding {
    let covers =
        source.id.namespace.as_deref().map_or_else(String::new, |namespace| format!(" in namespace {namespace}"));
    let what = format!("{}{covers}: {}", source.id.kind, source.freshness);
    let what = source.last_error.as_ref().map_or_else(|| what.clone(), |error| format!("{what}: {error}"));
    match source.freshness {
        Freshness::Off => Finding::well(what),
        Freshness::Fresh if source.last_error.is_none() => Finding::well(what),
        Freshness::Forbidden => {
            Finding::ill(what, format!("grant it, in a Role or ClusterRole: {}", rule(source.id.kind)))
        }
        Freshness::Starting | Freshness::Fresh | Freshness::Stale | Freshness::Unreadable => {
            Finding::ill(what, cure(source.id.kind))
        }
    }
}

fn of_alertmanager(examined: Examined) -> Vec<Finding> {
    let url = examined.url;
    match examined.found {
        Err(error) => vec![Finding::ill(
            format!("alertmanager {url}: {error}"),
            "compare alertmanager.urls, its credentials and its ca_file with what answers there",
        )],
        Ok(labels) if labels.differences.is_empty() => {
            let joined = if labels.are_apart {
                "answers; the label via keeps the exporter's alerts apart, which needs the shipped inhibition"
            } else if labels.has_prometheus {
                "the exporter's alerts and Prometheus's are one"
            } else {
                "no Prometheus posts the watchdog of the shipped rules there"
            };
            vec![Finding::well(format!("alertmanager {url}: {joined}"))]
        }
        Ok(labels) => labels
            .differences
            .iter()
            .map(|difference| {
                let what = "Prometheus and the exporter tell of the same alert twice";
                Finding::ill(format!("alertmanager {url}: {what}"), format!("in alertmanager.labels: {difference}"))
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::fixture::{resting, snapshot};

    #[test]
    fn a_source_that_is_yet_to_come_has_not_answered() {
        let mut suite = resting("default");
        suite.wants.endpoints.clear();
        let seen = |suite: &SuiteSnapshot| {
            let mut snapshot = snapshot(1, vec![suite.clone()]);
            let mut sources = (*snapshot.sources).clone();
            for source in &mut sources {
                source.freshness = Freshness::Fresh;
            }
            snapshot.sources = Arc::new(sources);
            have_answered(&snapshot)
        };
        assert!(seen(&suite));
        let (namespace, url) = ("nowhere".into(), "http://10.0.0.1:9249/metrics".into());
        let want = EndpointWant { suite: "default".into(), component: Component::Gsp, namespace, pod_uid: None, url };
        suite.wants.endpoints.push(want);
        assert!(!seen(&suite), "metrics of which no source tells yet");
    }
}
