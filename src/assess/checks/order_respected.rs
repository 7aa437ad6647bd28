//! Was it upgraded in the order GIM, GSP, GCA (upgrade guide, Scheduling considerations)? The order is violated when a
//! component was upgraded in a cycle and one before it in the order is upgraded later in that cycle; both show it. Upgrades
//! that were undone are left out, and a further try of an upgrade counts from the first one.

use super::Context;
use crate::assess::answer::{Answer, CheckState, Evidence};
use crate::assess::procedure::{self, Step};
use crate::model::source::SourceKind;

/// Answers `order_respected`; does not apply where the component has no upgrade in the cycle, or none of its operations is
/// of interest any more.
pub fn answer(context: &Context<'_>) -> Option<Answer> {
    context.operation.filter(|operation| operation.in_window)?;
    let own = || context.cycle.upgrades().filter(|step| step.component == context.component);
    if own().next().is_none() {
        let unclear = context.cycle.of(context.component).find(|step| !step.told.known)?;
        return Some(Answer::new(CheckState::Unknown, [evidence(unclear)]));
    }
    let others = || context.cycle.upgrades().filter(|step| step.component != context.component);
    let violates = |other: &Step| {
        own().any(|own| if other.component < own.component { other.begin > own.begin } else { other.begin < own.begin })
    };
    if let Some(freshness) = procedure::blind(context.suite, context.component) {
        return Some(Answer::new(CheckState::Unknown, [Evidence::Source { source: SourceKind::Helm, freshness }]));
    }
    let violations: Vec<Evidence> = others().filter(|other| violates(other)).map(evidence).collect();
    let state = match violations.as_slice() {
        [] if context.cycle.is_unclear(None) => CheckState::Unknown,
        [] => CheckState::Pass,
        _ => CheckState::Fail,
    };
    Some(Answer::new(state, violations))
}

fn evidence(step: &Step) -> Evidence {
    Evidence::Operation { component: step.component, revision: step.revision, begin: step.begin }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::testing::{DAY, Scene};
    use crate::model::names::Component::{self, Gca, Gim, Gsp};
    use crate::model::release::BodyState;
    use crate::model::source::Freshness;

    /// The answer for a component after upgrades at these minutes, `None` for those that were not upgraded.
    fn scene(upgrades: [Option<f64>; 3]) -> Scene {
        let mut scene = Scene::at_rest();
        for (&component, minutes) in Component::ALL.iter().zip(upgrades) {
            if let Some(minutes) = minutes {
                scene.upgrade_at(component, minutes);
            }
        }
        scene
    }

    fn state(scene: &Scene, component: Component, minutes: f64) -> Option<CheckState> {
        scene.ask(component, minutes, answer).map(|answer| answer.state)
    }

    #[test]
    fn the_order_is_the_guides() {
        use CheckState::{Fail, Pass};
        type Case = (&'static str, [Option<f64>; 3], [Option<CheckState>; 3]);
        let cases: [Case; 6] = [
            ("nothing", [None; 3], [None; 3]),
            ("in order", [Some(0.0), Some(20.0), Some(40.0)], [Some(Pass); 3]),
            ("one alone", [None, Some(20.0), None], [None, Some(Pass), None]),
            ("GSP before GIM", [Some(20.0), Some(0.0), None], [Some(Fail), Some(Fail), None]),
            ("GCA before GIM", [Some(20.0), Some(40.0), Some(0.0)], [Some(Fail); 3]),
            ("in another cycle", [Some(20.0), Some(-1.5 * DAY), None], [Some(Pass), None, None]),
        ];
        for (name, upgrades, expected) in cases {
            let scene = scene(upgrades);
            assert_eq!([Gim, Gsp, Gca].map(|component| state(&scene, component, 60.0)), expected, "{name}");
        }
        let scene = scene([Some(20.0), Some(0.0), None]);
        assert_eq!(state(&scene, Gim, DAY + 19.9), Some(Fail));
        assert_eq!(state(&scene, Gim, DAY + 20.0), None, "it ends with the window");
    }

    #[test]
    fn what_was_undone_is_left_out() {
        let mut scene = scene([None, Some(0.0), None]);
        scene.go_back_at(Gsp, 10.0);
        scene.upgrade_at(Gim, 20.0);
        assert_eq!(state(&scene, Gim, 60.0), Some(CheckState::Pass));
        assert_eq!(state(&scene, Gsp, 60.0), None);
    }

    #[test]
    fn what_is_not_known_is_no_pass() {
        let mut unread = scene([Some(0.0), Some(20.0), None]);
        unread.newest(Gsp).body = BodyState::Unread;
        assert_eq!([Gim, Gsp].map(|c| state(&unread, c, 60.0)), [Some(CheckState::Unknown); 2]);
        let mut stale = scene([Some(0.0), Some(20.0), None]);
        stale.component(Gca).sources.helm = Freshness::Stale;
        assert_eq!([Gim, Gsp].map(|c| state(&stale, c, 60.0)), [Some(CheckState::Unknown); 2]);
    }
}
