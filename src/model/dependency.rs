//! What a suite depends on beside its own components: Kafka, `PostgreSQL`, object storage, the aggregation beside it, a
//! backup. Where each is asked, and what was answered.
//!
//! Not for the Info Mart's contents: that is `database`. Not for whether a dependency is down: `assess::checks` decides.

use std::time::Duration;

use super::names::{Component, Name};
use super::time::{Timestamp, between};
use crate::named;

named! {
    /// A third party without which no upgrade works, nor a rollback (upgrade guide, Rolling Update: Verify the upgrade).
    pub enum Dependency {
        /// Kafka: in and out of GSP, out of GCA, into GIM.
        Kafka = "kafka",
        /// `PostgreSQL`: the Info Mart database.
        Database = "database",
        /// S3-compatible storage: state of GSP, snapshots of GCA.
        ObjectStorage = "object_storage",
    }
}

impl Dependency {
    /// Whether a component cannot work without it.
    #[must_use]
    pub const fn is_needed_by(self, component: Component) -> bool {
        match self {
            Self::Kafka => true,
            Self::Database => matches!(component, Component::Gim),
            Self::ObjectStorage => matches!(component, Component::Gsp | Component::Gca),
        }
    }
}

named! {
    /// Why a dependency did not answer as it should.
    pub enum ProbeFailure {
        /// The connection was refused.
        Refused = "refused",
        /// Something answered, but not in the dependency's protocol, or with an error of its own.
        Protocol = "protocol",
        /// No answer in time.
        Timeout = "timeout",
        /// A query says that it is down.
        Reported = "reported",
        /// Any other: the name is not known, no route, TLS.
        Other = "other",
    }
}

impl ProbeFailure {
    /// Whether one such answer proves that the dependency is down, where it was up before. The others may be the network's
    /// hiccup and must last.
    #[must_use]
    pub const fn is_proof(self) -> bool {
        matches!(self, Self::Refused | Self::Protocol | Self::Reported)
    }
}

/// One probe of one dependency of one suite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// For which suite.
    pub suite: Name,
    /// What was asked.
    pub dependency: Dependency,
    /// When it was answered, or given up, by the API server's clock.
    pub at: Timestamp,
    /// What it answered.
    pub outcome: Result<(), ProbeFailure>,
}

/// What is known of one dependency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeFacts {
    /// When it was last asked.
    pub at: Timestamp,
    /// When it last answered as it should; `None` if it never did.
    pub last_success: Option<Timestamp>,
    /// How it fails (a proof rather than what came after it) and since when, without a success in between; `None` while it
    /// does well.
    pub failing: Option<(ProbeFailure, Timestamp)>,
    /// The last time that it failed and then answered again.
    pub outage: Option<Outage>,
}

/// A time in which a dependency failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// How it failed, a proof rather than what came after it.
    pub failure: ProbeFailure,
    /// Since when; `None` where it had failed from the first probe on.
    pub since: Option<Timestamp>,
    /// When it answered as it should again.
    pub until: Timestamp,
}

impl Outage {
    /// Whether it was down, and not merely out of reach for a moment.
    #[must_use]
    pub fn is_real(&self, hold: Duration) -> bool {
        self.failure.is_proof() || self.since.is_none_or(|since| between(since, self.until) >= hold)
    }
}

impl ProbeFacts {
    /// What is known after `probe`, from what was known before it.
    #[must_use]
    pub fn after(former: Option<&Self>, probe: &Probe) -> Self {
        let last_success = former.and_then(|former| former.last_success);
        let outage = former.and_then(|former| former.outage);
        match probe.outcome {
            Ok(()) => {
                // One failure that proves nothing does not hide an outage before it.
                let told = former.and_then(|former| former.failing.map(|(failure, since)| (failure, since, former.at)));
                let ended = told.filter(|(failure, since, last)| failure.is_proof() || since < last).map(
                    |(failure, since, _)| Outage { failure, since: last_success.and(Some(since)), until: probe.at },
                );
                Self { at: probe.at, last_success: Some(probe.at), failing: None, outage: ended.or(outage) }
            }
            Err(failure) => {
                let before = former.and_then(|former| former.failing);
                let since = before.map_or(probe.at, |(_, since)| since);
                // A proof stays one until a success: a host that dies refuses first and then falls silent.
                let proof =
                    before.map(|(failure, _)| failure).filter(|before| before.is_proof() && !failure.is_proof());
                Self { at: probe.at, last_success, failing: Some((proof.unwrap_or(failure), since)), outage }
            }
        }
    }
}

/// A level that another program tells of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    /// For which suite.
    pub suite: Name,
    /// When it was read, by the API server's clock.
    pub at: Timestamp,
    /// The level.
    pub value: f64,
}

