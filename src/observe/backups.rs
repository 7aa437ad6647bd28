//! Backups: watches the `CronJob`s and `Job`s that make backups of Info Mart databases, and tells each suite when its own last
//! succeeded.
//!
//! One watch for each namespace and kind. What is known is told again every interval while the watch is heard, so that it is
//! known to be so. Not for backups that a query tells of: those are asked for with the dependencies.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::channel;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::interest::Interest;
use super::report::Closed;
use super::targets::{cron_job_runs, job_runs};
use super::watch::{Shared, Target, watch};
use super::{Ended, first};
use crate::index::change::{Change, Delta};
use crate::model::dependency::{Backup, BackupAt, BackupRun};
use crate::model::names::Name;
use crate::model::source::Contact;
use crate::model::suite::Suite;
use crate::model::time::Timestamp;

/// How many changes of one watch may wait.
const CHANGES: usize = 16;

/// Which kind of object makes the backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    CronJob,
    Job,
}

/// Of one kind in one namespace: the objects by name, each with the suites whose backup it makes.
type Watched = BTreeMap<Name, Vec<Name>>;

/// The backups of all suites that are watched.
#[derive(Debug, PartialEq, Eq)]
pub struct Backups(BTreeMap<(Name, Kind), Watched>);

impl Backups {
    /// Those of these suites.
    #[must_use]
    pub fn of(suites: &[Suite]) -> Self {
        let mut watches: BTreeMap<(Name, Kind), Watched> = BTreeMap::new();
        for suite in suites {
            let (namespace, name, kind) = match &suite.surroundings.backup {
                Some(BackupAt::CronJob { namespace, name }) => (namespace, name, Kind::CronJob),
                Some(BackupAt::Job { namespace, name }) => (namespace, name, Kind::Job),
                Some(BackupAt::Query(_)) | None => continue,
            };
            let objects = watches.entry((Name::clone(namespace), kind)).or_default();
            objects.entry(Name::clone(name)).or_default().push(Name::clone(&suite.name));
        }
        Self(watches)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Watches until nobody takes changes any more; what is known is told again every `again`.
pub async fn keep_watching(shared: Shared, backups: Backups, again: Duration) -> Ended {
    let mut tasks: JoinSet<Closed> = JoinSet::new();
    for ((namespace, kind), watched) in backups.0 {
        // One name is selected by the API server; several are less to ask than as many watches.
        let only = if watched.len() == 1 { watched.keys().next() } else { None };
        let target = match kind {
            Kind::CronJob => cron_job_runs(namespace, only),
            Kind::Job => job_runs(namespace, only),
        };
        tasks.spawn(one(shared.clone(), target, watched, again));
    }
    first(tasks).await
}

async fn one(shared: Shared, target: Target<BackupRun>, watched: Watched, again: Duration) -> Closed {
    let (changes, mut heard) = channel(CHANGES);
    let told = shared.changes.clone();
    let clock = Arc::clone(shared.api.clock());
    // Backups may be made in a namespace that no component is in.
    let interest = Arc::new(target.namespace.clone().map(Interest::in_namespace).unwrap_or_default());
    let watching = watch(target, Shared { interest, changes, ..shared });
    tokio::pin!(watching);
    let mut known = Known { watched, last: HashMap::new(), doubted: false };
    let mut contact: Option<Arc<Contact>> = None;
    let mut ticks = interval(again);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let (tell, at) = tokio::select! {
            closed = &mut watching => return closed,
            change = heard.recv() => match change {
                Some(Change::BackupRun(delta)) => (known.take(delta), Some(clock.now())),
                Some(Change::Unreadable { any, .. }) => {
                    known.doubted = any;
                    (known.names(), Some(clock.now()))
                }
                Some(other) => {
                    if let Change::SourceAdded { contact: added, .. } = &other {
                        contact = Some(Arc::clone(added));
                    }
                    if told.send(other).await.is_err() {
                        return Closed;
                    }
                    continue;
                }
                None => return Closed,
            },
            _ = ticks.tick() => (known.names(), contact.as_ref().and_then(|contact| contact.last())),
        };
        for backup in at.into_iter().flat_map(|at| known.backups(&tell, at)) {
            if told.send(Change::Backup(backup)).await.is_err() {
                return Closed;
            }
        }
    }
}

/// What is known of the objects of one watch.
struct Known {
    watched: Watched,
    /// When each object last succeeded; without an entry nothing is known of it yet.
    last: HashMap<Name, Option<Timestamp>>,
    /// Whether an object of the watch cannot be read: then nothing is told, and after a while nothing is known.
    doubted: bool,
}

impl Known {
    /// Takes a change in, and tells of which objects.
    fn take(&mut self, delta: Delta<BackupRun>) -> Vec<Name> {
        match delta {
            Delta::Apply(run) => self.learn(run.name, run.last_success),
            Delta::Delete { name, .. } => self.learn(name, None),
            Delta::Reset { items, .. } => {
                self.last = self.watched.keys().map(|name| (Name::clone(name), None)).collect();
                for run in items {
                    self.learn(run.name, run.last_success);
                }
                self.names()
            }
        }
    }

    fn learn(&mut self, name: Name, last_success: Option<Timestamp>) -> Vec<Name> {
        if !self.watched.contains_key(&name) {
            return Vec::new();
        }
        self.last.insert(Name::clone(&name), last_success);
        vec![name]
    }

    fn names(&self) -> Vec<Name> {
        self.last.keys().cloned().collect()
    }

    /// What is told to the suites of these objects.
    fn backups(&self, names: &[Name], at: Timestamp) -> Vec<Backup> {
        let of = |name: &Name| {
            let last_success = self.last.get(name).copied().flatten();
            let suites = self.watched.get(name).cloned().unwrap_or_default();
            suites.into_iter().map(move |suite| Backup { suite, at, last_success })
        };
        if self.doubted { Vec::new() } else { names.iter().flat_map(of).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(name: &str, last_success: Option<Timestamp>) -> BackupRun {
        BackupRun { namespace: "gim".into(), name: name.into(), last_success }
    }

    #[test]
    fn each_suite_is_told_of_its_own() {
        let watched =
            BTreeMap::from([("a".into(), vec!["one".into(), "two".into()]), ("b".into(), vec!["three".into()])]);
        let mut known = Known { watched, last: HashMap::new(), doubted: false };
        let now = Timestamp::UNIX_EPOCH;
        let told = |known: &Known, names: Vec<Name>| {
            let mut told: Vec<(String, bool)> = known
                .backups(&names, now)
                .into_iter()
                .map(|backup| (backup.suite.to_string(), backup.last_success.is_some()))
                .collect();
            told.sort();
            told
        };
        let say = |suite: &str, success| (suite.to_owned(), success);
        assert!(known.names().is_empty(), "nothing is told before a list");
        let names = known.take(Delta::Reset { namespace: None, items: vec![run("a", Some(now)), run("c", Some(now))] });
        assert_eq!(told(&known, names), [say("one", true), say("three", false), say("two", true)]);
        let names = known.take(Delta::Apply(run("b", Some(now))));
        assert_eq!(told(&known, names), [say("three", true)]);
        let names = known.take(Delta::Delete { namespace: "gim".into(), name: "a".into() });
        assert_eq!(told(&known, names), [say("one", false), say("two", false)]);
        assert_eq!(known.take(Delta::Apply(run("c", None))), Vec::<Name>::new());
        known.doubted = true;
        assert_eq!(told(&known, known.names()), [], "one that cannot be read may have succeeded");
    }
}
