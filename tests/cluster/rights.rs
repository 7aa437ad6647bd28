//! What an exporter may read: what the README tells users to grant, and nothing else.
//!
//! The rules are taken from the README itself, so that whoever follows it has what these stories have.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::{cluster::Place, helm::Major};

const GROUP: &str = "rbac.authorization.k8s.io";

/// What an exporter may read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rights {
    /// All that the README lists.
    #[default]
    AsTheReadmeSays,
    /// The same without Secrets.
    WithoutSecrets,
}

impl Rights {
    fn rules(self) -> Result<Vec<Value>> {
        let mut rules = readme_rules()?;
        if self == Self::WithoutSecrets {
            for resources in rules.iter_mut().filter_map(|rule| rule.get_mut("resources")?.as_array_mut()) {
                resources.retain(|resource| resource != "secrets");
            }
            rules.retain(|rule| rule.pointer("/resources/0").is_some());
        }
        ensure!(!rules.is_empty(), "no rules are left");
        Ok(rules)
    }
}

/// Makes a ServiceAccount of this name with its rights and returns its kubeconfig. With Helm 3 these are Roles in the
/// place's namespaces, with Helm 4 a `ClusterRole`: both ways that users choose from.
pub fn grant(place: &Place, name: &str, rights: Rights) -> Result<PathBuf> {
    let api = place.cluster.api();
    let namespaces = place.namespaces();
    let home = namespaces.first().context("a place without namespaces")?;
    let rules = rights.rules()?;
    let account = json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": name } });
    api.create(&format!("/api/v1/namespaces/{home}/serviceaccounts"), &account)?;
    let subjects = json!([{ "kind": "ServiceAccount", "name": name, "namespace": home }]);
    let bind = |scope: &str, role: &str, binding: &str, name: &str| -> Result<()> {
        let version = format!("{GROUP}/v1");
        let metadata = json!({ "name": name });
        let of = json!({ "apiVersion": version, "kind": role, "metadata": metadata, "rules": rules });
        let to = json!({
            "apiVersion": version, "kind": binding, "metadata": metadata, "subjects": subjects,
            "roleRef": { "apiGroup": GROUP, "kind": role, "name": name },
        });
        api.create(&format!("/apis/{GROUP}/v1{scope}/{}s", role.to_lowercase()), &of)?;
        api.create(&format!("/apis/{GROUP}/v1{scope}/{}s", binding.to_lowercase()), &to)
    };
    match place.helm.major {
        Major::Three => {
            for namespace in &namespaces {
                bind(&format!("/namespaces/{namespace}"), "Role", "RoleBinding", name)?;
            }
        }
        Major::Four => bind("", "ClusterRole", "ClusterRoleBinding", &format!("{name}-{}", place.name))?,
    }
    place.cluster.plane.kubeconfig_of(home, name)
}

/// The rules of every Role that the README shows.
fn readme_rules() -> Result<Vec<Value>> {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md"))?;
    let blocks = readme.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let mut rules = Vec::new();
    for block in blocks.filter(|block| block.contains(GROUP)) {
        let role: Value = serde_saphyr::from_str(block).context("a Role of the README is no YAML")?;
        rules.extend(role.get("rules").and_then(Value::as_array).context("a Role without rules")?.iter().cloned());
    }
    ensure!(!rules.is_empty(), "the README shows no Role");
    Ok(rules)
}
