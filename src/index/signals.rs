//! The newest reading of each metrics endpoint.
//!
//! Readings of pods that are gone go with them. Not for a history: that is memory's.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::PerSuite;
use crate::model::names::{Component, Name, PerComponent};
use crate::model::signal::Reading;
use crate::model::suite::Suite;

/// The newest readings, by suite, component and pod.
#[derive(Debug)]
pub struct Signals(PerSuite<BTreeMap<Option<Name>, Arc<Reading>>>);

impl Signals {
    /// An empty index.
    pub fn new(suites: &[Arc<Suite>]) -> Self {
        Self(suites.iter().map(|_| PerComponent::from_fn(|_| BTreeMap::new())).collect())
    }

    /// Takes a reading in, unless a newer one is there.
    pub fn apply(&mut self, place: usize, reading: Reading) {
        let Some(suite) = self.0.get_mut(place) else { return };
        let readings = suite.get_mut(reading.component);
        if readings.get(&reading.pod_uid).is_none_or(|known| known.at <= reading.at) {
            readings.insert(reading.pod_uid.clone(), Arc::new(reading));
        }
    }

    /// Forgets the readings of pods that `exists` does not know.
    pub fn retain(&mut self, place: usize, component: Component, exists: impl Fn(&Name) -> bool) {
        if let Some(suite) = self.0.get_mut(place) {
            suite.get_mut(component).retain(|uid, _| uid.as_ref().is_none_or(&exists));
        }
    }

    /// The readings of a component.
    pub fn get(&self, place: usize, component: Component) -> Vec<Arc<Reading>> {
        self.0.get(place).map(|suite| suite.get(component).values().cloned().collect()).unwrap_or_default()
    }
}
