//! Alerts about the exporter and the way to the pager: is it there, does it see, do alerts arrive. Not for suites.

use super::{Alert, Teller, alert, minutes};
use crate::alerts::query::{Aggregation, CLUSTER, Query, select, since};
use crate::model::alerting::Severity;

/// The recording rule that says which components ought to be shown: without it, an exporter that never came is not missed.
pub const EXPECTED: &str = "gim_upgrade:expected";

/// After how many seconds without a judgement an exporter is stuck: it judges every second, and is scraped every minute at least.
const STUCK_SECONDS: f64 = 90.0;

pub(super) fn alerts() -> Vec<Alert> {
    [sight(), itself(), ways()].concat()
}

/// Whether it is there, and sees.
fn sight() -> Vec<Alert> {
    vec![
        alert(
            "GimUpgradeExporterAbsent",
            Severity::Critical,
            minutes(5),
            minutes(0),
            select(EXPECTED).max_by(&[]).unless(select("gim_upgrade_stage")),
        )
        .says(
            "Nothing watches {component} of {suite}",
            "The exporter shows no stage of it: it is down, is not scraped, or its configuration lacks the suite. Pages about an \
             upgrade cannot come meanwhile.",
        )
        .told_by(Teller::Prometheus),
        alert(
            "GimUpgradeExporterBlind",
            Severity::Warning,
            minutes(2),
            minutes(5),
            since(select("gim_upgrade_source_last_contact_timestamp_seconds"))
                .exceeds(select("gim_upgrade_source_stale_after_seconds"))
                .aggregate(Aggregation::Max, vec![CLUSTER, "source", "target_namespace"]),
        )
        .says(
            "The exporter hears nothing of {source}",
            "Silent for {value} s in namespace \"{target_namespace}\" (empty: all). What rests on it is unknown.",
        ),
        alert(
            "GimUpgradeSourceDown",
            Severity::Warning,
            minutes(5),
            minutes(5),
            // Metrics that never came are `GimUpgradeMetricsAbsent`'s: a component that is just being installed does not answer for long.
            select("gim_upgrade_source_up")
                .is_not("source", "signals")
                .equals(0.0)
                .unless_of_same_exporter(
                    &[],
                    since(select("gim_upgrade_source_last_contact_timestamp_seconds"))
                        .exceeds(select("gim_upgrade_source_stale_after_seconds")),
                )
                .aggregate(Aggregation::Max, vec![CLUSTER, "source", "target_namespace"]),
        )
        .says(
            "The exporter cannot read {source}",
            "Refused, or never heard yet, in namespace \"{target_namespace}\" (empty: all). What rests on it is unknown.",
        ),
    ]
}

/// What only Prometheus can tell: it reads the exporter's own figures.
fn itself() -> Vec<Alert> {
    vec![
        alert(
            "GimUpgradeExporterStuck",
            Severity::Warning,
            minutes(1),
            minutes(5),
            since(select("gim_upgrade_exporter_judged_timestamp_seconds"))
                .above(STUCK_SECONDS)
                .aggregate(Aggregation::Max, vec![CLUSTER]),
        )
        .says(
            "The exporter judges no more",
            "For {value} s an exporter has judged nothing, though it answers scrapes: what it shows is old.",
        )
        .told_by(Teller::Prometheus),
        alert(
            "GimUpgradeConfigRefused",
            Severity::Warning,
            minutes(5),
            minutes(5),
            select("gim_upgrade_exporter_config_last_reload_successful")
                .equals(0.0)
                .aggregate(Aggregation::Max, vec![CLUSTER]),
        )
        .says(
            "The exporter refused its configuration",
            "The former configuration stays in force, and the log says what is wrong. An exporter that starts anew would not start.",
        )
        .told_by(Teller::Prometheus),
        alert(
            "GimUpgradeWebConfigRefused",
            Severity::Warning,
            minutes(5),
            minutes(5),
            select("gim_upgrade_exporter_web_config_last_reload_successful")
                .equals(0.0)
                .aggregate(Aggregation::Max, vec![CLUSTER]),
        )
        .says(
            "The exporter refused its web configuration or certificate",
            "The former stays in force until its certificate expires, and the log says what is wrong.",
        )
        .told_by(Teller::Prometheus),
        alert(
            "GimUpgradeNotificationsFailing",
            Severity::Warning,
            minutes(5),
            minutes(5),
            // What waits for minutes is not delivered: whatever is newer takes its place at once.
            select("gim_upgrade_exporter_notifications_queue_length")
                .above(0.0)
                .aggregate(Aggregation::Max, vec![CLUSTER, "alertmanager"]),
        )
        .says(
            "The exporter's own alerts do not reach {alertmanager}",
            "{value} alerts wait to be posted, and the log says why they cannot be.",
        )
        .told_by(Teller::Prometheus),
    ]
}

/// Whether alerts arrive.
fn ways() -> Vec<Alert> {
    vec![
        alert("GimUpgradeWatchdog", Severity::None, minutes(0), minutes(0), Query::Number(1.0))
            .says("Alerts of Prometheus arrive", "It always fires; where it is missing, pages do not come.")
            .told_by(Teller::Prometheus),
        alert("GimUpgradeSidecarWatchdog", Severity::None, minutes(0), minutes(0), Query::Number(1.0))
            .says(
                "Alerts of the exporter arrive",
                "It always fires; where it is missing, the exporter's own pages do not come.",
            )
            .told_by(Teller::Sidecar),
    ]
}
