//! Refilling: what a source remembers of the time before this exporter began, added to memory.
//!
//! Pure. Only what these very pods said after all of them were Ready is taken, so that it is what an exporter that had been
//! running would remember.

use std::collections::BTreeMap;

use crate::model::facts::{ComponentFacts, Facts};
use crate::model::memory::{ComponentMemory, MAX_SAMPLES, MAX_TOPICS, Memory, Sample};
use crate::model::names::Name;
use crate::model::policy::Policy;
use crate::model::signal::{Past, Reading};
use crate::model::time::{Timestamp, before};

/// Adds the past of one component. Doing so twice changes nothing more.
pub fn refill(memory: &mut Memory, facts: &Facts, past: &Past, policy: &Policy) {
    let memory = memory.components.get_mut(past.component);
    if let Some(read) = past.first_read {
        memory.first_read = Some(memory.first_read.map_or(read, |known| known.min(read)));
    }
    window(memory, facts.components.get(past.component), past, policy);
}

fn window(memory: &mut ComponentMemory, facts: &ComponentFacts, past: &Past, policy: &Policy) {
    let Some(seen) = memory.window.since else { return };
    // The kubelet's word for pods that were Ready when they were first seen, no sooner than they were made.
    let Some(ready) = facts.replicas().map(|pod| memory.readiness_since(&pod.pod)).max() else { return };
    let since = ready.min(seen);
    let until = memory.window.samples.front().map(|first| first.at);
    let counts = |reading: &&Reading| {
        let of_window = reading.pod_uid.as_ref().is_some_and(|uid| memory.window.pods.contains(uid));
        of_window && reading.at >= since && until.is_none_or(|until| reading.at < until)
    };
    let readings: Vec<&Reading> = past.readings.iter().filter(counts).collect();
    let mut samples = samples(&readings, memory.window.pods.len(), policy);
    let Some(peak) = samples.iter().map(|sample| sample.seconds).reduce(f64::max) else { return };
    let window = &mut memory.window;
    window.since = Some(since);
    // The highest: what the operation itself left may be older than what was asked for.
    window.peak_at_ready = Some(window.peak_at_ready.map_or(peak, |known| known.max(peak)));
    samples.extend(window.samples.iter().copied());
    window.fell |= samples.windows(2).any(|pair| matches!(pair, [former, next] if next.seconds < former.seconds));
    let begin = samples.last().map(|newest| before(newest.at, policy.trend_window));
    let outside = |at: Timestamp| begin.is_some_and(|begin| at <= begin);
    // One sample from before the window stays, as in a window that is filled live.
    let superfluous = samples.iter().skip(1).take_while(|second| outside(second.at)).count();
    let superfluous = superfluous.max(samples.len().saturating_sub(MAX_SAMPLES));
    window.samples = samples.into_iter().skip(superfluous).collect();
    for (reading, topic) in readings.iter().flat_map(|reading| reading.topics.iter().map(move |topic| (reading, topic)))
    {
        if let Some(seen) = memory.topics.get_mut(&topic.topic) {
            *seen = (*seen).max(reading.at);
        } else if memory.topics.len() < MAX_TOPICS {
            memory.topics.insert(Name::clone(&topic.topic), reading.at);
        }
    }
}

