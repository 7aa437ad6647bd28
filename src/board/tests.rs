//! The board under a held clock: sources that turn, bodies that are waited for, judgements that end.

use std::time::Duration;

use super::*;
use crate::assess::assessment::{GateReason, NamedReason, Reason, Stage, VerdictKind};
use crate::assess::snapshot::SuiteSnapshot;
use crate::index::change::Delta;
use crate::model::names::Name;
use crate::model::release::{BodyState, ReleaseStatus, Revision, StorageName};
use crate::model::source::{ClockOffset, Contact, ErrorKind, SourceCondition, SourceId};
use crate::model::suite::settle_owners;
use crate::model::time::after;

const STALE_AFTER: Duration = Duration::from_secs(90);

fn at(seconds: u64) -> Timestamp {
    after(Timestamp::from_second(1_000_000).unwrap(), Duration::from_secs(seconds))
}

fn id(kind: SourceKind) -> SourceId {
    SourceId { kind, namespace: None }
}

const WATCHES: [SourceKind; 6] = [
    SourceKind::Pods,
    SourceKind::StatefulSets,
    SourceKind::Deployments,
    SourceKind::ReplicaSets,
    SourceKind::Jobs,
    SourceKind::Helm,
];

fn board() -> (Board, Arc<Contact>) {
    let mut board = Board::new(vec![Suite::default_suite()], Policy::default(), at(0));
    let contact = Arc::new(Contact::default());
    for kind in WATCHES {
        board.apply(Change::SourceAdded { source: id(kind), contact: contact.clone(), stale_after: STALE_AFTER });
    }
    (board, contact)
}

fn verdict(board: &Board) -> (VerdictKind, Vec<Reason>) {
    let snapshot = board.snapshot();
    let verdict = &snapshot.suites[0].assessment.components.gim.verdict;
    (verdict.kind, verdict.reasons.clone())
}

fn sync(board: &mut Board) {
    for kind in WATCHES {
        board.apply(Change::SourceCondition(id(kind), SourceCondition::Synced));
    }
}

#[test]
fn before_the_first_sync_everything_is_unknown() {
    let (mut board, contact) = board();
    board.judge(at(1));
    let starting = [NamedReason::PodsStarting, NamedReason::HelmStarting].map(Reason::Named);
    assert_eq!(verdict(&board), (VerdictKind::Unknown, starting.to_vec()));
    assert!(!board.snapshot().ready);
    contact.heard(at(1));
    sync(&mut board);
    board.judge(at(2));
    assert_eq!(verdict(&board), (VerdictKind::None, vec![Reason::Named(NamedReason::Absent)]));
    assert!(board.snapshot().ready);
}

/// Where it is not known yet what may be watched, a kind has no source at all.
#[test]
fn a_kind_that_is_not_watched_yet_is_waited_for() {
    let mut board = Board::new(vec![Suite::default_suite()], Policy::default(), at(0));
    let contact = Arc::new(Contact::default());
    contact.heard(at(1));
    for (count, kind) in WATCHES.into_iter().enumerate() {
        assert!(!board.snapshot().ready, "with {count} kinds");
        board.apply(Change::SourceAdded { source: id(kind), contact: contact.clone(), stale_after: STALE_AFTER });
        board.apply(Change::SourceCondition(id(kind), SourceCondition::Synced));
        board.judge(at(2));
    }
    assert!(board.snapshot().ready);
}

#[test]
fn it_is_not_ready_before_every_observer_has_announced_itself() {
    let contact = Arc::new(Contact::default());
    contact.heard(at(1));
    let mut board = Board::new(vec![Suite::default_suite()], Policy::default(), at(0));
    for announced in 1..=WATCHES.len() {
        for kind in WATCHES.into_iter().rev().take(announced) {
            board.apply(Change::SourceAdded { source: id(kind), contact: contact.clone(), stale_after: STALE_AFTER });
            board.apply(Change::SourceCondition(id(kind), SourceCondition::Synced));
        }
        board.judge(at(1));
        assert_eq!(board.snapshot().ready, announced == WATCHES.len(), "{announced} announced");
    }
}

