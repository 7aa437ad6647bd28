//! Prometheus as a source: one server that is asked by instant queries. Its own word is trusted no further than its samples
//! are fresh.
//!
//! Not for the meaning of a query: who asks knows that.

mod answer;

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::mpsc::Sender;
use tokio::sync::{Mutex, Semaphore};
use tokio::time::sleep;

use self::answer::AnswerError;
use super::hearing::ServerClock;
use super::joint::Joint;
use super::report::{Closed, Reporter};
use super::secret::{self, SecretError};
use super::web::{self, Web, WebError};
use crate::index::change::Change;
use crate::model::names::Name;
use crate::model::scope::PrometheusAt;
use crate::model::source::{ErrorKind, SourceKind};
use crate::model::time::Timestamp;

/// How many queries are asked at once: answers held.
const QUERIES_AT_ONCE: usize = 4;
/// The largest answer: 256 topics of 100 partitions at 250 bytes each are 6 MiB.
const MAX_ANSWER_BYTES: usize = 8 * 1024 * 1024;
/// How many intervals it may be silent.
const SILENT_INTERVALS: u32 = 3;
/// A query that every Prometheus answers: whether it is there is known even while nothing else is asked.
const HEARTBEAT: &str = "vector(1)";

/// Why a query has no answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum QueryError {
    /// The server was not heard.
    #[error(transparent)]
    Web(#[from] WebError),
    /// The token cannot be read.
    #[error("bearer_token_file {0}")]
    Token(#[from] SecretError),
    /// An answer that is neither a success nor an error of the API.
    #[error("HTTP {0}")]
    Status(u16),
    /// An answer of no use.
    #[error(transparent)]
    Answer(#[from] AnswerError),
}

impl QueryError {
    /// What kind of error it is, for counting.
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Web(error) => error.kind(),
            Self::Token(_) => ErrorKind::Other,
            Self::Status(401 | 403) => ErrorKind::Forbidden,
            Self::Status(_) | Self::Answer(AnswerError::Refused(_)) => ErrorKind::Status,
            Self::Answer(AnswerError::Many(_) | AnswerError::Value) => ErrorKind::Value,
            Self::Answer(_) => ErrorKind::Decode,
        }
    }
}

/// A Prometheus.
pub struct Prometheus {
    at: PrometheusAt,
    web: Arc<Web>,
    clock: Arc<ServerClock>,
    turns: Semaphore,
    source: Mutex<Joint<Name>>,
}

impl Prometheus {
    /// Announces the source. `interval` is how often it is asked at least.
    pub async fn add(
        at: PrometheusAt,
        web: Arc<Web>,
        clock: Arc<ServerClock>,
        interval: Duration,
        changes: Sender<Change>,
    ) -> Result<Self, Closed> {
        let stale_after = interval.saturating_mul(SILENT_INTERVALS);
        let reporter = Reporter::add(SourceKind::Prometheus, None, stale_after, changes).await?;
        let source = Mutex::new(Joint::new(reporter));
        Ok(Self { at, web, clock, turns: Semaphore::new(QUERIES_AT_ONCE), source })
    }

    /// Asks every interval whether it is there, until nobody takes changes any more.
    pub async fn beat(&self, interval: Duration) -> Closed {
        loop {
            if let Err(closed) = self.value(&HEARTBEAT.into()).await {
                return closed;
            }
            sleep(interval).await;
        }
    }

    /// The one value that a query gives, and when it was answered; `None` where it gives none, and where there is no answer,
    /// which is told of the source.
    pub async fn value(&self, query: &Name) -> Result<Option<(Timestamp, f64)>, Closed> {
        let answer = self.ask(query).await.and_then(|json| Ok(answer::value(&json)?));
        let at = self.clock.now();
        Ok(self.tell(query, at, answer).await?.flatten().map(|value| (at, value)))
    }

    /// Tells of an answer, or of its lack.
    async fn tell<T>(&self, query: &Name, at: Timestamp, answer: Result<T, QueryError>) -> Result<Option<T>, Closed> {
        let mut source = self.source.lock().await;
        match answer {
            Ok(answer) => source.well(query, at).await.map(|()| Some(answer)),
            Err(error) => {
                source.ailed(query, error.kind(), &format!("query {query}: {error}")).await?;
                Ok(None)
            }
        }
    }

    async fn ask(&self, query: &str) -> Result<Vec<u8>, QueryError> {
        let _turn = self.turns.acquire().await;
        let token = match &self.at.bearer_token_file {
            Some(file) => Some(secret::read(file).await?),
            None => None,
        };
        let encoded = form_urlencoded::Serializer::new(String::new()).append_pair("query", query).finish();
        let url = format!("{}/api/v1/query?{encoded}", self.at.url.trim_end_matches('/'));
        let with = |request: reqwest::RequestBuilder| match &token {
            Some(token) => request.bearer_auth(token.expose()),
            None => request,
        };
        let response = self.web.get(&url, self.at.ca_file.as_ref(), self.at.timeout, with).await?;
        let status = response.status().as_u16();
        // The API answers its own errors with a body that says what is wrong.
        if !matches!(status, 200 | 400 | 422 | 503) {
            return Err(QueryError::Status(status));
        }
        let json = web::body(response, MAX_ANSWER_BYTES).await?;
        if status == 200 || json.first() == Some(&b'{') { Ok(json) } else { Err(QueryError::Status(status)) }
    }
}
