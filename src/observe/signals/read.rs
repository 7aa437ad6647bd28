//! One read of one metrics endpoint: the request, its limits, and what a page may be.

use std::time::Duration;

use http::header::{ACCEPT, CONTENT_TYPE};
use reqwest::redirect::Policy;
use thiserror::Error;

use super::families::{self, Values};
use crate::exposition::{Format, ParseError, Parser};
use crate::model::scope::LatencyUnit;
use crate::model::source::ErrorKind;
use crate::net::failure;
use crate::net::install_tls;

/// The largest page that is read. GIM's has less than 1 MiB.
const MAX_PAGE_BYTES: usize = 8 * 1024 * 1024;
/// The longest that one read may take, however long the interval.
const LONGEST_READ: Duration = Duration::from_secs(10);
/// What one read may take at least, however short the interval of a cluster that is played fast.
const SHORTEST_READ: Duration = Duration::from_secs(1);
/// The longest that making a connection may take. Where a network policy drops what is sent nothing ever comes back, and within
/// a cluster a connection takes milliseconds; a first packet that is lost is sent again after one second.
const LONGEST_CONNECT: Duration = Duration::from_secs(2);
/// Both formats, the better specified one first.
const ACCEPTED: &str = "application/openmetrics-text;version=1.0.0;q=0.9,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

/// Why an endpoint could not be read. Holds nothing of the page.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReadError {
    /// No whole answer in time.
    #[error("no answer in time")]
    Timeout,
    /// No connection, or it broke.
    #[error("{0}")]
    Connect(String),
    /// An answer other than 200.
    #[error("HTTP {0}")]
    Status(u16),
    /// A page larger than [`MAX_PAGE_BYTES`], or one that never ends.
    #[error("page is larger than {MAX_PAGE_BYTES} bytes")]
    TooLarge,
    /// A page that breaks its format.
    #[error(transparent)]
    Parse(#[from] ParseError),
}

impl ReadError {
    /// What kind of error it is, for counting.
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Timeout => ErrorKind::Timeout,
            Self::Connect(_) => ErrorKind::Connect,
            Self::Status(_) => ErrorKind::Status,
            Self::TooLarge => ErrorKind::TooLarge,
            Self::Parse(_) => ErrorKind::Decode,
        }
    }
}

impl From<reqwest::Error> for ReadError {
    fn from(error: reqwest::Error) -> Self {
        if error.is_timeout() {
            return Self::Timeout;
        }
        // The URL stands in front of every detail already.
        let error = error.without_url();
        failure::transport(&error).map_or(Self::Timeout, Self::Connect)
    }
}

/// The client for endpoints that are read every `interval`.
///
/// Connections are not kept: one for each of thousands of endpoints would cost more memory than making it anew.
pub fn client(interval: Duration) -> Result<reqwest::Client, reqwest::Error> {
    install_tls();
    reqwest::Client::builder()
        .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(LONGEST_CONNECT)
        .timeout(interval.clamp(SHORTEST_READ, LONGEST_READ))
        .redirect(Policy::none())
        .no_proxy()
        .pool_max_idle_per_host(0)
        .build()
}

/// Reads one page. `arrived` is called when the answer's head is there: the values are of that moment, or a little before.
pub async fn read(
    client: &reqwest::Client,
    url: &str,
    unit: LatencyUnit,
    arrived: impl FnOnce(),
) -> Result<Values, ReadError> {
    let mut response = client.get(url).header(ACCEPT, ACCEPTED).send().await?;
    if response.status() != http::StatusCode::OK {
        return Err(ReadError::Status(response.status().as_u16()));
    }
    arrived();
    let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let mut parser = Parser::new(Format::of_content_type(content_type.unwrap_or_default()), families::is_of_interest);
    let mut bytes: usize = 0;
    while let Some(chunk) = response.chunk().await? {
        bytes = bytes.saturating_add(chunk.len());
        if bytes > MAX_PAGE_BYTES {
            return Err(ReadError::TooLarge);
        }
        parser.feed(&chunk)?;
    }
    Ok(families::reduce(&parser.finish()?, unit))
}

#[cfg(test)]
mod tests {
    use tokio::net::{TcpSocket, TcpStream};
    use tokio::time::{Instant, timeout};

    use super::*;

    /// An address that answers no packet, as behind a network policy: the queue of connections that nobody takes is full. Keep
    /// what else is given.
    async fn black_hole() -> (String, impl Sized) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let mut queue = Vec::new();
        while let Ok(stream) = timeout(Duration::from_millis(300), TcpStream::connect(address)).await {
            queue.push(stream.unwrap());
        }
        (format!("http://{address}/metrics"), (listener, queue))
    }

    #[tokio::test]
    async fn a_connection_that_is_dropped_is_given_up_soon() {
        let (url, _kept) = black_hole().await;
        let client = client(Duration::from_secs(15)).unwrap();
        let begun = Instant::now();
        let error = read(&client, &url, LatencyUnit::Milliseconds, || ()).await.err();
        assert_eq!(error, Some(ReadError::Timeout));
        assert!(begun.elapsed() < LONGEST_READ / 2, "{:?}", begun.elapsed());
    }
}