#[test]
fn silence_turns_the_verdict_and_contact_turns_it_back() {
    let (mut board, contact) = board();
    contact.heard(at(1));
    sync(&mut board);
    board.judge(at(2));
    assert!(!board.judge(at(60)), "nothing turned, so nothing is published");
    assert!(board.judge(at(91)));
    let stale = [NamedReason::PodsStale, NamedReason::HelmStale].map(Reason::Named);
    assert_eq!(verdict(&board), (VerdictKind::Unknown, stale.to_vec()));
    contact.heard(at(95));
    assert!(board.judge(at(96)));
    assert_eq!(verdict(&board).0, VerdictKind::None);
}

#[test]
fn what_is_forbidden_is_named_and_does_not_keep_it_from_being_ready() {
    let (mut board, contact) = board();
    contact.heard(at(1));
    sync(&mut board);
    board.apply(Change::SourceCondition(id(SourceKind::Helm), SourceCondition::Forbidden));
    board.judge(at(2));
    assert_eq!(verdict(&board), (VerdictKind::Unknown, vec![Reason::Named(NamedReason::HelmForbidden)]));
    assert!(board.snapshot().ready);
}

#[test]
fn what_cannot_be_read_makes_its_namespace_unknown_and_no_other() {
    let (mut board, contact) = board();
    contact.heard(at(1));
    sync(&mut board);
    board.judge(at(2));
    assert_eq!(verdict(&board).0, VerdictKind::None);
    let unreadable = |kind, any| Change::Unreadable { kind, namespace: "gim".into(), any };
    for (kind, reason) in [
        (SourceKind::Pods, NamedReason::PodsStale),
        (SourceKind::StatefulSets, NamedReason::PodsStale),
        (SourceKind::Helm, NamedReason::HelmStale),
    ] {
        board.apply(unreadable(kind, true));
        assert!(board.judge(at(3)), "{kind}");
        assert_eq!(verdict(&board), (VerdictKind::Unknown, vec![Reason::Named(reason)]), "{kind}");
        let snapshot = board.snapshot();
        let assessment = &snapshot.suites[0].assessment.components;
        assert_eq!(assessment.gim.stage, Stage::Unknown, "{kind}");
        assert_eq!(assessment.gsp.verdict.kind, VerdictKind::None, "{kind}");
        board.apply(unreadable(kind, false));
        assert!(board.judge(at(3)), "{kind}");
        assert_eq!(verdict(&board).0, VerdictKind::None, "{kind}");
    }
}

#[test]
fn errors_are_counted_and_the_last_one_is_shown_until_the_source_does_well() {
    let (mut board, _) = board();
    for _ in 0..2 {
        let detail: Arc<str> = "pod gim/gim-0: field status missing".into();
        board.apply(Change::SourceError { source: id(SourceKind::Pods), kind: ErrorKind::Decode, detail });
    }
    board.judge(at(1));
    let pods = |board: &Board| board.snapshot().sources.iter().find(|s| s.id == id(SourceKind::Pods)).unwrap().clone();
    assert_eq!(pods(&board).errors.get(&ErrorKind::Decode), Some(&2));
    assert!(pods(&board).last_error.is_some());
    sync(&mut board);
    board.judge(at(2));
    assert_eq!(pods(&board).errors.get(&ErrorKind::Decode), Some(&2));
    assert!(pods(&board).last_error.is_none());
}

#[test]
fn the_clock_of_judgements_never_goes_back() {
    let (mut board, contact) = board();
    contact.heard(at(100));
    sync(&mut board);
    board.judge(at(100));
    board.apply(Change::Pod(Delta::Reset { namespace: None, items: Vec::new() }));
    board.judge(at(50));
    assert_eq!(board.snapshot().taken, at(100));
}

