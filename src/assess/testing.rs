//! Facts for the tests of this room: one suite that has rested for weeks, to be changed as a case wants, and judged over
//! time as the board would. Not for whole stories: those are scenarios.

use std::sync::Arc;
use std::time::Duration;

use super::assessment::{Assessment, ComponentAssessment, VerdictKind};
use super::checks::Context;
use super::horizon::Horizon;
use super::procedure::Cycle;
use super::trend::{self, TrendReport};
use super::{assess, operation, remember, rollout};
use crate::model::facts::{ComponentFacts, Facts, Generation, PodFacts, Sources, SurroundingFacts, WorkloadFacts};
use crate::model::memory::Memory;
use crate::model::names::{Component, Name, PerComponent};
use crate::model::policy::Policy;
use crate::model::release::{
    BodyState, ManifestWorkload, ReleaseBody, ReleaseFacts, ReleaseStatus, Revision, StorageName,
};
use crate::model::signal::{
    CHECKPOINTS_COMPLETED, CHECKPOINTS_FAILED, JOB_RESTARTS, JOB_UPTIME, RUNNING_JOBS, Reading, SignalFacts,
    SignalValue, TASK_MANAGERS, TopicLatency,
};
use crate::model::source::Freshness;
use crate::model::suite::{Member, Suite};
use crate::model::time::{Timestamp, after, before, between};
use crate::model::workload::{AppLabels, Container, Pod, PodOwner, PodPhase, UpdateStrategy, Workload, WorkloadKind};

/// Image of the build that has rested.
pub const OLD: &str = "r/app:100.0.116.2900";
/// Image of the build that is upgraded to.
pub const NEW: &str = "r/app:100.0.116.4200";

/// The begin of every case.
pub fn start() -> Timestamp {
    "2026-03-02T22:00:00Z".parse().unwrap()
}

/// So many minutes after the begin; before it where negative.
pub fn at(minutes: f64) -> Timestamp {
    let span = Duration::from_secs_f64(minutes.abs() * 60.0);
    if minutes < 0.0 { before(start(), span) } else { after(start(), span) }
}

/// Minutes in a day.
pub const DAY: f64 = 24.0 * 60.0;

/// One suite and what is remembered of it.
pub struct Scene {
    pub facts: Facts,
    pub memory: Memory,
    pub policy: Policy,
    /// What GIM's page has beside its latency.
    pub values: Vec<(&'static str, f64)>,
    /// The schema's version on GIM's page.
    pub schema_version: Option<&'static str>,
}

impl Scene {
    /// Every component upgraded ten days ago, its pods Ready since. Memory began a day ago.
    pub fn at_rest() -> Self {
        let suite = Suite::default_suite();
        let components = PerComponent::from_fn(|component| rested(component, suite.members.get(component)));
        let facts = Facts { suite: Arc::new(suite), components, surroundings: SurroundingFacts::default() };
        let (memory, policy) = (Memory::new(at(-DAY)), Policy::default());
        Self { facts, memory, policy, values: Vec::new(), schema_version: None }
    }

    /// The same after an upgrade of one component that Helm began and ended at the begin; its pods were made a minute
    /// later and are Ready since minute 2.
    pub fn upgraded(component: Component) -> Self {
        let mut scene = Self::at_rest();
        scene.upgrade(component);
        scene
    }

    /// Upgrades a component, as in [`Scene::upgraded`].
    pub fn upgrade(&mut self, component: Component) {
        let facts = self.facts.components.get_mut(component);
        let latest = revision(facts, 3, 0.0, ReleaseStatus::Deployed, NEW, 3);
        facts.release.revisions.push(Arc::new(latest));
        for workload in &mut facts.workloads {
            let object = Arc::make_mut(&mut workload.workload);
            object.images = vec![NEW.into()];
            object.generation += 1;
            object.observed_generation += 1;
            object.current_revision = object.current_revision.is_some().then(|| "h3".into());
            object.update_revision.clone_from(&object.current_revision);
            for pod in &mut workload.pods {
                *pod = PodFacts { pod: Arc::new(ready_pod(&pod.pod.name, "3", 1.0, 2.0, NEW)), ..pod.clone() };
            }
        }
    }

    /// Upgrades a component at this minute as Helm's history has it; its pods stay as they are.
    pub fn upgrade_at(&mut self, component: Component, minutes: f64) {
        self.revise(component, minutes, NEW, 3);
    }

    /// Goes back to the build that had rested, at this minute, as Helm's history has it.
    pub fn go_back_at(&mut self, component: Component, minutes: f64) {
        self.revise(component, minutes, OLD, 2);
    }

