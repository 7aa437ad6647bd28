//! Sources of evidence and how fresh each one is.
//!
//! A source that is silent for too long makes the answers that rest on it unknown, never a pass. The cells in this
//! module are written by the tasks that hear a source and read by the board; neither waits for the other.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::SignedDuration;

use super::names::Name;
use super::time::Timestamp;
use crate::named;

named! {
    /// A kind of evidence. One watch, or one round of reads, is one source.
    pub enum SourceKind {
        /// Watch of pods.
        Pods = "pods",
        /// Watch of `StatefulSet`s.
        StatefulSets = "statefulsets",
        /// Watch of `Deployment`s.
        Deployments = "deployments",
        /// Watch of `ReplicaSet`s.
        ReplicaSets = "replicasets",
        /// Watch of `Job`s.
        Jobs = "jobs",
        /// Watch of Helm's storage objects, metadata only.
        Helm = "helm",
        /// Reads of the bodies of Helm's storage objects.
        HelmBodies = "helm_bodies",
        /// Reads of the components' metrics endpoints.
        Signals = "signals",
        /// Watch of `ConfigMap`s that components may leave behind, metadata only.
        ConfigMaps = "configmaps",
        /// Queries of a Prometheus.
        Prometheus = "prometheus",
        /// Probes of Kafka, `PostgreSQL` and object storage.
        Dependencies = "dependencies",
        /// Reads of the Info Mart database.
        InfoMart = "info_mart",
        /// Watch of the `Job` or `CronJob` that makes backups.
        Backups = "backups",
    }
}

named! {
    /// What went wrong at a source, for counting.
    pub enum ErrorKind {
        /// The API server refuses the request for lack of permission.
        Forbidden = "forbidden",
        /// No connection, or it broke.
        Connect = "connect",
        /// No answer in time.
        Timeout = "timeout",
        /// An HTTP status that is not success.
        Status = "status",
        /// The history that a watch asked for is gone (410): listed anew.
        Expired = "expired",
        /// One object, body or page could not be understood; it alone is left out.
        Decode = "decode",
        /// An answer, or what it inflates to, is larger than allowed.
        TooLarge = "too_large",
        /// A value that cannot be true, such as a negative latency; it alone is left out.
        Value = "value",
        /// Any other.
        Other = "other",
    }
}

/// Which source: a kind, and the namespace it covers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId {
    /// The kind.
    pub kind: SourceKind,
    /// The namespace; `None` where one source covers all.
    pub namespace: Option<Name>,
}

named! {
    /// How a source stands by its own account, apart from silence.
    pub enum SourceCondition {
        /// Not synced for the first time yet.
        Starting = "starting",
        /// Synced; what it last said holds.
        Synced = "synced",
        /// Permission is lacking.
        Forbidden = "forbidden",
    }
}

named! {
    /// How far evidence of a source may be believed now.
    pub enum Freshness {
        /// It may be.
        Fresh = "fresh",
        /// Nothing came yet.
        Starting = "starting",
        /// Silent for too long.
        Stale = "stale",
        /// Not every object of the kind can be read, so what is known is not all, or holds no more.
        Unreadable = "unreadable",
        /// Permission is lacking.
        Forbidden = "forbidden",
        /// Not read: the configuration says so.
        Off = "off",
    }
}

/// When a source was last heard. Shared: one task writes, the board reads.
#[derive(Debug, Default)]
pub struct Contact(AtomicI64);

impl Contact {
    /// Notes that the source was heard at `at`. Never goes back.
    pub fn heard(&self, at: Timestamp) {
        self.0.fetch_max(at.as_millisecond(), Ordering::Relaxed);
    }

    /// When it was last heard; `None` before the first time.
    #[must_use]
    pub fn last(&self) -> Option<Timestamp> {
        match self.0.load(Ordering::Relaxed) {
            0 => None,
            millis => Timestamp::from_millisecond(millis).ok(),
        }
    }
}

/// The API server's clock less ours, in milliseconds. Shared: the client's layer writes, the board reads.
#[derive(Debug, Default)]
pub struct ClockOffset(AtomicI64);

impl ClockOffset {
    /// Notes the offset.
    pub fn set_milliseconds(&self, offset: i64) {
        self.0.store(offset, Ordering::Relaxed);
    }

    /// The offset; 0 until one is known.
    #[must_use]
    pub fn milliseconds(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    /// The instant by the API server's clock that is `local` by ours.
    #[must_use]
    pub fn corrected(&self, local: Timestamp) -> Timestamp {
        local.checked_add(SignedDuration::from_millis(self.milliseconds())).unwrap_or(local)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contact_never_goes_back() {
        let contact = Contact::default();
        assert_eq!(contact.last(), None);
        let late = Timestamp::from_millisecond(5_000).unwrap();
        contact.heard(late);
        contact.heard(Timestamp::from_millisecond(3_000).unwrap());
        assert_eq!(contact.last(), Some(late));
    }
}