/// The API server's clock is set back ten minutes, and then the watches die.
#[test]
fn silence_is_noticed_after_the_clock_was_set_back() {
    let offset = ClockOffset::default();
    let (mut board, contact) = board();
    contact.heard(offset.corrected(at(1_000)));
    sync(&mut board);
    board.judge(offset.corrected(at(1_000)));
    offset.follow(-600_000, at(1_000));
    for seconds in 1_000..1_010 {
        contact.heard(offset.corrected(at(seconds)));
        board.judge(offset.corrected(at(seconds)));
    }
    assert_eq!(verdict(&board).0, VerdictKind::None);
    let silent = (1_010..3_000).find(|seconds| {
        board.judge(offset.corrected(at(*seconds)));
        verdict(&board).0 == VerdictKind::Unknown
    });
    let silence = silent.unwrap() - 1_009;
    assert!((90..=115).contains(&silence), "noticed after {silence} s");
}

/// Nothing that was judged a moment ago is an hour old because the API server's clock was set forward.
#[test]
fn no_time_goes_by_where_the_clock_is_set_forward() {
    let offset = ClockOffset::default();
    let (mut board, contact) = board();
    contact.heard(offset.corrected(at(1_000)));
    sync(&mut board);
    board.judge(offset.corrected(at(1_000)));
    offset.follow(3_600_000, at(1_000));
    board.judge(offset.corrected(at(1_010)));
    assert_eq!(board.snapshot().taken, at(1_012));
    assert_eq!(verdict(&board).0, VerdictKind::None);
}

#[test]
fn a_clock_that_is_set_right_before_anything_was_heard_is_followed() {
    // Our clock is hours ahead of the API server's, or behind: the first answer tells.
    for ours in [100_000, 10] {
        let mut board = Board::new(vec![Suite::default_suite()], Policy::default(), at(ours));
        let contact = Arc::new(Contact::default());
        for kind in WATCHES {
            board.apply(Change::SourceAdded { source: id(kind), contact: contact.clone(), stale_after: STALE_AFTER });
        }
        board.judge(at(ours));
        contact.heard(at(20_000));
        sync(&mut board);
        board.judge(at(20_000));
        assert_eq!(verdict(&board), (VerdictKind::None, vec![Reason::Named(NamedReason::Absent)]), "{ours}");
        assert_eq!(board.snapshot().taken, at(20_000), "{ours}");
        assert_eq!(board.kept[0].memory.components.gim.began, at(20_000), "{ours}");
        board.judge(at(19_000));
        assert_eq!(board.snapshot().taken, at(20_000), "{ours}");
    }
}

#[test]
fn what_was_before_is_taken_in_once_memory_has_begun() {
    let (mut board, contact) = board();
    let (suite, component, first_read) = ("default".into(), Component::Gim, Some(at(0)));
    board.apply(Change::Past(Past { suite, component, readings: Vec::new(), first_read }));
    board.judge(at(1));
    assert_eq!(board.past.len(), 1, "memory begins anew until all evidence is there");
    contact.heard(at(1));
    sync(&mut board);
    for seconds in [2, 3] {
        board.apply(Change::Pod(Delta::Reset { namespace: None, items: Vec::new() }));
        board.judge(at(seconds));
        assert_eq!(board.kept[0].memory.components.gim.first_read, first_read);
        assert!(board.past.is_empty());
    }
}

