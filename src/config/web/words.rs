//! Values of the web configuration file: hashes, headers, names of clients, versions and ciphers. Not for rules about several fields.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use crate::config::span::Span;
use crate::config::values::{Takes, Word, WordVisitor};
use crate::model::names::Name;
use crate::model::web::{CipherSuite, ClientAuth, Curve, PasswordHash, ResponseHeader, TlsVersion};

/// The highest cost of a hash: about a second of one processor.
const MAX_COST: u32 = 14;
/// The lowest that bcrypt has.
const MIN_COST: u32 = 4;
/// Length of a hash.
const HASH_BYTES: usize = 60;
/// The longest name of a user, of a client, and value of a header.
const MAX_TEXT: usize = 1024;
/// The longest text in PEM.
const MAX_PEM: usize = 256 * 1024;

/// A type of client authentication; Go's former name of one is known.
#[derive(Clone, Copy, Debug)]
pub(in crate::config) struct AuthWord(pub(super) ClientAuth);

/// Name of a client.
#[derive(Clone, Debug)]
pub(in crate::config) struct San(pub(super) Name);

/// A text in PEM, perhaps a key.
pub(in crate::config) struct PemText(pub(super) Name);

/// How long until one more request may come; `None`: no limit, which the toolkit writes as 0.
#[derive(Clone, Copy, Debug)]
pub(in crate::config) struct Interval(pub(super) Option<Duration>);

/// A count of requests.
#[derive(Clone, Copy, Debug)]
pub(in crate::config) struct Burst(pub(super) u32);

/// A path that may be open.
#[derive(Clone, Debug)]
pub(in crate::config) struct OpenPath(pub(super) Name);

/// Name of a user.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::config) struct UserName(Name);

/// Value of a header; empty: not sent.
#[derive(Clone, Debug)]
pub(in crate::config) struct HeaderText(Name);

/// Users and their hashes.
#[derive(Debug, Default)]
pub(in crate::config) struct Users(pub(super) BTreeMap<Name, PasswordHash>);

/// Headers and their values.
#[derive(Debug, Deserialize)]
#[serde(try_from = "BTreeMap<ResponseHeader, HeaderText>")]
pub(in crate::config) struct Headers(BTreeMap<ResponseHeader, Name>);

words!(AuthWord, San, PemText, Interval, Burst, OpenPath, UserName, HeaderText, PasswordHash);
words!(TlsVersion, CipherSuite, Curve, ResponseHeader);

impl std::fmt::Debug for PemText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PemText")
    }
}

impl Word for AuthWord {
    const FORM: &'static str =
        "NoClientCert, RequestClientCert, RequireAnyClientCert, VerifyClientCertIfGiven or RequireAndVerifyClientCert";

    fn read(text: &str) -> Result<Self, String> {
        let former = (text == "RequireClientCert").then_some(ClientAuth::RequireAnyClientCert);
        let known = ClientAuth::parse(text).or(former);
        known.map(Self).ok_or_else(|| format!("{text:?} is no type of client authentication; write {}", Self::FORM))
    }
}

impl Word for TlsVersion {
    const FORM: &'static str = "TLS12 or TLS13";

    fn read(text: &str) -> Result<Self, String> {
        match text {
            "TLS10" | "TLS11" => Err(format!("{text} is not safe and not spoken here; write {}", Self::FORM)),
            _ => Self::parse(text).ok_or_else(|| format!("{text:?} is no version of TLS; write {}", Self::FORM)),
        }
    }
}

/// The spellings, for people.
fn listed<T: Copy>(all: &[T], spelling: fn(T) -> &'static str) -> String {
    let spellings: Vec<_> = all.iter().map(|&value| spelling(value)).collect();
    spellings.join(", ")
}

impl Word for CipherSuite {
    const FORM: &'static str = "Go's names of cipher suites";

    fn read(text: &str) -> Result<Self, String> {
        let there_are = || listed(Self::ALL, Self::as_str);
        Self::parse(text).ok_or_else(|| format!("there is no cipher suite {text:?} here; there are {}", there_are()))
    }
}

impl Word for Curve {
    const FORM: &'static str = "X25519, CurveP256 or CurveP384";

    fn read(text: &str) -> Result<Self, String> {
        Self::parse(text).ok_or_else(|| format!("there is no curve {text:?} here; write {}", Self::FORM))
    }
}

impl Word for ResponseHeader {
    const FORM: &'static str = "a header that can be given";

    fn read(text: &str) -> Result<Self, String> {
        let there_are = || listed(Self::ALL, Self::as_str);
        Self::parse(text).ok_or_else(|| format!("the header {text:?} cannot be given; there are {}", there_are()))
    }
}

impl Word for PasswordHash {
    const FORM: &'static str = "a bcrypt hash, as `htpasswd -nBC 10 USER` prints it after the colon";

    // A hash is a secret, and so is a password that somebody wrote instead.
    fn read(text: &str) -> Result<Self, String> {
        let bytes = text.as_bytes();
        let kind = ["$2a$", "$2b$", "$2y$"].into_iter().any(|kind| text.starts_with(kind));
        let cost = text.get(4..6).and_then(|cost| cost.parse().ok());
        let rest = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'/');
        let shaped = kind
            && bytes.len() == HASH_BYTES
            && bytes.get(6) == Some(&b'$')
            && bytes.get(7..).is_some_and(|tail| tail.iter().all(rest));
        match cost.filter(|_| shaped) {
            Some(cost @ MIN_COST..=MAX_COST) => Ok(Self { text: text.into(), cost }),
            Some(cost) => Err(format!(
                "a hash of cost {cost}; write one of cost {MIN_COST} to {MAX_COST}, where {MAX_COST} takes a second of a processor"
            )),
            None => Err(format!("not a bcrypt hash; write {}", Self::FORM)),
        }
    }
}

