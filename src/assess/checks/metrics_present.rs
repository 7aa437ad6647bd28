//! Do the component's metrics arrive? Absence pages, whatever its reason: the upgrade guide recommends it (Monitoring), and
//! a consumer that is gone takes its lag with it.

use super::{Context, signals_came, silent_since};
use crate::assess::answer::{Answer, CheckState, Evidence};

/// Answers `metrics_present`; does not apply where no endpoint is configured or no pod is wanted.
pub fn answer(context: &Context<'_>) -> Option<Answer> {
    if !context.facts.signals.configured || context.rollout.desired == 0 {
        return None;
    }
    let last = Evidence::LastSample { at: context.facts.signals.newest().map(|reading| reading.at) };
    let Some(silent) = silent_since(context) else {
        return Some(Answer::new(CheckState::Pending, [Evidence::NoPodReady]));
    };
    let state = if context.horizon.lasted(silent, context.times.metrics_grace) {
        CheckState::Fail
    } else if signals_came(context) {
        CheckState::Pass
    } else {
        CheckState::Pending
    };
    Some(Answer::new(state, [last]))
}