/// Suites `a`, `b` and so on, each with a GIM and a GCA of its own, that share the GSP of `b`.
fn sharing(count: usize) -> Board {
    let suite = |name: &str| {
        let mut suite = Suite { name: name.into(), ..Suite::default_suite() };
        suite.members.gim.namespace = format!("gim-{name}").into();
        suite.members.gca.namespace = format!("gca-{name}").into();
        suite
    };
    let mut suites: Vec<Suite> = ["b", "a", "c", "d"].into_iter().take(count).map(suite).collect();
    settle_owners(&mut suites);
    let mut board = Board::new(suites, Policy::default(), at(0));
    let contact = Arc::new(Contact::default());
    contact.heard(at(1));
    for kind in WATCHES {
        let stale_after = Duration::from_hours(1);
        board.apply(Change::SourceAdded { source: id(kind), contact: contact.clone(), stale_after });
    }
    sync(&mut board);
    board.judge(at(1));
    board
}

/// Helm writes a revision; its body cannot be read.
fn release(board: &mut Board, namespace: &str, release: &str, status: ReleaseStatus, seconds: u64) {
    board.apply(Change::Revision(Delta::Apply(Revision {
        namespace: namespace.into(),
        release: release.into(),
        revision: 1,
        status,
        object: StorageName::Helms,
        uid: "uid".into(),
        resource_version: seconds.to_string().into(),
        created: at(2),
        written: at(seconds),
        body: BodyState::Unread,
        body_version: None,
    })));
    board.judge(at(seconds));
    for want in &board.wants().bodies {
        board.apply(Change::Body(want.clone(), BodyState::Refused));
    }
    board.judge(at(seconds));
}

fn suites(board: &Board) -> Vec<Arc<SuiteSnapshot>> {
    board.snapshot().suites
}

fn blocked(suite: &SuiteSnapshot) -> Vec<GateReason> {
    suite.assessment.components.gsp.gate.blocked.clone()
}

#[test]
fn a_shared_component_is_judged_by_its_owner_alone() {
    let mut board = sharing(3);
    release(&mut board, "gsp", "gsp", ReleaseStatus::PendingUpgrade, 3);
    let suites = suites(&board);
    let [a, b, c] = &suites[..] else { panic!("three suites") };
    let owners: Vec<Option<&Name>> = [a, b, c].map(|suite| suite.suite.members.gsp.owner.as_ref()).to_vec();
    assert_eq!(owners, [Some(&"b".into()), None, Some(&"b".into())]);
    for borrower in [a, c] {
        let (own, lent) = (&borrower.assessment.components.gsp, &b.assessment.components.gsp);
        assert_eq!((own.stage, &own.verdict, &own.operation), (Stage::Applying, &lent.verdict, &lent.operation));
        assert_eq!(borrower.assessment.components.gim.gate.blocked, [GateReason::GspOperationRunning]);
        assert_eq!(borrower.memory.components.gsp.witness, None, "the owner remembers it");
        assert!(borrower.memory.components.gsp.pods.is_empty());
    }
    assert!(b.memory.components.gsp.witness.is_some());
}

#[test]
fn the_gate_of_a_shared_component_is_closed_by_each_of_its_suites() {
    let mut board = sharing(3);
    let gates = |board: &Board| suites(board).iter().map(|suite| blocked(suite)).collect::<Vec<_>>();
    assert_eq!(gates(&board), [vec![], vec![], vec![]]);
    // In a suite that has only borrowed it.
    release(&mut board, "gim-a", "gim", ReleaseStatus::PendingUpgrade, 3);
    let other = || vec![GateReason::OtherSuiteOperationRunning];
    assert_eq!(gates(&board), [vec![GateReason::GimOperationRunning], other(), other()]);
    // In its owner's suite as well.
    release(&mut board, "gca-b", "gca", ReleaseStatus::PendingInstall, 4);
    let both = |own| vec![own, GateReason::OtherSuiteOperationRunning];
    let all = [both(GateReason::GimOperationRunning), both(GateReason::GcaOperationRunning), other()];
    assert_eq!(gates(&board), all);
    // The gates of what is not shared are their suite's alone.
    assert!(suites(&board)[2].assessment.components.gim.gate.is_open());
    // It opens as soon as nothing of any suite runs any more.
    release(&mut board, "gim-a", "gim", ReleaseStatus::Uninstalled, 5);
    release(&mut board, "gca-b", "gca", ReleaseStatus::Uninstalled, 6);
    assert_eq!(gates(&board), [vec![], vec![], vec![]]);
}

