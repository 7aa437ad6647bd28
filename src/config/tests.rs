//! The whole configuration: good files, and a table of bad ones with what is said of each.

use std::time::Duration;

use super::*;
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
",
    );
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

/// Rows: a bad file, and what is said of it after `config.yaml:`.
const BAD: &[(&str, &str)] = &[
    // Fields.
    (
        "polcy: {}\n",
        "1:1: polcy: no such field; the fields here are suites, policy, helm, kubernetes, signals, \
         prometheus, discovery",
    ),
    (
        "suites:\n- name: a\n  gmi: {}\n",
        "3:3: suites[0].gmi: no such field; the fields here are name, gim, gsp, gca, \
         dependencies, database, schema, backup, aggregation, tenant",
    ),
    (
        "suites:\n- gim:\n    metrics:\n      prot: 1\n",
        "4:7: suites[0].gim.metrics.prot: no such field; the fields here are port, path, url, prometheus",
    ),
    ("helm: {driver: secret}\nhelm: {}\n", "2:1: helm: helm is written twice; write it once"),
    // Shapes.
    (
        "- name: a\n",
        "1:1: not what belongs here; write a section with suites, policy, helm, kubernetes, signals, prometheus and \
         discovery",
    ),
    (
        "hello\n",
        "1:1: not what belongs here; write a section with suites, policy, helm, kubernetes, signals, prometheus and \
         discovery",
    ),
    ("suites: {name: a}\n", "1:9: suites: not what belongs here; write a list of suites"),
    ("suites: default\n", "1:9: suites: not what belongs here; write a list of suites"),
    (
        "suites:\n- tenant-a\n",
        "2:3: suites[0]: not what belongs here; write a section with name, gim, gsp, gca, \
         dependencies, database, schema, backup, aggregation and tenant",
    ),
    (
        "suites:\n- gim: gim\n",
        "2:8: suites[0].gim: not what belongs here; write a section with namespace, release, companion, \
         workloads, metrics and target",
    ),
    (
        "policy:\n  hold: [1m]\n",
        "2:9: policy.hold: not what belongs here; write a duration such as 500ms, 90s, 15m, 2h or 1h30m",
    ),
    ("helm:\n- secret\n", "2:3: helm: not what belongs here; write a section with driver and access"),
    ("policy:\n  ignored_topics: a\n", "2:19: policy.ignored_topics: not what belongs here; write a list of topics"),
    ("helm: {}\n---\nhelm: {}\n", "3:1: a second document begins; write one"),
    ("helm: {driver: secret\n", "1:7: unclosed bracket '{'"),
    ("helm:\n\tdriver: secret\n", "2:2: tabs disallowed within this context (block indentation)"),
    // Durations.
    (
        "policy:\n  gim:\n    ready_timeout: 60 minutes\n",
        "3:20: policy.gim.ready_timeout: \"60 minutes\" is not a duration; write 60m",
    ),
    (
        "policy:\n  gim:\n    ready_timeout: 60\n",
        "3:20: policy.gim.ready_timeout: \"60\" is not a duration; write 60s or 60m",
    ),
    (
        "policy: {hold: 0s}\n",
        "1:16: policy.hold: \"0s\" is not longer than 0; write a duration such as 500ms, 90s, 15m, 2h or 1h30m",
    ),
    ("policy: {cycle: 1000d}\n", "1:17: policy.cycle: \"1000d\" is longer than a year; write less than 366d"),
    ("signals: {interval: 10ms}\n", "1:21: signals.interval: 10ms is too short; write 100ms or more"),
    (
        "signals:\n  interval: 5m\n",
        "1:1: policy.trend_window: 10m does not hold 4 to 600 samples, one every 5m; write 20m to 50h, or change \
         signals.interval",
    ),
    (
        "policy: {trend_window: 30s}\n",
        "1:24: policy.trend_window: 30s does not hold 4 to 600 samples, one every 15s; write 1m to 2h30m, or change \
         signals.interval",
    ),
    // Numbers.
    (
        "policy: {server_state_min: low}\n",
        "1:28: policy.server_state_min: \"low\" is not a number; write one such as -2 or 0.5",
    ),
    ("policy: {server_state_min: 1e999}\n", "1:28: \"1e999\" is not a number; write one such as -2 or 0.5"),
    // Names.
    (
        "suites:\n- name: Tenant A\n",
        "2:9: suites[0].name: \"Tenant A\" is not a valid name; write a name of lower case letters, digits and -, at \
         most 63 characters",
    ),
    (
        "suites:\n- name: ''\n",
        "2:9: suites[0].name: \"\" is not a valid name; write a name of lower case letters, digits and -, at most 63 \
         characters",
    ),
    (
        "suites:\n- gim: {namespace: gim_a}\n",
        "2:20: suites[0].gim.namespace: \"gim_a\" is not a valid namespace; write a namespace: lower case letters, \
         digits and -, at most 63 characters",
    ),
    (
        "suites:\n- gca: {release: -gca}\n",
        "2:18: suites[0].gca.release: \"-gca\" is not a valid release; write a Helm release: lower case letters, \
         digits, - and ., at most 53 characters",
    ),
    (
        "policy: {ignored_topics: [good, not good]}\n",
        "1:33: policy.ignored_topics[1]: \"not good\" is not a Kafka topic; write letters, digits, ., _ and -, at \
         most 249",
    ),
    // Metrics.
    (
        "suites:\n- gim:\n    metrics: {port: 70000}\n",
        "3:21: suites[0].gim.metrics.port: \"70000\" is not a port; write a number from 1 to 65535",
    ),
    (
        "suites:\n- gim:\n    metrics: {port: 0}\n",
        "3:21: suites[0].gim.metrics.port: \"0\" is not a port; write a number from 1 to 65535",
    ),
    (
        "suites:\n- gim:\n    metrics: {path: metrics}\n",
        "3:21: suites[0].gim.metrics.path: \"metrics\" is not a path; write one that begins with /, such as /metrics",
    ),
    (
        "suites:\n- gim:\n    metrics: {url: gim.example.com/metrics}\n",
        "3:20: suites[0].gim.metrics.url: \"gim.example.com/metrics\" is not a URL; write for example \
         http://gim.example.com:8249/metrics",
    ),
    (
        "suites:\n- gim:\n    metrics: {url: 'http://me:hidden@gim/metrics'}\n",
        "3:20: suites[0].gim.metrics.url: a URL with a user or password in it is not supported; write it without",
    ),
    (
        "suites:\n- gim:\n    metrics: {url: 'http://gim/metrics', port: 1}\n",
        "3:14: suites[0].gim.metrics: url stands beside others; write the url alone, or port and path",
    ),
    (
        "suites:\n- gca:\n    metrics: {path: /metrics}\n",
        "3:14: suites[0].gca.metrics: gca has no port of its own; write port, or url",
    ),
    (
        "suites:\n- name: a\n- name: b\n  gim: {namespace: b}\n  gca: {namespace: b}\n  gsp: {metrics: {port: 1}}\n",
        "6:18: suites[1].gsp.metrics: suites[0], which has the same gsp, says where its metrics are read; leave it out \
         here",
    ),
    (
        "suites:\n- gim: {metrics: 8249}\n",
        "2:9: suites[0].gim.metrics: not what belongs here; write none, or a section with port and path, \
         url or prometheus",
    ),
    (
        "suites:\n- gim: {metrics: yes please}\n",
        "2:18: suites[0].gim.metrics: \"yes please\" is not a place of metrics; write none, or a section with port and \
         path, url or prometheus",
    ),
    (
        "suites:\n- gim:\n    metrics: {prometheus: 'namespace=\"gim\"}'}\n",
        "3:27: suites[0].gim.metrics.prometheus: \"namespace=\\\"gim\\\"}\" is not a list of label matchers; write label \
         matchers, such as namespace=\"gim\",container=\"gim\"",
    ),
    (
        "suites:\n- gim:\n    metrics: {prometheus: 'namespace=\"gim\"'}\n",
        "3:27: suites[0].gim.metrics.prometheus: no Prometheus is configured; write `prometheus: {url: http://…}`",
    ),
    (
        "suites:\n- gim:\n    metrics: {prometheus: 'a=\"b\"', port: 1}\nprometheus: {url: 'http://p'}\n",
        "3:14: suites[0].gim.metrics: prometheus stands beside others; write it alone, or port and path",
    ),
    // What stands around.
    (
        "suites:\n- dependencies: {kafka: {addresses: [kafka]}}\n",
        "2:38: suites[0].dependencies.kafka.addresses[0]: \"kafka\" is not an address; write host:port, such as \
         kafka.example.com:9092",
    ),
    (
        "suites:\n- dependencies: {kafka: {tls: true}}\n",
        "2:25: suites[0].dependencies.kafka: neither a place nor one alone; write addresses, or query",
    ),
    (
        "suites:\n- dependencies: {kafka: {tls: maybe}}\n",
        "2:31: suites[0].dependencies.kafka.tls: not what belongs here; write true or false",
    ),
    (
        "suites:\n- dependencies: {object_storage: {url: 'http://s3', query: up}}\n",
        "2:34: suites[0].dependencies.object_storage: neither a place nor one alone; write url, or query",
    ),
    (
        "suites:\n- dependencies: {kafka: {query: up}}\n",
        "2:33: suites[0].dependencies.kafka.query: no Prometheus is configured; write `prometheus: {url: http://…}`",
    ),
    ("suites:\n- database: {host: db, database: gim}\n", "2:13: suites[0].database: user is missing; write it"),
    (
        "suites:\n- schema: {tables: [a b]}\n",
        "2:21: suites[0].schema.tables[0]: \"a b\" is not a table; write table or schema.table",
    ),
    (
        "suites:\n- schema: {columns: [a]}\n",
        "2:22: suites[0].schema.columns[0]: \"a\" is not a column; write table.column or schema.table.column",
    ),
    (
        "suites:\n- backup: {job: a, cron_job: b}\n",
        "2:11: suites[0].backup: neither a place nor one alone; write cron_job, job, or query",
    ),
    (
        "suites:\n- aggregation: {url: 'http://raa:9100/metrics'}\n",
        "2:16: suites[0].aggregation: healthy_from is missing; write it",
    ),
    ("prometheus: {timeout: 5s}\n", "1:13: prometheus: url is missing; write it"),
    ("policy: {database_interval: 1ms}\n", "1:29: policy.database_interval: 1ms is too short; write 1s or more"),
    // Choices.
    (
        "helm: {driver: sql}\n",
        "1:16: helm.driver: \"sql\" is not a driver of Helm that can be watched; write secret or configmap",
    ),
    ("helm: {access: all}\n", "1:16: helm.access: \"all\" is not a kind of access; write read or none"),
    ("kubernetes: {scope: all}\n", "1:21: kubernetes.scope: \"all\" is not a scope; write auto, cluster or namespaces"),
    (
        "signals: {latency_unit: ms}\n",
        "1:25: signals.latency_unit: \"ms\" is not a unit; write milliseconds or seconds",
    ),
    // Builds.
    (
        "suites:\n- gim: {target: 'a b'}\n",
        "2:17: suites[0].gim.target: \"a b\" is not a build; write one such as 100.0.116+4200, in quotes where YAML needs \
         them",
    ),
    (
        "policy:\n  releases:\n    gim: [1.0+2, 1.0+1]\n",
        "3:10: policy.releases.gim: 1.0+2 stands before 1.0+1; write the oldest first, each once",
    ),
    (
        "policy:\n  releases:\n    gim: [spring, summer, spring]\n",
        "3:10: policy.releases.gim: spring stands before summer; write the oldest first, each once",
    ),
    // Workloads.
    ("suites:\n- gsp: {workloads: {pods: 2}}\n", "2:20: suites[0].gsp.workloads: write either label or name"),
    (
        "suites:\n- gsp: {workloads: {name: '*'}}\n",
        "2:27: suites[0].gsp.workloads.name: \"*\" is not a pattern of names; write a name, or its beginning and *, such \
         as gsp-*",
    ),
    (
        "suites:\n- gsp: {workloads: {label: tier=a}}\n",
        "2:28: suites[0].gsp.workloads.label: \"tier=a\" is not one of the labels that are read; write app=VALUE or \
         app.kubernetes.io/name=VALUE",
    ),
    // Discovery.
    ("discovery: {enabled: 1}\n", "1:22: discovery.enabled: \"1\" is neither; write true or false"),
    (
        "discovery: {namespaces: [a]}\n",
        "1:25: discovery.namespaces: nothing is looked for; write enabled: true beside it",
    ),
    (
        "suites:\n- tenant: ''\n",
        "2:11: suites[0].tenant: \"\" is no tenant; write a value of the label tenant, at most 253 characters",
    ),
    // The whole.
    ("suites: []\n", "1:9: suites: the list is empty; write at least one suite, or leave `suites` out"),
    (
        "suites:\n- name: a\n  gim: {namespace: b}\n- name: a\n",
        "4:9: suites[1].name: \"a\" is the name of suites[0] too; give each suite a name of its own",
    ),
    (
        "suites:\n- gim: {namespace: a}\n- gim: {namespace: b}\n",
        "3:3: suites[1].name: \"default\" is the name of suites[0] too; give each suite a name of its own",
    ),
    (
        "suites:\n- name: a\n- name: b\n",
        "3:3: suites[1].gim.release: release gim in namespace gim is suites[0].gim.release already; name another one \
         (only a gsp may be shared by suites)",
    ),
    (
        "suites:\n- gca: {namespace: gim, release: gim-monitoring}\n",
        "2:34: suites[0].gca.release: release gim-monitoring in namespace gim is suites[0].gim.companion already; name \
         another one (only a gsp may be shared by suites)",
    ),
    (
        "suites:\n- gsp: {namespace: gca, release: gca}\n",
        "2:3: suites[0].gca.release: release gca in namespace gca is suites[0].gsp.release already; name another one \
         (only a gsp may be shared by suites)",
    ),
];

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
