//! What one read of a component's metrics endpoint gave.
//!
//! Readings are already reduced: latency per topic in seconds (the maximum over partitions), and the few other values
//! of interest. Not for a history of readings: that is `memory`.

use std::sync::Arc;
use std::time::Duration;

use super::names::{Component, Name};
use super::time::{Timestamp, before};

/// GIM's state as a number; its label `schema_version` tells the schema of the Info Mart.
pub const SERVER_STATE: &str = "gim_server_state";
/// Failed Kafka transform jobs of GIM, counted.
pub const FAILED_KAFKA_JOBS: &str = "gim_number_failed_kafkajob";
/// Failed ETL job steps of GIM, counted.
pub const FAILED_JOB_STEPS: &str = "gim_failed_jobsteps";

/// The signals that count something and are judged by whether they rise.
pub const COUNTERS: &[&str] = &[FAILED_KAFKA_JOBS, FAILED_JOB_STEPS];

/// Flink's running jobs: below 1 is a problem, by Genesys's own alert.
pub const RUNNING_JOBS: &str = "flink_jobmanager_numRunningJobs";
/// Task managers that registered with Flink's job manager: none is a problem, by Genesys's own alert.
pub const TASK_MANAGERS: &str = "flink_jobmanager_numRegisteredTaskManagers";
/// How long Flink's job has been running without interruption, in milliseconds; 0 while it starts or starts anew.
pub const JOB_UPTIME: &str = "flink_jobmanager_job_uptime";
/// How often Flink's job started anew since its job manager was made.
pub const JOB_RESTARTS: &str = "flink_jobmanager_job_numRestarts";
/// Checkpoints of Flink's job that were completed since its job manager was made.
pub const CHECKPOINTS_COMPLETED: &str = "flink_jobmanager_job_numberOfCompletedCheckpoints";
/// Checkpoints of Flink's job that failed since its job manager was made.
pub const CHECKPOINTS_FAILED: &str = "flink_jobmanager_job_numberOfFailedCheckpoints";

/// Latency of one Kafka topic.
#[derive(Clone, Debug, PartialEq)]
pub struct TopicLatency {
    /// The topic; empty where the family has no such label.
    pub topic: Name,
    /// Largest latency of its partitions, in seconds.
    pub seconds: f64,
}

/// A value of any other family of interest.
#[derive(Clone, Debug, PartialEq)]
pub struct SignalValue {
    /// Name of the family, as the component spells it.
    pub signal: Name,
    /// Sum, or largest value, over its series, as the signal's definition says.
    pub value: f64,
}

/// One successful read of one endpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The suite for which it was read.
    pub suite: Name,
    /// The component for which it was read.
    pub component: Component,
    /// UID of the pod that answered; `None` where a fixed URL was read.
    pub pod_uid: Option<Name>,
    /// When the answer came, by the API server's clock.
    pub at: Timestamp,
    /// Latency per topic, sorted by topic; empty where the page does not have the family.
    pub topics: Vec<TopicLatency>,
    /// Other values, sorted by signal.
    pub values: Vec<SignalValue>,
    /// Label `schema_version` of `gim_server_state`, where the page has it.
    pub schema_version: Option<Name>,
    /// Label `version` of Flink's `…_semVer_buildInfo`: the build that really runs, where the page has it.
    pub build: Option<Name>,
    /// Per tenant, sorted: the time of the newest configuration event that GSP took from GCA.
    pub config_times: Vec<(Name, Timestamp)>,
}

impl Reading {
    /// The value of a signal, by the component's own name for it.
    #[must_use]
    pub fn value(&self, signal: &str) -> Option<f64> {
        self.values.iter().find(|value| &*value.signal == signal).map(|value| value.value)
    }

    /// The value of a signal that is a count.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count is no less than 0, and may saturate"
    )]
    pub fn count(&self, signal: &str) -> Option<u64> {
        self.value(signal).map(|value| value as u64)
    }

    /// The latency: the largest of all topics, in seconds, those in `ignored` left out. `None` where no topic is left.
    #[must_use]
    pub fn latency_seconds(&self, ignored: &[Name]) -> Option<f64> {
        self.topics.iter().filter(|topic| !ignored.contains(&topic.topic)).map(|topic| topic.seconds).reduce(f64::max)
    }
}

/// What a source remembers of a component's signals from before this exporter began.
#[derive(Clone, Debug, PartialEq)]
pub struct Past {
    /// For which suite.
    pub suite: Name,
    /// For which component.
    pub component: Component,
    /// Readings of pods that are Ready now, oldest first; of the latency alone.
    pub readings: Vec<Reading>,
    /// A moment before the present operation at which signals were there; `None` where they were not, or there is none.
    pub first_read: Option<Timestamp>,
}

/// What is known of a component's signals.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SignalFacts {
    /// Whether an endpoint is configured for the component at all.
    pub configured: bool,
    /// The newest reading of each target that still exists, oldest first.
    pub readings: Vec<Arc<Reading>>,
}

impl SignalFacts {
    /// The newest reading.
    #[must_use]
    pub fn newest(&self) -> Option<&Reading> {
        self.readings.last().map(|reading| &**reading)
    }

    /// The readings that are of one time with the newest: none is older than it by more than `silence`. Replicas are read
    /// one after another, and share the topics between them.
    pub fn current(&self, silence: Duration) -> impl Iterator<Item = &Reading> + Clone {
        let oldest = self.newest().map(|newest| before(newest.at, silence));
        self.readings.iter().map(|reading| &**reading).filter(move |reading| oldest.is_some_and(|at| at <= reading.at))
    }

    /// When the pod with this UID, or the fixed URL in its stead, was last read.
    #[must_use]
    pub fn last_read(&self, pod: &Name) -> Option<Timestamp> {
        let of_pod = |reading: &&Arc<Reading>| reading.pod_uid.as_ref().is_none_or(|uid| uid == pod);
        self.readings.iter().filter(of_pod).map(|reading| reading.at).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_topics_do_not_count() {
        let topic = |name: &str, seconds| TopicLatency { topic: name.into(), seconds };
        let reading = Reading {
            suite: "default".into(),
            component: Component::Gim,
            pod_uid: None,
            at: Timestamp::UNIX_EPOCH,
            topics: vec![topic("old", 900.0), topic("voice", 3.0), topic("zeta", 2.0)],
            values: Vec::new(),
            schema_version: None,
            build: None,
            config_times: Vec::new(),
        };
        assert_eq!(reading.latency_seconds(&[]), Some(900.0));
        assert_eq!(reading.latency_seconds(&["old".into()]), Some(3.0));
        assert_eq!(reading.latency_seconds(&["old".into(), "voice".into(), "zeta".into()]), None);
    }
}
