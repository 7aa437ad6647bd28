//! Sources of evidence and how fresh each one is.
//!
//! A source that is silent for too long makes the answers that rest on it unknown, never a pass. The cells in this
//! module are written by the tasks that hear a source and read by the board; neither waits for the other.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

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

/// How slowly what is learned anew of the offset is followed: by one millisecond in so many of ours. Until then every span that
/// was measured is at most that part too long or too short, and no instant comes before an earlier one.
const FOLLOWED_ONE_IN: i64 = 5;

/// The API server's clock less ours, in milliseconds. Shared: the client's layer writes, the board reads.
///
/// What is learned first is taken as it is. Later it is followed slowly: were it followed at once, a clock that is set forward would
/// make minutes of health, or of trouble, out of nothing, and one that is set back would leave a silent source fresh until it has
/// caught up.
#[derive(Debug, Default)]
pub struct ClockOffset(Mutex<Course>);

/// How the offset goes from one to another, in milliseconds.
#[derive(Clone, Copy, Debug, Default)]
struct Course {
    from: i64,
    /// When it was `from`, by our clock.
    since: i64,
    learned: i64,
}

impl Course {
    fn at(self, local: i64) -> i64 {
        let most = local.saturating_sub(self.since).max(0) / FOLLOWED_ONE_IN;
        self.from.saturating_add(self.learned.saturating_sub(self.from).clamp(most.saturating_neg(), most))
    }
}

impl ClockOffset {
    /// Takes an offset as it is: nothing rests on another one yet.
    pub fn begin(&self, milliseconds: i64) {
        *self.course() = Course { from: milliseconds, since: 0, learned: milliseconds };
    }

    /// Follows an offset that was learned at `local` by our clock.
    pub fn follow(&self, milliseconds: i64, local: Timestamp) {
        let mut course = self.course();
        let since = local.as_millisecond();
        *course = Course { from: course.at(since), since, learned: milliseconds };
    }

    /// The offset as it was last learned; 0 until one is known.
    #[must_use]
    pub fn milliseconds(&self) -> i64 {
        self.course().learned
    }

    /// The instant by the API server's clock that is `local` by ours. A later `local` never has an earlier one.
    #[must_use]
    pub fn corrected(&self, local: Timestamp) -> Timestamp {
        let offset = self.course().at(local.as_millisecond());
        local.checked_add(SignedDuration::from_millis(offset)).unwrap_or(local)
    }

    fn course(&self) -> MutexGuard<'_, Course> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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

    fn local(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_000_000 + millis).unwrap()
    }

    #[test]
    fn what_is_learned_first_is_taken_as_it_is() {
        let offset = ClockOffset::default();
        offset.begin(-600_000);
        assert_eq!(offset.corrected(local(0)), local(-600_000));
        assert_eq!(offset.corrected(local(5)), local(-599_995));
    }

    #[test]
    fn what_is_learned_later_is_followed_slowly_and_never_back() {
        for to in [600_000, -600_000] {
            let offset = ClockOffset::default();
            offset.begin(0);
            offset.follow(to, local(0));
            assert_eq!(offset.milliseconds(), to);
            let mut former = offset.corrected(local(0));
            assert_eq!(former, local(0), "it goes on from where it was");
            for millis in 1..2_000 {
                let now = offset.corrected(local(millis));
                assert!(former <= now, "{millis}");
                former = now;
            }
            // A span is a fifth too long or too short, until all is made up for.
            assert_eq!(offset.corrected(local(100_000)), local(100_000 + to.signum() * 20_000));
            assert_eq!(offset.corrected(local(3_000_000)), local(3_000_000 + to));
            assert_eq!(offset.corrected(local(9_000_000)), local(9_000_000 + to));
        }
    }

    #[test]
    fn what_is_learned_underway_is_followed_from_there() {
        let offset = ClockOffset::default();
        offset.begin(0);
        offset.follow(600_000, local(0));
        offset.follow(0, local(50_000));
        assert_eq!(offset.corrected(local(50_000)), local(60_000));
        assert_eq!(offset.corrected(local(75_000)), local(80_000));
        assert_eq!(offset.corrected(local(100_000)), local(100_000));
    }
}
