//! What is told, word for word: lines and the block.

use std::time::Duration;

use serde_json::json;

use super::follow::tests::{TASK, at, moment, seen, with};
use super::follow::{Change, Follower};
use super::lines::Subject;
use super::{block, lines};
use crate::assess::answer::CheckState;
use crate::cli::verify::ending::{Ending, Outcome};
use crate::model::names::Component;

fn subject() -> Subject {
    Subject { suite: "default".to_owned(), component: Component::Gim }
}

/// A follower that saw an upgrade roll out, and then fail.
fn failed() -> Follower {
    let mut follower = Follower::new(TASK);
    let rolling = with(&[("/stage", json!("rolling_out")), ("/operation/end", json!(at(-98)))]);
    let failed = with(&[
        ("/stage", json!("failed")),
        ("/operation/end", json!(at(-98))),
        (
            "/checks",
            json!([
                {"check": "release_deployed", "state": "pass", "evidence": []},
                {"check": "images_pulled", "state": "fail", "evidence": [{"text": "gim-0 waits."}]},
                {"check": "pods_ready", "state": "pending", "evidence": []},
            ]),
        ),
        ("/trend", json!({"trend": "steady", "latency_seconds": 4.2, "drain_seconds": null, "completeness": 0.5})),
        ("/rollback_target", json!({"revision": 3})),
        ("/verdict/verdict", json!("roll_back")),
        ("/verdict/text", json!("Roll GIM back to revision 3.")),
        ("/verdict/reasons", json!([{"reason": "images_pulled", "text": "Has every pod its image? No."}])),
        ("/verdict/command", json!("helm rollback gim 3")),
    ]);
    assert!(follower.step(seen(&rolling), moment(1)).1.is_none());
    assert!(follower.step(seen(&failed), moment(20)).1.is_none());
    follower
}

#[test]
fn each_change_has_a_line() {
    let check = Change::Check {
        check: "images_pulled".to_owned(),
        from: Some(CheckState::Pending),
        to: None,
        evidence: String::new(),
    };
    for (change, expected) in [
        (Change::Awaiting, "00:16:40Z  gim  waits for an operation to begin"),
        (Change::HelmDone(at(5)), "00:16:40Z  gim  helm     done at 00:16:45Z"),
        (check, "00:16:40Z  gim  check    images_pulled: pending -> not applicable"),
        (Change::Sighted, "00:16:40Z  gim  blind    no more"),
    ] {
        assert_eq!(change.line(&subject(), at(0)), expected);
    }
}

#[test]
fn the_end_says_why_and_what_to_do() {
    let follower = failed();
    let adverse = Ending::new(Outcome::Adverse, "Roll GIM back to revision 3.");
    assert_eq!(
        lines::end_lines(&adverse, &follower, &subject()),
        [
            "FAILED  default/gim: Roll GIM back to revision 3.",
            "  why: Has every pod its image? No.",
            "  run: helm rollback gim 3",
        ]
    );
    let stopped = Ending::new(Outcome::Interrupted, "SIGINT came.");
    let stood = "  stood at: failed, roll_back: images_pulled. Roll GIM back to revision 3.";
    assert_eq!(lines::end_lines(&stopped, &follower, &subject()), ["STOPPED  default/gim: SIGINT came.", stood]);
    let json: serde_json::Value =
        serde_json::from_str(&lines::end_json(&adverse, &follower, &subject(), moment(26))).unwrap();
    assert_eq!((&json["rollback_target"], &json["exit_code"], &json["seconds"]), (&json!(3), &json!(1), &json!(26)));
    assert_eq!(json["checks"]["images_pulled"], "fail");
    assert_eq!(
        lines::progress(&follower, &subject(), moment(61)),
        "00:17:41Z  gim  ...      1m of 20m; failed, roll_back: images_pulled. Roll GIM back to revision 3.; \
         57m19s left to be Ready; latency 4s, steady, window 50% full"
    );
}

#[test]
fn the_block_shows_how_far_it_is() {
    assert_eq!(
        block::block(&failed(), &subject(), moment(601)),
        [
            "",
            "The upgrade of GIM to revision 4 (1 to 2), begun 11m41s ago",
            "  stage    failed",
            "  verdict  roll_back: images_pulled. Roll GIM back to revision 3.",
            "  helm     [########################] done after 2s",
            "  ready    [#####-------------------] 11m41s of 1h",
            "  settle   begins when all pods are Ready",
            "  latency  4s, steady, window 50% full",
            "  checks   1 pass, 1 fail (images_pulled), 1 pending (pods_ready)",
            "  verify   [############------------] 10m of 20m",
        ]
    );
    let mut waits = Follower::new(TASK);
    let _ = waits.step(super::follow::Glimpse::Blind("connection refused".to_owned()), moment(3));
    let expected = [
        "",
        "default/gim: nothing to follow yet",
        "  blind    connection refused",
        "  verify   [##----------------------] 3s of 1m",
    ];
    assert_eq!(block::block(&waits, &subject(), moment(3)), expected);
    assert_eq!(waits.spent(moment(3)).0, Duration::from_secs(3));
}
