//! The families of interest, one table, and how each is reduced to the values of a reading. Pure.
//!
//! Names and labels are those that the components serve and Genesys's dashboards use. What a value means for an upgrade is
//! not decided here.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::exposition::{Label, Sample};
use crate::model::names::Name;
use crate::model::scope::LatencyUnit;
use crate::model::signal::{
    CHECKPOINTS_COMPLETED, CHECKPOINTS_FAILED, JOB_RESTARTS, JOB_UPTIME, RUNNING_JOBS, SignalValue, TASK_MANAGERS,
    TopicLatency,
};
use crate::model::time::Timestamp;

/// The most topics that a reading has. GIM consumes about a dozen.
pub const MAX_TOPICS: usize = 256;
/// The most tenants that a reading tells of. A GSP serves a few dozen.
pub const MAX_TENANTS: usize = 256;
/// The longest label's value that is kept, in bytes: Kafka's own limit for a topic.
const MAX_TEXT_BYTES: usize = 249;
/// GIM's Kafka latency, with labels `pod`, `topic` and `partition`.
pub const LATENCY: &str = "gim_kafka_timestamp_behind";
/// Label of the latency that names the topic.
const TOPIC: &str = "topic";
/// Label of GIM's state that names the version of the Info Mart schema.
const SCHEMA_VERSION: &str = "schema_version";
/// Label of Flink's build that names it.
const VERSION: &str = "version";
/// Label that names a Flink operator, and the one that takes configuration from GCA.
const OPERATOR: (&str, &str) = ("operator_name", "Source: gca-cfg");
/// Label of Flink's event times that names the tenant.
const TENANT: &str = "tenant";
/// What Flink says where there is nothing yet: no checkpoint, no running job.
const NOT_YET: f64 = -1.0;

/// How the series of a family become one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reduce {
    /// The largest of each topic, in seconds.
    LatencyByTopic,
    /// The smallest: the worst of a state whose trouble is negative.
    Least,
    /// The sum.
    Sum,
    /// The largest: several jobs, the worst of which counts. -1 is none yet.
    Most,
    /// The smallest: several jobs, the youngest of which counts. -1 is none yet.
    Youngest,
    /// Not a value but the label `version`.
    Build,
    /// The newest of each tenant, of the operator that takes configuration, in milliseconds since the epoch.
    ConfigTime,
}

/// Name, and how it is reduced.
const FAMILIES: [(&str, Reduce); 16] = [
    (LATENCY, Reduce::LatencyByTopic),
    ("gim_server_state", Reduce::Least),
    ("gim_number_failed_kafkajob", Reduce::Sum),
    ("gim_failed_jobsteps", Reduce::Sum),
    (RUNNING_JOBS, Reduce::Sum),
    (TASK_MANAGERS, Reduce::Sum),
    ("flink_jobmanager_taskSlotsTotal", Reduce::Sum),
    ("flink_jobmanager_taskSlotsAvailable", Reduce::Sum),
    (JOB_UPTIME, Reduce::Youngest),
    (JOB_RESTARTS, Reduce::Sum),
    ("flink_jobmanager_job_lastCheckpointDuration", Reduce::Most),
    (CHECKPOINTS_FAILED, Reduce::Sum),
    (CHECKPOINTS_COMPLETED, Reduce::Sum),
    ("flink_jobmanager_job_numberOfInProgressCheckpoints", Reduce::Sum),
    ("flink_taskmanager_job_task_operator_version_semVer_buildInfo", Reduce::Build),
    ("flink_taskmanager_job_task_operator_user_tenant_eventTime", Reduce::ConfigTime),
];

/// What a page says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Values {
    /// Latency per topic, sorted by topic.
    pub topics: Vec<TopicLatency>,
    /// Other values, sorted by signal.
    pub others: Vec<SignalValue>,
    /// Version of the Info Mart schema.
    pub schema_version: Option<Name>,
    /// The build that Flink's job is of.
    pub build: Option<Name>,
    /// Per tenant, sorted: the time of the newest configuration event that GSP took from GCA.
    pub config_times: Vec<(Name, Timestamp)>,
    /// Values that cannot be true, one text for each family; they are left out above.
    pub refused: Vec<String>,
}

fn family(sample: &str) -> Option<(&'static str, Reduce)> {
    // OpenMetrics adds `_total` to the samples of a counter.
    let name = sample.strip_suffix("_total").unwrap_or(sample);
    FAMILIES.iter().copied().find(|&(family, _)| family == name || family == sample)
}

/// The names of the families of interest.
pub fn names() -> impl Iterator<Item = &'static str> {
    FAMILIES.iter().map(|&(name, _)| name)
}

/// Whether samples of this name are of interest.
#[must_use]
pub fn is_of_interest(sample: &str) -> bool {
    family(sample).is_some()
}

/// A value that cannot be true, or for which there is no room.
struct Refused;

/// What has been read of a page so far.
#[derive(Default)]
struct Page<'a> {
    topics: BTreeMap<&'a str, f64>,
    values: BTreeMap<&'static str, f64>,
    schema_version: Option<&'a str>,
    build: Option<&'a str>,
    config_times: BTreeMap<&'a str, Timestamp>,
}