    fn revise(&mut self, component: Component, minutes: f64, image: &str, manifest: u64) {
        let facts = self.facts.components.get_mut(component);
        let number = facts.release.newest().map_or(1, |newest| newest.revision + 1);
        let latest = revision(facts, number, minutes, ReleaseStatus::Deployed, image, manifest);
        facts.release.revisions.push(Arc::new(latest));
    }

    pub fn component(&mut self, component: Component) -> &mut ComponentFacts {
        self.facts.components.get_mut(component)
    }

    /// Takes Helm's word away: no releases are read, and the workloads carry the label of their chart. What was upgraded
    /// had its specification written at the begin.
    pub fn without_helm(&mut self) {
        let components = &mut self.facts.components;
        for facts in [&mut components.gim, &mut components.gsp, &mut components.gca] {
            let upgraded = facts.release.newest().is_some_and(|newest| newest.created == start());
            facts.release.revisions.clear();
            facts.companion.revisions.clear();
            (facts.sources.helm, facts.sources.bodies) = (Freshness::Off, Freshness::Off);
            for workload in &mut facts.workloads {
                let object = Arc::make_mut(&mut workload.workload);
                object.chart_label = Some("app-100.0.116_2900".into());
                if upgraded {
                    object.specified = start();
                }
            }
        }
    }

    /// The first workload of a component.
    pub fn workload(&mut self, component: Component) -> &mut Workload {
        Arc::make_mut(&mut self.component(component).workloads[0].workload)
    }

    /// The first pod of a component's first workload.
    pub fn pod(&mut self, component: Component) -> &mut Pod {
        Arc::make_mut(&mut self.component(component).workloads[0].pods[0].pod)
    }

    /// The newest revision of a component.
    pub fn newest(&mut self, component: Component) -> &mut Revision {
        Arc::make_mut(self.component(component).release.revisions.last_mut().unwrap())
    }

    /// The newest revision's body.
    pub fn body(&mut self, component: Component) -> &mut ReleaseBody {
        let BodyState::Read(body) = &mut self.newest(component).body else { panic!("the body is not read") };
        Arc::make_mut(body)
    }

    /// Reads the page of each Ready pod: GIM's has one topic with this latency, GSP's are those of a Flink that does well
    /// and completes a checkpoint every minute.
    pub fn read(&mut self, minutes: f64, seconds: f64) {
        let values = self.values.iter().map(|&(signal, value)| SignalValue { signal: signal.into(), value });
        let values: Vec<SignalValue> = values.collect();
        let schema_version: Option<Name> = self.schema_version.map(Into::into);
        self.read_of(Component::Gim, |uid| {
            let page = reading(uid, minutes, &[("voice", seconds)]);
            Reading { values: values.clone(), schema_version: schema_version.clone(), ..page }
        });
        self.read_of(Component::Gsp, |uid| flink(uid, minutes));
    }

    /// Reads the page of each Ready pod of a component.
    pub fn read_of(&mut self, component: Component, page: impl Fn(&str) -> Reading) {
        let facts = self.facts.components.get_mut(component);
        let ready: Vec<Name> = facts.replicas().filter(|pod| pod.pod.ready).map(|pod| pod.pod.uid.clone()).collect();
        facts.signals.readings.retain(|reading| !reading.pod_uid.as_ref().is_some_and(|uid| ready.contains(uid)));
        facts.signals.readings.extend(ready.iter().map(|uid| Arc::new(page(uid))));
    }

    /// How the suite is configured.
    pub fn suite(&mut self) -> &mut Suite {
        Arc::make_mut(&mut self.facts.suite)
    }

    /// Judges from one moment to another as the board does where nothing changes: whenever the last judgement ends. Until it
    /// ends every moment must give the same. Returns when judgements changed anything, with GIM's verdict.
    pub fn let_time_pass(&mut self, from: f64, to: f64) -> Vec<(f64, VerdictKind)> {
        let mut told = Vec::new();
        let mut minutes = from;
        while minutes <= to {
            let judged = self.judge(minutes);
            if told.last().is_none_or(|(_, kind)| *kind != judged.components.gim.verdict.kind) {
                told.push((minutes, judged.components.gim.verdict.kind));
            }
            let again = |at| assess(&self.facts, &self.memory, &self.policy, at).components;
            let Some(end) = judged.valid_until else {
                assert_eq!(again(at(to)), judged.components, "for ever, as said at minute {minutes}");
                break;
            };
            for part in [0.5, 0.999] {
                let moment = after(at(minutes), between(at(minutes), end).mul_f64(part));
                assert_eq!(again(moment), judged.components, "until {end}, as said at minute {minutes}");
            }
            minutes = between(start(), end).as_secs_f64() / 60.0;
        }
        told
    }

