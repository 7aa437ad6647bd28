//! The dashboard of all suites of all clusters: where something goes on, and where somebody is needed. Not for why: each row leads
//! to the suite's own dashboard.

use super::panel::{Annotation, COMPONENT, Column, Field, Kind, Panel, Row, Shows, Unit, ask, label, series, value};
use super::query::{current, least, reasons};
use super::states::{BLUE, States};
use super::{Dashboard, DashboardName, Variable};

const CLUSTER: Column = Column { field: Field::Cluster, title: "Cluster", shows: Shows::Text };
const SUITE: Column = label("suite", "Suite", Shows::Suite);

/// The dashboard.
pub(super) fn dashboard() -> Dashboard {
    Dashboard {
        name: DashboardName::Fleet,
        title: "GIM upgrades: all suites",
        description: "Where something goes on, and where somebody is needed, in all suites of all clusters.",
        variables: &[Variable::Datasource, Variable::Clusters, Variable::Suites],
        annotations: vec![Annotation {
            name: "Operation begins",
            expression: "1000 * max by (@whole) (gim_upgrade_operation_start_timestamp_seconds{@suite})",
            title: "{{suite}} {{component}}: operation begins",
            colour: BLUE,
        }],
        rows: vec![
            Row { title: "In sum", panels: vec![verdicts(), builds()] },
            Row { title: "Suites", panels: vec![components(), alerts(), shared()] },
            Row { title: "Over time", panels: vec![timeline(), latency(), overdue()] },
        ],
    }
}

fn verdicts() -> Panel {
    let columns = vec![
        label("verdict", "Verdict", Shows::State(States::Verdict)),
        value(0, "Components", Shows::Number(Unit::Count)),
    ];
    Panel::table("Components by verdict", [12, 7], columns)
        .says("How many components have which verdict.")
        .asks(&[ask(concat!(
            "count by (verdict) (",
            current!("@whole", "@suite", "gim_upgrade_verdict", "verdict", "unknown"),
            ")"
        ))])
        .sorted("Components", true)
        .runbooks(&["GimUpgradeInvestigate"])
}

fn builds() -> Panel {
    let columns =
        vec![COMPONENT, label("chart_version", "Chart", Shows::Text), value(0, "Suites", Shows::Number(Unit::Count))];
    Panel::table("Components by chart", [12, 7], columns)
        .says("How many suites have which version of each component's chart.")
        .asks(&[ask(
            "count by (component, chart_version) (max by (@whole, chart_version) (gim_upgrade_release_info{@suite, role=\"main\"}))",
        )])
        .sorted("Component", true)
        .runbooks(&["GimUpgradeUnsupportedRelease"])
}

fn components() -> Panel {
    let columns = vec![
        CLUSTER,
        SUITE,
        COMPONENT,
        label("verdict", "Verdict", Shows::State(States::Verdict)),
        label("stage", "Stage", Shows::State(States::Stage)),
        label("reason", "First reason", Shows::Text),
        label("operation", "Operation", Shows::State(States::Operation)),
        value(4, "Waits at most", Shows::Number(Unit::Seconds)),
        value(5, "Roll back to revision", Shows::Number(Unit::Count)),
        value(6, "Checks that fail", Shows::Number(Unit::Count)),
        value(7, "Gate", Shows::State(States::Gate)),
    ];
    Panel::table("Components", [24, 12], columns)
        .says("Every component, and what to do with it. The name of a suite leads to its own dashboard.")
        .asks(&[
            ask(current!("@whole", "@suite", "gim_upgrade_verdict", "verdict", "unknown")),
            ask(current!("@whole", "@suite", "gim_upgrade_stage", "stage", "unknown")),
            ask(concat!(
                "topk by (@whole) (1, (",
                reasons!("@whole", "@suite", "gim_upgrade_verdict_reason"),
                ") == 1)"
            )),
            ask(current!("@whole", "@suite", "gim_upgrade_operation", "operation", "none")),
            ask("max by (@whole) (gim_upgrade_verdict_until_timestamp_seconds{@suite}) - time()"),
            ask("max by (@whole) (gim_upgrade_rollback_target_revision{@suite})"),
            ask("max by (@whole) (gim_upgrade_checks{@suite, state=\"fail\"})"),
            ask(least!("@whole", "@suite", "gim_upgrade_gate_open")),
        ])
        .sorted("Checks that fail", true)
        .runbooks(&["GimUpgradeRollBackAdvised", "GimUpgradeInvestigate"])
}

fn alerts() -> Panel {
    let columns = vec![
        CLUSTER,
        SUITE,
        label("alertname", "Alert", Shows::Runbook),
        label("severity", "Severity", Shows::State(States::Severity)),
        value(0, "Components", Shows::Number(Unit::Count)),
    ];
    Panel::table("Alerts that fire", [14, 9], columns)
        .says("By suite, as this Prometheus has them; each leads to its runbook.")
        .asks(&[ask("count by (@name, suite, alertname, severity) (max by (@whole, alertname, severity) (\n\
             ALERTS{@suite, alertname=~\"GimUpgrade.+\", alertstate=\"firing\", severity!=\"none\"}))")])
        .sorted("Severity", false)
        .runbooks(&["GimUpgradeWatchdog"])
}

fn shared() -> Panel {
    let columns = vec![CLUSTER, SUITE, COMPONENT, label("owner", "Judged under", Shows::Text)];
    Panel::table("Components that suites share", [10, 9], columns)
        .says("Components that a suite has from another one, under which they are judged.")
        .asks(&[ask("max by (@whole, owner) (gim_upgrade_suite_member{@suite})\n\
             unless on (@whole) gim_upgrade_stage{@suite}")])
        .runbooks(&["GimUpgradeInProgress"])
}

fn timeline() -> Panel {
    Panel::new("Verdicts", [24, 12], Kind::States { lane: "lane", state: "verdict", states: States::Verdict })
        .says("What was to be done with each component, as long as it was anything but nothing.")
        .asks(&[ask(concat!(
            "label_join(",
            current!("@whole", "@suite", "gim_upgrade_verdict", "verdict", "unknown"),
            "\n, \"lane\", \" \", \"suite\", \"component\", \"@name\")"
        ))])
        .runbooks(&["GimUpgradeInvestigate"])
}

fn latency() -> Panel {
    Panel::new("Latency above a minute", [12, 9], Kind::Lines { unit: Unit::Seconds, limit: true })
        .says(
            "The components that are late by more than a minute. The dashed line is the latency that is still normal.",
        )
        .asks(&[series(
            "max by (@whole) (gim_upgrade_kafka_behind_seconds{@suite}) > 60",
            "{{component}} {{suite}} {{@name}}",
        )])
        .runbooks(&["GimUpgradeLatencyHigh", "GimUpgradeBacklogGrowing"])
}

fn overdue() -> Panel {
    Panel::lines("Behind the deadline to be Ready", [12, 9], Unit::Seconds)
        .says("Components that are not Ready although the time for it is over, and since when.")
        .asks(&[series(
            "time() - min by (@whole) (gim_upgrade_operation_deadline_timestamp_seconds{@suite, deadline=\"ready\"}) > 0\n\
             and on (@whole) gim_upgrade_stage{@suite, stage=~\"applying|rolling_out\"}",
            "{{component}} {{suite}} {{@name}}",
        )])
        .runbooks(&["GimUpgradeRolloutOverdue"])
}
