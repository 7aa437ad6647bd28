//! How the cluster is looked at: choices that belong to no suite and to no judgement.
//!
//! Read by `config`, obeyed by `observe`. Not for where a component is found: that is `suite`.

use std::time::Duration;

use super::names::Name;
use crate::named;

named! {
    /// Where Helm keeps its releases.
    pub enum HelmDriver {
        /// In Secrets: Helm's default.
        Secret = "secret",
        /// In `ConfigMap`s, as with `HELM_DRIVER=configmap`.
        Configmap = "configmap",
    }
}

named! {
    /// How wide the watches are.
    pub enum KubernetesScope {
        /// Cluster-wide where the ServiceAccount may, else one watch per namespace.
        Auto = "auto",
        /// Cluster-wide.
        Cluster = "cluster",
        /// One watch per namespace of the suites.
        Namespaces = "namespaces",
    }
}

named! {
    /// The unit of `gim_kafka_timestamp_behind`.
    pub enum LatencyUnit {
        /// Milliseconds, as GIM serves it.
        Milliseconds = "milliseconds",
        /// Seconds.
        Seconds = "seconds",
    }
}

named! {
    /// Whether Helm's releases may be read.
    pub enum HelmAccess {
        /// They are read.
        Read = "read",
        /// They are not: operations are told by the workloads alone.
        None = "none",
    }
}

/// How the cluster is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Where Helm keeps its releases.
    pub helm_driver: HelmDriver,
    /// Whether they may be read.
    pub helm_access: HelmAccess,
    /// How wide the watches are.
    pub kubernetes_scope: KubernetesScope,
    /// The unit of the latency that GIM serves.
    pub latency_unit: LatencyUnit,
}

/// A Prometheus that is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrometheusAt {
    /// Its URL, without `/api/v1`.
    pub url: Name,
    /// The file that holds a bearer token; read at each query, so that it may be rotated.
    pub bearer_token_file: Option<Name>,
    /// The certificate authority to trust, beside the system's.
    pub ca_file: Option<Name>,
    /// How long an answer may take.
    pub timeout: Duration,
}

impl Default for Scope {
    fn default() -> Self {
        Self {
            helm_driver: HelmDriver::Secret,
            helm_access: HelmAccess::Read,
            kubernetes_scope: KubernetesScope::Auto,
            latency_unit: LatencyUnit::Milliseconds,
        }
    }
}
