//! The Helm commands, step by step as Helm 3 and 4 take them, for as long as nobody kills them.
//!
//! What is written when decides what the exporter can see: the order of writes here is Helm's own.

use super::helm_history::{self, HookState, Release, Revision, TimeLabels};
use super::{LAG, helm_hooks, helm_wait};
use crate::sim::chart::{Chart, Rendered, Values, tag_of};
use crate::sim::scenario::{HelmVersion, Rollback, Span, Upgrade};
use crate::sim::world::cluster::{Cluster, Event};

/// A Helm command at work.
#[derive(Clone, Debug)]
pub(in crate::sim) struct Operation {
    pub(super) release: String,
    /// The revision that it makes.
    pub(super) revision: u32,
    kind: Command,
    /// The revision that it replaces.
    original: Option<u32>,
    wait: bool,
    atomic: bool,
    pub(super) timeout: Span,
    pub(super) helm: HelmVersion,
    /// What `--description` says, if given.
    description: Option<String>,
    waiting: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Command {
    Install,
    Upgrade,
    Rollback,
}

/// What happens to a command.
#[derive(Clone, Debug)]
pub(in crate::sim) enum HelmEvent {
    /// The manifest is applied.
    Apply,
    /// A hook's Job is over.
    HookEnds { place: usize, turn: usize, error: Option<String> },
    /// `--timeout` is over.
    TimeIsUp,
    /// Helm is killed.
    Kill,
}

impl Operation {
    pub(super) fn is_waiting(&self) -> bool {
        self.waiting
    }
}

impl Command {
    const fn hooks(self) -> (&'static str, &'static str) {
        match self {
            Self::Install => ("pre-install", "post-install"),
            Self::Upgrade => ("pre-upgrade", "post-upgrade"),
            Self::Rollback => ("pre-rollback", "post-rollback"),
        }
    }
}

/// `helm upgrade --install`.
pub(super) fn upgrade(cluster: &mut Cluster, asked: &Upgrade) {
    let Some(chart) = Chart::of(&asked.release) else { return };
    let namespace = cluster.namespace.clone().unwrap_or_else(|| chart.namespace_of(&asked.release));
    let release = cluster.releases.entry(asked.release.clone()).or_insert_with(|| Release::new(chart, namespace));
    let newest = release.newest().cloned();
    if newest.as_ref().is_some_and(|revision| revision.status.starts_with("pending-")) {
        let refusal = "another operation (install/upgrade/rollback) is in progress";
        cluster.say(format!("helm upgrade {}: Error: UPGRADE FAILED: {refusal}", asked.release));
        return;
    }
    // After `uninstall --keep-history` the name is free again, and numbers go on.
    let installs = newest.as_ref().is_none_or(|revision| revision.status == "uninstalled");
    let original = release.deployed().or_else(|| release.newest()).filter(|_| !installs).cloned();
    let version = asked.version.clone().or_else(|| newest.as_ref().map(|revision| revision.chart_version.clone()));
    let version = version.unwrap_or_else(|| "100.0.100+1000".to_owned());
    let values = Values {
        tag: asked.tag.clone().unwrap_or_else(|| tag_of(&version)),
        replicas: asked.replicas.unwrap_or(usual_replicas(chart)),
        set: asked.set.clone(),
    };
    let rendered = chart.render(&asked.release, &version, &values);
    let helm = asked.helm.unwrap_or(cluster.helm);
    let kind = if installs { Command::Install } else { Command::Upgrade };
    let (status, description) = match kind {
        Command::Install => ("pending-install", "Initial install underway"),
        _ => ("pending-upgrade", "Preparing upgrade"),
    };
    helm_history::prune(cluster, &asked.release, asked.history_max);
    let revision = Revision {
        number: newest.as_ref().map_or(1, |revision| revision.number + 1),
        chart_version: version,
        values,
        status,
        description: description.to_owned(),
        first_deployed: original.as_ref().map_or(cluster.now, |revision| revision.first_deployed),
        carried: newest.filter(|_| !installs).map(|revision| revision.labels).unwrap_or_default(),
        apply_method: apply_method(helm, original.as_ref()),
        ..blank(cluster, helm, rendered)
    };
    let operation = Operation {
        release: asked.release.clone(),
        revision: revision.number,
        kind,
        original: original.map(|revision| revision.number),
        wait: asked.wait || asked.atomic,
        atomic: asked.atomic,
        timeout: asked.timeout,
        helm,
        description: asked.description.clone(),
        waiting: false,
    };
    begin(cluster, operation, revision, asked.kill_after);
}

/// `helm rollback`.
pub(super) fn rollback(cluster: &mut Cluster, asked: &Rollback) {
    let Some(release) = cluster.releases.get(&asked.release) else { return };
    let Some(newest) = release.newest().cloned() else { return };
    let to = asked.to.unwrap_or(newest.number.saturating_sub(1));
    let Some(target) = release.revisions.get(&to).cloned() else {
        cluster.say(format!("helm rollback {}: Error: release has no {to} version", asked.release));
        return;
    };
    let helm = asked.helm.unwrap_or(cluster.helm);
    let rendered =
        Rendered { manifest: target.manifest, hooks: target.hooks.into_iter().map(|state| state.hook).collect() };
    let revision = Revision {
        number: newest.number + 1,
        chart_version: target.chart_version,
        values: target.values,
        status: "pending-rollback",
        description: format!("Rollback to {to}"),
        first_deployed: newest.first_deployed,
        rolled_back_to: to,
        apply_method: target.apply_method,
        ..blank(cluster, helm, rendered)
    };
    let operation = Operation {
        release: asked.release.clone(),
        revision: revision.number,
        kind: Command::Rollback,
        original: Some(newest.number),
        wait: asked.wait,
        atomic: false,
        timeout: asked.timeout,
        helm,
        description: None,
        waiting: false,
    };
    begin(cluster, operation, revision, asked.kill_after);
}

/// What is due for a command.
pub(super) fn on_event(cluster: &mut Cluster, operation: u64, event: HelmEvent) {
    let Some(work) = cluster.operations.get(&operation).cloned() else { return };
    match event {
        HelmEvent::Kill => {
            cluster.operations.remove(&operation);
            cluster.say(format!("helm is killed while it works on {} {}", work.release, work.revision));
        }
        HelmEvent::HookEnds { place, turn, error } => {
            helm_hooks::ended(cluster, operation, place, turn, error.as_deref());
        }
        HelmEvent::Apply => apply(cluster, operation, &work),
        HelmEvent::TimeIsUp if work.waiting => {
            let cause = helm_wait::timed_out(cluster, &work.release, work.helm);
            fail(cluster, operation, &cause, false);
        }
        HelmEvent::TimeIsUp => {}
    }
}

/// The hooks of `event` are done up to `turn`.
pub(super) fn after_hook(cluster: &mut Cluster, operation: u64, event: &str, turn: usize) {
    if helm_hooks::start_next(cluster, operation, event, turn) {
        return;
    }
    if event.starts_with("pre-") {
        cluster.schedule(LAG, Event::Helm(operation, HelmEvent::Apply));
    } else {
        finish(cluster, operation);
    }
}

/// The workloads are as Helm wants them.
pub(super) fn after_wait(cluster: &mut Cluster, operation: u64) {
    let Some(work) = cluster.operations.get_mut(&operation) else { return };
    work.waiting = false;
    let (_, post) = work.kind.hooks();
    after_hook(cluster, operation, post, 0);
}

/// The command fails: what it writes depends on what it was, and on what failed.
pub(super) fn fail(cluster: &mut Cluster, operation: u64, cause: &str, in_hook: bool) {
    let Some(work) = cluster.operations.remove(&operation) else { return };
    let description = match work.kind {
        Command::Upgrade => format!("Upgrade \"{}\" failed: {cause}", work.release),
        // A failed rollback does not say that it was one.
        Command::Install | Command::Rollback => format!("Release \"{}\" failed: {cause}", work.release),
    };
    if let Some(original) = work.original.filter(|_| !in_hook) {
        helm_history::update(cluster, &work.release, original, true, |_| {});
    }
    cluster.say(format!("helm: {description}"));
    helm_history::update(cluster, &work.release, work.revision, false, |revision| {
        revision.status = "failed";
        revision.description = description;
    });
    if work.atomic && work.kind == Command::Upgrade {
        let good = cluster.releases.get(&work.release).and_then(|release| {
            release.revisions.values().rev().find(|revision| matches!(revision.status, "superseded" | "deployed"))
        });
        let asked = Rollback {
            release: work.release.clone(),
            to: good.map(|revision| revision.number),
            wait: true,
            timeout: work.timeout,
            kill_after: None,
            helm: Some(work.helm),
        };
        rollback(cluster, &asked);
    }
}

fn usual_replicas(chart: &Chart) -> u32 {
    if chart.name == "gsp" { 2 } else { 1 }
}

/// Helm 4 applies on the server's side what it installed itself, and what Helm 3 installed as Helm 3 did.
fn apply_method(helm: HelmVersion, original: Option<&Revision>) -> &'static str {
    match (helm, original) {
        (HelmVersion::Three, _) => "",
        (HelmVersion::Four, None) => "ssa",
        (HelmVersion::Four, Some(original)) if original.apply_method == "ssa" => "ssa",
        (HelmVersion::Four, Some(_)) => "csa",
    }
}

