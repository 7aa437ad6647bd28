//! The metrics page: cut in pieces, the pieces kept compressed, and made anew only where what they show has changed.
//!
//! What is asked for is made, and nothing else: a form nobody scrapes costs nothing. Uncompressed pages are inflated as
//! they are read and never held. Not for what families show (`families`) or when they differ (`parts`).

mod kept;
mod piece;
mod plain;

use std::sync::Arc;

use bytes::Bytes;
use thiserror::Error;
use tokio::sync::{Mutex, watch};

use self::kept::Kept;
pub use self::plain::Plain;
use super::Format;
use super::own::OwnMetrics;
use crate::assess::snapshot::Snapshot;
use crate::model::time::{Clock, between};

/// Suites that share a piece of a family: small enough that one change costs little, large enough to compress well.
const SUITES_PER_PIECE: usize = 128;

/// Renders the page of the newest snapshot, for as many scrapers as come.
#[derive(Debug)]
pub struct Page {
    snapshots: watch::Receiver<Arc<Snapshot>>,
    own: Arc<OwnMetrics>,
    clock: Clockwork,
    kept: Arc<Mutex<Kept>>,
}

/// A clock, for measuring how long a page takes.
#[derive(Clone)]
struct Clockwork(Arc<dyn Clock>);

impl std::fmt::Debug for Clockwork {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clockwork")
    }
}

/// Why a compressed page could not be made.
#[derive(Debug, Error)]
pub enum PageError {
    /// The compressor is broken.
    #[error("cannot compress the page")]
    Compress(#[from] flate2::CompressError),
    /// The task that made the page ended before its time.
    #[error("the task that made the page ended")]
    Task(#[from] tokio::task::JoinError),
}

impl Page {
    /// A page over the snapshots that come through `snapshots`. `clock` measures how long making it takes.
    #[must_use]
    pub fn new(snapshots: watch::Receiver<Arc<Snapshot>>, own: Arc<OwnMetrics>, clock: Arc<dyn Clock>) -> Self {
        Self { snapshots, own, clock: Clockwork(clock), kept: Arc::default() }
    }

    /// What the exporter counts of itself.
    pub(super) fn own(&self) -> &OwnMetrics {
        &self.own
    }

    /// The page as gzip: its pieces in order. Two scrapes at once do not do the work twice: the second waits and finds
    /// it done.
    pub async fn gzip(&self, format: Format) -> Result<Vec<Bytes>, PageError> {
        let began = self.clock.0.now();
        let mut kept = Arc::clone(&self.kept).lock_owned().await;
        let snapshot = Arc::clone(&self.snapshots.borrow());
        let own = Arc::clone(&self.own);
        let pieces = if snapshot.suites.len() <= SUITES_PER_PIECE || kept.is_of(&snapshot, format) {
            kept.gzip(&snapshot, &own, format)?
        } else {
            // Long enough, at the first scrape above all, to keep the observers from their work.
            tokio::task::spawn_blocking(move || kept.gzip(&snapshot, &own, format)).await??
        };
        self.own.scrape(between(began, self.clock.0.now()));
        Ok(pieces)
    }

    /// The page as it is, inflated while it is read.
    pub async fn plain(&self, format: Format) -> Result<Plain, PageError> {
        self.gzip(format).await.map(Plain::new)
    }
}

#[cfg(test)]
mod tests;
