//! The Info Mart database: reads, every interval, which of the tables and columns that a suite expects exist and are being
//! populated, which export views do, and the newest transformation. It is only read.
//!
//! One connection to each database, kept and made anew when it breaks. What may not be read of one table is that table's
//! trouble alone. Not for whether the schema is what it should be: that is `assess`.

mod connection;
mod questions;
mod tls;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use self::connection::{ConnectError, Connection};
use self::questions::ask;
use super::hearing::ServerClock;
use super::joint::Joint;
use super::pace::Pace;
use super::report::{Closed, Reporter};
use super::{Ended, first};
use crate::index::change::Change;
use crate::model::database::{DatabaseAt, SchemaExpectation};
use crate::model::names::Name;
use crate::model::source::{ErrorKind, SourceKind};
use crate::model::suite::Suite;
use crate::net::trust::Trust;

/// How many databases are read at once.
const READS_AT_ONCE: usize = 4;
/// How many intervals they may be silent.
const SILENT_INTERVALS: u32 = 3;
/// How long making a connection may take, TLS and authentication included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest that one whole read may take: well beyond the time after which no more tables are looked into.
const READ_TIMEOUT: Duration = Duration::from_mins(1);

/// How databases are read.
pub struct Settings {
    /// How often each is read.
    pub interval: Duration,
    /// The time of readings.
    pub clock: Arc<ServerClock>,
    /// Whose certificates are believed.
    pub trust: Arc<Trust>,
    /// Where changes go.
    pub changes: Sender<Change>,
}

/// One database, and what its suite expects of it.
struct Database {
    suite: Name,
    namespace: Name,
    at: DatabaseAt,
    expected: SchemaExpectation,
}

/// The databases of all suites.
pub struct Databases(Vec<Database>);

impl Databases {
    /// Those of these suites.
    #[must_use]
    pub fn of(suites: &[Suite]) -> Self {
        let database = |suite: &Suite| {
            Some(Database {
                suite: Name::clone(&suite.name),
                namespace: Name::clone(&suite.members.gim.namespace),
                at: suite.surroundings.info_mart.clone()?,
                expected: suite.schema.clone(),
            })
        };
        Self(suites.iter().filter_map(database).collect())
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The source of the databases of one namespace's suites.
type Source = Arc<Mutex<Joint<Name>>>;

/// Reads until nobody takes changes any more.
pub async fn keep_reading(settings: Settings, databases: Databases) -> Ended {
    let stale_after = settings.interval.saturating_mul(SILENT_INTERVALS);
    let mut sources: HashMap<Name, Source> = HashMap::new();
    let reads = Arc::new(Reads { pace: Pace::new(settings.interval), turns: Semaphore::new(READS_AT_ONCE), settings });
    let mut tasks: JoinSet<Closed> = JoinSet::new();
    for database in databases.0 {
        let source = if let Some(source) = sources.get(&database.namespace) {
            Arc::clone(source)
        } else {
            let (scope, changes) = (Some(Name::clone(&database.namespace)), reads.settings.changes.clone());
            match Reporter::add(SourceKind::InfoMart, scope, stale_after, changes).await {
                Ok(reporter) => Arc::new(Mutex::new(Joint::new(reporter))),
                Err(closed) => return closed.into(),
            }
        };
        sources.insert(Name::clone(&database.namespace), Arc::clone(&source));
        tasks.spawn(Arc::clone(&reads).keep_reading(database, source));
    }
    first(tasks).await
}

struct Reads {
    settings: Settings,
    pace: Pace,
    turns: Semaphore,
}

impl Reads {
    async fn keep_reading(self: Arc<Self>, database: Database, source: Source) -> Closed {
        let mut kept: Option<Connection> = None;
        loop {
            // Boxed, so that those that wait do not hold the state of a read.
            match Box::pin(self.once(&database, &mut kept, &source)).await {
                Ok(()) => sleep(self.pace.until_next(&database.suite)).await,
                Err(closed) => return closed,
            }
        }
    }

    async fn once(&self, database: &Database, kept: &mut Option<Connection>, source: &Source) -> Result<(), Closed> {
        let read = self.read(database, kept).await;
        let mut source = source.lock().await;
        let suite = &database.suite;
        match read {
            Ok((reading, troubles)) => {
                source.well(suite, reading.at).await?;
                for trouble in troubles {
                    let detail = format!("database of suite {suite}: {trouble}");
                    source.reporter().error(ErrorKind::Value, &detail).await?;
                }
                source.reporter().send(Change::Database(reading)).await
            }
            Err(error) => {
                *kept = None;
                source.ailed(suite, error.kind(), &format!("database of suite {suite}: {error}")).await
            }
        }
    }

    /// Reads once, over the connection that is kept, or a new one.
    async fn read(&self, database: &Database, kept: &mut Option<Connection>) -> Result<questions::Read, ConnectError> {
        if kept.as_ref().is_none_or(Connection::is_closed) {
            let connect = Connection::make(&database.at, &self.settings.trust);
            *kept = Some(timeout(CONNECT_TIMEOUT, connect).await.map_err(|_| ConnectError::Timeout)??);
        }
        let Some(connection) = kept else { return Err(ConnectError::Timeout) };
        // Only now, so that hosts that do not answer keep no other waiting.
        let _turn = self.turns.acquire().await;
        let reading = ask(connection, &database.expected, &database.suite, &self.settings.clock);
        Ok(timeout(READ_TIMEOUT, reading).await.map_err(|_| ConnectError::Timeout)??)
    }
}
