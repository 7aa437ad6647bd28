//! A hand-made snapshot for tests: one suite in which everything that a page can show is there, and one at its start.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::assess::answer::{Answer, CheckId, CheckState, DeadlineKind, Evidence, FailureClass};
use crate::assess::assessment::{
    Assessment, ChangeKind, Changed, Command, ComponentAssessment, Gate, GateReason, NamedReason, Operation,
    OperationKind, Reason, RollbackTarget, Stage, ToldBy, Verdict, VerdictKind,
};
use crate::assess::shared::Shared;
use crate::assess::snapshot::{Snapshot, SourceSnapshot, SuiteSnapshot};
use crate::assess::trend::{Trend, TrendReport};
use crate::model::database::ObjectState;
use crate::model::dependency::{Dependency, ProbeFailure};
use crate::model::facts::{ComponentFacts, Facts, Generation, PodFacts, Sources, SurroundingFacts, WorkloadFacts};
use crate::model::memory::{Memory, Witness};
use crate::model::names::{Component, PerComponent};
use crate::model::policy::Policy;
use crate::model::release::{
    BodyState, Hook, HookPhase, ReleaseBody, ReleaseFacts, ReleaseStatus, Revision, StorageName,
};
use crate::model::signal::{Reading, SignalFacts, SignalValue, TopicLatency};
use crate::model::source::{Contact, ErrorKind, Freshness, SourceId, SourceKind};
use crate::model::suite::Suite;
use crate::model::time::Timestamp;
use crate::model::wants::Wants;
use crate::model::workload::{
    AppLabels, Container, Pod, PodPhase, TerminatedReason, UpdateStrategy, WaitingReason, Workload, WorkloadKind,
};

/// A name that every format must escape.
pub const ODD: &str = "\"><script>\\\n";

/// An instant, in seconds since the day of the fixture began.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

/// The snapshot of these suites.
pub fn snapshot(sequence: u64, suites: Vec<SuiteSnapshot>) -> Snapshot {
    Snapshot {
        sequence,
        taken: at(1000),
        policy: Arc::new(Policy::default()),
        suites: suites.into_iter().map(Arc::new).collect(),
        sources: Arc::new(sources()),
        ready: true,
    }
}

fn sources() -> Vec<SourceSnapshot> {
    let source = |kind, namespace: Option<&str>, freshness, heard: Option<i64>| {
        let contact = Contact::default();
        if let Some(seconds) = heard {
            contact.heard(at(seconds));
        }
        SourceSnapshot {
            id: SourceId { kind, namespace: namespace.map(Into::into) },
            freshness,
            contact: Arc::new(contact),
            stale_after: Duration::from_secs(90),
            errors: BTreeMap::from([(ErrorKind::Decode, 2)]),
            last_error: Some("one bad object".into()),
        }
    };
    vec![
        source(SourceKind::Pods, None, Freshness::Fresh, Some(999)),
        source(SourceKind::Helm, Some("gim"), Freshness::Fresh, Some(998)),
        source(SourceKind::Helm, Some("gsp"), Freshness::Starting, None),
    ]
}

/// The suite in which everything is there, in its component GIM.
pub fn busy(name: &str) -> SuiteSnapshot {
    let mut suite = resting(name);
    suite.facts.components.gim = busy_facts();
    suite.assessment.components.gim = busy_assessment();
    let memory = &mut Arc::make_mut(&mut suite.memory).components.gim;
    memory.witness = Some(Witness {
        begin: at(100),
        kind: OperationKind::Upgrade.as_str(),
        whole: true,
        stage: ("verifying", at(900)),
        spent: BTreeMap::from([("applying", Duration::from_secs(12)), ("rolling_out", Duration::from_millis(300_500))]),
        outcome: None,
    });
    memory.completed = BTreeMap::from([(("upgrade", "verified"), 3), (("rollback", "failed"), 1)]);
    suite.assessment.components.gsp.verdict.kind = VerdictKind::Wait;
    suite.assessment.components.gsp.verdict.until = Some(at(2000));
    suite
}

/// A suite that was never heard of.
pub fn starting(name: &str) -> SuiteSnapshot {
    let mut suite = resting(name);
    for component in Component::ALL {
        let facts = suite.facts.components.get_mut(*component);
        facts.sources = Sources::all(Freshness::Starting);
        let assessment = suite.assessment.components.get_mut(*component);
        assessment.stage = Stage::Unknown;
        assessment.checks = Arc::new(vec![
            (CheckId::PodsReady, Answer::new(CheckState::Unknown, [])),
            (CheckId::ReleaseDeployed, Answer::new(CheckState::Unknown, [])),
        ]);
        assessment.verdict.kind = VerdictKind::Unknown;
        assessment.verdict.row = 1;
        assessment.verdict.reasons = vec![Reason::Named(NamedReason::PodsStarting)];
    }
    suite
}

