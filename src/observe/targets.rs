//! Targets: the kinds of objects that are watched, each with its path, selectors, decoder and change. One table.

use k8s_openapi::api::apps::v1 as apps;
use k8s_openapi::api::batch::v1 as batch;
use k8s_openapi::api::core::v1 as core;
use kube::Resource;

use super::interest::Interest;
use super::objects::interning;
use super::watch::Target;
use crate::index::change::{Change, Delta};
use crate::model::config_map::ConfigMap;
use crate::model::dependency::BackupRun;
use crate::model::names::Name;
use crate::model::release::Revision;
use crate::model::scope::HelmDriver;
use crate::model::source::SourceKind;
use crate::model::workload::{Pod, ReplicaSet, Workload, WorkloadKind};

/// Up to how many releases are named in the selector of Helm's storage, so that the API server leaves all others out. More
/// would make the URL long: 53 characters each.
const MAX_SELECTED_RELEASES: usize = 32;
/// Type of Helm's Secrets.
const SECRET_TYPE: &str = "type=helm.sh/release.v1";

/// Path of all objects of a kind, in one namespace or in all.
fn path<K: Resource<DynamicType = ()>>(namespace: Option<&Name>) -> String {
    K::url_path(&(), namespace.map(|namespace| &**namespace))
}

/// Pods.
pub fn pods(namespace: Option<Name>) -> Target<Pod> {
    Target {
        kind: SourceKind::Pods,
        path: path::<core::Pod>(namespace.as_ref()),
        namespace,
        labels: None,
        fields: None,
        metadata_only: false,
        decode: interning::pod,
        wanted: Interest::pod,
        change: Change::Pod,
    }
}

/// `StatefulSet`s.
pub fn stateful_sets(namespace: Option<Name>) -> Target<Workload> {
    Target {
        kind: SourceKind::StatefulSets,
        path: path::<apps::StatefulSet>(namespace.as_ref()),
        namespace,
        labels: None,
        fields: None,
        metadata_only: false,
        decode: interning::stateful_set,
        wanted: Interest::workload,
        change: |delta| Change::Workload(WorkloadKind::StatefulSet, delta),
    }
}

/// `Deployment`s.
pub fn deployments(namespace: Option<Name>) -> Target<Workload> {
    Target {
        kind: SourceKind::Deployments,
        path: path::<apps::Deployment>(namespace.as_ref()),
        decode: interning::deployment,
        change: |delta| Change::Workload(WorkloadKind::Deployment, delta),
        ..stateful_sets(namespace)
    }
}

/// `Job`s.
pub fn jobs(namespace: Option<Name>) -> Target<Workload> {
    Target {
        kind: SourceKind::Jobs,
        path: path::<batch::Job>(namespace.as_ref()),
        decode: interning::job,
        change: |delta| Change::Workload(WorkloadKind::Job, delta),
        ..stateful_sets(namespace)
    }
}

/// `ReplicaSet`s: only their metadata is used.
pub fn replica_sets(namespace: Option<Name>) -> Target<ReplicaSet> {
    Target {
        kind: SourceKind::ReplicaSets,
        path: path::<apps::ReplicaSet>(namespace.as_ref()),
        namespace,
        labels: None,
        fields: None,
        metadata_only: true,
        decode: interning::replica_set,
        wanted: Interest::replica_set,
        change: Change::ReplicaSet,
    }
}

/// `CronJob`s that make backups, in one namespace; one of them where it alone is meant.
pub fn cron_job_runs(namespace: Name, only: Option<&Name>) -> Target<BackupRun> {
    Target {
        kind: SourceKind::Backups,
        path: path::<batch::CronJob>(Some(&namespace)),
        namespace: Some(namespace),
        labels: None,
        fields: only.map(|name| format!("metadata.name={name}")),
        metadata_only: false,
        decode: interning::cron_job_run,
        wanted: |_, _| true,
        change: Change::BackupRun,
    }
}

/// The same of `Job`s.
pub fn job_runs(namespace: Name, only: Option<&Name>) -> Target<BackupRun> {
    Target { path: path::<batch::Job>(Some(&namespace)), decode: interning::job_run, ..cron_job_runs(namespace, only) }
}

