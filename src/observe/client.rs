//! The client: one connection pool to the API server, through which every request of every observer goes.
//!
//! kube reads the kubeconfig and speaks TLS and authentication; requests are sent raw and answers are read by us, because
//! kube's typed calls print a whole answer to the log when it does not decode, and fail a whole list for one bad object.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use kube::client::{Body, ClientBuilder};
use kube::config::{InferConfigError, KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};
use thiserror::Error;

use super::fetch::FetchError;
use super::hearing::{Heard, HearingLayer, ServerClock};
use crate::model::source::Contact;
use crate::net::install_tls;

/// How long a connection may take to be made, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The largest answer of an error that is read: a `Status` of the API server has less than 2 KiB.
const MAX_STATUS_BYTES: usize = 64 * 1024;

/// How the API server is found.
#[derive(Clone, Debug)]
pub enum Access {
    /// As `kubectl` finds it (`KUBECONFIG`, `~/.kube/config`), else as a pod does, by its `ServiceAccount`.
    Infer,
    /// By this kubeconfig file.
    Kubeconfig(PathBuf),
    /// At this address, without authentication.
    Url(http::Uri),
}

/// Why there is no client.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// The kubeconfig file cannot be used.
    #[error("kubeconfig {}: {source}", path.display())]
    Kubeconfig {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: Box<KubeconfigError>,
    },
    /// Neither a kubeconfig nor a `ServiceAccount` was found.
    #[error(transparent)]
    Infer(#[from] Box<InferConfigError>),
    /// The configuration was read but no client can be made of it.
    #[error("client of the Kubernetes API: {0}")]
    Client(#[from] Box<kube::Error>),
}

/// A client that hears. Cheap to clone.
#[derive(Clone)]
pub struct ApiClient {
    client: Client,
    clock: Arc<ServerClock>,
}

impl ApiClient {
    /// Makes a client. Nothing is sent yet.
    ///
    /// `silence` is how long any answer may say nothing, at its beginning or between two pieces, before the connection is
    /// given up.
    pub async fn connect(access: Access, silence: Duration, clock: Arc<ServerClock>) -> Result<Self, ConnectError> {
        install_tls();
        let mut config = match access {
            Access::Infer => Config::infer().await.map_err(Box::new)?,
            Access::Url(url) => Config::new(url),
            Access::Kubeconfig(path) => {
                let refused = |error| ConnectError::Kubeconfig { path: path.clone(), source: Box::new(error) };
                let kubeconfig = Kubeconfig::read_from(&path).map_err(refused)?;
                Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.map_err(refused)?
            }
        };
        config.connect_timeout = Some(CONNECT_TIMEOUT.min(silence));
        config.read_timeout = Some(silence);
        // Else the time that a pooled connection was idle would count against the next answer.
        config.reset_reader_on_write = true;
        config.disable_compression = true;
        // Retrying is done, and counted, by those who ask.
        config.default_retry = false;
        let builder = ClientBuilder::try_from(config).map_err(Box::new)?;
        let client = builder.with_layer(&HearingLayer(Arc::clone(&clock))).build();
        Ok(Self { client, clock })
    }

    /// The clock that this client's answers set.
    #[must_use]
    pub fn clock(&self) -> &Arc<ServerClock> {
        &self.clock
    }

    /// Sends a request and gives the body of a successful answer. With `heard`, the answer's every piece and its end count as contact.
    pub(super) async fn send(
        &self,
        request: http::Request<Vec<u8>>,
        heard: Option<&Arc<Contact>>,
    ) -> Result<Body, FetchError> {
        let mut request = request.map(Body::from);
        if let Some(contact) = heard {
            request.extensions_mut().insert(Heard(Arc::clone(contact)));
        }
        // Since 1.37 an API server may compress a watch event by event, which no decoder here expects.
        let identity = http::HeaderValue::from_static("identity");
        request.headers_mut().insert(http::header::ACCEPT_ENCODING, identity);
        let response = self.client.send(request).await.map_err(|error| FetchError::transport(&error))?;
        let (parts, body) = response.into_parts();
        if parts.status.is_success() {
            return Ok(body);
        }
        let text = collect(body, MAX_STATUS_BYTES).await.unwrap_or_default();
        Err(FetchError::status(&parts, &text))
    }
}

/// Reads a body whole, up to `limit` bytes.
pub(super) async fn collect(mut body: Body, limit: usize) -> Result<Vec<u8>, FetchError> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| FetchError::transport(&error))?;
        if let Some(data) = frame.data_ref() {
            if bytes.len().saturating_add(data.len()) > limit {
                return Err(FetchError::TooLarge(limit));
            }
            bytes.extend_from_slice(data);
        }
    }
    Ok(bytes)
}
