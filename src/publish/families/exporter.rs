//! Families of the exporter itself. Their values are kept by `own`.

use super::{Family, Yields};
use crate::exposition::{Description, Kind};
use crate::publish::own::{Figures, PostCounts, Rejection};
use crate::publish::series::Series;

/// The family of [`crate::publish::own::OwnMetrics::event_to_page`].
pub(in crate::publish) const EVENT_TO_PAGE: Description = Description {
    name: "gim_upgrade_exporter_event_to_page_seconds",
    help: "Time from hearing of a change to a snapshot that shows it.",
    kind: Kind::Histogram,
    unit: Some("seconds"),
};

/// The family of [`crate::publish::own::OwnMetrics::scrape`].
pub(in crate::publish) const SCRAPE_DURATION: Description = Description {
    name: "gim_upgrade_exporter_scrape_duration_seconds",
    help: "Time taken to make a page of metrics.",
    kind: Kind::Histogram,
    unit: Some("seconds"),
};

const ON_LINUX: &str = "On Linux.";
const ALERTMANAGER: &[&str] = &["alertmanager"];
const CONFIGURED: &str = "Where Alertmanagers are configured.";

/// One series for each Alertmanager.
fn posts<'a>(own: &'a Figures, series: &mut Series<'a>, count: impl Fn(&PostCounts) -> u64) {
    for (alertmanager, counts) in &own.posts {
        series.put([&**alertmanager], count(counts) as f64);
    }
}

pub(super) const FAMILIES: [Family; 19] = [
    Family::info(
        "gim_upgrade_exporter_build_info",
        "The build of the exporter.",
        Yields::Figures(|_, series| series.state([env!("CARGO_PKG_VERSION"), env!("GIM_UPGRADE_BUILD_COMMIT")])),
    )
    .labels(&["version", "revision"]),
    Family::gauge(
        "gim_upgrade_exporter_config_last_reload_successful",
        "Whether the last attempt to load the configuration succeeded.",
        Yields::Figures(|own, series| series.put([], if own.config_good { 1.0 } else { 0.0 })),
    ),
    Family::seconds(
        "gim_upgrade_exporter_config_last_reload_success_timestamp_seconds",
        "When the configuration was last loaded.",
        Yields::Figures(|own, series| series.put([], own.config_loaded_seconds)),
    ),
    Family::gauge(
        "gim_upgrade_exporter_web_config_last_reload_successful",
        "Whether the last attempt to load the web configuration, certificates included, succeeded.",
        Yields::Figures(|own, series| series.put([], if own.web_config_good { 1.0 } else { 0.0 })),
    ),
    Family::counter(
        "gim_upgrade_exporter_web_rejections_total",
        "Clients that were not let in: no TLS with them, not authenticated, not permitted, undecided, too often, or no place for them.",
        Yields::Figures(|own, series| {
            for &why in Rejection::ALL {
                series.put([why.as_str()], own.rejections.so_far(why) as f64);
            }
        }),
    )
    .labels(&["reason"]),
    Family::seconds(
        "gim_upgrade_exporter_clock_offset_seconds",
        "The API server's clock less the exporter's.",
        Yields::Figures(|own, series| series.put([], own.clock_offset_seconds)),
    ),
    Family::seconds(
        "gim_upgrade_exporter_judged_timestamp_seconds",
        "When the exporter last saw to it that all suites are judged: every second, whether anything changed or not.",
        Yields::Figures(|own, series| series.put_some([], own.judged_seconds)),
    )
    .when("While suites are watched."),
    Family::described(EVENT_TO_PAGE, Yields::Delays(|own| &own.event_to_page)),
    Family::described(SCRAPE_DURATION, Yields::Delays(|own| &own.scrape_duration)),
    Family::counter(
        "gim_upgrade_exporter_notifications_sent_total",
        "Alerts that were delivered to an Alertmanager.",
        Yields::Figures(|own, series| posts(own, series, |counts| counts.sent)),
    )
    .labels(ALERTMANAGER)
    .when(CONFIGURED),
    Family::counter(
        "gim_upgrade_exporter_notifications_errors_total",
        "Posts of alerts to an Alertmanager that failed.",
        Yields::Figures(|own, series| posts(own, series, |counts| counts.errors)),
    )
    .labels(ALERTMANAGER)
    .when(CONFIGURED),
    Family::counter(
        "gim_upgrade_exporter_notifications_dropped_total",
        "Alerts that did not reach an Alertmanager before newer ones took their place, or that it refused.",
        Yields::Figures(|own, series| posts(own, series, |counts| counts.dropped)),
    )
    .labels(ALERTMANAGER)
    .when(CONFIGURED),
    Family::gauge(
        "gim_upgrade_exporter_notifications_queue_length",
        "Alerts that wait to be delivered to an Alertmanager.",
        Yields::Figures(|own, series| posts(own, series, |counts| counts.waiting)),
    )
    .labels(ALERTMANAGER)
    .when(CONFIGURED),
    Family::counter(
        "process_cpu_seconds_total",
        "CPU time spent, user and system.",
        Yields::Figures(|own, series| series.put_some([], own.usage.cpu_seconds)),
    )
    .unit("seconds")
    .when(ON_LINUX),
    Family::gauge(
        "process_max_fds",
        "File descriptors that may be open.",
        Yields::Figures(|own, series| series.put_some([], own.process.max_fds)),
    )
    .when(ON_LINUX),
    Family::gauge(
        "process_open_fds",
        "File descriptors that are open.",
        Yields::Figures(|own, series| series.put_some([], own.usage.open_fds)),
    )
    .when(ON_LINUX),
    Family::gauge(
        "process_resident_memory_bytes",
        "Resident memory.",
        Yields::Figures(|own, series| series.put_some([], own.usage.resident_bytes)),
    )
    .unit("bytes")
    .when(ON_LINUX),
    Family::seconds(
        "process_start_time_seconds",
        "When the process began, since the Unix epoch.",
        Yields::Figures(|own, series| series.put_some([], own.process.start_seconds)),
    )
    .when(ON_LINUX),
    Family::gauge(
        "process_virtual_memory_bytes",
        "Virtual memory.",
        Yields::Figures(|own, series| series.put_some([], own.usage.virtual_bytes)),
    )
    .unit("bytes")
    .when(ON_LINUX),
];
