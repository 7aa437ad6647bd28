//! Has no earlier install of GSP left state behind? Flink's high-availability `ConfigMap`s outlive `helm uninstall`, and the
//! next install would take up their state (upgrade guide, Uninstall: they are to be deleted by label `app`).

use super::Context;
use crate::assess::answer::{Answer, CheckState, Evidence};
use crate::assess::assessment::OperationKind;
use crate::model::config_map::ConfigMap;
use crate::model::names::Component;
use crate::model::release::ReleaseStatus;

/// Answers `state_config_maps_clean`; does not apply where the component is not GSP, or while Helm removes it.
pub fn answer(context: &Context<'_>) -> Option<Answer> {
    if context.component != Component::Gsp {
        return None;
    }
    let left = |was_left: &dyn Fn(&ConfigMap) -> bool| {
        let maps = context.facts.config_maps.iter().filter(|map| was_left(map));
        let found: Vec<Evidence> =
            maps.map(|map| Evidence::ConfigMapLeft { config_map: map.name.clone(), created: map.created }).collect();
        let state = if found.is_empty() { CheckState::Pass } else { CheckState::Fail };
        Some(Answer::new(state, found))
    };
    match context.facts.release.newest().map(|newest| newest.status) {
        // It runs, and when it was installed nobody tells.
        None if context.facts.told_by_workloads() => Some(Answer::new(CheckState::Unknown, [])),
        None | Some(ReleaseStatus::Uninstalled) => left(&|_| true),
        Some(ReleaseStatus::Uninstalling) => None,
        // While it runs its state is in use; only a first revision tells what was there before it.
        Some(_) => {
            let installs = context.operation.is_some_and(|operation| operation.kind == OperationKind::Install);
            let revisions = context.facts.release.revisions.iter().rev();
            // A further try of the same install finds what the first one made.
            let first = revisions.take_while(|revision| revision.status != ReleaseStatus::Uninstalled).last();
            let begin = first.filter(|_| installs).map(|first| first.created);
            left(&|map| begin.is_some_and(|begin| map.created < begin))
        }
    }
}
