//! The whole configuration: good files, and a table of bad ones with what is said of each.

mod bad;

use std::time::Duration;

use self::bad::BAD;
use super::*;
use crate::model::alerting::Severity;
use crate::model::database::SchemaObject;
use crate::model::dependency::{AskAt, BackupAt};
use crate::model::names::Component;
use crate::model::scope::{HelmAccess, HelmDriver, KubernetesScope, LatencyUnit};
use crate::model::selector::{SelectBy, Selector};
use crate::model::suite::Endpoint;

fn good(text: &str) -> Config {
    Config::parse("config.yaml", text).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn nothing_at_all_is_the_default() {
    for text in ["", "# nothing\n", "{}", "suites:\npolicy:\nhelm:\n", "policy: {gim: {}}\n"] {
        assert_eq!(good(text), Config::default(), "{text:?}");
    }
    assert_eq!(Config::default().suites, [Suite::default_suite()]);
    assert_eq!(Config::default().policy, Policy::default());
}

#[test]
fn everything_can_be_written() {
    let config = good(
        "
suites:
- name: tenant-a
  gim: {namespace: gim-a, release: gim-t100, companion: none, target: 100.0.116+4200, metrics: {port: 9000, path: /m}}
  gsp: {namespace: shared, metrics: {port: 9250}, workloads: {name: 'flink-*', pods: 3}}
  gca: {namespace: gca-a, metrics: {url: 'https://gca.example.com/metrics?x=1'}}
- name: tenant-b
  gim: {namespace: gim-b, metrics: none}
  gsp: {namespace: shared}
  gca: {namespace: gca-b, companion: gca-watch, workloads: {label: app=config}}
  tenant: t100
policy:
  suspect_window: 12h
  ignored_topics: [zeta, old.topic, zeta]
  trend_window: 20m
  releases: {gim: [100.0.114+2100, 100.0.116+2900, 100.0.116+4200], gca: [spring]}
  checkpoint_timeout: 25m
  config_stale_after: 48h
  server_state_min: -3.5
  backup_max_age: 2d
  gim: {ready_timeout: 1h30m, soak: 30s}
  gca: {helm_timeout: 500ms}
helm: {driver: configmap, access: none}
kubernetes: {scope: namespaces}
signals: {interval: 30s, latency_unit: seconds}
discovery: {enabled: true, namespaces: [two, one, two]}
alerts: {cluster_label: k8s, clusters: [a, b], severities: {GimUpgradeLatencyHigh: info}, dashboard_url: 'https://g/d/x'}
alertmanager:
  urls: ['http://am-0:9093', 'https://am-1:9093/prefix']
  labels: {k8s: a}
  user: exporter
  password_file: /secrets/alertmanager
",
    );
    assert_eq!(config.alerts.cluster_label, "k8s".into());
    assert_eq!(config.alerts.clusters.len(), 2);
    assert_eq!(config.alerts.severities["GimUpgradeLatencyHigh"], Severity::Info);
    assert_eq!(config.alerts.runbook("A"), "http://gim-upgrade-exporter:9845/runbooks/A");
    let alertmanager = config.alertmanager.as_ref().unwrap();
    assert_eq!(alertmanager.urls.len(), 2);
    assert_eq!(alertmanager.labels["k8s"], "a");
    assert_eq!(alertmanager.basic_auth, Some(("exporter".into(), "/secrets/alertmanager".into())));
    assert_eq!(config.discovery, Some(Discovery { namespaces: vec!["one".into(), "two".into()] }));
    let [a, b] = &config.suites[..] else { panic!("two suites") };
    assert_eq!((&*a.name, &*b.name), ("tenant-a", "tenant-b"));
    let gim = &a.members.gim;
    assert_eq!((&*gim.namespace, &*gim.release, &gim.companion), ("gim-a", "gim-t100", &None));
    assert_eq!(gim.endpoint, Some(Endpoint::Pods { port: 9000, path: "/m".into() }));
    assert_eq!(a.members.gsp.endpoint, Some(Endpoint::Pods { port: 9250, path: "/".into() }));
    assert_eq!(a.members.gca.endpoint, Some(Endpoint::Url("https://gca.example.com/metrics?x=1".into())));
    assert_eq!(a.members.gca.companion.as_deref(), Some("gca-monitoring"));
    assert_eq!(b.members.gim.endpoint, None);
    assert_eq!((a.members.gsp.owner.as_deref(), b.members.gsp.owner.as_deref()), (None, Some("tenant-a")));
    assert_eq!(b.members.gsp.endpoint, a.members.gsp.endpoint, "as its owner says");
    assert_eq!(b.members.gca.companion.as_deref(), Some("gca-watch"));
    assert_eq!((&a.tenant, b.tenant.as_deref()), (&None, Some("t100")));

    let flink = Selector { by: SelectBy::Name("flink-*".into()), pods: Some(3) };
    assert_eq!((a.members.gsp.workloads.as_ref(), b.members.gsp.workloads.as_ref()), (Some(&flink), Some(&flink)));
    assert_eq!(b.members.gca.workloads, Some(Selector { by: SelectBy::App("config".into()), pods: None }));

    let policy = &config.policy;
    assert_eq!(policy.suspect_window, Duration::from_hours(12));
    assert_eq!(policy.cycle, Policy::default().cycle);
    assert_eq!(policy.ignored_topics, ["old.topic".into(), "zeta".into()]);
    assert_eq!(policy.signal_interval, Duration::from_secs(30));
    assert_eq!(policy.trend_window, Duration::from_mins(20));
    assert_eq!(policy.checkpoint_timeout, Duration::from_mins(25));
    assert_eq!(policy.config_stale_after, Duration::from_hours(48));
    assert_eq!((policy.server_state_min, policy.backup_max_age), (-3.5, Duration::from_hours(48)));
    assert_eq!(policy.times.gim.ready_timeout, Duration::from_mins(90));
    assert_eq!(policy.times.gim.soak, Duration::from_secs(30));
    assert_eq!(policy.times.gim.helm_timeout, Duration::from_mins(15));
    assert_eq!(policy.times.gca.helm_timeout, Duration::from_millis(500));
    assert_eq!(policy.times.gsp, Policy::default().times.gsp);

    assert_eq!(a.targets.gim.as_ref().map(|build| &**build.text()), Some("100.0.116+4200"));
    assert_eq!((&a.targets.gsp, &b.targets.gim), (&None, &None));
    let releases = policy.releases.map(|_, builds| builds.iter().map(|build| build.text().to_string()).collect());
    let expected: [Vec<&str>; 3] = [vec!["100.0.114+2100", "100.0.116+2900", "100.0.116+4200"], vec![], vec!["spring"]];
    assert_eq!([releases.gim, releases.gsp, releases.gca] as [Vec<String>; 3], expected);

    assert!(config.suites.iter().all(|suite| suite.helm_access == HelmAccess::None));
    assert_eq!((config.scope.helm_driver, config.scope.helm_access), (HelmDriver::Configmap, HelmAccess::None));
    assert_eq!(config.scope.kubernetes_scope, KubernetesScope::Namespaces);
    assert_eq!(config.scope.latency_unit, LatencyUnit::Seconds);
}

#[test]
fn what_stands_around_can_be_written() {
    let config = good(
        "
prometheus: {url: 'https://prometheus:9090/', bearer_token_file: /token, ca_file: /ca.pem, timeout: 3s}
suites:
- gim: {namespace: gim-a, metrics: {prometheus: 'namespace=\"gim-a\"'}}
  dependencies:
    kafka: {addresses: ['kafka-0:9093', '[::1]:9093'], tls: true}
    object_storage: {query: 'max(s3_up)'}
    ca_file: /kafka.pem
  database: {host: '::1', database: gim, user: reader, password_file: /password}
  schema: {version: 8.5.117, tables: [New_Fact, 'gim.\"Odd.One\"'], columns: [gim.fact.NEW_COLUMN], export_views: [v], export_columns: [v.c]}
  backup: {cron_job: pg-backup}
  aggregation: {url: 'http://raa:9100/metrics', healthy_from: 1}
policy: {probe_interval: 20s, probe_hold: 3m, database_interval: 2m}
",
    );
    let suite = &config.suites[0];
    let around = &suite.surroundings;
    let addresses = |of: &[&str], tls| AskAt::Addresses { addresses: of.iter().map(|&of| of.into()).collect(), tls };
    assert_eq!(around.kafka, Some(addresses(&["kafka-0:9093", "[::1]:9093"], true)));
    assert_eq!(around.database, Some(addresses(&["[::1]:5432"], false)), "the Info Mart's own server");
    assert_eq!(around.object_storage, Some(AskAt::Query("max(s3_up)".into())));
    assert_eq!(around.ca_file.as_deref(), Some("/kafka.pem"));
    let info_mart = around.info_mart.as_ref().unwrap();
    assert_eq!((&*info_mart.user, info_mart.port, info_mart.tls), ("reader", 5432, true));
    let cron_job = BackupAt::CronJob { namespace: "gim-a".into(), name: "pg-backup".into() };
    assert_eq!(around.backup, Some(cron_job));
    assert_eq!(around.aggregation.as_ref().map(|aggregation| aggregation.healthy_from), Some(1));
    let spelled = |objects: &[SchemaObject]| -> Vec<String> {
        objects.iter().map(|object| format!("{} {}", object.table, object.column.as_deref().unwrap_or("-"))).collect()
    };
    let expected = ["new_fact -", "gim.\"Odd.One\" -", "gim.fact new_column"];
    assert_eq!(spelled(&suite.schema.objects), expected);
    assert_eq!(spelled(&suite.schema.export_views), ["v -", "v c"]);
    assert_eq!(suite.schema.version.as_deref(), Some("8.5.117"));
    assert_eq!(suite.members.gim.endpoint, Some(Endpoint::Prometheus("namespace=\"gim-a\"".into())));
    let prometheus = config.prometheus.unwrap();
    assert_eq!((&*prometheus.url, prometheus.timeout), ("https://prometheus:9090/", Duration::from_secs(3)));
    let policy = &config.policy;
    let intervals = (policy.probe_interval, policy.probe_hold, policy.database_interval);
    assert_eq!(intervals, (Duration::from_secs(20), Duration::from_mins(3), Duration::from_mins(2)));
}

#[test]
fn with_discovery_no_suite_need_be_written() {
    let config = good("discovery: {enabled: true}\n");
    assert_eq!((config.suites.len(), config.discovery), (0, Some(Discovery::default())));
    assert_eq!(good("discovery: {enabled: true}\nsuites: []\n").suites, []);
    assert_eq!(good("discovery: {enabled: true}\nsuites: [{}]\n").suites, [Suite::default_suite()]);
    assert_eq!(good("discovery: {enabled: false}\n"), Config::default());
}

#[test]
fn json_is_read_too() {
    let config = good(
        r#"{"suites": [{"name": "default", "gim": {"namespace": "gim-1"}}],
            "policy": {"trend_window": "3s", "gim": {"soak": "2s"}}, "signals": {"interval": "250ms"}}"#,
    );
    assert_eq!(&*config.suites[0].members.gim.namespace, "gim-1");
    assert_eq!(config.policy.signal_interval, Duration::from_millis(250));
}

