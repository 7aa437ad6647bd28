//! A running exporter, asked for its status again and again. Not for its metrics, which say less.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use http::StatusCode;
use http::header::DATE;
use jiff::SignedDuration;
use jiff::fmt::rfc2822::DateTimeParser;

use super::{Look, read};
use crate::cli::flags::At;
use crate::model::names::Name;
use crate::model::time::Timestamp;
use crate::net::secret;
use crate::net::trust::Trust;
use crate::net::web::{self, Web, WebError};

/// The largest status that is read: that of one suite has about 30 KB, that of a hundred fits.
const MAX_STATUS_BYTES: usize = 8 * 1024 * 1024;
/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Up to this difference clocks agree: `Date` has whole seconds, and an answer takes its time.
const CLOCKS_AGREE: SignedDuration = SignedDuration::from_secs(3);

/// An exporter.
pub(in crate::cli) struct Server {
    web: Web,
    url: String,
    ca_file: Option<Name>,
    token_file: Option<String>,
    ahead: SignedDuration,
    asked: bool,
    /// Whether it has answered with a status before.
    answered: bool,
}

impl Server {
    /// The exporter at `url`.
    pub(super) fn new(url: &str, at: &At) -> anyhow::Result<Self> {
        if url.contains('@') {
            bail!(
                "--server: a URL with a user or a password in it is not taken; name a token by --server.bearer-token-file"
            );
        }
        let parsed: http::Uri = url.parse().with_context(|| format!("--server: {url} is not a URL"))?;
        if !matches!(parsed.scheme_str(), Some("http" | "https")) || parsed.query().is_some() {
            bail!("--server: {url} is not a URL with http or https, such as http://gim-upgrade-exporter:9845");
        }
        if at.token_file.is_some() && parsed.scheme_str() == Some("http") && !is_loopback(&parsed) {
            bail!("--server.bearer-token-file: a token is sent over https alone, not to {url}");
        }
        let mut url = format!("{}/api/v1/status", url.trim_end_matches('/'));
        if let Some(suite) = &at.suite {
            url.push_str("?suite=");
            url.extend(form_urlencoded::byte_serialize(suite.as_bytes()));
        }
        let token_file = at.token_file.as_ref().map(|file| file.display().to_string());
        let ca_file = at.ca_file.as_ref().map(|file| file.display().to_string().into());
        let web = Web::new(Arc::new(Trust::default()));
        Ok(Self { web, url, ca_file, token_file, ahead: SignedDuration::ZERO, asked: false, answered: false })
    }

    /// Asks, `pace` after the last time.
    pub(super) async fn look(&mut self, pace: Duration) -> anyhow::Result<Look> {
        if std::mem::replace(&mut self.asked, true) {
            tokio::time::sleep(pace).await;
        }
        let token = match &self.token_file {
            Some(file) => Some(secret::read(file).await.context("--server.bearer-token-file")?),
            None => None,
        };
        let with = |request: reqwest::RequestBuilder| match &token {
            Some(token) => request.bearer_auth(token.expose()),
            None => request,
        };
        let response = match self.web.get(&self.url, self.ca_file.as_ref(), TIMEOUT, with).await {
            Ok(response) => response,
            Err(WebError::Trust(error)) => return Err(error).context("--server.ca-file"),
            Err(error) => return Ok(Look::Blind(format!("{}: {error}", self.url))),
        };
        self.learn_clock(&response);
        let status = response.status();
        let body = match web::body(response, MAX_STATUS_BYTES).await {
            Ok(body) => body,
            Err(WebError::TooLarge(_)) => {
                bail!("{}: the status of all suites is too large; name one by --suite", self.url)
            }
            Err(error) => return Ok(Look::Blind(format!("{}: {error}", self.url))),
        };
        match status {
            StatusCode::OK => {
                self.answered = true;
                read(body, self.now()).with_context(|| format!("{}: no exporter of this kind", self.url))
            }
            // It may have started anew, and not have found the suite again.
            StatusCode::NOT_FOUND if self.answered => Ok(Look::Blind(format!("{}: HTTP 404", self.url))),
            StatusCode::NOT_FOUND => {
                bail!("{}: HTTP 404: no suite of this name is watched there, or no exporter is there", self.url)
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => bail!(
                "{}: HTTP {}: not permitted; name a token by --server.bearer-token-file",
                self.url,
                status.as_u16()
            ),
            status => Ok(Look::Blind(format!("{}: HTTP {}", self.url, status.as_u16()))),
        }
    }

    /// Now, by the exporter's clock.
    pub(super) fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        now.checked_add(self.ahead).unwrap_or(now)
    }

    fn learn_clock(&mut self, response: &reqwest::Response) {
        let date = response.headers().get(DATE).and_then(|date| date.to_str().ok());
        let date = date.and_then(|date| DateTimeParser::new().parse_timestamp(date).ok());
        let ahead = date.map_or(SignedDuration::ZERO, |date| date.duration_since(Timestamp::now()));
        self.ahead = if ahead.abs() <= CLOCKS_AGREE { SignedDuration::ZERO } else { ahead };
    }
}

