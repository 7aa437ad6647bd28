//! The dashboard of one suite: how its upgrade goes, and what to do. What matters most comes first.

mod detail;
mod now;
mod surroundings;

use super::panel::{Annotation, Row};
use super::states::{BLUE, GREEN, VERMILION};
use super::{Dashboard, DashboardName, Variable};

/// The dashboard.
pub(super) fn dashboard() -> Dashboard {
    Dashboard {
        name: DashboardName::Upgrade,
        title: "GIM upgrade: one suite",
        description: "How the upgrade of one suite of Genesys Info Mart goes, and what to do now, as gim-upgrade-exporter judges.",
        variables: &[Variable::Datasource, Variable::Cluster, Variable::Suite, Variable::Components],
        annotations: annotations(),
        rows: rows(),
    }
}

fn rows() -> Vec<Row> {
    vec![
        Row { title: "Now", panels: now::judgement() },
        Row { title: "Who is called, and what cannot be seen", panels: now::alerts() },
        Row { title: "Stage and verdict", panels: now::timelines() },
        Row { title: "Kafka latency", panels: detail::latency() },
        Row { title: "Time and checks", panels: detail::checks() },
        Row { title: "Pods and releases", panels: detail::pods() },
        Row { title: "Flink, configuration and dependencies", panels: surroundings::surroundings() },
        Row { title: "History", panels: surroundings::history() },
    ]
}

/// Begin and end of each operation, and rollbacks once more.
fn annotations() -> Vec<Annotation> {
    vec![
        Annotation {
            name: "Operation begins",
            expression: "1000 * max by (component) (gim_upgrade_operation_start_timestamp_seconds{@component})",
            title: "{{component}}: operation begins",
            colour: BLUE,
        },
        Annotation {
            name: "Helm is done",
            expression: "1000 * max by (component) (gim_upgrade_operation_end_timestamp_seconds{@component})",
            title: "{{component}}: Helm is done",
            colour: GREEN,
        },
        Annotation {
            name: "Rollback",
            expression: "1000 * max by (component, operation) (gim_upgrade_operation{@component, operation=~\"rollback|downgrade\"})\n\
                * on (component) group_left () max by (component) (gim_upgrade_operation_start_timestamp_seconds{@component})",
            title: "{{component}}: {{operation}} begins",
            colour: VERMILION,
        },
    ]
}

/// The current state of each component of the suite.
macro_rules! of_suite {
    ($family:literal, $label:literal, $blind:literal) => {
        current!("component", "@component", $family, $label, $blind)
    };
}
use of_suite;
