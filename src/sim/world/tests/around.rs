//! What issues from the guide and not from Kubernetes: tenants, surroundings, migrations, Flink's state.

use super::*;
use crate::sim::info_mart::Found;
use crate::sim::scenario::{DependencyState, Surrounding};

/// A scenario of these steps, and whatever `more` says.
fn played(more: &str, steps: &[&str]) -> Played {
    let steps = format!("steps: [{}]\n", steps.join(", "));
    let text = format!("name: a\ntitle: A\nstory: A.\nshows: {{}}\n{more}\n{steps}expect: []\nends: 3h\n");
    let world = World::new(&Scenario::parse("a.yaml", &text).unwrap(), start(), 1.0).unwrap();
    let mut played = Played { world, store: Store::new() };
    played.world.advance(&mut played.store, start());
    played
}

const UPGRADE: &str =
    "{ at: 1m, do: { upgrade: { release: gim, version: 100.0.116+4200, wait: true, timeout: 15m } } }";

impl Played {
    fn page(&self, pod: &str, at: &str) -> String {
        match self.world.metrics_page(pod, self.world.instant(at.parse().unwrap())) {
            Some(MetricsAnswer::Page(page)) => page,
            other => panic!("{pod} answers {other:?}"),
        }
    }

    /// The value of the first series that begins so.
    fn value(&self, pod: &str, at: &str, series: &str) -> f64 {
        let page = self.page(pod, at);
        let line = page.lines().find(|line| line.starts_with(series));
        line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or_else(|| panic!("{series}: {page}"))
    }

    fn pod_of(&self, namespace: &str, beginning: &str) -> String {
        let names = self.pods(namespace).iter().map(|pod| text(pod, "/metadata/name")).collect::<Vec<_>>();
        names.iter().find(|name| name.starts_with(beginning)).cloned().unwrap_or_else(|| panic!("{names:?}"))
    }

    fn config_maps(&self) -> Vec<String> {
        let all = self.store.iter(Kind::ConfigMaps).map(|map| map.name().to_owned());
        all.filter(|name| name.ends_with("-config-map")).collect()
    }
}

#[test]
fn each_tenant_has_a_gim_and_a_gca_and_shares_the_gsp() {
    let played = played("tenants: ['200']", &[]);
    assert_eq!(played.pods("gim-t200").len(), 1);
    assert_eq!(played.pods("gca-t200").len(), 1);
    assert_eq!(played.pods("gsp").iter().filter(|pod| text(pod, "/metadata/name").starts_with("gsp-jm")).count(), 1);
    let names: Vec<String> = played
        .store
        .iter_namespace(Kind::Secrets, "gim-t200")
        .map(|secret| text(&secret.to_value(), "/metadata/labels/name"))
        .collect();
    assert!(names.contains(&"gim-t200".to_owned()) && names.contains(&"gim-t200-monitoring".to_owned()), "{names:?}");
    let set = played.object(Kind::StatefulSets, "gim-t200", "gim-t200");
    assert_eq!(set["metadata"]["labels"]["helm.sh/chart"], "gim-100.0.116_2900");
    let worker = played.pod_of("gsp", "gsp-tm");
    let page = played.page(&worker, "0");
    assert!(page.contains("tenant=\"100\"") && page.contains("tenant=\"200\""), "{page}");
}

#[test]
fn one_namespace_holds_everything() {
    let played = played("namespace: genesys\ntenants: ['200']", &[]);
    assert_eq!(played.pods("genesys").iter().filter(|pod| pod["status"]["phase"] == "Running").count(), 7);
    assert!(played.pods("gim").is_empty() && played.store.iter(Kind::Secrets).all(|s| s.namespace() == "genesys"));
}

#[test]
fn argo_cd_leaves_no_secret_and_no_mark_of_helm() {
    let mut played = played("installed_by: argo_cd", &[UPGRADE]);
    played.to("10m");
    assert_eq!(played.store.len(Kind::Secrets), 0);
    let set = played.set();
    assert!(set["metadata"]["annotations"]["meta.helm.sh/release-name"].is_null(), "{set}");
    assert_eq!(set["metadata"]["managedFields"][0]["manager"], "argocd-controller");
    assert_eq!(set["metadata"]["labels"]["helm.sh/chart"], "gim-100.0.116_4200");
    assert_eq!(condition(&played.pod(), "Ready")["status"], "True");
}