    /// Judges at one moment, as the board does.
    pub fn judge(&mut self, minutes: f64) -> Assessment {
        remember::seen(&mut self.memory, &self.facts, &self.policy, at(minutes));
        let assessment = assess(&self.facts, &self.memory, &self.policy, at(minutes));
        remember::concluded(&mut self.memory, &self.facts.suite, &assessment, &self.policy, at(minutes));
        assessment
    }

    /// Judges one component at one moment.
    pub fn judge_one(&mut self, component: Component, minutes: f64) -> ComponentAssessment {
        self.judge(minutes).components.get(component).clone()
    }

    /// What it says of a component at one moment: verdict and the reasons' spellings.
    pub fn verdict(&mut self, component: Component, minutes: f64) -> (VerdictKind, Vec<&'static str>) {
        let verdict = self.judge_one(component, minutes).verdict;
        (verdict.kind, verdict.reasons.iter().map(|reason| reason.as_str()).collect())
    }

    /// Judges every 15 seconds, all pages read each time, GIM's with a latency by the minute; returns the last judgement.
    pub fn play(&mut self, from: f64, to: f64, latency: impl Fn(f64) -> f64) -> Assessment {
        let mut minutes = from;
        loop {
            self.read(minutes, latency(minutes));
            let assessment = self.judge(minutes);
            minutes += 0.25;
            if minutes > to {
                return assessment;
            }
        }
    }

