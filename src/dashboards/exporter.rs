//! The dashboard of the exporter itself: whether it hears its sources, what it costs, and whether its own alerts arrive.

use super::panel::{Column, Field, Kind, Panel, Row, Shows, Unit, ask, label, series, value};
use super::states::States;
use super::{Dashboard, DashboardName, Variable};

const CLUSTER: Column = Column { field: Field::Cluster, title: "Cluster", shows: Shows::Text };

/// The dashboard.
pub(super) fn dashboard() -> Dashboard {
    Dashboard {
        name: DashboardName::Exporter,
        title: "GIM upgrades: the exporter",
        description: "Whether gim-upgrade-exporter hears its sources, what it costs, and whether its own alerts arrive.",
        variables: &[Variable::Datasource, Variable::Clusters],
        annotations: Vec::new(),
        rows: vec![
            Row { title: "Exporters", panels: vec![exporters(), loaded(), rejected()] },
            Row { title: "Sources", panels: vec![sources(), heard(), errors()] },
            Row { title: "From event to page, and the cost of scrapes", panels: costs() },
            Row { title: "The process", panels: process() },
            Row { title: "Its own alerts", panels: notifications() },
        ],
    }
}

fn exporters() -> Panel {
    let columns = vec![
        CLUSTER,
        label("instance", "Instance", Shows::Text),
        label("version", "Version", Shows::Text),
        value(1, "Runs for", Shows::Number(Unit::Seconds)),
        value(2, "Configuration loaded", Shows::State(States::Success)),
        value(3, "Clock behind the API server's", Shows::Number(Unit::Seconds)),
        value(4, "Web configuration loaded", Shows::State(States::Success)),
        value(5, "Last judged", Shows::Number(Unit::Seconds)),
    ];
    Panel::table("Exporters", [24, 6], columns)
        .says("Each exporter that is scraped: its build, whether it took its configurations, how far its clock is from the API server's, and how long ago it last judged.")
        .asks(&[
            ask("max by (@name, instance, version) (gim_upgrade_exporter_build_info{@cluster})"),
            ask(
                "time() - max by (@name, instance) (process_start_time_seconds{@cluster}\n\
                 and on (@name, instance) gim_upgrade_exporter_build_info{@cluster})",
            ),
            ask("min by (@name, instance) (gim_upgrade_exporter_config_last_reload_successful{@cluster})"),
            ask("max by (@name, instance) (gim_upgrade_exporter_clock_offset_seconds{@cluster})"),
            ask("min by (@name, instance) (gim_upgrade_exporter_web_config_last_reload_successful{@cluster})"),
            ask("time() - min by (@name, instance) (gim_upgrade_exporter_judged_timestamp_seconds{@cluster})"),
        ])
        .runbooks(&[
            "GimUpgradeExporterAbsent",
            "GimUpgradeExporterStuck",
            "GimUpgradeConfigRefused",
            "GimUpgradeWebConfigRefused",
        ])
}

fn loaded() -> Panel {
    Panel::new("Since the configuration was loaded", [12, 6], Kind::Numbers(Unit::Seconds))
        .says("How long ago the configuration was last loaded, the longest of each cluster.")
        .asks(&[series(
            "time() - min by (@name) (gim_upgrade_exporter_config_last_reload_success_timestamp_seconds{@cluster})",
            "exporters {{@name}}",
        )])
        .runbooks(&["GimUpgradeConfigRefused"])
}

fn rejected() -> Panel {
    Panel::lines("Clients that were not let in", [12, 6], Unit::PerSecond)
        .says("Connections and requests per second that were refused, by reason. A Prometheus among them shows nothing elsewhere.")
        .asks(&[series(
            "sum by (@name, reason) (rate(gim_upgrade_exporter_web_rejections_total{@cluster}[$__rate_interval]))",
            "{{reason}} {{@name}}",
        )])
        .runbooks(&["GimUpgradeExporterAbsent", "GimUpgradeWebConfigRefused"])
}

fn sources() -> Panel {
    let columns = vec![
        CLUSTER,
        label("source", "Source", Shows::Text),
        label("target_namespace", "Namespace", Shows::Text),
        value(0, "State", Shows::State(States::Source)),
        value(1, "Longest silence", Shows::Number(Unit::Seconds)),
        value(2, "Silence allowed", Shows::Number(Unit::Seconds)),
    ];
    Panel::table("Sources", [14, 10], columns)
        .says("What evidence comes from, and how fresh it is, at the exporter that hears it worst. The namespace is empty where one source covers all.")
        .asks(&[
            ask("sort(min by (@name, source, target_namespace) (gim_upgrade_source_up{@cluster}))"),
            ask(
                "time() - min by (@name, source, target_namespace) (gim_upgrade_source_last_contact_timestamp_seconds{@cluster})",
            ),
            ask("min by (@name, source, target_namespace) (gim_upgrade_source_stale_after_seconds{@cluster})"),
        ])
        .runbooks(&["GimUpgradeExporterBlind", "GimUpgradeSourceDown", "GimUpgradeVerdictUnknown"])
}

fn errors() -> Panel {
    Panel::lines("Errors of sources", [24, 8], Unit::PerSecond)
        .says("Errors per second, by source and kind. Some are normal where the API server starts anew.")
        .asks(&[series(
            "sum by (@name, source, kind) (rate(gim_upgrade_source_errors_total{@cluster}[$__rate_interval]))",
            "{{source}} {{kind}} {{@name}}",
        )])
        .runbooks(&["GimUpgradeExporterBlind"])
}

