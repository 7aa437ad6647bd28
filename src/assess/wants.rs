//! What should be read next: pure, from the facts and the judgement.
//!
//! The newest revision's body always, the others' only while an operation is of interest: at rest nothing is read but
//! the newest, once for each version of it. Not for reading: that is `observe`.

use super::assessment::Assessment;
use crate::model::facts::{ComponentFacts, Facts};
use crate::model::names::{Component, Name};
use crate::model::suite::{Endpoint, Suite};
use crate::model::wants::{BodyWant, EndpointWant, Wants};

/// The most revisions of one release whose bodies are read. Helm keeps 10 by default, and may keep any number.
const MAX_BODIES: usize = 32;

/// What a suite wants read.
#[must_use]
pub fn wants(suite: &Suite, facts: &Facts, assessment: &Assessment) -> Wants {
    let mut wants = Wants::default();
    for (component, facts) in facts.components.iter() {
        // What a borrowed component needs read its owner wants.
        if suite.members.get(component).owner.is_some() {
            continue;
        }
        let in_window = assessment.components.get(component).current_operation().is_some();
        bodies(facts, in_window, &mut wants.bodies);
        if let Some(endpoint) = &suite.members.get(component).endpoint {
            wants.endpoints.extend(endpoints(&suite.name, component, facts, endpoint));
        }
    }
    wants.bodies.sort_unstable();
    wants.endpoints.sort_unstable();
    wants
}

fn bodies(facts: &ComponentFacts, in_window: bool, bodies: &mut Vec<BodyWant>) {
    for (release, depth) in [(&facts.release, if in_window { MAX_BODIES } else { 1 }), (&facts.companion, 1)] {
        let wanted = release.revisions.iter().rev().take(depth).filter(|revision| revision.lacks_body());
        bodies.extend(wanted.map(|revision| BodyWant {
            namespace: revision.namespace.clone(),
            object: revision.object.clone(),
            uid: revision.uid.clone(),
            resource_version: revision.resource_version.clone(),
        }));
    }
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
