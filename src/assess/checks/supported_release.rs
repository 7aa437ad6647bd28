//! Is it within N-2 of the newest release (upgrade guide, Supported upgrade strategies: services inter-operate within N-2
//! releases of each; Timing: no older one is supported)? What counts as one release is documented nowhere, so the releases
//! are configured.

use std::cmp::Ordering;

use super::Context;
use crate::assess::answer::{Answer, CheckState, Evidence};
use crate::model::version::BuildVersion;

/// How many releases behind the newest is still supported.
const SUPPORTED: usize = 2;

/// How a build stands to the listed releases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// So many behind the newest.
    Behind(usize),
    /// Older than the oldest listed one.
    BelowAll,
}

/// Answers `supported_release`; does not apply where no releases are listed, or nothing is installed.
pub fn answer(context: &Context<'_>) -> Option<Answer> {
    let releases = context.policy.releases.get(context.component);
    let newest = releases.last()?;
    context.facts.operation_began()?;
    let Some(build) = context.facts.build() else {
        let missing = context.facts.release.newest().map(|newest| Evidence::BodyMissing { revision: newest.revision });
        return Some(Answer::new(CheckState::Unknown, missing));
    };
    let place = place(&build, releases);
    let state = match place {
        Some(Place::Behind(behind)) if behind <= SUPPORTED => CheckState::Pass,
        Some(Place::Behind(_)) => CheckState::Fail,
        // Older than N-2 for certain where the oldest listed one is N-2 at most.
        Some(Place::BelowAll) if releases.len() > SUPPORTED => CheckState::Fail,
        Some(Place::BelowAll) | None => CheckState::Unknown,
    };
    let newest = newest.text().clone();
    let evidence = match place {
        Some(Place::Behind(behind)) => {
            Evidence::ReleasesBehind { behind: u32::try_from(behind).unwrap_or(u32::MAX), newest }
        }
        _ => Evidence::Build { build: build.text().clone(), expected: newest },
    };
    Some(Answer::new(state, [evidence]))
}

/// How many listed releases a component is behind the newest; `None` where none are listed, or that cannot be told.
#[must_use]
pub fn releases_behind(context: &Context<'_>) -> Option<u32> {
    match place(&context.facts.build()?, context.policy.releases.get(context.component))? {
        Place::Behind(behind) => u32::try_from(behind).ok(),
        Place::BelowAll => None,
    }
}

/// Where a build stands: one between two listed releases counts as the one below, one above all as the newest. `None` where
/// it has no order and is not listed.
fn place(build: &BuildVersion, releases: &[BuildVersion]) -> Option<Place> {
    let reached = |release: &BuildVersion| matches!(build.compare(release), Some(Ordering::Equal | Ordering::Greater));
    if let Some(at) = releases.iter().rposition(reached) {
        return Some(Place::Behind(releases.len().saturating_sub(at).saturating_sub(1)));
    }
    let below = releases.iter().any(|release| build.compare(release) == Some(Ordering::Less));
    below.then_some(Place::BelowAll)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::testing::Scene;
    use crate::model::names::Component::Gca;
    use crate::model::release::BodyState;

    #[test]
    fn two_releases_behind_are_supported() {
        use CheckState::{Fail, Pass, Unknown};
        // GCA runs 100.0.116.2900.
        type Case<'a> = (&'a [&'a str], Option<(CheckState, Option<u32>)>);
        let cases: [Case; 9] = [
            (&[], None),
            (&["100.0.116+2900"], Some((Pass, Some(0)))),
            (&["100.0.116+2900", "100.0.117+1", "100.0.118+1"], Some((Pass, Some(2)))),
            (&["100.0.116+2900", "100.0.117+1", "100.0.118+1", "100.0.119+1"], Some((Fail, Some(3)))),
            (&["100.0.115+1", "100.0.117+1"], Some((Pass, Some(1)))),
            (&["100.0.114+1", "100.0.115+1"], Some((Pass, Some(0)))),
            (&["100.0.117+1", "100.0.118+1"], Some((Unknown, None))),
            (&["100.0.117+1", "100.0.118+1", "100.0.119+1"], Some((Fail, None))),
            (&["spring", "summer"], Some((Unknown, None))),
        ];
        for (releases, expected) in cases {
            let mut scene = Scene::at_rest();
            scene.policy.releases.gca = releases.iter().map(|text| BuildVersion::new(text)).collect();
            let found =
                scene.ask(Gca, 0.0, |context| answer(context).map(|answer| (answer.state, releases_behind(context))));
            assert_eq!(found, expected, "{releases:?}");
        }
    }

    #[test]
    fn a_name_without_order_is_found_where_it_is_listed() {
        let mut scene = Scene::at_rest();
        scene.policy.releases.gca = ["spring", "summer"].map(BuildVersion::new).into();
        scene.body(Gca).workloads.clear();
        scene.body(Gca).chart_version = "spring".into();
        assert_eq!(scene.ask(Gca, 0.0, releases_behind), Some(1));
        scene.newest(Gca).body = BodyState::Unread;
        assert_eq!(scene.ask(Gca, 0.0, answer).map(|answer| answer.state), Some(CheckState::Unknown));
        scene.component(Gca).release.revisions.clear();
        assert_eq!(scene.ask(Gca, 0.0, answer), None);
    }
}
