//! What stands around the played suites: Kafka, the database, the object storage, the backup, the aggregation. How each is
//! now; all suites share them.
//!
//! Not for what is inside the Info Mart: that is `info_mart`. Those who ask over the network are answered by `surroundings_server`.

use serde_json::json;

use super::scenario::{DependencyState, Span, Surrounding};
use super::store::Kind;
use super::world::cluster::Cluster;

/// Namespace and name of the `CronJob` that backs the Info Mart up.
pub const BACKUP: (&str, &str) = ("infra", "infomart-backup");
/// How long before a scenario's start the last backup was, unless it says otherwise.
const USUAL_BACKUP: Span = Span::from_secs(-6 * 3600);
/// The aggregation's level while it is well.
const WELL: i32 = 1;

/// How what stands around is now.
#[derive(Clone, Debug)]
pub(in crate::sim) struct State {
    kafka: DependencyState,
    database: DependencyState,
    object_storage: DependencyState,
    /// When a backup last succeeded.
    pub(in crate::sim) backup: Option<Span>,
    /// The aggregation's level.
    pub(in crate::sim) level: i32,
}

impl Default for State {
    fn default() -> Self {
        let up = DependencyState::Up;
        Self { kafka: up, database: up, object_storage: up, backup: Some(USUAL_BACKUP), level: WELL }
    }
}

impl State {
    /// How a dependency answers; whatever is none is up.
    pub(in crate::sim) const fn dependency(&self, name: Surrounding) -> DependencyState {
        match name {
            Surrounding::Kafka => self.kafka,
            Surrounding::Database | Surrounding::InfoMart => self.database,
            Surrounding::ObjectStorage => self.object_storage,
            Surrounding::Backup | Surrounding::Aggregation => DependencyState::Up,
        }
    }

    pub(in crate::sim) fn is_up(&self, name: Surrounding) -> bool {
        self.dependency(name) == DependencyState::Up
    }

    /// From now on a dependency answers so.
    pub(in crate::sim) const fn set(&mut self, name: Surrounding, state: DependencyState) {
        match name {
            Surrounding::Kafka => self.kafka = state,
            Surrounding::Database => self.database = state,
            Surrounding::ObjectStorage => self.object_storage = state,
            Surrounding::InfoMart | Surrounding::Backup | Surrounding::Aggregation => {}
        }
    }
}

/// Writes the backup's `CronJob`, where the scenario has one.
pub(in crate::sim) fn publish_backup(cluster: &mut Cluster) {
    if !cluster.configured.surroundings.contains(&Surrounding::Backup) {
        return;
    }
    let (namespace, name) = BACKUP;
    let mut object = json!({
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": { "name": name, "namespace": namespace },
        "spec": { "schedule": "0 2 * * *", "concurrencyPolicy": "Forbid" },
        "status": {},
    });
    if let (Some(at), Some(status)) = (cluster.surroundings.backup, object.get_mut("status")) {
        let at = cluster.clock.stamp(at);
        *status = json!({ "lastScheduleTime": at, "lastSuccessfulTime": at });
    }
    cluster.put(Kind::CronJobs, object);
}
