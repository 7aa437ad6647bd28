//! Tables: what is seen, look by look, and what comes of it.

use serde_json::{Value, json};

use super::*;

/// Seconds since the program began; it began at 1,000 by the API server's clock.
const START: i64 = 1_000;

pub(in crate::cli::verify) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(START + second).unwrap()
}

pub(in crate::cli::verify) fn moment(second: i64) -> Moment {
    Moment { at: at(second), elapsed: Duration::from_secs(second.try_into().unwrap()) }
}

/// A component with an upgrade to revision 4 that began at second -100, while Helm works on it.
fn upgrading() -> Value {
    json!({
        "namespace": "gim", "release": {"build": "2", "chart_version": "2"}, "stage": "applying",
        "operation": {
            "kind": "upgrade", "told_by": "helm", "revision": 4, "changed": {"former_build": "1", "build": "2"},
            "begin": at(-100), "end": null, "helm_deadline": at(800), "ready_deadline": at(3_500), "settle_deadline": null,
            "in_window": true,
        },
        "checks": [{"check": "pods_ready", "state": "pending", "evidence": []}],
        "trend": null, "gate": {"open": false, "blocked": []}, "rollback_target": null,
        "verdict": {
            "verdict": "wait", "text": "Wait.", "reasons": [{"reason": "helm_working", "text": "Helm works on it."}],
            "until": null, "command": null, "advisories": [],
        },
    })
}

/// Lays fields over a component, by their paths.
pub(in crate::cli::verify) fn with(changes: &[(&str, Value)]) -> Value {
    let mut standing = upgrading();
    for (path, value) in changes {
        *standing.pointer_mut(path).unwrap() = value.clone();
    }
    standing
}

fn verified() -> Value {
    with(&[
        ("/stage", json!("verified")),
        ("/operation/end", json!(at(1))),
        ("/operation/settle_deadline", json!(at(7_000))),
        ("/verdict/verdict", json!("proceed")),
        ("/verdict/reasons", json!([])),
        ("/verdict/text", json!("GIM is done: go on with GSP.")),
    ])
}

fn verdict(word: &str) -> Value {
    with(&[("/verdict/verdict", json!(word)), ("/verdict/text", json!(format!("It is {word}.")))])
}

fn operation(kind: &str, revision: u32, begin: i64) -> Value {
    let [mut seen] = [verified()];
    seen["operation"]["kind"] = json!(kind);
    seen["operation"]["revision"] = json!(revision);
    seen["operation"]["begin"] = json!(at(begin));
    seen
}

pub(in crate::cli::verify) fn seen(standing: &Value) -> Glimpse {
    Glimpse::Seen { standing: Box::new(serde_json::from_value(standing.clone()).unwrap()), unheard: None }
}

fn unheard(standing: &Value) -> Glimpse {
    let Glimpse::Seen { standing, .. } = seen(standing) else { unreachable!() };
    Glimpse::Seen { standing, unheard: Some("pods fresh: connection refused".to_owned()) }
}

fn blind() -> Glimpse {
    Glimpse::Blind("connection refused".to_owned())
}

pub(in crate::cli::verify) const TASK: Task =
    Task { component: Component::Gim, timeout: Duration::from_mins(20), wait_for_start: None, returns: false };
const WAITING: Task = Task { wait_for_start: Some(Duration::from_mins(5)), ..TASK };

/// Looks at the given seconds; gives when it ended and how.
fn ends(task: Task, looks: impl IntoIterator<Item = (i64, Glimpse)>) -> Option<(i64, Outcome, String)> {
    let mut follower = Follower::new(task);
    looks.into_iter().find_map(|(second, look)| {
        let (_, ending) = follower.step(look, moment(second));
        ending.map(|ending| (second, ending.outcome, ending.text))
    })
}

/// The same look every second, from one second to another.
fn every(seconds: std::ops::RangeInclusive<i64>, look: impl Fn() -> Glimpse) -> impl Iterator<Item = (i64, Glimpse)> {
    seconds.map(move |second| (second, look()))
}

fn outcome(task: Task, looks: impl IntoIterator<Item = (i64, Glimpse)>) -> Option<(i64, Outcome)> {
    ends(task, looks).map(|(second, outcome, _)| (second, outcome))
}

