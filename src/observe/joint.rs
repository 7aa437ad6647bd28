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
        if self.failing.is_empty() || !std::mem::replace(&mut self.begun, true) {
            self.reporter.well().await?;
        }
        Ok(())
    }

    /// A place was not heard, or said that something is wrong.
    pub async fn ailed(&mut self, place: &K, kind: ErrorKind, detail: &str) -> Result<(), Closed> {
        self.failing.insert(place.clone());
        self.reporter.ailed(kind, detail).await
    }

    /// A place answered that something is wrong with it: the source is heard, and the place counts as failing.
    pub async fn bad_news(&mut self, place: &K, at: Timestamp, kind: ErrorKind, detail: &str) -> Result<(), Closed> {
        self.reporter.contact().heard(at);
        if !std::mem::replace(&mut self.begun, true) {
            self.reporter.well().await?;
        }
        self.ailed(place, kind, detail).await
    }
}
