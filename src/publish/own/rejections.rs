//! Rejections: clients that the server did not let in, counted by reason. Not for letting them in: that is `server`'s door.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::named;

named! {
    /// Why a client was not let in.
    pub enum Rejection {
        /// TLS could not be spoken with it, or its certificate is not good.
        Tls = "tls",
        /// No user, password or token that is known.
        Unauthenticated = "unauthenticated",
        /// Known, and not permitted.
        Forbidden = "forbidden",
        /// It could not be found out who it is.
        Undecided = "undecided",
        /// It asked more often than it may.
        Rate = "rate_limit",
        /// All places for connections were taken.
        ConnectionLimit = "connection_limit",
    }
}

/// How often each happened. Shared: the server counts, the page reads.
#[derive(Debug, Default)]
pub struct Rejections([AtomicU64; Rejection::ALL.len()]);

impl Rejections {
    /// Counts one.
    pub fn count(&self, why: Rejection) {
        if let Some(count) = self.0.get(why as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How often it happened.
    #[must_use]
    pub fn so_far(&self, why: Rejection) -> u64 {
        self.0.get(why as usize).map_or(0, |count| count.load(Ordering::Relaxed))
    }
}
