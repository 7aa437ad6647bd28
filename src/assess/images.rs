//! Whether pods run the images that were declared for them.
//!
//! Templates must be equal; pods are compared by tag, since a registry mirror may rewrite the rest. What was declared is
//! the release's manifest, or, where there is none, the workload's own template.

use crate::model::facts::{ComponentFacts, Generation, WorkloadFacts};
use crate::model::names::Name;
use crate::model::release::ManifestWorkload;
use crate::model::version::image_tag;
use crate::model::workload::{Pod, Workload};

/// What is declared of a component's workloads; `None` where that is not known.
#[must_use]
pub fn declared(facts: &ComponentFacts) -> Option<Vec<ManifestWorkload>> {
    if facts.told_by_workloads() {
        let own = |(workload, _): (&Workload, _)| ManifestWorkload {
            kind: workload.kind,
            name: workload.name.clone(),
            images: workload.images.clone(),
        };
        return Some(facts.charted().map(own).collect());
    }
    facts.release.newest()?.body().map(|body| body.workloads.clone())
}

/// The pods of the new generation that run an image which was not declared, each with that image.
pub fn strange<'a>(declared: &[Name], workload: &'a WorkloadFacts) -> impl Iterator<Item = (&'a Pod, &'a Name)> {
    let pods = workload.pods.iter().filter(|pod| pod.pod.is_replica() && pod.generation == Generation::New);
    pods.filter_map(|pod| {
        let strange = pod.pod.containers.iter().find(|container| {
            // Injected sidecars have images that the manifest does not know at all: only same-named ones count. A
            // digest in a tag's place was put there by an admission webhook, and names what the tag named.
            let Some(tag) = image_tag(&container.image) else { return false };
            let named = |image: &&Name| repository(image) == repository(&container.image);
            let mut tags = declared.iter().filter(named).filter_map(|image| image_tag(image)).peekable();
            tags.peek().is_some() && !tags.any(|declared| declared == tag)
        });
        strange.map(|container| (&*pod.pod, &container.image))
    })
}

/// The last part of the image's name, without registry, path, tag and digest.
fn repository(image: &str) -> &str {
    let reference = image.split_once('@').map_or(image, |(reference, _)| reference);
    let last = reference.rsplit_once('/').map_or(reference, |(_, last)| last);
    last.split_once(':').map_or(last, |(name, _)| name)
}
