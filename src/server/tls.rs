//! TLS as the web configuration says, made with rustls. Reads the files that it names; what is wrong with one is told with its
//! name. Not for when they are read again.

use std::io::Read as _;
use std::sync::Arc;

use rustls::crypto::ring::{cipher_suite, default_provider, kx_group};
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::NoServerSessionStorage;
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig, SupportedCipherSuite, SupportedProtocolVersion};
use thiserror::Error;

use super::client_certificates;
use crate::model::web::{CipherSuite, Curve, Pem, TlsSettings, TlsVersion};

/// The largest file that is read: authorities of a whole system take a quarter of it.
const MAX_PEM_BYTES: u64 = 1024 * 1024;

/// Why TLS cannot be spoken so. Holds nothing of a key.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{field} {file}: {cause}")]
    Unreadable {
        /// The field that names it.
        field: &'static str,
        /// The file.
        file: String,
        /// What the system says.
        cause: String,
    },
    /// What is there is not what is needed.
    #[error("{place}: no {what} in PEM")]
    Missing {
        /// The field, and the file where there is one.
        place: String,
        /// What is needed.
        what: &'static str,
    },
    /// The TLS library refuses.
    #[error("{place}: {cause}")]
    Refused {
        /// The field, and the file where there is one.
        place: String,
        /// Its reason.
        cause: String,
    },
}

/// What rustls is to do.
pub(super) fn server_config(settings: &TlsSettings) -> Result<ServerConfig, TlsError> {
    let certificates = certificates(&settings.certificate, "tls_server_config.cert_file")?;
    let key_place = place(&settings.key, "tls_server_config.key_file");
    let key = PrivateKeyDer::from_pem_slice(&read(&settings.key, "tls_server_config.key_file")?)
        .map_err(|_| TlsError::Missing { place: key_place.clone(), what: "private key" })?;
    let authorities = settings.client_authorities.as_ref().map(authorities).transpose()?;
    let provider = Arc::new(provider(settings));
    let refused = |place: &str| {
        let place = place.to_owned();
        move |error: rustls::Error| TlsError::Refused { place, cause: error.to_string() }
    };
    let verifier = client_certificates::verifier(settings, authorities, &provider).map_err(|cause| {
        TlsError::Refused { place: "tls_server_config.client_ca_file".to_owned(), cause: cause.to_string() }
    })?;
    let builder = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&versions(settings))
        .map_err(refused("tls_server_config"))?;
    let asks_clients = verifier.is_some();
    let builder = match verifier {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    // Says too when the key is not that of the certificate.
    let mut config = builder.with_single_cert(certificates, key).map_err(refused(&key_place))?;
    if asks_clients {
        // A session that goes on would spare a certificate that has expired since from being looked at.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    }
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.ignore_client_order = settings.prefer_server_cipher_suites;
    Ok(config)
}

fn provider(settings: &TlsSettings) -> CryptoProvider {
    let mut provider = default_provider();
    if !settings.cipher_suites.is_empty() {
        // As in Go, the list says nothing of TLS 1.3.
        let newest = provider.cipher_suites.iter().filter(|suite| suite.tls13().is_some()).copied();
        let older =
            settings.cipher_suites.iter().map(|&suite| known_suite(suite)).filter(|suite| suite.tls13().is_none());
        provider.cipher_suites = newest.chain(older).collect();
    }
    if !settings.curves.is_empty() {
        provider.kx_groups = settings.curves.iter().map(|&curve| known_group(curve)).collect();
    }
    provider
}

fn known_suite(suite: CipherSuite) -> SupportedCipherSuite {
    match suite {
        CipherSuite::Aes128 => cipher_suite::TLS13_AES_128_GCM_SHA256,
        CipherSuite::Aes256 => cipher_suite::TLS13_AES_256_GCM_SHA384,
        CipherSuite::ChaCha20 => cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
        CipherSuite::EcdheEcdsaAes128 => cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        CipherSuite::EcdheEcdsaAes256 => cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        CipherSuite::EcdheEcdsaChaCha20 => cipher_suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        CipherSuite::EcdheRsaAes128 => cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        CipherSuite::EcdheRsaAes256 => cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        CipherSuite::EcdheRsaChaCha20 => cipher_suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    }
}

fn known_group(curve: Curve) -> &'static dyn SupportedKxGroup {
    match curve {
        Curve::X25519 => kx_group::X25519,
        Curve::P256 => kx_group::SECP256R1,
        Curve::P384 => kx_group::SECP384R1,
    }
}

fn versions(settings: &TlsSettings) -> Vec<&'static SupportedProtocolVersion> {
    let spoken = settings.min_version..=settings.max_version;
    let all = [(TlsVersion::Tls13, &TLS13), (TlsVersion::Tls12, &TLS12)];
    all.into_iter().filter(|(version, _)| spoken.contains(version)).map(|(_, version)| version).collect()
}

fn certificates(pem: &Pem, field: &'static str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let bytes = read(pem, field)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    certificates
        .ok()
        .filter(|certificates| !certificates.is_empty())
        .ok_or_else(|| TlsError::Missing { place: place(pem, field), what: "certificate" })
}

fn authorities(pem: &Pem) -> Result<RootCertStore, TlsError> {
    const FIELD: &str = "tls_server_config.client_ca_file";
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem, FIELD)? {
        let refused = |error: rustls::Error| TlsError::Refused { place: place(pem, FIELD), cause: error.to_string() };
        roots.add(certificate).map_err(refused)?;
    }
    Ok(roots)
}

fn read(pem: &Pem, field: &'static str) -> Result<Vec<u8>, TlsError> {
    let file = match pem {
        Pem::Text(text) => return Ok(text.as_bytes().to_vec()),
        Pem::File(file) => file,
    };
    let unreadable = |cause: String| TlsError::Unreadable { field, file: file.to_string(), cause };
    let mut bytes = Vec::new();
    std::fs::File::open(&**file)
        .and_then(|opened| opened.take(MAX_PEM_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| unreadable(error.to_string()))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_PEM_BYTES {
        return Err(unreadable("larger than 1 MiB".to_owned()));
    }
    Ok(bytes)
}

fn place(pem: &Pem, field: &'static str) -> String {
    match pem {
        Pem::File(file) => format!("{field} {file}"),
        Pem::Text(_) => field.trim_end_matches("_file").to_owned(),
    }
}
