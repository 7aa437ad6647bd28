//! Scenarios as an exporter sees them that has nothing of Helm's: its releases may not be read (`helm.access: none`), or
//! what installs the charts keeps none (Argo CD). The workloads alone tell; both come to the same.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use gim_upgrade_exporter::assess::answer::{CheckId, CheckState};
use gim_upgrade_exporter::assess::assessment::{ComponentAssessment, VerdictKind};
use gim_upgrade_exporter::assess::snapshot::SuiteSnapshot;
use gim_upgrade_exporter::board::Board;
use gim_upgrade_exporter::index::change::{Change, Delta};
use gim_upgrade_exporter::model::names::Component;
use gim_upgrade_exporter::model::policy::Policy;
use gim_upgrade_exporter::model::scope::HelmAccess;
use gim_upgrade_exporter::model::source::{Contact, SourceCondition, SourceId, SourceKind};
use gim_upgrade_exporter::model::suite::Suite;
use gim_upgrade_exporter::model::time::{Timestamp, after};
use gim_upgrade_exporter::model::wants::EndpointWant;
use gim_upgrade_exporter::model::workload::WorkloadKind;
use gim_upgrade_exporter::observe::objects;
use gim_upgrade_exporter::sim::scenario::Scenario;
use gim_upgrade_exporter::sim::store::Kind;

use super::held::{Held, reading, start};

/// How often the exporter looks: this one lists everything anew instead of watching.
const STEP: Duration = Duration::from_secs(5);

struct Lister {
    board: Board,
    contact: Arc<Contact>,
    reads: HashMap<EndpointWant, Timestamp>,
}

impl Lister {
    fn start(held: &Held, access: HelmAccess) -> Self {
        let suite = Suite { helm_access: access, ..Suite::default_suite() };
        let mut board = Board::new(vec![suite], Policy::default(), held.now);
        let contact = Arc::new(Contact::default());
        let mut sources = vec![
            SourceKind::Pods,
            SourceKind::StatefulSets,
            SourceKind::Deployments,
            SourceKind::ReplicaSets,
            SourceKind::Jobs,
        ];
        sources.extend((access == HelmAccess::Read).then_some(SourceKind::Helm));
        for kind in sources {
            let source = SourceId { kind, namespace: None };
            let stale_after = Duration::from_secs(90);
            board.apply(Change::SourceAdded { source: source.clone(), contact: contact.clone(), stale_after });
            board.apply(Change::SourceCondition(source, SourceCondition::Synced));
        }
        let mut lister = Self { board, contact, reads: HashMap::new() };
        lister.look(held);
        lister
    }

    fn look(&mut self, held: &Held) {
        fn all<T>(held: &Held, kind: Kind, read: impl Fn(&[u8]) -> T) -> Delta<T> {
            let items = held.store.iter(kind).map(|object| read(&object.to_json())).collect();
            Delta::Reset { namespace: None, items }
        }
        self.contact.heard(held.now);
        let pods = all(held, Kind::Pods, |json| objects::pod(json).unwrap());
        let sets = all(held, Kind::StatefulSets, |json| objects::stateful_set(json).unwrap());
        let deployments = all(held, Kind::Deployments, |json| objects::deployment(json).unwrap());
        let replica_sets = all(held, Kind::ReplicaSets, |json| objects::replica_set(json).unwrap());
        let jobs = all(held, Kind::Jobs, |json| objects::job(json).unwrap());
        self.board.apply(Change::Pod(pods));
        self.board.apply(Change::Workload(WorkloadKind::StatefulSet, sets));
        self.board.apply(Change::Workload(WorkloadKind::Deployment, deployments));
        self.board.apply(Change::Workload(WorkloadKind::Job, jobs));
        self.board.apply(Change::ReplicaSet(replica_sets));
        self.board.judge(held.now);
        let wants = self.board.wants();
        assert!(wants.bodies.is_empty(), "no body is ever wanted");
        for want in &wants.endpoints {
            let due = self.reads.entry(want.clone()).or_insert(held.now);
            if *due <= held.now {
                *due = after(held.now, Policy::default().signal_interval);
                self.board.apply(reading(want, held).unwrap());
            }
        }
        self.board.judge(held.now);
    }

    fn suite(&self) -> Arc<SuiteSnapshot> {
        self.board.snapshot().suites[0].clone()
    }
}

/// Stage, verdict, its reasons, and the kind of operation, in one line.
fn told(assessed: &ComponentAssessment) -> String {
    let reasons: Vec<_> = assessed.verdict.reasons.iter().map(|reason| reason.as_str()).collect();
    format!("{} {} {} [{}]", assessed.stage, assessed.verdict.kind, assessed.operation_kind(), reasons.join(" "))
}