/// A suite whose components are absent.
pub fn resting(name: &str) -> SuiteSnapshot {
    let place = Suite { name: name.into(), ..Suite::default_suite() };
    let facts = place.members.map(|_, member| ComponentFacts {
        namespace: Arc::clone(&member.namespace),
        release_name: Arc::clone(&member.release),
        companion_name: member.companion.clone(),
        release: ReleaseFacts::default(),
        companion: ReleaseFacts::default(),
        workloads: Vec::new(),
        signals: SignalFacts::default(),
        config_maps: Vec::new(),
        sources: Sources::all(Freshness::Fresh),
    });
    let place = Arc::new(place);
    SuiteSnapshot {
        facts: Facts { suite: Arc::clone(&place), components: facts, surroundings: SurroundingFacts::default() },
        assessment: Assessment {
            components: PerComponent::from_fn(|_| absent()),
            next: None,
            in_cycle: PerComponent::default(),
            valid_until: Some(at(1060)),
        },
        shared: Shared::default(),
        memory: Arc::new(Memory::new(at(0))),
        wants: Wants::default(),
        judged: at(1000),
        suite: place,
    }
}

fn absent() -> ComponentAssessment {
    ComponentAssessment {
        operation: None,
        stage: Stage::Absent,
        checks: Arc::default(),
        trend: None,
        rollback_target: None,
        releases_behind: None,
        gate: Gate::default(),
        verdict: Verdict {
            kind: VerdictKind::None,
            row: 2,
            reasons: vec![Reason::Named(NamedReason::Absent)],
            until: None,
            command: None,
            advisories: Vec::new(),
        },
        conditions: Vec::new(),
    }
}

/// A revision with a body.
pub fn revision(release: &str, number: u32, status: ReleaseStatus) -> Arc<Revision> {
    let hook = |event: &str, phase| Hook {
        name: "migrate".into(),
        event: event.into(),
        phase,
        started: None,
        completed: None,
    };
    let body = ReleaseBody {
        chart: release.into(),
        chart_version: "100.0.116+4200".into(),
        app_version: "".into(),
        description: "Preparing upgrade".into(),
        first_deployed: None,
        last_deployed: None,
        rollback_revision: None,
        hooks: vec![hook("pre-upgrade", HookPhase::Succeeded), hook("post-upgrade", HookPhase::Unknown)],
        manifest_hash: 1,
        workloads: Vec::new(),
    };
    Arc::new(Revision {
        namespace: "gim".into(),
        release: release.into(),
        revision: number,
        status,
        object: StorageName::Helms,
        uid: "uid".into(),
        resource_version: "1".into(),
        created: at(100),
        written: at(112),
        body: BodyState::Read(Arc::new(body)),
        body_version: Some("1".into()),
    })
}

/// A pod of one container.
pub fn pod(name: &str, phase: PodPhase, ready: bool) -> Pod {
    Pod {
        namespace: "gim".into(),
        name: name.into(),
        uid: name.into(),
        owner: None,
        created: at(120),
        phase,
        terminating: false,
        scheduled: true,
        ready,
        ready_changed: Some(at(130)),
        revision_hash: None,
        labels: AppLabels::default(),
        ip: None,
        containers: vec![Container {
            name: "gim".into(),
            init: false,
            image: "gim:100.0.116.4200".into(),
            restarts: 2,
            waiting: (!ready).then_some(WaitingReason::ImagePullBackOff),
            last_terminated: Some(TerminatedReason::OomKilled),
        }],
    }
}