#[test]
fn nothing_is_consumed_while_kafka_or_the_database_is_down() {
    for name in ["kafka", "database"] {
        let down = format!("{{ at: 10m, do: {{ dependency: {{ name: {name}, state: refused }} }} }}");
        let up = format!("{{ at: 20m, do: {{ dependency: {{ name: {name}, state: up }} }} }}");
        let mut played = played("latency: { jitter: 0s }", &[&down, &up]);
        let behind = |played: &Played, at| played.value("gim-0", at, "gim_kafka_timestamp_behind");
        played.to("15m");
        assert!((behind(&played, "15m") - 320_000.0).abs() < 1.0, "{name}");
        let failed = played.value("gim-0", "15m", "gim_number_failed_kafkajob");
        assert!((failed - if name == "database" { 5.0 } else { 0.0 }).abs() < 0.1, "{name}: {failed}");
        played.to("30m");
        assert!((behind(&played, "30m") - 20_000.0).abs() < 1.0, "{name}");
    }
}

#[test]
fn a_migration_comes_when_it_is_told_to() {
    let told = "configured: { schema: { version: 8.5.116.25, objects: [new_fact, old_fact.new], export_views: [v] } }";
    let cases = [
        ("before_ready", "8.5.116.25", Found::Populated),
        ("never", "8.5.116.20", Found::Missing),
        ("after_restart", "8.5.116.20", Found::Missing),
        ("{ after: 40m }", "8.5.116.20", Found::Missing),
    ];
    for (migrates, schema, found) in cases {
        let build =
            format!("behaviours: [{{ of: gim, tag: 100.0.116.4200, schema: 8.5.116.25, migrates: {migrates} }}]");
        let restart = "{ at: 60m, do: { delete_pod: { release: gim, workload: gim } } }";
        let views = "{ at: 80m, do: { make_export_views: gim } }";
        let mut played = played(&format!("{told}\n{build}"), &[UPGRADE, restart, views]);
        played.to("30m");
        let at = |played: &Played, at: &str| played.world.info_mart("gim", played.world.instant(at.parse().unwrap()));
        let mart = at(&played, "30m").unwrap();
        assert_eq!(mart.objects, [("new_fact".to_owned(), found), ("old_fact.new".to_owned(), found)], "{migrates}");
        assert_eq!(mart.migrating, migrates.starts_with('{'), "{migrates}");
        assert_eq!(mart.export_views, [("v".to_owned(), false)]);
        assert!(played.page("gim-0", "30m").contains(&format!("schema_version=\"{schema}\"")), "{migrates}");
        played.to("100m");
        let mart = at(&played, "100m").unwrap();
        let done = migrates != "never";
        assert_eq!(mart.objects[0].1, if done { Found::Populated } else { Found::Missing }, "{migrates}");
        assert_eq!((mart.migrating, mart.export_views[0].1), (false, done), "{migrates}");
    }
}

#[test]
fn a_rolled_back_gim_finds_the_database_migrated() {
    let build = "behaviours: [{ of: gim, tag: 100.0.116.4200, schema: 8.5.116.25 }]";
    let mut played = played(build, &[UPGRADE, "{ at: 10m, do: { rollback: { release: gim } } }"]);
    played.to("30m");
    assert!(played.page("gim-0", "30m").contains("schema_version=\"8.5.116.25\""));
}

#[test]
fn gim_says_what_its_build_does() {
    let set = |what: &str| format!("{{ at: 10m, do: {{ set_behaviour: {{ of: gim, {what} }} }} }}");
    let mut played = played("", &[&set("server_state: -3, failing_jobs: 2, lost_topics: [gsp-ixn]")]);
    played.to("20m");
    let page = played.page("gim-0", "20m");
    assert!(!page.contains("gsp-ixn") && page.contains("gsp-callevents"), "{page}");
    assert!((played.value("gim-0", "20m", "gim_server_state") + 3.0).abs() < 0.1);
    assert!((played.value("gim-0", "20m", "gim_number_failed_kafkajob") - 20.0).abs() < 0.1);
}

