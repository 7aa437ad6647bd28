//! The routes of the site: what `publish` says, put into responses. Which form a client gets is settled here.

use std::sync::Arc;

use futures::stream;
use http::HeaderValue;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, VARY};

use super::body::{chunks, streamed};
use super::negotiate::{self, Encoding};
use super::routes::{Response, Routes};
use crate::publish::site::{Answer, Body, Site};

/// The routes of a site.
#[must_use]
pub fn routes(site: &Arc<Site>) -> Routes {
    let [home, metrics, live, ready, health, status] = std::array::from_fn(|_| Arc::clone(site));
    Routes::new()
        .get("/", move |_| std::future::ready(response(home.home())))
        .get("/metrics", move |request| {
            let site = Arc::clone(&metrics);
            let format = negotiate::format(request.headers());
            let gzip = negotiate::encoding(request.headers()) == Encoding::Gzip;
            async move {
                let mut response = response(site.metrics(format, gzip).await);
                for header in [ACCEPT, ACCEPT_ENCODING] {
                    response.headers_mut().append(VARY, header.into());
                }
                response
            }
        })
        .get("/livez", move |_| std::future::ready(response(live.livez())))
        .get("/readyz", move |_| std::future::ready(response(ready.readyz())))
        .get("/healthz", move |_| std::future::ready(response(health.livez())))
        .get("/api/v1/status", move |request| std::future::ready(response(status.status(request.uri().query()))))
}

fn response(answer: Answer) -> Response {
    let mut response = Response::new(match answer.body {
        Body::Pieces(pieces) => chunks(pieces),
        Body::Streamed(pieces) => streamed(stream::iter(pieces)),
    });
    *response.status_mut() = answer.status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    if answer.is_gzip {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}
