//! Facts for the tests of this room: one suite that has rested for weeks, to be changed as a case wants, and judged over
//! time as the board would. Not for whole stories: those are scenarios.

use std::sync::Arc;
use std::time::Duration;

use super::assessment::{Assessment, ComponentAssessment, VerdictKind};
use super::checks::Context;
use super::horizon::Horizon;
use super::trend::{self, TrendReport};
use super::{assess, operation, remember, rollout};
use crate::model::facts::{ComponentFacts, Facts, Generation, PodFacts, Sources, SurroundingFacts, WorkloadFacts};
use crate::model::memory::Memory;
use crate::model::names::{Component, Name, PerComponent};
use crate::model::policy::Policy;
use crate::model::release::{BodyState, ManifestWorkload, ReleaseBody, ReleaseFacts, ReleaseStatus, Revision};
use crate::model::signal::{Reading, SignalFacts, TopicLatency};
use crate::model::source::Freshness;
use crate::model::suite::{Member, Suite};
use crate::model::time::{Timestamp, after, before};
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
}

impl Scene {
    /// Every component upgraded ten days ago, its pods Ready since. Memory began a day ago.
    pub fn at_rest() -> Self {
        let suite = Suite::default_suite();
        let components = PerComponent::from_fn(|component| rested(component, suite.members.get(component)));
        let facts = Facts { suite: Arc::new(suite), components, surroundings: SurroundingFacts::default() };
        Self { facts, memory: Memory::new(at(-DAY)), policy: Policy::default() }
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

    pub fn component(&mut self, component: Component) -> &mut ComponentFacts {
        self.facts.components.get_mut(component)
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

    /// Reads GIM's page: one topic with this latency, from each Ready pod.
    pub fn read(&mut self, minutes: f64, seconds: f64) {
        let facts = &mut self.facts.components.gim;
        let ready: Vec<Name> = facts.replicas().filter(|pod| pod.pod.ready).map(|pod| pod.pod.uid.clone()).collect();
        facts.signals.readings.retain(|reading| !reading.pod_uid.as_ref().is_some_and(|uid| ready.contains(uid)));
        facts
            .signals
            .readings
            .extend(ready.into_iter().map(|uid| Arc::new(reading(&uid, minutes, &[("voice", seconds)]))));
    }

    /// Judges at one moment, as the board does.
    pub fn judge(&mut self, minutes: f64) -> Assessment {
        remember::seen(&mut self.memory, &self.facts, &self.policy, at(minutes));
        let assessment = assess(&self.facts, &self.memory, &self.policy, at(minutes));
        remember::concluded(&mut self.memory, &self.facts.suite, &assessment, at(minutes));
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

    /// Judges every 15 seconds, GIM's page read each time with a latency by the minute; returns the last judgement.
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
        let operation = operation::newest(&facts.release, times, &self.policy, &horizon);
        let policy = &self.policy;
        let rollout = rollout::read(&rollout::Evidence {
            facts,
            memory,
            policy,
            times,
            operation: operation.as_ref(),
            horizon: &horizon,
        });
        let trend: Option<TrendReport> = (component == Component::Gim).then(|| trend::read(&memory.window, policy));
        let operation = operation.as_ref();
        question(&Context {
            component,
            suite: &self.facts,
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
    let body = ReleaseBody {
        chart: "app".into(),
        chart_version: "100.0.116+2900".into(),
        app_version: "".into(),
        description: (if number == 1 { "Install complete" } else { "Upgrade complete" }).into(),
        first_deployed: None,
        last_deployed: None,
        rollback_revision: None,
        hooks: Vec::new(),
        manifest_hash: manifest,
        workloads: workloads.collect(),
    };
    Revision {
        namespace: facts.namespace.clone(),
        release: facts.release_name.clone(),
        revision: number,
        status,
        object: format!("v{number}").into(),
        uid: format!("r{number}").into(),
        resource_version: "7".into(),
        created: at(minutes),
        written: at(minutes),
        body: BodyState::Read(Arc::new(body)),
        body_version: Some("7".into()),
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