#[test]
fn a_quiet_night_ends_at_once_and_a_burst_drains() {
    let steps = [
        "{ at: 10m, do: { set_behaviour: { of: gim, quiet: true } } }",
        "{ at: 20m, do: { set_behaviour: { of: gim } } }",
        "{ at: 30m, do: { burst: { release: gim, behind: 500s } } }",
        "{ at: 40m, do: { set_behaviour: { of: gim, sawtooth: { every: 4m, height: 2m } } } }",
    ];
    let mut played = played("latency: { jitter: 0s, retired: [gone] }", &steps);
    for (at, seconds) in [("15m", 320.0), ("20m1s", 20.0), ("31m", 200.0), ("35m", 20.0), ("42m", 80.0), ("44m", 20.0)]
    {
        played.to(at);
        let behind = played.value("gim-0", at, "gim_kafka_timestamp_behind") / 1000.0;
        assert!((behind - seconds).abs() < 1.0, "{at}: {behind}");
    }
    assert!(played.value("gim-0", "44m", "gim_kafka_timestamp_behind{pod=\"gim-0\",topic=\"gone\"") > 2.5e9);
}

#[test]
fn flink_keeps_state_that_only_a_person_removes() {
    let mut played = played(
        "",
        &[
            "{ at: 10m, do: { uninstall: { release: gsp } } }",
            "{ at: 20m, do: { delete_config_maps: gsp } }",
            "{ at: 30m, do: { upgrade: { release: gsp, version: 100.0.100+1400 } } }",
        ],
    );
    assert_eq!(played.config_maps().len(), 2);
    assert_eq!(played.to("15m").config_maps().len(), 2, "an uninstall leaves them");
    assert_eq!(played.to("25m").config_maps().len(), 0);
    assert_eq!(played.to("40m").config_maps().len(), 2);
    let map = played.object(Kind::ConfigMaps, "gsp", "gsp-cluster-config-map");
    assert_eq!(map["metadata"]["labels"]["app"], "gsp");
    assert!(text(&map, "/metadata/creationTimestamp").starts_with("2026-01-01T00:3"), "{map}");
}

#[test]
fn flink_says_how_its_job_does() {
    let cases = [
        ("job_running: false", [0.0, 2.0, 0.0, 0.0, 0.0]),
        ("registered: 0", [0.0, 0.0, 0.0, 0.0, 0.0]),
        ("checkpoints: fail", [1.0, 2.0, 10.0, 0.0, 0.0]),
        ("checkpoints: hang", [1.0, 2.0, 0.0, 0.0, 0.0]),
        ("job_restarts: 0.5", [1.0, 2.0, 0.0, 10.0, 5.0]),
    ];
    for (what, [jobs, managers, failed, completed, restarts]) in cases {
        let mut played = played("", &[&format!("{{ at: 10m, do: {{ set_behaviour: {{ of: gsp, {what} }} }} }}")]);
        let pod = played.pod_of("gsp", "gsp-jm");
        played.to("10m");
        let of = |played: &Played, at, name: &str| played.value(&pod, at, &format!("flink_jobmanager_{name} "));
        let before = ["job_numberOfFailedCheckpoints", "job_numberOfCompletedCheckpoints", "job_numRestarts"]
            .map(|name| of(&played, "10m", name));
        played.to("20m");
        assert!((of(&played, "20m", "numRunningJobs") - jobs).abs() < 0.1, "{what}");
        assert!((of(&played, "20m", "numRegisteredTaskManagers") - managers).abs() < 0.1, "{what}");
        let after = ["job_numberOfFailedCheckpoints", "job_numberOfCompletedCheckpoints", "job_numRestarts"]
            .map(|name| of(&played, "20m", name));
        let rose = [after[0] - before[0], after[1] - before[1], after[2] - before[2]];
        for (rose, wanted) in rose.into_iter().zip([failed, completed, restarts]) {
            assert!((rose - wanted).abs() <= 1.0, "{what}: {rose} for {wanted}");
        }
    }
}

