//! Permissions: what the observers of a configuration ask the API server for, and which of it an account may not do.
//!
//! A watch that is refused says the same later, and only of the first verb that it needs; this asks before, verb by verb. Not for
//! what is done about it: a source without permission is reported, and the rest goes on.

use std::collections::BTreeSet;

use futures::stream::{self, StreamExt, TryStreamExt};
use serde::Deserialize;
use serde_json::json;

use super::client::{ApiClient, collect};
use super::fetch::FetchError;
use crate::model::dependency::BackupAt;
use crate::model::discovery::Discovery;
use crate::model::names::{Component, Name};
use crate::model::scope::{HelmAccess, HelmDriver, KubernetesScope, Scope};
use crate::model::suite::Suite;

/// Where it is asked what the account may do. Every account may ask that of itself.
const REVIEWS: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
/// How many are asked at once.
const AT_ONCE: usize = 8;
/// The largest answer that is read: one has less than 1 KiB.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// One verb on one resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    /// The namespace; `None` for all.
    pub namespace: Option<Name>,
    /// Group of the API; empty for the core.
    pub group: &'static str,
    /// The resource, in the plural.
    pub resource: &'static str,
    /// The verb.
    pub verb: &'static str,
}

/// What is watched of every component, beside Helm's storage.
const OF_COMPONENTS: [(&str, &str); 5] =
    [("", "pods"), ("apps", "statefulsets"), ("apps", "deployments"), ("apps", "replicasets"), ("batch", "jobs")];

/// What the observers of these suites need, and those of all that may be found. With `scope` `auto` permission for all namespaces
/// covers each of them.
#[must_use]
pub fn needed(suites: &[Suite], discovery: Option<&Discovery>, scope: &Scope) -> BTreeSet<Permission> {
    let wide = scope.kubernetes_scope == KubernetesScope::Cluster;
    let mut all = BTreeSet::new();
    for suite in suites {
        for (component, member) in suite.members.iter() {
            of_component(component, (!wide).then_some(&member.namespace), *scope, &mut all);
        }
        let (namespace, resource) = match &suite.surroundings.backup {
            Some(BackupAt::CronJob { namespace, .. }) => (namespace, "cronjobs"),
            Some(BackupAt::Job { namespace, .. }) => (namespace, "jobs"),
            Some(BackupAt::Query(_)) | None => continue,
        };
        add(&mut all, Some(namespace), ("batch", resource), &["list", "watch"]);
    }
    let Some(discovery) = discovery else { return all };
    // Any component may be found in each of these.
    let mut places: Vec<_> = discovery.namespaces.iter().map(Some).collect();
    if wide || places.is_empty() {
        places = vec![None];
    }
    for place in places {
        for &component in Component::ALL {
            of_component(component, place, *scope, &mut all);
        }
    }
    all
}

fn of_component(component: Component, namespace: Option<&Name>, scope: Scope, all: &mut BTreeSet<Permission>) {
    for kind in OF_COMPONENTS {
        add(all, namespace, kind, &["list", "watch"]);
    }
    let storage = match scope.helm_driver {
        HelmDriver::Secret => "secrets",
        HelmDriver::Configmap => "configmaps",
    };
    if scope.helm_access == HelmAccess::Read {
        add(all, namespace, ("", storage), &["list", "watch", "get"]);
    }
    if component == Component::Gsp {
        add(all, namespace, ("", "configmaps"), &["list", "watch"]);
    }
}

