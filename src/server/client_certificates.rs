//! Certificates of clients: whether one must be there, must be good, and must have one of certain names. All of Go's five ways.
//!
//! That a client has the key of what it shows is verified in each of them. Not for reading the authorities.

use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme,
    server::VerifierBuilderError,
};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use crate::model::names::Name;
use crate::model::web::{ClientAuth, TlsSettings};

/// Who verifies; nobody where no certificate is asked for.
pub(super) fn verifier(
    settings: &TlsSettings,
    authorities: Option<RootCertStore>,
    provider: &Arc<CryptoProvider>,
) -> Result<Option<Arc<dyn ClientCertVerifier>>, VerifierBuilderError> {
    let (verified, required) = match settings.client_auth {
        ClientAuth::NoClientCert => return Ok(None),
        ClientAuth::RequestClientCert => (false, false),
        ClientAuth::RequireAnyClientCert => (false, true),
        ClientAuth::VerifyClientCertIfGiven => (true, false),
        ClientAuth::RequireAndVerifyClientCert => (true, true),
    };
    let authorities = Arc::new(authorities.unwrap_or_else(RootCertStore::empty));
    let by_authority = || WebPkiClientVerifier::builder_with_provider(authorities, Arc::clone(provider)).build();
    Ok(Some(Arc::new(Clients {
        required,
        by_authority: verified.then(by_authority).transpose()?,
        allowed: settings.client_allowed_sans.clone(),
        algorithms: provider.signature_verification_algorithms,
    })))
}

/// Takes the certificates that it is told to take.
#[derive(Debug)]
struct Clients {
    /// Whether there must be one.
    required: bool,
    /// Who says whether one is good; `None`: any is.
    by_authority: Option<Arc<dyn ClientCertVerifier>>,
    /// One must have one of these names; where there are none, any may come.
    allowed: Vec<Name>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ClientCertVerifier for Clients {
    fn client_auth_mandatory(&self) -> bool {
        self.required
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.by_authority.as_ref().map_or(&[], |authority| authority.root_hint_subjects())
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if let Some(authority) = &self.by_authority {
            authority.verify_client_cert(end_entity, intermediates, now)?;
        }
        if !self.allowed.is_empty() {
            let names = alternative_names(end_entity).ok_or(CertificateError::BadEncoding)?;
            if !names.iter().any(|name| self.allowed.iter().any(|allowed| **allowed == **name)) {
                return Err(CertificateError::ApplicationVerificationFailure.into());
            }
        }
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// The alternative names of a certificate, as Go spells them; `None` where it is none.
fn alternative_names(certificate: &[u8]) -> Option<Vec<String>> {
    let certificate = Certificate::from_der(certificate).ok()?;
    let Some((_, SubjectAltName(names))) = certificate.tbs_certificate().get_extension().ok()? else {
        return Some(Vec::new());
    };
    let spelled = |name: GeneralName| match name {
        GeneralName::DnsName(name) | GeneralName::Rfc822Name(name) | GeneralName::UniformResourceIdentifier(name) => {
            Some(name.as_str().to_owned())
        }
        GeneralName::IpAddress(bytes) => address(bytes.as_bytes()),
        _ => None,
    };
    Some(names.into_iter().filter_map(spelled).collect())
}

fn address(bytes: &[u8]) -> Option<String> {
    let v4 = <[u8; 4]>::try_from(bytes).map(|bytes| std::net::IpAddr::from(bytes).to_string());
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(|bytes| std::net::IpAddr::from(bytes).to_string())).ok()
}
