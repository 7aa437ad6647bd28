//! Configurations that are refused, each with what is told: place, field, what is wrong and what would be right.

/// Rows: a bad file, and what is said of it after `config.yaml:`.
pub(super) const BAD: &[(&str, &str)] = &[
    // Fields.
    (
        "polcy: {}\n",
        "1:1: polcy: no such field; the fields here are suites, policy, helm, kubernetes, signals, \
         prometheus, discovery, alerts, alertmanager, web",
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
        "1:1: not what belongs here; write a section with suites, policy, helm, kubernetes, signals, prometheus, discovery, \
         alerts, alertmanager and web",
    ),
    (
        "hello\n",
        "1:1: not what belongs here; write a section with suites, policy, helm, kubernetes, signals, prometheus, discovery, \
         alerts, alertmanager and web",
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
        "3:20: suites[0].gim.metrics.url: not a URL; write for example http://gim.example.com:8249/metrics",
    ),
    (
        "suites:\n- gim:\n    metrics: {url: 'http://me:hidden@gim/metrics'}\n",
        "3:20: suites[0].gim.metrics.url: a URL with a user or password in it is not supported; write it without, \
         and without @",
    ),
    (
        "prometheus: {url: 'admin:hidden@prom:9090'}\n",
        "1:19: prometheus.url: a URL with a user or password in it is not supported; write it without, \
         and without @",
    ),
    (
        "prometheus: {url: 'https://me:hid?den@prom'}\n",
        "1:19: prometheus.url: a URL with a user or password in it is not supported; write it without, \
         and without @",
    ),
    (
        "prometheus: {url: 'https//me:hidden'}\n",
        "1:19: prometheus.url: not a URL; write for example http://gim.example.com:8249/metrics",
    ),
    (
        "suites:\n- gim: {metrics: 'http://me:hidden@gim/metrics'}\n",
        "2:18: suites[0].gim.metrics: a text with @ in it is not a place of metrics; write none, or a section with port and \
         path, url or prometheus",
    ),
    (
        "suites:\n- dependencies: {kafka: {addresses: ['me:hidden@kafka:9092']}}\n",
        "2:38: suites[0].dependencies.kafka.addresses[0]: a text with @ in it is not an address; write host:port, such as \
         kafka.example.com:9092",
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
    // Alerts.
    (
        "alerts: {severities: {GimUpgradeNothing: info}}\n",
        "1:23: alerts.severities.GimUpgradeNothing: there is no alert \"GimUpgradeNothing\"; write one of those that the command `rules` prints",
    ),
    (
        "alerts:\n  severities:\n    GimUpgradeLatencyHigh: grave\n",
        "3:28: alerts.severities.GimUpgradeLatencyHigh: \"grave\" is not a severity; write critical, warning, info or none",
    ),
    (
        "alertmanager: {urls: ['http://a:9093'], labels: {suite: x}}\n",
        "1:50: alertmanager.labels.suite: \"suite\" is no label that can be given; write the name of a label: letters, digits and _, no \
         digit first, no __ first, and none that alerts have themselves",
    ),
    (
        "alerts: {severities: {GimUpgradeInvestigate: info}}\n",
        "1:23: alerts.severities.GimUpgradeInvestigate: GimUpgradeInvestigate is graver or less grave by what fails; it has no \
         severity that can be changed",
    ),
    (
        "alertmanager: {urls: ['http://a:9093', 'http://a:9093/']}\n",
        "1:22: alertmanager.urls: one stands there twice; write each once",
    ),
    (
        "alertmanager: {urls: ['http://a:9093'], user: prometheus}\n",
        "1:15: alertmanager: write user and password_file together, or neither",
    ),
    (
        "alertmanager: {urls: ['http://u:p@a:9093']}\n",
        "1:23: alertmanager.urls[0]: a URL with a user or password in it is not supported; write it without, and without @",
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