/// A sample, whoever holds its name and its labels: a page each sample's own, a series those of all its samples.
#[derive(Clone, Copy, Debug)]
pub struct Read<'a> {
    /// The name, with suffix.
    pub name: &'a str,
    /// The labels.
    pub labels: &'a [Label],
    /// The value.
    pub value: f64,
}

impl<'a> Read<'a> {
    fn label(&self, name: &str) -> Option<&'a str> {
        self.labels.iter().find(|(label, _)| label == name).map(|(_, value)| value.as_str())
    }
}

impl<'a> From<&'a Sample> for Read<'a> {
    fn from(sample: &'a Sample) -> Self {
        Self { name: &sample.name, labels: &sample.labels, value: sample.value }
    }
}

/// Reduces the samples of one page.
#[must_use]
pub fn reduce<'a, S: Into<Read<'a>>>(samples: impl IntoIterator<Item = S>, unit: LatencyUnit) -> Values {
    let seconds_per_unit = match unit {
        LatencyUnit::Milliseconds => 0.001,
        LatencyUnit::Seconds => 1.0,
    };
    let mut page = Page::default();
    let mut refused: BTreeMap<&'static str, usize> = BTreeMap::new();
    for sample in samples {
        let sample: Read<'a> = sample.into();
        let Some((name, how)) = family(sample.name) else { continue };
        if page.take(name, how, sample, seconds_per_unit).is_err() {
            *refused.entry(name).or_default() += 1;
        }
    }
    let Page { topics, values, schema_version, build, config_times } = page;
    Values {
        topics: topics.into_iter().map(|(topic, seconds)| TopicLatency { topic: topic.into(), seconds }).collect(),
        others: values.into_iter().map(|(signal, value)| SignalValue { signal: signal.into(), value }).collect(),
        schema_version: schema_version.map(Name::from),
        build: build.map(Name::from),
        config_times: config_times.into_iter().map(|(tenant, at)| (tenant.into(), at)).collect(),
        refused: refused.into_iter().map(|(name, count)| format!("{count} impossible values of {name}")).collect(),
    }
}

impl<'a> Page<'a> {
    fn take(
        &mut self,
        name: &'static str,
        how: Reduce,
        sample: Read<'a>,
        seconds_per_unit: f64,
    ) -> Result<(), Refused> {
        if let Some(version) = sample.label(SCHEMA_VERSION).filter(|version| fits(version)) {
            self.schema_version = Some(version);
        }
        let value = sample.value;
        match how {
            Reduce::LatencyByTopic => {
                let topic = sample.label(TOPIC).unwrap_or_default();
                let seconds = count(value)? * seconds_per_unit;
                let latency = place(&mut self.topics, topic, MAX_TOPICS)?.or_insert(seconds);
                *latency = latency.max(seconds);
            }
            // A latency or a count is no less than 0; a state may be.
            Reduce::Least => self.put(name, finite(value)?, f64::min),
            Reduce::Sum => self.put(name, count(value)?, |sum, value| sum + value),
            Reduce::Most | Reduce::Youngest if value == NOT_YET => {}
            Reduce::Most => self.put(name, count(value)?, f64::max),
            Reduce::Youngest => self.put(name, count(value)?, f64::min),
            Reduce::Build => {
                let version = sample.label(VERSION).filter(|version| !version.is_empty());
                self.build = Some(version.filter(|version| fits(version)).ok_or(Refused)?);
            }
            Reduce::ConfigTime => {
                // Other operators have event times too. Before its first event Flink has the smallest number there is.
                if sample.label(OPERATOR.0) != Some(OPERATOR.1) || value <= 0.0 {
                    return Ok(());
                }
                let at = instant(finite(value)?)?;
                let tenant = sample.label(TENANT).unwrap_or_default();
                let newest = place(&mut self.config_times, tenant, MAX_TENANTS)?.or_insert(at);
                *newest = at.max(*newest);
            }
        }
        Ok(())
    }

    fn put(&mut self, name: &'static str, value: f64, join: impl Fn(f64, f64) -> f64) {
        self.values.entry(name).and_modify(|known| *known = join(*known, value)).or_insert(value);
    }
}

/// The place of a label's value, where it is short enough and one of the first `most`.
fn place<'m, 'a, T>(
    map: &'m mut BTreeMap<&'a str, T>,
    key: &'a str,
    most: usize,
) -> Result<Entry<'m, &'a str, T>, Refused> {
    let room = fits(key) && (map.len() < most || map.contains_key(key));
    if room { Ok(map.entry(key)) } else { Err(Refused) }
}

fn finite(value: f64) -> Result<f64, Refused> {
    if value.is_finite() { Ok(value) } else { Err(Refused) }
}

fn count(value: f64) -> Result<f64, Refused> {
    finite(value).and_then(|value| if value >= 0.0 { Ok(value) } else { Err(Refused) })
}

/// The instant so many milliseconds after the epoch; refused beyond the calendar.
#[expect(clippy::cast_possible_truncation, reason = "a number too large saturates, and is beyond the calendar")]
fn instant(milliseconds: f64) -> Result<Timestamp, Refused> {
    Timestamp::from_millisecond(milliseconds as i64).map_err(|_| Refused)
}

fn fits(text: &str) -> bool {
    text.len() <= MAX_TEXT_BYTES
}

#[cfg(test)]
mod tests;