#[test]
fn an_operation_that_is_verified_ends_well() {
    let (second, outcome, text) = ends(TASK, [(1, seen(&upgrading())), (2, seen(&verified()))]).unwrap();
    assert_eq!((second, outcome), (2, Outcome::Verified));
    assert_eq!(text, "The upgrade of GIM to revision 4 (1 to 2) is verified.");
    let closed = json!([{"reason": "next_gate_closed", "text": "The next gate is closed."}]);
    let mut waits = verified();
    waits["verdict"]["verdict"] = json!("wait");
    waits["verdict"]["reasons"] = closed;
    let (_, outcome, text) = ends(TASK, [(1, seen(&waits))]).unwrap();
    assert_eq!(outcome, Outcome::Verified);
    assert!(text.ends_with("is verified. The next gate is closed."), "{text}");
}

#[test]
fn what_only_looks_verified_is_not() {
    let told_by_workloads = |verdict: &str| {
        let mut seen = verified();
        seen["operation"]["told_by"] = json!("workloads");
        seen["operation"]["revision"] = Value::Null;
        seen["verdict"]["verdict"] = json!(verdict);
        seen["verdict"]["reasons"] = json!([{"reason": "next_gate_closed", "text": "Closed."}]);
        seen
    };
    let mut soaking = verified();
    soaking["verdict"]["verdict"] = json!("wait");
    soaking["verdict"]["reasons"] = json!([{"reason": "soaking", "text": "Soaking."}]);
    let mut silent = verified();
    silent["verdict"]["verdict"] = json!("unknown");
    let mut early = verified();
    early["stage"] = json!("verifying");
    let cases = [
        ("it soaks", soaking),
        ("a signal is silent", silent),
        ("the stage is another", early),
        ("workloads cannot tell it from its undoing", told_by_workloads("wait")),
        ("nor of the last component", told_by_workloads("none")),
    ];
    for (name, standing) in cases {
        assert_eq!(outcome(TASK, [(1, seen(&standing)), (60, seen(&standing))]), None, "{name}");
    }
    assert_eq!(outcome(TASK, [(1, seen(&told_by_workloads("proceed")))]), Some((1, Outcome::Verified)));
    assert_eq!(outcome(TASK, [(1, unheard(&verified()))]), None, "the cluster is not heard at this moment");
    assert_eq!(outcome(TASK, [(1, unheard(&verified())), (2, seen(&verified()))]), Some((2, Outcome::Verified)));
    let (_, outcome, text) = ends(TASK, every(0..=1_300, || seen(&told_by_workloads("wait")))).unwrap();
    assert_eq!(outcome, Outcome::TimedOut);
    assert!(text.ends_with("configure its target."), "{text}");
}

#[test]
fn every_adverse_verdict_ends_it_once_it_stood() {
    for word in ["roll_back", "restart_pod", "fix_dependency", "contact_support", "investigate"] {
        let ended = ends(TASK, every(3..=60, || seen(&verdict(word))));
        assert_eq!(ended, Some((8, Outcome::Adverse, format!("It is {word}."))));
    }
    for word in ["none", "wait", "proceed", "unknown"] {
        assert_eq!(outcome(TASK, every(3..=60, || seen(&verdict(word)))), None, "{word}");
    }
    // One adverse verdict may follow another, but between them there may be none that is not.
    let another = every(3..=5, || seen(&verdict("investigate"))).chain(every(6..=60, || seen(&verdict("roll_back"))));
    assert_eq!(outcome(TASK, another), Some((8, Outcome::Adverse)));
    let again = every(3..=7, || seen(&verdict("roll_back")))
        .chain([(8, seen(&verdict("wait")))])
        .chain(every(9..=60, || seen(&verdict("roll_back"))));
    assert_eq!(outcome(TASK, again), Some((14, Outcome::Adverse)));
}

#[test]
fn another_operation_in_its_place_undoes_it() {
    let (_, outcome, text) = ends(TASK, [(1, seen(&upgrading())), (2, seen(&operation("rollback", 5, 1)))]).unwrap();
    assert_eq!(outcome, Outcome::Undone);
    assert_eq!(
        text,
        "The upgrade of GIM to revision 4 (1 to 2) was undone: the rollback of GIM to revision 5 (1 to 2) followed."
    );
    let removed = with(&[("/operation/kind", json!("uninstall")), ("/stage", json!("uninstalling"))]);
    let gone = with(&[("/operation", Value::Null), ("/stage", json!("absent"))]);
    for (name, standing) in [
        ("a second try", operation("upgrade", 5, 1)),
        ("the same number anew, after a removal", operation("upgrade", 4, 1)),
        ("an earlier number", operation("install", 1, 1)),
        ("Helm removes it", removed),
        ("it is gone", gone),
    ] {
        assert_eq!(
            self::outcome(TASK, [(1, seen(&upgrading())), (2, seen(&standing))]),
            Some((2, Outcome::Undone)),
            "{name}"
        );
    }
    // A failure that Helm undoes at once is told as what it is.
    let atomic = [(1, seen(&upgrading())), (2, seen(&verdict("roll_back"))), (3, seen(&operation("rollback", 5, 1)))];
    assert_eq!(self::outcome(TASK, atomic), Some((3, Outcome::Undone)));
}

