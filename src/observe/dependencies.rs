//! Dependencies: asks Kafka, `PostgreSQL`, object storage and the aggregation, each every interval, directly or by a query of
//! Prometheus; and by a query for the backup.
//!
//! Suites that ask the same of the same place share one question: it is asked once, and each is told the answer. One that is
//! not answered keeps none waiting that is.
//!
//! A dependency that does not answer is an answer of this source, not its failure. A query that gives nothing, or cannot be
//! asked, says neither that a dependency is up nor that it is down. Not for deciding whether one is down: that is `assess`.

mod aggregation;
mod kafka;
mod object_storage;
mod postgres;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::Mutex;
use tokio::sync::mpsc::Sender;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::hearing::ServerClock;
use super::joint::Joint;
use super::pace::Pace;
use super::prometheus::Prometheus;
use super::report::{Closed, Reporter};
use super::turns::Turns;
use super::{Ended, first};
use crate::index::change::Change;
use crate::model::dependency::{AskAt, Backup, BackupAt, Dependency, Level, Probe, ProbeFailure};
use crate::model::names::Name;
use crate::model::source::{ErrorKind, SourceKind};
use crate::model::suite::Suite;
use crate::model::time::{Timestamp, from_unix_seconds};
use crate::net::dial::{DialError, dial, encrypt, failure_of, host_of};
use crate::net::trust::Trust;
use crate::net::web::Web;

/// How many are asked at once: sockets held. As many may fall silent at one moment before any other waits.
const ASKED_AT_ONCE: usize = 64;
/// How many of those that did not answer are asked again at once. Each takes [`LONGEST`] of an interval of mostly 15 s, so some
/// three hundred are asked every interval, and what is known of more is not older than what counts as silence before there
/// are eight hundred; together with the others they leave half of 1,024 open files to whoever reads the exporter.
const SILENT_AT_ONCE: usize = 192;
/// How many intervals all of them may be silent.
const SILENT_INTERVALS: u32 = 3;
/// The longest that one answer may take, however long the interval.
const LONGEST: Duration = Duration::from_secs(10);
/// What one answer may take at least, however short the interval of a cluster that is played fast.
const SHORTEST: Duration = Duration::from_secs(1);

/// Why a dependency did not answer as it should.
#[derive(Debug, Error)]
#[error("{detail}")]
pub struct ProbeError {
    /// For the judgement.
    pub failure: ProbeFailure,
    detail: String,
}

impl ProbeError {
    fn new(failure: ProbeFailure, detail: impl Into<String>) -> Self {
        Self { failure, detail: detail.into() }
    }

    fn protocol(detail: impl Into<String>) -> Self {
        Self::new(ProbeFailure::Protocol, detail)
    }

    const fn kind(&self) -> ErrorKind {
        match self.failure {
            ProbeFailure::Refused => ErrorKind::Connect,
            ProbeFailure::Protocol => ErrorKind::Decode,
            ProbeFailure::Timeout => ErrorKind::Timeout,
            ProbeFailure::Reported => ErrorKind::Value,
            ProbeFailure::Other => ErrorKind::Other,
        }
    }
}

impl From<DialError> for ProbeError {
    fn from(error: DialError) -> Self {
        Self::new(error.failure(), error.to_string())
    }
}

