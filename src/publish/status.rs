//! The status: everything that is known and thought, as JSON for programs and with sentences for people.
//!
//! The types in this module are its shape: field names and order are theirs, enumerations use the spellings of the
//! metrics' labels, instants are RFC 3339, spans are seconds, what is not there is `null`. It is written suite by suite,
//! so that a thousand of them make no peak. Not for metrics: see `page`.

mod judgement;
mod overview;

use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;

pub use self::judgement::{
    AdviceStatus, CheckStatus, ComponentStatus, EvidenceStatus, GateReasonStatus, GateStatus, OperationStatus,
    ReasonStatus, ReleaseStatus, RollbackTargetStatus, SuiteStatus, TrendStatus,
};
pub use self::overview::{Overview, PolicyStatus, SourceStatus};
use crate::assess::snapshot::Snapshot;

/// The status of a snapshot as JSON, in pieces: `{…overview, "suites":[…]}`, an [`Overview`] and a [`SuiteStatus`] for
/// each suite.
#[derive(Debug)]
pub struct Status {
    snapshot: Arc<Snapshot>,
    only: Option<String>,
    stage: Writing,
}

/// How far the writing has come.
#[derive(Debug)]
enum Writing {
    Overview,
    Suite { next: usize, is_first: bool },
    Done,
}

impl Status {
    /// The status of all suites, or of the one named `only`; `None` where there is no suite of that name.
    #[must_use]
    pub fn of(snapshot: Arc<Snapshot>, only: Option<String>) -> Option<Self> {
        let is_there = only.as_ref().is_none_or(|only| snapshot.suites.iter().any(|suite| *suite.suite.name == **only));
        is_there.then_some(Self { snapshot, only, stage: Writing::Overview })
    }

    fn overview(&mut self) -> Vec<u8> {
        let mut json = to_json(&Overview::of(&self.snapshot));
        // Left open for the suites.
        json.pop();
        json.extend_from_slice(b",\"suites\":[");
        self.stage = Writing::Suite { next: 0, is_first: true };
        json
    }

    fn suite(&mut self, next: usize, is_first: bool) -> Vec<u8> {
        let Some(suite) = self.snapshot.suites.get(next) else {
            self.stage = Writing::Done;
            return b"]}\n".to_vec();
        };
        let is_wanted = self.only.as_ref().is_none_or(|only| *suite.suite.name == **only);
        let mut json = Vec::new();
        if is_wanted {
            if !is_first {
                json.push(b',');
            }
            json.extend(to_json(&SuiteStatus::of(suite)));
        }
        self.stage = Writing::Suite { next: next + 1, is_first: is_first && !is_wanted };
        json
    }
}

impl Iterator for Status {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        loop {
            let json = match self.stage {
                Writing::Overview => self.overview(),
                Writing::Suite { next, is_first } => self.suite(next, is_first),
                Writing::Done => return None,
            };
            if !json.is_empty() {
                return Some(json.into());
            }
        }
    }
}

/// JSON of a type whose maps have only strings for keys, which cannot fail.
fn to_json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_else(|_| b"{}".to_vec())
}

/// A span in seconds, whole ones without a fraction.
#[derive(Clone, Copy, Debug)]
pub struct Seconds(pub std::time::Duration);

impl Serialize for Seconds {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.subsec_nanos() == 0 {
            serializer.serialize_u64(self.0.as_secs())
        } else {
            serializer.serialize_f64(self.0.as_secs_f64())
        }
    }
}
