//! Bearer tokens: shown to whoever can judge them, the API server, and what it says is remembered for a while. Where it does not
//! answer nobody comes in. Not for asking it: that is handed in.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::door::Undecided;
use super::remembered::{Remembered, Tag};
use crate::model::time::Clock;
use crate::model::web::{Access, Permission};

/// How many are asked about at once: strangers must not keep the API server busy.
const AT_ONCE: usize = 4;
/// How long an answer may take, waiting for a turn included. Prometheus gives up a scrape after 10 s.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// How long a permission is remembered: as long as a token that is withdrawn may still come in.
const ALLOWED_HOLDS: Duration = Duration::from_mins(1);
/// How long a refusal is remembered: as long as somebody waits who was just permitted.
const REFUSED_HOLDS: Duration = Duration::from_secs(10);
/// How many permissions are remembered, and how many refusals.
const MOST: usize = 1024;

/// What stands before a path below `/api` where the API server is asked: its own roles permit `/api/*` to everybody who is known.
const OWN: &str = "/gim-upgrade-exporter";

/// Asks whether a token may, or why that cannot be said.
pub type Reviewer = Arc<dyn Fn(Access) -> BoxFuture<'static, Result<Permission, String>> + Send + Sync>;

/// What stands for a question among what is remembered.
#[derive(Clone, Copy)]
struct Tags {
    allowed: Option<Tag>,
    refused: Option<Tag>,
}

/// What is known of tokens.
pub(super) struct Tokens {
    reviewer: Reviewer,
    allowed: Remembered<()>,
    /// Apart from what is permitted, which strangers with many tokens must not crowd out.
    refused: Remembered<Permission>,
    turns: Semaphore,
    /// Whether the API server did not say, the last time: it is logged once.
    is_undecided: AtomicBool,
}

impl Tokens {
    pub(super) fn new(reviewer: Reviewer, clock: Arc<dyn Clock>) -> Self {
        let allowed = Remembered::new(MOST, Arc::clone(&clock));
        let refused = Remembered::new(MOST, clock);
        Self { reviewer, allowed, refused, turns: Semaphore::new(AT_ONCE), is_undecided: AtomicBool::new(false) }
    }

    fn known(&self, tags: Tags) -> Option<Permission> {
        let allowed = self.allowed.get(tags.allowed).map(|()| Permission::Allowed);
        allowed.or_else(|| self.refused.get(tags.refused))
    }

    /// Whether the token may do this with the path.
    pub(super) async fn review(&self, token: String, verb: &'static str, path: &str) -> Result<Permission, Undecided> {
        let path = if path.starts_with("/api") { format!("{OWN}{path}") } else { path.to_owned() };
        let parts = [token.as_bytes(), verb.as_bytes(), path.as_bytes()];
        let tags = Tags { allowed: self.allowed.tag(&parts), refused: self.refused.tag(&parts) };
        if let Some(permission) = self.known(tags) {
            return Ok(permission);
        }
        let access = Access { token, verb, path };
        let asked = timeout(LONGEST_WAIT, async {
            let _turn = self.turns.acquire().await.map_err(|error| error.to_string())?;
            match self.known(tags) {
                Some(permission) => Ok(permission),
                None => (self.reviewer)(access).await,
            }
        });
        let error = match asked.await {
            Ok(Ok(permission)) => {
                self.is_undecided.store(false, Ordering::Relaxed);
                if permission == Permission::Allowed {
                    self.allowed.put(tags.allowed, (), ALLOWED_HOLDS);
                } else {
                    self.refused.put(tags.refused, permission, REFUSED_HOLDS);
                }
                return Ok(permission);
            }
            Ok(Err(error)) => error,
            Err(_elapsed) => "no answer in time".to_owned(),
        };
        // Whoever has no permission must not fill the log.
        if self.is_undecided.swap(true, Ordering::Relaxed) {
            tracing::debug!(%error, "the API server still does not say whether a token may come in");
        } else {
            tracing::warn!(%error, "the API server does not say whether a token may come in");
        }
        Err(Undecided)
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens")
    }
}
