//! Reporting: how an observer speaks of its own source, to the board and to the log.
//!
//! Every error is counted by the board; the log gets the first of a run of them and is not flooded by the rest.

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::mpsc::Sender;
use tokio::time::Instant;

use super::fetch::FetchError;
use crate::index::change::Change;
use crate::model::names::Name;
use crate::model::source::{Contact, ErrorKind, SourceCondition, SourceId, SourceKind};

/// For how long a source that was permitted must be refused before that counts: an API server that has just been started
/// refuses everyone until it has read its roles.
const REFUSAL_GRACE: Duration = Duration::from_secs(10);

/// How many errors of a source are logged as warnings until it next does well.
const MAX_WARNINGS: usize = 20;

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
    /// Since when it is refused, where it is.
    refused: Option<Instant>,
    warnings: usize,
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
        let reporter = Self { source, contact, changes, condition, ailing: false, refused: None, warnings: 0 };
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
        self.refused = None;
        self.warnings = 0;
        self.condition = SourceCondition::Synced;
        self.send(Change::SourceCondition(self.source.clone(), SourceCondition::Synced)).await
    }

    /// Whether permission is lacking, and has been for long enough to believe it.
    pub fn is_forbidden(&self) -> bool {
        self.condition == SourceCondition::Forbidden
    }

    /// A request of the source failed.
    pub async fn failed(&mut self, error: &FetchError, what: &str) -> Result<(), Closed> {
        if error.kind() == ErrorKind::Forbidden {
            let refused = *self.refused.get_or_insert_with(Instant::now);
            let was_permitted = self.condition == SourceCondition::Synced;
            if !self.is_forbidden() && (!was_permitted || refused.elapsed() >= REFUSAL_GRACE) {
                self.condition = SourceCondition::Forbidden;
                self.send(Change::SourceCondition(self.source.clone(), SourceCondition::Forbidden)).await?;
            }
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

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc::channel;

    use super::*;

    #[tokio::test]
    async fn one_that_was_permitted_is_refused_for_a_while_before_that_counts() {
        let (changes, mut heard) = channel(16);
        let refused = FetchError::Status { code: 403, explanation: String::new(), retry_after: None };
        let mut reporter = Reporter::add(SourceKind::Pods, None, Duration::from_secs(90), changes).await.unwrap();
        reporter.well().await.unwrap();
        reporter.failed(&refused, "list").await.unwrap();
        assert!(!reporter.is_forbidden());
        reporter.refused = Instant::now().checked_sub(REFUSAL_GRACE);
        reporter.failed(&refused, "list").await.unwrap();
        assert!(reporter.is_forbidden());
        let mut conditions = Vec::new();
        while let Ok(change) = heard.try_recv() {
            if let Change::SourceCondition(_, condition) = change {
                conditions.push(condition);
            }
        }
        assert_eq!(conditions, [SourceCondition::Synced, SourceCondition::Forbidden]);
    }

    #[tokio::test]
    async fn one_that_never_was_is_forbidden_at_once() {
        let (changes, _heard) = channel(16);
        let refused = FetchError::Status { code: 403, explanation: String::new(), retry_after: None };
        let mut reporter = Reporter::add(SourceKind::Pods, None, Duration::from_secs(90), changes).await.unwrap();
        reporter.failed(&refused, "list").await.unwrap();
        assert!(reporter.is_forbidden());
    }
}