/// Whether it is on this machine, as with `kubectl port-forward`.
fn is_loopback(url: &http::Uri) -> bool {
    let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    fn refused(url: &str, token: bool) -> Option<String> {
        let token_file = token.then(|| "/secrets/token".into());
        let at = At { suite: Some("a&b".into()), server: None, ca_file: None, token_file };
        match Server::new(url, &at) {
            Ok(server) => {
                assert_eq!(server.url, format!("{}/api/v1/status?suite=a%26b", url.trim_end_matches('/')));
                None
            }
            Err(error) => Some(error.to_string()),
        }
    }

    #[test]
    fn tokens_leave_the_machine_encrypted_or_not_at_all() {
        for (url, token, complaint) in [
            ("http://exporter:9845", false, None),
            ("https://exporter/prefix/", true, None),
            ("http://127.0.0.1:9845", true, None),
            ("http://[::1]:9845", true, None),
            ("http://exporter:9845", true, Some("a token is sent over https alone")),
            ("ftp://exporter", false, Some("is not a URL with http or https")),
            ("exporter:9845", false, Some("is not a URL")),
            ("https://user:canary@exporter", false, Some("a user or a password")),
            ("http://exporter/?suite=a", false, Some("is not a URL with http or https")),
        ] {
            let said = refused(url, token);
            match complaint {
                None => assert_eq!(said, None, "{url}"),
                Some(complaint) => {
                    assert!(said.as_ref().is_some_and(|said| said.contains(complaint)), "{url}: {said:?}");
                    assert!(!said.is_some_and(|said| said.contains("canary")), "{url}");
                }
            }
        }
    }

    /// What comes of one answer, and the request that it answered.
    async fn answered(answer: Vec<u8>, token_file: Option<PathBuf>) -> (anyhow::Result<Look>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4096];
            let read = stream.read(&mut request).await.unwrap();
            // Whoever has enough may hang up before the end.
            let _ = stream.write_all(&answer).await;
            String::from_utf8_lossy(&request[..read]).into_owned()
        });
        let at = At { suite: None, server: None, ca_file: None, token_file };
        let look = Server::new(&url, &at).unwrap().look(Duration::ZERO).await;
        (look, asked.await.unwrap())
    }

    fn http(status: &str, body: &str) -> Vec<u8> {
        format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len()).into_bytes()
    }

    #[tokio::test]
    async fn what_may_pass_is_told_from_what_is_wrong_for_good() {
        let status = r#"{"ready": true, "sources": [], "suites": [], "of a later version": 1}"#;
        let large = "x".repeat(MAX_STATUS_BYTES + 1);
        for (answer, expected) in [
            (http("200 OK", status), "seen"),
            (http("503 Service Unavailable", ""), "blind: HTTP 503"),
            (http("302 Found", ""), "blind: HTTP 302"),
            (Vec::new(), "blind: "),
            (b"no HTTP\r\n\r\n".to_vec(), "blind: "),
            (http("200 OK", "<html>"), "wrong: no exporter of this kind"),
            (http("200 OK", &large), "wrong: the status of all suites is too large; name one by --suite"),
            (http("404 Not Found", ""), "wrong: HTTP 404: no suite of this name is watched there"),
            (http("401 Unauthorized", ""), "wrong: HTTP 401: not permitted"),
            (http("403 Forbidden", ""), "wrong: HTTP 403: not permitted"),
        ] {
            let said = match answered(answer, None).await.0 {
                Ok(Look::Seen { view, .. }) => format!("seen{}", if view.ready { "" } else { " unready" }),
                Ok(Look::Blind(why)) => format!("blind: {}", why.split_once("status: ").unwrap().1),
                Err(error) => format!("wrong: {}", error.to_string().split_once("status: ").unwrap().1),
            };
            assert!(said.starts_with(expected), "{said} and not {expected}");
        }
    }

    #[tokio::test]
    async fn a_token_is_sent_and_told_nowhere() {
        let file = std::env::temp_dir().join(format!("gim-upgrade-verify-token-{}", std::process::id()));
        std::fs::write(&file, "canary\n").unwrap();
        let (look, request) = answered(http("403 Forbidden", "canary"), Some(file.clone())).await;
        assert!(request.contains("authorization: Bearer canary\r\n"), "{request}");
        assert!(!format!("{look:?}").contains("canary"), "{look:?}");
        std::fs::remove_file(&file).unwrap();
        let at = At { suite: None, server: None, ca_file: None, token_file: Some(file) };
        let gone = Server::new("http://127.0.0.1:9", &at).unwrap().look(Duration::ZERO).await;
        assert!(format!("{:#}", gone.unwrap_err()).starts_with("--server.bearer-token-file: "));
    }
}
