//! Ailments: what may be wrong with the exporter itself, which no scenario has. Each is put over a scenario in which all is well.
//!
//! The exporter's own figures are not in a snapshot, so they are stated here: those of a healthy exporter, and in an ailment one of them
//! otherwise for some minutes.

use std::ops::Range;

use gim_upgrade_exporter::alerts::answer::{Sample, Series};

use super::chronicle::INTERVAL;

/// One ailment.
pub struct Ailment {
    /// As a case names it, instead of a scenario.
    pub name: &'static str,
    family: &'static str,
    labels: &'static [(&'static str, &'static str)],
    /// The value meanwhile; none where the series stands still.
    value: Option<f64>,
}

const fn ailment(
    name: &'static str,
    family: &'static str,
    labels: &'static [(&'static str, &'static str)],
    value: Option<f64>,
) -> Ailment {
    Ailment { name, family, labels, value }
}

/// The scenario that they are put over.
pub const OVER: &str = "at-rest";
/// The scrapes in which something is wrong.
const MEANWHILE: Range<usize> = 10..40;

const CONFIG: &str = "gim_upgrade_exporter_config_last_reload_successful";
const WEB_CONFIG: &str = "gim_upgrade_exporter_web_config_last_reload_successful";
const WAITING: &str = "gim_upgrade_exporter_notifications_queue_length";
const JUDGED: &str = "gim_upgrade_exporter_judged_timestamp_seconds";
const ALERTMANAGER: &[(&str, &str)] = &[("alertmanager", "http://alertmanager:9093")];

/// All of them.
pub const ALL: [Ailment; 5] = [
    ailment("config-refused", CONFIG, &[], Some(0.0)),
    ailment("web-config-refused", WEB_CONFIG, &[], Some(0.0)),
    ailment("alertmanager-away", WAITING, ALERTMANAGER, Some(3.0)),
    ailment("board-stuck", JUDGED, &[], None),
    // It never says when it was heard.
    ailment("source-never-heard", "gim_upgrade_source_up", &[("source", "prometheus")], Some(0.0)),
];

/// Adds to the nth scrape what the exporter says of itself.
pub fn put(series: &mut Series, nth: usize, ailment: Option<&Ailment>) {
    let now = INTERVAL.as_secs_f64() * nth as f64;
    let healthy = [(CONFIG, &[][..], 1.0), (WEB_CONFIG, &[], 1.0), (WAITING, ALERTMANAGER, 0.0), (JUDGED, &[], now)];
    let wrong = ailment.filter(|_| MEANWHILE.contains(&nth));
    for (family, labels, value) in
        healthy.into_iter().filter(|(family, ..)| wrong.is_none_or(|it| it.family != *family))
    {
        add(series, family, labels, value);
    }
    if let Some(wrong) = wrong {
        let stands = INTERVAL.as_secs_f64() * MEANWHILE.start as f64;
        add(series, wrong.family, wrong.labels, wrong.value.unwrap_or(stands));
    }
}

fn add(series: &mut Series, family: &'static str, labels: &[(&'static str, &str)], value: f64) {
    let labels = labels.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    series.extend(family, [Sample { labels, value }]);
}
