//! One version of one object, kept as the JSON that is served.
//!
//! An object is encoded once, when it is written, and never changed afterwards: each list, watch and history entry
//! shares it. Large data may be shared between objects too, so that thousands of release Secrets cost one body.
//! What selectors ask for (labels and a few fields) is kept beside the JSON.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value};

use super::{Kind, StoreError};

/// One immutable version of an object.
#[derive(Clone, PartialEq, Eq)]
pub struct Object {
    kind: Kind,
    key: String,
    namespace_length: usize,
    uid: String,
    revision: u64,
    labels: BTreeMap<String, String>,
    selectable: Vec<(&'static str, String)>,
    /// The JSON object of `metadata`.
    metadata: Bytes,
    /// The other members, each with a comma before it, cut where shared data begins and ends.
    rest: Vec<Bytes>,
}

/// Data of a Secret or `ConfigMap` that several objects share.
#[derive(Clone)]
pub struct SharedData {
    /// The key within `data`.
    pub key: &'static str,
    /// The value as JSON writes it between quotes: plain base64, nothing that JSON escapes.
    pub value: Arc<str>,
}

impl Object {
    /// The kind of the object.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The namespace.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.key.get(..self.namespace_length).unwrap_or_default()
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.key.get(self.namespace_length + 1..).unwrap_or_default()
    }

    /// `NAMESPACE/NAME`: the order of lists is the order of these.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// `metadata.uid`.
    #[must_use]
    pub fn uid(&self) -> &str {
        &self.uid
    }

    /// `metadata.resourceVersion`.
    #[must_use]
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// `metadata.labels`; a label that is not a string, which no real server stores, is left out.
    #[must_use]
    pub const fn labels(&self) -> &BTreeMap<String, String> {
        &self.labels
    }

    /// The value of a field that selectors may name: empty when the object has none, as on a real server.
    #[must_use]
    pub fn field(&self, path: &str) -> &str {
        match path {
            "metadata.name" => self.name(),
            "metadata.namespace" => self.namespace(),
            _ => self.selectable.iter().find(|(name, _)| *name == path).map_or("", |(_, value)| value),
        }
    }

    /// The JSON object of `metadata`.
    #[must_use]
    pub const fn metadata_json(&self) -> &Bytes {
        &self.metadata
    }

    /// The members beside `kind`, `apiVersion` and `metadata`, each with a comma before it.
    #[must_use]
    pub fn rest_json(&self) -> &[Bytes] {
        &self.rest
    }

    /// The whole object as JSON.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let mut json =
            format!(r#"{{"kind":"{}","apiVersion":"{}","metadata":"#, self.kind.singular(), self.kind.api_version())
                .into_bytes();
        json.extend_from_slice(&self.metadata);
        for piece in &self.rest {
            json.extend_from_slice(piece);
        }
        json.push(b'}');
        json
    }

    /// The whole object, decoded.
    #[must_use]
    pub fn to_value(&self) -> Value {
        // Only what `encode` wrote is read here.
        serde_json::from_slice(&self.to_json()).unwrap_or_default()
    }

    /// The same object under another resource version: a real server tells a deletion, and an object that leaves a
    /// selector, by the last state under the version of that event.
    #[must_use]
    pub fn at_revision(&self, revision: u64) -> Self {
        let mut metadata: Map<String, Value> = serde_json::from_slice(&self.metadata).unwrap_or_default();
        metadata.insert("resourceVersion".to_owned(), Value::from(revision.to_string()));
        Self { revision, metadata: to_bytes(&metadata), ..self.clone() }
    }
}

/// Names the object and shows nothing of it: it may be a Secret.
impl fmt::Debug for Object {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {} at {}", self.kind, self.key, self.revision)
    }
}

/// Shows nothing of the value: it may be a Secret's.
impl fmt::Debug for SharedData {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SharedData").field("key", &self.key).finish_non_exhaustive()
    }
}

/// An object on its way into the store: decoded and checked, its system fields not yet set.
pub(super) struct Draft {
    kind: Kind,
    key: String,
    namespace_length: usize,
    metadata: Map<String, Value>,
    members: Map<String, Value>,
    shared: Option<SharedData>,
}

impl Draft {
    pub(super) fn new(kind: Kind, value: Value, shared: Option<SharedData>) -> Result<Self, StoreError> {
        let Value::Object(mut members) = value else { return Err(StoreError::NotAnObject) };
        let Some(Value::Object(mut metadata)) = members.remove("metadata") else { return Err(StoreError::NoMetadata) };
        members.remove("kind");
        members.remove("apiVersion");
        let name = metadata.get("name").and_then(Value::as_str).filter(|name| !name.is_empty());
        let name = name.ok_or(StoreError::NoName)?.to_owned();
        let namespace = metadata.get("namespace").and_then(Value::as_str).unwrap_or("default").to_owned();
        if name.contains('/') || namespace.contains('/') {
            return Err(StoreError::SlashInName);
        }
        metadata.insert("namespace".to_owned(), Value::from(namespace.clone()));
        let namespace_length = namespace.len();
        Ok(Self { kind, key: format!("{namespace}/{name}"), namespace_length, metadata, members, shared })
    }

    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// Sets a member of `metadata` unless the writer gave it.
    pub(super) fn default_metadata(&mut self, member: &str, value: impl FnOnce() -> Value) {
        if !self.metadata.contains_key(member) {
            self.metadata.insert(member.to_owned(), value());
        }
    }

