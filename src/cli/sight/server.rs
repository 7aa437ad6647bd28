//! A running exporter, asked for its status again and again. Not for its metrics, which say less.

use std::path::PathBuf;
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
use crate::net::trust::{Identity, TlsFile, Trust};
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
    credentials: Credentials,
    ahead: SignedDuration,
    asked: bool,
    /// Whether it has answered with a status before.
    answered: bool,
}

/// What is said of who asks. Secrets stand in files, read at each request.
enum Credentials {
    Nothing,
    Token { file: String },
    Password { user: String, file: String },
}

impl Server {
    /// The exporter at `url`.
    pub(super) fn new(url: &str, at: &At) -> anyhow::Result<Self> {
        if url.contains('@') {
            bail!(
                "--server: a URL with a user or a password in it is not taken; name them by --server.user and --server.password-file"
            );
        }
        let parsed: http::Uri = url.parse().with_context(|| format!("--server: {url} is not a URL"))?;
        if !matches!(parsed.scheme_str(), Some("http" | "https")) || parsed.query().is_some() {
            bail!("--server: {url} is not a URL with http or https, such as http://gim-upgrade-exporter:9845");
        }
        let credentials = Credentials::of(at)?;
        let is_plain = parsed.scheme_str() == Some("http");
        match &credentials {
            Credentials::Token { .. } if is_plain && !is_loopback(&parsed) => {
                bail!("{}: a token is sent over https alone, not to {url}", credentials.flag());
            }
            Credentials::Password { .. } if is_plain && !is_loopback(&parsed) => {
                bail!("{}: a password is sent over https alone, not to {url}", credentials.flag());
            }
            _ => {}
        }
        if at.cert_file.is_some() && is_plain {
            bail!("--server.cert-file: a certificate is shown over https alone, not to {url}");
        }
        let mut url = format!("{}/api/v1/status", url.trim_end_matches('/'));
        if let Some(suite) = &at.suite {
            url.push_str("?suite=");
            url.extend(form_urlencoded::byte_serialize(suite.as_bytes()));
        }
        let name = |file: &Option<PathBuf>| file.as_ref().map(|file| Name::from(file.display().to_string()));
        let ca_file = name(&at.ca_file);
        let identity = name(&at.cert_file).zip(name(&at.key_file));
        let identity = identity.map(|(cert_file, key_file)| Identity { cert_file, key_file });
        let web = Web::new(Arc::new(Trust::showing(identity)));
        Ok(Self { web, url, ca_file, credentials, ahead: SignedDuration::ZERO, asked: false, answered: false })
    }

    /// Asks, `pace` after the last time.
    pub(super) async fn look(&mut self, pace: Duration) -> anyhow::Result<Look> {
        if std::mem::replace(&mut self.asked, true) {
            tokio::time::sleep(pace).await;
        }
        let secret = match &self.credentials {
            Credentials::Nothing => None,
            Credentials::Token { file } | Credentials::Password { file, .. } => {
                Some(secret::read(file).await.context(self.credentials.flag())?)
            }
        };
        let with = |request: reqwest::RequestBuilder| match (&self.credentials, &secret) {
            (Credentials::Password { user, .. }, Some(password)) => request.basic_auth(user, Some(password.expose())),
            (_, Some(token)) => request.bearer_auth(token.expose()),
            (_, None) => request,
        };
        let response = match self.web.get(&self.url, self.ca_file.as_ref(), TIMEOUT, with).await {
            Ok(response) => response,
            Err(WebError::Trust(error)) => {
                let flag = error.file().map_or_else(|| "--server".to_owned(), flag_of);
                return Err(error).context(flag);
            }
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
                "{}: HTTP {}: not permitted; name a token by --server.bearer-token-file, or a user by --server.user",
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

impl Credentials {
    fn of(at: &At) -> anyhow::Result<Self> {
        let spelled = |file: &PathBuf| file.display().to_string();
        Ok(match (&at.token_file, &at.user, &at.password_file) {
            (Some(file), ..) => Self::Token { file: spelled(file) },
            (None, Some(user), _) if user.contains(':') => bail!("--server.user: a name has no colon"),
            (None, Some(user), Some(file)) => Self::Password { user: user.clone(), file: spelled(file) },
            _ => Self::Nothing,
        })
    }

    /// The flag that names the secret's file.
    const fn flag(&self) -> &'static str {
        match self {
            Self::Nothing => "--server",
            Self::Token { .. } => "--server.bearer-token-file",
            Self::Password { .. } => "--server.password-file",
        }
    }
}

/// The flag that names a file of TLS.
fn flag_of(file: TlsFile) -> String {
    format!("--server.{}", file.as_str().replace('_', "-"))
}

/// Whether it is on this machine, as with `kubectl port-forward`.
fn is_loopback(url: &http::Uri) -> bool {
    let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    fn refused(url: &str, at: At) -> Option<String> {
        let at = At { suite: Some("a&b".into()), ..at };
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
        let nothing = At::default;
        let token = || At { token_file: Some("/secrets/token".into()), ..At::default() };
        let user = |name: &str| {
            let password_file = Some("/secrets/password".into());
            At { user: Some(name.into()), password_file, ..At::default() }
        };
        let certificate = || At { cert_file: Some("/c.crt".into()), key_file: Some("/c.key".into()), ..At::default() };
        for (url, at, complaint) in [
            ("http://exporter:9845", nothing(), None),
            ("https://exporter/prefix/", token(), None),
            ("http://127.0.0.1:9845", token(), None),
            ("http://[::1]:9845", token(), None),
            ("http://exporter:9845", token(), Some("--server.bearer-token-file: a token is sent over https alone")),
            ("https://exporter", user("alice"), None),
            ("http://localhost:9845", user("alice"), None),
            ("http://exporter", user("alice"), Some("--server.password-file: a password is sent over https alone")),
            ("https://exporter", user("al:ice"), Some("--server.user: a name has no colon")),
            ("https://exporter", certificate(), None),
            ("http://127.0.0.1", certificate(), Some("--server.cert-file: a certificate is shown over https alone")),
            ("ftp://exporter", nothing(), Some("is not a URL with http or https")),
            ("exporter:9845", nothing(), Some("is not a URL")),
            ("https://user:canary@exporter", nothing(), Some("a user or a password")),
            ("http://exporter/?suite=a", nothing(), Some("is not a URL with http or https")),
        ] {
            let said = refused(url, at);
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
    async fn answered(answer: Vec<u8>, at: At) -> (anyhow::Result<Look>, String) {
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
            let said = match answered(answer, At::default()).await.0 {
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
        let token = At { token_file: Some(file.clone()), ..At::default() };
        let password = At { user: Some("alice".into()), password_file: Some(file.clone()), ..At::default() };
        // `alice:canary`
        for (at, header) in [(&token, "Bearer canary"), (&password, "Basic YWxpY2U6Y2FuYXJ5")] {
            let (look, request) = answered(http("403 Forbidden", "canary"), at.clone()).await;
            assert!(request.contains(&format!("authorization: {header}\r\n")), "{request}");
            assert!(!format!("{look:?}").contains("canary"), "{look:?}");
        }
        std::fs::remove_file(&file).unwrap();
        for (at, flag) in [(token, "--server.bearer-token-file: "), (password, "--server.password-file: ")] {
            let gone = Server::new("http://127.0.0.1:9", &at).unwrap().look(Duration::ZERO).await;
            assert!(format!("{:#}", gone.unwrap_err()).starts_with(flag));
        }
    }
}
