//! From the fields of the file to suites, policy and scope, defaults filled in.
//!
//! Rules that concern one section are here, since only the fields know what was written and what was left out. Not for
//! rules that concern the whole: those are in `check`.

use super::Config;
use super::error::Problem;
use super::fields::{
    DiscoveryFields, File, MemberFields, MetricsAt, PolicyFields, ReleasesFields, SuiteFields, TimesFields,
    WorkloadsFields,
};
use super::span::Span;
use super::surroundings::{Around, PrometheusFields};
use super::values::{Build, Metrics};
use crate::model::discovery::Discovery;
use crate::model::names::{Component, Name, PerComponent};
use crate::model::policy::{Policy, Times};
use crate::model::scope::Scope;
use crate::model::selector::Selector;
use crate::model::suite::{Endpoint, Member, Suite};
use crate::model::version::BuildVersion;

/// Path of a component's metrics endpoint where none is written: Flink's reporter (GSP) answers at the root.
pub(super) const fn default_path(component: Component) -> &'static str {
    match component {
        Component::Gim | Component::Gca => "/metrics",
        Component::Gsp => "/",
    }
}

/// The most namespaces that discovery looks at, each by a watch of its own.
const MAX_NAMESPACES: usize = 1_000;

/// Port of a component's metrics endpoint where none is written: those of GIM and of Flink's reporter (GSP).
const fn default_port(component: Component) -> Option<u16> {
    match component {
        Component::Gim => Some(8249),
        Component::Gsp => Some(9249),
        Component::Gca => None,
    }
}

impl File {
    /// The configuration that these fields mean.
    pub(super) fn resolve(self) -> Result<Config, Problem> {
        let signals = self.signals.unwrap_or_default();
        let discovery = self.discovery.unwrap_or_default().resolve()?;
        let scope = Scope::default();
        let helm = self.helm.unwrap_or_default();
        let helm_access = helm.access.unwrap_or(scope.helm_access);
        let mut suites = match self.suites {
            Some(suites) => {
                suites.into_iter().enumerate().map(|(at, suite)| suite.resolve(at)).collect::<Result<Vec<_>, _>>()?
            }
            None if discovery.is_some() => Vec::new(),
            None => vec![Suite::default_suite()],
        };
        for suite in &mut suites {
            suite.helm_access = helm_access;
        }
        Ok(Config {
            suites,
            policy: self.policy.unwrap_or_default().resolve(signals.interval),
            scope: Scope {
                helm_driver: helm.driver.unwrap_or(scope.helm_driver),
                helm_access,
                kubernetes_scope: self.kubernetes.and_then(|api| api.scope).unwrap_or(scope.kubernetes_scope),
                latency_unit: signals.latency_unit.unwrap_or(scope.latency_unit),
            },
            prometheus: self.prometheus.map(PrometheusFields::resolve).transpose()?,
            discovery,
            alerts: self.alerts.unwrap_or_default().resolve(),
            alertmanager: self.alertmanager.unwrap_or_default().resolve()?,
            web: self.web.unwrap_or_default().resolve(),
        })
    }
}

impl DiscoveryFields {
    fn resolve(self) -> Result<Option<Discovery>, Problem> {
        let enabled = self.enabled.is_some_and(|enabled| enabled.0);
        let written = self.namespaces.is_some();
        let mut namespaces: Vec<Name> = self.namespaces.unwrap_or_default().into_iter().map(|name| name.0).collect();
        namespaces.sort();
        namespaces.dedup();
        if written && !enabled {
            return Err(Problem::new("discovery.namespaces", "nothing is looked for; write enabled: true beside it"));
        }
        if namespaces.len() > MAX_NAMESPACES {
            let what =
                format!("more than {MAX_NAMESPACES} namespaces; leave the list out, or share them among exporters");
            return Err(Problem::new("discovery.namespaces", what));
        }
        Ok(enabled.then_some(Discovery { namespaces }))
    }
}

impl SuiteFields {
    fn resolve(self, at: usize) -> Result<Suite, Problem> {
        let default = Suite::default_suite();
        let target = |fields: &Option<MemberFields>| fields.as_ref()?.target.as_ref().map(|build| build.0.clone());
        let targets = PerComponent { gim: target(&self.gim), gsp: target(&self.gsp), gca: target(&self.gca) };
        let member = |component: Component, fields: Option<MemberFields>| {
            fields.unwrap_or_default().resolve(component, &format!("suites[{at}].{component}"))
        };
        let suite = format!("suites[{at}]");
        let gim = member(Component::Gim, self.gim)?;
        let around = Around {
            dependencies: self.dependencies,
            database: self.database,
            backup: self.backup,
            aggregation: self.aggregation,
        };
        Ok(Suite {
            tenant: self.tenant.map_or(default.tenant, |tenant| Some(tenant.0)),
            targets,
            schema: self.schema.unwrap_or_default().resolve(&suite)?,
            surroundings: around.resolve(&suite, &gim.namespace)?,
            helm_access: default.helm_access,
            name: self.name.map_or(default.name, |name| name.0),
            members: PerComponent {
                gim,
                gsp: member(Component::Gsp, self.gsp)?,
                gca: member(Component::Gca, self.gca)?,
            },
        })
    }
}