    pub(super) fn encode(&mut self, revision: u64) -> Object {
        self.metadata.insert("resourceVersion".to_owned(), Value::from(revision.to_string()));
        let labels = self.metadata.get("labels").and_then(Value::as_object).map(|labels| {
            let text = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
            labels.iter().filter_map(text).collect()
        });
        let selectable = |path: &&'static str| {
            let mut steps = path.split('.');
            let member = self.members.get(steps.next()?)?;
            let value = steps.try_fold(member, |value, step| value.get(step));
            Some((*path, value?.as_str()?.to_owned()))
        };
        Object {
            kind: self.kind,
            key: self.key.clone(),
            namespace_length: self.namespace_length,
            uid: self.metadata.get("uid").and_then(Value::as_str).unwrap_or_default().to_owned(),
            revision,
            labels: labels.unwrap_or_default(),
            selectable: self.kind.selectable_fields().iter().filter_map(selectable).collect(),
            metadata: to_bytes(&self.metadata),
            rest: self.encode_rest(),
        }
    }

    fn encode_rest(&self) -> Vec<Bytes> {
        let mut json = String::new();
        for (name, value) in &self.members {
            if self.shared.is_none() || name != "data" {
                json.push(',');
                json.push_str(&Value::from(name.as_str()).to_string());
                json.push(':');
                json.push_str(&value.to_string());
            }
        }
        let Some(shared) = &self.shared else { return vec![json.into()] };
        for text in [r#","data":{""#, shared.key, r#"":""#] {
            json.push_str(text);
        }
        vec![json.into(), Bytes::from_owner(Arc::<[u8]>::from(Arc::clone(&shared.value))), Bytes::from_static(br#""}"#)]
    }
}

fn to_bytes(metadata: &Map<String, Value>) -> Bytes {
    // A map of JSON values always encodes.
    serde_json::to_vec(metadata).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn encoded(kind: Kind, value: Value) -> Object {
        Draft::new(kind, value, None).unwrap().encode(7)
    }

    #[test]
    fn what_goes_in_comes_out_with_its_kind_and_version() {
        let object = encoded(
            Kind::Pods,
            json!({"metadata": {"name": "gim-0", "namespace": "gim", "labels": {"a": "b", "bad": 1}},
                   "spec": {"nodeName": "node-1"}, "status": {"phase": "Running"}}),
        );
        assert_eq!((object.namespace(), object.name(), object.revision()), ("gim", "gim-0", 7));
        assert_eq!(object.labels().iter().collect::<Vec<_>>(), [(&"a".to_owned(), &"b".to_owned())]);
        let cases = [
            ("metadata.name", "gim-0"),
            ("metadata.namespace", "gim"),
            ("spec.nodeName", "node-1"),
            ("status.phase", "Running"),
            ("status.podIP", ""),
        ];
        for (path, expected) in cases {
            assert_eq!(object.field(path), expected, "{path}");
        }
        assert_eq!(
            object.to_value(),
            json!({"kind": "Pod", "apiVersion": "v1",
                   "metadata": {"name": "gim-0", "namespace": "gim", "labels": {"a": "b", "bad": 1}, "resourceVersion": "7"},
                   "spec": {"nodeName": "node-1"}, "status": {"phase": "Running"}})
        );
        assert_eq!(object.at_revision(9).to_value()["metadata"]["resourceVersion"], "9");
        assert_eq!(object.at_revision(9).revision(), 9);
    }

    #[test]
    fn shared_data_is_not_copied() {
        let value: Arc<str> = "aGVsbQ==".into();
        let shared = SharedData { key: "release", value: Arc::clone(&value) };
        let secret = json!({"metadata": {"name": "s", "namespace": "gim"}, "type": "helm.sh/release.v1"});
        let object = Draft::new(Kind::Secrets, secret, Some(shared)).unwrap().encode(3);
        assert_eq!(object.to_value()["data"]["release"], "aGVsbQ==");
        assert_eq!(object.to_value()["type"], "helm.sh/release.v1");
        assert_eq!(object.field("type"), "helm.sh/release.v1");
        assert!(object.rest_json().iter().any(|piece| piece.as_ptr() == value.as_ptr()), "the body was copied");
    }

    #[test]
    fn debug_output_shows_no_content() {
        let secret =
            json!({"metadata": {"name": "s", "namespace": "gim", "labels": {"l": "canary"}}, "data": {"k": "canary"}});
        assert_eq!(format!("{:?}", encoded(Kind::Secrets, secret)), "secrets gim/s at 7");
        let shared = SharedData { key: "release", value: "canary".into() };
        assert!(!format!("{shared:?}").contains("canary"));
    }

    #[test]
    fn an_object_without_a_name_is_refused() {
        let cases = [
            (json!(1), StoreError::NotAnObject),
            (json!({}), StoreError::NoMetadata),
            (json!({"metadata": {}}), StoreError::NoName),
            (json!({"metadata": {"name": ""}}), StoreError::NoName),
            (json!({"metadata": {"name": "a/b"}}), StoreError::SlashInName),
        ];
        for (value, expected) in cases {
            assert_eq!(Draft::new(Kind::Pods, value.clone(), None).err(), Some(expected), "{value}");
        }
    }
}
