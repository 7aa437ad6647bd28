//! Dashboards: what people look at, as tables of panels, written as Grafana reads them.
//!
//! [`upgrade`], [`fleet`] and [`exporter`] are what a person edits; [`states`] has the words and colours of every state, read from
//! the program's own enumerations; [`render`] makes JSON of all that. Pure. Not for judging, and not for what the metrics are: that
//! is `publish`'s table, which a test holds every query against.

pub mod exporter;
pub mod fleet;
pub mod object;
pub mod panel;
pub mod query;
pub mod render;
pub mod states;
pub mod upgrade;
mod variables;

use std::time::Duration;

use self::panel::{Annotation, Row};
use crate::model::alerting::AlertSettings;
use crate::named;

named! {
    /// The dashboards there are.
    pub enum DashboardName {
        /// One suite: how its upgrade goes, and what to do.
        Upgrade = "upgrade",
        /// All suites of all clusters.
        Fleet = "fleet",
        /// The exporter itself: its sources, and what it costs.
        Exporter = "exporter",
    }
}

named! {
    /// What can be chosen above a dashboard.
    pub enum Variable {
        /// The Prometheus that is asked.
        Datasource = "datasource",
        /// The cluster: one.
        Cluster = "cluster",
        /// Any of the clusters.
        Clusters = "clusters",
        /// The suite: one.
        Suite = "suite",
        /// Any of the suites.
        Suites = "suites",
        /// Any of the components.
        Components = "components",
    }
}

/// What a configuration says that dashboards show.
#[derive(Clone, Debug)]
pub struct Settings<'a> {
    /// The cluster's label, and where runbooks and the dashboard of an upgrade are.
    pub alerts: &'a AlertSettings,
    /// The latency of Kafka consumption that is still normal.
    pub latency_ok: Duration,
}

/// One dashboard.
#[derive(Clone, Debug)]
pub struct Dashboard {
    /// Which.
    pub name: DashboardName,
    /// What stands above it.
    pub title: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// What can be chosen, in this order.
    pub variables: &'static [Variable],
    /// What is marked in all its charts.
    pub annotations: Vec<Annotation>,
    /// Its panels.
    pub rows: Vec<Row>,
}

impl DashboardName {
    /// By what Grafana and links know it; fixed for ever.
    #[must_use]
    pub const fn uid(self) -> &'static str {
        match self {
            Self::Upgrade => "gim-upgrade-suite",
            Self::Fleet => "gim-upgrade-fleet",
            Self::Exporter => "gim-upgrade-exporter",
        }
    }

    /// The dashboard itself.
    #[must_use]
    pub fn dashboard(self) -> Dashboard {
        match self {
            Self::Upgrade => upgrade::dashboard(),
            Self::Fleet => fleet::dashboard(),
            Self::Exporter => exporter::dashboard(),
        }
    }
}

#[cfg(test)]
mod tests;
