//! Observing: hears the cluster and the components and turns what it hears into changes. IO comes in here and nowhere
//! else.
//!
//! [`run`] starts every observer of a generation and ends when one of them does; dropping it stops them all. Not for
//! deciding what anything means: an observer says what is, when a source was last heard and what went wrong.

pub mod backups;
pub mod client;
pub mod dependencies;
pub mod discovery;
mod fetch;
pub mod hearing;
mod helm;
pub mod helm_body;
pub mod info_mart;
mod interest;
mod intern;
mod joint;
pub mod objects;
mod pace;
pub mod permissions;
pub mod prometheus;
mod report;
pub mod review;
mod scope;
pub mod signals;
mod targets;
#[cfg(test)]
mod testing;
pub mod timing;
mod turns;
mod wanted;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::Sender;
use tokio::sync::watch::Receiver;
use tokio::task::{JoinError, JoinSet};

use self::backups::Backups;
use self::client::ApiClient;
use self::dependencies::Questions;
use self::info_mart::Databases;
use self::interest::Interest;
use self::prometheus::Prometheus;
use self::report::Closed;
use self::signals::Settings;
use self::timing::Timing;
use self::watch::{Shared, Target, watch};
use crate::index::change::Change;
use crate::model::names::{Component, Name};
use crate::model::scope::{HelmAccess, PrometheusAt, Scope};
use crate::model::suite::Suite;
use crate::model::wants::{BodyWant, EndpointWant, QueryWant};
use crate::net::trust::Trust;
use crate::net::web::Web;

/// How many lists are read at once: a page of each is held, and a start on 3,000 namespaces makes 18,000 of them.
const LISTS_AT_ONCE: usize = 8;

/// What the observers of one generation are given.
pub struct Setup {
    /// The client; its clock is theirs.
    pub api: ApiClient,
    /// What is watched.
    pub suites: Vec<Suite>,
    /// How the cluster is looked at.
    pub scope: Scope,
    /// How often metrics endpoints are read.
    pub signal_interval: Duration,
    /// How far back the window of latency reaches.
    pub trend_window: Duration,
    /// How often dependencies are asked.
    pub probe_interval: Duration,
    /// How often the Info Mart database is read.
    pub database_interval: Duration,
    /// A Prometheus that is asked, where there is one.
    pub prometheus: Option<PrometheusAt>,
    /// How long to wait for what.
    pub timing: Timing,
    /// Where changes go.
    pub changes: Sender<Change>,
    /// Which bodies to read.
    pub bodies: Receiver<Arc<Vec<BodyWant>>>,
    /// Which endpoints to read.
    pub endpoints: Receiver<Arc<Vec<EndpointWant>>>,
    /// Which components' signals to read from Prometheus.
    pub queries: Receiver<Arc<Vec<QueryWant>>>,
}

