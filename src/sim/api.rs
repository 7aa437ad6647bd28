//! The API server of the simulated cluster: HTTP/1 on a loopback port, over a store that the world writes.
//!
//! It answers LIST, GET and WATCH of its kinds in the forms, codes and words of a real server (1.37), as far as a
//! client that only reads can tell. It is no server to build on: no writes, no discovery, no TLS, no gzip.

mod body;
mod encode;
mod list;
mod request;
mod shared;
mod status;
mod watch;

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use self::body::Body;
use self::request::{Query, Target};
use self::status::Refusal;
use super::faults::{Asked, Fault, Faults, Verb};

pub use self::shared::SharedStore;

/// How many connections are served at once: a watch for each kind and namespace of 1,000 suites is 21,000.
pub const CONNECTIONS_MAX: usize = 32_768;

/// How often a watch that wants bookmarks gets one (a real server: about a minute).
pub const BOOKMARK_INTERVAL: Duration = Duration::from_mins(1);

/// How long no connection is taken after one could not be.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What `/version` says of the server that is imitated.
const VERSION: &str = r#"{"major":"1","minor":"37","gitVersion":"v1.37.2","gitCommit":"0000000000000000000000000000000000000000","gitTreeState":"clean","buildDate":"2026-01-01T00:00:00Z","goVersion":"go1.26","compiler":"gc","platform":"linux/amd64"}"#;

/// A clock for the `Date` header.
pub type DateClock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// How an API server is set up.
#[derive(Clone)]
pub struct ApiOptions {
    /// Where it listens; port 0 takes a free one.
    pub address: SocketAddr,
    /// How often a watch gets a bookmark.
    pub bookmark_interval: Duration,
    /// The feature gate `WatchList`: on since Kubernetes 1.34, refused with 422 before.
    pub streaming_lists: bool,
    /// The clock of the `Date` header, where it is to differ from the machine's.
    pub date_clock: Option<DateClock>,
}

impl Default for ApiOptions {
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            bookmark_interval: BOOKMARK_INTERVAL,
            streaming_lists: true,
            date_clock: None,
        }
    }
}

impl fmt::Debug for ApiOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ApiOptions").field("address", &self.address).finish_non_exhaustive()
    }
}

/// A running API server. It ends, with all its connections, when it is dropped.
#[derive(Debug)]
pub struct ApiServer {
    address: SocketAddr,
    store: SharedStore,
    faults: Arc<Faults>,
    accepting: JoinHandle<()>,
}

impl ApiServer {
    /// Starts a server without faults, on a free port.
    pub async fn start(store: SharedStore) -> io::Result<Self> {
        Self::start_with(store, Arc::default(), ApiOptions::default()).await
    }

