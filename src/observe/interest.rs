//! Interest: which namespaces and releases of the cluster are looked at, from the suites.
//!
//! A cluster-wide watch hears of everything; what is of no interest is dropped as soon as it is read.

use std::collections::BTreeSet;

use super::objects::Identity;
use crate::model::config_map::ConfigMap;
use crate::model::names::{Component, Name};
use crate::model::release::Revision;
use crate::model::suite::Suite;
use crate::model::workload::{Pod, ReplicaSet, Workload};

/// What is of interest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interest {
    /// Whether everything is of interest, wherever it is.
    everything: bool,
    namespaces: BTreeSet<Name>,
    releases: BTreeSet<(Name, Name)>,
}

impl Interest {
    /// What `suites` are made of.
    #[must_use]
    pub fn of(suites: &[Suite]) -> Self {
        let mut interest = Self::default();
        for (_, member) in suites.iter().flat_map(|suite| suite.members.iter()) {
            interest.namespaces.insert(Name::clone(&member.namespace));
            for release in std::iter::once(&member.release).chain(&member.companion) {
                interest.releases.insert((Name::clone(&member.namespace), Name::clone(release)));
            }
        }
        interest
    }

    /// A namespace that is watched beside those of the suites' components, and no release in it.
    #[must_use]
    pub fn in_namespace(namespace: Name) -> Self {
        Self { namespaces: BTreeSet::from([namespace]), ..Self::default() }
    }

    /// Everything that there is: for looking for suites.
    #[must_use]
    pub fn everything() -> Self {
        Self { everything: true, ..Self::default() }
    }

    /// What one component of `suites` is made of.
    #[must_use]
    pub fn of_component(suites: &[Suite], component: Component) -> Self {
        let namespaces = suites.iter().map(|suite| Name::clone(&suite.members.get(component).namespace)).collect();
        let releases = suites.iter().map(|suite| suite.members.get(component));
        let releases = releases.map(|member| (Name::clone(&member.namespace), Name::clone(&member.release))).collect();
        Self { everything: false, namespaces, releases }
    }

    /// The namespaces, sorted.
    pub fn namespaces(&self) -> impl ExactSizeIterator<Item = &Name> {
        self.namespaces.iter()
    }

    /// The names of releases, sorted, each once.
    #[must_use]
    pub fn release_names(&self) -> BTreeSet<&Name> {
        self.releases.iter().map(|(_, release)| release).collect()
    }

    /// Whether an undecodable object counts: it does unless it is known to be elsewhere.
    #[must_use]
    pub fn may_be_ours(&self, who: &Identity) -> bool {
        who.namespace.as_ref().is_none_or(|namespace| self.has(namespace))
    }

    /// Whether the pod is of interest.
    #[must_use]
    pub fn pod(&self, pod: &Pod) -> bool {
        self.has(&pod.namespace)
    }

    /// Whether the workload is of interest.
    #[must_use]
    pub fn workload(&self, workload: &Workload) -> bool {
        self.has(&workload.namespace)
    }

    /// Whether the `ReplicaSet` is of interest.
    #[must_use]
    pub fn replica_set(&self, set: &ReplicaSet) -> bool {
        self.has(&set.namespace)
    }

    fn has(&self, namespace: &Name) -> bool {
        self.everything || self.namespaces.contains(namespace)
    }

    /// Whether the `ConfigMap` is of interest: one without label `app` is nobody's state.
    #[must_use]
    pub fn config_map(&self, map: &ConfigMap) -> bool {
        map.app.is_some() && self.has(&map.namespace)
    }

    /// Whether the revision is of interest.
    #[must_use]
    pub fn revision(&self, revision: &Revision) -> bool {
        self.everything || self.releases.contains(&(Name::clone(&revision.namespace), Name::clone(&revision.release)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suite_is_its_namespaces_and_releases() {
        let interest = Interest::of(&[Suite::default_suite(), Suite::default_suite()]);
        let namespaces: Vec<&str> = interest.namespaces().map(|name| &**name).collect();
        assert_eq!(namespaces, ["gca", "gim", "gsp"]);
        let releases: Vec<&str> = interest.release_names().into_iter().map(|name| &**name).collect();
        assert_eq!(releases, ["gca", "gca-monitoring", "gim", "gim-monitoring", "gsp"]);
    }

    #[test]
    fn a_component_is_its_own_namespace() {
        let interest = Interest::of_component(&[Suite::default_suite()], Component::Gsp);
        assert_eq!(interest.namespaces().map(|name| &**name).collect::<Vec<_>>(), ["gsp"]);
        let map = |namespace: &str, app: Option<&str>| ConfigMap {
            namespace: namespace.into(),
            name: "state".into(),
            app: app.map(Into::into),
            created: crate::model::time::Timestamp::UNIX_EPOCH,
        };
        assert!(interest.config_map(&map("gsp", Some("gsp"))));
        assert!(!interest.config_map(&map("gsp", None)));
        assert!(!interest.config_map(&map("gim", Some("gsp"))));
    }

    #[test]
    fn what_is_known_to_be_elsewhere_is_not_ours() {
        let interest = Interest::of(&[Suite::default_suite()]);
        let who = |namespace: Option<&str>| Identity { namespace: namespace.map(Name::from), ..Identity::default() };
        assert!(interest.may_be_ours(&who(Some("gim"))));
        assert!(interest.may_be_ours(&who(None)));
        assert!(!interest.may_be_ours(&who(Some("kube-system"))));
    }
}
