//! Outgoing connections to anything but the API server: whom to trust, secrets from files, HTTP, TLS, and pauses after failures.
//!
//! `observe` asks with it and `notify` posts with it. Not for what is asked or posted, and not for the API server's client: that
//! is `observe::client`.

pub mod backoff;
pub mod dial;
pub mod failure;
pub mod secret;
pub mod trust;
pub mod web;

/// Makes ring the TLS provider of the process where none is yet: neither kube nor reqwest can work without one.
pub fn install_tls() {
    // An error only says that there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
