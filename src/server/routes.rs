//! The table of routes: which path answers which method, and what is said to everything else. The handlers come from
//! outside; every answer leaves with the headers that keep it out of caches and out of a browser's guesses.

use std::fmt;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use http::{Method, StatusCode};

use super::body::{Body, full};

/// A request with its whole body, which is small.
pub type Request = http::Request<Bytes>;

/// An answer.
pub type Response = http::Response<Body>;

pub(super) type Handler = Box<dyn Fn(Request) -> BoxFuture<'static, Response> + Send + Sync>;

/// The routes of a server. GET answers HEAD too.
#[derive(Default)]
pub struct Routes {
    routes: Vec<Route>,
}

struct Route {
    path: &'static str,
    method: Method,
    handler: Handler,
}

impl Route {
    fn answers(&self, path: &str) -> bool {
        // The root is itself alone.
        path == self.path || self.path.len() > 1 && self.path.ends_with('/') && path.starts_with(self.path)
    }
}

/// What a lookup finds.
pub(super) enum Lookup<'a> {
    Found(&'a Handler),
    /// No handler, but what to answer without one.
    Instead(Response),
}

impl Routes {
    /// No routes yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a route for GET and HEAD. A path that ends with `/` stands for every one that begins so, `/` for itself alone.
    #[must_use]
    pub fn get<F, A>(self, path: &'static str, handler: F) -> Self
    where
        F: Fn(Request) -> A + Send + Sync + 'static,
        A: Future<Output = Response> + Send + 'static,
    {
        self.with(Method::GET, path, handler)
    }

    /// The same for one method.
    #[must_use]
    pub(super) fn with<F, A>(mut self, method: Method, path: &'static str, handler: F) -> Self
    where
        F: Fn(Request) -> A + Send + Sync + 'static,
        A: Future<Output = Response> + Send + 'static,
    {
        let handler: Handler = Box::new(move |request| Box::pin(handler(request)));
        self.routes.push(Route { path, method, handler });
        self
    }

    /// Looks up the handler for this method and path.
    pub(super) fn find(&self, method: &Method, path: &str) -> Lookup<'_> {
        // Whoever may GET may HEAD; hyper leaves the body away.
        let wanted = if method == Method::HEAD { &Method::GET } else { method };
        let mut here = self.routes.iter().filter(|route| route.answers(path)).peekable();
        if here.peek().is_none() {
            return Lookup::Instead(self.not_found());
        }
        let mut allowed = String::new();
        for route in here {
            if route.method == wanted {
                return Lookup::Found(&route.handler);
            }
            let methods = if route.method == Method::GET { "GET, HEAD" } else { route.method.as_str() };
            allowed.extend([if allowed.is_empty() { "" } else { ", " }, methods]);
        }
        let mut response = text(StatusCode::METHOD_NOT_ALLOWED, format!("method not allowed here, only {allowed}\n"));
        if let Ok(allowed) = HeaderValue::try_from(allowed) {
            response.headers_mut().insert(ALLOW, allowed);
        }
        Lookup::Instead(response)
    }

    fn not_found(&self) -> Response {
        let mut body = String::from("not found; this server has:\n");
        for route in &self.routes {
            body.extend([route.method.as_str(), " ", route.path, "\n"]);
        }
        text(StatusCode::NOT_FOUND, body)
    }
}

impl fmt::Debug for Routes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.routes.iter().map(|route| (&route.method, route.path))).finish()
    }
}

/// A short plain answer.
pub fn text(status: StatusCode, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(full(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

/// Adds what every answer carries: it is true now only, unless it says otherwise, and is what its content type says.
pub(super) fn finish(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
