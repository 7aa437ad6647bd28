//! Does the backlog not grow? The upgrade guide asks to validate it after an upgrade (Rolling Update: Verify the upgrade).
//! A stall is no growth: nothing consumed and nothing to consume look the same.

use super::{Context, grace_after_ready, silent_since};
use crate::assess::answer::{Answer, CheckState, Evidence};
use crate::assess::trend::Trend;

/// Answers `backlog_not_growing`; does not apply where the component has no latency.
pub fn answer(context: &Context<'_>) -> Option<Answer> {
    let trend = context.trend?;
    if context.rollout.desired == 0 {
        return None;
    }
    let Some(silent) = silent_since(context) else {
        return Some(Answer::new(CheckState::Pending, [Evidence::NoPodReady]));
    };
    if context.horizon.lasted(silent, context.policy.signal_silence()) {
        let last = Evidence::LastSample { at: trend.newest };
        let state = if context.rollout.all_ready { CheckState::Unknown } else { CheckState::Pending };
        return Some(Answer::new(state, [last]));
    }
    let in_grace =
        grace_after_ready(context, context.times.growth_timeout).is_some_and(|until| !context.horizon.passed(until));
    let state = match trend.trend {
        Trend::Growing if in_grace => CheckState::Pending,
        Trend::Growing => CheckState::Fail,
        Trend::Steady | Trend::Draining if trend.is_full() => CheckState::Pass,
        Trend::Steady | Trend::Draining | Trend::Stalled | Trend::Unknown | Trend::Absent => CheckState::Pending,
    };
    Some(Answer::new(state, [Evidence::Trend(trend.trend)]))
}
