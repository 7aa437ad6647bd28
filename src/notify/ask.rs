//! Asking: what an Alertmanager knew before the exporter began, so that a restart neither ends nor delays an alert; and whether
//! the alerts of a Prometheus have the same labels as ours.
//!
//! Nothing waits for an answer. Not for taking alerts over: see `conclude`.

use std::collections::BTreeMap;
use std::convert::Infallible;

use tokio::sync::mpsc::Sender;
use tokio::time::{sleep, timeout};

use super::alertmanager::{Alertmanager, TalkError};
use super::joining::{Difference, advice, watchdogs};
use super::pace::Pace;
use super::wire::Known;

/// Asks at the start until there is an answer, though not for long, and tells it; from then on compares labels now and then.
pub async fn ask(
    alertmanager: Alertmanager,
    configured: BTreeMap<String, String>,
    taken: Sender<Vec<Known>>,
    pace: Pace,
) -> Infallible {
    let mut joining = Joining { configured, told: Vec::new() };
    let mut last = None;
    match timeout(pace.ask, first(&alertmanager, pace, &mut last)).await {
        Ok(known) => {
            joining.look(alertmanager.url(), &known);
            // Nobody takes it any more only where everything ends.
            let _ = taken.send(known).await;
        }
        Err(_elapsed) => {
            let error = last.map_or_else(|| "no answer in time".to_owned(), |error: TalkError| error.to_string());
            tracing::warn!(
                alertmanager = alertmanager.url(),
                error,
                "it does not tell what it knew before the start: alerts begin anew"
            );
        }
    }
    drop(taken);
    loop {
        sleep(pace.compare).await;
        match alertmanager.alerts().await {
            Ok(known) => joining.look(alertmanager.url(), &known),
            Err(error) => tracing::debug!(alertmanager = alertmanager.url(), %error, "labels could not be compared"),
        }
    }
}

async fn first(alertmanager: &Alertmanager, pace: Pace, last: &mut Option<TalkError>) -> Vec<Known> {
    for failures in 1.. {
        match alertmanager.alerts().await {
            Ok(known) => return known,
            Err(error) => *last = Some(error),
        }
        sleep(pace.backoff(failures)).await;
    }
    Vec::new()
}

/// What was told of labels, so that it is told once.
struct Joining {
    configured: BTreeMap<String, String>,
    told: Vec<Difference>,
}

impl Joining {
    fn look(&mut self, alertmanager: &str, known: &[Known]) {
        let found = advice(watchdogs(known.iter().map(|alert| &alert.labels)), &self.configured);
        if found == self.told {
            return;
        }
        for difference in &found {
            tracing::warn!(
                alertmanager,
                "Prometheus and the exporter tell of the same alert twice; in alertmanager.labels: {difference}"
            );
        }
        if found.is_empty() {
            tracing::info!(alertmanager, "the alerts of Prometheus and the exporter have the same labels now");
        }
        self.told = found;
    }
}