fn blank(cluster: &mut Cluster, helm: HelmVersion, rendered: Rendered) -> Revision {
    let not_run = |hook| HookState { hook, started: None, completed: None, phase: "" };
    Revision {
        number: 0,
        chart_version: String::new(),
        values: Values { tag: String::new(), replicas: 0, set: std::collections::BTreeMap::new() },
        manifest: rendered.manifest,
        hooks: rendered.hooks.into_iter().map(not_run).collect(),
        status: "unknown",
        description: String::new(),
        first_deployed: cluster.now,
        last_deployed: cluster.now,
        deleted: None,
        rolled_back_to: 0,
        helm,
        apply_method: "",
        created: cluster.now,
        written: cluster.now,
        uid: cluster.next_uid(),
        labels: TimeLabels::default(),
        carried: TimeLabels::default(),
    }
}

fn begin(cluster: &mut Cluster, operation: Operation, revision: Revision, kill_after: Option<Span>) {
    let id = cluster.next_number();
    let (pre, _) = operation.kind.hooks();
    let release = operation.release.clone();
    cluster.operations.insert(id, operation);
    helm_history::create(cluster, &release, revision);
    if let Some(after) = kill_after {
        cluster.schedule(after, Event::Helm(id, HelmEvent::Kill));
    }
    after_hook(cluster, id, pre, 0);
}

