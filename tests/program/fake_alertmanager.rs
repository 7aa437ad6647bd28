//! An Alertmanager of the test's own: it keeps what is posted, tells what it is given to tell, and answers as badly as wanted.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gim_upgrade_exporter::model::time::Timestamp;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use crate::certificates::Authority;

/// How it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// At once.
    Well,
    /// After a while.
    Slow(Duration),
    /// With this status.
    Status(u16),
    /// Never.
    Hangs,
}

/// An alert as it was posted.
#[derive(Clone, Debug)]
pub struct Posted {
    pub received: Timestamp,
    pub alert: Value,
}

pub struct FakeAlertmanager {
    shared: Arc<Shared>,
    runtime: Arc<Runtime>,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
    task: Option<JoinHandle<()>>,
}

struct Shared {
    manner: Mutex<Manner>,
    /// `Authorization` that is wanted.
    wanted: Mutex<Option<String>>,
    known: Mutex<Vec<Value>>,
    posted: Mutex<Vec<Posted>>,
}

impl FakeAlertmanager {
    pub fn start(runtime: &Arc<Runtime>) -> Self {
        Self::start_with(runtime, None)
    }

    /// One that speaks TLS, with a certificate by `authority`.
    pub fn start_tls(runtime: &Arc<Runtime>, authority: &Authority) -> Self {
        let (certificate, key) = authority.server();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key));
        let config = config.with_no_client_auth().with_single_cert(vec![certificate.into()], key).unwrap();
        Self::start_with(runtime, Some(TlsAcceptor::from(Arc::new(config))))
    }

    fn start_with(runtime: &Arc<Runtime>, tls: Option<TlsAcceptor>) -> Self {
        let shared = Shared {
            manner: Mutex::new(Manner::Well),
            wanted: Mutex::default(),
            known: Mutex::default(),
            posted: Mutex::default(),
        };
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut started =
            Self { shared: Arc::new(shared), runtime: Arc::clone(runtime), address: any, tls, task: None };
        started.come_back();
        started
    }

    /// Goes away, connections and all.
    pub fn go_down(&mut self) {
        let task = self.task.take().unwrap();
        task.abort();
        let _ = self.runtime.block_on(task);
    }

    /// Comes back at the same address.
    pub fn come_back(&mut self) {
        let listener = self.runtime.block_on(TcpListener::bind(self.address)).unwrap();
        self.address = listener.local_addr().unwrap();
        self.task = Some(self.runtime.spawn(serve(listener, self.tls.clone(), Arc::clone(&self.shared))));
    }

    pub fn url(&self) -> String {
        format!("http{}://{}", if self.tls.is_some() { "s" } else { "" }, self.address)
    }

    pub fn behave(&self, manner: Manner) {
        *self.shared.manner.lock().unwrap() = manner;
    }

    /// From now on wants this `Authorization`.
    pub fn want(&self, authorization: &str) {
        *self.shared.wanted.lock().unwrap() = Some(authorization.to_owned());
    }

    /// From now on tells of these alerts.
    pub fn tell(&self, known: Vec<Value>) {
        *self.shared.known.lock().unwrap() = known;
    }

    /// What was posted of an alert, oldest first.
    pub fn posted(&self, name: &str) -> Vec<Posted> {
        let posted = self.shared.posted.lock().unwrap();
        posted.iter().filter(|posted| posted.alert["labels"]["alertname"] == name).cloned().collect()
    }

    /// Whether an alert fires as an Alertmanager sees it.
    pub fn fires(&self, name: &str) -> bool {
        self.posted(name).last().is_some_and(|posted| time(&posted.alert, "endsAt") > Timestamp::now())
    }

    /// Nothing that was posted was over already, which would be an explicit end.
    pub fn assert_nothing_was_ended(&self) {
        for Posted { received, alert } in self.shared.posted.lock().unwrap().iter() {
            assert!(time(alert, "endsAt") > *received, "received at {received}: {alert}");
        }
    }
}

impl Drop for FakeAlertmanager {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

/// A time of an alert.
pub fn time(alert: &Value, field: &str) -> Timestamp {
    alert[field].as_str().unwrap().parse().unwrap()
}

async fn serve(listener: TcpListener, tls: Option<TlsAcceptor>, shared: Arc<Shared>) {
    // Ended with this task.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (tls, shared) = (tls.clone(), Arc::clone(&shared));
        connections.spawn(async move {
            match tls {
                Some(tls) => {
                    // Whoever does not trust it goes away.
                    if let Ok(stream) = tls.accept(stream).await {
                        speak(stream, shared).await;
                    }
                }
                None => speak(stream, shared).await,
            }
        });
    }
}

async fn speak(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, shared: Arc<Shared>) {
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { Ok::<_, Infallible>(answer(request, &shared).await) }
    });
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(request: Request<Incoming>, shared: &Shared) -> Response<Full<Bytes>> {
    let respond = |status: u16, body: String| {
        let mut response = Response::new(Full::from(body));
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        response
    };
    let manner = *shared.manner.lock().unwrap();
    match manner {
        Manner::Well => {}
        Manner::Slow(pause) => tokio::time::sleep(pause).await,
        Manner::Status(status) => return respond(status, "no".to_owned()),
        Manner::Hangs => std::future::pending().await,
    }
    let given = request.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned());
    if shared.wanted.lock().unwrap().as_ref().is_some_and(|wanted| Some(wanted) != given.as_ref()) {
        return respond(401, String::new());
    }
    assert_eq!(request.uri().path(), "/api/v2/alerts");
    if request.method() == "GET" {
        return respond(200, Value::from(shared.known.lock().unwrap().clone()).to_string());
    }
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let alerts: Vec<Value> = serde_json::from_slice(&body).unwrap();
    let received = Timestamp::now();
    shared.posted.lock().unwrap().extend(alerts.into_iter().map(|alert| Posted { received, alert }));
    respond(200, String::new())
}
