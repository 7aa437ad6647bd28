//! Joint: one source whose word comes from many places, such as the probes of all suites. It does well when none of them fails.

use std::collections::HashSet;
use std::hash::Hash;

use super::report::{Closed, Reporter};
use crate::model::source::ErrorKind;
use crate::model::time::Timestamp;

/// One source of many places, told apart by `K`.
#[derive(Debug)]
pub struct Joint<K> {
    reporter: Reporter,
    failing: HashSet<K>,
    begun: bool,
}

impl<K: Clone + Eq + Hash> Joint<K> {
    /// A source that nothing was heard of yet.
    #[must_use]
    pub fn new(reporter: Reporter) -> Self {
        Self { reporter, failing: HashSet::new(), begun: false }
    }

    /// Who speaks for the source.
    pub const fn reporter(&mut self) -> &mut Reporter {
        &mut self.reporter
    }

    /// A place was heard.
    pub async fn well(&mut self, place: &K, at: Timestamp) -> Result<(), Closed> {
        self.reporter.contact().heard(at);
        self.failing.remove(place);
        if !self.begun || self.failing.is_empty() {
            self.reporter.well().await?;
            self.begun = true;
        }
        Ok(())
    }

    /// A place is asked no more: that it failed last counts no more.
    pub fn forget(&mut self, place: &K) {
        self.failing.remove(place);
    }

    /// Nothing is asked of any place: what is not asked cannot be silent, nor fail.
    pub async fn idle(&mut self, at: Timestamp) -> Result<(), Closed> {
        self.reporter.contact().heard(at);
        if self.begun { self.reporter.well().await } else { Ok(()) }
    }

    /// A place was not heard, or said that something is wrong.
    pub async fn ailed(&mut self, place: &K, kind: ErrorKind, detail: &str) -> Result<(), Closed> {
        self.failing.insert(place.clone());
        self.reporter.ailed(kind, detail).await
    }

    /// A place answered that something is wrong with it: the source is heard, and the place counts as failing.
    pub async fn bad_news(&mut self, place: &K, at: Timestamp, kind: ErrorKind, detail: &str) -> Result<(), Closed> {
        self.reporter.contact().heard(at);
        if !self.begun {
            self.reporter.well().await?;
            self.begun = true;
        }
        self.ailed(place, kind, detail).await
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::mpsc::channel;

    use super::*;
    use crate::index::change::Change;
    use crate::model::source::{SourceCondition, SourceKind};

    #[tokio::test]
    async fn a_source_does_well_when_no_place_fails_that_is_still_asked() {
        let (changes, mut heard) = channel(16);
        let reporter = Reporter::add(SourceKind::Signals, None, Duration::from_secs(1), changes).await.unwrap();
        let mut joint = Joint::new(reporter);
        let now = Timestamp::UNIX_EPOCH;
        let mut told = || {
            let told = std::iter::from_fn(|| heard.try_recv().ok());
            let word = |change| match change {
                Change::SourceCondition(_, SourceCondition::Synced) => "well",
                Change::SourceError { .. } => "error",
                _ => "added",
            };
            told.map(word).collect::<Vec<_>>()
        };
        joint.well(&"a", now).await.unwrap();
        joint.ailed(&"b", ErrorKind::Timeout, "no answer").await.unwrap();
        joint.well(&"a", now).await.unwrap();
        assert_eq!(told(), ["added", "well", "error"], "b fails");
        joint.forget(&"b");
        joint.well(&"a", now).await.unwrap();
        assert_eq!(told(), ["well"], "b is asked no more");
        joint.ailed(&"a", ErrorKind::Timeout, "no answer").await.unwrap();
        joint.forget(&"a");
        joint.idle(now).await.unwrap();
        assert_eq!(told(), ["error", "well"], "nothing is asked");
    }
}
