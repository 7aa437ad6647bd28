//! Alerts about the exporter and the way to the pager: is it there, does it see, do alerts arrive. Not for suites.

use super::{Alert, Teller, alert, minutes};
use crate::alerts::query::{Aggregation, CLUSTER, Query, select, since};
use crate::model::alerting::Severity;

/// The recording rule that says which components ought to be shown: without it, an exporter that never came is not missed.
pub const EXPECTED: &str = "gim_upgrade:expected";

pub(super) fn alerts() -> Vec<Alert> {
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
        alert("GimUpgradeWatchdog", Severity::None, minutes(0), minutes(0), Query::Number(1.0))
            .says("Alerts of Prometheus arrive", "It always fires; where it is missing, pages do not come.")
            .told_by(Teller::Prometheus),
        alert("GimUpgradeSidecarWatchdog", Severity::None, minutes(0), minutes(0), Query::Number(1.0))
            .says("Alerts of the exporter arrive", "It always fires; where it is missing, the exporter's own pages do not come.")
            .told_by(Teller::Sidecar),
    ]
}
