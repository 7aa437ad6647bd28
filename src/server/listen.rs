//! The listener: takes an address, takes connections, keeps their number within the limit and ends them in order.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::server::graceful::GracefulShutdown;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::connection::{self, House};
use super::door::Door;
use super::limits::Limits;
use super::places::Places;
use super::routes::Routes;

/// Before trying again when the system gives no connection (no file descriptors left, most often).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Why the server cannot listen.
#[derive(Debug, Error)]
pub enum ListenError {
    /// The address is none.
    #[error("--web.listen-address {0:?} is no address, expected HOST:PORT or :PORT")]
    NotAnAddress(String),
    /// The system refuses the address.
    #[error("cannot listen on {address} (--web.listen-address)")]
    Refused {
        /// The address as it was given.
        address: String,
        /// The system's reason.
        source: io::Error,
    },
}

/// A server that listens and is ready to run.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    routes: Arc<Routes>,
    doors: watch::Receiver<Arc<Door>>,
    limits: Limits,
}

impl Server {
    /// Listens on `address`: `HOST:PORT`, or `:PORT` for all addresses of the machine, as Prometheus's exporters
    /// take it. Port 0 takes a free one.
    pub async fn bind(address: &str, routes: Routes) -> Result<Self, ListenError> {
        let refused = |source| ListenError::Refused { address: address.to_owned(), source };
        let (host, port) = address
            .rsplit_once(':')
            .and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)))
            .ok_or_else(|| ListenError::NotAnAddress(address.to_owned()))?;
        let listener = if host.is_empty() {
            match TcpListener::bind(("::", port)).await {
                // No IPv6 on this machine.
                Err(error) if !matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied) => {
                    TcpListener::bind(("0.0.0.0", port)).await
                }
                outcome => outcome,
            }
        } else {
            TcpListener::bind(address).await
        };
        let (_, doors) = watch::channel(Arc::new(Door::open()));
        let listener = listener.map_err(refused)?;
        Ok(Self { listener, routes: Arc::new(routes), doors, limits: Limits::default() })
    }

    /// The same server behind a door, the newest of these: connections take the one that is newest when they come, and requests too.
    #[must_use]
    pub fn behind(self, doors: watch::Receiver<Arc<Door>>) -> Self {
        Self { doors, ..self }
    }

    /// The same server with other limits; for tests.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// The address it listens on, with the port that was taken.
    pub fn local_address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `shutdown` is ready; then takes no more connections, lets requests under way finish within the
    /// grace, and ends the rest. Dropped, it ends all at once.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let Self { listener, routes, doors, limits } = self;
        let house = House { routes, doors, limits };
        let (closing, closed) = watch::channel(false);
        let graceful = GracefulShutdown::new();
        let mut places = Places::new(limits.connections);
        tokio::pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                Some(()) = places.one_ends() => {}
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        if !places.make_room().await {
                            // Without a word: it has asked for nothing yet, and would hardly hear an answer.
                            house.door().no_place();
                            continue;
                        }
                        // Without it the last packet of an answer may wait for the client's acknowledgement.
                        let _ = stream.set_nodelay(true);
                        let (house, closed) = (house.clone(), closed.clone());
                        places.take(|phase| connection::serve(stream, phase, house, graceful.watcher(), closed));
                    }
                    Err(error) => {
                        tracing::warn!(error = %error, "cannot accept a connection");
                        sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
        drop(listener);
        closing.send_replace(true);
        if timeout(limits.shutdown_grace, graceful.shutdown()).await.is_err() {
            tracing::info!(connections = places.taken(), "ending connections that did not finish in time");
        }
        places.end().await;
    }
}
