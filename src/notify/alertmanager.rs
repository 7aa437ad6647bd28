//! Alertmanager: one of them, as it is asked and posted to.
//!
//! Secrets are read at each use and get into nothing but their header. Not for when and what: see `post` and `ask`.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use thiserror::Error;

use super::wire::{Answer, Known};
use crate::model::alerting::AlertmanagerAt;
use crate::model::names::Name;
use crate::net::secret::{self, Secret, SecretError};
use crate::net::web::{self, Web, WebError};

/// The largest answer that is read: 10,000 alerts of 1.5 KiB.
const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;
/// The longest that a post may take, whatever is configured: one that arrives later says what is half over.
const LONGEST_POST: Duration = Duration::from_secs(45);
/// All alerts of ours that are not over: silenced and inhibited ones are taken over as well.
const OURS: &str = "active=true&silenced=true&inhibited=true&unprocessed=true&filter=alertname%3D~%22GimUpgrade.%2B%22";

/// Why an Alertmanager did not take a post or give an answer. Holds nothing of a body and no header.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TalkError {
    /// It was not heard.
    #[error(transparent)]
    Web(#[from] WebError),
    /// The token or the password cannot be read.
    #[error("{field} {cause}")]
    Secret {
        /// The field of the configuration.
        field: &'static str,
        /// Why not.
        cause: SecretError,
    },
    /// It answered with an error.
    #[error("HTTP {0}")]
    Status(u16),
    /// The answer is no list of alerts. Alerts are no secrets, and yet nothing of them is repeated.
    #[error("answer not understood at line {line} column {column}")]
    Answer {
        /// Line, 1 first.
        line: usize,
        /// Column, 1 first.
        column: usize,
    },
}

impl TalkError {
    /// Whether this very body is refused: posting it again would change nothing.
    #[must_use]
    pub const fn is_of_the_body(&self) -> bool {
        matches!(self, Self::Status(400 | 413 | 422))
    }
}

/// How a request proves who it is from.
enum Proof {
    Nothing,
    Token(Secret),
    Password(Name, Secret),
}

impl Proof {
    fn put_on(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        match self {
            Self::Nothing => request,
            Self::Token(token) => request.bearer_auth(token.expose()),
            Self::Password(user, password) => request.basic_auth(user, Some(password.expose())),
        }
    }
}

/// One Alertmanager.
#[derive(Clone)]
pub struct Alertmanager {
    url: Name,
    at: Arc<AlertmanagerAt>,
    web: Arc<Web>,
}

impl Alertmanager {
    /// The one at `url`, with what is common to all.
    #[must_use]
    pub fn new(url: &Name, at: Arc<AlertmanagerAt>, web: Arc<Web>) -> Self {
        Self { url: Name::clone(url), at, web }
    }

    /// Its URL, as it is configured.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Posts alerts.
    pub async fn post(&self, json: Bytes) -> Result<(), TalkError> {
        let (url, proof) = (self.api(""), self.proof().await?);
        let with = |request| proof.put_on(request);
        let timeout = self.at.timeout.min(LONGEST_POST);
        let response = self.web.post(&url, json, self.at.ca_file.as_ref(), timeout, with).await?;
        // It has taken them when it says so; there is nothing to read.
        if response.status().is_success() { Ok(()) } else { Err(TalkError::Status(response.status().as_u16())) }
    }

    /// The alerts that it knows, of all those that have our names.
    pub async fn alerts(&self) -> Result<Vec<Known>, TalkError> {
        let (url, proof) = (self.api(OURS), self.proof().await?);
        let with = |request| proof.put_on(request);
        let response = self.web.get(&url, self.at.ca_file.as_ref(), self.at.timeout, with).await?;
        if !response.status().is_success() {
            return Err(TalkError::Status(response.status().as_u16()));
        }
        let json = web::body(response, MAX_ANSWER_BYTES).await?;
        let Answer(known) = serde_json::from_slice(&json)
            .map_err(|error| TalkError::Answer { line: error.line(), column: error.column() })?;
        Ok(known)
    }

    fn api(&self, query: &str) -> String {
        let separator = if query.is_empty() { "" } else { "?" };
        format!("{}/api/v2/alerts{separator}{query}", self.url.trim_end_matches('/'))
    }

    async fn proof(&self) -> Result<Proof, TalkError> {
        if let Some(file) = &self.at.bearer_token_file {
            let read = secret::read(file).await;
            return read.map(Proof::Token).map_err(|cause| TalkError::Secret { field: "bearer_token_file", cause });
        }
        if let Some((user, file)) = &self.at.basic_auth {
            let read = secret::read(file).await;
            return read
                .map(|password| Proof::Password(Name::clone(user), password))
                .map_err(|cause| TalkError::Secret { field: "password_file", cause });
        }
        Ok(Proof::Nothing)
    }
}
