//! What is watched: suites, their components, and where each is found.
//!
//! Made by `config`; the same for as long as a generation lives. Not for thresholds and times: those are `policy`.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::database::{DatabaseAt, SchemaExpectation};
use super::dependency::{AggregationAt, AskAt, BackupAt, Dependency};
use super::names::{Component, Name, PerComponent};
use super::scope::HelmAccess;
use super::selector::Selector;
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
    /// Which workloads and pods are its own, where neither Helm's mark nor their names tell.
    pub workloads: Option<Selector>,
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

/// Finds out who owns what: the first suite that names a component's release owns it, and all others have borrowed it, with
/// everything that the owner says of it.
pub fn settle_owners(suites: &mut [Suite]) {
    let mut owners: HashMap<(Component, Name, Name), (Name, Member)> = HashMap::new();
    for suite in suites {
        for &component in Component::ALL {
            let member = suite.members.get_mut(component);
            let key = (component, member.namespace.clone(), member.release.clone());
            match owners.entry(key) {
                Entry::Occupied(owner) => {
                    let (owner, lent) = owner.get();
                    *member = Member { owner: Some(owner.clone()), ..lent.clone() };
                }
                Entry::Vacant(place) => {
                    member.owner = None;
                    place.insert((suite.name.clone(), member.clone()));
                }
            }
        }
    }
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
            workloads: None,
            endpoint,
            owner: None,
            origin: Origin::Configured,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_names_a_release_owns_it() {
        let suite = |name: &str, gsp: &str, metrics: Option<&str>| {
            let mut suite = Suite { name: name.into(), ..Suite::default_suite() };
            for component in [Component::Gim, Component::Gca] {
                suite.members.get_mut(component).namespace = format!("{component}-{name}").into();
            }
            suite.members.gsp.namespace = gsp.into();
            suite.members.gsp.endpoint = metrics.map(|url| Endpoint::Url(url.into()));
            suite
        };
        let mut suites = [suite("b", "gsp", Some("http://b")), suite("a", "gsp", None), suite("c", "other", None)];
        settle_owners(&mut suites);
        let owners = suites.each_ref().map(|suite| suite.members.gsp.owner.as_deref());
        assert_eq!(owners, [None, Some("b"), None]);
        assert_eq!(suites[1].members.gsp.endpoint, Some(Endpoint::Url("http://b".into())), "as its owner says");
        assert!(suites.iter().all(|suite| suite.members.gim.owner.is_none() && suite.members.gca.owner.is_none()));
        let settled = suites.clone();
        settle_owners(&mut suites);
        assert_eq!(suites, settled, "twice is as good as once");
    }
}
