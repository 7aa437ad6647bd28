//! What is going on and what to do now; who is called, and what cannot be seen; and how it came to that.

use super::of_suite;
use crate::dashboards::panel::{COMPONENT, Kind, Panel, Shows, Unit, ask, label, series, value};
use crate::dashboards::query::{current, least, reasons};
use crate::dashboards::states::States;

/// One row for each component, in the order in which they are upgraded.
const IN_ORDER: &str = "sort(\n\
    max by (component) (gim_upgrade_component_info{@component, component=\"gim\"})\n\
    or 2 * max by (component) (gim_upgrade_component_info{@component, component=\"gsp\"})\n\
    or 3 * max by (component) (gim_upgrade_component_info{@component, component=\"gca\"})\n\
    )";

pub(super) fn judgement() -> Vec<Panel> {
    vec![now(), why(), gate()]
}

fn now() -> Panel {
    let columns = vec![
        COMPONENT,
        label("stage", "Stage", Shows::State(States::Stage)),
        label("verdict", "Verdict", Shows::State(States::Verdict)),
        label("reason", "First reason", Shows::Text),
        value(4, "Roll back to revision", Shows::Number(Unit::Count)),
        value(5, "Waits at most", Shows::Number(Unit::Seconds)),
        label("operation", "Operation", Shows::State(States::Operation)),
        label("chart_version", "Chart", Shows::Text),
        value(8, "Gate", Shows::State(States::Gate)),
    ];
    Panel::table("Now", [24, 6], columns)
        .says(
            "Where each component stands, what to do, and the first reason for it. Proceed only where the verdict says so. \
             The gate tells whether the component may be upgraded now.",
        )
        .asks(&[
            ask(IN_ORDER),
            ask(of_suite!("gim_upgrade_stage", "stage", "unknown")),
            ask(of_suite!("gim_upgrade_verdict", "verdict", "unknown")),
            ask(concat!("topk by (component) (1, (", reasons!("component", "@component", "gim_upgrade_verdict_reason"), ") == 1)")),
            ask("max by (component) (gim_upgrade_rollback_target_revision{@component})"),
            ask("max by (component) (gim_upgrade_verdict_until_timestamp_seconds{@component}) - time()"),
            ask(of_suite!("gim_upgrade_operation", "operation", "none")),
            ask("max by (component, chart_version) (gim_upgrade_release_info{@component, role=\"main\"})"),
            ask(least!("component", "@component", "gim_upgrade_gate_open")),
        ])
        .runbooks(&["GimUpgradeRollBackAdvised", "GimUpgradeRestartPodAdvised", "GimUpgradeContactSupport", "GimUpgradeInvestigate"])
}

fn why() -> Panel {
    let columns = vec![COMPONENT, value(0, "Rank", Shows::Number(Unit::Count)), label("reason", "Reason", Shows::Text)];
    Panel::table("Why this verdict", [12, 7], columns)
        .says("The reasons of each verdict, the weightiest first: checks, or reasons with a name of their own (docs/metrics.md).")
        .asks(&[ask(concat!("sort(", reasons!("component", "@component", "gim_upgrade_verdict_reason"), ")"))])
        .runbooks(&["GimUpgradeInvestigate", "GimUpgradeVerdictUnknown"])
}

fn gate() -> Panel {
    let columns = vec![COMPONENT, label("reason", "Reason", Shows::Text)];
    Panel::table("What closes the gate", [12, 7], columns)
        .says("Why a component may not be upgraded now. Empty where all gates are open.")
        .asks(&[ask(reasons!("component", "@component", "gim_upgrade_gate_blocked"))])
        .sorted("Component", true)
        .runbooks(&["GimUpgradeInProgress", "GimUpgradeOutOfOrder", "GimUpgradeTwoAtOnce"])
}

pub(super) fn alerts() -> Vec<Panel> {
    let firing = vec![
        label("alertname", "Alert", Shows::Runbook),
        label("severity", "Severity", Shows::State(States::Severity)),
        COMPONENT,
    ];
    let unseen = vec![
        label("source", "Source", Shows::Text),
        label("target_namespace", "Namespace", Shows::Text),
        value(0, "Exporters that do not hear it", Shows::Number(Unit::Count)),
        value(1, "Longest silence", Shows::Number(Unit::Seconds)),
    ];
    vec![
        Panel::table("Alerts that fire", [12, 7], firing)
            .says("Alerts about this suite, as this Prometheus has them; each leads to its runbook. Those of the exporter itself are among them.")
            .asks(&[ask(
                "max by (component, alertname, severity) (\n\
                 ALERTS{@component, alertname=~\"GimUpgrade.+\", alertstate=\"firing\", severity!=\"none\"}\n\
                 or ALERTS{@cluster, suite=\"\", alertname=~\"GimUpgradeExporter.+\", alertstate=\"firing\"})",
            )])
            .sorted("Severity", false)
            .runbooks(&["GimUpgradeWatchdog"]),
        Panel::table("What cannot be seen", [8, 7], unseen)
            .says("Sources of evidence that an exporter of the cluster does not hear: what follows from them is unknown, never well.")
            .asks(&[
                ask("count by (source, target_namespace) (gim_upgrade_source_up{@cluster} == 0)"),
                ask(
                    "max by (source, target_namespace) (time() - gim_upgrade_source_last_contact_timestamp_seconds{@cluster}\n\
                     and gim_upgrade_source_up{@cluster} == 0)",
                ),
            ])
            .runbooks(&["GimUpgradeExporterBlind"]),
        Panel::new("Since the last scrape and reading", [4, 7], Kind::Numbers(Unit::Seconds))
            .says("How long ago Prometheus last scraped this suite, and how long ago each component's own metrics were read.")
            .asks(&[
                series("time() - max(timestamp(gim_upgrade_stage{@suite}))", "scrape"),
                series(
                    "time() - max by (component) (gim_upgrade_signals_timestamp_seconds{@component})",
                    "metrics of {{component}}",
                ),
            ])
            .runbooks(&["GimUpgradeExporterAbsent", "GimUpgradeMetricsAbsent"]),
    ]
}

pub(super) fn timelines() -> Vec<Panel> {
    let states = |state, states| Kind::States { lane: "component", state, states };
    vec![
        Panel::new("Stage", [24, 6], states("stage", States::Stage))
            .says("Where each component stood. Gaps are times in which nobody was scraped.")
            .asks(&[ask(of_suite!("gim_upgrade_stage", "stage", "unknown"))])
            .runbooks(&["GimUpgradeRolloutOverdue", "GimUpgradeReleaseFailed"]),
        Panel::new("Verdict", [24, 6], states("verdict", States::Verdict))
            .says("What was to be done with each component.")
            .asks(&[ask(of_suite!("gim_upgrade_verdict", "verdict", "unknown"))])
            .runbooks(&["GimUpgradeRollBackAdvised", "GimUpgradeInvestigate"]),
    ]
}