fn add(
    all: &mut BTreeSet<Permission>,
    namespace: Option<&Name>,
    (group, resource): (&'static str, &'static str),
    verbs: &[&'static str],
) {
    let of = |&verb| Permission { namespace: namespace.cloned(), group, resource, verb };
    all.extend(verbs.iter().map(of));
}

/// Those that the account of this client lacks, in order.
pub async fn lacking(api: &ApiClient, permissions: BTreeSet<Permission>) -> Result<BTreeSet<Permission>, FetchError> {
    let asked = stream::iter(permissions).map(|permission| async {
        let allowed = is_allowed(api, &permission).await?;
        Ok((!allowed).then_some(permission))
    });
    asked.buffered(AT_ONCE).try_filter_map(|lacks| async { Ok(lacks) }).try_collect().await
}

#[derive(Deserialize)]
struct Review {
    status: Status,
}

#[derive(Deserialize)]
struct Status {
    allowed: bool,
}

async fn is_allowed(api: &ApiClient, permission: &Permission) -> Result<bool, FetchError> {
    let Permission { namespace, group, resource, verb } = permission;
    let attributes = json!({ "namespace": namespace.as_deref(), "group": group, "resource": resource, "verb": verb });
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": { "resourceAttributes": attributes },
    });
    let request = http::Request::post(REVIEWS)
        .header(http::header::CONTENT_TYPE, "application/json")
        .body(review.to_string().into_bytes())
        .map_err(|_| FetchError::Request)?;
    let answer = collect(api.send(request, None).await?, MAX_ANSWER_BYTES).await?;
    Ok(serde_json::from_slice::<Review>(&answer)?.status.allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(scope: Scope) -> Vec<String> {
        let mut suite = Suite::default_suite();
        suite.surroundings.backup = Some(BackupAt::CronJob { namespace: "db".into(), name: "dump".into() });
        spell_all(needed(&[suite], None, &scope))
    }

    fn spell_all(permissions: BTreeSet<Permission>) -> Vec<String> {
        let spell = |one: Permission| {
            format!("{}/{}.{} {}", one.namespace.as_deref().unwrap_or("*"), one.resource, one.group, one.verb)
        };
        permissions.into_iter().map(spell).collect()
    }

    #[test]
    fn what_is_needed_follows_from_the_configuration() {
        let usual = spelled(Scope::default());
        assert_eq!(usual.len(), 3 * 13 + 2 + 2, "{usual:?}");
        for needed in
            ["gim/secrets. get", "gsp/configmaps. watch", "gca/replicasets.apps list", "db/cronjobs.batch list"]
        {
            assert!(usual.iter().any(|one| one == needed), "{needed} in {usual:?}");
        }
        let no_helm = spelled(Scope { helm_access: HelmAccess::None, ..Scope::default() });
        assert!(no_helm.len() == 3 * 10 + 2 + 2 && !no_helm.iter().any(|one| one.contains("secrets")), "{no_helm:?}");
        let maps = spelled(Scope { helm_driver: HelmDriver::Configmap, ..Scope::default() });
        assert!(maps.len() == 3 * 13 + 2 && maps.iter().any(|one| one == "gca/configmaps. get"), "{maps:?}");
        let wide = spelled(Scope { kubernetes_scope: KubernetesScope::Cluster, ..Scope::default() });
        assert_eq!(wide.len(), 13 + 2 + 2, "{wide:?}");
    }
    #[test]
    fn what_may_be_found_needs_the_same_everywhere_that_is_looked_at() {
        let found = |namespaces: &[&str], scope: Scope| {
            let namespaces = namespaces.iter().map(|&name| name.into()).collect();
            spell_all(needed(&[], Some(&Discovery { namespaces }), &scope))
        };
        let two = found(&["a", "b"], Scope::default());
        assert_eq!(two.len(), 2 * (13 + 2), "{two:?}");
        assert!(two.iter().any(|one| one == "a/configmaps. list") && two.iter().any(|one| one == "b/secrets. get"));
        let anywhere = found(&[], Scope::default());
        assert!(anywhere.len() == 13 + 2 && anywhere.iter().all(|one| one.starts_with("*/")), "{anywhere:?}");
        let wide = Scope { kubernetes_scope: KubernetesScope::Cluster, ..Scope::default() };
        assert_eq!(found(&["a", "b"], wide), anywhere);
    }
}