impl Word for UserName {
    const FORM: &'static str = "the name of a user";

    fn read(text: &str) -> Result<Self, String> {
        // A colon ends the name in what a client sends.
        if text.is_empty() || text.len() > MAX_TEXT || text.contains(':') || text.chars().any(char::is_control) {
            return Err("not the name of a user; write one without a colon".to_owned());
        }
        Ok(Self(text.into()))
    }
}

impl Word for HeaderText {
    const FORM: &'static str = "the value of a header";

    fn read(text: &str) -> Result<Self, String> {
        let good = text.len() <= MAX_TEXT && http::HeaderValue::from_str(text).is_ok();
        if good { Ok(Self(text.into())) } else { Err(format!("{text:?} is no value of a header")) }
    }
}

impl Word for San {
    const FORM: &'static str = "names of clients as their certificates have them";

    fn read(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.len() > MAX_TEXT || text.chars().any(char::is_control) {
            return Err(format!(
                "{text:?} is no name of a client; write a DNS name, an IP address, an e-mail address or a URI"
            ));
        }
        // An address has many spellings; certificates hold the bytes.
        Ok(Self(text.parse::<std::net::IpAddr>().map_or_else(|_| text.into(), |ip| ip.to_string().into())))
    }
}

impl Word for PemText {
    const FORM: &'static str = "a text in PEM";

    fn read(text: &str) -> Result<Self, String> {
        if text.len() > MAX_PEM || !text.contains("-----BEGIN ") {
            return Err(format!(
                "not a text in PEM; write one that begins with -----BEGIN, of at most {MAX_PEM} bytes"
            ));
        }
        Ok(Self(text.into()))
    }
}

impl Word for Interval {
    const FORM: &'static str = Span::FORM;
    const SHORT: &'static str = "a duration, or 0";

    fn read(text: &str) -> Result<Self, String> {
        if ["0", "0s"].contains(&text) { Ok(Self(None)) } else { Span::read(text).map(|span| Self(Some(span.0))) }
    }
}

impl Word for Burst {
    const FORM: &'static str = "a number from 1 to 100000";

    fn read(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(burst @ 1..=100_000) => Ok(Self(burst)),
            _ => Err(format!("{text:?} is no count of requests; write {}", Self::FORM)),
        }
    }
}

impl Word for OpenPath {
    const FORM: &'static str = "/livez, /readyz or /healthz";

    fn read(text: &str) -> Result<Self, String> {
        match text {
            "/livez" | "/readyz" | "/healthz" => Ok(Self(text.into())),
            _ => Err(format!("{text:?} tells too much to be open; write {}", Self::FORM)),
        }
    }
}

impl<'de> Deserialize<'de> for Users {
    fn deserialize<D: serde::de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let users = BTreeMap::<UserName, PasswordHash>::deserialize(deserializer)?;
        Ok(Self(users.into_iter().map(|(user, hash)| (user.0, hash)).collect()))
    }
}

impl TryFrom<BTreeMap<ResponseHeader, HeaderText>> for Headers {
    type Error = String;

    fn try_from(written: BTreeMap<ResponseHeader, HeaderText>) -> Result<Self, String> {
        for (&header, HeaderText(value)) in &written {
            let takes: &[&str] = match header {
                ResponseHeader::FrameOptions => &["deny", "sameorigin"],
                ResponseHeader::ContentTypeOptions => &["nosniff"],
                _ => continue,
            };
            if !value.is_empty() && !takes.contains(&&**value) {
                return Err(format!("{header} may not be {value:?}; write {}", takes.join(" or ")));
            }
        }
        Ok(Self(written.into_iter().map(|(header, value)| (header, value.0)).collect()))
    }
}

impl Headers {
    /// Those that are sent.
    pub(super) fn resolve(self) -> BTreeMap<ResponseHeader, Name> {
        self.0.into_iter().filter(|(_, value)| !value.is_empty()).collect()
    }
}

impl Takes for Users {
    const TAKES: &'static str = "users and bcrypt hashes, such as {prometheus: $2y$10$…}";
    const SHORT: &'static str = "users and bcrypt hashes, such as `{prometheus: $2y$10$…}`";
}

impl Takes for Headers {
    const TAKES: &'static str = "headers and their values, such as {X-Frame-Options: deny}";
    const SHORT: &'static str = "headers and their values, such as `{X-Frame-Options: deny}`";
}

impl Takes for Vec<San> {
    const TAKES: &'static str = "a list of names of clients";
}

impl Takes for Vec<CipherSuite> {
    const TAKES: &'static str = "a list of cipher suites by Go's names";
}

impl Takes for Vec<Curve> {
    const TAKES: &'static str = "a list of X25519, CurveP256 and CurveP384";
}

impl Takes for Vec<OpenPath> {
    const TAKES: &'static str = "a list of /livez, /readyz and /healthz";
    const SHORT: &'static str = "a list of paths";
}