/// `ConfigMap`s with label `app`: only their metadata is used. Those in which Helm may keep its releases are not of them.
pub fn config_maps(namespace: Option<Name>) -> Target<ConfigMap> {
    Target {
        kind: SourceKind::ConfigMaps,
        path: path::<core::ConfigMap>(namespace.as_ref()),
        namespace,
        labels: Some("app,owner!=helm".to_owned()),
        fields: None,
        metadata_only: true,
        decode: interning::config_map,
        wanted: Interest::config_map,
        change: Change::ConfigMap,
    }
}

/// Helm's storage, metadata only.
pub fn revisions(namespace: Option<Name>, driver: HelmDriver, interest: &Interest) -> Target<Revision> {
    let names = interest.release_names();
    let mut labels = String::from("owner=helm");
    if names.len() <= MAX_SELECTED_RELEASES {
        let names: Vec<&str> = names.into_iter().map(|name| &**name).collect();
        labels = format!("{labels},name in ({})", names.join(","));
    }
    Target {
        kind: SourceKind::Helm,
        path: storage_path(namespace.as_ref(), driver),
        namespace,
        labels: Some(labels),
        fields: (driver == HelmDriver::Secret).then(|| SECRET_TYPE.to_owned()),
        metadata_only: true,
        decode: interning::revision,
        wanted: Interest::revision,
        change: |delta: Delta<Revision>| Change::Revision(delta),
    }
}

/// The same of every release that there is.
pub fn all_revisions(namespace: Option<Name>, driver: HelmDriver) -> Target<Revision> {
    let labels = Some(String::from("owner=helm"));
    Target { labels, ..revisions(namespace, driver, &Interest::everything()) }
}

/// Path of Helm's storage.
pub fn storage_path(namespace: Option<&Name>, driver: HelmDriver) -> String {
    match driver {
        HelmDriver::Secret => path::<core::Secret>(namespace),
        HelmDriver::Configmap => path::<core::ConfigMap>(namespace),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::suite::Suite;

    #[test]
    fn paths_are_those_of_the_api() {
        let gim = || Some(Name::from("gim"));
        let cases = [
            (pods(None).path, "/api/v1/pods"),
            (pods(gim()).path, "/api/v1/namespaces/gim/pods"),
            (stateful_sets(gim()).path, "/apis/apps/v1/namespaces/gim/statefulsets"),
            (deployments(None).path, "/apis/apps/v1/deployments"),
            (jobs(None).path, "/apis/batch/v1/jobs"),
            (config_maps(gim()).path, "/api/v1/namespaces/gim/configmaps"),
            (replica_sets(None).path, "/apis/apps/v1/replicasets"),
            (storage_path(gim().as_ref(), HelmDriver::Secret), "/api/v1/namespaces/gim/secrets"),
            (storage_path(None, HelmDriver::Configmap), "/api/v1/configmaps"),
        ];
        for (path, expected) in cases {
            assert_eq!(path, expected);
        }
        assert_eq!((jobs(gim()).namespace, jobs(gim()).kind), (gim(), SourceKind::Jobs));
    }

    #[test]
    fn backups_are_selected_by_name() {
        let target = cron_job_runs("db".into(), Some(&"pg-backup".into()));
        assert_eq!(target.path, "/apis/batch/v1/namespaces/db/cronjobs");
        assert_eq!(target.fields.as_deref(), Some("metadata.name=pg-backup"));
        let target = job_runs("db".into(), None);
        assert_eq!((target.path.as_str(), target.fields), ("/apis/batch/v1/namespaces/db/jobs", None));
    }

    #[test]
    fn few_releases_are_selected_by_name() {
        let target = revisions(None, HelmDriver::Secret, &Interest::of(&[Suite::default_suite()]));
        let expected = "owner=helm,name in (gca,gca-monitoring,gim,gim-monitoring,gsp)";
        assert_eq!(target.labels.as_deref(), Some(expected));
        assert_eq!(target.fields.as_deref(), Some("type=helm.sh/release.v1"));
        assert!(target.metadata_only);
        let many = (0..20).map(|number| {
            let mut suite = Suite::default_suite();
            suite.members.gim.release = format!("gim-{number}").into();
            suite.members.gsp.release = format!("gsp-{number}").into();
            suite
        });
        let target = revisions(None, HelmDriver::Configmap, &Interest::of(&many.collect::<Vec<_>>()));
        assert_eq!((target.labels.as_deref(), target.fields), (Some("owner=helm"), None));
    }
}
