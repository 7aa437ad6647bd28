//! Which operation is the newest, what it changed, and its deadlines.
//!
//! By Helm's newest revision; where Helm does not tell, by the workloads: their specification was written when the
//! operation began. Not for how it goes: that is `rollout` and `stage`.

use super::assessment::{ChangeKind, Changed, Operation, OperationKind, ToldBy};
use super::horizon::Horizon;
use super::kind;
use crate::model::facts::ComponentFacts;
use crate::model::names::Name;
use crate::model::policy::{Policy, Times};
use crate::model::release::{ReleaseBody, ReleaseFacts, ReleaseStatus};
use crate::model::time::{Timestamp, after};

/// The newest operation; `None` where there is none. Its settle deadline is set once pods are Ready.
#[must_use]
pub fn newest(facts: &ComponentFacts, times: &Times, policy: &Policy, horizon: &Horizon) -> Option<Operation> {
    let Some(newest) = facts.release.newest() else { return by_workloads(facts, times, policy, horizon) };
    let pending = newest.status.is_pending() || newest.status == ReleaseStatus::Uninstalling;
    let operation = Operation {
        kind: kind::tell(&facts.release.revisions, policy).kind,
        told_by: ToldBy::Helm,
        revision: Some(newest.revision),
        changed: changed(&facts.release),
        end: (!pending).then_some(newest.written),
        in_window: pending || !horizon.lasted(newest.written, policy.suspect_window),
        ..begun(newest.created, times)
    };
    Some(operation)
}

/// The operation that last wrote the specification of a labelled workload. Whether it went up, down or back cannot be told
/// and is not guessed: it is an `install` where none was written since it was made, else an `upgrade`.
fn by_workloads(facts: &ComponentFacts, times: &Times, policy: &Policy, horizon: &Horizon) -> Option<Operation> {
    let begin = facts.operation_began()?;
    let fresh = facts.charted().all(|(workload, _)| workload.generation <= 1);
    Some(Operation {
        kind: if fresh { OperationKind::Install } else { OperationKind::Upgrade },
        told_by: ToldBy::Workloads,
        end: Some(begin),
        in_window: !horizon.lasted(begin, policy.suspect_window),
        ..begun(begin, times)
    })
}

fn begun(begin: Timestamp, times: &Times) -> Operation {
    Operation {
        kind: OperationKind::None,
        told_by: ToldBy::Helm,
        revision: None,
        changed: None,
        begin,
        end: None,
        helm_deadline: after(begin, times.helm_timeout),
        ready_deadline: after(begin, times.ready_timeout),
        settle_deadline: None,
        in_window: false,
    }
}

/// What the newest revision changed against the one before it; `None` where one of their bodies is not known.
fn changed(release: &ReleaseFacts) -> Option<Changed> {
    let (newest, earlier) = release.revisions.split_last()?;
    let (body, before) = (newest.body()?, earlier.last()?.body()?);
    let image = |from: &ReleaseBody, other: &ReleaseBody| -> Option<Name> {
        from.images().find(|image| !other.images().any(|other| other == *image)).cloned()
    };
    let images = image(before, body).zip(image(body, before));
    let kind = if body.chart_version != before.chart_version {
        ChangeKind::Chart
    } else if images.is_some() {
        ChangeKind::Image
    } else if body.manifest_hash != before.manifest_hash {
        ChangeKind::Values
    } else {
        ChangeKind::Nothing
    };
    let build = |body: &ReleaseBody| body.build().text().clone();
    Some(Changed { kind, former_build: build(before), build: build(body), images })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::testing::{DAY, NEW, OLD, Scene, at};
    use crate::model::facts::Sources;
    use crate::model::names::Component::{Gim, Gsp};
    use crate::model::source::Freshness;

    fn newest_of(scene: &Scene, component: crate::model::names::Component) -> Option<Operation> {
        let horizon = Horizon::new(at(5.0));
        newest(scene.facts.components.get(component), &scene.policy.times.gim, &scene.policy, &horizon)
    }

    #[test]
    fn what_changed_is_the_weightiest() {
        type Change = fn(&mut Scene);
        let cases: [(&str, Change, ChangeKind); 4] = [
            ("an image alone", |_| {}, ChangeKind::Image),
            ("the chart as well", |s| s.body(Gim).chart_version = "100.0.116+4200".into(), ChangeKind::Chart),
            ("values", |s| s.body(Gim).workloads[0].images = vec![OLD.into()], ChangeKind::Values),
            (
                "nothing",
                |s| {
                    s.body(Gim).workloads[0].images = vec![OLD.into()];
                    s.body(Gim).manifest_hash = 2;
                },
                ChangeKind::Nothing,
            ),
        ];
        for (name, change, expected) in cases {
            let mut scene = Scene::upgraded(Gim);
            change(&mut scene);
            let changed = newest_of(&scene, Gim).unwrap().changed.unwrap();
            assert_eq!(changed.kind, expected, "{name}");
        }
        let changed = newest_of(&Scene::upgraded(Gim), Gim).unwrap().changed.unwrap();
        assert_eq!((&*changed.former_build, &*changed.build), ("100.0.116.2900", "100.0.116.4200"));
        assert_eq!(changed.images, Some((OLD.into(), NEW.into())));
    }

    #[test]
    fn without_helm_the_workloads_tell() {
        let mut scene = Scene::upgraded(Gsp);
        scene.without_helm();
        scene.workload(Gsp).specified = at(1.0);
        let operation = newest_of(&scene, Gsp).unwrap();
        assert_eq!((operation.kind, operation.told_by), (OperationKind::Upgrade, ToldBy::Workloads));
        assert_eq!((operation.begin, operation.end, operation.revision), (at(1.0), Some(at(1.0)), None));
        assert!(operation.in_window);
        let rested = newest_of(&scene, Gim).unwrap();
        assert_eq!((rested.begin, rested.in_window), (at(-10.0 * DAY), false));
        for workload in &mut scene.component(Gsp).workloads {
            std::sync::Arc::make_mut(&mut workload.workload).generation = 1;
        }
        assert_eq!(newest_of(&scene, Gsp).unwrap().kind, OperationKind::Install);
        for workload in &mut scene.component(Gsp).workloads {
            std::sync::Arc::make_mut(&mut workload.workload).chart_label = None;
        }
        assert_eq!(newest_of(&scene, Gsp), None, "workloads without the label tell nothing");
    }

    #[test]
    fn workloads_tell_only_where_helm_has_nothing_to_say() {
        for (freshness, expected) in
            [(Freshness::Fresh, true), (Freshness::Off, true), (Freshness::Forbidden, false), (Freshness::Stale, false)]
        {
            let mut scene = Scene::upgraded(Gsp);
            scene.without_helm();
            scene.component(Gsp).sources = Sources { helm: freshness, ..Sources::all(Freshness::Fresh) };
            assert_eq!(newest_of(&scene, Gsp).is_some(), expected, "{freshness}");
        }
    }
}
