//! Prometheus as a source: one server that is asked by instant queries. Its own word is trusted no further than its samples
//! are fresh.
//!
//! Not for the meaning of a query: who asks knows that.

mod answer;
mod readings;
pub mod signals;

use std::sync::Arc;
use std::time::Duration;

use http::header::DATE;
use jiff::SignedDuration;
use jiff::fmt::rfc2822::DateTimeParser;
use thiserror::Error;
use tokio::sync::mpsc::Sender;
use tokio::sync::{Mutex, Semaphore};
use tokio::time::sleep;

use self::answer::{AnswerError, Series};
use super::hearing::ServerClock;
use super::joint::Joint;
use super::report::{Closed, Reporter};
use crate::index::change::Change;
use crate::model::names::Name;
use crate::model::scope::PrometheusAt;
use crate::model::source::{ErrorKind, SourceKind};
use crate::model::time::{Timestamp, unix_seconds};
use crate::net::secret::{self, SecretError};
use crate::net::web::{self, Web, WebError};

/// How many queries are asked at once: answers held.
const QUERIES_AT_ONCE: usize = 4;
/// The largest answer: 256 topics of 100 partitions at 250 bytes each are 6 MiB.
const MAX_ANSWER_BYTES: usize = 8 * 1024 * 1024;
/// How many intervals it may be silent.
const SILENT_INTERVALS: u32 = 3;
/// A query that every Prometheus answers: whether it is there is known even while nothing else is asked.
const HEARTBEAT: &str = "vector(1)";

/// Up to this difference clocks agree: `Date` has whole seconds, and an answer takes its time.
const CLOCKS_AGREE: SignedDuration = SignedDuration::from_secs(3);

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
    #[must_use]
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

/// An answer.
struct Answered {
    json: Vec<u8>,
    /// How far its clock is behind the API server's.
    behind: SignedDuration,
}

/// What came of asking for series; why there are none has been told.
enum Heard {
    /// They are there, and the present by the API server's clock.
    Series(Timestamp, Vec<Series>),
    /// There are too many: asking again would give no fewer.
    TooLarge,
    /// There is no answer this time.
    Nothing,
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
        let answer = self.ask(query, None).await.and_then(|answered| Ok(answer::value(&answered.json)?));
        let at = self.clock.now();
        Ok(self.tell(query, query, at, answer).await?.flatten().map(|value| (at, value)))
    }

    /// The one value that a query gives at another instant: inner `None` where it gives none, outer where there is no answer.
    async fn value_at(&self, of: &Name, query: &str, at: Timestamp) -> Result<Option<Option<f64>>, Closed> {
        let answer = self.ask(query, Some(at)).await.and_then(|answered| Ok(answer::value(&answered.json)?));
        self.tell(of, query, self.clock.now(), answer).await
    }

    /// The series of a range selector, their times by the API server's clock, and the present by it.
    async fn series(&self, of: &Name, query: &str) -> Result<Heard, Closed> {
        let answer = self.ask(query, None).await.and_then(|answered| {
            let mut series = answer::series(&answered.json)?;
            for (at, _) in series.iter_mut().flat_map(|series| &mut series.samples) {
                *at = at.saturating_add(answered.behind).unwrap_or(*at);
            }
            Ok(series)
        });
        let too_large = matches!(answer, Err(QueryError::Web(WebError::TooLarge(_))));
        let now = self.clock.now();
        Ok(match self.tell(of, query, now, answer).await? {
            Some(series) => Heard::Series(now, series),
            None if too_large => Heard::TooLarge,
            None => Heard::Nothing,
        })
    }

    /// Tells of something in an answer that could not be used; the rest of it was.
    async fn refused(&self, query: &str, kind: ErrorKind, what: &str) -> Result<(), Closed> {
        let mut source = self.source.lock().await;
        source.reporter().error(kind, &format!("query {query}: {what}")).await
    }

    /// Nothing is asked about `of` any more.
    async fn forget(&self, of: &Name) {
        self.source.lock().await.forget(of);
    }

    /// Tells of an answer to a query about `of`, or of its lack.
    async fn tell<T>(
        &self,
        of: &Name,
        query: &str,
        at: Timestamp,
        answer: Result<T, QueryError>,
    ) -> Result<Option<T>, Closed> {
        let mut source = self.source.lock().await;
        match answer {
            Ok(answer) => source.well(of, at).await.map(|()| Some(answer)),
            Err(error) => {
                source.ailed(of, error.kind(), &format!("query {query}: {error}")).await?;
                Ok(None)
            }
        }
    }

    /// Asks, for the present where no instant is given.
    async fn ask(&self, query: &str, at: Option<Timestamp>) -> Result<Answered, QueryError> {
        let _turn = self.turns.acquire().await;
        let token = match &self.at.bearer_token_file {
            Some(file) => Some(secret::read(file).await?),
            None => None,
        };
        let url = self.url(query, at);
        let with = |request: reqwest::RequestBuilder| match &token {
            Some(token) => request.bearer_auth(token.expose()),
            None => request,
        };
        let response = self.web.get(&url, self.at.ca_file.as_ref(), self.at.timeout, with).await?;
        let behind = self.behind(&response);
        let status = response.status().as_u16();
        // The API answers its own errors with a body that says what is wrong.
        if !matches!(status, 200 | 400 | 422 | 503) {
            return Err(QueryError::Status(status));
        }
        let json = web::body(response, MAX_ANSWER_BYTES).await?;
        if status == 200 || json.first() == Some(&b'{') {
            Ok(Answered { json, behind })
        } else {
            Err(QueryError::Status(status))
        }
    }

    fn url(&self, query: &str, at: Option<Timestamp>) -> String {
        let mut encoded = form_urlencoded::Serializer::new(String::new());
        encoded.append_pair("query", query);
        if let Some(at) = at {
            encoded.append_pair("time", &format!("{:.3}", unix_seconds(at)));
        }
        format!("{}/api/v1/query?{}", self.at.url.trim_end_matches('/'), encoded.finish())
    }

    /// How far the clock of an answer is behind the API server's; zero where they agree as far as `Date` can tell.
    fn behind(&self, response: &reqwest::Response) -> SignedDuration {
        let date = response.headers().get(DATE).and_then(|date| date.to_str().ok());
        let date = date.and_then(|date| DateTimeParser::new().parse_timestamp(date).ok());
        let behind = date.map_or(SignedDuration::ZERO, |date| self.clock.now().duration_since(date));
        if behind.abs() <= CLOCKS_AGREE { SignedDuration::ZERO } else { behind }
    }
}
