//! What the exporter of a scenario is told by its configuration, beside where its releases are, and who installs them.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The exporter's configuration, as far as a scenario needs another than the default.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Configured {
    /// What stands around each suite and is looked at.
    pub surroundings: Vec<Surrounding>,
    /// What the Info Mart's schema is to be.
    pub schema: SchemaAtTarget,
    /// The builds that are to be reached.
    pub targets: Targets,
    /// The releases that there are of each component, oldest first.
    pub releases: BTreeMap<String, Vec<String>>,
    /// Topics whose latency does not count.
    pub ignored_topics: Vec<String>,
    /// Whether Helm's storage may be read.
    pub helm_access: HelmAccess,
}

/// The builds that are to be reached, by component: `gim`, `gsp`, `gca`.
pub type Targets = BTreeMap<String, String>;

/// What stands around a suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Surrounding {
    /// Kafka, asked for its versions.
    Kafka,
    /// `PostgreSQL`, asked whether it answers.
    Database,
    /// The object storage, asked whether it answers.
    ObjectStorage,
    /// The Info Mart, whose tables are looked at.
    InfoMart,
    /// The `CronJob` that backs the Info Mart up.
    Backup,
    /// The aggregation's own metrics.
    Aggregation,
}

/// The Info Mart's schema as it is to be.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SchemaAtTarget {
    /// The version that GIM is to report.
    pub version: Option<String>,
    /// Tables, and columns as `table.column`, that the database has once it is migrated.
    pub objects: Vec<String>,
    /// Export views, and their columns, that it has once the views were made anew.
    pub export_views: Vec<String>,
}

/// Whether the exporter may read Helm's storage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HelmAccess {
    /// It may.
    #[default]
    Full,
    /// It may not, and does not try.
    None,
}

/// What brings the charts into the cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Installer {
    /// Helm, which remembers in Secrets.
    #[default]
    Helm,
    /// Argo CD, which renders the charts and applies what comes of it: no Secret, no mark of Helm's.
    ArgoCd,
}
