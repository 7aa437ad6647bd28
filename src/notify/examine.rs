//! Examining: whether each Alertmanager answers, and what keeps the exporter's alerts and Prometheus's from being one there.
//!
//! For the command `doctor`, which asks once. Not for what runs: see `ask`.

use std::sync::Arc;

use super::alertmanager::{Alertmanager, TalkError};
use super::joining::{APART, Difference, advice, watchdogs};
use crate::model::alerting::AlertmanagerAt;
use crate::net::trust::Trust;
use crate::net::web::Web;

/// What was found at one Alertmanager.
pub struct Examined {
    /// Its URL, as it is configured.
    pub url: String,
    /// What it said.
    pub found: Result<Labels, TalkError>,
}

/// How labels are there.
pub struct Labels {
    /// Whether the configuration means them to stay apart.
    pub are_apart: bool,
    /// Whether a Prometheus posts the watchdog: without one there is nothing to join.
    pub has_prometheus: bool,
    /// What would have to change in `alertmanager.labels`.
    pub differences: Vec<Difference>,
}

/// Asks all of them, one after another.
pub async fn examine(at: &AlertmanagerAt) -> Vec<Examined> {
    let (at, web) = (Arc::new(at.clone()), Arc::new(Web::new(Arc::<Trust>::default())));
    let mut all = Vec::new();
    for url in &at.urls {
        let alertmanager = Alertmanager::new(url, Arc::clone(&at), Arc::clone(&web));
        let found = alertmanager.alerts().await.map(|known| {
            let watchdogs = watchdogs(known.iter().map(|alert| &alert.labels));
            let has_prometheus = !watchdogs.is_empty();
            Labels {
                are_apart: at.labels.contains_key(APART),
                has_prometheus,
                differences: advice(watchdogs, &at.labels),
            }
        });
        all.push(Examined { url: url.to_string(), found });
    }
    all
}
