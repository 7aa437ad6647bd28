//! The pods of a component, those of the new generation first.

use maud::{Markup, html};

use super::times::Times;
use super::words;
use crate::model::facts::{ComponentFacts, Generation, PodFacts};
use crate::model::names::Component;
use crate::model::source::Freshness;
use crate::model::workload::Pod;

/// Pods that are listed of one component.
const MAX_PODS: usize = 24;

/// The pods; nothing where none were ever heard of.
pub fn pods(component: Component, facts: &ComponentFacts, times: Times) -> Markup {
    let mut pods: Vec<&PodFacts> = facts.pods().collect();
    if pods.is_empty() {
        return html! {};
    }
    pods.sort_by_key(|pod| (pod.generation == Generation::Old, pod.pod.ready));
    let ready = pods.iter().filter(|pod| pod.pod.ready && pod.generation == Generation::New).count();
    let is_old_news = facts.sources.pods != Freshness::Fresh;
    html! {
        h3 { "Pods" }
        p.count {
            strong { (ready) " of " (facts.desired()) } " wanted are Ready" @if pods.iter().any(|pod| pod.generation == Generation::Old) { " and of the new generation" }
            "." @if is_old_news { " This is what was heard last." }
        }
        ul.pods {
            @for facts in pods.iter().take(MAX_PODS) {
                @let pod = &facts.pod;
                li class=(if pod.ready { "pod ready" } else { "pod" }) data-key={ (component) "-" (pod.uid) } {
                    span.name { (pod.name) }
                    span.generation { (words::generation(facts.generation)) }
                    span.state { (state(pod)) }
                    span.age { "made " (times.both(pod.created)) }
                }
            }
        }
        @if pods.len() > MAX_PODS { p.count { "And " (pods.len() - MAX_PODS) " more." } }
    }
}

fn state(pod: &Pod) -> String {
    let state = match (pod.terminating, pod.ready) {
        (true, _) => "being deleted".to_owned(),
        (false, true) => "Ready".to_owned(),
        (false, false) if !pod.scheduled => "without a node".to_owned(),
        (false, false) => format!("not Ready, {}", pod.phase),
    };
    let waiting = pod.containers.iter().find_map(|container| container.waiting).filter(|_| !pod.terminating);
    let waiting = waiting.map(|reason| reason.as_str().replace('_', " "));
    let restarts = match pod.restarts() {
        0 => None,
        1 => Some("restarted once".to_owned()),
        restarts => Some(format!("restarted {restarts} times")),
    };
    [Some(state), waiting, restarts].into_iter().flatten().collect::<Vec<_>>().join(", ")
}
