//! The steps of a scenario: what people and machines do, in the words of the tools that they use.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Behaviour, HelmVersion, Span};

/// Something that is done at an instant.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// When, from the start of the scenario; negative in a history.
    pub at: Span,
    /// What.
    #[serde(rename = "do")]
    pub action: Action,
}

/// What is done.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// `helm upgrade --install`.
    Upgrade(Upgrade),
    /// `helm rollback`.
    Rollback(Rollback),
    /// `helm uninstall`.
    Uninstall(Uninstall),
    /// `kubectl delete pod`, every pod of the workload.
    DeletePod(Which),
    /// `kubectl drain` of the node where the workload's pods are: they are evicted and start elsewhere.
    Drain(Which),
    /// The kubelet evicts the workload's pods: they fail, and stay in the list.
    Evict(Which),
    /// `kubectl scale`.
    Scale(Scale),
    /// From now on pods behave so, those that there are included.
    SetBehaviour(Behaviour),
}

/// `helm upgrade --install`: what was absent is installed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upgrade {
    /// The release, which is also the chart's name.
    pub release: String,
    /// The chart's version; that of the newest revision when absent.
    #[serde(default)]
    pub version: Option<String>,
    /// `--set image.tag=`; that of the chart's version when absent.
    #[serde(default)]
    pub tag: Option<String>,
    /// `--set replicaCount=`.
    #[serde(default)]
    pub replicas: Option<u32>,
    /// `--set` of other values, by name.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// `--wait`.
    #[serde(default)]
    pub wait: bool,
    /// `--atomic`, `--rollback-on-failure`.
    #[serde(default)]
    pub atomic: bool,
    /// `--timeout`.
    #[serde(default = "helm_default_timeout")]
    pub timeout: Span,
    /// `--description`.
    #[serde(default)]
    pub description: Option<String>,
    /// `--history-max`.
    #[serde(default = "history_max")]
    pub history_max: usize,
    /// Helm is killed so long after it began.
    #[serde(default)]
    pub kill_after: Option<Span>,
    /// The Helm that does it, where it is not the scenario's.
    #[serde(default)]
    pub helm: Option<HelmVersion>,
}

fn helm_default_timeout() -> Span {
    Span::from_secs(300)
}

fn history_max() -> usize {
    10
}

/// `helm rollback`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rollback {
    /// The release.
    pub release: String,
    /// The revision to go back to; the newest but one when absent.
    #[serde(default)]
    pub to: Option<u32>,
    /// `--wait`.
    #[serde(default)]
    pub wait: bool,
    /// `--timeout`.
    #[serde(default = "helm_default_timeout")]
    pub timeout: Span,
    /// Helm is killed so long after it began.
    #[serde(default)]
    pub kill_after: Option<Span>,
    /// The Helm that does it, where it is not the scenario's.
    #[serde(default)]
    pub helm: Option<HelmVersion>,
}

/// `helm uninstall`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Uninstall {
    /// The release.
    pub release: String,
    /// `--keep-history`.
    #[serde(default)]
    pub keep_history: bool,
    /// Helm is killed once it has said what it is about to do.
    #[serde(default)]
    pub killed: bool,
}

/// A workload.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// The release that it belongs to.
    pub release: String,
    /// Its name.
    pub workload: String,
}

/// `kubectl scale`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// The release that the workload belongs to.
    pub release: String,
    /// The workload's name.
    pub workload: String,
    /// How many pods it shall have.
    pub replicas: u32,
}

impl Action {
    /// The release that it is done to.
    #[must_use]
    pub fn release(&self) -> Option<&str> {
        match self {
            Self::Upgrade(upgrade) => Some(&upgrade.release),
            Self::Rollback(rollback) => Some(&rollback.release),
            Self::Uninstall(uninstall) => Some(&uninstall.release),
            Self::DeletePod(which) | Self::Drain(which) | Self::Evict(which) => Some(&which.release),
            Self::Scale(scale) => Some(&scale.release),
            Self::SetBehaviour(_) => None,
        }
    }
}
