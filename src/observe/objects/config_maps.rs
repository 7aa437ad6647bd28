//! `ConfigMap`s, by their metadata: whose they are and when they were made.

use super::DecodeError;
use super::metadata::{Metadata, optional, section};
use crate::model::config_map::ConfigMap;
use crate::observe::intern::Interner;

#[derive(serde::Deserialize)]
struct Object<'a> {
    #[serde(borrow, default, deserialize_with = "section")]
    metadata: Metadata<'a>,
}

/// Reads a `ConfigMap`.
pub fn config_map(json: &[u8], interner: &mut Interner) -> Result<ConfigMap, DecodeError> {
    let Object { metadata } = serde_json::from_slice(json)?;
    Ok(ConfigMap {
        namespace: interner.name(metadata.namespace()?),
        name: metadata.name()?.into(),
        app: optional(metadata.labels.app.as_ref()).map(|app| interner.name(app)),
        created: metadata.created()?,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn whose_it_is_and_when_it_was_made() {
        let mut value = json!({
            "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
            "metadata": {
                "name": "gsp-cluster-config-map", "namespace": "gsp", "uid": "u-1", "resourceVersion": "814",
                "creationTimestamp": "2026-01-02T03:04:05Z",
                "labels": {"app": "gsp", "configmap-type": "high-availability", "type": "flink-native-kubernetes"},
            },
        });
        let read = |value: &serde_json::Value| super::super::config_map(&serde_json::to_vec(value).unwrap());
        let map = read(&value).unwrap();
        assert_eq!((&*map.namespace, &*map.name), ("gsp", "gsp-cluster-config-map"));
        assert_eq!((map.app.as_deref(), map.created), (Some("gsp"), "2026-01-02T03:04:05Z".parse().unwrap()));
        value["metadata"]["labels"] = json!(null);
        assert_eq!(read(&value).unwrap().app, None);
        value["metadata"]["creationTimestamp"] = json!(null);
        assert_eq!(read(&value), Err(DecodeError::Missing("metadata.creationTimestamp")));
    }
}
