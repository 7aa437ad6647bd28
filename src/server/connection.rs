//! One connection: TLS where it is spoken, hyper over a stream that loses patience, and for each request the route's answer, if the
//! door lets it in. It knows limits, door and routes, not listeners.

use std::convert::Infallible;
use std::sync::Arc;

use http::StatusCode;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::Watcher;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;

use super::body::guarded;
use super::door::Door;
use super::limits::{Limits, MAX_HEAD_BYTES, MAX_REQUEST_BODY_BYTES, WRITE_BUFFER_BYTES};
use super::patience::{Patience, Phase};
use super::routes::{Lookup, Request, Response, Routes, finish, text};

/// The first byte of whoever speaks TLS: the record of a handshake.
const TLS_HANDSHAKE: u8 = 0x16;
/// Said to a client that speaks plain HTTP where TLS is spoken.
const NOT_TLS: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n\
    Content-Length: 48\r\nConnection: close\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";

/// What all connections have in common.
#[derive(Clone)]
pub(super) struct House {
    pub(super) routes: Arc<Routes>,
    pub(super) doors: watch::Receiver<Arc<Door>>,
    pub(super) limits: Limits,
}

impl House {
    pub(super) fn door(&self) -> Arc<Door> {
        Arc::clone(&self.doors.borrow())
    }
}

/// Serves one client until it goes, errs, or the server ends; `closing` ends what is not a request yet.
pub(super) async fn serve(
    stream: TcpStream,
    phase: Phase,
    house: House,
    watcher: Watcher,
    mut closing: watch::Receiver<bool>,
) {
    let limits = house.limits;
    let door = house.door();
    let Some(acceptor) = door.acceptor() else {
        let patient = Patience::new(stream, phase.clone(), limits.request_read, limits.write_stall);
        return speak(patient, phase, house, watcher).await;
    };
    let handshake = async {
        let Some(first) = first_byte(&stream).await else { return Ok(Greeting::Gone) };
        if first != TLS_HANDSHAKE && first.is_ascii() {
            return refuse_plain(stream).await.map(|()| Greeting::Plain);
        }
        // TLS is above the patience, which then sees every byte that the client lets us wait for.
        let patient = Patience::new(stream, phase.clone(), limits.request_read, limits.write_stall);
        acceptor.accept(patient).await.map(Greeting::Tls)
    };
    let shaken = tokio::select! {
        _ = closing.wait_for(|closing| *closing) => return,
        shaken = timeout(limits.request_read, handshake) => shaken,
    };
    let why = match shaken {
        Ok(Ok(Greeting::Tls(stream))) => return speak(stream, phase, house, watcher).await,
        Ok(Ok(Greeting::Gone)) => return,
        Ok(Ok(Greeting::Plain)) => "plain HTTP".to_owned(),
        Ok(Err(error)) => error.to_string(),
        Err(_elapsed) => "no handshake in time".to_owned(),
    };
    door.no_tls();
    tracing::debug!(error = why, "no TLS with a client");
}

/// How a client begins where TLS is spoken.
enum Greeting<S> {
    /// With a handshake, which was done.
    Tls(S),
    /// With plain HTTP.
    Plain,
    /// Not at all: it went before it said anything, as a probe does that looks whether the port is open.
    Gone,
}

/// The first byte of a client, which stays to be read.
async fn first_byte(stream: &TcpStream) -> Option<u8> {
    let mut first = [0];
    let seen = stream.peek(&mut first).await.ok()?;
    (seen > 0).then(|| first[0])
}

/// Says what is wrong. What was sent is read first: else closing resets the connection, and the answer with it.
async fn refuse_plain(mut stream: TcpStream) -> std::io::Result<()> {
    let mut sent = [0; 4096];
    let _ = stream.try_read(&mut sent)?;
    stream.write_all(NOT_TLS).await?;
    stream.shutdown().await
}

/// Speaks HTTP with one client.
async fn speak<S>(stream: S, phase: Phase, house: House, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let limits = house.limits;
    let service = service_fn(move |request| {
        let (house, guard) = (house.clone(), phase.serving());
        async move {
            let door = house.door();
            let mut response = finish(match door.admit(&request).await {
                Ok(()) => answer(&house.routes, request, limits).await,
                Err(refusal) => refusal,
            });
            door.dress(&mut response);
            Ok::<_, Infallible>(response.map(|body| guarded(body, guard)))
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        // Hyper counts from the last answer's end; the stream counts from the request's first byte.
        .header_read_timeout(limits.keep_alive_idle)
        .max_header_size(MAX_HEAD_BYTES)
        .max_buf_size(WRITE_BUFFER_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        // Clients that vanish are everyday; the causes of limits are told by the error.
        tracing::debug!(error = %error, cause = std::error::Error::source(&error).map(tracing::field::display), "connection ended");
    }
}

async fn answer(routes: &Routes, request: http::Request<Incoming>, limits: Limits) -> Response {
    let handler = match routes.find(request.method(), request.uri().path()) {
        Lookup::Found(handler) => handler,
        Lookup::Instead(response) => return response,
    };
    match read_body(request, limits).await {
        Ok(request) => handler(request).await,
        Err(response) => response,
    }
}

/// Reads the request's body, which must be small and come soon.
async fn read_body(request: http::Request<Incoming>, limits: Limits) -> Result<Request, Response> {
    let too_large =
        || text(StatusCode::PAYLOAD_TOO_LARGE, format!("request body larger than {MAX_REQUEST_BODY_BYTES} bytes\n"));
    let (head, body) = request.into_parts();
    // A length told beforehand spares reading it.
    if body.size_hint().lower() > MAX_REQUEST_BODY_BYTES as u64 {
        return Err(too_large());
    }
    match timeout(limits.request_read, Limited::new(body, MAX_REQUEST_BODY_BYTES).collect()).await {
        Ok(Ok(body)) => Ok(Request::from_parts(head, body.to_bytes())),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(text(StatusCode::BAD_REQUEST, "request body not readable\n")),
        Err(_) => Err(text(StatusCode::REQUEST_TIMEOUT, "request body came too slowly\n")),
    }
}
