//! Does the aggregation call itself healthy? `gcxi_raa_health_level` of RAA, which aggregates what GIM writes; from which
//! level on it is healthy is configured, since it is documented nowhere in public.

use super::Context;
use crate::assess::answer::{Answer, CheckState, Evidence};
use crate::model::names::Component;
use crate::model::source::{Freshness, SourceKind};

/// Answers `aggregation_healthy`; does not apply where the aggregation is not configured.
pub fn answer(context: &Context<'_>) -> Option<Answer> {
    if context.component != Component::Gim {
        return None;
    }
    let healthy_from = context.suite.suite.surroundings.aggregation.as_ref()?.healthy_from;
    let silent = |freshness| {
        let source = Evidence::Source { source: SourceKind::Dependencies, freshness };
        Some(Answer::new(CheckState::Unknown, [source]))
    };
    let Some(level) = &context.suite.surroundings.aggregation else { return silent(Freshness::Starting) };
    if context.horizon.lasted(level.at, context.policy.probe_silence()) {
        return silent(Freshness::Stale);
    }
    let limit = healthy_from as f64;
    let state = if level.value >= limit { CheckState::Pass } else { CheckState::Fail };
    Some(Answer::new(state, [Evidence::Aggregation { level: level.value, healthy_from }]))
}
