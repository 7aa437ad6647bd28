//! Metadata that objects of every kind have, and the pieces from which narrow types are built.
//!
//! Texts are borrowed from the JSON where they have no escapes, so that decoding allocates only what is kept.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer};

use super::DecodeError;
use crate::model::names::Name;
use crate::model::time::Timestamp;
use crate::model::workload::AppLabels;
use crate::observe::intern::Interner;

/// A text of the JSON, borrowed where it can be.
#[derive(Clone, serde::Deserialize)]
#[serde(transparent)]
pub struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl Text<'_> {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Text<'_> {
    /// Only its length: a text may come from a Secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// A list whose absence, nullness and null items all mean "none".
pub fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let items = Option::<Vec<Option<T>>>::deserialize(deserializer)?;
    Ok(items.unwrap_or_default().into_iter().flatten().collect())
}

/// A section whose absence and nullness mean its default.
pub fn section<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// `metadata` of any object.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Metadata<'a> {
    #[serde(borrow)]
    namespace: Option<Text<'a>>,
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    uid: Option<Text<'a>>,
    #[serde(borrow)]
    resource_version: Option<Text<'a>>,
    /// When it was created, by the API server's clock.
    creation_timestamp: Option<Timestamp>,
    /// When it was marked for deletion.
    pub deletion_timestamp: Option<Timestamp>,
    /// Generation of the specification.
    pub generation: Option<i64>,
    /// Labels that are used.
    #[serde(borrow, deserialize_with = "section")]
    pub labels: Labels<'a>,
    /// Annotations that are used.
    #[serde(borrow, deserialize_with = "section")]
    pub annotations: Annotations<'a>,
    #[serde(borrow, deserialize_with = "list")]
    owner_references: Vec<OwnerReference<'a>>,
    /// Who wrote the object and when.
    #[serde(borrow, deserialize_with = "list")]
    pub managed_fields: Vec<ManagedFields<'a>>,
}

/// The labels that are used, of all kinds.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Labels<'a> {
    /// Hash of the revision that a `StatefulSet`'s pod was made from.
    #[serde(borrow, rename = "controller-revision-hash")]
    pub revision_hash: Option<Text<'a>>,
    /// Chart and version, `_` for `+`.
    #[serde(borrow, rename = "helm.sh/chart")]
    pub chart: Option<Text<'a>>,
    /// By the custom of older charts the full name of a release.
    #[serde(borrow)]
    pub app: Option<Text<'a>>,
    /// By custom the Helm release.
    #[serde(borrow, rename = "app.kubernetes.io/instance")]
    pub instance: Option<Text<'a>>,
    /// By custom what it is.
    #[serde(borrow, rename = "app.kubernetes.io/name")]
    pub app_name: Option<Text<'a>>,
    /// Helm's storage: the release.
    #[serde(borrow)]
    pub name: Option<Text<'a>>,
    /// Helm's storage: `helm`.
    #[serde(borrow)]
    pub owner: Option<Text<'a>>,
    /// Helm's storage: the revision.
    #[serde(borrow)]
    pub version: Option<Text<'a>>,
    /// Helm's storage: the status.
    #[serde(borrow)]
    pub status: Option<Text<'a>>,
}

/// The annotations that are used, of all kinds.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Annotations<'a> {
    /// The Helm release that made the object.
    #[serde(borrow, rename = "meta.helm.sh/release-name")]
    pub release: Option<Text<'a>>,
    /// A `ReplicaSet`'s revision within its `Deployment`.
    #[serde(borrow, rename = "deployment.kubernetes.io/revision")]
    pub revision: Option<Text<'a>>,
}

/// An owner of an object.
#[derive(Debug, serde::Deserialize)]
pub struct OwnerReference<'a> {
    /// Its kind.
    #[serde(borrow)]
    pub kind: Option<Text<'a>>,
    /// Its UID.
    #[serde(borrow)]
    pub uid: Option<Text<'a>>,
    controller: Option<bool>,
}

/// One manager of an object's fields; which fields is skipped.
#[derive(Debug, serde::Deserialize)]
pub struct ManagedFields<'a> {
    /// The program that wrote.
    #[serde(borrow)]
    pub manager: Option<Text<'a>>,
    /// When it last did, by the API server's clock.
    pub time: Option<Timestamp>,
    /// The subresource through which it wrote, such as `status` or `scale`.
    #[serde(borrow, default)]
    pub subresource: Option<Text<'a>>,
}

impl Metadata<'_> {
    /// The namespace.
    pub fn namespace(&self) -> Result<&str, DecodeError> {
        required(self.namespace.as_ref(), "metadata.namespace")
    }

    /// The name.
    pub fn name(&self) -> Result<&str, DecodeError> {
        required(self.name.as_ref(), "metadata.name")
    }

    /// The UID.
    pub fn uid(&self) -> Result<&str, DecodeError> {
        required(self.uid.as_ref(), "metadata.uid")
    }

    /// The resource version.
    pub fn resource_version(&self) -> Result<&str, DecodeError> {
        required(self.resource_version.as_ref(), "metadata.resourceVersion")
    }

    /// When the object was created.
    pub fn created(&self) -> Result<Timestamp, DecodeError> {
        self.creation_timestamp.ok_or(DecodeError::Missing("metadata.creationTimestamp"))
    }

    /// The owner that is the object's controller.
    pub fn controller(&self) -> Option<&OwnerReference<'_>> {
        self.owner_references.iter().find(|owner| owner.controller == Some(true))
    }
}

impl Labels<'_> {
    /// Those by which the configuration may tell an object.
    pub fn of_app(&self, interner: &mut Interner) -> AppLabels {
        let mut name = |text: &Option<Text>| optional(text.as_ref()).map(|text| interner.name(text));
        AppLabels { app: name(&self.app), name: name(&self.app_name) }
    }
}

/// A text that must be there and not be empty.
pub fn required<'t>(text: Option<&'t Text<'_>>, field: &'static str) -> Result<&'t str, DecodeError> {
    text.map(Text::as_str).filter(|text| !text.is_empty()).ok_or(DecodeError::Missing(field))
}

/// A text that may be missing; an empty one counts as missing.
pub fn optional<'t>(text: Option<&'t Text<'_>>) -> Option<&'t str> {
    text.map(Text::as_str).filter(|text| !text.is_empty())
}

/// A count as `u32`; a negative one is 0.
pub fn count(number: i64) -> u32 {
    u32::try_from(number.max(0)).unwrap_or(u32::MAX)
}

/// As much as is known of an object that may be undecodable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Its namespace.
    pub namespace: Option<Name>,
    /// Its name.
    pub name: Option<Name>,
    /// Its resource version.
    pub resource_version: Option<Name>,
}

/// Reads who an object is, and nothing else of it. Empty where even that cannot be read.
#[must_use]
pub fn identity(json: &[u8]) -> Identity {
    #[derive(Default, serde::Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct Who<'a> {
        #[serde(borrow)]
        namespace: Option<Text<'a>>,
        #[serde(borrow)]
        name: Option<Text<'a>>,
        #[serde(borrow)]
        resource_version: Option<Text<'a>>,
    }

    #[derive(Default, serde::Deserialize)]
    #[serde(default)]
    struct Object<'a> {
        #[serde(borrow, deserialize_with = "section")]
        metadata: Who<'a>,
    }

    let who = serde_json::from_slice::<Object>(json).unwrap_or_default().metadata;
    let name = |text: Option<Text>| optional(text.as_ref()).map(Name::from);
    Identity { namespace: name(who.namespace), name: name(who.name), resource_version: name(who.resource_version) }
}
