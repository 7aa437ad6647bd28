//! The metrics endpoints of the played pods: one port, and on it one listener for each pod that listens, on the pod's own
//! loopback address. Where no pod listens a connection is refused, as in a real cluster.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use super::metrics_page::MetricsAnswer;

/// What a pod's address answers now; `None` if it should not have been asked.
pub(super) type Pages = Arc<dyn Fn(&str) -> Option<MetricsAnswer> + Send + Sync>;

/// How long no connection is taken after one could not be.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Connections that one pod serves at once: a scraper holds one or two.
const CONNECTIONS_MAX: usize = 64;

/// All listeners.
pub(super) struct MetricsServer {
    port: u16,
    /// Holds the port on the one address that no pod has.
    _reserved: TcpListener,
    pages: Pages,
    listening: HashMap<String, JoinHandle<()>>,
}

impl MetricsServer {
    /// Chooses a port; nothing listens for pods yet.
    pub(super) async fn new(pages: Pages) -> io::Result<Self> {
        let reserved = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = reserved.local_addr()?.port();
        Ok(Self { port, _reserved: reserved, pages, listening: HashMap::new() })
    }

    /// The port at all addresses.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Listens on these addresses and no others. One that cannot be had is tried again the next time.
    pub(super) async fn listen(&mut self, addresses: &[String]) {
        self.listening.retain(|address, task| {
            let stays = addresses.contains(address);
            if !stays {
                // Its connections go with it.
                task.abort();
            }
            stays
        });
        for address in addresses {
            if self.listening.contains_key(address) {
                continue;
            }
            let Ok(ip) = address.parse::<IpAddr>() else { continue };
            if let Ok(listener) = TcpListener::bind((ip, self.port)).await {
                let task = tokio::spawn(accept(listener, Arc::from(address.as_str()), Arc::clone(&self.pages)));
                self.listening.insert(address.clone(), task);
            }
        }
    }
}

impl Drop for MetricsServer {
    fn drop(&mut self) {
        self.listening.values().for_each(JoinHandle::abort);
    }
}

async fn accept(listener: TcpListener, address: Arc<str>, pages: Pages) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < CONNECTIONS_MAX => match accepted {
                Ok((stream, _)) => {
                    let (address, pages) = (Arc::clone(&address), Arc::clone(&pages));
                    connections.spawn(async move {
                        let service = service_fn(move |_| {
                            let answer = respond(pages(&address));
                            async move { Ok::<_, Infallible>(answer) }
                        });
                        // However a connection ends, the client knows why.
                        let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                    });
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

fn respond(answer: Option<MetricsAnswer>) -> Response<Full<Bytes>> {
    let (status, body) = match answer {
        Some(MetricsAnswer::Page(page)) => (StatusCode::OK, page),
        Some(MetricsAnswer::Status(code)) => {
            (StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), String::new())
        }
        None => (StatusCode::SERVICE_UNAVAILABLE, String::new()),
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let text = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, text);
    response
}