fn apply(cluster: &mut Cluster, operation: u64, work: &Operation) {
    let Some(release) = cluster.releases.get(&work.release) else { return };
    let namespace = release.namespace.clone();
    let manifest = release.revisions.get(&work.revision).map(|revision| revision.manifest.clone()).unwrap_or_default();
    super::steps::apply_manifest(cluster, &namespace, &work.release, &manifest);
    if !work.wait {
        after_wait(cluster, operation);
        return;
    }
    if let Some(work) = cluster.operations.get_mut(&operation) {
        work.waiting = true;
        let timeout = work.timeout;
        cluster.schedule(timeout, Event::Helm(operation, HelmEvent::TimeIsUp));
    }
    helm_wait::look(cluster);
}

fn finish(cluster: &mut Cluster, operation: u64) {
    let Some(work) = cluster.operations.remove(&operation) else { return };
    let replaced: Vec<u32> = match (work.kind, cluster.releases.get(&work.release)) {
        (Command::Rollback, Some(release)) => {
            let deployed = release.revisions.values().filter(|revision| revision.status == "deployed");
            deployed.map(|revision| revision.number).collect()
        }
        _ => work.original.into_iter().collect(),
    };
    for number in replaced {
        helm_history::update(cluster, &work.release, number, true, |revision| revision.status = "superseded");
    }
    let done = match work.kind {
        Command::Install => Some("Install complete".to_owned()),
        Command::Upgrade => Some("Upgrade complete".to_owned()),
        Command::Rollback => None,
    };
    helm_history::update(cluster, &work.release, work.revision, false, |revision| {
        revision.status = "deployed";
        if let Some(description) = work.description.or(done) {
            revision.description = description;
        }
    });
    cluster.say(format!("helm: {} {} is deployed", work.release, work.revision));
}
