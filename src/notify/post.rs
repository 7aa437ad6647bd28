//! Posting: one Alertmanager is given the newest state, until it has taken it.
//!
//! A state that was not delivered before the next one came is dropped: nothing queues, and what is posted is never older than
//! the newest that is known. One Alertmanager that is slow or down holds up no other. Not for what is posted: see `state`.

use std::convert::Infallible;
use std::sync::Arc;

use tokio::sync::watch::Receiver;
use tokio::time::sleep;

use super::alertmanager::{Alertmanager, TalkError};
use super::pace::Pace;
use super::state::State;
use crate::publish::own::Posts;

/// Posts for ever. A state begins with its first body again whenever a newer one has come.
pub async fn post(
    alertmanager: Alertmanager,
    mut states: Receiver<Arc<State>>,
    counts: Arc<Posts>,
    pace: Pace,
) -> Infallible {
    let mut health = Health::default();
    loop {
        if states.changed().await.is_err() {
            // It ends with the one that concludes, which tells why.
            return std::future::pending().await;
        }
        let mut state = take_up(&mut states, &counts);
        let mut next = 0;
        while let Some(body) = state.bodies.get(next) {
            match alertmanager.post(body.json.clone()).await {
                Ok(()) => {
                    counts.sent(body.alerts);
                    next += 1;
                    health.well(alertmanager.url());
                }
                Err(error) => {
                    counts.failed();
                    let failures = health.ailed(alertmanager.url(), &error);
                    if error.is_of_the_body() {
                        counts.dropped(body.alerts);
                        next += 1;
                    } else {
                        sleep(pace.backoff(failures)).await;
                    }
                }
            }
            if states.has_changed().unwrap_or(false) {
                state = take_up(&mut states, &counts);
                next = 0;
            }
        }
    }
}

fn take_up(states: &mut Receiver<Arc<State>>, counts: &Posts) -> Arc<State> {
    let state = Arc::clone(&states.borrow_and_update());
    counts.superseded(state.before);
    state
}

/// How posting goes, told when it turns.
#[derive(Default)]
struct Health {
    failures: u32,
    last: Option<TalkError>,
}

impl Health {
    fn well(&mut self, alertmanager: &str) {
        if let Some(error) = self.last.take() {
            tracing::info!(alertmanager, failures = self.failures, last = %error, "alerts are taken again");
        }
        self.failures = 0;
    }

    /// How often it failed in a row.
    fn ailed(&mut self, alertmanager: &str, error: &TalkError) -> u32 {
        self.failures = self.failures.saturating_add(1);
        if self.last.as_ref() == Some(error) {
            tracing::debug!(alertmanager, %error, failures = self.failures, "alerts could not be posted");
        } else {
            tracing::warn!(alertmanager, %error, "alerts could not be posted; it is tried again");
            self.last = Some(error.clone());
        }
        self.failures
    }
}
