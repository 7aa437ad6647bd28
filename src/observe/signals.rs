//! Signals: reads the metrics endpoints that the board wants read, each every interval for as long as it is wanted.
//!
//! Reads are spread evenly: each endpoint has a phase of its own within the interval, and a new one is read at once. One that
//! did not answer keeps none waiting that does. Not for finding endpoints, and not for a history of what they said.

pub mod families;
mod read;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::sync::mpsc::Sender;
use tokio::sync::watch::Receiver;
use tokio::time::{MissedTickBehavior, interval, sleep};

use self::read::ReadError;
use super::Ended;
use super::hearing::ServerClock;
use super::joint::Joint;
use super::pace::Pace;
use super::report::{Closed, Reporter};
use super::turns::Turns;
use super::wanted::{Gone, keep};
use crate::index::change::Change;
use crate::model::names::Name;
use crate::model::scope::LatencyUnit;
use crate::model::signal::Reading;
use crate::model::source::{ErrorKind, SourceKind};
use crate::model::wants::EndpointWant;

/// How many endpoints are read at once: sockets, and pages of 1 MiB of which little is kept. As many may fall silent at one
/// moment before any other waits, and then no longer than one read may take.
const READS_AT_ONCE: usize = 64;
/// How many of those that did not answer are tried again at once.
const SILENT_AT_ONCE: usize = 32;
/// How many intervals the endpoints of a namespace may all be silent.
const SILENT_INTERVALS: u32 = 3;

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
type Source = Arc<Mutex<Joint<EndpointWant>>>;

/// What the reads of all endpoints share.
struct Reads {
    settings: Settings,
    client: reqwest::Client,
    turns: Turns,
    pace: Pace,
    sources: Mutex<HashMap<Name, Source>>,
}

/// Reads wanted endpoints until nobody takes changes any more.
pub async fn read_signals(settings: Settings, wants: Receiver<Arc<Vec<EndpointWant>>>) -> Ended {
    let client = match read::client(settings.interval) {
        Ok(client) => client,
        Err(error) => return error.into(),
    };
    let turns = Turns::new(READS_AT_ONCE, SILENT_AT_ONCE);
    let pace = Pace::new(settings.interval);
    let reads = Arc::new(Reads { settings, client, turns, pace, sources: Mutex::default() });
    let idling = reads.keep_idle(wants.clone());
    tokio::select! {
        ended = keep(wants, |want, gone| Arc::clone(&reads).keep_reading(want, gone)) => ended,
        closed = idling => closed.into(),
    }
}

impl Reads {
    async fn source(&self, namespace: &Name) -> Result<Source, Closed> {
        let mut sources = self.sources.lock().await;
        if let Some(source) = sources.get(namespace) {
            return Ok(Arc::clone(source));
        }
        let Settings { interval, changes, .. } = &self.settings;
        let stale_after = interval.saturating_mul(SILENT_INTERVALS);
        let scope = Some(Name::clone(namespace));
        let reporter = Reporter::add(SourceKind::Signals, scope, stale_after, changes.clone()).await?;
        let source = Arc::new(Mutex::new(Joint::new(reporter)));
        sources.insert(Name::clone(namespace), Arc::clone(&source));
        Ok(source)
    }

    /// Says of namespaces where nothing is wanted that they are not silent.
    async fn keep_idle(&self, wants: Receiver<Arc<Vec<EndpointWant>>>) -> Closed {
        let mut ticks = interval(self.settings.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let list = Arc::clone(&wants.borrow());
            let wanted: HashSet<&Name> = list.iter().map(|want| &want.namespace).collect();
            let sources = self.sources.lock().await;
            for (_, source) in sources.iter().filter(|(namespace, _)| !wanted.contains(namespace)) {
                if let Err(closed) = source.lock().await.idle(self.settings.clock.now()).await {
                    return closed;
                }
            }
        }
    }

    /// Reads one endpoint at once and then in its phase of each interval, until it is gone.
    async fn keep_reading(self: Arc<Self>, want: EndpointWant, gone: Gone) -> Result<(), Closed> {
        let source = self.source(&want.namespace).await?;
        let reading = async {
            let mut was_silent = false;
            loop {
                // Boxed, so that the thousands of endpoints which wait do not each hold the state of a request.
                match Box::pin(self.read_once(&want, &source, was_silent)).await {
                    Ok(silent) => was_silent = silent,
                    Err(closed) => return closed,
                }
                sleep(self.pace.until_next(&want)).await;
            }
        };
        tokio::select! {
            closed = reading => return Err(closed),
            () = gone.come() => {}
        }
        source.lock().await.forget(&want);
        Ok(())
    }

    /// Reads one endpoint; gives whether it was silent.
    async fn read_once(&self, want: &EndpointWant, source: &Source, was_silent: bool) -> Result<bool, Closed> {
        let result = {
            let _turn = self.turns.take(was_silent).await;
            let mut at = self.settings.clock.now();
            let arrived = || at = self.settings.clock.now();
            let values = read::read(&self.client, &want.url, self.settings.unit, arrived).await;
            values.map(|values| (at, values))
        };
        let mut source = source.lock().await;
        match result {
            Ok((at, values)) => {
                source.well(want, at).await?;
                let reporter = source.reporter();
                for refused in &values.refused {
                    reporter.error(ErrorKind::Value, &format!("{}: {refused}", want.url)).await?;
                }
                let families::Values { topics, others: values, schema_version, build, config_times, .. } = values;
                let (suite, component, pod_uid) = (want.suite.clone(), want.component, want.pod_uid.clone());
                let reading =
                    Reading { suite, component, pod_uid, at, topics, values, schema_version, build, config_times };
                reporter.send(Change::Reading(reading)).await?;
                Ok(false)
            }
            Err(error) => {
                let silent = error == ReadError::Timeout;
                source.ailed(want, error.kind(), &format!("{}: {error}", want.url)).await?;
                Ok(silent)
            }
        }
    }
}