/// One sample for each reading at which all pods were heard: the largest latency of all of them.
fn samples(readings: &[&Reading], pods: usize, policy: &Policy) -> Vec<Sample> {
    let mut latest: BTreeMap<&Name, &Reading> = BTreeMap::new();
    let mut samples: Vec<Sample> = Vec::new();
    for reading in readings {
        let Some(uid) = &reading.pod_uid else { continue };
        latest.insert(uid, reading);
        let oldest = before(reading.at, policy.signal_silence());
        let current = || latest.values().filter(|reading| reading.at >= oldest);
        if current().count() < pods || samples.last().is_some_and(|last| last.at >= reading.at) {
            continue;
        }
        let latencies = current().filter_map(|reading| reading.latency_seconds(&policy.ignored_topics));
        samples.extend(latencies.reduce(f64::max).map(|seconds| Sample { at: reading.at, seconds }));
    }
    samples
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::remember::seen;
    use crate::assess::testing::{Scene, at, reading};
    use crate::model::names::Component;

    /// Readings of a pod every quarter of a minute, whose latency in seconds is the minute.
    fn readings(uid: &str, from: f64, to: f64) -> Vec<Reading> {
        (0_u32..1_000)
            .map(|n| from + f64::from(n) / 4.0)
            .take_while(|minute| *minute <= to)
            .map(|minute| reading(uid, minute, &[("voice", minute)]))
            .collect()
    }

    fn past(readings: Vec<Reading>) -> Past {
        Past { suite: "default".into(), component: Component::Gim, readings, first_read: Some(at(-1.0)) }
    }

    /// An exporter that begins at minute 20 after an upgrade whose pods are Ready since minute 2.
    fn scene() -> Scene {
        let mut scene = Scene::upgraded(Component::Gim);
        scene.memory = Memory::new(at(20.0));
        seen(&mut scene.memory, &scene.facts, &scene.policy, at(20.0));
        scene
    }

    #[test]
    fn a_window_is_what_it_would_have_been() {
        let mut scene = scene();
        let told = past(readings("gim-0-3", 0.0, 19.75));
        refill(&mut scene.memory, &scene.facts, &told, &scene.policy);
        let window = &scene.memory.components.gim.window;
        assert_eq!(window.since, Some(at(2.0)), "as the kubelet says");
        let (first, last) = (window.samples.front().unwrap(), window.samples.back().unwrap());
        assert_eq!((first.at, last.at), (at(9.75), at(19.75)), "one window, and the sample before it");
        assert_eq!(window.peak_at_ready, Some(19.75));
        assert_eq!(scene.memory.components.gim.first_read, Some(at(-1.0)));
        assert_eq!(scene.memory.components.gim.topics.keys().map(|topic| &**topic).collect::<Vec<_>>(), ["voice"]);

        // Live samples go on behind it, and another refill changes nothing.
        scene.component(Component::Gim).signals.readings = vec![reading("gim-0-3", 20.0, &[("voice", 1.0)]).into()];
        seen(&mut scene.memory, &scene.facts, &scene.policy, at(20.0));
        let before = scene.memory.clone();
        refill(&mut scene.memory, &scene.facts, &told, &scene.policy);
        assert_eq!(scene.memory, before);
        assert_eq!(before.components.gim.window.samples.back().unwrap().at, at(20.0));
    }

    #[test]
    fn nothing_from_before_ready_and_nothing_of_a_former_pod_counts() {
        for (name, told) in [
            ("before Ready", readings("gim-0-3", 0.0, 1.75)),
            ("a former pod", readings("gim-0-2", 10.0, 19.75)),
            ("nothing", Vec::new()),
        ] {
            let mut scene = scene();
            let before = scene.memory.components.gim.window.clone();
            refill(&mut scene.memory, &scene.facts, &past(told), &scene.policy);
            assert_eq!(scene.memory.components.gim.window, before, "{name}");
        }
    }

    #[test]
    fn a_pod_that_is_not_ready_has_no_window() {
        let mut scene = scene();
        scene.pod(Component::Gim).ready = false;
        seen(&mut scene.memory, &scene.facts, &scene.policy, at(20.0));
        refill(&mut scene.memory, &scene.facts, &past(readings("gim-0-3", 10.0, 19.75)), &scene.policy);
        assert!(scene.memory.components.gim.window.samples.is_empty());
        assert_eq!(scene.memory.components.gim.window.since, None);
    }

    #[test]
    fn of_several_pods_each_must_be_heard() {
        let two = [readings("a", 10.0, 12.0), readings("b", 11.0, 12.0)].concat();
        let mut two: Vec<Reading> = two;
        two.sort_by_key(|reading| reading.at);
        let readings: Vec<&Reading> = two.iter().collect();
        let samples = samples(&readings, 2, &Policy::default());
        assert_eq!(samples.first().map(|sample| sample.at), Some(at(11.0)));
        assert_eq!(samples.len(), 5);
    }
}
