//! What is watched: suites, their components, and where each is found.
//!
//! Made by `config`; the same for as long as a generation lives. Not for thresholds and times: those are `policy`.

use super::names::{Component, Name, PerComponent};

/// One GIM, one GSP and one GCA that are upgraded together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suite {
    /// Its name: label `suite`.
    pub name: Name,
    /// Where its components are.
    pub members: PerComponent<Member>,
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
}

impl Suite {
    /// The suite that is watched without any configuration: `gim`, `gsp` and `gca` in namespaces of the same names
    /// (upgrade guide, Rolling Update: Upgrade, examples).
    #[must_use]
    pub fn default_suite() -> Self {
        let members = PerComponent::from_fn(Member::default_for);
        Self { name: "default".into(), members }
    }
}

impl Member {
    /// The default place of a component: release and namespace of its name, and the companion that the guide has.
    /// GIM serves its metrics on port 8249; those of GSP and GCA are read only where configured.
    #[must_use]
    pub fn default_for(component: Component) -> Self {
        let companion = match component {
            Component::Gim => Some("gim-monitoring".into()),
            Component::Gsp => None,
            Component::Gca => Some("gca-monitoring".into()),
        };
        let endpoint = match component {
            Component::Gim => Some(Endpoint::Pods { port: 8249, path: "/metrics".into() }),
            Component::Gsp | Component::Gca => None,
        };
        Self { namespace: component.as_str().into(), release: component.as_str().into(), companion, endpoint }
    }
}
