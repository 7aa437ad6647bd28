//! The scenarios that come with the program: one table over the files of `scenarios/`.

use super::{Scenario, ScenarioError, Step, parse_yaml};

macro_rules! scenarios {
    ($($name:literal),* $(,)?) => {
        /// Name and text of each scenario, in the order in which a reader would want to meet them.
        static SCENARIOS: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../scenarios/", $name, ".yaml")))),*];
    };
}

scenarios![
    "healthy-upgrade",
    "upgrade-without-wait",
    "at-rest",
    "first-install",
    "slow-migration",
    "timed-out-then-healed",
    "reconfigure",
    "tag-only",
    "pod-pending",
    "image-missing",
    "crash-loop",
    "oom",
    "hook-failed",
    "hook-failed-and-left",
    "gsp-image-missing",
    "gca-never-ready",
    "backlog-growing",
    "neighbour-operation",
    "consumer-stalled",
    "consumer-stalled-at-rest",
    "metrics-absent",
    "release-stuck-pending",
    "rollback",
    "rollback-stale-pod",
    "stale-pod-deleted-late",
    "rollback-fails",
    "rollback-wait-stale-pod",
    "atomic-rollback",
    "atomic-rollback-fails",
    "second-try",
    "reinstall-previous",
    "downgrade",
    "upgrade-over-broken",
    "on-delete",
    "history-pruned",
    "first-install-fails",
    "first-install-stuck",
    "drained-node",
    "drained-node-no-room",
    "evicted-pod",
    "scaled-to-zero",
    "uninstall",
    "uninstall-keep-history",
    "uninstall-stuck",
    "skewed-clocks",
    "kubelets-behind",
    "migration-incomplete",
    "migration-never",
    "migration-after-ready",
    "backup-old",
    "kafka-down",
    "image-missing-kafka-down",
    "database-down",
    "object-storage-down",
    "gca-never-ready-storage-down",
    "aggregation-unwell",
    "server-state-bad",
    "server-state-at-rest",
    "jobs-failing",
    "job-fails-once",
    "topic-vanishes",
    "topic-vanishes-after-upgrade",
    "retired-topic",
    "retired-topic-unlisted",
    "quiet-night",
    "batch-sawtooth",
    "lag-peak",
    "rollback-half-migrated",
    "three-tries",
    "drained-after-upgrade",
    "history-of-one",
    "unproven-target",
    "metrics-never-heard",
    "metrics-silent",
    "kafka-hiccup",
    "upgrade-out-of-order",
    "two-at-once",
    "companion-behind",
    "install-suite",
    "started-unhealthy",
    "three-releases-behind",
    "below-target",
    "flink-job-down",
    "task-managers-lost",
    "checkpoints-failing",
    "checkpoints-hang",
    "gsp-scaled-down",
    "gsp-pod-pending",
    "gsp-metrics-absent",
    "gsp-state-left",
    "gsp-over-old-state",
    "gca-image-missing",
    "gca-crash-loop",
    "gca-config-stale",
    "scaled-by-hand",
    "young-target",
    "two-tenants",
    "two-tenants-one-ill",
    "two-tenants-one-namespace",
    "one-namespace",
    "no-helm-upgrade",
    "no-helm-rollback",
    "argo-cd",
    "argo-cd-rollback",
    "two-tenants-without-helm",
    "exporter-starts-late",
    "pods-silent",
    "pods-forbidden",
    "helm-silent",
    "helm-forbidden",
    "bodies-unreadable",
];

const USUAL_HISTORY: &str = include_str!("../usual-history.yaml");

impl Scenario {
    /// The names of all scenarios.
    pub fn list() -> impl Iterator<Item = &'static str> {
        SCENARIOS.iter().map(|(name, _)| *name)
    }

    /// The scenario of that name.
    pub fn find(name: &str) -> Result<Self, ScenarioError> {
        let Some((name, text)) = SCENARIOS.iter().find(|(known, _)| *known == name) else {
            let known: Vec<&str> = Self::list().collect();
            return Err(ScenarioError::Unknown(name.to_owned(), format!("there are {}", known.join(", "))));
        };
        Self::parse(&format!("{name}.yaml"), text)
    }
}

pub(super) fn usual_history() -> Result<Vec<Step>, ScenarioError> {
    parse_yaml("usual-history.yaml", USUAL_HISTORY)
}

#[cfg(test)]
mod tests;
