//! Trust: whose certificates are believed by the connections that do not go to the API server.
//!
//! The system's authorities, and those of a file where one is configured: it is read again when it changes, so that it may be
//! rotated. Not for the API server's own: kube reads that.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;
use tokio::sync::Mutex;

use crate::model::names::Name;

/// The largest file of certificates that is read: all authorities of a system take a quarter of it.
const MAX_CA_BYTES: u64 = 1024 * 1024;

/// Why no connection may be trusted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TrustError {
    /// The file of certificates cannot be read.
    #[error("ca_file {file}: {cause}")]
    Unreadable {
        /// The file.
        file: Name,
        /// What the system says.
        cause: String,
    },
    /// The file has no certificate, or one that is broken.
    #[error("ca_file {0}: no certificates in PEM")]
    NoCertificate(Name),
    /// The TLS library refuses.
    #[error("TLS: {0}")]
    Refused(String),
}

/// What was made of a file, and when the file was last changed.
type Made = (Option<SystemTime>, Arc<ClientConfig>);

/// Makes TLS configurations, one for each file of certificates. Bounded by the configuration, which names the files.
#[derive(Debug, Default)]
pub struct Trust {
    system: OnceLock<RootCertStore>,
    made: Mutex<HashMap<Option<Name>, Made>>,
}

impl Trust {
    /// The TLS configuration that trusts the system's authorities and those of `ca_file`. The same `Arc` until the file
    /// changes.
    pub async fn config(&self, ca_file: Option<&Name>) -> Result<Arc<ClientConfig>, TrustError> {
        let changed = match ca_file {
            Some(file) => Some(changed(file).await?),
            None => None,
        };
        let key = ca_file.cloned();
        let mut made = self.made.lock().await;
        if let Some((known, config)) = made.get(&key)
            && *known == changed
        {
            return Ok(Arc::clone(config));
        }
        let mut roots = self.system.get_or_init(system).clone();
        if let Some(file) = ca_file {
            let certificates = certificates(file).await?;
            if roots.add_parsable_certificates(certificates).0 == 0 {
                return Err(TrustError::NoCertificate(Name::clone(file)));
            }
        }
        let refused = |error: rustls::Error| TrustError::Refused(error.to_string());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = builder.map_err(refused)?.with_root_certificates(roots).with_no_client_auth();
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

async fn changed(file: &Name) -> Result<SystemTime, TrustError> {
    let metadata = tokio::fs::metadata(&**file).await.map_err(|error| unreadable(file, &error))?;
    if metadata.len() > MAX_CA_BYTES {
        return Err(unreadable(file, &"larger than 1 MiB"));
    }
    metadata.modified().map_err(|error| unreadable(file, &error))
}

async fn certificates(file: &Name) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    let bytes = tokio::fs::read(&**file).await.map_err(|error| unreadable(file, &error))?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    certificates.map_err(|_| TrustError::NoCertificate(Name::clone(file)))
}

fn unreadable(file: &Name, cause: &dyn ToString) -> TrustError {
    TrustError::Unreadable { file: Name::clone(file), cause: cause.to_string() }
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
        assert_eq!(trust.config(Some(&name)).await.unwrap_err(), TrustError::NoCertificate(name));
        std::fs::remove_file(file).unwrap();
    }
}
