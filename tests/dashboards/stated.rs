//! What each panel states: in which scenario it shows something, how many series answer each of its queries, and with which labels.
//!
//! Of the dashboard of one suite that suite is chosen, in the cluster in which something happens; of the others everything.

use gim_upgrade_exporter::dashboards::DashboardName::{self, Exporter, Fleet, Upgrade};

/// What a panel states.
pub struct Stated {
    pub dashboard: DashboardName,
    pub panel: &'static str,
    /// The suite that is chosen, where one is: see `pages::WATCHED`.
    pub suite: &'static str,
    pub answers: &'static [Answer],
}

/// What an answer is stated to be.
pub struct Answer {
    pub rows: usize,
    pub labels: &'static [&'static str],
}

const fn of(dashboard: DashboardName, panel: &'static str, suite: &'static str, answers: &'static [Answer]) -> Stated {
    Stated { dashboard, panel, suite, answers }
}

const fn gives(rows: usize, labels: &'static [&'static str]) -> Answer {
    Answer { rows, labels }
}

/// The dashboard, the annotation, how many series mark something, and their labels.
pub const ANNOTATED: &[(DashboardName, &str, usize, &[&str])] = &[
    (Upgrade, "Operation begins", 1, &["component"]),
    (Upgrade, "Helm is done", 1, &["component"]),
    (Upgrade, "Rollback", 1, &["component", "operation"]),
    (Fleet, "Operation begins", 14, &["cluster", "suite", "component"]),
];