    /// Runs a check's question, or anything else that wants a context, at one moment, with memory as it is.
    pub fn ask<T>(&self, component: Component, minutes: f64, question: impl FnOnce(&Context<'_>) -> T) -> T {
        let (facts, memory) = (self.facts.components.get(component), self.memory.components.get(component));
        let times = self.policy.times.get(component);
        let horizon = Horizon::new(at(minutes));
        let mut operation = operation::newest(facts, times, &self.policy, &horizon);
        let policy = &self.policy;
        let rollout = rollout::read(&rollout::Evidence {
            facts,
            memory,
            policy,
            times,
            operation: operation.as_ref(),
            horizon: &horizon,
        });
        if let Some(operation) = &mut operation {
            operation.settle_deadline = rollout.ready_since.map(|ready| after(ready, times.settle_timeout));
        }
        let trend: Option<TrendReport> = (component == Component::Gim).then(|| trend::read(&memory.window, policy));
        let operation = operation.as_ref();
        let cycle = Cycle::read(&self.facts, policy, &horizon);
        question(&Context {
            component,
            suite: &self.facts,
            cycle: &cycle,
            facts,
            memory,
            policy,
            times,
            horizon: &horizon,
            operation,
            rollout: &rollout,
            trend: trend.as_ref(),
        })
    }
}

fn rested(component: Component, member: &Member) -> ComponentFacts {
    let mut facts = ComponentFacts {
        namespace: member.namespace.clone(),
        release_name: member.release.clone(),
        companion_name: None,
        release: ReleaseFacts::default(),
        companion: ReleaseFacts::default(),
        workloads: Vec::new(),
        signals: SignalFacts { configured: member.endpoint.is_some(), readings: Vec::new() },
        config_maps: Vec::new(),
        sources: Sources::all(Freshness::Fresh),
    };
    let names: &[&str] = match component {
        Component::Gim => &["gim"],
        Component::Gsp => &["gsp-jm", "gsp-tm"],
        Component::Gca => &["gca"],
    };
    let kind = if component == Component::Gim { WorkloadKind::StatefulSet } else { WorkloadKind::Deployment };
    facts.workloads.extend(names.iter().map(|name| WorkloadFacts {
        workload: Arc::new(workload(kind, name)),
        pods: vec![PodFacts {
            pod: Arc::new(ready_pod(&format!("{name}-0"), "2", -10.0 * DAY, -10.0 * DAY + 5.0, OLD)),
            generation: Generation::New,
        }],
    }));
    let (first, second) = (ReleaseStatus::Superseded, ReleaseStatus::Deployed);
    let revisions = [
        revision(&facts, 1, -30.0 * DAY, first, "r/app:100.0.114.2100", 1),
        revision(&facts, 2, -10.0 * DAY, second, OLD, 2),
    ];
    facts.release.revisions.extend(revisions.map(Arc::new));
    facts
}

/// A workload that rests, with one replica.
pub fn workload(kind: WorkloadKind, name: &str) -> Workload {
    let hash = (kind == WorkloadKind::StatefulSet).then(|| Name::from("h2"));
    Workload {
        kind,
        namespace: "ns".into(),
        name: name.into(),
        uid: format!("uid-{name}").into(),
        release: None,
        chart_label: None,
        labels: AppLabels::default(),
        created: at(-30.0 * DAY),
        specified: at(-10.0 * DAY),
        generation: 2,
        observed_generation: 2,
        desired: 1,
        images: vec![OLD.into()],
        strategy: UpdateStrategy::RollingUpdate,
        ordered: kind == WorkloadKind::StatefulSet,
        current_revision: hash.clone(),
        update_revision: hash,
        progressed: true,
    }
}

/// A Ready pod with one container; times in minutes from the begin.
pub fn ready_pod(name: &str, uid: &str, created: f64, ready: f64, image: &str) -> Pod {
    Pod {
        namespace: "ns".into(),
        name: name.into(),
        uid: format!("{name}-{uid}").into(),
        owner: Some(PodOwner { kind: "StatefulSet".into(), uid: "owner".into() }),
        created: at(created),
        phase: PodPhase::Running,
        terminating: false,
        scheduled: true,
        ready: true,
        ready_changed: Some(at(ready)),
        revision_hash: Some(format!("h{uid}").into()),
        labels: AppLabels::default(),
        ip: Some("10.0.0.1".into()),
        containers: vec![Container {
            name: "app".into(),
            init: false,
            image: image.into(),
            restarts: 0,
            waiting: None,
            last_terminated: None,
        }],
    }
}

/// A revision whose manifest declares the component's workloads with this image.
pub fn revision(
    facts: &ComponentFacts,
    number: u32,
    minutes: f64,
    status: ReleaseStatus,
    image: &str,
    manifest: u64,
) -> Revision {
    let workloads = facts.workloads.iter().map(|workload| ManifestWorkload {
        kind: workload.workload.kind,
        name: workload.workload.name.clone(),
        images: vec![image.into()],
    });
    let description = (if number == 1 { "Install complete" } else { "Upgrade complete" }).into();
    let body = ReleaseBody { description, workloads: workloads.collect(), ..body(manifest) };
    Revision {
        namespace: facts.namespace.clone(),
        release: facts.release_name.clone(),
        object: StorageName::Other(format!("v{number}").into()),
        uid: format!("r{number}").into(),
        body_version: Some("7".into()),
        ..alone(number, at(minutes), status, Some(body))
    }
}

/// A body with this manifest, that installs nothing.
pub fn body(manifest: u64) -> ReleaseBody {
    ReleaseBody {
        chart: "app".into(),
        chart_version: "100.0.116+2900".into(),
        app_version: "".into(),
        description: "".into(),
        first_deployed: None,
        last_deployed: None,
        rollback_revision: None,
        hooks: Vec::new(),
        manifest_hash: manifest,
        workloads: Vec::new(),
    }
}

/// A revision of a release beside which there is nothing.
pub fn alone(number: u32, created: Timestamp, status: ReleaseStatus, body: Option<ReleaseBody>) -> Revision {
    Revision {
        namespace: "gim".into(),
        release: "gim".into(),
        revision: number,
        status,
        object: StorageName::Helms,
        uid: "".into(),
        resource_version: "7".into(),
        created,
        written: created,
        body: body.map_or(BodyState::Unread, |body| BodyState::Read(Arc::new(body))),
        body_version: None,
    }
}

/// A reading of one pod's page.
pub fn reading(uid: &str, minutes: f64, topics: &[(&str, f64)]) -> Reading {
    Reading {
        suite: "default".into(),
        component: Component::Gim,
        pod_uid: Some(uid.into()),
        at: at(minutes),
        topics: topics.iter().map(|&(topic, seconds)| TopicLatency { topic: topic.into(), seconds }).collect(),
        values: Vec::new(),
        schema_version: None,
        build: None,
        config_times: Vec::new(),
    }
}

/// A reading of one of GSP's pages: a job manager's or a task manager's, by the pod's name.
pub fn flink(uid: &str, minutes: f64) -> Reading {
    let mut page = Reading { component: Component::Gsp, ..reading(uid, minutes, &[]) };
    if uid.contains("jm") {
        let minutes = minutes + 30.0 * DAY;
        page.values = [
            (CHECKPOINTS_COMPLETED, minutes.floor()),
            (CHECKPOINTS_FAILED, 0.0),
            (JOB_RESTARTS, 0.0),
            (JOB_UPTIME, minutes * 60_000.0),
            (RUNNING_JOBS, 1.0),
            (TASK_MANAGERS, 1.0),
        ]
        .map(|(signal, value)| SignalValue { signal: signal.into(), value })
        .into();
    } else {
        page.config_times = vec![("100".into(), at(minutes - 1.0))];
    }
    page
}

/// The same page with another value.
pub fn with(mut page: Reading, signal: &str, value: f64) -> Reading {
    page.values.iter_mut().filter(|known| &*known.signal == signal).for_each(|known| known.value = value);
    page
}
