//! The Info Mart database of one GIM, as far as a migration shows in it: the version of its schema, the tables and columns
//! that the target has, its export views.
//!
//! A migration goes on where it stopped and is never undone: a GIM that was rolled back works with a migrated database
//! (upgrade guide, Supported upgrade strategies). Not for whether the server answers.

use std::collections::BTreeMap;

use super::controllers::pods::PodEvent;
use super::scenario::{Behaviour, Migrates, Span, Surrounding};
use super::world::cluster::{Cluster, Key};
use super::{chart, scenario::SchemaAtTarget};

/// How a table or column is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is not there.
    Missing,
    /// It is there and has nothing in it yet.
    Empty,
    /// It has something in it.
    Populated,
}

/// What a query of the database finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InfoMart {
    /// The configured tables and columns, as the scenario writes them.
    pub objects: Vec<(String, Found)>,
    /// The configured export views and columns, and whether each is there.
    pub export_views: Vec<(String, bool)>,
    /// Whether an index is being built.
    pub migrating: bool,
}

/// The database of one GIM.
#[derive(Clone, Debug)]
pub(in crate::sim) struct Mart {
    /// The version of its schema.
    pub(super) schema: String,
    /// From when on what the schema brought has something in it.
    populated: Span,
    /// The schema that the export views were last made for.
    views: String,
    /// The schema before any scenario.
    first: String,
    /// The pod that first tried to migrate, by build.
    tried: BTreeMap<String, String>,
}

impl Mart {
    /// A database that was never migrated.
    pub(in crate::sim) fn new(release: &str) -> Self {
        let first = Behaviour::normal(release).schema;
        Self {
            schema: first.clone(),
            populated: Span::from_millis(i64::MIN),
            views: first.clone(),
            first,
            tried: BTreeMap::new(),
        }
    }

    /// `-job Job_MigrateGIM -make-export-views`: the views show what the schema has now.
    pub(in crate::sim) fn make_export_views(&mut self) {
        self.views.clone_from(&self.schema);
    }

    fn migrate(&mut self, behaviour: &Behaviour, now: Span) {
        if numbers(&behaviour.schema) > numbers(&self.schema) {
            self.schema.clone_from(&behaviour.schema);
            self.populated = now.plus(behaviour.populates_after);
        }
    }

    /// Whether a schema has what the target has: any that is newer than the first, where no version is named.
    fn has_target(&self, schema: &str, target: &SchemaAtTarget) -> bool {
        match &target.version {
            Some(version) => numbers(schema) >= numbers(version),
            None => numbers(schema) > numbers(&self.first),
        }
    }
}

fn numbers(version: &str) -> Vec<u64> {
    version.split('.').map(|part| part.parse().unwrap_or_default()).collect()
}

/// What an event of a pod of GIM means for its database.
pub(in crate::sim) fn on_pod_event(cluster: &mut Cluster, key: &Key, behaviour: &Behaviour, event: PodEvent) {
    let now = cluster.now;
    let Some(pod) = cluster.pods.get(key).filter(|pod| chart::component_of(&pod.release) == Some("gim")) else {
        return;
    };
    let Some(mart) = cluster.marts.get_mut(&pod.release) else { return };
    match (event, behaviour.migrates) {
        (PodEvent::Ready, Migrates::BeforeReady) | (PodEvent::Migrated, Migrates::After(_)) => {
            mart.migrate(behaviour, now);
        }
        (PodEvent::Ready, Migrates::AfterRestart) => {
            let first = mart.tried.entry(pod.tag.clone()).or_insert_with(|| pod.uid.clone());
            if *first != pod.uid {
                mart.migrate(behaviour, now);
            }
        }
        _ => {}
    }
}

/// What a query finds now; `None` where the database does not answer, or there is none.
pub(in crate::sim) fn query(cluster: &Cluster, release: &str, now: Span) -> Option<InfoMart> {
    let mart = cluster.marts.get(release).filter(|_| cluster.surroundings.is_up(Surrounding::Database))?;
    let target = &cluster.configured.schema;
    let found = match mart.has_target(&mart.schema, target) {
        false => Found::Missing,
        true if now < mart.populated => Found::Empty,
        true => Found::Populated,
    };
    let current = mart.has_target(&mart.views, target);
    let migrating = cluster.pods.values().filter(|pod| pod.release == release && pod.started.is_some()).any(|pod| {
        let behaviour = cluster.behaviour(&pod.release, &pod.workload, &pod.tag);
        let at_work = match behaviour.migrates {
            Migrates::After(_) => true,
            Migrates::BeforeReady => !pod.ready,
            Migrates::Never | Migrates::AfterRestart => false,
        };
        at_work && pod.is_active() && numbers(&behaviour.schema) > numbers(&mart.schema)
    });
    Some(InfoMart {
        objects: target.objects.iter().map(|object| (object.clone(), found)).collect(),
        export_views: target.export_views.iter().map(|view| (view.clone(), current)).collect(),
        migrating,
    })
}
