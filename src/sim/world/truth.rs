//! The truth about a release: what nobody in the cluster is told in one place, for tests that hold a judgement against it.
//!
//! Read from the played state and not from the objects, so that nothing that an exporter misunderstands is misunderstood
//! here as well.

use super::cluster::Cluster;
use crate::sim::controllers;
use crate::sim::scenario::Span;

/// What is true of a release at an instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Truth {
    /// Whether there are pods, and every one that stays is Ready and of the newest revision's build.
    pub ready: bool,
    /// Whether it runs: Helm has ended, all workloads are rolled out, their pods are Ready and nothing else is left.
    pub runs: bool,
    /// How often containers of its pods were started anew.
    pub restarts: u32,
    /// How far behind now the newest event is that it has consumed, in seconds; 0 where it is no GIM.
    pub behind_seconds: f64,
}

pub(super) fn of(cluster: &Cluster, release: &str, now: Span) -> Truth {
    let pods = || cluster.pods.values().filter(|pod| pod.release == release && pod.owner.kind != "Job");
    let newest = cluster.releases.get(release).and_then(|release| release.newest());
    let is_right = |tag: &str| newest.is_some_and(|newest| newest.tag() == tag);
    let mut staying = pods().filter(|pod| pod.is_active()).peekable();
    let ready = staying.peek().is_some() && staying.all(|pod| pod.is_available() && is_right(&pod.tag));
    let ended = newest.is_some_and(|newest| !newest.is_pending());
    let none_leaves = !pods().any(|pod| !pod.is_over() && !pod.is_active());
    Truth {
        ready,
        runs: ready && ended && none_leaves && controllers::is_rolled_out(cluster, release),
        restarts: pods().map(|pod| pod.restarts).sum(),
        behind_seconds: cluster.latencies.get(release).map_or(0.0, |latency| latency.behind(now)),
    }
}
