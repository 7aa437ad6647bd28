//! The steps of a scenario: what people and machines do, in the words of the tools that they use.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Behaviour, HelmVersion, Span, Surrounding};

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
    SetBehaviour(Box<Behaviour>),
    /// `kubectl set image`, by hand.
    SetImage(SetImage),
    /// The node where the workload's pods are is gone. They are not Ready from soon on, and after five minutes are being
    /// deleted, which nobody is there to confirm.
    LoseNode(Which),
    /// `kubectl delete pod --force`: gone at once, whatever the kubelet says.
    ForceDelete(Which),
    /// From now on a dependency answers so.
    Dependency(SetDependency),
    /// A backup of the Info Mart succeeded at this instant.
    Backup {
        /// When.
        at: Span,
    },
    /// From now on the aggregation reports this level; from 1 it is well.
    Aggregation {
        /// The level.
        level: i32,
    },
    /// A burst of events that come late: from now on GIM is so far behind, and drains it.
    Burst {
        /// The release of GIM.
        release: String,
        /// How far behind.
        behind: Span,
    },
    /// `./entrypoint.sh -job Job_MigrateGIM -make-export-views` in the pod of this release of GIM.
    MakeExportViews(String),
    /// `kubectl delete configmap -l app=RELEASE`: the state that Flink left behind.
    DeleteConfigMaps(String),
    /// From now on a source answers the exporter so.
    Source(SetSource),
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

/// `kubectl set image`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetImage {
    /// The release that the workload belongs to.
    pub release: String,
    /// The workload's name.
    pub workload: String,
    /// The new image's tag.
    pub tag: String,
}

/// How a dependency answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetDependency {
    /// Which: `kafka`, `database` or `object_storage`.
    pub name: Surrounding,
    /// How.
    pub state: DependencyState,
}

/// How a dependency answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DependencyState {
    /// As it should.
    #[default]
    Up,
    /// Connections are refused.
    Refused,
    /// Connections are taken and nothing is answered.
    Silent,
    /// It answers something else than its protocol, or an error of its own.
    ProtocolError,
}

/// How a source of the exporter's answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetSource {
    /// Which, as the exporter calls it: one of [`SOURCES`].
    pub name: String,
    /// How.
    pub state: SourceState,
}

/// Watches, and reads of Helm's storage objects, that may fail the exporter.
pub const SOURCES: [&str; 8] =
    ["pods", "statefulsets", "deployments", "replicasets", "jobs", "helm", "helm_bodies", "configmaps"];

/// How a source answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceState {
    /// As it should.
    #[default]
    Back,
    /// It says nothing any more.
    Silent,
    /// It refuses for lack of permission.
    Forbidden,
}

impl Action {
    /// The release that it is done to.
    #[must_use]
    pub fn release(&self) -> Option<&str> {
        match self {
            Self::Upgrade(upgrade) => Some(&upgrade.release),
            Self::Rollback(rollback) => Some(&rollback.release),
            Self::Uninstall(uninstall) => Some(&uninstall.release),
            Self::DeletePod(which)
            | Self::Drain(which)
            | Self::Evict(which)
            | Self::LoseNode(which)
            | Self::ForceDelete(which) => Some(&which.release),
            Self::Scale(scale) => Some(&scale.release),
            Self::SetImage(set) => Some(&set.release),
            Self::Burst { release, .. } | Self::MakeExportViews(release) | Self::DeleteConfigMaps(release) => {
                Some(release)
            }
            Self::SetBehaviour(_)
            | Self::Dependency(_)
            | Self::Backup { .. }
            | Self::Aggregation { .. }
            | Self::Source(_) => None,
        }
    }
}