#[test]
fn an_operation_that_goes_back_is_an_undone_one_unless_it_is_meant() {
    for kind in ["rollback", "downgrade"] {
        let mut unproved = operation(kind, 5, -2);
        unproved["stage"] = json!("verifying");
        let looks = || [(1, seen(&unproved))].into_iter().chain(every(2..=60, || seen(&operation(kind, 5, -2))));
        assert_eq!(outcome(TASK, looks()), Some((6, Outcome::Undone)), "{kind}");
        assert_eq!(outcome(WAITING, looks()), Some((6, Outcome::Undone)), "{kind} before anybody looked");
        assert_eq!(outcome(Task { returns: true, ..TASK }, looks()), Some((2, Outcome::Verified)), "{kind}");
    }
}

#[test]
fn without_helms_word_writes_that_follow_each_other_are_one_operation() {
    let written = |second: i64| {
        let mut seen = verdict("wait");
        seen["operation"]["told_by"] = json!("workloads");
        seen["operation"]["revision"] = Value::Null;
        seen["operation"]["begin"] = json!(at(second));
        seen
    };
    assert_eq!(outcome(TASK, [(1, seen(&written(-10))), (2, seen(&written(0))), (20, seen(&written(20)))]), None);
    let later = [(1, seen(&written(-10))), (2, seen(&written(15))), (25, seen(&written(25)))];
    assert_eq!(outcome(TASK, later), Some((25, Outcome::Undone)), "counted from the first");
}

#[test]
fn which_operation_is_followed_is_settled_at_first_sight() {
    let gone = with(&[("/operation", Value::Null), ("/stage", json!("absent"))]);
    let of_old = with(&[("/operation/in_window", json!(false)), ("/operation/end", json!(at(-99)))]);
    let removed = with(&[("/operation/kind", json!("uninstall"))]);
    for (name, standing) in [("none", &gone), ("one of old", &of_old), ("a removal", &removed)] {
        assert_eq!(outcome(TASK, [(1, seen(standing))]), Some((1, Outcome::NothingToFollow)), "{name}");
        let waited = [(1, seen(standing)), (299, seen(standing)), (300, seen(standing)), (301, seen(standing))];
        assert_eq!(outcome(WAITING, waited), Some((301, Outcome::NothingToFollow)), "{name}");
        let begins = [(1, seen(standing)), (50, seen(&operation("upgrade", 5, 40)))];
        assert_eq!(outcome(WAITING, begins), Some((50, Outcome::Verified)), "{name}");
    }
    // A revision that somebody deletes makes an earlier one the newest, and begins nothing; nor is an uninstall waited for.
    let waiting = with(&[("/operation/revision", json!(5)), ("/operation/end", json!(at(-5)))]);
    for other in [operation("upgrade", 4, -500), operation("uninstall", 6, 20)] {
        let looks = [(1, seen(&waiting))].into_iter().chain(every(20..=60, || seen(&other)));
        assert_eq!(outcome(WAITING, looks), None, "{other}");
    }
    // One that is done is not the one that is waited for, though it is well, or was undone.
    let done = every(1..=60, || seen(&verified()));
    assert_eq!(outcome(WAITING, done), None);
    assert_eq!(outcome(TASK, [(1, seen(&verified()))]), Some((1, Outcome::Verified)));
    // One that runs is, and one that began as this program did, however quickly it was done.
    assert_eq!(outcome(WAITING, [(1, seen(&upgrading())), (2, seen(&verified()))]), Some((2, Outcome::Verified)));
    for (begin, expected) in [(-2, Some((4, Outcome::Verified))), (-4, None)] {
        let mut first = operation("upgrade", 4, begin);
        first["stage"] = json!("verifying");
        first["verdict"]["verdict"] = json!("wait");
        let then = operation("upgrade", 4, begin);
        assert_eq!(outcome(WAITING, [(3, seen(&first)), (4, seen(&then))]), expected);
        assert_eq!(
            outcome(WAITING, every(3..=60, || seen(&then))),
            None,
            "verified at first sight, so it is another one"
        );
    }
}

