//! The kinds of object that the simulated cluster holds, with the names the Kubernetes API gives them.
//!
//! Only what appears in paths, in `kind`/`apiVersion` and in selectors: what an object means is known to the
//! controllers that write it.

use std::fmt;

/// One kind of namespaced object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// `v1` Pod.
    Pods,
    /// `apps/v1` StatefulSet.
    StatefulSets,
    /// `apps/v1` Deployment.
    Deployments,
    /// `apps/v1` `ReplicaSet`.
    ReplicaSets,
    /// `batch/v1` Job.
    Jobs,
    /// `v1` Secret.
    Secrets,
    /// `v1` `ConfigMap`.
    ConfigMaps,
    /// `batch/v1` `CronJob`.
    CronJobs,
}

impl Kind {
    /// Every kind, in the order of their discriminants.
    pub const ALL: [Self; 8] = [
        Self::Pods,
        Self::StatefulSets,
        Self::Deployments,
        Self::ReplicaSets,
        Self::Jobs,
        Self::Secrets,
        Self::ConfigMaps,
        Self::CronJobs,
    ];

    /// The API group, empty for the core group.
    #[must_use]
    pub const fn group(self) -> &'static str {
        match self {
            Self::Pods | Self::Secrets | Self::ConfigMaps => "",
            Self::StatefulSets | Self::Deployments | Self::ReplicaSets => "apps",
            Self::Jobs | Self::CronJobs => "batch",
        }
    }

    /// The version within the group.
    #[must_use]
    pub const fn version(self) -> &'static str {
        "v1"
    }

    /// `apiVersion` as objects carry it.
    #[must_use]
    pub const fn api_version(self) -> &'static str {
        match self {
            Self::Pods | Self::Secrets | Self::ConfigMaps => "v1",
            Self::StatefulSets | Self::Deployments | Self::ReplicaSets => "apps/v1",
            Self::Jobs | Self::CronJobs => "batch/v1",
        }
    }

    /// The resource name of paths and error messages.
    #[must_use]
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Pods => "pods",
            Self::StatefulSets => "statefulsets",
            Self::Deployments => "deployments",
            Self::ReplicaSets => "replicasets",
            Self::Jobs => "jobs",
            Self::Secrets => "secrets",
            Self::ConfigMaps => "configmaps",
            Self::CronJobs => "cronjobs",
        }
    }

    /// `kind` as objects carry it.
    #[must_use]
    pub const fn singular(self) -> &'static str {
        match self {
            Self::Pods => "Pod",
            Self::StatefulSets => "StatefulSet",
            Self::Deployments => "Deployment",
            Self::ReplicaSets => "ReplicaSet",
            Self::Jobs => "Job",
            Self::Secrets => "Secret",
            Self::ConfigMaps => "ConfigMap",
            Self::CronJobs => "CronJob",
        }
    }

    /// The kind that a path of the API names.
    #[must_use]
    pub fn from_path(group: &str, version: &str, plural: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.group() == group && kind.version() == version && kind.plural() == plural)
    }

    /// The fields, beside `metadata.name` and `metadata.namespace`, that a field selector may name for this kind.
    /// A real server knows a few more for pods; nothing here needs them.
    #[must_use]
    pub const fn selectable_fields(self) -> &'static [&'static str] {
        match self {
            Self::Pods => &["spec.nodeName", "status.phase"],
            Self::Secrets => &["type"],
            _ => &[],
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.plural())
    }
}

/// One value for each kind.
#[derive(Clone, Debug, Default)]
pub(super) struct PerKind<T> {
    pods: T,
    stateful_sets: T,
    deployments: T,
    replica_sets: T,
    jobs: T,
    secrets: T,
    config_maps: T,
    cron_jobs: T,
}

impl<T> PerKind<T> {
    pub(super) const fn get(&self, kind: Kind) -> &T {
        match kind {
            Kind::Pods => &self.pods,
            Kind::StatefulSets => &self.stateful_sets,
            Kind::Deployments => &self.deployments,
            Kind::ReplicaSets => &self.replica_sets,
            Kind::Jobs => &self.jobs,
            Kind::Secrets => &self.secrets,
            Kind::ConfigMaps => &self.config_maps,
            Kind::CronJobs => &self.cron_jobs,
        }
    }

    pub(super) const fn get_mut(&mut self, kind: Kind) -> &mut T {
        match kind {
            Kind::Pods => &mut self.pods,
            Kind::StatefulSets => &mut self.stateful_sets,
            Kind::Deployments => &mut self.deployments,
            Kind::ReplicaSets => &mut self.replica_sets,
            Kind::Jobs => &mut self.jobs,
            Kind::Secrets => &mut self.secrets,
            Kind::ConfigMaps => &mut self.config_maps,
            Kind::CronJobs => &mut self.cron_jobs,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_its_kind_and_no_other() {
        let cases = [
            ("", "v1", "pods", Some(Kind::Pods)),
            ("apps", "v1", "replicasets", Some(Kind::ReplicaSets)),
            ("batch", "v1", "jobs", Some(Kind::Jobs)),
            ("", "v1", "statefulsets", None),
            ("apps", "v1beta1", "deployments", None),
            ("", "v1", "services", None),
        ];
        for (group, version, plural, expected) in cases {
            assert_eq!(Kind::from_path(group, version, plural), expected, "{group}/{version}/{plural}");
        }
    }

    #[test]
    fn each_kind_has_its_own_value() {
        let mut numbers = PerKind::<usize>::default();
        for (number, kind) in Kind::ALL.into_iter().enumerate() {
            *numbers.get_mut(kind) = number;
        }
        for (number, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(*numbers.get(kind), number, "{kind}");
        }
    }
}
