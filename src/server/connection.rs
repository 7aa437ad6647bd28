//! One connection: hyper over a stream that loses patience, and for each request the route's answer. It knows limits
//! and routes, not sockets, so that TLS can come between.

use std::convert::Infallible;
use std::sync::Arc;

use http::StatusCode;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::Watcher;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::body::guarded;
use super::limits::{Limits, MAX_HEAD_BYTES, MAX_REQUEST_BODY_BYTES, WRITE_BUFFER_BYTES};
use super::patience::{Patience, Phase};
use super::routes::{Lookup, Request, Response, Routes, finish, text};

/// Serves one client until it goes, errs, or the server ends.
pub(super) async fn serve<S>(stream: S, routes: Arc<Routes>, limits: Limits, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let phase = Phase::default();
    let stream = Patience::new(stream, phase.clone(), limits.request_read, limits.write_stall);
    let service = service_fn(move |request| {
        let (routes, guard) = (Arc::clone(&routes), phase.serving());
        async move {
            let response = finish(answer(&routes, request, limits).await);
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
