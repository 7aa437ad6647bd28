//! Families of the judgement: stage, checks, verdict and gate.

use super::{Family, Yields};
use crate::assess::answer::CheckState;
use crate::model::time::unix_seconds;

pub(super) const FAMILIES: [Family; 9] = [
    Family::gauge(
        "gim_upgrade_stage",
        "Where the component stands; the current stage only.",
        Yields::Judgement(|judgement, series| series.state([judgement.stage.as_str()])),
    )
    .labels(&["stage"]),
    Family::gauge(
        "gim_upgrade_check",
        "Answer of a check: 1 pass, 0 fail, 0.5 pending, NaN unknown.",
        Yields::Judgement(|judgement, series| {
            for (check, answer) in judgement.checks.0 {
                series.put([check.as_str()], number(answer.state));
            }
        }),
    )
    .labels(&["check"])
    .when("For checks that apply."),
    Family::gauge(
        "gim_upgrade_checks",
        "How many of the checks that apply have which answer.",
        Yields::Judgement(|judgement, series| {
            for &state in CheckState::ALL {
                let count = judgement.checks.0.iter().filter(|(_, answer)| answer.state == state).count();
                series.put([state.as_str()], count as f64);
            }
        }),
    )
    .labels(&["state"]),
    Family::gauge(
        "gim_upgrade_verdict",
        "What to do; the current verdict only.",
        Yields::Judgement(|judgement, series| series.state([judgement.verdict.as_str()])),
    )
    .labels(&["verdict"]),
    Family::gauge(
        "gim_upgrade_verdict_reason",
        "Rank of a reason of the verdict, 1 for the weightiest: a check, or a reason with a name of its own.",
        Yields::Judgement(|judgement, series| {
            for (rank, reason) in (1_u32..).zip(judgement.reasons) {
                series.put([reason.as_str()], rank.into());
            }
        }),
    )
    .labels(&["reason"])
    .when("For current reasons."),
    Family::seconds(
        "gim_upgrade_verdict_until_timestamp_seconds",
        "When a wait ends at the latest.",
        Yields::Until(|until, series| {
            series.put_some([], until.0.map(unix_seconds));
        }),
    )
    .when("While there is something to wait for whose end is known."),
    Family::gauge(
        "gim_upgrade_rollback_target_revision",
        "The revision to go back to.",
        Yields::Judgement(|judgement, series| {
            if let Some(revision) = judgement.rollback_target {
                series.put([judgement.namespace, judgement.release], revision.into());
            }
        }),
    )
    .labels(&["target_namespace", "release"])
    .when("Where one is advised."),
    Family::gauge(
        "gim_upgrade_gate_open",
        "Whether the component may be upgraded now.",
        Yields::Judgement(|judgement, series| series.put([], if judgement.gate.is_open() { 1.0 } else { 0.0 })),
    ),
    Family::gauge(
        "gim_upgrade_gate_blocked",
        "What closes the gate; current reasons only.",
        Yields::Judgement(|judgement, series| {
            for reason in &judgement.gate.blocked {
                series.state([reason.as_str()]);
            }
        }),
    )
    .labels(&["reason"])
    .when("While the gate is closed."),
];

/// The number of an answer. A blind check is no number, so that neither `== 0` nor `== 1` holds for it.
const fn number(state: CheckState) -> f64 {
    match state {
        CheckState::Pass => 1.0,
        CheckState::Fail => 0.0,
        CheckState::Pending => 0.5,
        CheckState::Unknown => f64::NAN,
    }
}
