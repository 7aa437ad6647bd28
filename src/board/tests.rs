//! The board under a held clock: sources that turn, bodies that are waited for, judgements that end.

use std::time::Duration;

use super::*;
use crate::assess::assessment::{NamedReason, Reason, VerdictKind};
use crate::index::change::Delta;
use crate::model::source::{Contact, ErrorKind, SourceCondition, SourceId};
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
