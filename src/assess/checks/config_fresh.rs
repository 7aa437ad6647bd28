//! Does GSP have recent configuration from GCA? GCA exposes nothing of its own that is known; GSP tells the time of the newest
//! configuration event that it took, for each tenant. Where nobody changes the configuration there is no event either, so an
//! old one is a hint and no proof.

use super::Context;
use crate::assess::answer::{Answer, CheckState, Evidence};
use crate::model::names::{Component, Name};
use crate::model::source::{Freshness, SourceKind};
use crate::model::time::{Timestamp, between};

/// Answers `config_fresh`; does not apply where the component is not GCA, where GSP has no endpoint, or where one of them
/// wants no pod.
pub fn answer(context: &Context<'_>) -> Option<Answer> {
    let gsp = &context.suite.components.gsp;
    let asked = context.component == Component::Gca && gsp.signals.configured;
    if !asked || context.rollout.desired == 0 || gsp.desired() == 0 {
        return None;
    }
    let unknown = |why| Some(Answer::new(CheckState::Unknown, [why]));
    let freshness = gsp.sources.pods.max(gsp.sources.workloads);
    if freshness != Freshness::Fresh {
        return unknown(Evidence::Source { source: SourceKind::Pods, freshness });
    }
    let newest = gsp.signals.newest().map(|reading| reading.at);
    let heard = newest.filter(|at| !context.horizon.lasted(*at, context.policy.signal_silence()));
    let Some(read) = heard else { return unknown(Evidence::LastSample { at: newest }) };
    let Some((tenant, at)) = config_time(context) else {
        return unknown(Evidence::TenantUntold { tenant: context.suite.suite.tenant.clone() });
    };
    let evidence = Evidence::ConfigTime { tenant, at };
    // A time that lies so far ahead was not told by a clock that can be believed.
    if between(read, at) > context.policy.config_stale_after {
        return unknown(evidence);
    }
    let stale = context.horizon.lasted(at, context.policy.config_stale_after);
    Some(Answer::new(if stale { CheckState::Fail } else { CheckState::Pass }, [evidence]))
}

/// The newest configuration of the suite's tenant; of the only one there is where the suite names none.
fn config_time(context: &Context<'_>) -> Option<(Name, Timestamp)> {
    let readings = || context.suite.components.gsp.signals.current(context.policy.signal_silence());
    let times = || readings().flat_map(|reading| &reading.config_times);
    let tenant = if let Some(tenant) = &context.suite.suite.tenant {
        tenant
    } else {
        let (first, _) = times().next()?;
        times().all(|(tenant, _)| tenant == first).then_some(first)?
    };
    times().filter(|(of, _)| of == tenant).map(|(_, at)| *at).max().map(|at| (tenant.clone(), at))
}
