//! Web: how the exporter itself is reached, as its configuration says: TLS, passwords, headers, and who asks Kubernetes whom it
//! may let in. The names are those of Prometheus's exporter toolkit. Not for doing it: that is `server`'s.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::names::Name;
use crate::named;

/// What the web configuration file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebSettings {
    /// TLS; `None`: plain HTTP.
    pub tls: Option<TlsSettings>,
    /// Headers of every answer.
    pub headers: BTreeMap<ResponseHeader, Name>,
    /// Users with the bcrypt hashes of their passwords; where there are none, nobody is asked.
    pub users: BTreeMap<Name, PasswordHash>,
    /// How often somebody may ask.
    pub rate_limit: Option<RateLimit>,
}

/// What the exporter's own configuration file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebAccess {
    /// Whether bearer tokens are shown to the API server, which says who that is and whether they may.
    pub kubernetes_auth: bool,
    /// Paths that need no authentication.
    pub open_paths: Vec<Name>,
}

/// How TLS is spoken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsSettings {
    /// The certificate, with those between it and its authority.
    pub certificate: Pem,
    /// Its key.
    pub key: Pem,
    /// Whether clients must have certificates.
    pub client_auth: ClientAuth,
    /// Authorities of clients' certificates.
    pub client_authorities: Option<Pem>,
    /// One of these names must stand in a client's certificate; empty: any may.
    pub client_allowed_sans: Vec<Name>,
    /// The oldest version that is spoken.
    pub min_version: TlsVersion,
    /// The newest version that is spoken.
    pub max_version: TlsVersion,
    /// The cipher suites of TLS 1.2, in their order; empty: all.
    pub cipher_suites: Vec<CipherSuite>,
    /// Whether the server's order of cipher suites counts.
    pub prefer_server_cipher_suites: bool,
    /// The groups of key exchange, in their order; empty: all.
    pub curves: Vec<Curve>,
}

/// Something in PEM: in a file, which may change, or in the configuration itself.
#[derive(Clone, PartialEq, Eq)]
pub enum Pem {
    /// The file.
    File(Name),
    /// The text.
    Text(Name),
}

/// A bcrypt hash.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash {
    /// The hash as it is written.
    pub text: Name,
    /// How often it is computed, as a power of two.
    pub cost: u32,
}

/// A bucket of so many requests, to which one is added every `interval`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// How long it takes until one more may come.
    pub interval: Duration,
    /// How many may come at once.
    pub burst: u32,
}

/// What a client asks for, to be judged by the API server.
#[derive(Clone, PartialEq, Eq)]
pub struct Access {
    /// The bearer token that it shows.
    pub token: String,
    /// The verb of Kubernetes for its method.
    pub verb: &'static str,
    /// The path, which is a non-resource URL to Kubernetes.
    pub path: String,
}

/// What the API server says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// It may.
    Allowed,
    /// It is known, and may not.
    Forbidden,
    /// It is not known.
    Unauthenticated,
}

named! {
    /// Whether clients must have certificates: the words of Go.
    pub enum ClientAuth {
        /// None is asked for.
        NoClientCert = "NoClientCert",
        /// One is asked for, and looked at by nobody.
        RequestClientCert = "RequestClientCert",
        /// There must be one, by whomever.
        RequireAnyClientCert = "RequireAnyClientCert",
        /// Where there is one, it must be good.
        VerifyClientCertIfGiven = "VerifyClientCertIfGiven",
        /// There must be one, and it must be good.
        RequireAndVerifyClientCert = "RequireAndVerifyClientCert",
    }
}

named! {
    /// A version of TLS. There are older ones, which the TLS library does not speak.
    pub enum TlsVersion {
        /// 1.2.
        Tls12 = "TLS12",
        /// 1.3.
        Tls13 = "TLS13",
    }
}

named! {
    /// A cipher suite that the TLS library has, by Go's name. Those of TLS 1.3 cannot be switched off, as in Go.
    pub enum CipherSuite {
        /// TLS 1.3.
        Aes128 = "TLS_AES_128_GCM_SHA256",
        /// TLS 1.3.
        Aes256 = "TLS_AES_256_GCM_SHA384",
        /// TLS 1.3.
        ChaCha20 = "TLS_CHACHA20_POLY1305_SHA256",
        /// TLS 1.2.
        EcdheEcdsaAes128 = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        /// TLS 1.2.
        EcdheEcdsaAes256 = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        /// TLS 1.2.
        EcdheEcdsaChaCha20 = "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        /// TLS 1.2.
        EcdheRsaAes128 = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        /// TLS 1.2.
        EcdheRsaAes256 = "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        /// TLS 1.2.
        EcdheRsaChaCha20 = "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    }
}

named! {
    /// A group of key exchange that the TLS library has, by Go's name.
    pub enum Curve {
        /// X25519.
        X25519 = "X25519",
        /// P-256.
        P256 = "CurveP256",
        /// P-384.
        P384 = "CurveP384",
    }
}

named! {
    /// A header that may be given to every answer.
    pub enum ResponseHeader {
        /// What a page may load and run.
        ContentSecurityPolicy = "Content-Security-Policy",
        /// That browsers come by HTTPS alone.
        StrictTransportSecurity = "Strict-Transport-Security",
        /// That the content type is meant.
        ContentTypeOptions = "X-Content-Type-Options",
        /// Whether other pages may frame ours.
        FrameOptions = "X-Frame-Options",
        /// A filter of former browsers.
        XssProtection = "X-XSS-Protection",
    }
}

impl WebSettings {
    /// The files that it names: what it comes to changes with them.
    pub fn files(&self) -> impl Iterator<Item = &Name> {
        let tls = self.tls.iter();
        let pems = tls.flat_map(|tls| [Some(&tls.certificate), Some(&tls.key), tls.client_authorities.as_ref()]);
        pems.flatten().filter_map(|pem| match pem {
            Pem::File(file) => Some(file),
            Pem::Text(_) => None,
        })
    }
}

// Neither keys nor hashes nor tokens are shown.

impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => f.debug_tuple("File").field(file).finish(),
            Self::Text(_) => f.write_str("Text"),
        }
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordHash").field("cost", &self.cost).finish_non_exhaustive()
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").field("verb", &self.verb).field("path", &self.path).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_shown() {
        let hash = PasswordHash { text: "canary".into(), cost: 10 };
        let access = Access { token: "canary".into(), verb: "get", path: "/".into() };
        let shown = format!("{:?} {hash:?} {access:?}", Pem::Text("canary".into()));
        assert!(!shown.contains("canary"), "{shown}");
    }
}
