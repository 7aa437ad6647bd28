//! Does a dependency answer? Three checks, one question: Kafka, `PostgreSQL`, object storage. While one of them is in trouble a
//! rollback will not work either (upgrade guide, Rolling Update: Verify the upgrade).

use super::Context;
use crate::assess::answer::{Answer, CheckState, Evidence};
use crate::model::dependency::Dependency;
use crate::model::source::{Freshness, SourceKind};

/// Answers `kafka_reachable`.
pub fn kafka(context: &Context<'_>) -> Option<Answer> {
    answer(context, Dependency::Kafka)
}

/// Answers `database_reachable`.
pub fn database(context: &Context<'_>) -> Option<Answer> {
    answer(context, Dependency::Database)
}

/// Answers `object_storage_reachable`.
pub fn object_storage(context: &Context<'_>) -> Option<Answer> {
    answer(context, Dependency::ObjectStorage)
}

/// It is down when a failure is a proof, or has lasted for the probe's hold, and it had answered before: one that never
/// answered is likelier asked at the wrong place. Does not apply where it is not configured, or not needed.
pub(super) fn answer(context: &Context<'_>, dependency: Dependency) -> Option<Answer> {
    if !dependency.is_needed_by(context.component) {
        return None;
    }
    context.suite.suite.surroundings.dependency(dependency)?;
    let silent = |freshness| {
        let source = Evidence::Source { source: SourceKind::Dependencies, freshness };
        Some(Answer::new(CheckState::Unknown, [source]))
    };
    let Some(probe) = context.suite.surroundings.dependency(dependency) else { return silent(Freshness::Starting) };
    if context.horizon.lasted(probe.at, context.policy.probe_silence()) {
        return silent(Freshness::Stale);
    }
    let (failure, since) = probe.failing.unzip();
    let state = match probe.failing {
        None => CheckState::Pass,
        Some(_) if probe.last_success.is_none() => CheckState::Unknown,
        Some((failure, since)) => {
            let is_down = failure.is_proof() || context.horizon.lasted(since, context.policy.probe_hold);
            if is_down { CheckState::Fail } else { CheckState::Pending }
        }
    };
    Some(Answer::new(state, [Evidence::Dependency { dependency, failure, since, last_success: probe.last_success }]))
}
