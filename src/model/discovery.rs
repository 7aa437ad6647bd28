//! Discovery: from releases that were found by the names of their charts to suites. Pure.
//!
//! The charts are `gim`, `gsp` and `gca`, with `gim-monitoring` and `gca-monitoring` beside them; releases are called what
//! people like, often after a tenant (`gca-t100`). Each GIM makes a suite. Not for finding the releases: that is `observe`.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{Component, Name, PerComponent};
use super::suite::{Member, Origin, Suite, settle_owners};
use crate::named;

/// The longest name of a suite: it is a label as a namespace's name is (RFC 1123).
const MAX_NAME: usize = 63;
/// What a monitoring release has at its end, by custom.
const MONITORING: &str = "-monitoring";

named! {
    /// A chart of Genesys Info Mart (upgrade guide, Rolling Update: Upgrade).
    pub enum Chart {
        /// Genesys Info Mart.
        Gim = "gim",
        /// The monitoring beside it.
        GimMonitoring = "gim-monitoring",
        /// The GIM stream processor.
        Gsp = "gsp",
        /// The GIM configuration adapter.
        Gca = "gca",
        /// The monitoring beside it.
        GcaMonitoring = "gca-monitoring",
    }
}

/// What is to be discovered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Discovery {
    /// The namespaces that are looked at, sorted; none means all that may be listed.
    pub namespaces: Vec<Name>,
}

/// A release of one of the charts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Found {
    /// Its namespace.
    pub namespace: Name,
    /// Its name.
    pub release: Name,
    /// Its chart.
    pub chart: Chart,
}

/// What the name of a release tells beside its component.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Tenant<'a> {
    /// Nothing: it is called like its component.
    None,
    /// The rest of the name, where it begins or ends with the component's.
    Named(&'a str),
    /// It is called something else altogether.
    Odd,
}

/// Where a release is, and whose it is by its name.
type Key<'a> = (Tenant<'a>, &'a Name);

/// The suites that are configured, and after them those that were found beside them, at most `most` in all. Releases that
/// the configuration names are not discovered again, but a GSP of the configuration may serve suites that were found.
#[must_use]
pub fn suites(found: &BTreeSet<Found>, configured: &[Suite], most: usize) -> Vec<Suite> {
    let finder = Finder::new(found, configured);
    let gims = finder.free(Chart::Gim);
    let gcas = finder.partners(&gims);
    let mut suites = configured.to_vec();
    let mut names: BTreeSet<Name> = configured.iter().map(|suite| suite.name.clone()).collect();
    let mut taken = finder.taken.clone();
    taken.extend(found.iter().map(|found| (found.namespace.clone(), found.release.clone())));
    for (gim, gca) in gims.iter().zip(gcas) {
        if suites.len() >= most {
            break;
        }
        // A component that is not there is looked for where it would be installed; it is absent by evidence.
        let mut place = |component, found: Option<(Name, Name)>| {
            found.unwrap_or_else(|| {
                let absent = would_be(component, gim, &taken);
                taken.insert(absent.clone());
                absent
            })
        };
        let places = PerComponent {
            gim: (gim.namespace.clone(), gim.release.clone()),
            gsp: place(Component::Gsp, finder.stream_processor(gim)),
            gca: place(Component::Gca, gca.map(|gca| (gca.namespace.clone(), gca.release.clone()))),
        };
        let name = unique(&suite_name(gim), &gim.namespace, &names);
        names.insert(name.clone());
        suites.push(Suite {
            name,
            members: places.map(|component, (namespace, release)| Member {
                namespace: namespace.clone(),
                release: release.clone(),
                companion: finder.companion(component, namespace, release),
                origin: Origin::Discovered,
                ..Member::default_for(component)
            }),
            ..Suite::default_suite()
        });
    }
    settle_owners(&mut suites);
    name_tenants(&mut suites, configured.len());
    suites
}

/// Where several suites share a GSP, its tenants are told apart by what their GCAs are called: `gca-<tenant>`.
fn name_tenants(suites: &mut [Suite], configured: usize) {
    let place = |suite: &Suite| (suite.members.gsp.namespace.clone(), suite.members.gsp.release.clone());
    let mut served: BTreeMap<(Name, Name), usize> = BTreeMap::new();
    for suite in &*suites {
        *served.entry(place(suite)).or_default() += 1;
    }
    for suite in suites.iter_mut().skip(configured) {
        let is_shared = served.get(&place(suite)).is_some_and(|count| *count > 1);
        if let Tenant::Named(tenant) = tenant(&suite.members.gca.release, Component::Gca)
            && is_shared
        {
            suite.tenant = Some(tenant.into());
        }
    }
}

