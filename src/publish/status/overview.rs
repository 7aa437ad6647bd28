//! What the status says of the whole: when, by which policy, and how the sources are.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use serde::ser::SerializeMap;

use super::Seconds;
use crate::assess::snapshot::{Snapshot, SourceSnapshot};
use crate::model::policy::Policy;
use crate::model::source::{ErrorKind, Freshness, SourceKind};
use crate::model::time::Timestamp;
use crate::model::version::BuildVersion;

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
            policy: PolicyStatus(&snapshot.policy),
            sources: snapshot.sources.iter().map(SourceStatus::of).collect(),
        }
    }
}

/// The policy: every value by its name in the configuration, times in seconds; `signals.interval` is `signal_interval`.
#[derive(Clone, Copy, Debug)]
pub struct PolicyStatus<'a>(pub &'a Policy);

impl Serialize for PolicyStatus<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(policy) = self;
        let mut map = serializer.serialize_map(None)?;
        for (component, times) in policy.times.iter() {
            map.serialize_entry(component.as_str(), &Named(&times.named()))?;
        }
        for (name, span) in policy.named() {
            map.serialize_entry(name, &Seconds(span))?;
        }
        map.serialize_entry("ignored_topics", &policy.ignored_topics)?;
        map.serialize_entry("server_state_min", &policy.server_state_min)?;
        let text = |builds: &[BuildVersion]| builds.iter().map(|build| build.text().clone()).collect::<Vec<_>>();
        map.serialize_entry("releases", &policy.releases.map(|_, builds| text(builds)))?;
        map.end()
    }
}

/// Times by their names, in seconds.
struct Named<'a>(&'a [(&'static str, Duration)]);

impl Serialize for Named<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|&(name, span)| (name, Seconds(span))))
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
