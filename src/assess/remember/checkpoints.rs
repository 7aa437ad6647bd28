//! Follows the counters of Flink's checkpoints: when one was last seen to be completed, and how many failed since.
//!
//! The counters belong to one job manager, and begin anew with it or with another job. Not for judging them.

use crate::model::facts::ComponentFacts;
use crate::model::memory::{CheckpointMemory, ComponentMemory};
use crate::model::policy::Policy;
use crate::model::signal::{CHECKPOINTS_COMPLETED, CHECKPOINTS_FAILED, RUNNING_JOBS, Reading};
use crate::model::time::Timestamp;

/// Notes what the job manager's newest page says.
pub(super) fn seen(memory: &mut ComponentMemory, facts: &ComponentFacts, policy: &Policy) {
    let Some((reading, created)) = job_manager(facts, policy) else { return };
    let known = memory.checkpoints.take();
    if known.as_ref().is_some_and(|known| known.pod == reading.pod_uid && known.read >= reading.at) {
        memory.checkpoints = known;
        return;
    }
    // A job that comes back has its time.
    let idle = reading.count(RUNNING_JOBS) == Some(0);
    let Some(completed) = reading.count(CHECKPOINTS_COMPLETED) else {
        // What a former job manager counted shows that the next one will.
        let gone = |known: &CheckpointMemory| idle && known.pod == reading.pod_uid;
        memory.checkpoints =
            known.map(|known| if gone(&known) { CheckpointMemory { read: reading.at, ..known }.anew() } else { known });
        return;
    };
    let failed = reading.count(CHECKPOINTS_FAILED).unwrap_or(0);
    let known = known.filter(|known| known.pod == reading.pod_uid);
    // Of a pod that was made while we watched, all that it counts came while we watched.
    let from_its_begin = known.is_some() || created.is_some_and(|created| memory.began <= created);
    let followed = match known {
        Some(known) if known.completed <= completed && known.failed <= failed => {
            let came = known.completed < completed;
            CheckpointMemory {
                read: reading.at,
                completed,
                failed,
                completed_at: if came { Some(reading.at) } else { known.completed_at },
                failed_before: if came { failed } else { known.failed_before },
                ..known
            }
        }
        _ => CheckpointMemory {
            pod: reading.pod_uid.clone(),
            read: reading.at,
            completed,
            failed,
            since: reading.at,
            completed_at: (from_its_begin && completed > 0).then_some(reading.at),
            failed_before: if from_its_begin && completed == 0 { 0 } else { failed },
        },
    };
    memory.checkpoints = Some(if idle { followed.anew() } else { followed });
}

/// The newest job manager's page, and when its pod was made: a second one may be on its way out.
fn job_manager<'a>(facts: &'a ComponentFacts, policy: &Policy) -> Option<(&'a Reading, Option<Timestamp>)> {
    let made = |reading: &Reading| {
        let pod = facts.replicas().find(|pod| Some(&pod.pod.uid) == reading.pod_uid.as_ref());
        pod.map(|pod| pod.pod.created)
    };
    facts
        .signals
        .current(policy.signal_silence())
        .filter(|reading| reading.value(RUNNING_JOBS).is_some())
        .map(|reading| (reading, made(reading)))
        .filter(|(reading, made)| made.is_some() || reading.pod_uid.is_none())
        .max_by_key(|(reading, made)| (*made, reading.at))
}
