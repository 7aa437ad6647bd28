//! What stands around the played suites, as far as it is asked over the network: Kafka, `PostgreSQL`, the object storage and the
//! aggregation, each on a loopback address of its own, at the port of the pods' metrics.
//!
//! Each speaks just enough of its protocol to be told from something that does not. Where it is refused, nothing listens.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::scenario::{DependencyState, Surrounding};

/// How long no connection is taken after one could not be.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Connections that one of them serves at once: those who probe hold one or two.
const CONNECTIONS_MAX: usize = 64;
/// The longest message that is read: a client's first ones are far shorter.
const MESSAGE_MAX: u32 = 64 * 1024;
/// What no client of Kafka or `PostgreSQL` understands.
const NONSENSE: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";

/// How each of them is now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Present {
    /// Kafka, the database and the object storage, and how each answers.
    pub(super) dependencies: Vec<(Surrounding, DependencyState)>,
    /// The aggregation's level.
    pub(super) level: i32,
}

impl Present {
    fn state(&self, of: Surrounding) -> DependencyState {
        self.dependencies.iter().find(|(name, _)| *name == of).map_or(DependencyState::Up, |(_, state)| *state)
    }
}

/// Those that are asked over the network, with the last number of their addresses.
const SERVED: [(Surrounding, u8); 4] = [
    (Surrounding::Kafka, 1),
    (Surrounding::Database, 2),
    (Surrounding::ObjectStorage, 3),
    (Surrounding::Aggregation, 4),
];

/// The address of one of them; none for what is not asked over the network.
pub(super) fn address(of: Surrounding) -> Option<Ipv4Addr> {
    SERVED.iter().find(|(name, _)| *name == of).map(|(_, last)| Ipv4Addr::new(127, 1, 0, *last))
}

/// All listeners.
#[derive(Debug)]
pub(super) struct SurroundingsServer {
    port: u16,
    present: Arc<Mutex<Present>>,
    listening: HashMap<Surrounding, JoinHandle<()>>,
}

impl SurroundingsServer {
    /// Nothing listens yet. The port is one that nobody else has at any loopback address.
    pub(super) fn new(port: u16) -> Self {
        Self { port, present: Arc::default(), listening: HashMap::new() }
    }

    /// From now on they are so. An address that cannot be had is tried again the next time.
    pub(super) async fn serve(&mut self, present: Present) {
        let refused: Vec<Surrounding> =
            SERVED.iter().map(|(of, _)| *of).filter(|of| present.state(*of) == DependencyState::Refused).collect();
        *self.present.lock().unwrap_or_else(PoisonError::into_inner) = present;
        self.listening.retain(|of, task| {
            let stays = !refused.contains(of);
            if !stays {
                task.abort();
            }
            stays
        });
        for (of, _) in SERVED {
            if self.listening.contains_key(&of) || refused.contains(&of) {
                continue;
            }
            let Some(address) = address(of) else { continue };
            if let Ok(listener) = TcpListener::bind((address, self.port)).await {
                self.listening.insert(of, tokio::spawn(accept(listener, of, Arc::clone(&self.present))));
            }
        }
    }
}

impl Drop for SurroundingsServer {
    fn drop(&mut self) {
        self.listening.values().for_each(JoinHandle::abort);
    }
}

