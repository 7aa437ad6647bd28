//! What is watched: suites, their components, and where each is found.
//!
//! Made by `config`; the same for as long as a generation lives. Not for thresholds and times: those are `policy`.

use super::database::{DatabaseAt, SchemaExpectation};
use super::dependency::{AggregationAt, AskAt, BackupAt, Dependency};
use super::names::{Component, Name, PerComponent};
use super::scope::HelmAccess;
use super::version::BuildVersion;
use crate::named;

/// One GIM, one GSP and one GCA that are upgraded together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suite {
    /// Its name: label `suite`.
    pub name: Name,
    /// Where its components are.
    pub members: PerComponent<Member>,
    /// The tenant whose configuration GSP takes from this suite's GCA; `None` where GSP has only one.
    pub tenant: Option<Name>,
    /// The builds that are to be reached; `None` where none is configured.
    pub targets: PerComponent<Option<BuildVersion>>,
    /// What the Info Mart's schema is expected to be at the target.
    pub schema: SchemaExpectation,
    /// What stands around it.
    pub surroundings: Surroundings,
    /// Whether the releases of its components are read.
    pub helm_access: HelmAccess,
}

/// What a suite depends on, and where each is asked; `None` where it is not configured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// Kafka.
    pub kafka: Option<AskAt>,
    /// `PostgreSQL`, as a server that answers.
    pub database: Option<AskAt>,
    /// Object storage.
    pub object_storage: Option<AskAt>,
    /// The Info Mart database, as far as it tells about a migration.
    pub info_mart: Option<DatabaseAt>,
    /// The backup of the Info Mart database.
    pub backup: Option<BackupAt>,
    /// The aggregation (RAA) beside it.
    pub aggregation: Option<AggregationAt>,
    /// The certificate authorities to trust where any of these is asked over TLS, beside the system's.
    pub ca_file: Option<Name>,
}

impl Surroundings {
    /// Where a dependency is asked.
    #[must_use]
    pub const fn dependency(&self, dependency: Dependency) -> Option<&AskAt> {
        match dependency {
            Dependency::Kafka => self.kafka.as_ref(),
            Dependency::Database => self.database.as_ref(),
            Dependency::ObjectStorage => self.object_storage.as_ref(),
        }
    }
}

/// Where one component of a suite is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its namespace.
    pub namespace: Name,
    /// Its Helm release.
    pub release: Name,
    /// The monitoring release beside it, where it has one.
    pub companion: Option<Name>,
    /// Where its metrics are read, where they are.
    pub endpoint: Option<Endpoint>,
    /// The suite under which it is judged and exposed, where that is another one: a GSP may serve several suites.
    pub owner: Option<Name>,
    /// How it came to be watched.
    pub origin: Origin,
}

named! {
    /// How a component came to be watched.
    pub enum Origin {
        /// The configuration names it.
        Configured = "configured",
        /// It was found by the name of its chart.
        Discovered = "discovered",
    }
}

/// Where a component's metrics are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// From each pod of the component, at its own address.
    Pods {
        /// The port.
        port: u16,
        /// The path, beginning with `/`.
        path: Name,
    },
    /// From one fixed URL.
    Url(Name),
    /// From a Prometheus that scrapes it: the label matchers that select its series, such as `namespace="gim"`.
    Prometheus(Name),
}

impl Suite {
    /// The suite that is watched without any configuration: `gim`, `gsp` and `gca` in namespaces of the same names
    /// (upgrade guide, Rolling Update: Upgrade, examples).
    #[must_use]
    pub fn default_suite() -> Self {
        let members = PerComponent::from_fn(Member::default_for);
        Self {
            name: "default".into(),
            members,
            tenant: None,
            targets: PerComponent::default(),
            schema: SchemaExpectation::default(),
            surroundings: Surroundings::default(),
            helm_access: HelmAccess::Read,
        }
    }
}

impl Member {
    /// The default place of a component: release and namespace of its name, and the companion that the guide has.
    /// GIM serves its metrics on port 8249, GSP those of Flink on port 9249 and path `/` (Genesys documents both); those
    /// of GCA are read only where configured.
    #[must_use]
    pub fn default_for(component: Component) -> Self {
        let companion = match component {
            Component::Gim => Some("gim-monitoring".into()),
            Component::Gsp => None,
            Component::Gca => Some("gca-monitoring".into()),
        };
        let endpoint = match component {
            Component::Gim => Some(Endpoint::Pods { port: 8249, path: "/metrics".into() }),
            Component::Gsp => Some(Endpoint::Pods { port: 9249, path: "/".into() }),
            Component::Gca => None,
        };
        Self {
            namespace: component.as_str().into(),
            release: component.as_str().into(),
            companion,
            endpoint,
            owner: None,
            origin: Origin::Configured,
        }
    }
}