/// Plays a scenario; what is told of a component at some minutes must be this.
fn play(name: &str, component: Component, expected: &[(f64, &str)]) {
    for access in [HelmAccess::None, HelmAccess::Read] {
        let mut held = Held::new(&Scenario::find(name).unwrap());
        let mut lister = Lister::start(&held, access);
        for (minutes, line) in expected {
            let until = after(start(), Duration::from_secs_f64(minutes * 60.0));
            while held.now < until {
                held.play(after(held.now, STEP).min(until), &mut [], |_, _| {});
                lister.look(&held);
            }
            let suite = lister.suite();
            assert_eq!(told(suite.assessment.components.get(component)), *line, "{name} {access} {minutes}");
        }
    }
}

#[test]
fn a_healthy_upgrade_is_told_by_the_workloads() {
    let expected = [
        (0.5, "verified none none []"),
        (2.0, "rolling_out wait upgrade [rollout_unfinished]"),
        (8.0, "verifying wait upgrade [window_filling]"),
        (19.0, "verified wait upgrade [next_gate_closed]"),
        (41.0, "verified wait upgrade [next_gate_closed]"),
    ];
    play("healthy-upgrade", Component::Gim, &expected);
    // Nothing comes after GCA, and whether the cycle is done is not known.
    play("healthy-upgrade", Component::Gca, &[(41.0, "verified none upgrade []")]);
}

#[test]
fn a_fault_has_no_revision_to_go_back_to() {
    let expected = [
        (2.25, "rolling_out wait upgrade [rollout_unfinished]"),
        (5.0, "failed investigate upgrade [no_target images_pulled]"),
    ];
    play("image-missing", Component::Gim, &expected);
    // What is a rollback cannot be told, but the pod that it leaves can.
    play("rollback-stale-pod", Component::Gim, &[(9.0, "rolling_out restart_pod upgrade [stale_pod]")]);
}

#[test]
fn what_is_installed_drained_and_removed_is_seen() {
    let expected = [(1.0, "absent none none [absent]"), (20.0, "verified wait install [next_gate_closed]")];
    play("first-install", Component::Gim, &expected);
    let expected = [
        (1.0, "verified none none []"),
        (3.5, "rolling_out wait none [pod_replaced]"),
        (12.0, "verified none none []"),
    ];
    play("drained-node", Component::Gim, &expected);
    play("uninstall", Component::Gsp, &[(1.0, "verified none none []"), (5.0, "absent none none [absent]")]);
}

#[test]
fn helms_own_questions_are_unknown() {
    let held = Held::new(&Scenario::find("at-rest").unwrap());
    let lister = Lister::start(&held, HelmAccess::None);
    let suite = lister.suite();
    let gim = &suite.assessment.components.gim;
    assert_eq!(gim.check(CheckId::ReleaseDeployed).unwrap().state, CheckState::Unknown);
    assert_eq!(gim.check(CheckId::ImageMatchesChart).unwrap().state, CheckState::Pass);
    assert!(gim.check(CheckId::HooksSucceeded).is_none() && gim.check(CheckId::CompanionInStep).is_none());
    assert_eq!(gim.operation.as_ref().unwrap().revision, None);
    assert_eq!(suite.facts.components.gim.build().unwrap().text().as_ref(), "100.0.116.2900");
    assert!(lister.board.snapshot().ready, "Helm is not waited for");
}

/// An exporter that is started again says the same once it may, and until then nothing but the same or `wait`.
#[test]
fn a_killed_exporter_comes_to_the_same() {
    for name in ["healthy-upgrade", "image-missing", "rollback-stale-pod", "drained-node", "gca-never-ready"] {
        let mut held = Held::new(&Scenario::find(name).unwrap());
        let ends = held.world.ends();
        let mut listers = vec![Lister::start(&held, HelmAccess::None)];
        let mut joined = vec![held.now];
        while held.now < ends {
            held.play(after(held.now, STEP).min(ends), &mut [], |_, _| {});
            for lister in &mut listers {
                lister.look(&held);
            }
            let since_start = held.now.duration_since(start()).as_secs();
            if since_start % 240 == 60 {
                listers.push(Lister::start(&held, HelmAccess::None));
                joined.push(held.now);
            }
            let [without, killed @ ..] = &listers[..] else { panic!("there is one from the start") };
            for (lister, joined) in killed.iter().zip(joined.iter().skip(1)) {
                for &component in Component::ALL {
                    let verdict = |lister: &Lister| lister.suite().assessment.components.get(component).verdict.kind;
                    let (same, said) = (verdict(without), verdict(lister));
                    let early = held.now <= after(*joined, Policy::default().hold);
                    let fine = said == same || early && said == VerdictKind::Wait;
                    assert!(fine, "{name}: killed at {joined}, at {} {component} is {said}, not {same}", held.now);
                }
            }
        }
    }
}
