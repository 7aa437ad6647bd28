//! Trust: whose certificates are believed by the connections that do not go to the API server.
//!
//! The system's authorities, and those of a file where one is configured; and what certificate is shown to who asks for one. Files
//! are read again when they change, so that they may be rotated. Not for the API server's own: kube reads that.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;
use tokio::sync::Mutex;

use crate::model::names::Name;
use crate::named;

/// The largest file that is read: all authorities of a system take a quarter of it.
const MAX_PEM_BYTES: u64 = 1024 * 1024;

named! {
    /// What a file is for.
    pub enum TlsFile {
        /// Authorities that are trusted.
        Authorities = "ca_file",
        /// The certificate that is shown.
        Certificate = "cert_file",
        /// Its key.
        Key = "key_file",
    }
}

/// What is shown to who asks for a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The file with the certificate in PEM, those between it and its authority after it.
    pub cert_file: Name,
    /// The file with its key in PEM.
    pub key_file: Name,
}

/// Why no connection may be trusted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TrustError {
    /// A file cannot be read.
    #[error("{what} {file}: {cause}")]
    Unreadable {
        /// What it is for.
        what: TlsFile,
        /// The file.
        file: Name,
        /// What the system says.
        cause: String,
    },
    /// The file has no certificate, or one that is broken.
    #[error("{0} {1}: no certificates in PEM")]
    NoCertificate(TlsFile, Name),
    /// The file has no key, or one that is broken. Holds nothing of it.
    #[error("key_file {0}: no private key in PEM")]
    NoKey(Name),
    /// The TLS library refuses the certificate with its key.
    #[error("key_file {file}: {cause}")]
    Unfit {
        /// The file of the key.
        file: Name,
        /// The library's reason.
        cause: String,
    },
    /// The TLS library refuses.
    #[error("TLS: {0}")]
    Refused(String),
}

impl TrustError {
    /// Which file is wrong, if it is one.
    #[must_use]
    pub const fn file(&self) -> Option<TlsFile> {
        match self {
            Self::Unreadable { what, .. } | Self::NoCertificate(what, _) => Some(*what),
            Self::NoKey(_) | Self::Unfit { .. } => Some(TlsFile::Key),
            Self::Refused(_) => None,
        }
    }
}

/// What was made of files, and when each was last changed.
type Made = (Vec<SystemTime>, Arc<ClientConfig>);

/// Makes TLS configurations, one for each file of certificates. Bounded by the configuration, which names the files.
#[derive(Debug, Default)]
pub struct Trust {
    system: OnceLock<RootCertStore>,
    identity: Option<Identity>,
    made: Mutex<HashMap<Option<Name>, Made>>,
}

impl Trust {
    /// One that shows this, if anything.
    #[must_use]
    pub fn showing(identity: Option<Identity>) -> Self {
        Self { identity, ..Self::default() }
    }

    /// The TLS configuration that trusts the system's authorities and those of `ca_file`. The same `Arc` until a file
    /// changes.
    pub async fn config(&self, ca_file: Option<&Name>) -> Result<Arc<ClientConfig>, TrustError> {
        let authorities = ca_file.map(|file| (TlsFile::Authorities, file));
        let shown = self
            .identity
            .iter()
            .flat_map(|identity| [(TlsFile::Certificate, &identity.cert_file), (TlsFile::Key, &identity.key_file)]);
        let mut changed = Vec::new();
        for (what, file) in authorities.into_iter().chain(shown) {
            changed.push(last_changed(what, file).await?);
        }
        let key = ca_file.cloned();
        let mut made = self.made.lock().await;
        if let Some((known, config)) = made.get(&key)
            && *known == changed
        {
            return Ok(Arc::clone(config));
        }
        let mut roots = self.system.get_or_init(system).clone();
        if let Some(file) = ca_file {
            let certificates = certificates(TlsFile::Authorities, file).await?;
            if roots.add_parsable_certificates(certificates).0 == 0 {
                return Err(TrustError::NoCertificate(TlsFile::Authorities, Name::clone(file)));
            }
        }
        let refused = |error: rustls::Error| TrustError::Refused(error.to_string());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = builder.map_err(refused)?.with_root_certificates(roots);
        let config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some(Identity { cert_file, key_file }) => {
                let certificates = certificates(TlsFile::Certificate, cert_file).await?;
                let unfit =
                    |error: rustls::Error| TrustError::Unfit { file: Name::clone(key_file), cause: error.to_string() };
                // Says too when the key is not that of the certificate.
                builder.with_client_auth_cert(certificates, private_key(key_file).await?).map_err(unfit)?
            }
        };
        let config = Arc::new(config);
        made.insert(key, (changed, Arc::clone(&config)));
        Ok(config)
    }
}

/// The system's authorities. Where it has none, as in a bare image, only those of files are left.
fn system() -> RootCertStore {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::debug!(%error, "a certificate of the system cannot be read");
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    roots
}

async fn last_changed(what: TlsFile, file: &Name) -> Result<SystemTime, TrustError> {
    let metadata = tokio::fs::metadata(&**file).await.map_err(|error| unreadable(what, file, &error))?;
    if metadata.len() > MAX_PEM_BYTES {
        return Err(unreadable(what, file, &"larger than 1 MiB"));
    }
    metadata.modified().map_err(|error| unreadable(what, file, &error))
}

async fn certificates(what: TlsFile, file: &Name) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    let bytes = read(what, file).await?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    certificates
        .ok()
        .filter(|certificates| !certificates.is_empty())
        .ok_or_else(|| TrustError::NoCertificate(what, Name::clone(file)))
}

async fn private_key(file: &Name) -> Result<PrivateKeyDer<'static>, TrustError> {
    let bytes = read(TlsFile::Key, file).await?;
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|_| TrustError::NoKey(Name::clone(file)))
}

async fn read(what: TlsFile, file: &Name) -> Result<Vec<u8>, TrustError> {
    tokio::fs::read(&**file).await.map_err(|error| unreadable(what, file, &error))
}

fn unreadable(what: TlsFile, file: &Name, cause: &dyn ToString) -> TrustError {
    TrustError::Unreadable { what, file: Name::clone(file), cause: cause.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_without_certificates_is_refused_and_one_that_is_not_there_is_told() {
        let trust = Trust::default();
        let same = (trust.config(None).await.unwrap(), trust.config(None).await.unwrap());
        assert!(Arc::ptr_eq(&same.0, &same.1), "made once");
        let missing = trust.config(Some(&"/nowhere/ca.pem".into())).await.unwrap_err();
        assert!(missing.to_string().starts_with("ca_file /nowhere/ca.pem: "), "{missing}");
        let file = std::env::temp_dir().join(format!("gim-upgrade-no-certificate-{}", std::process::id()));
        std::fs::write(&file, "no certificate").unwrap();
        let name = Name::from(file.to_str().unwrap());
        assert_eq!(
            trust.config(Some(&name)).await.unwrap_err(),
            TrustError::NoCertificate(TlsFile::Authorities, Name::clone(&name))
        );
        let identity = Identity { cert_file: Name::clone(&name), key_file: "/nowhere/key.pem".into() };
        let without = Trust::showing(Some(identity)).config(None).await.unwrap_err();
        assert!(without.to_string().starts_with("key_file /nowhere/key.pem: "), "{without}");
        let identity = Identity { cert_file: Name::clone(&name), key_file: Name::clone(&name) };
        let rubbish = Trust::showing(Some(identity)).config(None).await.unwrap_err();
        assert_eq!(rubbish, TrustError::NoCertificate(TlsFile::Certificate, name));
        std::fs::remove_file(file).unwrap();
    }
}
