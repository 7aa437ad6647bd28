//! Signals: reads the metrics endpoints that the board wants read, each every interval for as long as it is wanted.
//!
//! Reads are spread evenly: each endpoint has a phase of its own within the interval, and a new one is read at once. Not for
//! finding endpoints, and not for a history of what they said.

pub mod families;
mod read;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::sync::watch::Receiver;
use tokio::sync::{Mutex, Semaphore};
use tokio::task::{AbortHandle, JoinError, JoinSet};
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::hearing::ServerClock;
use super::pace::Pace;
use super::report::{Closed, Reporter};
use crate::index::change::Change;
use crate::model::names::Name;
use crate::model::scope::LatencyUnit;
use crate::model::signal::Reading;
use crate::model::source::{ErrorKind, SourceKind};
use crate::model::wants::EndpointWant;

/// How many endpoints are read at once: sockets and pages held.
const READS_AT_ONCE: usize = 16;
/// How many intervals the endpoints of a namespace may all be silent.
const SILENT_INTERVALS: u32 = 3;

/// Why reading ended.
#[derive(Debug, thiserror::Error)]
pub enum SignalsEnd {
    /// The generation ends.
    #[error(transparent)]
    Closed(#[from] Closed),
    /// A read panicked.
    #[error(transparent)]
    Panicked(#[from] JoinError),
    /// No client could be made.
    #[error("client of metrics endpoints: {0}")]
    Client(#[from] reqwest::Error),
}

/// How endpoints are read.
#[derive(Clone)]
pub struct Settings {
    /// How often each endpoint is read.
    pub interval: Duration,
    /// The unit of the latency.
    pub unit: LatencyUnit,
    /// The time of readings.
    pub clock: Arc<ServerClock>,
    /// Where changes go.
    pub changes: Sender<Change>,
}

/// One source: the endpoints of one namespace.
struct Namespace {
    reporter: Reporter,
    /// Those of its endpoints whose last read failed: it does well when there is none.
    failing: HashSet<EndpointWant>,
}

type Source = Arc<Mutex<Namespace>>;

/// What the reads of all endpoints share.
#[derive(Clone)]
struct Reads {
    settings: Settings,
    client: reqwest::Client,
    turns: Arc<Semaphore>,
    pace: Pace,
}

/// Reads wanted endpoints until nobody takes changes any more.
pub async fn read_signals(settings: Settings, mut wants: Receiver<Arc<Vec<EndpointWant>>>) -> SignalsEnd {
    match read_all(settings, &mut wants).await {
        Err(end) => end,
    }
}

async fn read_all(
    settings: Settings,
    wants: &mut Receiver<Arc<Vec<EndpointWant>>>,
) -> Result<std::convert::Infallible, SignalsEnd> {
    let client = read::client(settings.interval)?;
    let turns = Arc::new(Semaphore::new(READS_AT_ONCE));
    let pace = Pace::new(settings.interval);
    let reads = Reads { settings, client, turns, pace };
    let mut sources: HashMap<Name, Source> = HashMap::new();
    let mut running: HashMap<EndpointWant, AbortHandle> = HashMap::new();
    let mut tasks: JoinSet<Closed> = JoinSet::new();
    let mut idle = interval(reads.settings.interval);
    idle.set_missed_tick_behavior(MissedTickBehavior::Delay);
    wants.mark_changed();
    loop {
        tokio::select! {
            changed = wants.changed() => {
                changed.map_err(|_| Closed)?;
                let list = Arc::clone(&wants.borrow_and_update());
                let mut kept = HashMap::with_capacity(list.len());
                for want in list.iter() {
                    let handle = if let Some(handle) = running.remove(want) {
                        handle
                    } else {
                        let source = reads.source(&mut sources, &want.namespace).await?;
                        tasks.spawn(reads.clone().keep_reading(want.clone(), source))
                    };
                    kept.insert(want.clone(), handle);
                }
                for (gone, task) in std::mem::replace(&mut running, kept) {
                    task.abort();
                    if let Some(source) = sources.get(&gone.namespace) {
                        source.lock().await.failing.remove(&gone);
                    }
                }
            }
            Some(ended) = tasks.join_next() => match ended {
                Ok(closed) => return Err(closed.into()),
                Err(error) if error.is_cancelled() => {}
                Err(error) => return Err(error.into()),
            },
            // A namespace where nothing is wanted cannot be silent.
            _ = idle.tick() => for (namespace, source) in &sources {
                if !running.keys().any(|want| want.namespace == *namespace) {
                    source.lock().await.reporter.contact().heard(reads.settings.clock.now());
                }
            },
        }
    }
}

impl Reads {
    async fn source(&self, sources: &mut HashMap<Name, Source>, namespace: &Name) -> Result<Source, Closed> {
        if let Some(source) = sources.get(namespace) {
            return Ok(Arc::clone(source));
        }
        let Settings { interval, changes, .. } = &self.settings;
        let stale_after = interval.saturating_mul(SILENT_INTERVALS);
        let scope = Some(Name::clone(namespace));
        let reporter = Reporter::add(SourceKind::Signals, scope, stale_after, changes.clone()).await?;
        let source = Arc::new(Mutex::new(Namespace { reporter, failing: HashSet::new() }));
        sources.insert(Name::clone(namespace), Arc::clone(&source));
        Ok(source)
    }

    /// Reads one endpoint at once and then in its phase of each interval.
    async fn keep_reading(self, want: EndpointWant, source: Source) -> Closed {
        loop {
            // Boxed, so that the thousands of endpoints which wait do not each hold the state of a request.
            match Box::pin(self.read_once(&want, &source)).await {
                Ok(()) => sleep(self.pace.until_next(&want)).await,
                Err(closed) => return closed,
            }
        }
    }

    async fn read_once(&self, want: &EndpointWant, source: &Source) -> Result<(), Closed> {
        let result = {
            let _turn = self.turns.acquire().await;
            let mut at = self.settings.clock.now();
            let arrived = || at = self.settings.clock.now();
            let values = read::read(&self.client, &want.url, self.settings.unit, arrived).await;
            values.map(|values| (at, values))
        };
        let mut source = source.lock().await;
        let Namespace { reporter, failing } = &mut *source;
        match result {
            Ok((at, values)) => {
                reporter.contact().heard(at);
                failing.remove(want);
                if failing.is_empty() {
                    reporter.well().await?;
                }
                for refused in &values.refused {
                    reporter.error(ErrorKind::Value, &format!("{}: {refused}", want.url)).await?;
                }
                let families::Values { topics, others: values, schema_version, build, config_times, .. } = values;
                let (suite, component, pod_uid) = (want.suite.clone(), want.component, want.pod_uid.clone());
                reporter
                    .send(Change::Reading(Reading {
                        suite,
                        component,
                        pod_uid,
                        at,
                        topics,
                        values,
                        schema_version,
                        build,
                        config_times,
                    }))
                    .await
            }
            Err(error) => {
                failing.insert(want.clone());
                reporter.ailed(error.kind(), &format!("{}: {error}", want.url)).await
            }
        }
    }
}