async fn accept(listener: TcpListener, of: Surrounding, present: Arc<Mutex<Present>>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < CONNECTIONS_MAX => match accepted {
                Ok((stream, _)) => {
                    let present = present.lock().unwrap_or_else(PoisonError::into_inner).clone();
                    connections.spawn(answer(stream, of, present));
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn answer(stream: TcpStream, of: Surrounding, present: Present) {
    let state = present.state(of);
    if state == DependencyState::Silent {
        let _open = stream;
        return pending().await;
    }
    // However a connection ends, the client knows why.
    let _ = match of {
        Surrounding::Kafka => kafka(stream, state).await,
        Surrounding::Database => database(stream, state).await,
        _ => page(stream, of, state, present.level).await,
    };
}

/// `ApiVersions` of version 0, and for all else that its version is not supported.
async fn kafka(mut stream: TcpStream, state: DependencyState) -> io::Result<()> {
    const API_VERSIONS: u16 = 18;
    const UNSUPPORTED_VERSION: i16 = 35;
    /// Key, lowest and highest version of some requests.
    const KNOWN: [(i16, i16, i16); 3] = [(0, 0, 9), (1, 0, 13), (18, 0, 3)];
    loop {
        let size = stream.read_u32().await?;
        let message = read(&mut stream, size).await?;
        if state == DependencyState::ProtocolError {
            return stream.write_all(NONSENSE).await;
        }
        let &[key_high, key_low, version_high, version_low, a, b, c, d, ..] = message.as_slice() else { return Ok(()) };
        let key = u16::from_be_bytes([key_high, key_low]);
        let supported = key == API_VERSIONS && u16::from_be_bytes([version_high, version_low]) == 0;
        let error = if supported { 0 } else { UNSUPPORTED_VERSION };
        let mut body = vec![a, b, c, d];
        body.extend(error.to_be_bytes());
        body.extend(i32::try_from(KNOWN.len()).unwrap_or_default().to_be_bytes());
        for (key, lowest, highest) in KNOWN {
            body.extend([key, lowest, highest].into_iter().flat_map(i16::to_be_bytes));
        }
        stream.write_u32(u32::try_from(body.len()).unwrap_or_default()).await?;
        stream.write_all(&body).await?;
    }
}

/// The exchange with which a connection to `PostgreSQL` begins: no TLS, and anybody is let in.
async fn database(mut stream: TcpStream, state: DependencyState) -> io::Result<()> {
    const SSL_REQUEST: [u8; 4] = 80_877_103_u32.to_be_bytes();
    /// `AuthenticationOk` and `ReadyForQuery`.
    const WELCOME: &[u8] = b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I";
    loop {
        let size = stream.read_u32().await?.saturating_sub(4);
        let message = read(&mut stream, size).await?;
        if state == DependencyState::ProtocolError {
            return stream.write_all(NONSENSE).await;
        }
        if message.starts_with(&SSL_REQUEST) {
            stream.write_all(b"N").await?;
            continue;
        }
        stream.write_all(WELCOME).await?;
        // Nothing is asked of a database of which only its life is of interest.
        return stream.read_to_end(&mut Vec::new()).await.map(|_| ());
    }
}

async fn read(stream: &mut TcpStream, size: u32) -> io::Result<Vec<u8>> {
    if size > MESSAGE_MAX {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut message = vec![0; usize::try_from(size).unwrap_or_default()];
    stream.read_exact(&mut message).await?;
    Ok(message)
}

async fn page(stream: TcpStream, of: Surrounding, state: DependencyState, level: i32) -> io::Result<()> {
    let service = service_fn(move |_| {
        let (status, body) = match (of, state) {
            (_, DependencyState::ProtocolError) => (StatusCode::SERVICE_UNAVAILABLE, String::new()),
            (Surrounding::Aggregation, _) => (StatusCode::OK, aggregation(level)),
            // What an S3 says to those who have no key.
            _ => (StatusCode::FORBIDDEN, "<Error><Code>AccessDenied</Code></Error>".to_owned()),
        };
        let mut response = Response::new(Full::new(Bytes::from(body)));
        *response.status_mut() = status;
        async move { Ok::<_, Infallible>(response) }
    });
    // One answer a connection: one that is kept would go on to answer as things were when it began.
    let connection = http1::Builder::new().keep_alive(false).serve_connection(TokioIo::new(stream), service);
    connection.await.map_err(io::Error::other)
}

fn aggregation(level: i32) -> String {
    format!(
        "# TYPE gcxi_raa_health_level gauge\ngcxi_raa_health_level {level}\n\
         # TYPE gcxi_raa_heartbeat_count counter\ngcxi_raa_heartbeat_count{{version=\"100.0.12.0000\"}} 4711\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A port that nobody has, held at an address that nothing here listens on.
    async fn port() -> (u16, TcpListener) {
        let held = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        (held.local_addr().unwrap().port(), held)
    }

    async fn ask(of: Surrounding, port: u16, request: &[u8], most: usize) -> io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect((address(of).unwrap(), port)).await?;
        stream.write_all(request).await?;
        let mut answer = vec![0; most];
        let length = stream.read(&mut answer).await?;
        answer.truncate(length);
        Ok(answer)
    }

    #[tokio::test]
    async fn each_speaks_its_protocol_or_does_not() {
        use Surrounding::{Aggregation, Database, Kafka, ObjectStorage};
        let (port, _held) = port().await;
        let mut server = SurroundingsServer::new(port);
        let all =
            |state| Present { dependencies: [Kafka, Database, ObjectStorage].map(|of| (of, state)).into(), level: 1 };
        let versions: &[u8] = b"\0\0\0\x0a\0\x12\0\0\0\0\0\x07\xff\xff";
        let startup: &[u8] = b"\0\0\0\x08\x00\x03\x00\x00";
        let get: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
        server.serve(all(DependencyState::Up)).await;
        let answered = ask(Kafka, port, versions, 100).await.unwrap();
        // The length may come by itself.
        assert!(answered.starts_with(b"\0\0\0\x1c"), "{answered:?}");
        assert_eq!(ask(Database, port, b"\0\0\0\x08\x04\xd2\x16\x2f", 1).await.unwrap(), b"N");
        assert!(ask(Database, port, startup, 100).await.unwrap().starts_with(b"R\0\0\0\x08\0\0\0\0"));
        assert!(ask(ObjectStorage, port, get, 100).await.unwrap().starts_with(b"HTTP/1.1 403"));
        let page = ask(Aggregation, port, get, 4096).await.unwrap();
        assert!(String::from_utf8(page).unwrap().contains("gcxi_raa_health_level 1"));

        server.serve(all(DependencyState::ProtocolError)).await;
        assert!(ask(Kafka, port, versions, 4).await.unwrap().starts_with(b"HTTP"));
        assert!(ask(Database, port, startup, 4).await.unwrap().starts_with(b"HTTP"));
        assert!(ask(ObjectStorage, port, get, 100).await.unwrap().starts_with(b"HTTP/1.1 503"));

        server.serve(all(DependencyState::Silent)).await;
        let silent = tokio::time::timeout(Duration::from_millis(100), ask(Kafka, port, versions, 4)).await;
        assert!(silent.is_err(), "{silent:?}");

        server.serve(all(DependencyState::Refused)).await;
        // A listener closes when its task is next looked at.
        for of in [Kafka, Database, ObjectStorage] {
            while ask(of, port, get, 4).await.is_ok() {
                tokio::task::yield_now().await;
            }
        }
        server.serve(all(DependencyState::Up)).await;
        while ask(Kafka, port, versions, 4).await.is_err() {
            server.serve(all(DependencyState::Up)).await;
        }
    }
}
