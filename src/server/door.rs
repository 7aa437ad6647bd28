//! The door: whom the server lets in and how it speaks to them, made of one web configuration. TLS is spoken on each new
//! connection, passwords and tokens are looked at on each request, so that another door counts at once.
//!
//! What cannot be decided is refused. Not for reading the configuration, nor for when it is read again: `config` and `cli` do that.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use rustls::ServerConfig;
use tokio_rustls::TlsAcceptor;

use super::passwords::Passwords;
use super::rate::Bucket;
use super::routes::{Response, text};
use super::tls::{TlsError, server_config};
use super::tokens::{Reviewer, Tokens};
use crate::model::names::Name;
use crate::model::time::Clock;
use crate::model::web::{Permission, WebAccess, WebSettings};
use crate::publish::own::{Rejection, Rejections};

/// What a browser asks a person for.
const REALM: &str = "gim-upgrade-exporter";

/// Who may come in, and how.
pub struct Door {
    tls: Option<Arc<ServerConfig>>,
    headers: Vec<(HeaderName, HeaderValue)>,
    open_paths: Vec<Name>,
    passwords: Option<Passwords>,
    tokens: Option<Tokens>,
    bucket: Option<Bucket>,
    rejections: Arc<Rejections>,
}

/// What a client shows of itself.
enum Credentials {
    Basic { user: String, password: Vec<u8> },
    Bearer(String),
    None,
}

impl Door {
    /// A door that is open to everybody, in plain HTTP.
    #[must_use]
    pub fn open() -> Self {
        Self {
            tls: None,
            headers: Vec::new(),
            open_paths: Vec::new(),
            passwords: None,
            tokens: None,
            bucket: None,
            rejections: Arc::default(),
        }
    }

    /// The door that the configuration means. Reads the files that it names. With a `reviewer` bearer tokens are let in too.
    pub fn new(
        settings: &WebSettings,
        access: &WebAccess,
        reviewer: Option<Reviewer>,
        clock: &Arc<dyn Clock>,
        rejections: Arc<Rejections>,
    ) -> Result<Self, TlsError> {
        let headers = settings.headers.iter().filter_map(|(header, value)| {
            let name = HeaderName::from_bytes(header.as_str().as_bytes()).ok()?;
            Some((name, HeaderValue::from_str(value).ok()?))
        });
        let users = &settings.users;
        Ok(Self {
            tls: settings.tls.as_ref().map(server_config).transpose()?.map(Arc::new),
            headers: headers.collect(),
            open_paths: access.open_paths.clone(),
            passwords: (!users.is_empty()).then(|| Passwords::new(users.clone(), Arc::clone(clock))),
            tokens: reviewer.map(|reviewer| Tokens::new(reviewer, Arc::clone(clock))),
            bucket: settings.rate_limit.map(|limit| Bucket::new(limit, Arc::clone(clock))),
            rejections,
        })
    }

    /// The same door, which remembers of passwords what a former one does: whoever scrapes must not queue behind those who guess
    /// because a certificate is another one.
    #[must_use]
    pub fn after(self, former: &Self) -> Self {
        let passwords = match (self.passwords, &former.passwords) {
            (Some(passwords), Some(former)) => Some(passwords.after(former)),
            (passwords, _) => passwords,
        };
        Self { passwords, ..self }
    }

    /// Whether TLS is spoken.
    #[must_use]
    pub fn speaks_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Speaks TLS with a client, where it is spoken.
    pub(super) fn acceptor(&self) -> Option<TlsAcceptor> {
        self.tls.clone().map(TlsAcceptor::from)
    }

    /// Counts a client with which TLS could not be spoken.
    pub(super) fn no_tls(&self) {
        self.rejections.count(Rejection::Tls);
    }

    /// Counts a client for which there was no place.
    pub(super) fn no_place(&self) {
        self.rejections.count(Rejection::ConnectionLimit);
    }

