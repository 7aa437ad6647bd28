//! What an exporter hears of a suite's surroundings under the held clock: it asks as often as the policy says, and is answered as
//! the world is.

use std::collections::BTreeMap;
use std::time::Duration;

use gim_upgrade_exporter::board::Board;
use gim_upgrade_exporter::index::change::Change;
use gim_upgrade_exporter::model::database::{DatabaseReading, ObjectState};
use gim_upgrade_exporter::model::dependency::{Backup, Dependency, Level, Probe, ProbeFailure};
use gim_upgrade_exporter::model::policy::Policy;
use gim_upgrade_exporter::model::source::SourceKind;
use gim_upgrade_exporter::model::suite::Suite;
use gim_upgrade_exporter::model::time::{Timestamp, after};
use gim_upgrade_exporter::sim::info_mart::Found;
use gim_upgrade_exporter::sim::scenario::{DependencyState, Surrounding};

use super::Held;
use super::configured::object;

/// When each thing around is asked next. Empty where nothing is configured.
pub struct Around {
    suites: Vec<Suite>,
    due: BTreeMap<Surrounding, Timestamp>,
}

impl Around {
    pub fn new(suites: &[Suite], now: Timestamp) -> Self {
        let has = &suites[0].surroundings;
        let all = [
            (Surrounding::Kafka, has.kafka.is_some()),
            (Surrounding::Database, has.database.is_some()),
            (Surrounding::ObjectStorage, has.object_storage.is_some()),
            (Surrounding::InfoMart, has.info_mart.is_some()),
            (Surrounding::Backup, has.backup.is_some()),
            (Surrounding::Aggregation, has.aggregation.is_some()),
        ];
        let due = all.into_iter().filter(|(_, has)| *has).map(|(surrounding, _)| (surrounding, now)).collect();
        Self { suites: suites.to_vec(), due }
    }

    /// When something is asked next.
    pub fn due(&self) -> Option<Timestamp> {
        self.due.values().min().copied()
    }

    /// Asks what is due, of the sources that it `has`.
    pub fn ask(&mut self, held: &Held, policy: &Policy, board: &mut Board, has: impl Fn(SourceKind) -> bool) {
        for (surrounding, due) in &mut self.due {
            if *due > held.now {
                continue;
            }
            *due = after(held.now, interval(*surrounding, policy));
            if !has(source(*surrounding)) {
                continue;
            }
            for suite in &self.suites {
                if let Some(change) = answer(*surrounding, suite, held) {
                    board.apply(change);
                }
            }
        }
    }
}

/// The source that tells of it.
const fn source(surrounding: Surrounding) -> SourceKind {
    match surrounding {
        Surrounding::InfoMart => SourceKind::InfoMart,
        Surrounding::Backup => SourceKind::Backups,
        Surrounding::Kafka | Surrounding::Database | Surrounding::ObjectStorage | Surrounding::Aggregation => {
            SourceKind::Dependencies
        }
    }
}

fn interval(surrounding: Surrounding, policy: &Policy) -> Duration {
    match surrounding {
        Surrounding::InfoMart => policy.database_interval,
        _ => policy.probe_interval,
    }
}

fn answer(surrounding: Surrounding, suite: &Suite, held: &Held) -> Option<Change> {
    let (world, at, name) = (&held.world, held.now, suite.name.clone());
    let probe = |dependency| {
        let outcome = match world.dependency(surrounding) {
            DependencyState::Up => Ok(()),
            DependencyState::Refused => Err(ProbeFailure::Refused),
            DependencyState::Silent => Err(ProbeFailure::Timeout),
            DependencyState::ProtocolError => Err(ProbeFailure::Protocol),
        };
        Some(Change::Probe(Probe { suite: name.clone(), dependency, at, outcome }))
    };
    match surrounding {
        Surrounding::Kafka => probe(Dependency::Kafka),
        Surrounding::Database => probe(Dependency::Database),
        Surrounding::ObjectStorage => probe(Dependency::ObjectStorage),
        Surrounding::Backup => Some(Change::Backup(Backup { suite: name, at, last_success: world.backup() })),
        Surrounding::Aggregation => {
            let value = f64::from(world.aggregation_level());
            Some(Change::Aggregation(Level { suite: name, at, value }))
        }
        Surrounding::InfoMart => {
            let found = world.info_mart(&suite.members.gim.release, at)?;
            let state = |found| match found {
                Found::Missing => ObjectState::Missing,
                Found::Empty => ObjectState::Empty,
                Found::Populated => ObjectState::Populated,
            };
            Some(Change::Database(DatabaseReading {
                suite: name,
                at,
                objects: found.objects.iter().map(|(text, found)| (object(text), state(*found))).collect(),
                export_views: found.export_views.iter().map(|(text, is_there)| (object(text), *is_there)).collect(),
                building_index: found.migrating,
                transform: None,
            }))
        }
    }
}
