//! What was last heard of each suite's surroundings: dependencies, the Info Mart database, backup, aggregation.
//!
//! The newest word of each counts. How a dependency's answers add up is `model::dependency`'s.

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::database::DatabaseReading;
use crate::model::dependency::{Backup, Level, Probe, ProbeFacts};
use crate::model::facts::SurroundingFacts;

/// The surroundings of the suites of which anything was heard, by place.
#[derive(Debug, Default)]
pub struct AllSurroundings(HashMap<usize, SurroundingFacts>);

impl AllSurroundings {
    /// Takes in a probe of a dependency, unless a newer one is there.
    pub fn probe(&mut self, place: usize, probe: &Probe) {
        let facts = self.0.entry(place).or_default();
        let known = facts.dependency_mut(probe.dependency);
        if known.as_ref().is_none_or(|known| known.at <= probe.at) {
            *known = Some(ProbeFacts::after(known.as_ref(), probe));
        }
    }

    /// Takes in a read of the Info Mart database.
    pub fn database(&mut self, place: usize, reading: DatabaseReading) {
        self.0.entry(place).or_default().info_mart = Some(Arc::new(reading));
    }

    /// Takes in what is known of the backup.
    pub fn backup(&mut self, place: usize, backup: Backup) {
        self.0.entry(place).or_default().backup = Some(backup);
    }

    /// Takes in the health of the aggregation.
    pub fn aggregation(&mut self, place: usize, level: Level) {
        self.0.entry(place).or_default().aggregation = Some(level);
    }

    /// Takes over what was known of one suite's, where nothing is known yet.
    pub fn inherit(&mut self, place: usize, former: &SurroundingFacts) {
        if *former == SurroundingFacts::default() {
            return;
        }
        let facts = self.0.entry(place).or_default();
        let SurroundingFacts { kafka, database, object_storage, info_mart, backup, aggregation } = former.clone();
        facts.kafka = facts.kafka.take().or(kafka);
        facts.database = facts.database.take().or(database);
        facts.object_storage = facts.object_storage.take().or(object_storage);
        facts.info_mart = facts.info_mart.take().or(info_mart);
        facts.backup = facts.backup.take().or(backup);
        facts.aggregation = facts.aggregation.take().or(aggregation);
    }

    /// What is known of one suite's.
    pub fn get(&self, place: usize) -> SurroundingFacts {
        self.0.get(&place).cloned().unwrap_or_default()
    }
}