    /// Whether a request may be answered; else what is said instead.
    pub(super) async fn admit<B>(&self, request: &http::Request<B>) -> Result<(), Response> {
        let path = request.uri().path();
        if self.open_paths.iter().any(|open| **open == *path) {
            return Ok(());
        }
        if self.bucket.as_ref().is_some_and(|bucket| !bucket.take()) {
            self.rejections.count(Rejection::Rate);
            return Err(text(StatusCode::TOO_MANY_REQUESTS, "too many requests\n"));
        }
        if self.passwords.is_none() && self.tokens.is_none() {
            return Ok(());
        }
        let outcome = match (credentials(request.headers()), &self.passwords, &self.tokens) {
            (Credentials::Basic { user, password }, Some(passwords), _) => passwords.verify(&user, password).await,
            (Credentials::Bearer(token), _, Some(tokens)) => tokens.review(token, verb(request.method()), path).await,
            _ => Ok(Permission::Unauthenticated),
        };
        match outcome {
            Ok(Permission::Allowed) => Ok(()),
            Ok(Permission::Forbidden) => {
                self.rejections.count(Rejection::Forbidden);
                Err(text(StatusCode::FORBIDDEN, "the API server does not permit this path\n"))
            }
            Ok(Permission::Unauthenticated) => {
                self.rejections.count(Rejection::Unauthenticated);
                Err(self.unauthenticated())
            }
            Err(Undecided) => {
                self.rejections.count(Rejection::Undecided);
                let mut response = text(StatusCode::SERVICE_UNAVAILABLE, "who asks cannot be verified now\n");
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
                Err(response)
            }
        }
    }

    /// Gives an answer the headers of the configuration, which stand over ours.
    pub(super) fn dress(&self, response: &mut Response) {
        for (name, value) in &self.headers {
            response.headers_mut().insert(name.clone(), value.clone());
        }
    }

    fn unauthenticated(&self) -> Response {
        let mut response = text(StatusCode::UNAUTHORIZED, "unauthorized\n");
        let schemes = [(self.passwords.is_some(), "Basic"), (self.tokens.is_some(), "Bearer")];
        for (_, scheme) in schemes.into_iter().filter(|(is_known, _)| *is_known) {
            if let Ok(value) = HeaderValue::try_from(format!("{scheme} realm=\"{REALM}\"")) {
                response.headers_mut().append(WWW_AUTHENTICATE, value);
            }
        }
        response
    }
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door").field("tls", &self.tls.is_some()).finish_non_exhaustive()
    }
}

/// It cannot be found out whether a client may come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Undecided;

/// The verb of Kubernetes for a method.
fn verb(method: &Method) -> &'static str {
    match *method {
        Method::GET | Method::HEAD => "get",
        Method::POST => "post",
        Method::PUT => "put",
        Method::DELETE => "delete",
        Method::PATCH => "patch",
        _ => "other",
    }
}

fn credentials(headers: &HeaderMap) -> Credentials {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    // Two of them may mean different people to different readers.
    let (Some(value), None) = (values.next(), values.next()) else { return Credentials::None };
    let Some((scheme, rest)) = value.to_str().ok().and_then(|value| value.split_once(' ')) else {
        return Credentials::None;
    };
    let rest = rest.trim_start_matches(' ');
    if scheme.eq_ignore_ascii_case("bearer") && !rest.is_empty() {
        return Credentials::Bearer(rest.to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return Credentials::None;
    }
    let decoded = STANDARD.decode(rest).unwrap_or_default();
    let mut halves = decoded.splitn(2, |byte| *byte == b':');
    match (halves.next().and_then(|user| std::str::from_utf8(user).ok()), halves.next()) {
        (Some(user), Some(password)) => Credentials::Basic { user: user.to_owned(), password: password.to_vec() },
        _ => Credentials::None,
    }
}

#[cfg(test)]
pub(super) mod tests;