/// Why the observers of a generation ended. While the generation lives, each is a defect.
#[derive(Debug, Error)]
pub enum Ended {
    /// The board takes no more changes.
    #[error(transparent)]
    Closed(#[from] Closed),
    /// No client of metrics endpoints could be made.
    #[error("client of metrics endpoints: {0}")]
    Client(#[from] reqwest::Error),
    /// An observer panicked.
    #[error("observer: {0}")]
    Panicked(#[from] JoinError),
}

/// Observes until something ends that must not. Dropping the future stops every observer.
pub async fn run(setup: Setup) -> Ended {
    let Setup { api, suites, scope, timing, changes, bodies, endpoints, queries, .. } = setup;
    let (signal_interval, probe_interval) = (setup.signal_interval, setup.probe_interval);
    let trust = Arc::<Trust>::default();
    let web = Arc::new(Web::new(Arc::clone(&trust)));
    let beat = signal_interval.max(probe_interval);
    let prometheus = match setup.prometheus {
        Some(at) => {
            let added = Prometheus::add(at, Arc::clone(&web), Arc::clone(api.clock()), beat, changes.clone());
            match added.await {
                Ok(prometheus) => Some(Arc::new(prometheus)),
                Err(closed) => return closed.into(),
            }
        }
        None => None,
    };
    let backups = Backups::of(&suites);
    let again = setup.database_interval;
    let databases = Databases::of(&suites);
    let reading = info_mart::Settings {
        interval: setup.database_interval,
        clock: Arc::clone(api.clock()),
        trust: Arc::clone(&trust),
        changes: changes.clone(),
    };
    let questions = Questions::of(&suites);
    let asking = dependencies::Settings {
        interval: probe_interval,
        clock: Arc::clone(api.clock()),
        trust,
        web,
        prometheus: prometheus.clone(),
        changes: changes.clone(),
    };
    let signals = Settings {
        interval: signal_interval,
        unit: scope.latency_unit,
        clock: Arc::clone(api.clock()),
        changes: changes.clone(),
    };
    let shared = Shared {
        api,
        timing,
        interest: Arc::new(Interest::of(&suites)),
        lists: Arc::new(Semaphore::new(LISTS_AT_ONCE)),
        changes,
    };
    // Only GSP leaves ConfigMaps behind.
    let gsps = Arc::new(Interest::of_component(&suites, Component::Gsp));
    // Nothing else is asked of them, for as long as the generation lives.
    drop(suites);
    let driver = scope.helm_driver;
    let interest = Arc::clone(&shared.interest);
    let revisions = move |namespace| targets::revisions(namespace, driver, &interest);
    let (watched, told) = (shared.clone(), shared.changes.clone());
    let observers = Observers { shared, scope };
    let mut left_behind = observers.clone();
    left_behind.shared.interest = gsps;
    let mut tasks: JoinSet<Ended> = JoinSet::new();
    tasks.spawn(observers.clone().kind(targets::pods));
    tasks.spawn(observers.clone().kind(targets::stateful_sets));
    tasks.spawn(observers.clone().kind(targets::deployments));
    tasks.spawn(observers.clone().kind(targets::replica_sets));
    tasks.spawn(observers.clone().kind(targets::jobs));
    tasks.spawn(left_behind.kind(targets::config_maps));
    if scope.helm_access == HelmAccess::Read {
        tasks.spawn(observers.helm(revisions, bodies));
    }
    tasks.spawn(signals::read_signals(signals, endpoints));
    if !questions.is_empty() {
        tasks.spawn(dependencies::keep_asking(asking, questions));
    }
    if !backups.is_empty() {
        tasks.spawn(backups::keep_watching(watched, backups, again));
    }
    if !databases.is_empty() {
        tasks.spawn(info_mart::keep_reading(reading, databases));
    }
    if let Some(prometheus) = prometheus {
        let read = prometheus::signals::Settings {
            interval: signal_interval,
            window: setup.trend_window,
            unit: scope.latency_unit,
            prometheus: Arc::clone(&prometheus),
            changes: told,
        };
        tasks.spawn(prometheus::signals::keep_reading(read, queries));
        tasks.spawn(async move { prometheus.beat(beat).await.into() });
    }
    first(tasks).await
}

/// The first end of any task.
async fn first<E: Into<Ended> + 'static>(mut tasks: JoinSet<E>) -> Ended {
    match tasks.join_next().await {
        Some(ended) => ended.map_or_else(Ended::from, Into::into),
        None => Closed.into(),
    }
}

#[derive(Clone)]
struct Observers {
    shared: Shared,
    scope: Scope,
}

impl Observers {
    /// Watches one kind in whatever scopes it may.
    async fn kind<T: Send + 'static>(self, target: impl Fn(Option<Name>) -> Target<T>) -> Ended {
        let scopes = self.scopes(&target(None).path).await;
        first(self.watches(scopes, target)).await
    }

    /// Watches Helm's storage and reads its bodies, both in the same scopes.
    async fn helm<T: Send + 'static>(
        self,
        target: impl Fn(Option<Name>) -> Target<T>,
        bodies: Receiver<Arc<Vec<BodyWant>>>,
    ) -> Ended {
        let scopes = self.scopes(&target(None).path).await;
        let mut tasks = self.watches(scopes.clone(), target);
        let (shared, driver) = (self.shared.clone(), self.scope.helm_driver);
        tasks.spawn(async move { helm::read_bodies(shared, driver, scopes, bodies).await.into() });
        first(tasks).await
    }

    async fn scopes(&self, path: &str) -> Vec<Option<Name>> {
        let Shared { api, timing, interest, .. } = &self.shared;
        scope::decide(self.scope.kubernetes_scope, path, interest, api, timing).await
    }

    fn watches<T: Send + 'static>(
        &self,
        scopes: Vec<Option<Name>>,
        target: impl Fn(Option<Name>) -> Target<T>,
    ) -> JoinSet<Ended> {
        let mut tasks = JoinSet::new();
        for namespace in scopes {
            let (target, shared) = (target(namespace), self.shared.clone());
            tasks.spawn(async move { watch(target, shared).await.into() });
        }
        tasks
    }
}