#[test]
fn time_that_is_over_is_told_from_evidence_that_is_missing() {
    let waits = every(5..=2_000, || seen(&upgrading()));
    let (second, outcome, text) = ends(TASK, waits).unwrap();
    assert_eq!((second, outcome), (1_205, Outcome::TimedOut), "from when it is followed");
    assert_eq!(text, "The upgrade of GIM to revision 4 (1 to 2) is not decided after 20m. Helm works on it.");
    assert_eq!(
        self::outcome(TASK, every(5..=2_000, || seen(&verdict("unknown")))),
        Some((1_205, Outcome::CannotObserve))
    );
    // What speaks against it when time is over has not stood for long, and decides all the same.
    let late = every(5..=1_203, || seen(&upgrading())).chain(every(1_204..=2_000, || seen(&verdict("investigate"))));
    assert_eq!(self::outcome(TASK, late), Some((1_205, Outcome::Adverse)));
    let unheard_at_last = every(5..=1_203, || seen(&upgrading())).chain(every(1_204..=2_000, || unheard(&upgrading())));
    assert_eq!(self::outcome(TASK, unheard_at_last), Some((1_205, Outcome::CannotObserve)));
}

#[test]
fn blindness_is_borne_for_a_while() {
    let unknown = with(&[("/stage", json!("unknown")), ("/verdict/verdict", json!("unknown"))]);
    for (name, look) in [("nothing", blind()), ("unknown", seen(&unknown)), ("not heard", unheard(&upgrading()))] {
        let start = every(0..=100, || look.clone());
        assert_eq!(outcome(TASK, start), Some((60, Outcome::CannotObserve)), "{name}");
        let middle = every(0..=10, || seen(&upgrading())).chain(every(11..=100, || look.clone()));
        assert_eq!(outcome(TASK, middle), Some((71, Outcome::CannotObserve)), "{name}");
        let short = every(0..=10, || seen(&upgrading()))
            .chain(every(11..=60, || look.clone()))
            .chain([(61, seen(&upgrading()))])
            .chain(every(62..=110, || look.clone()));
        assert_eq!(outcome(TASK, short), None, "{name}");
    }
    // A short timeout ends it sooner, and not as an operation that takes long.
    let short = Task { timeout: Duration::from_secs(3), ..TASK };
    assert_eq!(outcome(short, every(0..=100, blind)), Some((3, Outcome::CannotObserve)));
    let waiting = every(0..=1, || seen(&verified())).chain(every(2..=100, blind));
    assert_eq!(outcome(WAITING, waiting), Some((62, Outcome::CannotObserve)));
}

#[test]
fn each_change_is_told_once() {
    let mut follower = Follower::new(TASK);
    let mut told = |second: i64, look: Glimpse| {
        let (changes, _) = follower.step(look, moment(second));
        let word = |change: Change| match change {
            Change::Following(operation, checks) => format!("following {:?} {}", operation.revision, checks.len()),
            Change::Stage(stage) => format!("stage {stage}"),
            Change::Verdict(advice) => format!("verdict {}", advice.verdict),
            Change::Check { check, from, to, evidence } => format!("{check} {from:?} {to:?} {evidence}"),
            Change::Latency(trend) => format!("latency {}", trend.word),
            other => format!("{other:?}"),
        };
        changes.into_iter().map(word).collect::<Vec<_>>()
    };
    assert_eq!(told(0, blind()), [""; 0]);
    assert_eq!(told(1, seen(&upgrading())), ["following Some(4) 1", "stage applying", "verdict wait"]);
    assert_eq!(told(2, seen(&upgrading())), [""; 0]);
    assert_eq!(told(3, blind()), [format!("{:?}", Change::Blind("connection refused".to_owned()))]);
    assert_eq!(told(4, blind()), [""; 0]);
    let next = with(&[
        ("/stage", json!("rolling_out")),
        ("/operation/end", json!(at(4))),
        ("/checks/0/state", json!("fail")),
        ("/checks/0/evidence", json!([{"text": "gim-0 is not Ready."}])),
        ("/trend", json!({"trend": "draining", "latency_seconds": 5.0, "drain_seconds": 3.0, "completeness": 1.0})),
        ("/verdict/until", json!(at(90))),
    ]);
    let helm = format!("{:?}", Change::HelmDone(at(4)));
    let expected = [
        "Sighted",
        &helm,
        "stage rolling_out",
        "pods_ready Some(Pending) Some(Fail) gim-0 is not Ready.",
        "latency draining",
    ];
    assert_eq!(told(5, seen(&next)), expected);
    let mut last = next.clone();
    last["checks"] = json!([]);
    last["trend"]["latency_seconds"] = json!(4.0);
    last["operation"]["settle_deadline"] = json!(at(7_000));
    let ready = format!("{:?}", Change::Ready(at(7_000)));
    assert_eq!(told(6, seen(&last)), [ready.as_str(), "pods_ready Some(Fail) None "]);
}