fn busy_facts() -> ComponentFacts {
    let workload = Workload {
        kind: WorkloadKind::StatefulSet,
        namespace: "gim".into(),
        name: "gim".into(),
        uid: "uid".into(),
        release: Some("gim".into()),
        chart_label: None,
        labels: AppLabels::default(),
        created: at(0),
        specified: at(0),
        generation: 2,
        observed_generation: 2,
        desired: 3,
        images: vec!["gim:100.0.116.4200".into()],
        strategy: UpdateStrategy::RollingUpdate,
        ordered: true,
        current_revision: None,
        update_revision: None,
        progressed: false,
    };
    let mut old = pod("gim-1", PodPhase::Running, true);
    old.created = at(50);
    old.containers.clear();
    let facts = |pod, generation| PodFacts { pod: Arc::new(pod), generation };
    let reading = Reading {
        suite: "default".into(),
        component: Component::Gim,
        pod_uid: None,
        at: at(990),
        topics: vec![
            TopicLatency { topic: ODD.into(), seconds: 1200.5 },
            TopicLatency { topic: "voice".into(), seconds: 3.0 },
        ],
        values: vec![SignalValue { signal: "gim_server_state".into(), value: 4.0 }],
        schema_version: Some("100.0.116.42".into()),
        build: None,
        config_times: Vec::new(),
    };
    ComponentFacts {
        namespace: "gim".into(),
        release_name: "gim".into(),
        companion_name: Some("gim-monitoring".into()),
        release: ReleaseFacts {
            revisions: vec![
                revision("gim", 3, ReleaseStatus::Deployed),
                revision("gim", 4, ReleaseStatus::PendingUpgrade),
            ],
        },
        companion: ReleaseFacts { revisions: vec![revision("gim-monitoring", 2, ReleaseStatus::Deployed)] },
        workloads: vec![WorkloadFacts {
            workload: Arc::new(workload),
            pods: vec![
                facts(pod(ODD, PodPhase::Pending, false), Generation::New),
                facts(pod("gim-0", PodPhase::Running, true), Generation::New),
                facts(old, Generation::Old),
            ],
        }],
        signals: SignalFacts { configured: true, readings: vec![Arc::new(reading)] },
        config_maps: Vec::new(),
        sources: Sources { workloads: Freshness::Stale, ..Sources::all(Freshness::Fresh) },
    }
}

fn busy_assessment() -> ComponentAssessment {
    let waiting = Evidence::Waiting { pod: ODD.into(), reason: WaitingReason::ImagePullBackOff, since: at(125) };
    ComponentAssessment {
        operation: Some(Operation {
            kind: OperationKind::Upgrade,
            told_by: ToldBy::Helm,
            revision: Some(4),
            changed: Some(Changed {
                kind: ChangeKind::Image,
                former_build: "100.0.116.2900".into(),
                build: "100.0.116.4200".into(),
                images: Some(("gim:100.0.116.2900".into(), "gim:100.0.116.4200".into())),
            }),
            begin: at(100),
            end: Some(at(112)),
            helm_deadline: at(1000),
            ready_deadline: at(3700),
            settle_deadline: Some(at(9000)),
            in_window: true,
        }),
        stage: Stage::Failed,
        checks: Arc::new(vec![
            (CheckId::ReleaseDeployed, Answer::new(CheckState::Pending, [])),
            (CheckId::WithinTimeout, Answer::new(CheckState::Unknown, every_evidence())),
            (CheckId::PodsScheduled, Answer::new(CheckState::Pass, [])),
            (CheckId::ImagesPulled, Answer::new(CheckState::Fail, [waiting])),
        ]),
        trend: Some(TrendReport {
            trend: Trend::Draining,
            slope: Some(-0.5),
            latency_seconds: Some(1200.5),
            newest: Some(at(990)),
            drain_seconds: Some(1801.0),
            completeness: 0.75,
            peak_seconds: Some(1500.0),
        }),
        rollback_target: Some(RollbackTarget { revision: 3, proven: true }),
        releases_behind: Some(1),
        gate: Gate { blocked: vec![GateReason::GimNotVerified, GateReason::GimOperationRunning] },
        verdict: Verdict {
            kind: VerdictKind::RollBack,
            row: 8,
            reasons: vec![Reason::Check(CheckId::ImagesPulled), Reason::Named(NamedReason::UnprovenTarget)],
            until: None,
            command: Some(Command::RollBack {
                namespace: "gim".into(),
                release: "gim".into(),
                revision: 3,
                timeout_seconds: 900,
                then_delete: vec!["gim-0".into()],
            }),
            advisories: vec![Reason::Named(NamedReason::ReleaseLeftFailed)],
        },
        conditions: Vec::new(),
    }
}

