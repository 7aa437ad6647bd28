//! A Helm release as Helm stores it: JSON, gzip, base64, and base64 once more as the data of a Secret.
//!
//! Field names, their order, and what Helm 3 and Helm 4 each write for a time that is not, are Helm's own. This is an
//! encoder of its own and shares nothing with the exporter's decoder, else both could be wrong alike.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::scenario::HelmVersion;

mod chart_file;

/// A release revision, as it is written.
#[derive(Debug)]
pub(super) struct Release<'a> {
    pub(super) name: &'a str,
    pub(super) namespace: &'a str,
    pub(super) revision: u32,
    pub(super) chart_name: &'a str,
    pub(super) chart_version: &'a str,
    pub(super) info: Info<'a>,
    pub(super) config: Value,
    pub(super) manifest: &'a str,
    pub(super) hooks: Vec<Hook<'a>>,
    /// The Helm that writes it.
    pub(super) helm: HelmVersion,
    /// `csa` or `ssa`; Helm 4 alone tells.
    pub(super) apply_method: &'static str,
}

/// What Helm says of the revision.
#[derive(Debug, Serialize)]
pub(super) struct Info<'a> {
    pub(super) first_deployed: HelmTime,
    pub(super) last_deployed: HelmTime,
    #[serde(skip_serializing_if = "HelmTime::is_left_out")]
    pub(super) deleted: HelmTime,
    pub(super) description: &'a str,
    pub(super) status: &'a str,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) rollback_revision: u32,
    pub(super) notes: &'a str,
}

/// One hook.
#[derive(Debug, Serialize)]
pub(super) struct Hook<'a> {
    pub(super) name: &'a str,
    pub(super) kind: &'a str,
    pub(super) path: &'a str,
    pub(super) manifest: &'a str,
    pub(super) events: [&'a str; 1],
    pub(super) last_run: LastRun<'a>,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) weight: i32,
    pub(super) delete_policies: [&'a str; 1],
}

/// The last run of a hook in this revision.
#[derive(Debug, Serialize)]
pub(super) struct LastRun<'a> {
    #[serde(skip_serializing_if = "HelmTime::is_left_out")]
    pub(super) started_at: HelmTime,
    #[serde(skip_serializing_if = "HelmTime::is_left_out")]
    pub(super) completed_at: HelmTime,
    pub(super) phase: &'a str,
}

/// A time of Helm's. One that is not: Helm 3 writes `""`, Helm 4 leaves the field out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum HelmTime {
    At(String),
    Empty,
    LeftOut,
}

impl HelmTime {
    /// The time, or what this Helm writes for none.
    pub(super) fn new(helm: HelmVersion, at: Option<String>) -> Self {
        match (at, helm) {
            (Some(at), _) => Self::At(at),
            (None, HelmVersion::Three) => Self::Empty,
            (None, HelmVersion::Four) => Self::LeftOut,
        }
    }

    fn is_left_out(&self) -> bool {
        *self == Self::LeftOut
    }
}

impl Serialize for HelmTime {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::At(text) => to.serialize_str(text),
            Self::Empty | Self::LeftOut => to.serialize_str(""),
        }
    }
}

fn is_zero<T: Default + PartialEq>(number: &T) -> bool {
    *number == T::default()
}

/// What follows the chart in Helm's order of fields.
#[derive(Serialize)]
struct Tail<'a> {
    config: &'a Value,
    manifest: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    hooks: &'a [Hook<'a>],
    version: u32,
    namespace: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    apply_method: &'a str,
}

/// The value of the Secret's key `release`, before the base64 that the API adds: base64 of gzip of JSON.
pub(super) fn encode(release: &Release<'_>) -> io::Result<String> {
    let head = format!(
        r#"{{"name":{},"info":{},"chart":{}"#,
        serde_json::to_string(release.name)?,
        serde_json::to_string(&release.info)?,
        chart_file::beginning(release.chart_name, release.chart_version)?,
    );
    let chart = chart_part(release.chart_name, release.helm)?;
    let tail = serde_json::to_string(&Tail {
        config: &release.config,
        manifest: release.manifest,
        hooks: &release.hooks,
        version: release.revision,
        namespace: release.namespace,
        apply_method: release.apply_method,
    })?;
    // Its opening brace belongs to an object of its own; here a comma goes on with the release.
    let tail = format!(",{}", tail.get(1..).unwrap_or_default());
    join_gzip(&Part::open(head.as_bytes())?, &chart, &Part::last(tail.as_bytes())?).map(|gzip| STANDARD.encode(gzip))
}