#[test]
fn a_tenants_configuration_grows_old_without_its_gca() {
    let steps = [
        "{ at: 10m, do: { scale: { release: gca-t200, workload: gca-t200, replicas: 0 } } }",
        "{ at: 10m, do: { set_behaviour: { of: gca, config_age: 30h } } }",
    ];
    let mut played = played("tenants: ['200']", &steps);
    played.to("60m");
    let worker = played.pod_of("gsp", "gsp-tm");
    let age = |tenant: &str| {
        let series = format!(
            "flink_taskmanager_job_task_operator_user_tenant_eventTime{{operator_name=\"Source: gca-cfg\",tenant=\"{tenant}\""
        );
        let at = played.value(&worker, "60m", &series) / 1000.0;
        played.world.instant("60m".parse().unwrap()).as_second() as f64 - at
    };
    assert!((age("100") - 30.0 * 3600.0).abs() < 60.0, "{}", age("100"));
    assert!((age("200") - 50.0 * 60.0).abs() < 60.0, "{}", age("200"));
}

#[test]
fn dependencies_backup_and_aggregation_are_as_the_steps_say() {
    let steps = [
        "{ at: 10m, do: { dependency: { name: object_storage, state: silent } } }",
        "{ at: 10m, do: { backup: { at: 5m } } }",
        "{ at: 10m, do: { aggregation: { level: 0 } } }",
    ];
    let mut played = played("configured: { surroundings: [backup] }", &steps);
    let cron = |played: &Played| {
        text(&played.object(Kind::CronJobs, "infra", "infomart-backup"), "/status/lastSuccessfulTime")
    };
    assert_eq!((cron(&played).as_str(), played.world.aggregation_level()), ("2025-12-31T18:00:00Z", 1));
    played.to("11m");
    assert_eq!((cron(&played).as_str(), played.world.aggregation_level()), ("2026-01-01T00:05:00Z", 0));
    assert_eq!(played.world.dependency(Surrounding::ObjectStorage), DependencyState::Silent);
    assert_eq!(played.world.dependency(Surrounding::Kafka), DependencyState::Up);
}

#[test]
fn a_lost_node_leaves_pods_that_only_force_removes() {
    let steps = [
        "{ at: 10m, do: { lose_node: { release: gim, workload: gim } } }",
        "{ at: 20m, do: { force_delete: { release: gim, workload: gim } } }",
    ];
    let mut played = played("", &steps);
    let uid = text(&played.pod(), "/metadata/uid");
    assert_eq!(condition(&played.to("12m").pod(), "Ready")["status"], "False");
    assert!(played.world.metrics_page("gim-0", played.world.instant("12m".parse().unwrap())).is_none());
    played.to("19m");
    assert_eq!(text(&played.pod(), "/metadata/uid"), uid, "the controller waits for it");
    assert!(!played.pod()["metadata"]["deletionTimestamp"].is_null());
    played.to("30m");
    assert_ne!(text(&played.pod(), "/metadata/uid"), uid);
    assert_eq!(condition(&played.pod(), "Ready")["status"], "True");
}

#[test]
fn a_used_up_quota_leaves_no_pod_until_there_is_room() {
    let full = "behaviours: [{ of: gim, tag: 100.0.116.4200, pods: not_admitted }]";
    let mut played = played(full, &[UPGRADE, "{ at: 20m, do: { set_behaviour: { of: gim } } }"]);
    played.to("10m");
    assert!(played.pods("gim").is_empty());
    assert_eq!(condition(&played.to("30m").pod(), "Ready")["status"], "True");
}

#[test]
fn an_image_set_by_hand_is_rolled_out_and_helm_knows_nothing() {
    let set = "{ at: 10m, do: { set_image: { release: gim, workload: gim, tag: 100.0.116.4200 } } }";
    let mut played = played("", &[set]);
    played.to("20m");
    assert!(text(&played.pod(), "/spec/containers/0/image").ends_with(":100.0.116.4200"));
    assert_eq!(played.statuses("gim").last().unwrap(), &("3".to_owned(), "deployed".to_owned()));
    let managers: Vec<String> =
        (0..3).map(|n| text(&played.set(), &format!("/metadata/managedFields/{n}/manager"))).collect();
    assert!(managers.contains(&"kubectl-set".to_owned()), "{managers:?}");
}