    /// Starts a server. With the address of a former one, and its store and faults, it is that one come back.
    pub async fn start_with(store: SharedStore, faults: Arc<Faults>, options: ApiOptions) -> io::Result<Self> {
        let listener = TcpListener::bind(options.address).await?;
        let address = listener.local_addr()?;
        let server = Arc::new(Server { store: store.clone(), faults: Arc::clone(&faults), options });
        let accepting = tokio::spawn(accept(listener, server));
        Ok(Self { address, store, faults, accepting })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of a kubeconfig's `server`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it serves.
    #[must_use]
    pub const fn store(&self) -> &SharedStore {
        &self.store
    }

    /// Its faults and its counts of requests.
    #[must_use]
    pub const fn faults(&self) -> &Arc<Faults> {
        &self.faults
    }

    /// Ends it at once, as a crash would, and returns when its port is free.
    pub async fn stop(mut self) {
        self.accepting.abort();
        // The result is always that it was cancelled.
        let _ = (&mut self.accepting).await;
    }
}

impl Drop for ApiServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// What all connections share.
struct Server {
    store: SharedStore,
    faults: Arc<Faults>,
    options: ApiOptions,
}

/// The connection is closed instead of an answer.
#[derive(Debug, Error)]
#[error("a fault closed the connection")]
struct Disconnected;

async fn accept(listener: TcpListener, server: Arc<Server>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < CONNECTIONS_MAX => {
                match accepted {
                    Ok((stream, _)) => {
                        connections.spawn(serve(stream, Arc::clone(&server)));
                    }
                    // Out of file descriptors, most likely: some will be free in a moment.
                    Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, server: Arc<Server>) {
    // Without it a watch event waits for the acknowledgement of the one before. Failing is harmless.
    let _ = stream.set_nodelay(true);
    let mut dropped = server.faults.connections();
    let service = service_fn(move |request| answer(Arc::clone(&server), request));
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        // However a connection ends, the client knows why.
        _ = connection => {}
        _ = dropped.changed() => {}
    }
}

async fn answer(server: Arc<Server>, request: Request<Incoming>) -> Result<Response<Body>, Disconnected> {
    let mut response = match route(&server, &request).await {
        Ok(Answer::Response(response)) => response,
        Ok(Answer::Disconnect) => return Err(Disconnected),
        Err(refusal) => refusal.into_response(),
    };
    if let Some(clock) = &server.options.date_clock {
        let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&clock());
        if let Some(date) = date.ok().and_then(|date| HeaderValue::from_str(&date).ok()) {
            response.headers_mut().insert(header::DATE, date);
        }
    }
    Ok(response)
}

enum Answer {
    Response(Response<Body>),
    Disconnect,
}

async fn route(server: &Server, request: &Request<Incoming>) -> Result<Answer, Refusal> {
    let authorization = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if !server.faults.admits(authorization) {
        return Err(Refusal::unauthorized());
    }
    let (kind, namespace, name) = match Target::parse(request.uri().path()) {
        None if Target::in_known_group(request.uri().path()) => return Err(Refusal::no_such_resource()),
        None => return Ok(Answer::Response(no_such_page())),
        Some(Target::Version) => return Ok(Answer::Response(body::json(VERSION))),
        Some(Target::Collection { kind, namespace }) => (kind, namespace, None),
        Some(Target::Object { kind, namespace, name }) => (kind, Some(namespace), Some(name)),
    };
    if request.method() != Method::GET {
        return Err(Refusal::method_not_allowed(kind, request.method().as_str()));
    }
    let query = request.uri().query().unwrap_or_default();
    let verb = match name {
        Some(_) => Verb::Get,
        None if Query::is_watch(query) => Verb::Watch,
        None => Verb::List,
    };
    let asked = Asked { verb, kind, namespace };
    let fault = server.faults.meet(&asked, name.as_deref());
    match fault {
        Some(Fault::SilentBeforeHead) => std::future::pending().await,
        Some(Fault::Disconnect) => return Ok(Answer::Disconnect),
        Some(Fault::Status(code)) => return Err(Refusal::fault(code)),
        Some(Fault::Forbidden) => return Err(Refusal::forbidden(&asked, name.as_deref())),
        Some(Fault::Body(body)) => return Ok(Answer::Response(body::json(body))),
        Some(Fault::SilentAfterHead | Fault::SilentMidway | Fault::Malformed) | None => {}
    }
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let form = request::form(accept.unwrap_or_default(), verb == Verb::List, kind)?;
    let query = Query::parse(kind, query, server.options.streaming_lists)?;
    let namespace = asked.namespace.as_deref();
    let response = match (verb, &name) {
        (Verb::Get, Some(name)) => {
            let namespace = namespace.unwrap_or_default();
            body::frames(list::get(&server.store, kind, namespace, name, &query, form)?, fault.as_ref())
        }
        (Verb::Watch, _) => {
            let source = watch::Source {
                store: server.store.clone(),
                faults: Arc::clone(&server.faults),
                bookmark_interval: server.options.bookmark_interval,
            };
            body::streamed(watch::watch(source, asked, query, form, fault.as_ref()))
        }
        _ => body::frames(list::list(&server.store, kind, namespace, &query, form)?, fault.as_ref()),
    };
    Ok(Answer::Response(response))
}

/// What a real server says to a path that it does not know: no `Status` there.
fn no_such_page() -> Response<Body> {
    let mut response = body::json("404 page not found\n");
    *response.status_mut() = StatusCode::NOT_FOUND;
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, text);
    response
}
