//! The release as Helm writes it, narrowed to what is used. Everything else is skipped while it is read.

use std::sync::Arc;

use serde::de::{Deserialize, Deserializer};

use super::manifest::Manifest;
use crate::model::names::Name;
use crate::model::release::{Hook, HookPhase, ReleaseBody};
use crate::model::time::Timestamp;

/// The longest description that is kept, in bytes. A failure's has a few hundred; whoever runs Helm may write any.
const MAX_DESCRIPTION_BYTES: usize = 4 * 1024;
/// The longest name, version or event that is kept, in bytes. Kubernetes has none above 253.
const MAX_NAME_BYTES: usize = 256;
/// The most hooks that are kept, each event counted.
const MAX_HOOKS: usize = 64;
/// Events of hooks that only `helm test` runs: they say nothing of an upgrade.
const TEST_EVENTS: [&str; 3] = ["test", "test-success", "test-failure"];

/// A release.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct Release {
    info: Option<Info>,
    chart: Option<Chart>,
    manifest: Option<Manifest>,
    hooks: Option<Vec<Option<HookEntry>>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Info {
    first_deployed: Moment,
    last_deployed: Moment,
    description: Option<String>,
    rollback_revision: Option<i64>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Chart {
    metadata: Option<ChartMetadata>,
}

#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ChartMetadata {
    name: Option<String>,
    version: Option<String>,
    app_version: Option<String>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct HookEntry {
    name: Option<String>,
    events: Option<Vec<Option<String>>>,
    last_run: Option<LastRun>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct LastRun {
    started_at: Moment,
    completed_at: Moment,
    phase: Option<String>,
}

/// A time as Go writes it; none where it is empty, null, Go's zero time or no time at all.
#[derive(Clone, Copy, Default)]
struct Moment(Option<Timestamp>);

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        let time: Option<Timestamp> = text.and_then(|text| text.parse().ok());
        // Go's zero time is in the year 1.
        Ok(Self(time.filter(|time| *time > Timestamp::UNIX_EPOCH)))
    }
}

impl Release {
    /// The part that the model keeps.
    pub fn into_body(self) -> ReleaseBody {
        let info = self.info.unwrap_or_default();
        let chart = self.chart.and_then(|chart| chart.metadata).unwrap_or_default();
        let manifest = self.manifest.unwrap_or_default();
        let name = |text: Option<String>| bounded(text.as_deref().unwrap_or_default(), MAX_NAME_BYTES);
        let hooks = self.hooks.unwrap_or_default().into_iter().flatten().flat_map(HookEntry::by_event);
        ReleaseBody {
            chart: name(chart.name),
            chart_version: name(chart.version),
            app_version: name(chart.app_version),
            description: bounded(&info.description.unwrap_or_default(), MAX_DESCRIPTION_BYTES),
            first_deployed: info.first_deployed.0,
            last_deployed: info.last_deployed.0,
            rollback_revision: info
                .rollback_revision
                .and_then(|revision| u32::try_from(revision).ok())
                .filter(|&n| n > 0),
            hooks: hooks.take(MAX_HOOKS).collect(),
            manifest_hash: manifest.hash,
            workloads: manifest.workloads,
        }
    }
}

impl HookEntry {
    fn by_event(self) -> Vec<Hook> {
        let name = bounded(self.name.as_deref().unwrap_or_default(), MAX_NAME_BYTES);
        let run = self.last_run.unwrap_or_default();
        let phase = match run.phase.as_deref() {
            Some("Running") => HookPhase::Running,
            Some("Succeeded") => HookPhase::Succeeded,
            Some("Failed") => HookPhase::Failed,
            _ => HookPhase::Unknown,
        };
        let events = self.events.unwrap_or_default().into_iter().flatten();
        let counted = events.filter(|event| !TEST_EVENTS.contains(&event.as_str())).take(MAX_HOOKS);
        counted
            .map(|event| Hook {
                name: Arc::clone(&name),
                event: bounded(&event, MAX_NAME_BYTES),
                phase,
                started: run.started_at.0,
                completed: run.completed_at.0,
            })
            .collect()
    }
}

/// The text, cut after at most `limit` bytes.
pub fn bounded(text: &str, limit: usize) -> Name {
    text.get(..text.floor_char_boundary(limit)).unwrap_or_default().into()
}
