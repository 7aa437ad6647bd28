//! A snapshot: facts and judgement of all suites at one moment, immutable and shared.
//!
//! What `board` publishes and `publish` renders. A suite that did not change is the same `Arc` as in the snapshot before,
//! so that what was rendered of it can be kept.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::assessment::Assessment;
use super::shared::Shared;
use crate::model::facts::Facts;
use crate::model::memory::Memory;
use crate::model::policy::Policy;
use crate::model::source::{Contact, ErrorKind, Freshness, SourceId};
use crate::model::suite::Suite;
use crate::model::time::Timestamp;
use crate::model::wants::Wants;

/// One suite in a snapshot.
#[derive(Clone, Debug)]
pub struct SuiteSnapshot {
    /// Where it is found.
    pub suite: Arc<Suite>,
    /// What is known of it.
    pub facts: Facts,
    /// What is thought of it.
    pub assessment: Assessment,
    /// What it is told by the suites that share a component with it.
    pub shared: Shared,
    /// What is remembered of it: the latency's window, times per stage, operations completed.
    pub memory: Arc<Memory>,
    /// What should be read for it.
    pub wants: Wants,
    /// When it was judged, by the API server's clock.
    pub judged: Timestamp,
}

/// One source in a snapshot.
#[derive(Clone, Debug)]
pub struct SourceSnapshot {
    /// Which.
    pub id: SourceId,
    /// How far it may be believed.
    pub freshness: Freshness,
    /// When it was last heard; shared, so that it is current when it is rendered.
    pub contact: Arc<Contact>,
    /// How long it may be silent.
    pub stale_after: Duration,
    /// Errors so far.
    pub errors: BTreeMap<ErrorKind, u64>,
    /// The last error, for people, until the source next did well.
    pub last_error: Option<Arc<str>>,
}

/// Everything that is known and thought at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Counts up with every snapshot.
    pub sequence: u64,
    /// When it was made, by the API server's clock.
    pub taken: Timestamp,
    /// By what it is judged.
    pub policy: Arc<Policy>,
    /// The suites, in the order of the configuration.
    pub suites: Vec<Arc<SuiteSnapshot>>,
    /// The sources, sorted.
    pub sources: Arc<Vec<SourceSnapshot>>,
    /// Whether every source has synced once and every suite has been judged on it.
    pub ready: bool,
}