impl MemberFields {
    fn resolve(self, component: Component, field: &str) -> Result<Member, Problem> {
        let default = Member::default_for(component);
        Ok(Member {
            namespace: self.namespace.map_or(default.namespace, |name| name.0),
            release: self.release.map_or(default.release, |name| name.0),
            companion: self.companion.map_or(default.companion, |companion| companion.0),
            workloads: self.workloads.map(|workloads| workloads.resolve(&format!("{field}.workloads"))).transpose()?,
            owner: default.owner,
            origin: default.origin,
            endpoint: match self.metrics {
                None => default.endpoint,
                Some(Metrics::None) => None,
                Some(Metrics::At(at)) => Some(at.resolve(component, &format!("{field}.metrics"))?),
            },
        })
    }
}

impl WorkloadsFields {
    fn resolve(self, field: &str) -> Result<Selector, Problem> {
        let by = match (self.label, self.name) {
            (Some(label), None) => label.0,
            (None, Some(name)) => name.0,
            _ => return Err(Problem::new(field, "write either label or name")),
        };
        Ok(Selector { by, pods: self.pods.map(|pods| pods.0) })
    }
}

impl MetricsAt {
    fn resolve(self, component: Component, field: &str) -> Result<Endpoint, Problem> {
        let at_pods = self.port.is_some() || self.path.is_some();
        match (self.url, self.prometheus) {
            (Some(url), None) if !at_pods => return Ok(Endpoint::Url(url.0)),
            (None, Some(matchers)) if !at_pods => return Ok(Endpoint::Prometheus(matchers.0)),
            (None, None) => {}
            (Some(_), _) => {
                let what = "url stands beside others; write the url alone, or port and path";
                return Err(Problem::new(field, what));
            }
            (None, Some(_)) => {
                let what = "prometheus stands beside others; write it alone, or port and path";
                return Err(Problem::new(field, what));
            }
        }
        let Some(port) = self.port.map(|port| port.0).or(default_port(component)) else {
            return Err(Problem::new(field, format!("{component} has no port of its own; write port, or url")));
        };
        Ok(Endpoint::Pods { port, path: self.path.map_or_else(|| Name::from(default_path(component)), |path| path.0) })
    }
}

impl PolicyFields {
    fn resolve(self, interval: Option<Span>) -> Policy {
        let default = Policy::default();
        let mut ignored_topics: Vec<Name> =
            self.ignored_topics.unwrap_or_default().into_iter().map(|topic| topic.0).collect();
        ignored_topics.sort();
        ignored_topics.dedup();
        // Every field is named, so that a new one does not compile until it is configurable.
        Policy {
            times: PerComponent {
                gim: self.gim.unwrap_or_default().resolve(&default.times.gim),
                gsp: self.gsp.unwrap_or_default().resolve(&default.times.gsp),
                gca: self.gca.unwrap_or_default().resolve(&default.times.gca),
            },
            suspect_window: Span::or(self.suspect_window, default.suspect_window),
            cycle: Span::or(self.cycle, default.cycle),
            latency_ok: Span::or(self.latency_ok, default.latency_ok),
            growth_floor: Span::or(self.growth_floor, default.growth_floor),
            trend_window: Span::or(self.trend_window, default.trend_window),
            signal_interval: Span::or(interval, default.signal_interval),
            hold: Span::or(self.hold, default.hold),
            stale_pod_hold: Span::or(self.stale_pod_hold, default.stale_pod_hold),
            propagation: Span::or(self.propagation, default.propagation),
            ignored_topics,
            server_state_min: self.server_state_min.map_or(default.server_state_min, |number| number.0),
            checkpoint_timeout: Span::or(self.checkpoint_timeout, default.checkpoint_timeout),
            config_stale_after: Span::or(self.config_stale_after, default.config_stale_after),
            backup_max_age: Span::or(self.backup_max_age, default.backup_max_age),
            probe_interval: Span::or(self.probe_interval, default.probe_interval),
            probe_hold: Span::or(self.probe_hold, default.probe_hold),
            database_interval: Span::or(self.database_interval, default.database_interval),
            releases: self.releases.map_or(default.releases, ReleasesFields::resolve),
        }
    }
}

impl ReleasesFields {
    fn resolve(self) -> PerComponent<Vec<BuildVersion>> {
        let list = |builds: Option<Vec<Build>>| builds.unwrap_or_default().into_iter().map(|build| build.0).collect();
        PerComponent { gim: list(self.gim), gsp: list(self.gsp), gca: list(self.gca) }
    }
}

impl TimesFields {
    fn resolve(self, default: &Times) -> Times {
        Times {
            helm_timeout: Span::or(self.helm_timeout, default.helm_timeout),
            companion_helm_timeout: Span::or(self.companion_helm_timeout, default.companion_helm_timeout),
            pending_timeout: Span::or(self.pending_timeout, default.pending_timeout),
            image_grace: Span::or(self.image_grace, default.image_grace),
            ready_timeout: Span::or(self.ready_timeout, default.ready_timeout),
            soak: Span::or(self.soak, default.soak),
            settle_timeout: Span::or(self.settle_timeout, default.settle_timeout),
            growth_timeout: Span::or(self.growth_timeout, default.growth_timeout),
            migration_timeout: Span::or(self.migration_timeout, default.migration_timeout),
            metrics_grace: Span::or(self.metrics_grace, default.metrics_grace),
        }
    }
}