/// The same as the API shows it in the Secret's `data`.
pub(super) fn as_secret_data(body: &str) -> String {
    STANDARD.encode(body)
}

/// What a Secret's `data` holds of `revision` of `release` when only its size and shape matter, as for a benchmark: a
/// revision at rest. Revision 10 installs the chart version that [`fleet`](super::fleet) runs.
#[must_use]
pub fn typical_body(release: &str, revision: u32) -> Arc<str> {
    let name = ["gsp", "gca", "gim"].into_iter().find(|name| release.starts_with(name)).unwrap_or("gim");
    let version = format!("100.0.116+{}", 2000 + 100 * revision);
    let tag = super::chart::tag_of(&version);
    let values = super::chart::Values { tag, replicas: 1, set: BTreeMap::new() };
    let manifest = super::chart::Chart::of(name).map(|chart| chart.render(name, &version, &values).manifest);
    let at = HelmTime::At("2024-05-01T10:00:00.123456789Z".to_owned());
    let body = encode(&Release {
        name,
        namespace: name,
        revision,
        chart_name: name,
        chart_version: &version,
        info: Info {
            first_deployed: at.clone(),
            last_deployed: at,
            deleted: HelmTime::Empty,
            description: "Upgrade complete",
            status: "deployed",
            rollback_revision: 0,
            notes: NOTES,
        },
        config: values.config(),
        manifest: manifest.as_deref().unwrap_or_default(),
        hooks: Vec::new(),
        helm: HelmVersion::Three,
        apply_method: "",
    });
    // Writing into memory does not fail; an empty body would show at once in what reads it.
    Arc::from(as_secret_data(&body.unwrap_or_default()))
}

/// The notes that the charts print.
pub(super) const NOTES: &str = "Thank you for installing.\n\nFollow the start with:\n  kubectl get pods -w\n";

/// A piece of a deflate stream, with what a gzip trailer needs to know of it.
#[derive(Debug)]
struct Part {
    deflated: Vec<u8>,
    crc: crc32fast::Hasher,
    length: u64,
}

impl Part {
    /// A piece that others follow: it ends on a byte's edge, as a flush leaves it.
    fn open(raw: &[u8]) -> io::Result<Self> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(raw)?;
        encoder.flush()?;
        Ok(Self::new(raw, encoder.get_ref().clone()))
    }

    /// The last piece.
    fn last(raw: &[u8]) -> io::Result<Self> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(raw)?;
        encoder.finish().map(|deflated| Self::new(raw, deflated))
    }

    fn new(raw: &[u8], deflated: Vec<u8>) -> Self {
        let mut crc = crc32fast::Hasher::new();
        crc.update(raw);
        Self { deflated, crc, length: raw.len() as u64 }
    }
}

/// One gzip member of three pieces. The chart's contents are nine tenths of a release and the same in all its revisions,
/// so they are compressed once: a scenario writes some sixty Secrets, and tests play hundreds of scenarios.
fn join_gzip(head: &Part, chart: &Part, tail: &Part) -> io::Result<Vec<u8>> {
    // Go writes no time, "best compression" and "unknown system".
    let mut gzip = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255];
    let mut crc = crc32fast::Hasher::new();
    let mut length: u64 = 0;
    for part in [head, chart, tail] {
        gzip.extend_from_slice(&part.deflated);
        crc.combine(&part.crc);
        length += part.length;
    }
    gzip.extend_from_slice(&crc.finalize().to_le_bytes());
    let length = u32::try_from(length).map_err(io::Error::other)?;
    gzip.extend_from_slice(&length.to_le_bytes());
    Ok(gzip)
}

/// The charts compressed so far: as many as there are charts, for each Helm.
static CHART_PARTS: Mutex<BTreeMap<(String, bool), Arc<Part>>> = Mutex::new(BTreeMap::new());

fn chart_part(name: &str, helm: HelmVersion) -> io::Result<Arc<Part>> {
    let key = (name.to_owned(), helm == HelmVersion::Four);
    let mut parts = CHART_PARTS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(part) = parts.get(&key) {
        return Ok(Arc::clone(part));
    }
    let part = Arc::new(Part::open(chart_file::contents(name, helm)?.as_bytes())?);
    parts.insert(key, Arc::clone(&part));
    Ok(part)
}

#[cfg(test)]
mod tests;
