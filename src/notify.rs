//! Notify: the exporter's own alerts, posted to every Alertmanager of the cluster, beside Prometheus or without one.
//!
//! `conclude` follows the snapshots and says what fires; each Alertmanager has a task that posts the newest of it (`post`)
//! and one that asks for what it knew before (`ask`). An alert is posted again and again and ends when it is posted no more:
//! an explicit end would be told to people while another sender still says that it fires. Not for when an alert fires: that is
//! `alerts`.

mod alertmanager;
mod ask;
mod conclude;
mod dress;
pub mod examine;
mod joining;
mod pace;
mod post;
mod state;
mod wire;

use std::convert::Infallible;
use std::sync::Arc;

use thiserror::Error;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinSet};

use self::alertmanager::Alertmanager;
use self::conclude::{Concluding, Conclusions};
use self::dress::Dress;
use self::pace::Pace;
use self::state::State;
use crate::assess::snapshot::Snapshot;
use crate::model::alerting::{AlertSettings, AlertmanagerAt};
use crate::model::source::ClockOffset;
use crate::model::time::Clock;
use crate::net::trust::Trust;
use crate::net::web::Web;
use crate::publish::own::OwnMetrics;

/// What is posted, where, and by which clock.
pub struct Setup {
    /// Where to, and how.
    pub at: AlertmanagerAt,
    /// What the configuration says of all alerts.
    pub settings: AlertSettings,
    /// What alerts are concluded from.
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    /// The exporter's clock.
    pub clock: Arc<dyn Clock>,
    /// How far the API server's is from it.
    pub offset: Arc<ClockOffset>,
    /// Where posts are counted.
    pub own: Arc<OwnMetrics>,
    /// Divides every time, for a cluster that plays faster than real time; 1 otherwise.
    pub time_scale: u32,
}

/// Why posting ended, which it never should.
#[derive(Debug, Error)]
#[error("a task of posting alerts ended: {0}")]
pub struct NotifyEnd(#[from] JoinError);

/// Posts until it is dropped.
pub async fn run(setup: Setup) -> NotifyEnd {
    let pace = Pace::divided(setup.time_scale);
    let at = Arc::new(setup.at);
    let web = Arc::new(Web::new(Arc::<Trust>::default()));
    let (states, newest) = watch::channel(Arc::<State>::default());
    // One answer of each Alertmanager may wait.
    let (taken, adopted) = mpsc::channel(at.urls.len().max(1));
    let mut tasks: JoinSet<Result<Infallible, JoinError>> = JoinSet::new();
    let mut counts = Vec::new();
    for url in &at.urls {
        let posts = setup.own.posts_to(url);
        counts.push(Arc::clone(&posts));
        let alertmanager = Alertmanager::new(url, Arc::clone(&at), Arc::clone(&web));
        let poster = post::post(alertmanager.clone(), newest.clone(), posts, pace);
        tasks.spawn(async move { Ok(poster.await) });
        let asker = ask::ask(alertmanager, at.labels.clone(), taken.clone(), pace);
        tasks.spawn(async move { Ok(asker.await) });
    }
    let concluding = Concluding {
        dress: Dress::new(setup.settings.clone(), at.labels.clone()),
        snapshots: setup.snapshots,
        clock: setup.clock,
        offset: setup.offset,
        adopted,
        states,
        counts,
        pace,
    };
    tasks.spawn(concluding.run(Conclusions::new(&setup.settings, setup.time_scale)));
    loop {
        match tasks.join_next().await {
            Some(Ok(Err(end)) | Err(end)) => return end.into(),
            Some(Ok(Ok(never))) => match never {},
            // There is always the one that concludes.
            None => std::future::pending().await,
        }
    }
}
