//! The fields of the configuration file: name, meaning and default of each, in one place.
//!
//! Types that serde reads, the reference that people read, and the defaults all come from these declarations. Not for what
//! a single value may be (`values`), nor for what the fields come to (`resolve`).

use std::time::Duration;

use super::alerting::{AlertmanagerFields, AlertsFields};
use super::places::Matchers;
use super::reference::Row;
use super::resolve::default_path;
use super::span::{Span, spell};
use super::surroundings::{
    AggregationFields, BackupFields, DatabaseFields, DependenciesFields, PrometheusFields, SchemaFields,
};
use super::values::{
    Build, Companion, Count, LabelIs, Metrics, NamePattern, Namespace, Number, Port, Release, SuiteName, Switch, Takes,
    Tenant, Topic, Url, UrlPath,
};
use super::web::WebFields;
use crate::model::names::{Component, PerComponent};
use crate::model::policy::{Policy, Times};
use crate::model::scope::{HelmAccess, HelmDriver, KubernetesScope, LatencyUnit, Scope};
use crate::model::suite::{Endpoint, Member};

/// Declares a section of the file: a struct for serde, whose fields may all be left out, and its rows for the reference.
macro_rules! section {
    ($(#[doc = $intro:literal])+ $name:ident { $($(#[doc = $doc:literal])+ $field:ident: $kind:ty = $default:expr;)+ }) => {
        $(#[doc = $intro])+
        #[derive(Debug, Default, serde::Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub(super) struct $name { $($(#[doc = $doc])+ pub(super) $field: Option<$kind>,)+ }

        impl $name {
            /// Its fields, for the reference.
            pub(super) fn rows() -> Vec<Row> {
                vec![$(Row {
                    field: stringify!($field),
                    takes: <$kind as Takes>::TAKES,
                    short: <$kind as Takes>::SHORT,
                    default: $default.to_string(),
                    meaning: concat!($($doc),+).trim(),
                }),+]
            }
        }

        impl Takes for $name {
            const TAKES: &'static str = concat!("a section with ", section!(@names $($field)+));
            const SHORT: &'static str = "a section";
        }
    };
    (@names $last:ident) => { stringify!($last) };
    (@names $first:ident $second:ident) => { concat!(stringify!($first), " and ", stringify!($second)) };
    (@names $first:ident $($rest:ident)+) => { concat!(stringify!($first), ", ", section!(@names $($rest)+)) };
}

section! {
    /// The whole file.
    File {
        /// What is watched: one entry for each GIM with its GSP and GCA.
        suites: Vec<SuiteFields> = "one suite named `default`; none with discovery";
        /// By which times and values it is judged.
        policy: PolicyFields = "";
        /// How Helm keeps its releases.
        helm: HelmFields = "";
        /// How the Kubernetes API is used.
        kubernetes: KubernetesFields = "";
        /// How the components' own metrics are read.
        signals: SignalsFields = "";
        /// A Prometheus that is asked where a field says so.
        prometheus: PrometheusFields = "";
        /// How suites are found that are not written here.
        discovery: DiscoveryFields = "";
        /// What alert rules are made of.
        alerts: AlertsFields = "";
        /// Where the exporter posts its own alerts.
        alertmanager: AlertmanagerFields = "";
        /// Who may look at what the exporter says.
        web: WebFields = "";
    }
}

section! {
    /// One suite.
    SuiteFields {
        /// Value of the label `suite`; no two suites may have the same.
        name: SuiteName = code("default");
        /// Where Genesys Info Mart is found.
        gim: MemberFields = "";
        /// Where the GIM stream processor is found. Several suites may name the same one.
        gsp: MemberFields = "";
        /// Where the GIM configuration adapter is found.
        gca: MemberFields = "";
        /// What the suite cannot work without.
        dependencies: DependenciesFields = "";
        /// The Info Mart database, read for what `schema` expects.
        database: DatabaseFields = "";
        /// What the Info Mart's schema is after the upgrade.
        schema: SchemaFields = "";
        /// Where the backup of the Info Mart database is seen.
        backup: BackupFields = "";
        /// The aggregation (RAA) beside the suite.
        aggregation: AggregationFields = "";
        /// The tenant by which GSP's metrics name this suite's GCA, where several suites share a GSP.
        tenant: Tenant = "";
    }
}

section! {
    /// Where one component is found.
    MemberFields {
        /// Its namespace.
        namespace: Namespace = members(|member| member.namespace.to_string());
        /// Its Helm release.
        release: Release = members(|member| member.release.to_string());
        /// The monitoring release beside it, in the same namespace.
        companion: Companion = members(|member| member.companion.as_deref().unwrap_or("none").to_owned());
        /// Which workloads and pods are its own, where neither Helm's mark nor names that begin with the release's tell.
        workloads: WorkloadsFields = "";
        /// Where its metrics are read.
        metrics: Metrics = members(|member| match &member.endpoint {
            Some(Endpoint::Pods { port, path }) => format!("port {port}, path {path}"),
            Some(Endpoint::Url(url)) => url.to_string(),
            Some(Endpoint::Prometheus(matchers)) => matchers.to_string(),
            None => "none".to_owned(),
        });
        /// The build that it is to reach. Those after it in order may not be upgraded while it is below.
        target: Build = "";
    }
}

section! {
    /// Which workloads and pods are a component's: by a label, or by their names.
    WorkloadsFields {
        /// A label that they have: `app` or `app.kubernetes.io/name`.
        label: LabelIs = "";
        /// What they are called, `*` standing for anything.
        name: NamePattern = "";
        /// How many pods there must be that no `StatefulSet`, `Deployment` or `Job` keeps.
        pods: Count = "as many as there are";
    }
}

section! {
    /// Where metrics are read: at each pod's own address, at one URL, or from Prometheus.
    MetricsAt {
        /// Port of each pod.
        port: Port = "8249 (gim), 9249 (gsp); required for gca";
        /// Path at each pod.
        path: UrlPath = per_component(|component| default_path(component).to_owned());
        /// One fixed URL instead of the pods.
        url: Url = "";
        /// Label matchers that select the component's series in `prometheus`, instead of the pods.
        prometheus: Matchers = "";
    }
}

section! {
    /// Times and values by which suites are judged.
    PolicyFields {
        /// How long after its end an operation is the suspect when its component is unhealthy.
        suspect_window: Span = policy(|policy| policy.suspect_window);
        /// Operations of one suite closer together than this belong to one upgrade cycle.
        cycle: Span = policy(|policy| policy.cycle);
        /// Latency of Kafka consumption up to which it counts as low.
        latency_ok: Span = policy(|policy| policy.latency_ok);
        /// Latency below which no rise counts as growth.
        growth_floor: Span = policy(|policy| policy.growth_floor);
        /// Length of the window of samples that the trend is read from: 4 to 600 times `signals.interval`.
        trend_window: Span = policy(|policy| policy.trend_window);
        /// How long a failing signal must fail before it counts, and how long restarts are remembered.
        hold: Span = policy(|policy| policy.hold);
        /// How long a stale pod must be so before it is told.
        stale_pod_hold: Span = policy(|policy| policy.stale_pod_hold);
        /// How long after Helm's last write the workloads' own word is not trusted yet.
        propagation: Span = policy(|policy| policy.propagation);
        /// Topics whose latency does not count, such as retired ones.
        ignored_topics: Vec<Topic> = code("[]");
        /// How often dependencies are asked; at least 100ms.
        probe_interval: Span = policy(|policy| policy.probe_interval);
        /// How long a dependency that answered before must fail before it counts as down, where one failure is no proof.
        probe_hold: Span = policy(|policy| policy.probe_hold);
        /// How often the Info Mart database is read; at least 1s.
        database_interval: Span = policy(|policy| policy.database_interval);
        /// How long GSP's Flink job may be without a completed checkpoint.
        checkpoint_timeout: Span = policy(|policy| policy.checkpoint_timeout);
        /// How old the newest configuration that GSP took from GCA may be.
        config_stale_after: Span = policy(|policy| policy.config_stale_after);
        /// The lowest `gim_server_state` that is well.
        server_state_min: Number = code(&Policy::default().server_state_min.to_string());
        /// How old the newest backup of the Info Mart database may be when GIM is upgraded.
        backup_max_age: Span = policy(|policy| policy.backup_max_age);
        /// The releases that there are of each component: within two of the newest is supported.
        releases: ReleasesFields = "";
        /// Times of GIM.
        gim: TimesFields = "";
        /// Times of GSP.
        gsp: TimesFields = "";
        /// Times of GCA.
        gca: TimesFields = "";
    }
}

section! {
    /// The releases that there are, oldest first. A build between two of them counts as the older one.
    ReleasesFields {
        /// Of GIM.
        gim: Vec<Build> = code("[]");
        /// Of GSP.
        gsp: Vec<Build> = code("[]");
        /// Of GCA.
        gca: Vec<Build> = code("[]");
    }
}

section! {
    /// Times by which one component is judged.
    TimesFields {
        /// The `--timeout` that `helm` is run with; Helm records the real one nowhere.
        helm_timeout: Span = times(|times| times.helm_timeout);
        /// The same for the companion's release.
        companion_helm_timeout: Span = times(|times| times.companion_helm_timeout);
        /// How long a pod may be without a node, or without its image where no error is told.
        pending_timeout: Span = times(|times| times.pending_timeout);
        /// How long pulling an image may fail before it counts: a registry's hiccup.
        image_grace: Span = times(|times| times.image_grace);
        /// From the operation's begin to all pods Ready.
        ready_timeout: Span = times(|times| times.ready_timeout);
        /// How long pods must be Ready without a restart before they are believed.
        soak: Span = times(|times| times.soak);
        /// From Ready to signals normal.
        settle_timeout: Span = times(|times| times.settle_timeout);
        /// From Ready, before which a rising backlog is not held against the operation.
        growth_timeout: Span = times(|times| times.growth_timeout);
        /// From Ready to the schema migrated.
        migration_timeout: Span = times(|times| times.migration_timeout);
        /// How long a Ready pod may be without a sample.
        metrics_grace: Span = times(|times| times.metrics_grace);
    }
}

section! {
    /// How Helm keeps its releases.
    HelmFields {
        /// Where: Helm's own `HELM_DRIVER`.
        driver: HelmDriver = code(Scope::default().helm_driver.as_str());
        /// Whether they are read. `none`: no Secret is read, and operations are told by the workloads alone.
        access: HelmAccess = code(Scope::default().helm_access.as_str());
    }
}

section! {
    /// How the Kubernetes API is used.
    KubernetesFields {
        /// How wide the watches are. `auto`: cluster-wide where that is permitted, else one watch per namespace.
        scope: KubernetesScope = code(Scope::default().kubernetes_scope.as_str());
    }
}

section! {
    /// How the components' own metrics are read.
    SignalsFields {
        /// How often; at least 100ms.
        interval: Span = policy(|policy| policy.signal_interval);
        /// Unit of `gim_kafka_timestamp_behind`.
        latency_unit: LatencyUnit = code(Scope::default().latency_unit.as_str());
    }
}

section! {
    /// How suites are found that the file does not name: by the charts `gim`, `gsp` and `gca`, whatever their releases are
    /// called.
    DiscoveryFields {
        /// Whether they are looked for.
        enabled: Switch = code("false");
        /// The namespaces that are looked at; all that may be listed where none is written.
        namespaces: Vec<Namespace> = code("[]");
    }
}

impl Takes for Vec<Namespace> {
    const TAKES: &'static str = "a list of namespaces";
}

impl Takes for Vec<SuiteFields> {
    const TAKES: &'static str = "a list of suites";
}

impl Takes for Vec<Build> {
    const TAKES: &'static str = "a list of builds, oldest first";
}

impl Takes for Vec<Topic> {
    const TAKES: &'static str = "a list of topics";
}

/// A default that is written as it stands in the file.
pub(super) fn code(text: &str) -> String {
    format!("`{text}`")
}

fn policy(of: impl Fn(&Policy) -> Duration) -> String {
    code(&spell(of(&Policy::default())))
}

fn times(of: impl Fn(&Times) -> Duration) -> String {
    per_component(|component| spell(of(&Times::default_for(component))))
}

fn members(of: impl Fn(&Member) -> String) -> String {
    per_component(|component| of(&Member::default_for(component)))
}

/// One default where all components have the same, else each with its component.
fn per_component(of: impl Fn(Component) -> String) -> String {
    let all = PerComponent::from_fn(of);
    if all.gim == all.gsp && all.gsp == all.gca {
        return code(&all.gim);
    }
    let each: Vec<_> = all.iter().map(|(component, text)| format!("{} ({component})", code(text))).collect();
    each.join(", ")
}
