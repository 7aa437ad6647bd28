//! Changes: what an observer tells the board, one event at a time.
//!
//! Each change is complete in itself and may be applied twice without harm. A list that arrives in pages becomes one
//! [`Delta::Reset`], so that nobody sees half of it.

use std::sync::Arc;
use std::time::Duration;

use crate::model::config_map::ConfigMap;
use crate::model::database::DatabaseReading;
use crate::model::dependency::{Backup, BackupRun, Level, Probe};
use crate::model::names::Name;
use crate::model::release::{BodyState, Revision};
use crate::model::signal::{Past, Reading};
use crate::model::source::{Contact, ErrorKind, SourceCondition, SourceId, SourceKind};
use crate::model::wants::BodyWant;
use crate::model::workload::{Pod, ReplicaSet, Workload, WorkloadKind};

/// A change to one kind of object.
#[derive(Clone, Debug)]
pub enum Delta<T> {
    /// The object was added or modified.
    Apply(T),
    /// The object is gone.
    Delete {
        /// Its namespace.
        namespace: Name,
        /// Its name.
        name: Name,
    },
    /// These are all objects of the namespace, or of the whole cluster; all others of it are gone.
    Reset {
        /// The namespace; `None` for the whole cluster.
        namespace: Option<Name>,
        /// The objects.
        items: Vec<T>,
    },
}

/// What an observer tells the board.
#[derive(Clone, Debug)]
pub enum Change {
    /// A pod.
    Pod(Delta<Pod>),
    /// A workload of one kind; a reset concerns that kind alone.
    Workload(WorkloadKind, Delta<Workload>),
    /// A `ReplicaSet`.
    ReplicaSet(Delta<ReplicaSet>),
    /// A storage object of Helm, without its body.
    Revision(Delta<Revision>),
    /// The body of a storage object; dropped where the object has changed since.
    Body(BodyWant, BodyState),
    /// A metrics endpoint was read.
    Reading(Reading),
    /// What a source remembers of a component's signals; for memory alone.
    Past(Past),
    /// A `ConfigMap` that a component may have left behind.
    ConfigMap(Delta<ConfigMap>),
    /// A dependency was asked.
    Probe(Probe),
    /// The Info Mart database was read.
    Database(DatabaseReading),
    /// The backup of the Info Mart database was looked at.
    Backup(Backup),
    /// The health of the aggregation was read.
    Aggregation(Level),
    /// What makes backups; the observer that knows the suites makes [`Change::Backup`] of it.
    BackupRun(Delta<BackupRun>),
    /// Whether a namespace holds objects of a kind that cannot be read: then what is known of the kind there is not all, or
    /// holds no more.
    Unreadable {
        /// The watch of the kind.
        kind: SourceKind,
        /// The namespace.
        namespace: Name,
        /// Whether there is any.
        any: bool,
    },
    /// A source was set up: from now on its silence counts.
    SourceAdded {
        /// Which.
        source: SourceId,
        /// When it was last heard.
        contact: Arc<Contact>,
        /// How long it may be silent.
        stale_after: Duration,
    },
    /// A source changed its condition.
    SourceCondition(SourceId, SourceCondition),
    /// A source met an error; it is counted, its text shown until the source next does well.
    SourceError {
        /// Which.
        source: SourceId,
        /// What kind.
        kind: ErrorKind,
        /// For people: URL or object and cause. Never holds contents of a Secret.
        detail: Arc<str>,
    },
}
