//! What should be read next: pure, from the facts and the judgement.
//!
//! The newest revision's body always, the others' only while an operation is of interest: at rest nothing is read but
//! the newest, once for each version of it. Not for reading: that is `observe`.

use std::sync::Arc;

use super::assessment::Assessment;
use crate::model::facts::{ComponentFacts, Facts};
use crate::model::names::{Component, Name};
use crate::model::suite::{Endpoint, Suite};
use crate::model::time::Timestamp;
use crate::model::wants::{BodyWant, EndpointWant, PodName, QueryWant, Wants};
use crate::model::workload::Pod;

/// The most revisions of one release whose bodies are read. Helm keeps 10 by default, and may keep any number.
const MAX_BODIES: usize = 32;

/// What a suite wants read.
#[must_use]
pub fn wants(suite: &Suite, facts: &Facts, assessment: &Assessment) -> Wants {
    let mut wants = Wants::default();
    for (component, facts) in facts.components.iter() {
        // What a borrowed component needs read its owner wants, but for the cycle, which is each suite's own.
        if suite.members.get(component).owner.is_some() {
            if *assessment.in_cycle.get(component) {
                bodies(facts, true, &mut wants.bodies);
            }
            continue;
        }
        // What was done in a cycle is asked of the whole suite for as long as the cycle lasts.
        let operation = assessment.components.get(component).current_operation();
        bodies(facts, operation.is_some() || *assessment.in_cycle.get(component), &mut wants.bodies);
        let endpoint = &suite.members.get(component).endpoint;
        if let Some(Endpoint::Prometheus(matchers)) = endpoint {
            let began = operation.map(|operation| operation.begin);
            wants.queries.push(query(&suite.name, component, facts, matchers, began));
        }
        if let Some(endpoint) = endpoint {
            wants.endpoints.extend(endpoints(&suite.name, component, facts, endpoint));
        }
    }
    wants.bodies.sort_unstable();
    wants.endpoints.sort_unstable();
    wants
}

fn bodies(facts: &ComponentFacts, of_interest: bool, bodies: &mut Vec<BodyWant>) {
    for (release, depth) in [(&facts.release, if of_interest { MAX_BODIES } else { 1 }), (&facts.companion, 1)] {
        let wanted = release.revisions.iter().rev().take(depth).filter(|revision| revision.lacks_body());
        bodies.extend(wanted.map(|revision| BodyWant {
            namespace: revision.namespace.clone(),
            object: revision.object_name(),
            uid: revision.uid.clone(),
            resource_version: revision.resource_version.clone(),
        }));
    }
}

/// Of Ready pods, as endpoints are.
fn query(
    suite: &Name,
    component: Component,
    facts: &ComponentFacts,
    matchers: &Name,
    began: Option<Timestamp>,
) -> QueryWant {
    let ready = facts.replicas().map(|pod| &pod.pod).filter(|pod| pod.ready);
    let named = |pod: &Arc<Pod>| PodName { name: pod.name.clone(), uid: pod.uid.clone(), created: pod.created };
    let mut pods: Vec<PodName> = ready.map(named).collect();
    pods.sort_unstable();
    QueryWant { suite: suite.clone(), component, matchers: matchers.clone(), pods, began }
}

/// Endpoints are those of Ready pods: a pod that is not operational yet may answer, but its samples would not count.
fn endpoints<'a>(
    suite: &'a Name,
    component: Component,
    facts: &'a ComponentFacts,
    endpoint: &'a Endpoint,
) -> impl Iterator<Item = EndpointWant> + 'a {
    let want = move |pod_uid: Option<Name>, url: Name| EndpointWant {
        suite: suite.clone(),
        component,
        namespace: facts.namespace.clone(),
        pod_uid,
        url,
    };
    let fixed = match endpoint {
        Endpoint::Url(url) => Some(want(None, url.clone())),
        Endpoint::Pods { .. } | Endpoint::Prometheus(_) => None,
    };
    let pods = facts.replicas().filter_map(move |pod| match endpoint {
        Endpoint::Pods { port, path } if pod.pod.ready => {
            let ip = pod.pod.ip.as_deref()?;
            let host = if ip.contains(':') { format!("[{ip}]") } else { ip.to_owned() };
            Some(want(Some(pod.pod.uid.clone()), format!("http://{host}:{port}{path}").into()))
        }
        _ => None,
    });
    fixed.into_iter().chain(pods)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::testing::{Scene, at};

    #[test]
    fn prometheus_is_asked_for_the_pods_that_are_ready() {
        let mut scene = Scene::upgraded(Component::Gim);
        let mut suite = Suite::clone(&scene.facts.suite);
        suite.members.gim.endpoint = Some(Endpoint::Prometheus("namespace=\"gim\"".into()));
        let wanted = |scene: &mut Scene| {
            let assessment = scene.judge(3.0);
            wants(&suite, &scene.facts, &assessment)
        };
        let all = wanted(&mut scene);
        assert!(all.endpoints.iter().all(|endpoint| endpoint.component != Component::Gim));
        let [query] = &all.queries[..] else { panic!("{all:?}") };
        let pod = PodName { name: "gim-0".into(), uid: "gim-0-3".into(), created: at(1.0) };
        assert_eq!((&query.pods[..], query.began), (&[pod][..], Some(at(0.0))));
        scene.pod(Component::Gim).ready = false;
        let all = wanted(&mut scene);
        assert_eq!(all.queries[0].pods, [], "and still whether signals were there before the operation");
    }
}
