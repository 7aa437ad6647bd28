//! What fires when, as the exporter concludes it.

use gim_upgrade_exporter::alerts::answer::Series;
use gim_upgrade_exporter::alerts::catalogue::{self, Teller};
use gim_upgrade_exporter::alerts::lifecycle::{Firing, Lifecycle};

use super::chronicle::moment;

/// Follows the alerts that Prometheus tells of.
pub fn as_prometheus() -> Lifecycle {
    let mut alerts = catalogue::all();
    alerts.retain(|alert| alert.teller != Teller::Sidecar);
    for alert in &mut alerts {
        alert.teller = Teller::Both;
    }
    Lifecycle::new(alerts)
}

/// What fires after each scrape.
pub fn told(scrapes: &[Series]) -> Vec<Vec<Firing>> {
    let mut lifecycle = as_prometheus();
    let step = |(nth, series)| {
        lifecycle.observe(moment(nth), series);
        lifecycle.firing()
    };
    scrapes.iter().enumerate().map(step).collect()
}
