//! Bearer tokens: shown to whoever can judge them, the API server, and what it says is remembered for a while. Where it does not
//! answer nobody comes in. Not for asking it: that is handed in.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::door::Undecided;
use super::remembered::Remembered;
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
/// How many answers are remembered.
const MOST: usize = 1024;

/// What stands before a path below `/api` where the API server is asked: its own roles permit `/api/*` to everybody who is known.
const OWN: &str = "/gim-upgrade-exporter";

/// Asks whether a token may, or why that cannot be said.
pub type Reviewer = Arc<dyn Fn(Access) -> BoxFuture<'static, Result<Permission, String>> + Send + Sync>;

/// What is known of tokens.
pub(super) struct Tokens {
    reviewer: Reviewer,
    known: Remembered<Permission>,
    turns: Semaphore,
}

impl Tokens {
    pub(super) fn new(reviewer: Reviewer, clock: Arc<dyn Clock>) -> Self {
        Self { reviewer, known: Remembered::new(MOST, clock), turns: Semaphore::new(AT_ONCE) }
    }

    /// Whether the token may do this with the path.
    pub(super) async fn review(&self, token: String, verb: &'static str, path: &str) -> Result<Permission, Undecided> {
        let path = if path.starts_with("/api") { format!("{OWN}{path}") } else { path.to_owned() };
        let tag = self.known.tag(&[token.as_bytes(), verb.as_bytes(), path.as_bytes()]);
        if let Some(permission) = self.known.get(tag) {
            return Ok(permission);
        }
        let access = Access { token, verb, path };
        let asked = timeout(LONGEST_WAIT, async {
            let _turn = self.turns.acquire().await.map_err(|error| error.to_string())?;
            match self.known.get(tag) {
                Some(permission) => Ok(permission),
                None => (self.reviewer)(access).await,
            }
        });
        let error = match asked.await {
            Ok(Ok(permission)) => {
                let holds = if permission == Permission::Allowed { ALLOWED_HOLDS } else { REFUSED_HOLDS };
                self.known.put(tag, permission, holds);
                return Ok(permission);
            }
            Ok(Err(error)) => error,
            Err(_elapsed) => "no answer in time".to_owned(),
        };
        tracing::warn!(%error, "the API server does not say whether a token may come in");
        Err(Undecided)
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens")
    }
}
