//! `ConfigMap`s that components leave behind: Flink keeps its high-availability state in some, and `helm uninstall` does not
//! remove them (upgrade guide, Uninstall).
//!
//! Only their metadata is ever read. Not for Helm's own storage: that is `release`.

use super::names::Name;
use super::time::Timestamp;

/// A `ConfigMap`, by its metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigMap {
    /// Its namespace.
    pub namespace: Name,
    /// Its name.
    pub name: Name,
    /// Label `app`: the component's full name, by which the guide has them deleted.
    pub app: Option<Name>,
    /// When it was created, by the API server's clock.
    pub created: Timestamp,
}
