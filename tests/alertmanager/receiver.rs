//! Whoever is paged: a webhook in this process that keeps every notification of Alertmanager with the time it came.
//!
//! It answers each with 200 and judges none. One serves all receivers of a configuration: a notification names its own.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::{Result, anyhow};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::alertmanager::Labels;

/// How long no connection is taken after one could not be.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// One notification.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    /// When it came.
    #[serde(skip, default = "Timestamp::now")]
    pub at: Timestamp,
    /// The receiver of the configuration that it is for.
    pub receiver: String,
    /// `firing` while any of its alerts fires, else `resolved`.
    pub status: String,
    /// The labels that its alerts are grouped by.
    pub group_labels: Labels,
    /// Its alerts, those that have just ended among them.
    pub alerts: Vec<Notified>,
}

/// An alert of a notification.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notified {
    /// `firing` or `resolved`.
    pub status: String,
    /// What it is.
    pub labels: Labels,
    /// What it says.
    #[allow(dead_code, reason = "for tests of the rules")]
    pub annotations: Labels,
    /// Since when it fires.
    #[allow(dead_code, reason = "for tests of the rules")]
    pub starts_at: Timestamp,
}

impl Notification {
    /// The names of its alerts that have this status, sorted.
    pub fn names(&self, status: &str) -> Vec<&str> {
        let alerts = self.alerts.iter().filter(|alert| alert.status == status);
        let mut names: Vec<&str> =
            alerts.filter_map(|alert| alert.labels.get("alertname")).map(String::as_str).collect();
        names.sort_unstable();
        names
    }
}

/// What has come so far.
#[derive(Debug, Default)]
struct Heard {
    notifications: Vec<Notification>,
    not_understood: Vec<String>,
}

/// The webhook; gone when it is dropped.
#[derive(Debug)]
pub struct Receiver {
    port: u16,
    heard: watch::Sender<Heard>,
    accepting: JoinHandle<()>,
}

impl Receiver {
    /// Listens on a free port.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let (port, heard) = (listener.local_addr()?.port(), watch::Sender::default());
        let accepting = tokio::spawn(accept(listener, heard.clone()));
        Ok(Self { port, heard, accepting })
    }

    /// The URL for each `webhook_configs`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// All notifications so far, in the order in which they came.
    pub fn notifications(&self) -> Vec<Notification> {
        self.heard.borrow().notifications.clone()
    }

    /// Waits until the notifications are enough, and returns them. An error tells what came instead.
    pub async fn wait_for(
        &self,
        what: &str,
        limit: Duration,
        mut enough: impl FnMut(&[Notification]) -> bool,
    ) -> Result<Vec<Notification>> {
        let mut heard = self.heard.subscribe();
        let done = heard.wait_for(|heard| !heard.not_understood.is_empty() || enough(&heard.notifications));
        let in_time = tokio::time::timeout(limit, done).await.is_ok_and(|heard| heard.is_ok());
        let heard = self.heard.borrow();
        if in_time && heard.not_understood.is_empty() {
            return Ok(heard.notifications.clone());
        }
        Err(anyhow!("{what}: not within {limit:?}: {heard:#?}"))
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, heard: watch::Sender<Heard>) {
    // Dropped, and all connections with it, when this task is aborted.
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let heard = heard.clone();
        connections.spawn(async move {
            let service = service_fn(|request| hear(request, &heard));
            // However a connection ends, Alertmanager sends again what was not answered.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn hear(request: Request<Incoming>, heard: &watch::Sender<Heard>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::default();
    match request.into_body().collect().await {
        Ok(body) => {
            let body = body.to_bytes();
            match serde_json::from_slice(&body) {
                Ok(notification) => heard.send_modify(|heard| heard.notifications.push(notification)),
                Err(error) => {
                    let said = format!("{error}: {}", String::from_utf8_lossy(&body));
                    heard.send_modify(|heard| heard.not_understood.push(said));
                }
            }
        }
        Err(_) => *response.status_mut() = StatusCode::BAD_REQUEST,
    }
    Ok(response)
}
