//! What mends a source: the permission that it lacks, or where to look.

use crate::model::source::SourceKind;

/// The permission that a source needs.
pub(super) const fn rule(kind: SourceKind) -> &'static str {
    match kind {
        SourceKind::Pods => "list and watch of pods",
        SourceKind::StatefulSets => "list and watch of statefulsets.apps",
        SourceKind::Deployments => "list and watch of deployments.apps",
        SourceKind::ReplicaSets => "list and watch of replicasets.apps",
        SourceKind::Jobs => "list and watch of jobs.batch",
        SourceKind::Helm | SourceKind::HelmBodies => {
            "list, watch and get of secrets (configmaps with helm.driver configmap), or write helm: {access: none}"
        }
        SourceKind::ConfigMaps => "list and watch of configmaps; only state_config_maps_clean suffers without",
        SourceKind::Backups => "list and watch of cronjobs.batch or jobs.batch",
        SourceKind::Signals | SourceKind::Prometheus | SourceKind::Dependencies | SourceKind::InfoMart => {
            "what the answer names, to the account that the configuration names"
        }
    }
}

/// Where to look when a source answers with an error, or not at all.
pub(super) const fn cure(kind: SourceKind) -> &'static str {
    match kind {
        SourceKind::Signals => {
            "compare suites[].*.metrics with the pods' ports, and look for a NetworkPolicy in between"
        }
        SourceKind::Prometheus => "compare prometheus.url, its token and its ca_file with what answers there",
        SourceKind::Dependencies => {
            "compare suites[].dependencies with what answers there; a NetworkPolicy may forbid it"
        }
        SourceKind::InfoMart => "compare suites[].database with the server, the user's rights and the password file",
        SourceKind::Backups => "compare suites[].backup with the Job or CronJob that there is",
        SourceKind::HelmBodies => "see which Secret is named, and whether it is Helm's",
        _ => "see that the API server answers, and that a NetworkPolicy lets the exporter reach it",
    }
}
