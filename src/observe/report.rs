//! Reporting: how an observer speaks of its own source, to the board and to the log.
//!
//! Every error is counted by the board; the log gets the first of a run of them and is not flooded by the rest. What is
//! remembered of what was told changes only once there is room to tell it, so that a task which is ended while it waits leaves
//! nothing untold that counts as told.

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::mpsc::Sender;

use super::fetch::FetchError;
use crate::index::change::Change;
use crate::model::names::Name;
use crate::model::source::{Contact, ErrorKind, SourceCondition, SourceId, SourceKind};

/// How many errors of a source are logged as warnings until it next does well.
const MAX_WARNINGS: usize = 20;

/// How many refusals in a row of a source that was synced are believed to be a lacking permission. An API server that starts
/// refuses everybody until it has read its access rules.
const BELIEVED_REFUSALS: u32 = 3;

/// Nobody takes changes any more: the generation ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("nobody takes changes any more")]
pub struct Closed;

/// Speaks for one source.
#[derive(Debug)]
pub struct Reporter {
    source: SourceId,
    contact: Arc<Contact>,
    changes: Sender<Change>,
    condition: SourceCondition,
    /// Whether an error came since it last did well.
    ailing: bool,
    warnings: usize,
    /// Refusals for lack of permission since it last did well.
    refusals: u32,
}

impl Reporter {
    /// Sets up a source.
    pub async fn add(
        kind: SourceKind,
        namespace: Option<Name>,
        stale_after: Duration,
        changes: Sender<Change>,
    ) -> Result<Self, Closed> {
        let source = SourceId { kind, namespace };
        let contact = Arc::new(Contact::default());
        let condition = SourceCondition::Starting;
        let reporter = Self { source, contact, changes, condition, ailing: false, warnings: 0, refusals: 0 };
        let (source, contact) = (reporter.source.clone(), Arc::clone(&reporter.contact));
        reporter.send(Change::SourceAdded { source, contact, stale_after }).await?;
        Ok(reporter)
    }

    /// When the source was last heard.
    pub const fn contact(&self) -> &Arc<Contact> {
        &self.contact
    }

    /// Sends a change.
    pub async fn send(&self, change: Change) -> Result<(), Closed> {
        self.changes.send(change).await.map_err(|_| Closed)
    }

    /// The source does well. Told only when it did not before.
    pub async fn well(&mut self) -> Result<(), Closed> {
        if self.condition == SourceCondition::Synced && !self.ailing {
            return Ok(());
        }
        let permit = self.changes.reserve().await.map_err(|_| Closed)?;
        if self.ailing {
            tracing::info!(source = %self.source.kind, namespace = self.namespace(), "source does well again");
        }
        self.ailing = false;
        self.warnings = 0;
        self.refusals = 0;
        self.condition = SourceCondition::Synced;
        permit.send(Change::SourceCondition(self.source.clone(), SourceCondition::Synced));
        Ok(())
    }

    /// A request of the source failed.
    pub async fn failed(&mut self, error: &FetchError, what: &str) -> Result<(), Closed> {
        let refused = error.kind() == ErrorKind::Forbidden;
        let refusals = if refused { self.refusals.saturating_add(1) } else { 0 };
        let believed = self.condition != SourceCondition::Synced || refusals >= BELIEVED_REFUSALS;
        if refused && believed && self.condition != SourceCondition::Forbidden {
            let permit = self.changes.reserve().await.map_err(|_| Closed)?;
            self.condition = SourceCondition::Forbidden;
            permit.send(Change::SourceCondition(self.source.clone(), SourceCondition::Forbidden));
        }
        self.ailed(error.kind(), &format!("{what}: {error}")).await?;
        self.refusals = refusals;
        Ok(())
    }

    /// The source itself does not do well.
    pub async fn ailed(&mut self, kind: ErrorKind, detail: &str) -> Result<(), Closed> {
        self.error(kind, detail).await?;
        self.ailing = true;
        Ok(())
    }

    /// Something went wrong that leaves the source well, such as one bad object.
    pub async fn error(&mut self, kind: ErrorKind, detail: &str) -> Result<(), Closed> {
        let permit = self.changes.reserve().await.map_err(|_| Closed)?;
        let source = self.source.kind;
        self.warnings = self.warnings.saturating_add(1);
        if self.warnings <= MAX_WARNINGS {
            tracing::warn!(%source, namespace = self.namespace(), %kind, "{detail}");
        } else {
            tracing::debug!(%source, namespace = self.namespace(), %kind, "{detail}");
        }
        permit.send(Change::SourceError { source: self.source.clone(), kind, detail: Arc::from(detail) });
        Ok(())
    }

    fn namespace(&self) -> Option<&str> {
        self.source.namespace.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use tokio::sync::mpsc::{Receiver, channel};

    use super::*;

    /// A reporter whose channel is full.
    async fn crowded() -> (Reporter, Receiver<Change>) {
        let (changes, heard) = channel(1);
        let reporter = Reporter::add(SourceKind::Signals, None, Duration::from_secs(1), changes).await.unwrap();
        (reporter, heard)
    }

    #[tokio::test]
    async fn what_could_not_be_told_is_told_the_next_time() {
        let (mut reporter, mut heard) = crowded().await;
        assert!(reporter.well().now_or_never().is_none(), "ended while it waited");
        assert!(matches!(heard.recv().await, Some(Change::SourceAdded { .. })));
        reporter.well().await.unwrap();
        assert!(matches!(heard.recv().await, Some(Change::SourceCondition(_, SourceCondition::Synced))));
        let refused = FetchError::Status { code: 403, explanation: String::new(), retry_after: None };
        for _ in 1..BELIEVED_REFUSALS {
            reporter.failed(&refused, "list").await.unwrap();
            assert!(matches!(heard.recv().await, Some(Change::SourceError { .. })));
        }
        reporter.error(ErrorKind::Value, "fills the channel").await.unwrap();
        assert!(reporter.failed(&refused, "list").now_or_never().is_none(), "ended while it waited");
        assert!(matches!(heard.recv().await, Some(Change::SourceError { .. })));
        let told = async {
            reporter.failed(&refused, "list").await.unwrap();
        };
        let hear = async { heard.recv().await };
        let (change, ()) = (futures::future::join(hear, told)).await;
        assert!(matches!(change, Some(Change::SourceCondition(_, SourceCondition::Forbidden))), "{change:?}");
    }

    #[tokio::test]
    async fn an_error_that_could_not_be_told_leaves_the_source_well() {
        let (mut reporter, mut heard) = crowded().await;
        heard.recv().await.unwrap();
        reporter.well().await.unwrap();
        assert!(reporter.ailed(ErrorKind::Timeout, "no answer").now_or_never().is_none(), "ended while it waited");
        heard.recv().await.unwrap();
        reporter.well().await.unwrap();
        assert!(heard.try_recv().is_err(), "nothing was told of an error, so nothing of its end");
    }
}