/// One piece of evidence of each kind, with the word for it in the status.
pub fn evidence_by_kind() -> Vec<(&'static str, Evidence)> {
    let pod = || "gim-0".into();
    vec![
        ("source", Evidence::Source { source: SourceKind::Pods, freshness: Freshness::Stale }),
        ("release", Evidence::Release { revision: 4, status: ReleaseStatus::Failed }),
        ("body_missing", Evidence::BodyMissing { revision: 4 }),
        (
            "hook",
            Evidence::Hook {
                hook: "migrate".into(),
                event: "pre-upgrade".into(),
                phase: HookPhase::Failed,
                started: Some(at(101)),
                completed: Some(at(105)),
            },
        ),
        ("deadline", Evidence::Deadline { deadline: DeadlineKind::Ready, at: at(3700) }),
        ("image", Evidence::Image { object: pod(), expected: "gim:2".into(), found: "gim:1".into() }),
        ("replicas", Evidence::Replicas { ready: 1, desired: 3 }),
        ("workload", Evidence::Workload { workload: "gim".into() }),
        ("unscheduled", Evidence::Unscheduled { pod: pod(), since: at(120) }),
        ("waiting", Evidence::Waiting { pod: pod(), reason: WaitingReason::Other, since: at(120) }),
        ("not_ready", Evidence::NotReady { pod: pod(), deadline: at(3700) }),
        ("restarts", Evidence::Restarts { pod: pod(), count: 3 }),
        ("out_of_memory", Evidence::OutOfMemory { pod: pod() }),
        ("last_sample", Evidence::LastSample { at: None }),
        ("latency", Evidence::Latency { seconds: f64::NAN, limit_seconds: 300.0 }),
        ("topic_absent", Evidence::TopicAbsent { topic: "voice".into() }),
        ("trend", Evidence::Trend(Trend::Growing)),
        ("no_pod_ready", Evidence::NoPodReady),
        ("told_by_workloads", Evidence::ToldByWorkloads),
        ("failure", Evidence::Failure { class: FailureClass::Timeout }),
        ("operation", Evidence::Operation { component: Component::Gsp, revision: Some(4), begin: at(100) }),
        ("not_well", Evidence::NotWell { component: Component::Gsp }),
        ("build", Evidence::Build { build: "100.0.116.4200".into(), expected: "100.0.116+4300".into() }),
        ("releases_behind", Evidence::ReleasesBehind { behind: 3, newest: "100.0.118+1000".into() }),
        ("signal_missing", Evidence::SignalMissing { signal: "flink_jobmanager_numRunningJobs" }),
        ("flink_jobs", Evidence::FlinkJobs { running: 1, restarts: Some(2) }),
        ("task_managers", Evidence::TaskManagers { registered: 0, wanted: 2 }),
        ("checkpoints", Evidence::Checkpoints { completed_at: None, failed: 2, since: at(120) }),
        ("running_build", Evidence::RunningBuild { expected: "2".into(), found: "1".into() }),
        ("config_map_left", Evidence::ConfigMapLeft { config_map: "gsp-state".into(), created: at(60) }),
        ("config_time", Evidence::ConfigTime { tenant: "100".into(), at: at(60) }),
        ("tenant_untold", Evidence::TenantUntold { tenant: None }),
        ("server_state", Evidence::ServerState { value: -3.0, limit: -2.0 }),
        ("counter", Evidence::Counter { signal: "gim_failed_jobsteps".into(), value: 4.0, rose: Some(at(900)) }),
        ("transform", Evidence::Transform { started: Some(at(700)), ended: Some(at(760)), rows: Some(5120) }),
        ("schema", Evidence::Schema { found: "8.5.116.42".into(), expected: "8.5.116.48".into() }),
        ("schema_object", Evidence::SchemaObject { object: "new_table.c".into(), state: Some(ObjectState::Missing) }),
        ("migration_due", Evidence::MigrationDue { at: at(3700) }),
        ("export_view", Evidence::ExportView { view: "new_view".into(), exists: Some(false) }),
        (
            "dependency",
            Evidence::Dependency {
                dependency: Dependency::Kafka,
                failure: Some(ProbeFailure::Refused),
                since: Some(at(910)),
                last_success: Some(at(900)),
            },
        ),
        ("aggregation", Evidence::Aggregation { level: 1.0, healthy_from: 2 }),
        ("backup", Evidence::Backup { last_success: Some(at(50)), begin: Some(at(100)) }),
    ]
}

fn every_evidence() -> Vec<Evidence> {
    evidence_by_kind().into_iter().map(|(_, evidence)| evidence).collect()
}

/// Names that stand twice, for complaining.
pub fn repeated<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = BTreeSet::new();
    names.into_iter().filter(|name| !seen.insert(*name)).collect()
}
