//! Scope: whether one watch covers the cluster or each namespace has its own, for each kind by itself, since permission to
//! read all pods is common and permission to read all Secrets is not.

use kube::api::ListParams;
use kube::core::Request;
use tokio::time::sleep;

use super::client::{ApiClient, collect};
use super::fetch::FetchError;
use super::interest::Interest;
use super::timing::Timing;
use crate::model::names::Name;
use crate::model::scope::KubernetesScope;
use crate::model::source::ErrorKind;

/// The largest answer that is read in asking. It has one object's metadata.
const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// The scopes of one kind: a single `None`, or each namespace. `path` is the kind's path for the whole cluster.
///
/// Asks until it is answered: what may be watched cannot be guessed.
pub async fn decide(
    mode: KubernetesScope,
    path: &str,
    interest: &Interest,
    api: &ApiClient,
    timing: &Timing,
) -> Vec<Option<Name>> {
    let wide = match mode {
        KubernetesScope::Cluster => true,
        KubernetesScope::Namespaces => false,
        // A single namespace is one watch either way, and far less to read.
        KubernetesScope::Auto => interest.namespaces().len() > 1 && may_list(path, api, timing).await,
    };
    if wide { vec![None] } else { interest.namespaces().cloned().map(Some).collect() }
}

async fn may_list(path: &str, api: &ApiClient, timing: &Timing) -> bool {
    let mut failures = 0;
    loop {
        match ask(path, api).await {
            Ok(()) => return true,
            Err(error) if error.kind() == ErrorKind::Forbidden => {
                tracing::info!(path, "no permission to watch the whole cluster: each namespace is watched by itself");
                return false;
            }
            Err(error) => {
                failures += 1;
                tracing::warn!(path, %error, "cannot ask what may be watched");
                sleep(timing.backoff(failures).max(error.retry_after().unwrap_or_default())).await;
            }
        }
    }
}

async fn ask(path: &str, api: &ApiClient) -> Result<(), FetchError> {
    let request = Request::new(path).list_metadata(&ListParams::default().limit(1))?;
    let body = api.send(request, None).await?;
    // Read to its end so that the connection can be used again; an answer too large is permission too.
    match collect(body, MAX_ANSWER_BYTES).await {
        Ok(_) | Err(FetchError::TooLarge(_)) => Ok(()),
        Err(error) => Err(error),
    }
}
