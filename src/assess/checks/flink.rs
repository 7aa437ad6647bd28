//! What GSP's Flink says now, for the checks that ask it: or the answer of each of them where it cannot be asked.
//!
//! Job manager and task managers all serve a page; what one of them does not tell another may. Not for judging what is said.

use super::{Context, signals_came, silent_since};
use crate::assess::answer::{Answer, CheckState, Evidence};
use crate::model::names::Component;
use crate::model::signal::{Reading, SignalFacts};
use crate::model::time::Timestamp;

/// The readings that are of one time, from pods that are all Ready.
pub(super) struct Flink<'a> {
    context: &'a Context<'a>,
}

impl<'a> Flink<'a> {
    /// What is said now; the answer where nothing can be asked yet, or nothing is heard; `None` where no endpoint is
    /// configured or no pod is wanted.
    pub(super) fn of(context: &'a Context<'_>) -> Option<Result<Self, Answer>> {
        let asked = context.component == Component::Gsp && context.facts.signals.configured;
        if !asked || context.rollout.desired == 0 {
            return None;
        }
        let pending = |why| Some(Err(Answer::new(CheckState::Pending, [why])));
        let Some(silent) = silent_since(context) else { return pending(Evidence::NoPodReady) };
        let rollout = context.rollout;
        if !rollout.all_ready {
            // A job that lost some of its pods is theirs to explain, and that of former pods says nothing of the new ones.
            return pending(Evidence::Replicas { ready: rollout.ready, desired: rollout.desired });
        }
        let last = Evidence::LastSample { at: context.facts.signals.newest().map(|reading| reading.at) };
        if context.horizon.lasted(silent, context.policy.signal_silence()) {
            return Some(Err(Answer::new(CheckState::Unknown, [last])));
        }
        if !signals_came(context) {
            return pending(last);
        }
        Some(Ok(Self { context }))
    }

    /// A count: the largest that any page tells.
    pub(super) fn count(&self, signal: &str) -> Option<u64> {
        current(&self.context.facts.signals, self.context).filter_map(|reading| reading.count(signal)).max()
    }

    /// Since when all pods were seen Ready: what is older was said of others.
    pub(super) fn ready_since(&self) -> Option<Timestamp> {
        self.context.memory.window.since
    }
}

/// The readings of some signals that are of one time.
pub(super) fn current<'a>(
    signals: &'a SignalFacts,
    context: &Context<'_>,
) -> impl Iterator<Item = &'a Reading> + Clone {
    signals.current(context.policy.signal_silence())
}

/// The answer where Flink runs but does not tell of this family.
pub(super) fn untold(signal: &'static str) -> Answer {
    Answer::new(CheckState::Unknown, [Evidence::SignalMissing { signal }])
}
