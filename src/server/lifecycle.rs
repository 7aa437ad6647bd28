//! Lifecycle: what the exporter can be told over HTTP, as Prometheus can, where that was switched on: to read its configuration
//! anew, and how much to log. Not for doing it: that is handed in.

use std::sync::Arc;

use futures::future::BoxFuture;
use http::header::ORIGIN;
use http::{Method, StatusCode};

use super::routes::{Request, Response, Routes, text};

/// Said where it was not switched on.
const OFF: &str = "not enabled; start with --web.enable-lifecycle\n";

/// Said of a configuration that is good: until all of its suites were seen, or could not be for long, the former are shown.
const ACCEPTED: &str =
    "accepted; shown once its suites were seen, within five minutes, and the log has what comes of it\n";

/// Reads the configuration anew, or says why it is refused. What it is good for, somebody else does after that.
pub type Reload = Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;
/// Sets the level of the log, or says which there are.
pub type SetLogLevel = Arc<dyn Fn(&str) -> Result<(), String> + Send + Sync>;

/// What can be told.
#[derive(Clone)]
pub struct Lifecycle {
    /// `/-/reload`.
    pub reload: Reload,
    /// `/-/log-level`.
    pub set_log_level: SetLogLevel,
}

/// Adds the routes; without a lifecycle they say how to switch it on.
#[must_use]
pub fn routes(mut routes: Routes, lifecycle: Option<&Lifecycle>) -> Routes {
    for method in [Method::POST, Method::PUT] {
        let reload = lifecycle.map(|lifecycle| Arc::clone(&lifecycle.reload));
        let set = lifecycle.map(|lifecycle| Arc::clone(&lifecycle.set_log_level));
        routes = routes
            .with(method.clone(), "/-/reload", move |request| {
                let reload = reload.clone();
                async move { told(&request, reload, |reload| async move { reload().await.map(|()| ACCEPTED) }).await }
            })
            .with(method, "/-/log-level", move |request| {
                let set = set.clone();
                async move {
                    let level = level(&request);
                    told(&request, set, |set| async move { set(&level).map(|()| "ok\n") }).await
                }
            });
    }
    routes
}

async fn told<T, D: Future<Output = Result<&'static str, String>>>(
    request: &Request,
    what: Option<T>,
    act: impl FnOnce(T) -> D,
) -> Response {
    let Some(what) = what else { return text(StatusCode::FORBIDDEN, OFF) };
    // A page of somebody else's that a person looks at must not act with that person's password.
    if is_foreign(request) {
        return text(StatusCode::FORBIDDEN, "not from another site\n");
    }
    match act(what).await {
        Ok(said) => text(StatusCode::OK, said),
        Err(error) => text(StatusCode::BAD_REQUEST, format!("{error}\n")),
    }
}

/// Whether a browser asks for a page of another site. Over plain HTTP it does not say which, but that a page asks; ours never do.
fn is_foreign(request: &Request) -> bool {
    match request.headers().get("sec-fetch-site") {
        Some(site) => !["same-origin", "none"].iter().any(|own| site == own),
        None => request.headers().contains_key(ORIGIN),
    }
}

fn level(request: &Request) -> String {
    let mut pairs = form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes());
    pairs.find(|(name, _)| name == "level").map(|(_, level)| level.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_others_are_told_from_people() {
        for (headers, expected) in [
            (&[][..], false),
            (&[("origin", "http://elsewhere")], true),
            (&[("sec-fetch-site", "cross-site"), ("origin", "https://elsewhere")], true),
            (&[("sec-fetch-site", "same-site")], true),
            (&[("sec-fetch-site", "same-origin"), ("origin", "https://exporter")], false),
            (&[("sec-fetch-site", "none")], false),
        ] {
            let mut request = http::Request::post("/-/reload");
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            assert_eq!(is_foreign(&request.body(bytes::Bytes::new()).unwrap()), expected, "{headers:?}");
        }
    }
}
