//! Revisions of releases, from the metadata of Helm's storage objects.
//!
//! Release, revision and status stand in labels; the times in labels lie and are not read. The body is never decoded here.

use super::DecodeError;
use super::metadata::{Metadata, optional, required, section};
use crate::model::release::{BodyState, ReleaseStatus, Revision, StorageName};
use crate::observe::intern::Interner;

/// Label `owner` of everything that Helm stores.
const OWNER: &str = "helm";
/// How Helm names itself in managed fields: `Helm` or `helm`. Anyone else's write is not Helm's.
const MANAGER: &str = "helm";

#[derive(serde::Deserialize)]
struct Object<'a> {
    #[serde(borrow, default, deserialize_with = "section")]
    metadata: Metadata<'a>,
}

/// Reads a revision.
pub fn revision(json: &[u8], interner: &mut Interner) -> Result<Revision, DecodeError> {
    let Object { metadata } = serde_json::from_slice(json)?;
    let labels = &metadata.labels;
    if optional(labels.owner.as_ref()) != Some(OWNER) {
        return Err(DecodeError::NotHelm);
    }
    let release = required(labels.name.as_ref(), "metadata.labels.name")?;
    let version = required(labels.version.as_ref(), "metadata.labels.version")?;
    let number = version.parse().ok().filter(|&number: &u32| number > 0);
    let revision = number.ok_or(DecodeError::Unreadable("metadata.labels.version"))?;
    let status = optional(labels.status.as_ref()).and_then(ReleaseStatus::parse);
    let created = metadata.created()?;
    let helms = metadata
        .managed_fields
        .iter()
        .filter(|fields| optional(fields.manager.as_ref()).is_some_and(|name| name.eq_ignore_ascii_case(MANAGER)));
    let written = helms.filter_map(|fields| fields.time).max();
    Ok(Revision {
        namespace: interner.name(metadata.namespace()?),
        release: interner.name(release),
        revision,
        status: status.unwrap_or(ReleaseStatus::Unknown),
        object: StorageName::of(metadata.name()?, release, revision),
        uid: metadata.uid()?.into(),
        resource_version: metadata.resource_version()?.into(),
        created,
        written: written.unwrap_or(created),
        body: BodyState::Unread,
        body_version: None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn secret() -> Value {
        json!({
            "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
            "metadata": {
                "name": "sh.helm.release.v1.gim.v10", "namespace": "gim", "uid": "u-1", "resourceVersion": "814",
                "creationTimestamp": "2026-01-02T03:04:05Z",
                "labels": {"createdAt": "1", "modifiedAt": "1700000000", "name": "gim", "owner": "helm",
                           "status": "pending-upgrade", "version": "10"},
                "managedFields": [
                    {"manager": "Helm", "operation": "Update", "time": "2026-01-02T03:04:05Z", "fieldsV1": {"f:data": {}}},
                    {"manager": "helm", "operation": "Update", "time": "2026-01-02T03:09:05.250Z"},
                    {"manager": "kubectl-label", "operation": "Update", "time": "2026-01-03T00:00:00Z"},
                    null
                ]
            },
            "data": {"release": "c2VjcmV0"}
        })
    }

    fn read(value: &Value) -> Result<Revision, DecodeError> {
        super::super::revision(&serde_json::to_vec(value).unwrap())
    }

    #[test]
    fn labels_and_managed_fields_tell_the_revision() {
        let revision = read(&secret()).unwrap();
        assert_eq!((&*revision.namespace, &*revision.release, revision.revision), ("gim", "gim", 10));
        assert_eq!(revision.status, ReleaseStatus::PendingUpgrade);
        assert_eq!((&revision.object, &revision.uid), (&StorageName::Helms, &"u-1".into()));
        assert_eq!(revision.resource_version, "814".into());
        assert_eq!(revision.created, "2026-01-02T03:04:05Z".parse().unwrap());
        assert_eq!(
            revision.written,
            "2026-01-02T03:09:05.25Z".parse().unwrap(),
            "another manager's write is not Helm's"
        );
        assert_eq!(revision.body, BodyState::Unread);
    }

    #[test]
    fn without_managed_fields_the_creation_is_the_last_write() {
        let mut value = secret();
        value["metadata"]["managedFields"] = Value::Null;
        let revision = read(&value).unwrap();
        assert_eq!(revision.written, revision.created);
    }

    #[test]
    fn an_unknown_status_is_unknown() {
        for status in [json!("sideways"), json!(""), Value::Null] {
            let mut value = secret();
            value["metadata"]["labels"]["status"] = status;
            assert_eq!(read(&value).unwrap().status, ReleaseStatus::Unknown);
        }
    }

    #[test]
    fn what_is_not_helms_is_refused_by_name() {
        let cases = [
            ("/metadata/labels/owner", json!("someone"), DecodeError::NotHelm),
            ("/metadata/labels/owner", Value::Null, DecodeError::NotHelm),
            ("/metadata/labels/version", json!("ten"), DecodeError::Unreadable("metadata.labels.version")),
            ("/metadata/labels/version", json!("0"), DecodeError::Unreadable("metadata.labels.version")),
            ("/metadata/labels/version", json!("-1"), DecodeError::Unreadable("metadata.labels.version")),
            ("/metadata/labels/version", Value::Null, DecodeError::Missing("metadata.labels.version")),
            ("/metadata/labels/name", json!(""), DecodeError::Missing("metadata.labels.name")),
            ("/metadata/name", Value::Null, DecodeError::Missing("metadata.name")),
            ("/metadata/namespace", Value::Null, DecodeError::Missing("metadata.namespace")),
            ("/metadata/uid", Value::Null, DecodeError::Missing("metadata.uid")),
            ("/metadata/resourceVersion", Value::Null, DecodeError::Missing("metadata.resourceVersion")),
            ("/metadata/creationTimestamp", Value::Null, DecodeError::Missing("metadata.creationTimestamp")),
        ];
        for (path, value, expected) in cases {
            let mut object = secret();
            *object.pointer_mut(path).unwrap() = value;
            assert_eq!(read(&object), Err(expected), "{path}");
        }
    }

    #[test]
    fn an_error_repeats_nothing_of_the_object() {
        let canary = "canary-7f3a";
        for path in ["/metadata/labels", "/metadata/managedFields", "/metadata/creationTimestamp", "/metadata"] {
            let mut object = secret();
            *object.pointer_mut(path).unwrap() = json!(canary);
            let error = read(&object).unwrap_err();
            assert!(!format!("{error} {error:?}").contains(canary), "{path}: {error}");
        }
    }
}
