//! The web configuration file (`--web.config.file`), in the format of Prometheus's exporter toolkit: TLS, headers, users. And the
//! section `web` of our own file, which says what that format has no words for.
//!
//! It holds hashes and perhaps a key: what is refused is never repeated. Not for reading certificates: `server` does.

mod words;

use std::path::Path;

use super::error::{ConfigError, Problem};
use super::fields::code;
use super::places::FilePath;
use super::read_text;
use super::reference::{self, Row};
use super::values::Takes;
use crate::model::names::Name;
use crate::model::web::{
    CipherSuite, ClientAuth, Curve, Pem, RateLimit, TlsSettings, TlsVersion, WebAccess, WebSettings,
};
use words::{AuthWord, Burst, Headers, Interval, OpenPath, PemText, San, Users};

/// The most users: a hash of each is computed for a password that fits nobody.
const MAX_USERS: usize = 64;
/// The most names of clients.
const MAX_SANS: usize = 256;

section! {
    /// The web configuration file.
    WebFile {
        /// TLS; without it, plain HTTP is spoken.
        tls_server_config: TlsFields = "";
        /// What is said of HTTP.
        http_server_config: HttpFields = "";
        /// Users of basic authentication, each with the bcrypt hash of the password; nobody is asked where there are none.
        basic_auth_users: Users = code("{}");
        /// How often somebody may ask; beyond: 429. Open paths are not counted.
        rate_limit: RateFields = "";
    }
}

section! {
    /// TLS.
    TlsFields {
        /// The certificate in PEM, those between it and its authority after it; read again when it changes. A relative path begins at this file's folder.
        cert_file: FilePath = "";
        /// Its key in PEM; read again when it changes.
        key_file: FilePath = "";
        /// The certificate itself, instead of `cert_file`.
        cert: PemText = "";
        /// The key itself, instead of `key_file`.
        key: PemText = "";
        /// Whether clients must have certificates; only `RequireAndVerifyClientCert` keeps strangers out.
        client_auth_type: AuthWord = code("NoClientCert");
        /// Authorities of the clients' certificates, in PEM; read again when it changes.
        client_ca_file: FilePath = "";
        /// The same themselves, instead of `client_ca_file`.
        client_ca: PemText = "";
        /// Names of clients (DNS, IP address, e-mail or URI): one must stand among the alternative names of the certificate.
        client_allowed_sans: Vec<San> = code("[]");
        /// The oldest version that is spoken.
        min_version: TlsVersion = code("TLS12");
        /// The newest version that is spoken.
        max_version: TlsVersion = code("TLS13");
        /// Cipher suites of TLS 1.2, by Go's names; all where none is written. Those of TLS 1.3 are always there, as in Go.
        cipher_suites: Vec<CipherSuite> = code("[]");
        /// Whether the order here counts, and not the client's.
        prefer_server_cipher_suites: bool = code("true");
        /// Groups of key exchange in their order, by Go's names; all where none is written.
        curve_preferences: Vec<Curve> = code("[]");
    }
}

section! {
    /// HTTP.
    HttpFields {
        /// Taken and without effect: HTTP/1.1 is spoken.
        http2: bool = code("true");
        /// Headers of every answer: `Content-Security-Policy`, `Strict-Transport-Security`, `X-Content-Type-Options`, `X-Frame-Options`, `X-XSS-Protection`.
        headers: Headers = code("{}");
    }
}

section! {
    /// How often somebody may ask.
    RateFields {
        /// How long it takes until one more request may come.
        interval: Interval = "no limit";
        /// How many may come at once.
        burst: Burst = code("1");
    }
}

section! {
    /// How the exporter itself is reached, beside `--web.config.file`.
    WebFields {
        /// Whether bearer tokens are let in that the API server knows and permits: `TokenReview`, `SubjectAccessReview` for the path.
        kubernetes_auth: bool = code("false");
        /// Paths that need no authentication: `/livez`, `/readyz`, `/healthz`.
        open_paths: Vec<OpenPath> = code("[]");
    }
}

/// Reads a web configuration file.
pub fn read(path: &Path) -> Result<WebSettings, ConfigError> {
    let (file, text) = read_text(path)?;
    parse(&file, &text, path.parent().unwrap_or_else(|| Path::new("")))
}

/// Reads `text`; `file` is the name that errors tell, and relative paths begin at `folder`.
fn parse(file: &str, text: &str, folder: &Path) -> Result<WebSettings, ConfigError> {
    let fields: WebFile = serde_saphyr::from_str(text)
        .map_err(|error| ConfigError::from_yaml(file, text, &error, &reference::WEB_SECTIONS))?;
    fields.resolve(folder).map_err(|problem| ConfigError::at_field(file, text, &problem))
}

