//! What the status says of the whole: when, by which policy, and how the sources are.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::ser::SerializeMap;

use super::Seconds;
use crate::assess::snapshot::{Snapshot, SourceSnapshot};
use crate::model::names::{Name, PerComponent};
use crate::model::policy::{Policy, Times};
use crate::model::source::{ErrorKind, Freshness, SourceKind};
use crate::model::time::Timestamp;

/// The whole, apart from the suites.
#[derive(Debug, Serialize)]
pub struct Overview<'a> {
    /// Version of the exporter.
    pub version: &'static str,
    /// Counts up with every change.
    pub sequence: u64,
    /// When this was thought, by the API server's clock.
    pub taken: Timestamp,
    /// Whether every source has synced once and every suite has been judged on it.
    pub ready: bool,
    /// By what is judged.
    pub policy: PolicyStatus<'a>,
    /// The sources, sorted.
    pub sources: Vec<SourceStatus<'a>>,
}

impl<'a> Overview<'a> {
    /// The overview of a snapshot.
    #[must_use]
    pub fn of(snapshot: &'a Snapshot) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION"),
            sequence: snapshot.sequence,
            taken: snapshot.taken,
            ready: snapshot.ready,
            policy: PolicyStatus::of(&snapshot.policy),
            sources: snapshot.sources.iter().map(SourceStatus::of).collect(),
        }
    }
}

/// The policy: every time by its name in the configuration, in seconds.
#[derive(Debug, Serialize)]
pub struct PolicyStatus<'a> {
    /// Times of each component.
    #[serde(flatten)]
    pub times: PerComponent<NamedTimes>,
    /// How long after its end an operation is the suspect.
    pub suspect_window: Seconds,
    /// Operations closer together belong to one upgrade cycle.
    pub cycle: Seconds,
    /// Latency up to which Kafka consumption counts as low.
    pub latency_ok: Seconds,
    /// Latency below which no rise counts as growth.
    pub growth_floor: Seconds,
    /// Length of the window that the trend is read from.
    pub trend_window: Seconds,
    /// How often metrics are read.
    pub signal_interval: Seconds,
    /// How long a failing signal must fail before it counts.
    pub hold: Seconds,
    /// How long a stale pod must be so before it is told.
    pub stale_pod_hold: Seconds,
    /// How long after Helm's last write the workloads' word is not trusted yet.
    pub propagation: Seconds,
    /// Topics whose latency does not count.
    pub ignored_topics: &'a [Name],
}

impl<'a> PolicyStatus<'a> {
    fn of(policy: &'a Policy) -> Self {
        Self {
            times: policy.times.map(|_, times| NamedTimes(*times)),
            suspect_window: Seconds(policy.suspect_window),
            cycle: Seconds(policy.cycle),
            latency_ok: Seconds(policy.latency_ok),
            growth_floor: Seconds(policy.growth_floor),
            trend_window: Seconds(policy.trend_window),
            signal_interval: Seconds(policy.signal_interval),
            hold: Seconds(policy.hold),
            stale_pod_hold: Seconds(policy.stale_pod_hold),
            propagation: Seconds(policy.propagation),
            ignored_topics: &policy.ignored_topics,
        }
    }
}

/// Times of one component: name in the configuration to seconds.
#[derive(Clone, Copy, Debug)]
pub struct NamedTimes(pub Times);

impl Serialize for NamedTimes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let times = self.0.named();
        let mut map = serializer.serialize_map(Some(times.len()))?;
        for (name, span) in times {
            map.serialize_entry(name, &Seconds(span))?;
        }
        map.end()
    }
}

/// A source of evidence.
#[derive(Debug, Serialize)]
pub struct SourceStatus<'a> {
    /// What it tells of.
    pub source: SourceKind,
    /// The namespace it covers; `null` where it covers all.
    pub target_namespace: Option<&'a str>,
    /// How far it may be believed.
    pub freshness: Freshness,
    /// When it was last heard.
    pub last_contact: Option<Timestamp>,
    /// How long it may be silent, in seconds.
    pub stale_after: Seconds,
    /// Errors so far, by kind.
    pub errors: &'a BTreeMap<ErrorKind, u64>,
    /// The last error, until the source next did well.
    pub last_error: Option<&'a str>,
}

impl<'a> SourceStatus<'a> {
    fn of(source: &'a SourceSnapshot) -> Self {
        Self {
            source: source.id.kind,
            target_namespace: source.id.namespace.as_deref(),
            freshness: source.freshness,
            last_contact: source.contact.last(),
            stale_after: Seconds(source.stale_after),
            errors: &source.errors,
            last_error: source.last_error.as_deref(),
        }
    }
}