/// All that may become part of a suite.
struct Finder<'a> {
    found: &'a BTreeSet<Found>,
    /// Namespaces and names of the releases that the configuration names.
    taken: BTreeSet<(Name, Name)>,
    stream_processors: Vec<(Name, Name)>,
}

impl<'a> Finder<'a> {
    fn new(found: &'a BTreeSet<Found>, configured: &[Suite]) -> Self {
        let mut taken = BTreeSet::new();
        let mut stream_processors = BTreeSet::new();
        for (component, member) in configured.iter().flat_map(|suite| suite.members.iter()) {
            let place = (member.namespace.clone(), member.release.clone());
            if component == Component::Gsp {
                stream_processors.insert(place.clone());
            }
            taken.insert(place);
            taken.extend(member.companion.iter().map(|companion| (member.namespace.clone(), companion.clone())));
        }
        for gsp in found.iter().filter(|found| found.chart == Chart::Gsp) {
            let place = (gsp.namespace.clone(), gsp.release.clone());
            if !taken.contains(&place) {
                stream_processors.insert(place);
            }
        }
        Self { found, taken, stream_processors: stream_processors.into_iter().collect() }
    }

    /// The releases of a chart that the configuration does not name, sorted.
    fn free(&self, chart: Chart) -> Vec<&'a Found> {
        let is_free = |found: &Found| !self.taken.contains(&(found.namespace.clone(), found.release.clone()));
        self.found.iter().filter(|found| found.chart == chart && is_free(found)).collect()
    }

    /// The GCA of each GIM: of the same name and namespace, else of the same name, else of the same namespace, else the
    /// only one; each only where both sides leave no choice.
    fn partners(&self, gims: &[&'a Found]) -> Vec<Option<&'a Found>> {
        let gcas = self.free(Chart::Gca);
        let mut partners = vec![None; gims.len()];
        pair(gims, &gcas, &mut partners, |key| Some(key.clone()));
        pair(gims, &gcas, &mut partners, |(tenant, _)| (*tenant != Tenant::Odd).then(|| tenant.clone()));
        pair(gims, &gcas, &mut partners, |(_, namespace)| Some(*namespace));
        pair(gims, &gcas, &mut partners, |_| Some(()));
        partners
    }

    /// The GSP of a GIM, chosen likewise; but one may serve them all.
    fn stream_processor(&self, gim: &Found) -> Option<(Name, Name)> {
        let own = key(gim, Component::Gim);
        let only = |fits: &dyn Fn(&Key<'_>) -> bool| {
            let mut fitting = self
                .stream_processors
                .iter()
                .filter(|(namespace, release)| fits(&(whose(namespace, release, Component::Gsp), namespace)));
            fitting.next().filter(|_| fitting.next().is_none()).cloned()
        };
        only(&|key| *key == own)
            .or_else(|| only(&|(tenant, _)| *tenant == own.0 && *tenant != Tenant::Odd))
            .or_else(|| only(&|(_, namespace)| *namespace == own.1))
            .or_else(|| only(&|(tenant, _)| *tenant == Tenant::None))
            .or_else(|| only(&|_| true))
    }

    /// The monitoring release beside a component: called after it, else after its tenant, else the only one there.
    fn companion(&self, component: Component, namespace: &Name, release: &Name) -> Option<Name> {
        let (main, chart) = match component {
            Component::Gim => (Chart::Gim, Chart::GimMonitoring),
            Component::Gca => (Chart::Gca, Chart::GcaMonitoring),
            Component::Gsp => return None,
        };
        let here: Vec<&Name> =
            self.free(chart).into_iter().filter(|found| found.namespace == *namespace).map(|f| &f.release).collect();
        let stem = |companion: &Name| companion.strip_suffix(MONITORING).map(str::to_owned);
        if let Some(companion) = here.iter().find(|companion| stem(companion).as_deref() == Some(release)) {
            return Some((*companion).clone());
        }
        let alone = self.found.iter().filter(|found| found.chart == main && found.namespace == *namespace).count() == 1;
        match here[..] {
            [companion] if alone => Some(companion.clone()),
            _ => None,
        }
    }
}

/// Pairs those that have a key in common with nobody else.
fn pair<'a, K: Ord>(
    gims: &[&'a Found],
    gcas: &[&'a Found],
    partners: &mut [Option<&'a Found>],
    by: impl Fn(&Key<'a>) -> Option<K>,
) {
    let mut groups: BTreeMap<K, (Vec<usize>, Vec<&'a Found>)> = BTreeMap::new();
    for (at, gim) in gims.iter().enumerate().filter(|(at, _)| matches!(partners.get(*at), Some(None))) {
        if let Some(key) = by(&key(gim, Component::Gim)) {
            groups.entry(key).or_default().0.push(at);
        }
    }
    let is_free = |gca: &&&Found| !partners.contains(&Some(**gca));
    for gca in gcas.iter().filter(is_free) {
        if let Some(key) = by(&key(gca, Component::Gca)) {
            groups.entry(key).or_default().1.push(gca);
        }
    }
    for (gims_of_key, gcas_of_key) in groups.into_values() {
        if let ([at], [gca]) = (&gims_of_key[..], &gcas_of_key[..])
            && let (Some(gim), Some(partner)) = (gims.get(*at), partners.get_mut(*at))
            && !contradict(gim, gca)
        {
            *partner = Some(gca);
        }
    }
}

/// Whether a GIM and a GCA are called after different tenants.
fn contradict(gim: &Found, gca: &Found) -> bool {
    match (key(gim, Component::Gim).0, key(gca, Component::Gca).0) {
        (Tenant::Named(gim), Tenant::Named(gca)) => gim != gca,
        _ => false,
    }
}

fn key(found: &Found, component: Component) -> Key<'_> {
    (whose(&found.namespace, &found.release, component), &found.namespace)
}

/// The tenant by the release's name, else by the namespace's.
fn whose<'a>(namespace: &'a str, release: &'a str, component: Component) -> Tenant<'a> {
    match (tenant(release, component), tenant(namespace, component)) {
        (Tenant::None, Tenant::Named(tenant)) => Tenant::Named(tenant),
        (by_release, _) => by_release,
    }
}

/// What the name of a release, or of a namespace, tells beside the component.
fn tenant(name: &str, component: Component) -> Tenant<'_> {
    let component = component.as_str();
    if name == component {
        return Tenant::None;
    }
    let before = || name.strip_prefix(component)?.strip_prefix('-');
    let after = || name.strip_suffix(component)?.strip_suffix('-');
    before().or_else(after).filter(|rest| !rest.is_empty()).map_or(Tenant::Odd, Tenant::Named)
}

/// Where a component of GIM's suite would be installed, of which there is no release.
fn would_be(component: Component, gim: &Found, taken: &BTreeSet<(Name, Name)>) -> (Name, Name) {
    let usual = match tenant(&gim.release, Component::Gim) {
        Tenant::None => component.as_str().to_owned(),
        Tenant::Named(tenant) => format!("{component}-{tenant}"),
        Tenant::Odd => format!("{}-{component}", gim.release),
    };
    let usual = (gim.namespace.clone(), Name::from(usual));
    if taken.contains(&usual) { (usual.0, format!("{}-{component}", gim.release).into()) } else { usual }
}

/// What a suite is called after: the name of its GIM, else GIM's namespace, else nothing.
fn suite_name(gim: &Found) -> String {
    let name = match (tenant(&gim.release, Component::Gim), tenant(&gim.namespace, Component::Gim)) {
        (Tenant::Named(name), _) | (Tenant::None, Tenant::Named(name)) => name,
        (Tenant::Odd, _) => &gim.release,
        (Tenant::None, Tenant::Odd) => &gim.namespace,
        (Tenant::None, Tenant::None) => "default",
    };
    // Releases may have dots in their names, labels of this kind may not.
    name.replace('.', "-")
}

/// A name that no other suite has.
fn unique(name: &str, namespace: &str, names: &BTreeSet<Name>) -> Name {
    let cut = |text: &str, most: usize| text.chars().take(most).collect::<String>().trim_end_matches('-').to_owned();
    let first = cut(name, MAX_NAME);
    let second = cut(&format!("{name}-{namespace}"), MAX_NAME);
    let numbered = (2_u32..).map(|number| {
        let end = format!("-{number}");
        cut(&second, MAX_NAME.saturating_sub(end.len())) + &end
    });
    let mut candidates = [first, second.clone()].into_iter().chain(numbered).map(Name::from);
    // The numbers do not end before the suites do.
    candidates.find(|name| !names.contains(name)).unwrap_or_else(|| second.into())
}

#[cfg(test)]
mod tests;
