//! Topics that were seen lately and are on no page now. An absent topic is the failure, not its cure: a consumer that is gone
//! takes its lag with it.
//!
//! Only what memory has seen can be missed. Not for topics that are retired: those are `ignored_topics`, and one that was not
//! seen for the suspect window, and the time that an operation may take, is forgotten.

use crate::model::facts::ComponentFacts;
use crate::model::memory::ComponentMemory;
use crate::model::names::Name;
use crate::model::policy::Policy;
use crate::model::time::Timestamp;

/// The topics that are absent, sorted, each with since when: when it was last seen, or when the first pod of those that
/// run became Ready. Nothing where no page was read.
#[must_use]
pub fn absent(facts: &ComponentFacts, memory: &ComponentMemory, policy: &Policy) -> Vec<(Name, Timestamp)> {
    let current = facts.signals.current(policy.signal_silence());
    let ready = facts.replicas().filter(|pod| pod.pod.ready).map(|pod| memory.readiness_since(&pod.pod)).min();
    let (Some(ready), true) = (ready, current.clone().next().is_some()) else { return Vec::new() };
    let is_there = |topic: &Name| current.clone().any(|reading| reading.topics.iter().any(|seen| seen.topic == *topic));
    memory
        .topics
        .iter()
        .filter(|(topic, _)| !policy.ignored_topics.contains(topic) && !is_there(topic))
        .map(|(topic, seen)| (topic.clone(), ready.max(*seen)))
        .collect()
}