/// Every panel.
pub const STATED: &[Stated] = &[
    of(
        Upgrade,
        "Now",
        "failing",
        &[
            gives(3, &["component"]),
            gives(3, &["component", "stage"]),
            gives(3, &["component", "verdict"]),
            gives(1, &["component", "reason"]),
            gives(1, &["component"]),
            gives(0, &[]),
            gives(3, &["component", "operation"]),
            gives(3, &["component", "chart_version"]),
            gives(3, &["component"]),
        ],
    ),
    of(
        Upgrade,
        "Now",
        "draining",
        &[
            gives(3, &["component"]),
            gives(3, &["component", "stage"]),
            gives(3, &["component", "verdict"]),
            gives(1, &["component", "reason"]),
            gives(0, &[]),
            gives(1, &["component"]),
            gives(3, &["component", "operation"]),
            gives(3, &["component", "chart_version"]),
            gives(3, &["component"]),
        ],
    ),
    of(
        Upgrade,
        "Now",
        "done",
        &[
            gives(3, &["component"]),
            gives(3, &["component", "stage"]),
            gives(3, &["component", "verdict"]),
            gives(0, &[]),
            gives(0, &[]),
            gives(0, &[]),
            gives(3, &["component", "operation"]),
            gives(3, &["component", "chart_version"]),
            gives(3, &["component"]),
        ],
    ),
    of(Upgrade, "Why this verdict", "failing", &[gives(1, &["component", "reason"])]),
    of(Upgrade, "What closes the gate", "failing", &[gives(3, &["component", "reason"])]),
    of(Upgrade, "Alerts that fire", "failing", &[gives(3, &["component", "alertname", "severity"])]),
    of(
        Upgrade,
        "What cannot be seen",
        "silent",
        &[gives(2, &["source", "target_namespace"]), gives(2, &["source", "target_namespace"])],
    ),
    of(Upgrade, "Since the last scrape and reading", "done", &[gives(1, &[]), gives(2, &["component"])]),
    of(Upgrade, "Stage", "done", &[gives(3, &["component", "stage"])]),
    of(Upgrade, "Verdict", "done", &[gives(3, &["component", "verdict"])]),
    of(Upgrade, "Latency by topic", "draining", &[gives(4, &["component", "topic"])]),
    of(Upgrade, "Trend", "draining", &[gives(1, &["component", "trend"])]),
    of(Upgrade, "Drained in", "draining", &[gives(1, &["component"])]),
    of(Upgrade, "Slope", "draining", &[gives(1, &["component"])]),
    of(
        Upgrade,
        "Time against deadlines",
        "done",
        &[gives(9, &["component", "deadline"]), gives(9, &["component", "deadline"])],
    ),
    of(Upgrade, "Checks", "broken", &[gives(38, &["component", "check"])]),
    of(Upgrade, "Pods by generation", "failing", &[gives(6, &["component", "generation"]), gives(3, &["component"])]),
    of(Upgrade, "Restarts", "oom", &[gives(3, &["component"])]),
    of(Upgrade, "Why pods wait", "failing", &[gives(1, &["component", "generation", "reason"])]),
    of(Upgrade, "Pods that are not Ready", "failing", &[gives(1, &["component", "target_pod"])]),
    of(Upgrade, "How containers ended", "oom", &[gives(1, &["component", "reason"])]),
    of(
        Upgrade,
        "Releases",
        "failing",
        &[
            gives(5, &["component", "release", "role"]),
            gives(5, &["component", "release", "role", "status"]),
            gives(5, &["component", "app_version", "chart_version", "release", "role"]),
        ],
    ),
    of(Upgrade, "Hooks", "done", &[gives(2, &["component", "event", "hook", "phase"])]),
    of(Upgrade, "Flink, configuration and dependencies", "broken", &[gives(8, &["component", "check"])]),
    of(Upgrade, "Flink's job and task managers", "done", &[gives(2, &["component", "signal"])]),
    of(Upgrade, "Flink's last checkpoint", "done", &[gives(1, &["component", "signal"])]),
    of(Upgrade, "Operations", "done", &[gives(3, &["component", "operation", "outcome"])]),
    of(Upgrade, "Time per stage", "done", &[gives(9, &["component", "stage"])]),
    of(Upgrade, "Schema of the Info Mart", "done", &[gives(1, &["component", "schema_version"])]),
    of(Fleet, "Components by verdict", "", &[gives(6, &["verdict"])]),
    of(Fleet, "Components by chart", "", &[gives(6, &["component", "chart_version"])]),
    of(
        Fleet,
        "Components",
        "",
        &[
            gives(58, &["cluster", "suite", "component", "verdict"]),
            gives(58, &["cluster", "suite", "component", "stage"]),
            gives(15, &["cluster", "suite", "component", "reason"]),
            gives(58, &["cluster", "suite", "component", "operation"]),
            gives(5, &["cluster", "suite", "component"]),
            gives(2, &["cluster", "suite", "component"]),
            gives(58, &["cluster", "suite", "component"]),
            gives(58, &["cluster", "suite", "component"]),
        ],
    ),
    of(Fleet, "Alerts that fire", "", &[gives(15, &["cluster", "suite", "alertname", "severity"])]),
    of(Fleet, "Components that suites share", "", &[gives(2, &["cluster", "suite", "component", "owner"])]),
    of(Fleet, "Verdicts", "", &[gives(58, &["cluster", "suite", "component", "lane", "verdict"])]),
    of(Fleet, "Latency above a minute", "", &[gives(2, &["cluster", "suite", "component"])]),
    of(Fleet, "Behind the deadline to be Ready", "", &[gives(1, &["cluster", "suite", "component"])]),
    of(
        Exporter,
        "Exporters",
        "",
        &[
            gives(44, &["cluster", "instance", "version"]),
            gives(44, &["cluster", "instance"]),
            gives(44, &["cluster", "instance"]),
            gives(44, &["cluster", "instance"]),
            gives(44, &["cluster", "instance"]),
            gives(44, &["cluster", "instance"]),
        ],
    ),
    of(Exporter, "Since the configuration was loaded", "", &[gives(2, &["cluster"])]),
    of(Exporter, "Clients that were not let in", "", &[gives(10, &["cluster", "reason"])]),
    of(
        Exporter,
        "Sources",
        "",
        &[
            gives(18, &["cluster", "source", "target_namespace"]),
            gives(18, &["cluster", "source", "target_namespace"]),
            gives(18, &["cluster", "source", "target_namespace"]),
        ],
    ),
    of(Exporter, "Sources over time", "", &[gives(18, &["cluster", "source", "target_namespace"])]),
    of(Exporter, "Errors of sources", "", &[gives(2, &["cluster", "kind", "source"])]),
    of(Exporter, "From event to page", "", &[gives(2, &["cluster"]), gives(2, &["cluster"])]),
    of(Exporter, "Time to make a page", "", &[gives(2, &["cluster"]), gives(2, &["cluster"])]),
    of(Exporter, "Samples of a scrape", "", &[gives(44, &["cluster", "instance"])]),
    of(Exporter, "Memory", "", &[gives(44, &["cluster", "instance"])]),
    of(Exporter, "CPU", "", &[gives(44, &["cluster", "instance"])]),
    of(Exporter, "File descriptors", "", &[gives(44, &["cluster", "instance"])]),
    of(
        Exporter,
        "Alerts posted",
        "",
        &[
            gives(2, &["cluster", "alertmanager"]),
            gives(2, &["cluster", "alertmanager"]),
            gives(2, &["cluster", "alertmanager"]),
        ],
    ),
    of(Exporter, "Alerts that wait", "", &[gives(2, &["cluster", "alertmanager"])]),
];
