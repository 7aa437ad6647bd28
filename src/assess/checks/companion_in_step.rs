//! Is the monitoring release beside it of the component's chart build? It is upgraded after the component (upgrade guide,
//! Rolling Update: Upgrade, `gim-monitoring` and `gca-monitoring`), so for a while after an operation it may be behind.

use super::Context;
use crate::assess::answer::{Answer, CheckState, Evidence};
use crate::model::release::ReleaseStatus;
use crate::model::version::BuildVersion;

/// Answers `companion_in_step`; does not apply where there is no companion, or where Helm does not tell.
pub fn answer(context: &Context<'_>) -> Option<Answer> {
    let main = context.facts.release.newest()?;
    let companion = context.facts.companion.newest()?;
    if [main, companion].iter().any(|release| release.status == ReleaseStatus::Uninstalled) {
        return None;
    }
    let missing = [main, companion].into_iter().find(|release| release.body().is_none());
    let (Some(main), Some(beside)) = (main.body(), companion.body()) else {
        let missing = missing.map(|release| Evidence::BodyMissing { revision: release.revision });
        return Some(Answer::new(CheckState::Unknown, missing));
    };
    let same = BuildVersion::new(&main.chart_version).same_build(&BuildVersion::new(&beside.chart_version));
    // It has as long as the component itself has to become normal.
    let in_time = context.operation.is_some_and(|operation| {
        let until = operation.settle_deadline.unwrap_or(operation.ready_deadline);
        operation.in_window && !context.horizon.passed(until)
    });
    let state = match (same, companion.status.is_pending() || in_time) {
        (true, _) => CheckState::Pass,
        (false, true) => CheckState::Pending,
        (false, false) => CheckState::Fail,
    };
    let evidence = Evidence::Build { build: beside.chart_version.clone(), expected: main.chart_version.clone() };
    Some(Answer::new(state, (!same).then_some(evidence)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::assess::testing::{OLD, Scene, revision};
    use crate::model::names::Component::Gca;
    use crate::model::release::{BodyState, Revision};

    /// GCA upgraded by its chart at the begin, with its companion at this chart version.
    fn upgraded(companion: &str) -> Scene {
        let mut scene = Scene::upgraded(Gca);
        scene.body(Gca).chart_version = "100.0.116+4200".into();
        let mut beside = revision(scene.component(Gca), 1, -30.0, ReleaseStatus::Deployed, OLD, 1);
        if let BodyState::Read(body) = &mut beside.body {
            Arc::make_mut(body).chart_version = companion.into();
        }
        scene.component(Gca).companion.revisions = vec![Arc::new(beside)];
        scene
    }

    fn companion(scene: &mut Scene) -> &mut Revision {
        Arc::make_mut(&mut scene.component(Gca).companion.revisions[0])
    }

    fn state(scene: &Scene, minutes: f64) -> Option<CheckState> {
        scene.ask(Gca, minutes, answer).map(|answer| answer.state)
    }

    #[test]
    fn it_follows_the_component() {
        assert_eq!(state(&upgraded("100.0.116+4200"), 5.0), Some(CheckState::Pass));
        let behind = upgraded("100.0.116+2900");
        assert_eq!(state(&behind, 5.0), Some(CheckState::Pending));
        assert_eq!(state(&behind, 120.9), Some(CheckState::Pending));
        assert_eq!(state(&behind, 121.0), Some(CheckState::Fail), "two hours after its pods were made");
        let mut pending = upgraded("100.0.116+2900");
        companion(&mut pending).status = ReleaseStatus::PendingUpgrade;
        assert_eq!(state(&pending, 200.0), Some(CheckState::Pending));
    }

    #[test]
    fn what_is_not_there_is_not_asked_for_and_what_is_unread_is_unknown() {
        let mut scene = upgraded("100.0.116+2900");
        companion(&mut scene).body = BodyState::Unread;
        assert_eq!(state(&scene, 200.0), Some(CheckState::Unknown));
        companion(&mut scene).status = ReleaseStatus::Uninstalled;
        assert_eq!(state(&scene, 200.0), None);
        scene.component(Gca).companion.revisions.clear();
        assert_eq!(state(&scene, 200.0), None);
    }
}
