//! Do workloads and pods run the images of the release's manifest? Templates must be equal; pods are compared by tag,
//! since a registry mirror may rewrite the rest.

use super::Context;
use crate::assess::answer::{Answer, CheckState, Evidence};
use crate::model::facts::Generation;
use crate::model::names::Name;
use crate::model::release::{ManifestWorkload, ReleaseBody};
use crate::model::version::image_tag;

/// Answers `image_matches_chart`; does not apply where there is no release or its manifest has no workloads.
pub fn answer(context: &Context<'_>) -> Option<Answer> {
    let newest = context.facts.release.newest()?;
    let Some(body) = newest.body() else {
        let missing = Evidence::BodyMissing { revision: newest.revision };
        return Some(Answer::new(CheckState::Unknown, [missing]));
    };
    if body.workloads.is_empty() {
        return None;
    }
    let differences = differences(context, body);
    let state = if differences.is_empty() {
        CheckState::Pass
    } else if context.operation.is_some_and(|operation| !context.horizon.passed(operation.ready_deadline)) {
        CheckState::Pending
    } else {
        CheckState::Fail
    };
    Some(Answer::new(state, differences))
}

fn differences(context: &Context<'_>, body: &ReleaseBody) -> Vec<Evidence> {
    let mut found = Vec::new();
    for declared in &body.workloads {
        let workload = context
            .facts
            .workloads
            .iter()
            .find(|workload| workload.workload.kind == declared.kind && workload.workload.name == declared.name);
        let Some(workload) = workload else {
            found.push(difference(&declared.name, declared.images.first(), None));
            continue;
        };
        if workload.workload.images != declared.images {
            found.push(first_difference(declared, &workload.workload.images));
        }
        for pod in workload.pods.iter().filter(|pod| pod.pod.is_replica() && pod.generation == Generation::New) {
            let strange = pod.pod.containers.iter().find(|container| {
                // Injected sidecars have images that the manifest does not know at all: only same-named ones count.
                let same = declared.images.iter().find(|image| repository(image) == repository(&container.image));
                same.is_some_and(|image| image_tag(image) != image_tag(&container.image))
            });
            if let Some(container) = strange {
                found.push(difference(&pod.pod.name, declared.images.first(), Some(&container.image)));
            }
        }
    }
    found
}

fn first_difference(declared: &ManifestWorkload, found: &[Name]) -> Evidence {
    let differs = declared.images.iter().find(|image| !found.contains(image)).or(declared.images.first());
    let instead = found.iter().find(|image| !declared.images.contains(image));
    difference(&declared.name, differs, instead)
}

fn difference(object: &Name, expected: Option<&Name>, found: Option<&Name>) -> Evidence {
    let text = |image: Option<&Name>| image.cloned().unwrap_or_else(|| "".into());
    Evidence::Image { object: object.clone(), expected: text(expected), found: text(found) }
}

/// The last part of the image's name, without registry, path, tag and digest.
fn repository(image: &str) -> &str {
    let reference = image.split_once('@').map_or(image, |(reference, _)| reference);
    let last = reference.rsplit_once('/').map_or(reference, |(_, last)| last);
    last.split_once(':').map_or(last, |(name, _)| name)
}
