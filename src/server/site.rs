//! The routes of the site: what `publish` says, put into responses. Which form a client gets is settled here.

use std::convert::Infallible;
use std::sync::Arc;

use futures::{StreamExt as _, stream};
use http::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    RETRY_AFTER, VARY, X_FRAME_OPTIONS,
};
use http::{HeaderValue, StatusCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::body::{chunks, guarded, streamed};
use super::limits::MAX_EVENT_STREAMS;
use super::negotiate::{self, Encoding};
use super::routes::{Response, Routes, text};
use crate::publish::html::assets;
use crate::publish::site::{Answer, Body, Site};

/// The routes of a site.
#[must_use]
pub fn routes(site: &Arc<Site>) -> Routes {
    routes_with(site, MAX_EVENT_STREAMS)
}

fn routes_with(site: &Arc<Site>, event_streams: usize) -> Routes {
    let [home, assets, metrics, live, ready, health, status, events, runbooks] =
        std::array::from_fn(|_| Arc::clone(site));
    let places = Arc::new(Semaphore::new(event_streams));
    Routes::new()
        .get("/", move |request| std::future::ready(page(home.home(request.uri().query()))))
        .get("/assets/", move |request| {
            let name = request.uri().path().trim_start_matches("/assets/");
            let mut response = response(assets.asset(name));
            if response.status().is_success() && assets::is_current(request.uri().query()) {
                let kept = HeaderValue::from_static("public, max-age=31536000, immutable");
                response.headers_mut().insert(CACHE_CONTROL, kept);
            }
            std::future::ready(response)
        })
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
        .get("/api/v1/events", move |request| {
            std::future::ready(match Arc::clone(&places).try_acquire_owned() {
                Ok(place) => event_stream(events.events(request.uri().query()), place),
                Err(_) => crowded(event_streams),
            })
        })
        .get("/runbooks/", move |request| {
            let alert = request.uri().path().trim_start_matches("/runbooks/");
            std::future::ready(response(runbooks.runbook(alert)))
        })
}

/// A page for people: a browser is told what it may do with it.
fn page(answer: Answer) -> Response {
    let mut response = response(answer);
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, assets::CONTENT_SECURITY_POLICY),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// A stream of events, which has its place until it ends.
fn event_stream(answer: Answer, place: OwnedSemaphorePermit) -> Response {
    let mut response = response(answer).map(|body| guarded(body, place));
    // nginx would else keep events until it has enough of them.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

fn crowded(event_streams: usize) -> Response {
    let why = format!("too many streams of events: {event_streams} are open; ask /api/v1/status instead\n");
    let mut response = text(StatusCode::SERVICE_UNAVAILABLE, why);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("10"));
    response
}

fn response(answer: Answer) -> Response {
    let mut response = Response::new(match answer.body {
        Body::Pieces(pieces) => chunks(pieces),
        Body::Streamed(pieces) => streamed(stream::iter(pieces)),
        Body::Live(pieces) => streamed(pieces.map(Ok::<_, Infallible>)),
    });
    *response.status_mut() = answer.status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    if answer.is_gzip {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method, Request};
    use http_body_util::BodyExt as _;

    use super::*;
    use crate::server::routes::Lookup;

    async fn ask(
        routes: &Routes,
        path: &str,
        headers: &[(&'static str, &'static str)],
    ) -> (StatusCode, HeaderMap, Vec<u8>) {
        let mut request = Request::builder().uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(bytes::Bytes::new()).unwrap();
        let path = request.uri().path().to_owned();
        let Lookup::Found(handler) = routes.find(&Method::GET, &path) else { panic!("no route for {path}") };
        let response = handler(request).await;
        let (parts, body) = response.into_parts();
        (parts.status, parts.headers, body.collect().await.unwrap().to_bytes().to_vec())
    }

    #[tokio::test]
    async fn every_path_answers_in_the_form_that_is_asked_for() {
        let (site, _sender) = Site::for_tests();
        let routes = routes(&Arc::new(site));
        let openmetrics = ("accept", "application/openmetrics-text;version=1.0.0");
        let gzip = ("accept-encoding", "gzip");
        for (path, headers, content_type, is_gzip) in [
            ("/", &[][..], "text/html; charset=utf-8", false),
            ("/?suite=default", &[], "text/html; charset=utf-8", false),
            ("/assets/page.css", &[gzip], "text/css; charset=utf-8", false),
            ("/assets/page.js", &[], "text/javascript; charset=utf-8", false),
            ("/assets/roll_back.svg", &[], "image/svg+xml", false),
            ("/metrics", &[], "text/plain; version=0.0.4; charset=utf-8", false),
            ("/metrics", &[gzip], "text/plain; version=0.0.4; charset=utf-8", true),
            ("/metrics", &[openmetrics], "application/openmetrics-text; version=1.0.0; charset=utf-8", false),
            ("/metrics", &[openmetrics, gzip], "application/openmetrics-text; version=1.0.0; charset=utf-8", true),
            ("/livez", &[], "text/plain; charset=utf-8", false),
            ("/readyz", &[], "text/plain; charset=utf-8", false),
            ("/healthz", &[gzip], "text/plain; charset=utf-8", false),
            ("/api/v1/status?suite=default", &[gzip], "application/json", false),
            ("/runbooks/GimUpgradeWatchdog", &[], "text/plain; charset=utf-8", false),
        ] {
            let (status, answered, body) = ask(&routes, path, headers).await;
            assert_eq!(status, StatusCode::OK, "{path}");
            assert_eq!(answered[CONTENT_TYPE], content_type, "{path}");
            assert_eq!(answered.contains_key(CONTENT_ENCODING), is_gzip, "{path}");
            assert_eq!(body.starts_with(&[0x1f, 0x8b]), is_gzip, "{path}");
            assert_eq!(answered.get_all(VARY).iter().count(), if path == "/metrics" { 2 } else { 0 }, "{path}");
            assert_eq!(answered.contains_key(CONTENT_SECURITY_POLICY), content_type.starts_with("text/html"), "{path}");
            assert!(!body.is_empty());
        }
        for missing in [
            "/?suite=none",
            "/assets/",
            "/assets/../metrics",
            "/api/v1/status?suite=none",
            "/api/v1/events?suite=none",
            "/runbooks/GimUpgradeNothing",
            "/runbooks/",
            "/runbooks/../metrics",
        ] {
            assert_eq!(ask(&routes, missing, &[]).await.0, StatusCode::NOT_FOUND, "{missing}");
        }
    }

    #[tokio::test]
    async fn what_the_page_loads_is_kept_by_browsers_as_long_as_it_is_the_same() {
        let (site, _sender) = Site::for_tests();
        let routes = routes(&Arc::new(site));
        let page = String::from_utf8(ask(&routes, "/", &[]).await.2).unwrap();
        for name in ["page.css", "page.js"] {
            let (_, edition) = page.split_once(&format!("\"assets/{name}?v=")).unwrap();
            let (edition, _) = edition.split_once('"').unwrap();
            let kept = async |query: &str| {
                let (status, headers, _) = ask(&routes, &format!("/assets/{name}{query}"), &[]).await;
                assert_eq!(status, StatusCode::OK);
                headers.get(CACHE_CONTROL).map(|value| value.to_str().unwrap().to_owned())
            };
            let for_ever = "public, max-age=31536000, immutable";
            assert_eq!(kept(&format!("?v={edition}")).await.as_deref(), Some(for_ever));
            for other in ["", "?v=", "?v=0", "?x=1"] {
                assert_eq!(kept(other).await, None, "{name}{other}");
            }
            let missing = ask(&routes, &format!("/assets/no.css?v={edition}"), &[]).await;
            assert_eq!((missing.0, missing.1.get(CACHE_CONTROL)), (StatusCode::NOT_FOUND, None));
        }
    }

    #[tokio::test]
    async fn streams_of_events_have_a_limit_of_their_own() {
        let (site, _sender) = Site::for_tests();
        let routes = routes_with(&Arc::new(site), 2);
        let open = async || {
            let Lookup::Found(handler) = routes.find(&Method::GET, "/api/v1/events") else { panic!("no route") };
            handler(Request::builder().uri("/api/v1/events").body(bytes::Bytes::new()).unwrap()).await
        };
        let (first, second) = (open().await, open().await);
        assert_eq!((first.status(), second.status()), (StatusCode::OK, StatusCode::OK));
        assert_eq!(first.headers()[CONTENT_TYPE], "text/event-stream");
        let third = open().await;
        assert_eq!(
            (third.status(), &third.headers()[RETRY_AFTER]),
            (StatusCode::SERVICE_UNAVAILABLE, &HeaderValue::from_static("10"))
        );
        let why = third.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(why, "too many streams of events: 2 are open; ask /api/v1/status instead\n");
        assert_eq!(ask(&routes, "/metrics", &[]).await.0, StatusCode::OK);
        drop(first);
        assert_eq!(open().await.status(), StatusCode::OK);
    }
}
