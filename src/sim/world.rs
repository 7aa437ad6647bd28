//! The world: a scenario played on a simulated cluster, event by event, at instants given from outside.
//!
//! It holds no clock and waits for nothing, so the same scenario can be played in milliseconds or against the real
//! clock. What changes is written into a `Store` at the instant at which it was due, however late `advance` is called.

use jiff::Timestamp;

use super::controllers;
use super::info_mart::{self, InfoMart};
use super::metrics_page::{self, MetricsAnswer};
use super::scenario::{DependencyState, Scenario, ScenarioError, SourceState, Span, Surrounding};
use super::store::Store;
use super::surroundings;

pub(in crate::sim) mod clock;
pub(in crate::sim) mod cluster;
pub mod truth;

use clock::WorldClock;
use cluster::{Cluster, Event, Written};
use truth::Truth;

/// A scenario being played.
#[derive(Debug)]
pub struct World {
    cluster: Cluster,
    ends: Span,
}

impl World {
    /// A world whose scenario starts at `start` and runs `speed` times as fast as it is written: its instants, its
    /// durations and the seconds in its signals are divided by it. What happened before the start has happened; the
    /// first [`World::advance`] writes it.
    pub fn new(scenario: &Scenario, start: Timestamp, speed: f64) -> Result<Self, ScenarioError> {
        let steps = scenario.all_steps()?;
        let began = steps.first().map_or(Span::ZERO, |step| step.at.minus(Span::from_secs(1)));
        let clock = WorldClock::new(start, speed);
        let mut cluster = Cluster::new(clock, scenario, began);
        surroundings::publish_backup(&mut cluster);
        for step in steps {
            cluster.schedule_at(step.at, Event::Step(Box::new(step.action)));
        }
        let mut world = Self { cluster, ends: scenario.ends };
        world.run(Span::from_millis(-1));
        world.cluster.end_history();
        controllers::helm_history::write_all(&mut world.cluster);
        for latency in world.cluster.latencies.values_mut() {
            latency.set(scenario.latency.at_start, Span::ZERO);
        }
        Ok(world)
    }

    /// Plays all that is due by `now` and writes it into the store, in order.
    ///
    /// # Panics
    ///
    /// Where a controller made an object without a name, which is a fault of the simulation.
    pub fn advance(&mut self, store: &mut Store, now: Timestamp) {
        self.run(self.cluster.clock.span(now));
        for write in self.cluster.take_writes() {
            let at = self.cluster.clock.instant(write.at);
            match write.what {
                Written::Object(object) => {
                    // Every object here has metadata and a name, which is all that a store asks for.
                    let written = store.apply(write.kind, object, at);
                    assert!(written.is_ok(), "{written:?}");
                }
                Written::Deletion((namespace, name)) => {
                    store.delete(write.kind, &namespace, &name, at);
                }
            }
        }
    }

    /// When the next thing happens, if anything does.
    #[must_use]
    pub fn next_event(&self) -> Option<Timestamp> {
        self.cluster.next_due().map(|at| self.cluster.clock.instant(at))
    }

    /// The instant of a scenario time, such as those of its expectations.
    #[must_use]
    pub fn instant(&self, at: Span) -> Timestamp {
        self.cluster.clock.instant(at)
    }

    /// When the scenario is over.
    #[must_use]
    pub fn ends(&self) -> Timestamp {
        self.instant(self.ends)
    }

    /// What a GET of a pod's metrics endpoint is answered at `now`; `None` where nothing listens. The pod is named by
    /// its name or its address. Ask after [`World::advance`] to the same instant.
    #[must_use]
    pub fn metrics_page(&self, pod: &str, now: Timestamp) -> Option<MetricsAnswer> {
        metrics_page::answer(&self.cluster, pod, self.cluster.clock.span(now))
    }

    /// What is true of a release at `now`. Ask after [`World::advance`] to the same instant.
    #[must_use]
    pub fn truth(&self, release: &str, now: Timestamp) -> Truth {
        truth::of(&self.cluster, release, self.cluster.clock.span(now))
    }

    /// The addresses at which pods listen for metrics requests now.
    #[must_use]
    pub fn listening(&self) -> Vec<String> {
        metrics_page::listening(&self.cluster)
    }

    /// How a dependency answers now.
    #[must_use]
    pub fn dependency(&self, name: Surrounding) -> DependencyState {
        self.cluster.surroundings.dependency(name)
    }

    /// How a source of an exporter's answers now, by the exporter's name for it.
    #[must_use]
    pub fn source(&self, name: &str) -> SourceState {
        self.cluster.sources.get(name).copied().unwrap_or_default()
    }

    /// When a backup of the Info Mart last succeeded.
    #[must_use]
    pub fn backup(&self) -> Option<Timestamp> {
        self.cluster.surroundings.backup.map(|at| self.instant(at))
    }

    /// The level that the aggregation reports now.
    #[must_use]
    pub const fn aggregation_level(&self) -> i32 {
        self.cluster.surroundings.level
    }

    /// What a query of the database of a release of GIM finds at `now`; `None` where it is not answered.
    #[must_use]
    pub fn info_mart(&self, gim: &str, now: Timestamp) -> Option<InfoMart> {
        info_mart::query(&self.cluster, gim, self.cluster.clock.span(now))
    }

    /// What a person at a terminal would have seen of Helm, oldest first.
    #[must_use]
    pub fn log(&self) -> Vec<(Timestamp, String)> {
        self.cluster.log().iter().map(|(at, text)| (self.instant(*at), text.clone())).collect()
    }

    fn run(&mut self, until: Span) {
        while let Some(event) = self.cluster.take_due(until) {
            controllers::handle(&mut self.cluster, event);
        }
    }
}

#[cfg(test)]
mod tests;