impl From<std::io::Error> for ProbeError {
    fn from(error: std::io::Error) -> Self {
        // One that hangs up says nothing: it may be a proxy in front of a broker that restarts.
        Self::new(failure_of(&error), "the connection broke before an answer came")
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum What {
    Dependency(Dependency),
    Aggregation,
    Backup,
}

/// One question, whoever wants to know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Ask {
    what: What,
    at: AskAt,
    ca_file: Option<Name>,
}

/// How questions are asked.
pub struct Settings {
    /// How often.
    pub interval: Duration,
    /// The time of answers.
    pub clock: Arc<ServerClock>,
    /// Who is believed.
    pub trust: Arc<Trust>,
    /// How HTTP is spoken.
    pub web: Arc<Web>,
    /// Where queries are asked; without one they are not.
    pub prometheus: Option<Arc<Prometheus>>,
    /// Where changes go.
    pub changes: Sender<Change>,
}

/// The questions of all suites, each once, with the suites that want to know.
pub struct Questions(BTreeMap<Ask, Vec<Name>>);

impl Questions {
    /// What these suites ask.
    #[must_use]
    pub fn of(suites: &[Suite]) -> Self {
        let mut questions: BTreeMap<Ask, Vec<Name>> = BTreeMap::new();
        for suite in suites {
            let around = &suite.surroundings;
            let mut ask = |what, at: &AskAt| {
                // Where nobody's certificate is looked at, it does not matter whose would be believed.
                let encrypted = !matches!(at, AskAt::Query(_) | AskAt::Addresses { tls: false, .. });
                let ca_file = around.ca_file.clone().filter(|_| encrypted);
                questions.entry(Ask { what, at: at.clone(), ca_file }).or_default().push(Name::clone(&suite.name));
            };
            for &which in Dependency::ALL {
                if let Some(at) = around.dependency(which) {
                    ask(What::Dependency(which), at);
                }
            }
            if let Some(aggregation) = &around.aggregation {
                ask(What::Aggregation, &aggregation.at);
            }
            if let Some(BackupAt::Query(query)) = &around.backup {
                ask(What::Backup, &AskAt::Query(Name::clone(query)));
            }
        }
        Self(questions)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Asks until nobody takes changes any more.
pub async fn keep_asking(settings: Settings, questions: Questions) -> Ended {
    let pace = Pace::new(settings.interval);
    let stale_after = settings.interval.saturating_mul(SILENT_INTERVALS);
    let direct = questions.0.keys().any(|ask| !matches!(ask.at, AskAt::Query(_)));
    let source = if direct {
        match Reporter::add(SourceKind::Dependencies, None, stale_after, settings.changes.clone()).await {
            Ok(reporter) => Some(Mutex::new(Joint::new(reporter))),
            Err(closed) => return closed.into(),
        }
    } else {
        None
    };
    let turns = Turns::new(ASKED_AT_ONCE, SILENT_AT_ONCE);
    let asking = Arc::new(Asking { settings, source, turns });
    let mut tasks: JoinSet<Closed> = JoinSet::new();
    for (ask, suites) in questions.0 {
        let asking = Arc::clone(&asking);
        tasks.spawn(async move {
            let mut was_silent = false;
            loop {
                // Boxed, so that the many that wait do not each hold the state of a connection.
                match Box::pin(asking.once(&ask, &suites, was_silent)).await {
                    Ok(silent) => was_silent = silent,
                    Err(closed) => return closed,
                }
                sleep(pace.until_next(&ask)).await;
            }
        });
    }
    first(tasks).await
}

struct Asking {
    settings: Settings,
    /// The source of all that are asked directly.
    source: Option<Mutex<Joint<Ask>>>,
    turns: Turns,
}

impl Asking {
    /// Asks once and tells the suites that want to know; gives whether no answer came in time.
    async fn once(&self, ask: &Ask, suites: &[Name], was_silent: bool) -> Result<bool, Closed> {
        if let AskAt::Query(query) = &ask.at {
            return self.query(ask.what, query, suites).await.map(|()| false);
        }
        let Some(source) = &self.source else { return Ok(false) };
        let answer = {
            let _turn = self.turns.take(was_silent).await;
            let patience = self.settings.interval.clamp(SHORTEST, LONGEST);
            let silent = |_| ProbeError::new(ProbeFailure::Timeout, "no answer in time");
            timeout(patience, self.directly(ask, patience)).await.map_err(silent).flatten()
        };
        let at = self.settings.clock.now();
        {
            let mut source = source.lock().await;
            if let Err(error) = &answer {
                let detail = format!("{} of {}: {error}", ask.what.spell(), spell(suites));
                source.bad_news(ask, at, error.kind(), &detail).await?;
            } else {
                source.well(ask, at).await?;
            }
        }
        let level = answer.as_ref().ok().copied().flatten();
        let outcome = answer.map(|_| ()).map_err(|error| error.failure);
        for suite in suites {
            let suite = Name::clone(suite);
            let change = match (ask.what, level) {
                (What::Dependency(dependency), _) => Change::Probe(Probe { suite, dependency, at, outcome }),
                (What::Aggregation, Some(value)) => Change::Aggregation(Level { suite, at, value }),
                (What::Aggregation | What::Backup, _) => break,
            };
            self.send(change).await?;
        }
        Ok(outcome == Err(ProbeFailure::Timeout))
    }

    async fn send(&self, change: Change) -> Result<(), Closed> {
        self.settings.changes.send(change).await.map_err(|_| Closed)
    }

    /// Asks the thing itself; gives the level of the aggregation, and nothing of the others but that they answered.
    async fn directly(&self, ask: &Ask, patience: Duration) -> Result<Option<f64>, ProbeError> {
        let Settings { trust, web, .. } = &self.settings;
        let ca_file = ask.ca_file.as_ref();
        match (ask.what, &ask.at) {
            (What::Aggregation, AskAt::Url(url)) => aggregation::read(web, url, ca_file, patience).await.map(Some),
            (What::Dependency(_), AskAt::Url(url)) => {
                object_storage::ask(web, url, ca_file, patience).await.map(|()| None)
            }
            (What::Dependency(which), AskAt::Addresses { addresses, tls }) => {
                let config = if *tls { Some(trust.config(ca_file).await.map_err(DialError::from)?) } else { None };
                let mut worst: Option<ProbeError> = None;
                // Each gets its share of the time: a silent first one must not hide a second that answers.
                let share = patience / u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
                for address in addresses {
                    let silent = |_| ProbeError::new(ProbeFailure::Timeout, format!("{address}: no answer in time"));
                    let config = config.clone();
                    let one = timeout(share, async move {
                        let (stream, host) = (dial(address).await?, host_of(address));
                        match (which, config) {
                            (Dependency::Database, config) => postgres::ask(stream, host, config).await,
                            (_, Some(config)) => kafka::ask(encrypt(stream, host, config).await?).await,
                            (_, None) => kafka::ask(stream).await,
                        }
                    });
                    match one.await.map_err(silent).flatten() {
                        Ok(()) => return Ok(None),
                        // A failure that proves nothing outweighs those that do: all must prove it.
                        Err(error) if worst.as_ref().is_none_or(|worst| worst.failure.is_proof()) => {
                            let detail = format!("{address}: {error}");
                            worst = Some(ProbeError::new(error.failure, detail));
                        }
                        Err(_) => {}
                    }
                }
                worst.map_or(Ok(None), Err)
            }
            (What::Aggregation | What::Backup, _) | (_, AskAt::Query(_)) => Ok(None),
        }
    }

    async fn query(&self, what: What, query: &Name, suites: &[Name]) -> Result<(), Closed> {
        let Some(prometheus) = &self.settings.prometheus else { return Ok(()) };
        let Some((at, value)) = prometheus.value(query).await? else { return Ok(()) };
        for change in suites.iter().filter_map(|suite| meaning(what, suite, at, value)) {
            self.send(change).await?;
        }
        Ok(())
    }
}

/// Whose question it is, for people: the first suite, and how many others.
fn spell(suites: &[Name]) -> String {
    match suites {
        [] => "no suite".to_owned(),
        [suite] => format!("suite {suite}"),
        [suite, others @ ..] => format!("suite {suite} and {} others", others.len()),
    }
}

/// What the value of a query means; nothing where it is none that could be true.
fn meaning(what: What, suite: &Name, at: Timestamp, value: f64) -> Option<Change> {
    let suite = Name::clone(suite);
    match what {
        What::Dependency(dependency) if value >= 0.0 => {
            let outcome = if value > 0.0 { Ok(()) } else { Err(ProbeFailure::Reported) };
            Some(Change::Probe(Probe { suite, dependency, at, outcome }))
        }
        What::Aggregation if !value.is_nan() => Some(Change::Aggregation(Level { suite, at, value })),
        // 0 is what PromQL says of a job that never succeeded.
        What::Backup if value >= 0.0 => {
            let success = from_unix_seconds(value)?;
            Some(Change::Backup(Backup { suite, at, last_success: (value > 0.0).then_some(success) }))
        }
        _ => None,
    }
}

impl What {
    const fn spell(self) -> &'static str {
        match self {
            Self::Dependency(dependency) => dependency.as_str(),
            Self::Aggregation => "aggregation",
            Self::Backup => "backup",
        }
    }
}
