//! Dialling: a connection to `host:port`, and TLS on it.
//!
//! Not for time: who dials says how long it may take.

use std::io;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::failure::shorten;
use super::trust::TrustError;
use crate::model::dependency::ProbeFailure;
use crate::model::source::ErrorKind;

/// Why there is no connection.
#[derive(Debug, Error)]
pub enum DialError {
    /// No connection, or it broke.
    #[error("{}", shorten(&.0.to_string()))]
    Io(#[from] io::Error),
    /// The certificate of the other side is not trusted, or TLS is not spoken there.
    #[error("TLS: {}", shorten(&.0.to_string()))]
    Tls(io::Error),
    /// The host is no name that a certificate could have.
    #[error("no host name")]
    Host,
    /// Nobody may be trusted.
    #[error(transparent)]
    Trust(#[from] TrustError),
}

impl DialError {
    /// What it says about a dependency. Only a refusal speaks of the dependency itself; the rest may be the network's or ours.
    #[must_use]
    pub fn failure(&self) -> ProbeFailure {
        match self {
            Self::Io(error) => failure_of(error),
            Self::Tls(_) | Self::Host | Self::Trust(_) => ProbeFailure::Other,
        }
    }

    /// What kind of error it is, for counting.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Io(error) if error.kind() == io::ErrorKind::TimedOut => ErrorKind::Timeout,
            Self::Io(_) | Self::Tls(_) => ErrorKind::Connect,
            Self::Host | Self::Trust(_) => ErrorKind::Other,
        }
    }
}

/// What an error of the system says about a dependency.
#[must_use]
pub fn failure_of(error: &io::Error) -> ProbeFailure {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => ProbeFailure::Refused,
        io::ErrorKind::TimedOut => ProbeFailure::Timeout,
        _ => ProbeFailure::Other,
    }
}

/// The host of `host:port`, without the brackets of an IPv6 address.
#[must_use]
pub fn host_of(address: &str) -> &str {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

/// Connects to `host:port`.
pub async fn dial(address: &str) -> Result<TcpStream, DialError> {
    let stream = TcpStream::connect(address).await?;
    // Small questions and answers: waiting to fill packets would only delay them.
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Speaks TLS on a connection to `host`.
pub async fn encrypt<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    host: &str,
    config: Arc<ClientConfig>,
) -> Result<TlsStream<S>, DialError> {
    let name = ServerName::try_from(host.to_owned()).map_err(|_| DialError::Host)?;
    TlsConnector::from(config).connect(name, stream).await.map_err(DialError::Tls)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_addresses() {
        for (address, host) in [("kafka:9092", "kafka"), ("[::1]:5432", "::1"), ("10.0.0.1:1", "10.0.0.1")] {
            assert_eq!(host_of(address), host);
        }
    }
}