/// The reference of the web configuration file in Markdown.
#[must_use]
pub fn reference() -> String {
    reference::tables(&reference::WEB_SECTIONS)
}

impl WebFields {
    pub(super) fn resolve(self) -> WebAccess {
        WebAccess {
            kubernetes_auth: self.kubernetes_auth.unwrap_or_default(),
            open_paths: self.open_paths.into_iter().flatten().map(|path| path.0).collect(),
        }
    }
}

impl WebFile {
    fn resolve(self, folder: &Path) -> Result<WebSettings, Problem> {
        let users = self.basic_auth_users.map(|users| users.0).unwrap_or_default();
        if users.len() > MAX_USERS {
            let what = format!("more than {MAX_USERS} users; give programs certificates or tokens");
            return Err(Problem::new("basic_auth_users", what));
        }
        let rate = self.rate_limit.unwrap_or_default();
        if rate.interval.is_none() && rate.burst.is_some() {
            return Err(Problem::new("rate_limit", "burst limits nothing without interval; write both"));
        }
        let burst = rate.burst.map_or(1, |burst| burst.0);
        Ok(WebSettings {
            tls: self.tls_server_config.map(|tls| tls.resolve(folder)).transpose()?.flatten(),
            headers: self.http_server_config.and_then(|http| http.headers).map(Headers::resolve).unwrap_or_default(),
            users,
            rate_limit: rate.interval.and_then(|interval| interval.0).map(|interval| RateLimit { interval, burst }),
        })
    }
}

impl TlsFields {
    /// `None` where nothing is written, which is plain HTTP to the toolkit.
    fn resolve(self, folder: &Path) -> Result<Option<TlsSettings>, Problem> {
        let problem = |field: &str, what: &str| Problem::new(format!("tls_server_config.{field}"), what);
        let pem = |field: &str, file: Option<FilePath>, text: Option<PemText>| match (file, text) {
            (Some(_), Some(_)) => Err(problem(field, &format!("write {field} or {field}_file, not both"))),
            (Some(file), None) => Ok(Some(Pem::File(folder.join(&*file.0).to_string_lossy().into()))),
            (None, Some(text)) => Ok(Some(Pem::Text(text.0))),
            (None, None) => Ok(None),
        };
        let certificate = pem("cert", self.cert_file, self.cert)?;
        let key = pem("key", self.key_file, self.key)?;
        let client_authorities = pem("client_ca", self.client_ca_file, self.client_ca)?;
        let client_auth = self.client_auth_type.map_or(ClientAuth::NoClientCert, |word| word.0);
        let sans: Vec<Name> = self.client_allowed_sans.into_iter().flatten().map(|san| san.0).collect();
        let (certificate, key) = match (certificate, key) {
            (Some(certificate), Some(key)) => (certificate, key),
            (None, None)
                if client_authorities.is_none() && client_auth == ClientAuth::NoClientCert && sans.is_empty() =>
            {
                return Ok(None);
            }
            (None, _) => return Err(problem("cert_file", "TLS needs a certificate; write cert_file or cert")),
            (_, None) => return Err(problem("key_file", "TLS needs a key; write key_file or key")),
        };
        let verifies =
            matches!(client_auth, ClientAuth::VerifyClientCertIfGiven | ClientAuth::RequireAndVerifyClientCert);
        if verifies && client_authorities.is_none() {
            return Err(problem("client_ca_file", "nobody's certificates could be verified; write it"));
        }
        if client_authorities.is_some() && client_auth == ClientAuth::NoClientCert {
            let what = "is missing: nobody is asked for a certificate; write RequireAndVerifyClientCert";
            return Err(problem("client_auth_type", what));
        }
        let requires = matches!(client_auth, ClientAuth::RequireAnyClientCert | ClientAuth::RequireAndVerifyClientCert);
        if !sans.is_empty() && !requires {
            let what = "a client without a certificate would pass; write client_auth_type: RequireAndVerifyClientCert";
            return Err(problem("client_allowed_sans", what));
        }
        if sans.len() > MAX_SANS {
            return Err(problem("client_allowed_sans", &format!("more than {MAX_SANS} names; leave some out")));
        }
        let min_version = self.min_version.unwrap_or(TlsVersion::Tls12);
        let max_version = self.max_version.unwrap_or(TlsVersion::Tls13);
        if min_version > max_version {
            return Err(problem("max_version", "older than min_version: nothing could be spoken"));
        }
        Ok(Some(TlsSettings {
            certificate,
            key,
            client_auth,
            client_authorities,
            client_allowed_sans: sans,
            min_version,
            max_version,
            cipher_suites: self.cipher_suites.unwrap_or_default(),
            prefer_server_cipher_suites: self.prefer_server_cipher_suites.unwrap_or(true),
            curves: self.curve_preferences.unwrap_or_default(),
        }))
    }
}

#[cfg(test)]
mod tests;
