//! Helm's memory: releases, their revisions, and the Secrets in which Helm keeps them, labels that lie included.
//!
//! A revision that is read by `helm history`'s way carries its Secret's labels along and writes them back over the
//! new ones. So `modifiedAt` of a new revision is that of the one before, and stays so.

use std::collections::BTreeMap;

use serde_json::json;

use super::meta::managed;
use crate::sim::chart::{self, Chart, Values};
use crate::sim::helm::{self, HelmTime, Info, LastRun, NOTES};
use crate::sim::scenario::{HelmVersion, Installer, Span};
use crate::sim::store::Kind;
use crate::sim::world::cluster::Cluster;

/// A release.
#[derive(Clone, Debug)]
pub(in crate::sim) struct Release {
    pub(super) chart: &'static Chart,
    pub(super) namespace: String,
    /// Its revisions by number; those that were pruned are not there.
    pub(super) revisions: BTreeMap<u32, Revision>,
}

/// One revision.
#[derive(Clone, Debug)]
pub(in crate::sim) struct Revision {
    pub(super) number: u32,
    pub(super) chart_version: String,
    pub(super) values: Values,
    pub(super) manifest: String,
    pub(super) hooks: Vec<HookState>,
    pub(super) status: &'static str,
    pub(super) description: String,
    pub(super) first_deployed: Span,
    pub(super) last_deployed: Span,
    pub(super) deleted: Option<Span>,
    pub(super) rolled_back_to: u32,
    pub(super) helm: HelmVersion,
    pub(super) apply_method: &'static str,
    /// When its Secret was created, and last written.
    pub(super) created: Span,
    pub(super) written: Span,
    pub(super) uid: String,
    pub(super) labels: TimeLabels,
    /// The labels that the Helm at work carries along for it.
    pub(super) carried: TimeLabels,
}

/// A hook and its last run.
#[derive(Clone, Debug)]
pub(in crate::sim) struct HookState {
    pub(super) hook: chart::Hook,
    pub(super) started: Option<Span>,
    pub(super) completed: Option<Span>,
    pub(super) phase: &'static str,
}

/// The two labels of Helm's Secrets that are times, in seconds since the epoch, as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::sim) struct TimeLabels {
    pub(super) created_at: Option<String>,
    pub(super) modified_at: Option<String>,
}

impl TimeLabels {
    fn under(self, carried: &Self) -> Self {
        Self {
            created_at: carried.created_at.clone().or(self.created_at),
            modified_at: carried.modified_at.clone().or(self.modified_at),
        }
    }
}

impl Revision {
    /// Whether Helm still works on it, or was killed while it did.
    pub(in crate::sim) fn is_pending(&self) -> bool {
        self.status.starts_with("pending-")
    }

    /// The image tag that it wants.
    pub(in crate::sim) fn tag(&self) -> &str {
        &self.values.tag
    }
}

impl Release {
    pub(super) fn new(chart: &'static Chart, namespace: String) -> Self {
        Self { chart, namespace, revisions: BTreeMap::new() }
    }

    pub(in crate::sim) fn newest(&self) -> Option<&Revision> {
        self.revisions.values().next_back()
    }

    /// The newest deployed revision.
    pub(super) fn deployed(&self) -> Option<&Revision> {
        self.revisions.values().rev().find(|revision| revision.status == "deployed")
    }
}

/// Creates a revision's Secret.
pub(super) fn create(cluster: &mut Cluster, release: &str, mut revision: Revision) {
    let at = epoch_seconds(cluster);
    revision.labels = TimeLabels { created_at: Some(at), modified_at: None }.under(&revision.carried);
    revision.created = cluster.now;
    let number = revision.number;
    if let Some(release) = cluster.releases.get_mut(release) {
        release.revisions.insert(number, revision);
    }
    write(cluster, release, number);
}

/// Changes a revision and updates its Secret. `as_read`: Helm had read it from its history, and so carries its labels.
pub(super) fn update(
    cluster: &mut Cluster,
    release: &str,
    number: u32,
    as_read: bool,
    change: impl FnOnce(&mut Revision),
) {
    let at = epoch_seconds(cluster);
    let Some(revision) = cluster.releases.get_mut(release).and_then(|found| found.revisions.get_mut(&number)) else {
        return;
    };
    change(revision);
    if as_read {
        revision.carried = revision.labels.clone();
    }
    revision.labels = TimeLabels { created_at: None, modified_at: Some(at) }.under(&revision.carried);
    write(cluster, release, number);
}

/// Deletes a revision's Secret.
pub(super) fn delete(cluster: &mut Cluster, release: &str, number: u32) {
    let Some(found) = cluster.releases.get_mut(release) else { return };
    found.revisions.remove(&number);
    let key = (found.namespace.clone(), secret_name(release, number));
    cluster.remove(Kind::Secrets, key);
}

