//! Belonging: which release of a namespace made a workload.
//!
//! Helm's own mark tells, where it is there; else the configuration, where it says; else the longest release whose name the workload's begins with, among all
//! releases of all suites in the namespace: `gim-monitoring-x` is no workload of `gim` where there is a `gim-monitoring`. Not
//! for a workload's pods: ownerReferences tell those.

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::names::Name;
use crate::model::selector::Selector;
use crate::model::suite::Suite;
use crate::model::workload::{AppLabels, Workload, WorkloadKind};

/// What belongs to which release, by namespace.
#[derive(Debug)]
pub struct Belonging(HashMap<Name, Rules>);

#[derive(Debug, Default)]
struct Rules {
    /// The releases whose workloads the configuration tells.
    told: Vec<(Selector, Name)>,
    /// The others, longest first.
    named: Vec<Name>,
}

impl Belonging {
    /// The releases and companions of these suites.
    pub fn new(suites: &[Arc<Suite>]) -> Self {
        let mut rules: HashMap<Name, Rules> = HashMap::new();
        let members = suites.iter().flat_map(|suite| suite.members.iter());
        for (_, member) in members.filter(|(_, member)| member.owner.is_none()) {
            let of_namespace = rules.entry(member.namespace.clone()).or_default();
            match &member.workloads {
                Some(selector) => of_namespace.told.push((selector.clone(), member.release.clone())),
                None => of_namespace.named.push(member.release.clone()),
            }
            of_namespace.named.extend(member.companion.clone());
        }
        for of_namespace in rules.values_mut() {
            of_namespace.named.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
            of_namespace.named.dedup();
        }
        Self(rules)
    }

    /// The release that made a workload; `None` where none of the suites' did. A `Job` needs Helm's mark: those without it
    /// are hooks, which come and go beside the release.
    pub fn release<'a>(&'a self, workload: &'a Workload) -> Option<&'a Name> {
        if workload.release.is_some() || workload.kind == WorkloadKind::Job {
            return workload.release.as_ref();
        }
        let Workload { namespace, name, labels, .. } = workload;
        self.told(namespace, name, labels).map(|(_, release)| release).or_else(|| self.by_name(namespace, name))
    }

    /// The release to which the configuration gives an object, and how: the first that selects it.
    pub fn told(&self, namespace: &Name, name: &str, labels: &AppLabels) -> Option<(&Selector, &Name)> {
        let told = &self.0.get(namespace)?.told;
        told.iter().find(|(selector, _)| selector.selects(name, labels)).map(|(selector, release)| (selector, release))
    }

    /// How the configuration tells what a release's is, where it does.
    pub fn selector(&self, namespace: &Name, release: &Name) -> Option<&Selector> {
        self.0.get(namespace)?.told.iter().find(|(_, of)| of == release).map(|(selector, _)| selector)
    }

    fn by_name(&self, namespace: &Name, name: &str) -> Option<&Name> {
        self.0.get(namespace)?.named.iter().find(|release| begins_with(name, release))
    }
}

/// Whether a name is a release's or begins with it and a hyphen, as charts name what they make.
fn begins_with(name: &str, release: &str) -> bool {
    name.strip_prefix(release).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_release_that_a_name_begins_with_made_it() {
        let mut one = Suite::default_suite();
        let mut other = Suite { name: "t100".into(), ..Suite::default_suite() };
        for (suite, tenant) in [(&mut one, ""), (&mut other, "-t100")] {
            for component in crate::model::names::Component::ALL {
                let member = suite.members.get_mut(*component);
                member.namespace = "all".into();
                member.release = format!("{component}{tenant}").into();
                member.companion = member.companion.as_ref().map(|_| format!("{}-monitoring", member.release).into());
            }
        }
        let belonging = Belonging::new(&[Arc::new(one), Arc::new(other)]);
        let cases = [
            ("gim", Some("gim")),
            ("gim-etl", Some("gim")),
            ("gim-t100", Some("gim-t100")),
            ("gim-t100-etl", Some("gim-t100")),
            ("gim-t1000", Some("gim")),
            ("gim-monitoring", Some("gim-monitoring")),
            ("gim-t100-monitoring-agent", Some("gim-t100-monitoring")),
            ("gimlet", None),
        ];
        for (name, release) in cases {
            assert_eq!(belonging.by_name(&"all".into(), name).map(|name| &**name), release, "{name}");
        }
        assert_eq!(belonging.by_name(&"elsewhere".into(), "gim"), None);
    }
}