fn heard() -> Panel {
    Panel::new("Sources over time", [10, 10], Kind::Values(States::Source))
        .says("Whether each source may be believed, at the exporter that hears it worst.")
        .asks(&[series(
            "min by (@name, source, target_namespace) (gim_upgrade_source_up{@cluster})",
            "{{source}} {{target_namespace}} {{@name}}",
        )])
        .runbooks(&["GimUpgradeExporterBlind"])
}

fn costs() -> Vec<Panel> {
    vec![
        Panel::lines("From event to page", [8, 8], Unit::Seconds)
            .says("Time from hearing of a change until the page shows it; the target is 0.1 s.")
            .asks(&[
                series(
                    "histogram_quantile(0.5, sum by (@name, le) (rate(gim_upgrade_exporter_event_to_page_seconds_bucket{@cluster}[$__rate_interval])))",
                    "half of them {{@name}}",
                ),
                series(
                    "histogram_quantile(0.99, sum by (@name, le) (rate(gim_upgrade_exporter_event_to_page_seconds_bucket{@cluster}[$__rate_interval])))",
                    "99 of 100 {{@name}}",
                ),
            ])
            .runbooks(&["GimUpgradeExporterBlind"]),
        Panel::lines("Time to make a page", [8, 8], Unit::Seconds)
            .says("Time that a scrape takes in the exporter.")
            .asks(&[
                series(
                    "histogram_quantile(0.5, sum by (@name, le) (rate(gim_upgrade_exporter_scrape_duration_seconds_bucket{@cluster}[$__rate_interval])))",
                    "half of them {{@name}}",
                ),
                series(
                    "histogram_quantile(0.99, sum by (@name, le) (rate(gim_upgrade_exporter_scrape_duration_seconds_bucket{@cluster}[$__rate_interval])))",
                    "99 of 100 {{@name}}",
                ),
            ])
            .runbooks(&["GimUpgradeExporterAbsent"]),
        Panel::lines("Samples of a scrape", [8, 8], Unit::Count)
            .says("How many samples Prometheus takes from each exporter.")
            .asks(&[series(
                "max by (@name, instance) (scrape_samples_scraped{@cluster} and on (@name, instance) gim_upgrade_exporter_build_info{@cluster})",
                "{{instance}} {{@name}}",
            )])
            .runbooks(&["GimUpgradeExporterAbsent"]),
    ]
}

fn process() -> Vec<Panel> {
    vec![
        Panel::lines("Memory", [8, 7], Unit::Bytes)
            .says("Resident memory of each exporter.")
            .asks(&[series(
                "max by (@name, instance) (process_resident_memory_bytes{@cluster} and on (@name, instance) gim_upgrade_exporter_build_info{@cluster})",
                "{{instance}} {{@name}}",
            )])
            .runbooks(&["GimUpgradeExporterAbsent"]),
        Panel::lines("CPU", [8, 7], Unit::Share)
            .says("The share of one CPU that each exporter takes.")
            .asks(&[series(
                "max by (@name, instance) (rate(process_cpu_seconds_total{@cluster}[$__rate_interval])\n\
                 and on (@name, instance) gim_upgrade_exporter_build_info{@cluster})",
                "{{instance}} {{@name}}",
            )])
            .runbooks(&["GimUpgradeExporterAbsent"]),
        Panel::lines("File descriptors", [8, 7], Unit::Share)
            .says("The share of the file descriptors that it may have open, of each exporter.")
            .asks(&[series(
                "max by (@name, instance) (process_open_fds{@cluster} / process_max_fds{@cluster}\n\
                 and on (@name, instance) gim_upgrade_exporter_build_info{@cluster})",
                "{{instance}} {{@name}}",
            )])
            .runbooks(&["GimUpgradeExporterAbsent"]),
    ]
}

fn notifications() -> Vec<Panel> {
    vec![
        Panel::lines("Alerts posted", [12, 8], Unit::PerSecond)
            .says("Alerts that an exporter posted to each Alertmanager, that did not arrive in time, and posts that failed. Nothing where it posts none.")
            .asks(&[
                series(
                    "sum by (@name, alertmanager) (rate(gim_upgrade_exporter_notifications_sent_total{@cluster}[$__rate_interval]))",
                    "sent {{alertmanager}} {{@name}}",
                ),
                series(
                    "sum by (@name, alertmanager) (rate(gim_upgrade_exporter_notifications_errors_total{@cluster}[$__rate_interval]))",
                    "failed posts {{alertmanager}} {{@name}}",
                ),
                series(
                    "sum by (@name, alertmanager) (rate(gim_upgrade_exporter_notifications_dropped_total{@cluster}[$__rate_interval]))",
                    "dropped {{alertmanager}} {{@name}}",
                ),
            ])
            .runbooks(&["GimUpgradeNotificationsFailing", "GimUpgradeSidecarWatchdog"]),
        Panel::lines("Alerts that wait", [12, 8], Unit::Count)
            .says("Alerts that wait to be posted. A queue that stays shows an Alertmanager that does not answer.")
            .asks(&[series(
                "max by (@name, alertmanager) (gim_upgrade_exporter_notifications_queue_length{@cluster})",
                "{{alertmanager}} {{@name}}",
            )])
            .runbooks(&["GimUpgradeNotificationsFailing", "GimUpgradeSidecarWatchdog"]),
    ]
}
