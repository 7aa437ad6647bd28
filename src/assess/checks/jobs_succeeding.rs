//! Do GIM's jobs succeed? Failed Kafka transform jobs and failed ETL job steps are counted by GIM; what counts here is that
//! they rise. A counter that falls started anew with its process.

use super::{Context, heard};
use crate::assess::answer::{Answer, CheckState, Evidence};
use crate::model::database::Transform;
use crate::model::names::Component;
use crate::model::signal::{FAILED_JOB_STEPS, FAILED_KAFKA_JOBS, Reading};

/// Answers `jobs_succeeding`: it fails for as long as the hold after the last rise, so that one failed job alone never
/// counts. What failed before a pod was Ready belongs to its start. Does not apply where GIM does not tell it.
pub fn answer(context: &Context<'_>) -> Option<Answer> {
    if context.component != Component::Gim {
        return None;
    }
    let readings = match heard(context)? {
        Ok(readings) => readings,
        Err(answer) => return Some(answer),
    };
    let mut state = None;
    let mut evidence = Vec::new();
    for signal in [FAILED_KAFKA_JOBS, FAILED_JOB_STEPS] {
        for reading in &readings {
            let Some(value) = reading.value(signal) else { continue };
            let rose = rose_lately(context, reading, signal);
            state = if rose.is_some() { Some(CheckState::Fail) } else { state.or(Some(CheckState::Pass)) };
            let told = Evidence::Counter { signal: signal.into(), value, rose };
            if rose.is_some() { evidence.insert(0, told) } else { evidence.push(told) }
        }
    }
    // The database's own word on its jobs says when the newest ended, not how.
    let transform = super::schema_migrated::reading(context).ok().and_then(|reading| reading.transform.as_ref());
    evidence.extend(transform.map(|Transform { started, ended, rows }| Evidence::Transform {
        started: *started,
        ended: *ended,
        rows: *rows,
    }));
    state.map(|state| Answer::new(state, evidence))
}

/// When a counter of this page last rose, where that is not longer ago than the hold.
fn rose_lately(context: &Context<'_>, reading: &Reading, signal: &str) -> Option<crate::model::time::Timestamp> {
    let key = (reading.pod_uid.clone(), signal.into());
    let rose = context.memory.counters.get(&key)?.rose?;
    let mut ready = context.facts.replicas().map(|pod| &*pod.pod).filter(|pod| pod.ready);
    let of_now = ready.any(|pod| {
        reading.pod_uid.as_ref().is_none_or(|uid| *uid == pod.uid) && rose >= context.memory.readiness_since(pod)
    });
    (of_now && !context.horizon.lasted(rose, context.policy.hold)).then_some(rose)
}
