//! What can go wrong with a request to the API server, in words that are safe to show.
//!
//! Nothing of an answer's body gets in, but for the API server's own sentence about a lacking permission: a body may hold a
//! Secret.

use std::error::Error as StdError;
use std::time::Duration;

use http::StatusCode;
use http::header::RETRY_AFTER;
use kube::core::response::reason::is_known;
use thiserror::Error;

use super::objects::DecodeError;
use crate::model::source::ErrorKind;
use crate::net::failure::{self, shorten};

/// The longest pause that a server may ask for with `Retry-After`.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(30);

/// Why a request did not give what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FetchError {
    /// The API server answered with an error.
    #[error("HTTP {code}{explanation}")]
    Status {
        /// HTTP status code.
        code: u16,
        /// Its reason, and its sentence where a permission lacks; begins with `: ` or is empty.
        explanation: String,
        /// How long it asks to be left alone.
        retry_after: Option<Duration>,
    },
    /// Nothing came for too long.
    #[error("no answer in time")]
    Silent,
    /// No connection, or it broke.
    #[error("{0}")]
    Connect(String),
    /// More came than is taken.
    #[error("answer is larger than {0} bytes")]
    TooLarge(usize),
    /// More objects came than are taken.
    #[error("more than {0} objects")]
    TooMany(usize),
    /// What came is not what the API server says.
    #[error("answer {0}")]
    Decode(#[from] DecodeError),
    /// The request could not be made at all.
    #[error("request cannot be made")]
    Request,
}

impl From<serde_json::Error> for FetchError {
    fn from(error: serde_json::Error) -> Self {
        Self::Decode(error.into())
    }
}

impl From<kube::core::request::Error> for FetchError {
    fn from(_: kube::core::request::Error) -> Self {
        Self::Request
    }
}

impl FetchError {
    /// An error below HTTP.
    pub fn transport(error: &(dyn StdError + 'static)) -> Self {
        failure::transport(error).map_or(Self::Silent, Self::Connect)
    }

    /// An answer that is not a success.
    pub fn status(head: &http::response::Parts, body: &[u8]) -> Self {
        let retry_after = head.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let retry_after = retry_after.map(|seconds| Duration::from_secs(seconds).min(MAX_RETRY_AFTER));
        Self::from_status(head.status.as_u16(), body, retry_after)
    }

    /// A `Status` object that came as an event of a watch.
    pub fn from_event(status: &[u8]) -> Self {
        #[derive(serde::Deserialize)]
        struct Code {
            code: u16,
        }
        match serde_json::from_slice::<Code>(status) {
            Ok(Code { code }) => Self::from_status(code, status, None),
            Err(error) => error.into(),
        }
    }

    fn from_status(code: u16, body: &[u8], retry_after: Option<Duration>) -> Self {
        #[derive(Default, serde::Deserialize)]
        #[serde(default)]
        struct Status {
            reason: Option<String>,
            message: Option<String>,
        }
        let Status { reason, message } = serde_json::from_slice(body).unwrap_or_default();
        let reason = reason.filter(|reason| is_known(reason) && !reason.is_empty());
        let message = message.filter(|_| code == StatusCode::FORBIDDEN);
        let explanation = message.or(reason).map_or_else(String::new, |text| format!(": {}", shorten(&text)));
        Self::Status { code, explanation, retry_after }
    }

    /// What kind of error it is, for counting.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Status { code: 403, .. } => ErrorKind::Forbidden,
            Self::Status { code: 410, .. } => ErrorKind::Expired,
            Self::Status { .. } => ErrorKind::Status,
            Self::Silent => ErrorKind::Timeout,
            Self::Connect(_) => ErrorKind::Connect,
            Self::TooLarge(_) | Self::TooMany(_) => ErrorKind::TooLarge,
            Self::Decode(_) => ErrorKind::Decode,
            Self::Request => ErrorKind::Other,
        }
    }

    /// Whether the object asked for is not there.
    #[must_use]
    pub const fn is_not_found(&self) -> bool {
        matches!(self, Self::Status { code: 404, .. })
    }

    /// How long the server asks to be left alone.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    fn status(code: u16, body: &str) -> FetchError {
        let head = http::Response::builder().status(code).header("retry-after", "7").body(()).unwrap().into_parts().0;
        FetchError::status(&head, body.as_bytes())
    }

    #[test]
    fn kinds_and_texts() {
        let sentence = r#"{"kind":"Status","reason":"Forbidden","message":"pods is forbidden","code":403}"#;
        let other = r#"{"kind":"Status","reason":"InternalError","message":"canary","code":500}"#;
        let made_up = r#"{"reason":"canary","message":"canary"}"#;
        let cases = [
            (status(403, sentence), ErrorKind::Forbidden, "HTTP 403: pods is forbidden"),
            (status(500, other), ErrorKind::Status, "HTTP 500: InternalError"),
            (status(500, made_up), ErrorKind::Status, "HTTP 500"),
            (status(410, "canary"), ErrorKind::Expired, "HTTP 410"),
            (
                FetchError::from_event(br#"{"code":410,"reason":"Expired","message":"too old"}"#),
                ErrorKind::Expired,
                "HTTP 410: Expired",
            ),
            (FetchError::from_event(b"canary"), ErrorKind::Decode, "answer not understood at line 1 column 1"),
        ];
        for (error, kind, text) in cases {
            assert_eq!((error.kind(), error.to_string().as_str()), (kind, text));
        }
        assert_eq!(status(429, "").retry_after(), Some(Duration::from_secs(7)));
    }

    #[test]
    fn silence_is_told_from_a_broken_connection() {
        let silent = io::Error::other(io::Error::from(io::ErrorKind::TimedOut));
        assert_eq!(FetchError::transport(&silent), FetchError::Silent);
        let broken = io::Error::from(io::ErrorKind::ConnectionReset);
        assert_eq!(FetchError::transport(&broken), FetchError::Connect("connection reset".into()));
    }
}
