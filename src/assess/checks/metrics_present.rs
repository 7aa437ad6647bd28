//! Do the component's metrics arrive? Absence pages, whatever its reason: the upgrade guide recommends it (Monitoring), and
//! a consumer that is gone takes its lag with it.

use super::{Context, signals_came, silent_since};
use crate::assess::answer::{Answer, CheckState, Evidence};
use crate::assess::topics;
use crate::model::time::Timestamp;

/// Answers `metrics_present`; does not apply where no endpoint is configured or no pod is wanted.
pub fn answer(context: &Context<'_>) -> Option<Answer> {
    if !context.facts.signals.configured || context.rollout.desired == 0 {
        return None;
    }
    let last = Evidence::LastSample { at: context.facts.signals.newest().map(|reading| reading.at) };
    let Some(silent) = silent_since(context) else {
        return Some(Answer::new(CheckState::Pending, [Evidence::NoPodReady]));
    };
    let absent = topics::absent(context.facts, context.memory, context.policy);
    let lasted = |since: Timestamp| context.horizon.lasted(since, context.times.metrics_grace);
    let state = if lasted(silent) || absent.iter().any(|(_, since)| lasted(*since)) {
        CheckState::Fail
    } else if signals_came(context) && absent.is_empty() {
        CheckState::Pass
    } else {
        CheckState::Pending
    };
    let absent = absent.into_iter().map(|(topic, _)| Evidence::TopicAbsent { topic });
    Some(Answer::new(state, absent.chain([last])))
}
