//! Observing: hears the cluster and the components and turns what it hears into changes. IO comes in here and nowhere
//! else.
//!
//! [`run`] starts every observer of a generation and ends when one of them does; dropping it stops them all. Not for
//! deciding what anything means: an observer says what is, when a source was last heard and what went wrong.

pub mod client;
pub mod discovery;
mod fetch;
pub mod hearing;
mod helm;
pub mod helm_body;
mod interest;
mod intern;
pub mod objects;
mod report;
mod scope;
pub mod signals;
mod targets;
#[cfg(test)]
mod testing;
pub mod timing;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::Sender;
use tokio::sync::watch::Receiver;
use tokio::task::{JoinError, JoinSet};

use self::client::ApiClient;
use self::interest::Interest;
use self::report::Closed;
use self::signals::{Settings, SignalsEnd};
use self::timing::Timing;
use self::watch::{Shared, Target, watch};
use crate::index::change::Change;
use crate::model::names::{Component, Name};
use crate::model::scope::Scope;
use crate::model::suite::Suite;
use crate::model::wants::{BodyWant, EndpointWant};

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
    /// How long to wait for what.
    pub timing: Timing,
    /// Where changes go.
    pub changes: Sender<Change>,
    /// Which bodies to read.
    pub bodies: Receiver<Arc<Vec<BodyWant>>>,
    /// Which endpoints to read.
    pub endpoints: Receiver<Arc<Vec<EndpointWant>>>,
}

/// Why the observers of a generation ended. While the generation lives, each is a defect.
#[derive(Debug, Error)]
pub enum Ended {
    /// The board takes no more changes.
    #[error(transparent)]
    Closed(#[from] Closed),
    /// The reading of metrics endpoints ended.
    #[error(transparent)]
    Signals(#[from] SignalsEnd),
    /// An observer panicked.
    #[error("observer: {0}")]
    Panicked(#[from] JoinError),
}

/// Observes until something ends that must not. Dropping the future stops every observer.
pub async fn run(setup: Setup) -> Ended {
    let Setup { api, suites, scope, signal_interval, timing, changes, bodies, endpoints } = setup;
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
    let driver = scope.helm_driver;
    let interest = Arc::clone(&shared.interest);
    let revisions = move |namespace| targets::revisions(namespace, driver, &interest);
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
    tasks.spawn(observers.helm(revisions, bodies));
    tasks.spawn(async move { signals::read_signals(signals, endpoints).await.into() });
    first(tasks).await
}

/// The first end of any task.
async fn first(mut tasks: JoinSet<Ended>) -> Ended {
    match tasks.join_next().await {
        Some(ended) => ended.unwrap_or_else(Ended::from),
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