/// What is known of the backup of the Info Mart database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// For which suite.
    pub suite: Name,
    /// When that was read, by the API server's clock.
    pub at: Timestamp,
    /// When a backup last succeeded; `None` if none is known to have.
    pub last_success: Option<Timestamp>,
}

/// A `CronJob` or `Job` that makes backups, as far as it tells of its success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupRun {
    /// Its namespace.
    pub namespace: Name,
    /// Its name.
    pub name: Name,
    /// When it last succeeded, by the API server's clock.
    pub last_success: Option<Timestamp>,
}

/// Where something is asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AskAt {
    /// At these addresses, each `host:port`; one that answers is enough.
    Addresses {
        /// The addresses.
        addresses: Vec<Name>,
        /// Whether TLS comes first.
        tls: bool,
    },
    /// At this URL.
    Url(Name),
    /// By this instant query of Prometheus.
    Query(Name),
}

/// Where a backup is seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BackupAt {
    /// The last success of this `CronJob`.
    CronJob {
        /// Its namespace.
        namespace: Name,
        /// Its name.
        name: Name,
    },
    /// The completion of this `Job`.
    Job {
        /// Its namespace.
        namespace: Name,
        /// Its name.
        name: Name,
    },
    /// By this instant query, whose value is seconds since the Unix epoch.
    Query(Name),
}

/// Where the health of the aggregation (RAA) is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AggregationAt {
    /// The page that has `gcxi_raa_health_level`, or a query whose value is that level.
    pub at: AskAt,
    /// The lowest level that is healthy: what a level means is documented nowhere in public.
    pub healthy_from: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failing_is_counted_from_the_first_failure_after_a_success() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let probe =
            |second, outcome| Probe { suite: "default".into(), dependency: Dependency::Kafka, at: at(second), outcome };
        let never = ProbeFacts::after(None, &probe(1, Err(ProbeFailure::Refused)));
        assert_eq!((never.last_success, never.failing), (None, Some((ProbeFailure::Refused, at(1)))));
        let well = ProbeFacts::after(Some(&never), &probe(2, Ok(())));
        assert_eq!((well.last_success, well.failing), (Some(at(2)), None));
        let ill = ProbeFacts::after(Some(&well), &probe(3, Err(ProbeFailure::Timeout)));
        let worse = ProbeFacts::after(Some(&ill), &probe(4, Err(ProbeFailure::Refused)));
        assert_eq!((worse.last_success, worse.failing), (Some(at(2)), Some((ProbeFailure::Refused, at(3)))));
        let silent = ProbeFacts::after(Some(&worse), &probe(5, Err(ProbeFailure::Timeout)));
        assert_eq!((silent.at, silent.failing), (at(5), Some((ProbeFailure::Refused, at(3)))), "a proof stays one");
    }

    #[test]
    fn an_outage_ends_with_an_answer_and_a_hiccup_does_not_hide_it() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let outcomes = [
            (1, Ok(())),
            (2, Err(ProbeFailure::Timeout)),
            (3, Ok(())),
            (4, Err(ProbeFailure::Refused)),
            (5, Err(ProbeFailure::Timeout)),
            (6, Ok(())),
            (7, Err(ProbeFailure::Timeout)),
            (8, Ok(())),
            (9, Err(ProbeFailure::Timeout)),
            (129, Err(ProbeFailure::Timeout)),
            (130, Ok(())),
        ];
        let mut known = None;
        let mut outages = Vec::new();
        for (second, outcome) in outcomes {
            let probe = Probe { suite: "default".into(), dependency: Dependency::Kafka, at: at(second), outcome };
            let after = ProbeFacts::after(known.as_ref(), &probe);
            outages.push(after.outage.map(|outage| (outage.since.map(Timestamp::as_second), outage.until.as_second())));
            known = Some(after);
        }
        let (first, second) = (Some((Some(4), 6)), Some((Some(9), 130)));
        assert_eq!(outages, [None, None, None, None, None, first, first, first, first, first, second]);
        let outage = |failure, until| Outage { failure, since: Some(at(0)), until: at(until) };
        let hold = Duration::from_mins(2);
        assert!(outage(ProbeFailure::Refused, 1).is_real(hold));
        assert!(outage(ProbeFailure::Timeout, 120).is_real(hold) && !outage(ProbeFailure::Timeout, 119).is_real(hold));
        let probe =
            |second, outcome| Probe { suite: "default".into(), dependency: Dependency::Kafka, at: at(second), outcome };
        let early = ProbeFacts::after(None, &probe(1, Err(ProbeFailure::Timeout)));
        let early = ProbeFacts::after(Some(&early), &probe(2, Err(ProbeFailure::Timeout)));
        let began = ProbeFacts::after(Some(&early), &probe(3, Ok(()))).outage.unwrap();
        assert!(began.since.is_none() && began.is_real(hold), "how long it had been down before is not known");
    }
}