/// Makes room for one more revision: the oldest go, but never the deployed one.
pub(super) fn prune(cluster: &mut Cluster, release: &str, most: usize) {
    let Some(found) = cluster.releases.get(release).filter(|_| most > 0) else { return };
    let deployed = found.deployed().map(|revision| revision.number);
    let surplus = (found.revisions.len() + 1).saturating_sub(most);
    let gone: Vec<u32> =
        found.revisions.keys().copied().filter(|number| Some(*number) != deployed).take(surplus).collect();
    for number in gone {
        delete(cluster, release, number);
    }
}

fn secret_name(release: &str, number: u32) -> String {
    format!("sh.helm.release.v1.{release}.v{number}")
}

/// Seconds since the epoch by the clock of Helm's machine.
fn epoch_seconds(cluster: &Cluster) -> String {
    cluster.clock.instant(cluster.now.plus(cluster.clocks.helm)).as_second().to_string()
}

/// Writes the Secrets of all revisions, as the history has left them.
pub(in crate::sim) fn write_all(cluster: &mut Cluster) {
    let all: Vec<(String, u32)> = cluster
        .releases
        .iter()
        .flat_map(|(name, release)| release.revisions.keys().map(|number| (name.clone(), *number)))
        .collect();
    for (name, number) in all {
        publish(cluster, &name, number);
    }
}

fn write(cluster: &mut Cluster, name: &str, number: u32) {
    let now = cluster.now;
    let Some(release) = cluster.releases.get_mut(name) else { return };
    let Some(revision) = release.revisions.get_mut(&number) else { return };
    revision.written = now;
    // Nobody watches history: a Secret is encoded once, when it is over.
    if !cluster.in_history {
        publish(cluster, name, number);
    }
}

fn publish(cluster: &mut Cluster, name: &str, number: u32) {
    if cluster.installer != Installer::Helm {
        return;
    }
    let Some(release) = cluster.releases.get(name) else { return };
    let (namespace, chart) = (release.namespace.as_str(), release.chart.name);
    let Some(revision) = release.revisions.get(&number) else { return };
    // Writing into memory does not fail; an empty body would show at once in what reads it.
    let body = encode(cluster, (name, chart), namespace, revision).unwrap_or_default();
    let mut labels = json!({
        "name": name, "owner": "helm", "status": revision.status, "version": number.to_string(),
    });
    if let Some(labels) = labels.as_object_mut() {
        for (label, value) in [("createdAt", &revision.labels.created_at), ("modifiedAt", &revision.labels.modified_at)]
        {
            labels.extend(value.iter().map(|value| (label.to_owned(), value.as_str().into())));
        }
    }
    let fields = json!({
        "f:data": { ".": {}, "f:release": {} }, "f:metadata": { "f:labels": { ".": {}, "f:status": {} } }, "f:type": {},
    });
    let object = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": secret_name(name, number),
            "namespace": namespace,
            "uid": revision.uid,
            "creationTimestamp": cluster.clock.stamp(revision.created),
            "labels": labels,
            "managedFields": [managed("Helm", "v1", &cluster.clock.stamp(revision.written), &fields, None)],
        },
        "data": { "release": helm::as_secret_data(&body) },
        "type": "helm.sh/release.v1",
    });
    cluster.put(Kind::Secrets, object);
}

fn encode(
    cluster: &Cluster,
    (name, chart_name): (&str, &str),
    namespace: &str,
    revision: &Revision,
) -> std::io::Result<String> {
    let helm = revision.helm;
    let time =
        |at: Option<Span>| HelmTime::new(helm, at.map(|at| cluster.clock.fine_stamp(at.plus(cluster.clocks.helm))));
    let hooks = revision.hooks.iter().map(|state| helm::Hook {
        name: &state.hook.name,
        kind: "Job",
        path: &state.hook.path,
        manifest: &state.hook.manifest,
        events: [&state.hook.event],
        last_run: LastRun { started_at: time(state.started), completed_at: time(state.completed), phase: state.phase },
        weight: state.hook.weight,
        delete_policies: ["before-hook-creation"],
    });
    helm::encode(&helm::Release {
        name,
        namespace,
        revision: revision.number,
        chart_name,
        chart_version: &revision.chart_version,
        info: Info {
            first_deployed: time(Some(revision.first_deployed)),
            last_deployed: time(Some(revision.last_deployed)),
            deleted: time(revision.deleted),
            description: &revision.description,
            status: revision.status,
            rollback_revision: if helm == HelmVersion::Four { revision.rolled_back_to } else { 0 },
            notes: NOTES,
        },
        config: revision.values.config(),
        manifest: &revision.manifest,
        hooks: hooks.collect(),
        helm,
        apply_method: revision.apply_method,
    })
}
