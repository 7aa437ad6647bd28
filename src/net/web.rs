//! Web: requests to anything but the API server and the components' endpoints: object storage, the aggregation's page,
//! Prometheus, Alertmanager. Answers are bounded, redirects are not followed, no proxy of the environment is used. Not
//! for what an answer means.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use rustls::ClientConfig;
use thiserror::Error;
use tokio::sync::Mutex;

use super::dial::failure_of;
use super::failure;
use super::trust::{Trust, TrustError};
use crate::model::dependency::ProbeFailure;
use crate::model::names::Name;
use crate::model::source::ErrorKind;

/// The deepest chain of causes that is looked through.
const MAX_CAUSES: usize = 8;

/// Why there is no answer. Holds nothing of a body and no header.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WebError {
    /// No whole answer in time.
    #[error("no answer in time")]
    Timeout,
    /// No connection, or it broke.
    #[error("{text}")]
    Connect {
        /// What it says about a dependency.
        failure: ProbeFailure,
        /// For people.
        text: String,
    },
    /// Nobody may be trusted.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The answer is larger than allowed.
    #[error("answer is larger than {0} bytes")]
    TooLarge(usize),
}

impl WebError {
    /// What kind of error it is, for counting.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Timeout => ErrorKind::Timeout,
            Self::Connect { .. } => ErrorKind::Connect,
            Self::TooLarge(_) => ErrorKind::TooLarge,
            Self::Trust(_) => ErrorKind::Other,
        }
    }

    /// What it says about a dependency.
    #[must_use]
    pub const fn failure(&self) -> ProbeFailure {
        match self {
            Self::Timeout => ProbeFailure::Timeout,
            Self::Connect { failure, .. } => *failure,
            Self::Trust(_) | Self::TooLarge(_) => ProbeFailure::Other,
        }
    }
}

impl From<reqwest::Error> for WebError {
    fn from(error: reqwest::Error) -> Self {
        if error.is_timeout() {
            return Self::Timeout;
        }
        let error = error.without_url();
        let failure = about(&error);
        failure::transport(&error).map_or(Self::Timeout, |text| Self::Connect { failure, text })
    }
}

/// What an error of a request says about who was asked: refused, no HTTP, or anything else.
fn about(error: &(dyn StdError + 'static)) -> ProbeFailure {
    let mut cause = Some(error);
    for _ in 0..MAX_CAUSES {
        let Some(error) = cause else { break };
        if let Some(io) = error.downcast_ref::<io::Error>() {
            return failure_of(io);
        }
        if error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse) {
            return ProbeFailure::Protocol;
        }
        cause = error.source();
    }
    ProbeFailure::Other
}

/// A client and what it was made of.
type Made = (Arc<ClientConfig>, reqwest::Client);

/// Clients, one for each file of certificates.
#[derive(Debug)]
pub struct Web {
    trust: Arc<Trust>,
    clients: Mutex<HashMap<Option<Name>, Made>>,
}

impl Web {
    /// Without clients yet.
    #[must_use]
    pub fn new(trust: Arc<Trust>) -> Self {
        Self { trust, clients: Mutex::default() }
    }

    /// Asks `url` and gives the answer's head, its body still to be read. All of it must be there within `timeout`.
    pub async fn get(
        &self,
        url: &str,
        ca_file: Option<&Name>,
        timeout: Duration,
        with: impl FnOnce(reqwest::RequestBuilder) -> reqwest::RequestBuilder,
    ) -> Result<reqwest::Response, WebError> {
        let client = self.client(ca_file).await?;
        Ok(with(client.get(url).timeout(timeout)).send().await?)
    }

    /// The same, but `json` is posted there.
    pub async fn post(
        &self,
        url: &str,
        json: Bytes,
        ca_file: Option<&Name>,
        timeout: Duration,
        with: impl FnOnce(reqwest::RequestBuilder) -> reqwest::RequestBuilder,
    ) -> Result<reqwest::Response, WebError> {
        let client = self.client(ca_file).await?;
        let request = client.post(url).timeout(timeout).header(CONTENT_TYPE, "application/json").body(json);
        Ok(with(request).send().await?)
    }

    async fn client(&self, ca_file: Option<&Name>) -> Result<reqwest::Client, WebError> {
        let config = self.trust.config(ca_file).await?;
        let key = ca_file.cloned();
        let mut clients = self.clients.lock().await;
        if let Some((made_of, client)) = clients.get(&key)
            && Arc::ptr_eq(made_of, &config)
        {
            return Ok(client.clone());
        }
        super::install_tls();
        let client = reqwest::Client::builder()
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
            .tls_backend_preconfigured(ClientConfig::clone(&config))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            // One connection to each is enough: the exporter asks one thing at a time of each place.
            .pool_max_idle_per_host(1)
            .build()?;
        clients.insert(key, (config, client.clone()));
        Ok(client)
    }
}

/// Reads the rest of an answer, up to `limit` bytes.
pub async fn body(mut response: reqwest::Response, limit: usize) -> Result<Vec<u8>, WebError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if bytes.len().saturating_add(chunk.len()) > limit {
            return Err(WebError::TooLarge(limit));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
