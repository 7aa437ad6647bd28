//! Pieces of object metadata that several controllers write: managed fields, owners, hashes of templates.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::sim::scenario::Installer;

/// Who owns an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sim) struct Owner {
    pub(in crate::sim) api_version: &'static str,
    pub(in crate::sim) kind: &'static str,
    pub(in crate::sim) name: String,
    pub(in crate::sim) uid: String,
}

impl Owner {
    pub(super) fn json(&self) -> Value {
        json!([{
            "apiVersion": self.api_version, "kind": self.kind, "name": self.name, "uid": self.uid,
            "controller": true, "blockOwnerDeletion": true,
        }])
    }
}

/// One entry of `managedFields`. `part` is the subresource, if any.
pub(super) fn managed(manager: &str, api_version: &str, time: &str, fields: &Value, part: Option<&str>) -> Value {
    let mut entry = json!({
        "manager": manager, "operation": "Update", "apiVersion": api_version, "time": time,
        "fieldsType": "FieldsV1", "fieldsV1": fields,
    });
    if let (Some(part), Some(entry)) = (part, entry.as_object_mut()) {
        entry.insert("subresource".to_owned(), Value::from(part));
    }
    entry
}

/// What the installer writes on everything that it applies.
pub(super) fn annotations(installer: Installer, release: &str, namespace: &str) -> Value {
    match installer {
        Installer::Helm => {
            json!({ "meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": namespace })
        }
        Installer::ArgoCd => json!({ "argocd.argoproj.io/tracking-id": format!("{release}:/{namespace}") }),
    }
}

/// The manager of the fields that the installer writes.
pub(super) const fn manager(installer: Installer) -> &'static str {
    match installer {
        Installer::Helm => "helm",
        Installer::ArgoCd => "argocd-controller",
    }
}

/// Labels out of JSON.
pub(super) fn labels(object: &Value, pointer: &str) -> BTreeMap<String, String> {
    let entries = object.pointer(pointer).and_then(Value::as_object);
    entries.into_iter().flatten().filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
}

/// The image tag of a template's first container.
pub(super) fn image_tag(template: &Value) -> String {
    let image = template.pointer("/spec/containers/0/image").and_then(Value::as_str).unwrap_or_default();
    image.rsplit_once(':').map_or("", |(_, tag)| tag).to_owned()
}

/// Gives the first container of a workload's template another tag.
pub(super) fn set_image(spec: &mut Value, tag: &str) {
    if let Some(image) = spec.pointer_mut("/template/spec/containers/0/image") {
        let name = image.as_str().and_then(|image| image.rsplit_once(':')).map_or("", |(name, _)| name);
        *image = Value::from(format!("{name}:{tag}"));
    }
}

/// The hash that tells pod templates apart, in the alphabet of Kubernetes, which spells no words.
pub(super) fn template_hash(template: &Value) -> String {
    let fnv = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    let hash = template.to_string().bytes().fold(0x811c_9dc5, fnv);
    safe(&hash.to_string())
}

/// Five letters for the name of a pod.
pub(super) fn suffix(number: u64) -> String {
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    safe(&format!("{:05}", mixed % 100_000))
}

fn safe(text: &str) -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let letter = |byte: u8| LETTERS.get(usize::from(byte) % LETTERS.len()).copied().map_or('b', char::from);
    text.bytes().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_templates_have_equal_hashes_and_others_do_not() {
        let (a, b) = (json!({"spec": {"x": 1}}), json!({"spec": {"x": 2}}));
        assert_eq!(template_hash(&a), template_hash(&a.clone()));
        assert_ne!(template_hash(&a), template_hash(&b));
        assert!((5..=10).contains(&template_hash(&a).len()));
    }

    #[test]
    fn a_registry_with_a_port_does_not_hide_the_tag() {
        let template = json!({"spec": {"containers": [{"image": "registry:5000/gim/gim:100.0.116.2900"}]}});
        assert_eq!(image_tag(&template), "100.0.116.2900");
    }
}
