//! Is the latency of Kafka consumption low? Metric `gim_kafka_timestamp_behind` (upgrade guide, Rolling Update: Verify the
//! upgrade). A backlog that the operation itself left may take hours to drain, so until then it is not held against it. Nor is
//! one that a pod finds which came in place of another, before there are samples enough to tell whether it drains.

use super::{Context, grace_after_ready, silent_since};
use crate::assess::answer::{Answer, CheckState, Evidence};
use crate::assess::trend::Trend;

/// Answers `latency_low`; does not apply where the component has no latency.
pub fn answer(context: &Context<'_>) -> Option<Answer> {
    let trend = context.trend?;
    if context.rollout.desired == 0 {
        return None;
    }
    let Some(silent) = silent_since(context) else {
        return Some(Answer::new(CheckState::Pending, [Evidence::NoPodReady]));
    };
    let (Some(seconds), Some(at)) = (trend.latency_seconds, trend.newest) else {
        let silent = context.rollout.all_ready && context.horizon.lasted(silent, context.policy.signal_silence());
        let state = if silent { CheckState::Unknown } else { CheckState::Pending };
        return Some(Answer::new(state, [Evidence::LastSample { at: None }]));
    };
    if context.horizon.lasted(silent, context.policy.signal_silence()) {
        return Some(Answer::new(CheckState::Unknown, [Evidence::LastSample { at: Some(at) }]));
    }
    let limit_seconds = context.policy.latency_ok.as_secs_f64();
    let evidence = [Evidence::Latency { seconds, limit_seconds }, Evidence::Trend(trend.trend)];
    let in_grace =
        grace_after_ready(context, context.times.settle_timeout).is_some_and(|until| !context.horizon.passed(until));
    let is_low = seconds <= limit_seconds && context.rollout.all_ready;
    // Of pods that were Ready before an exporter began it is no new thing, and waiting would delay what is said of it.
    let is_new = context.memory.window.since.is_none_or(|since| since > context.memory.began);
    let may_drain = trend.trend == Trend::Draining || is_new && trend.trend == Trend::Unknown;
    // What is left when a topic vanishes may be low: that is no improvement.
    let state = if is_low && trend.trend != Trend::Absent {
        CheckState::Pass
    } else if is_low || in_grace || may_drain {
        CheckState::Pending
    } else {
        CheckState::Fail
    };
    Some(Answer::new(state, evidence))
}
