//! Reporting: how an observer speaks of its own source, to the board and to the log.
//!
//! Every error is counted by the board; the log gets the first of a run of them and is not flooded by the rest.

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
        if self.ailing {
            tracing::info!(source = %self.source.kind, namespace = self.namespace(), "source does well again");
        }
        self.ailing = false;
        self.warnings = 0;
        self.refusals = 0;
        self.condition = SourceCondition::Synced;
        self.send(Change::SourceCondition(self.source.clone(), SourceCondition::Synced)).await
    }

    /// A request of the source failed.
    pub async fn failed(&mut self, error: &FetchError, what: &str) -> Result<(), Closed> {
        let refused = error.kind() == ErrorKind::Forbidden;
        self.refusals = if refused { self.refusals.saturating_add(1) } else { 0 };
        let believed = self.condition != SourceCondition::Synced || self.refusals >= BELIEVED_REFUSALS;
        if refused && believed && self.condition != SourceCondition::Forbidden {
            self.condition = SourceCondition::Forbidden;
            self.send(Change::SourceCondition(self.source.clone(), SourceCondition::Forbidden)).await?;
        }
        self.ailed(error.kind(), &format!("{what}: {error}")).await
    }

    /// The source itself does not do well.
    pub async fn ailed(&mut self, kind: ErrorKind, detail: &str) -> Result<(), Closed> {
        self.ailing = true;
        self.error(kind, detail).await
    }

    /// Something went wrong that leaves the source well, such as one bad object.
    pub async fn error(&mut self, kind: ErrorKind, detail: &str) -> Result<(), Closed> {
        let source = self.source.kind;
        self.warnings = self.warnings.saturating_add(1);
        if self.warnings <= MAX_WARNINGS {
            tracing::warn!(%source, namespace = self.namespace(), %kind, "{detail}");
        } else {
            tracing::debug!(%source, namespace = self.namespace(), %kind, "{detail}");
        }
        let (source, detail) = (self.source.clone(), Arc::from(detail));
        self.send(Change::SourceError { source, kind, detail }).await
    }

    fn namespace(&self) -> Option<&str> {
        self.source.namespace.as_deref()
    }
}