#[test]
fn what_concerns_one_suite_leaves_those_that_share_with_it_alone() {
    let mut board = sharing(4);
    release(&mut board, "gim-a", "gim", ReleaseStatus::Failed, 3);
    release(&mut board, "gim-c", "gim", ReleaseStatus::Failed, 4);
    board.apply(Change::Pod(Delta::Reset { namespace: Some("gim-a".into()), items: Vec::new() }));
    assert_eq!(board.dirty.iter().map(|(_, place)| *place).collect::<Vec<_>>(), [0]);
    let before = suites(&board);
    board.judge(at(5));
    let after = suites(&board);
    assert!((1..4).all(|place| Arc::ptr_eq(&before[place], &after[place])));
    assert_eq!(board.dirty, BTreeSet::new());
}

#[test]
fn what_a_shared_component_needs_read_is_wanted_once() {
    let mut board = sharing(3);
    board.apply(Change::Revision(Delta::Apply(Revision {
        namespace: "gsp".into(),
        release: "gsp".into(),
        revision: 1,
        status: ReleaseStatus::Deployed,
        object: StorageName::Helms,
        uid: "u".into(),
        resource_version: "1".into(),
        created: at(2),
        written: at(2),
        body: BodyState::Unread,
        body_version: None,
    })));
    board.judge(at(3));
    let wanting: Vec<usize> = suites(&board).iter().map(|suite| suite.wants.bodies.len()).collect();
    assert_eq!(wanting, [1, 1, 1], "each suite wants what its own cycle needs");
    assert_eq!(board.wants().bodies.len(), 1);
}

/// A board after another one, with these suites, that has heard everything by `seconds`.
fn successor(former: &Arc<Snapshot>, suites: Vec<Suite>, seconds: u64) -> Board {
    let former = Arc::clone(former);
    let mut board = Board::new(suites, Policy::default(), at(seconds)).after(Box::new(move || Arc::clone(&former)));
    let contact = Arc::new(Contact::default());
    contact.heard(at(seconds));
    for kind in WATCHES {
        board.apply(Change::SourceAdded { source: id(kind), contact: contact.clone(), stale_after: STALE_AFTER });
    }
    board.judge(at(seconds));
    sync(&mut board);
    board.judge(at(seconds));
    board
}

#[test]
fn a_board_takes_over_what_the_one_before_it_remembers() {
    let (mut first, contact) = board();
    contact.heard(at(1));
    sync(&mut first);
    first.judge(at(1));
    let former = Arc::new(first.snapshot());
    let mut moved = Suite::default_suite();
    moved.members.gca.namespace = "elsewhere".into();
    let another = Suite { name: "another".into(), ..moved.clone() };
    let board = successor(&former, vec![moved, another], 60);
    let began: Vec<[Timestamp; 2]> = board
        .snapshot()
        .suites
        .iter()
        .map(|suite| [suite.memory.components.gim.began, suite.memory.components.gca.began])
        .collect();
    // Of suite `another` nothing was known; of `default` GIM is where it was, and GCA is another one.
    assert_eq!(began, [[at(60), at(60)], [at(1), at(60)]]);
    assert!(board.snapshot().ready && board.former.is_none());
    assert!(board.snapshot().sequence > former.sequence + 1_000_000, "numbered apart from the former one's");
}

#[test]
fn nothing_is_taken_over_from_a_board_that_knew_nothing_yet() {
    let (mut first, _contact) = board();
    first.judge(at(1));
    let board = successor(&Arc::new(first.snapshot()), vec![Suite::default_suite()], 60);
    assert_eq!(board.snapshot().suites[0].memory.components.gim.began, at(60));
}
