//! Do workloads and pods run the images of the release's manifest? Where there is no manifest, pods are held against their
//! workloads' templates. Flink's job tells its own build.

use super::Context;
use crate::assess::answer::{Answer, CheckState, Evidence};
use crate::assess::images;
use crate::model::facts::Generation;
use crate::model::names::Name;
use crate::model::release::ManifestWorkload;
use crate::model::signal::Reading;
use crate::model::version::{BuildVersion, image_tag};

/// Answers `image_matches_chart`; does not apply where there is no release or its manifest has no workloads.
pub fn answer(context: &Context<'_>) -> Option<Answer> {
    let Some(declared) = images::declared(context.facts) else {
        let missing = Evidence::BodyMissing { revision: context.facts.release.newest()?.revision };
        return Some(Answer::new(CheckState::Unknown, [missing]));
    };
    if declared.is_empty() {
        return None;
    }
    let mut differences = differences(context, &declared);
    differences.extend(running_build(context, &declared));
    let state = if differences.is_empty() {
        CheckState::Pass
    } else if context.operation.is_some_and(|operation| !context.horizon.passed(operation.ready_deadline)) {
        CheckState::Pending
    } else {
        CheckState::Fail
    };
    Some(Answer::new(state, differences))
}

fn differences(context: &Context<'_>, declared: &[ManifestWorkload]) -> Vec<Evidence> {
    let mut found = Vec::new();
    for declared in declared {
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
        let strange = images::strange(&declared.images, workload);
        found.extend(strange.map(|(pod, image)| difference(&pod.name, declared.images.first(), Some(image))));
    }
    found
}

/// The build that Flink's job tells of itself, where it is another one than that of every image of the manifest. One that
/// is spelled by another scheme says nothing.
fn running_build(context: &Context<'_>, declared: &[ManifestWorkload]) -> Option<Evidence> {
    let new = |reading: &&Reading| {
        let uid = reading.pod_uid.as_ref();
        context
            .facts
            .replicas()
            .any(|pod| uid == Some(&pod.pod.uid) && pod.generation == Generation::New && pod.pod.ready)
    };
    let images = || declared.iter().flat_map(|workload| &workload.images).filter_map(|image| image_tag(image));
    let mut readings = context.facts.signals.current(context.policy.signal_silence()).filter(new);
    readings.find_map(|reading| {
        let found = reading.build.as_ref()?;
        let running = BuildVersion::new(found);
        let mut alike = images().map(BuildVersion::new).filter(|tag| tag.is_of_scheme(&running)).peekable();
        let expected = alike.peek()?.text().clone();
        let other = !alike.any(|tag| tag.same_build(&running));
        other.then(|| Evidence::RunningBuild { expected, found: found.clone() })
    })
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::assess::testing::{NEW, Scene};
    use crate::model::names::Component::Gca;

    /// The answer where the manifest declares `declared` and the pod's containers run `running`.
    fn state(declared: &[&str], running: &[&str], minutes: f64) -> CheckState {
        let names = |images: &[&str]| -> Vec<Name> { images.iter().map(|&image| image.into()).collect() };
        let mut scene = Scene::upgraded(Gca);
        scene.body(Gca).workloads[0].images = names(declared);
        scene.workload(Gca).images = names(declared);
        let pod = scene.pod(Gca);
        let container = pod.containers[0].clone();
        pod.containers = names(running)
            .into_iter()
            .map(|image| crate::model::workload::Container { image, ..container.clone() })
            .collect();
        scene.ask(Gca, minutes, answer).unwrap().state
    }

    #[test]
    fn pods_run_what_the_manifest_declares() {
        use CheckState::{Fail, Pass, Pending};
        type Case<'a> = (&'a str, &'a [&'a str], &'a [&'a str], f64, CheckState);
        let cases: [Case; 9] = [
            ("the same", &[NEW], &[NEW], 30.0, Pass),
            ("another registry", &[NEW], &["mirror:5000/r/app:100.0.116.4200"], 30.0, Pass),
            ("another tag", &[NEW], &["r/app:1"], 30.0, Fail),
            ("another tag, in time", &[NEW], &["r/app:1"], 5.0, Pending),
            ("a sidecar that was injected", &[NEW], &[NEW, "mesh/proxy:7"], 30.0, Pass),
            ("two tags of one image", &["r/app:migrate-2", NEW], &["r/app:migrate-2", NEW], 30.0, Pass),
            ("a digest in a tag's place", &[NEW], &["r/app@sha256:abc"], 30.0, Pass),
            ("a digest beside the tag", &[NEW], &["r/app:100.0.116.4200@sha256:abc"], 30.0, Pass),
            ("digests alone", &["r/app@sha256:abc"], &["r/app@sha256:abc"], 30.0, Pass),
        ];
        for (name, declared, running, minutes, expected) in cases {
            assert_eq!(state(declared, running, minutes), expected, "{name}");
        }
    }

    #[test]
    fn templates_must_be_equal() {
        let mut scene = Scene::upgraded(Gca);
        scene.workload(Gca).images = vec!["r/app:100.0.116.2900".into()];
        let answer = scene.ask(Gca, 30.0, answer).unwrap();
        assert_eq!(answer.state, CheckState::Fail);
        let expected = difference(&"gca".into(), Some(&NEW.into()), Some(&"r/app:100.0.116.2900".into()));
        assert_eq!(answer.evidence, [expected]);
        let workload = Arc::clone(&scene.component(Gca).workloads[0].workload);
        scene.component(Gca).workloads.clear();
        assert_eq!(scene.ask(Gca, 30.0, super::answer).unwrap().state, CheckState::Fail, "{} is gone", workload.name);
    }
}
