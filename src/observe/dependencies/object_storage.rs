//! Object storage: whether an endpoint of S3 answers. Without credentials a live one says 403, which is an answer; what says
//! 5xx is not there for anybody.

use std::time::Duration;

use super::ProbeError;
use crate::model::names::Name;
use crate::net::web::{Web, WebError};

/// Asks an endpoint.
pub async fn ask(web: &Web, url: &str, ca_file: Option<&Name>, patience: Duration) -> Result<(), ProbeError> {
    let response = web.get(url, ca_file, patience, |request| request).await?;
    // The body is not read: the status is the answer.
    match response.status() {
        status if status.is_server_error() => Err(ProbeError::protocol(format!("HTTP {}", status.as_u16()))),
        _ => Ok(()),
    }
}

impl From<WebError> for ProbeError {
    fn from(error: WebError) -> Self {
        Self::new(error.failure(), error.to_string())
    }
}
