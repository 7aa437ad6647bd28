//! What GSP's Flink says now, for the checks that ask it: or the answer of each of them where it cannot be asked.
//!
//! Job manager and task managers all serve a page; what one of them does not tell another may. Not for judging what is said.

use super::{Context, carries_signal, heard, signals_came};
use crate::assess::answer::{Answer, CheckState, Evidence};
use crate::model::names::Component;
use crate::model::signal::Reading;

/// The newest pages of GSP's pods, read since all of them are Ready.
pub(super) struct Flink<'a>(Vec<&'a Reading>);

impl<'a> Flink<'a> {
    /// What is said now; the answer where nothing can be asked yet, or nothing is heard; `None` where the component is not GSP,
    /// no endpoint is configured or no pod is wanted.
    pub(super) fn of(context: &Context<'a>) -> Option<Result<Self, Answer>> {
        if context.component != Component::Gsp {
            return None;
        }
        let readings = match heard(context)? {
            Ok(readings) => readings,
            Err(answer) => return Some(Err(answer)),
        };
        let pending = |why| Some(Err(Answer::new(CheckState::Pending, [why])));
        let rollout = context.rollout;
        if !rollout.all_ready {
            // A job that lost some of its pods is theirs to explain, and that of former pods says nothing of the new ones.
            return pending(Evidence::Replicas { ready: rollout.ready, desired: rollout.desired });
        }
        // A job runs once all of its pods do: a page of the job manager from before the last one was Ready is of the past.
        let current = |reading: &&Reading| rollout.ready_since.is_none_or(|ready| ready <= reading.at);
        let current: Vec<_> = readings.into_iter().filter(current).collect();
        if !signals_came(context) || !current.iter().any(|reading| carries_signal(context.component, reading)) {
            return pending(Evidence::LastSample { at: context.facts.signals.newest().map(|reading| reading.at) });
        }
        Some(Ok(Self(current)))
    }

    /// A count: the largest that any page tells. `None` where none does.
    pub(super) fn count(&self, signal: &str) -> Option<u64> {
        self.0.iter().filter_map(|reading| reading.count(signal)).max()
    }
}

#[cfg(test)]
mod tests;