#[test]
fn every_time_of_a_component_is_a_field() {
    for &component in Component::ALL {
        for (name, default) in Policy::default().times.get(component).named() {
            let longer = default + Duration::from_millis(1);
            let config = good(&format!("policy: {{{component}: {{{name}: {}}}}}", span::spell(longer)));
            for &other in Component::ALL {
                for (at, (field, value)) in config.policy.times.get(other).named().into_iter().enumerate() {
                    let expected = if (other, field) == (component, name) {
                        longer
                    } else {
                        Policy::default().times.get(other).named()[at].1
                    };
                    assert_eq!(value, expected, "{component} {name}: {other} {field}");
                }
            }
        }
    }
}

#[test]
fn every_time_of_the_policy_is_a_field() {
    let default = Policy::default().named();
    for (name, span) in default {
        let longer = span + Duration::from_millis(1);
        let (section, field) = if name == "signal_interval" { ("signals", "interval") } else { ("policy", name) };
        let config = good(&format!("{section}: {{{field}: {}}}", span::spell(longer)));
        let expected = default.map(|(other, span)| (other, if other == name { longer } else { span }));
        assert_eq!(config.policy.named(), expected, "{name}");
    }
}

#[test]
fn a_bad_file_is_told_with_place_field_and_cure() {
    let mut wrong = Vec::new();
    for (text, said) in BAD {
        let expected = format!("config.yaml:{said}");
        let really = match Config::parse("config.yaml", text) {
            Ok(_) => "nothing: it is accepted".to_owned(),
            Err(error) => error.to_string(),
        };
        if really != expected {
            wrong.push(format!("{text:?}\n  expected {expected}\n  said     {really}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_file_that_is_no_text_or_too_large_is_refused() {
    let folder = std::env::temp_dir().join(format!("gim-upgrade-config-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("config.yaml");
    let said = || Config::read(&file).unwrap_err().to_string().replace(&file.display().to_string(), "FILE");

    assert!(said().starts_with("FILE: cannot be read: "), "{}", said());
    std::fs::write(&file, [b'a', 0xff]).unwrap();
    assert_eq!(said(), "FILE: not a text in UTF-8");
    std::fs::write(&file, vec![b'#'; 4 * 1024 * 1024 + 1]).unwrap();
    assert_eq!(said(), "FILE: larger than 4194304 bytes; share the suites among several exporters");
    std::fs::write(&file, "helm: {driver: configmap}").unwrap();
    assert_eq!(Config::read(&file).unwrap().scope.helm_driver, HelmDriver::Configmap);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn the_most_suites_are_read_and_one_more_is_refused() {
    let file = |count: usize| {
        let suite = |n| format!("- {{name: s{n}, gim: {{namespace: gim-{n}}}, gca: {{namespace: gca-{n}}}}}\n");
        format!("suites:\n{}", (0..count).map(suite).collect::<String>())
    };
    assert_eq!(good(&file(MAX_SUITES)).suites.len(), MAX_SUITES);
    let error = Config::parse("config.yaml", &file(MAX_SUITES + 1)).unwrap_err().to_string();
    assert_eq!(error, "config.yaml:2:3: suites: more than 2000 suites; share them among several exporters");
}
