//! Helm's release history as Helm's storage tells it: revisions, their statuses and what their bodies say.
//!
//! A revision's metadata (status, creation, last write) comes from a metadata-only watch; its body is read separately
//! and may be missing. Not for deciding what an operation was: that is `assess::operation`.

use std::sync::Arc;

use super::identity::{ResourceVersion, Uid};
use super::names::Name;
use super::time::Timestamp;
use super::version::{BuildVersion, build_of};
use super::workload::WorkloadKind;
use crate::named;

named! {
    /// Helm's status of a revision. Helm has nine; any other text is `unknown`.
    pub enum ReleaseStatus {
        /// Helm's own `unknown`, or a status that Helm does not have.
        Unknown = "unknown",
        /// Helm finished; says nothing about the pods unless `--wait` was given.
        Deployed = "deployed",
        /// Uninstalled with `--keep-history`.
        Uninstalled = "uninstalled",
        /// Another revision was deployed after it.
        Superseded = "superseded",
        /// Helm gave up.
        Failed = "failed",
        /// Helm removes it.
        Uninstalling = "uninstalling",
        /// Helm installs it, or was killed while it did.
        PendingInstall = "pending-install",
        /// Helm upgrades to it, or was killed while it did.
        PendingUpgrade = "pending-upgrade",
        /// Helm rolls back to it, or was killed while it did.
        PendingRollback = "pending-rollback",
    }
}

impl ReleaseStatus {
    /// Whether Helm works on the revision, or was killed while it did.
    #[must_use]
    pub const fn is_pending(self) -> bool {
        matches!(self, Self::PendingInstall | Self::PendingUpgrade | Self::PendingRollback)
    }
}

named! {
    /// How far a hook has come, in Helm's words.
    pub enum HookPhase {
        /// Not run yet, or Helm does not know.
        Unknown = "unknown",
        /// Runs now.
        Running = "running",
        /// Ended well.
        Succeeded = "succeeded",
        /// Ended badly.
        Failed = "failed",
    }
}

/// One hook of a revision, once for each of its events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// Name of the hook's object.
    pub name: Name,
    /// Helm's word for when it runs, such as `pre-upgrade`.
    pub event: Name,
    /// How its last run in this revision ended.
    pub phase: HookPhase,
    /// When that run began, by the clock of the machine that ran Helm.
    pub started: Option<Timestamp>,
    /// When that run ended, by the clock of the machine that ran Helm.
    pub completed: Option<Timestamp>,
}

/// A workload as a revision's manifest declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestWorkload {
    /// What it is.
    pub kind: WorkloadKind,
    /// Its name.
    pub name: Name,
    /// The images of its containers, init containers first, in the manifest's order.
    pub images: Vec<Name>,
}

/// The part of a revision's body that is used. Templates and values are never held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseBody {
    /// Name of the chart; empty where the body has none.
    pub chart: Name,
    /// Version of the chart; empty where the body has none.
    pub chart_version: Name,
    /// The chart's own word for the version of what it installs; may be empty.
    pub app_version: Name,
    /// What Helm, or the person who ran it, says of the revision. Several lines after a failure. Bounded in size.
    pub description: Name,
    /// When the release was first deployed, by the clock of the machine that ran Helm.
    pub first_deployed: Option<Timestamp>,
    /// When Helm last deployed this revision, by the clock of the machine that ran Helm.
    pub last_deployed: Option<Timestamp>,
    /// The revision that a rollback went back to; only Helm 4 writes it.
    pub rollback_revision: Option<u32>,
    /// Hooks that run in an install, upgrade, rollback or uninstall; those of `helm test` are left out.
    pub hooks: Vec<Hook>,
    /// Hash of the manifest: equal for two revisions only when their manifests are.
    pub manifest_hash: u64,
    /// The workloads that the manifest declares.
    pub workloads: Vec<ManifestWorkload>,
}

impl ReleaseBody {
    /// The build that the manifest installs.
    #[must_use]
    pub fn build(&self) -> BuildVersion {
        build_of(self.images(), BuildVersion::new(&self.chart_version))
    }

    /// The images that the manifest declares, in its order.
    pub fn images(&self) -> impl Iterator<Item = &Name> + Clone {
        self.workloads.iter().flat_map(|workload| &workload.images)
    }
}

/// How the names of Helm's storage objects begin.
const OBJECT_PREFIX: &str = "sh.helm.release.v1.";

/// What is known of a revision's body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum BodyState {
    /// Not read: not wanted, or not yet.
    #[default]
    Unread,
    /// Read for the present version of the storage object.
    Read(Arc<ReleaseBody>),
    /// Read and refused (rubbish, too large): counted as an error of the source, and not tried again for this version.
    Refused,
}

/// What a storage object is called. Helm names them all after release and revision, so a name of its own is rare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StorageName {
    /// As Helm names it.
    Helms,
    /// Otherwise.
    Other(Name),
}

impl StorageName {
    /// What the object of this name is called, where it stores this revision of this release.
    #[must_use]
    pub fn of(name: &str, release: &str, revision: u32) -> Self {
        if is_helms_name(name, release, revision) { Self::Helms } else { Self::Other(name.into()) }
    }
}

fn helms_name(release: &str, revision: u32) -> String {
    format!("{OBJECT_PREFIX}{release}.v{revision}")
}

/// Compares without spelling it out: this is asked of every revision that a list brings.
fn is_helms_name(name: &str, release: &str, revision: u32) -> bool {
    let number = name.strip_prefix(OBJECT_PREFIX).and_then(|rest| rest.strip_prefix(release)?.strip_prefix(".v"));
    // A number may be written with zeros or a sign before it, which Helm does not do.
    number.is_some_and(|number| {
        number.parse() == Ok(revision)
            && (number.starts_with(|first: char| matches!(first, '1'..='9')) || number == "0")
    })
}

/// One revision: one object of Helm's storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// Namespace of the storage object.
    pub namespace: Name,
    /// Name of the release, from label `name`.
    pub release: Name,
    /// Number of the revision, from label `version`; compared as a number.
    pub revision: u32,
    /// From label `status`.
    pub status: ReleaseStatus,
    /// What the storage object is called; [`Revision::object_name`] spells it out.
    pub object: StorageName,
    /// UID of the storage object.
    pub uid: Uid,
    /// Resource version of the storage object; a body belongs to one (uid, resource version).
    pub resource_version: ResourceVersion,
    /// When the storage object was created, by the API server's clock: the begin of the operation.
    pub created: Timestamp,
    /// When Helm last wrote the object (newest managed-fields entry of manager `Helm` or `helm`), by the API server's
    /// clock; the creation where no entry tells. The labels `createdAt` and `modifiedAt` lie and are not used.
    pub written: Timestamp,
    /// The body, where it was wanted and read. Kept while Helm writes the object again, until the new one is read.
    pub body: BodyState,
    /// The resource version that the body was read from.
    pub body_version: Option<ResourceVersion>,
}

impl Revision {
    /// The body, where it was read.
    #[must_use]
    pub fn body(&self) -> Option<&ReleaseBody> {
        match &self.body {
            BodyState::Read(body) => Some(body),
            BodyState::Unread | BodyState::Refused => None,
        }
    }

    /// Whether the body still has to be read: it was not, or an older version of the object was.
    #[must_use]
    pub fn lacks_body(&self) -> bool {
        // A reader may be ahead of the watch.
        self.body_version.as_ref().is_none_or(|read| read.is_before(&self.resource_version))
    }

    /// The name of the storage object.
    #[must_use]
    pub fn object_name(&self) -> Name {
        match &self.object {
            StorageName::Helms => helms_name(&self.release, self.revision).into(),
            StorageName::Other(name) => name.clone(),
        }
    }

    /// Whether this is the name of the storage object.
    #[must_use]
    pub fn is_object(&self, name: &str) -> bool {
        match &self.object {
            StorageName::Helms => is_helms_name(name, &self.release, self.revision),
            StorageName::Other(own) => **own == *name,
        }
    }
}

/// A release's history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReleaseFacts {
    /// Its revisions, oldest first.
    pub revisions: Vec<Arc<Revision>>,
}

impl ReleaseFacts {
    /// The newest revision: only its status counts as current.
    #[must_use]
    pub fn newest(&self) -> Option<&Revision> {
        self.revisions.last().map(|revision| &**revision)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(chart_version: &str, images: &[&str]) -> ReleaseBody {
        ReleaseBody {
            chart: "gim".into(),
            chart_version: chart_version.into(),
            app_version: "".into(),
            description: "".into(),
            first_deployed: None,
            last_deployed: None,
            rollback_revision: None,
            hooks: Vec::new(),
            manifest_hash: 1,
            workloads: vec![ManifestWorkload {
                kind: WorkloadKind::StatefulSet,
                name: "gim".into(),
                images: images.iter().map(|&image| image.into()).collect(),
            }],
        }
    }

    #[test]
    fn names_that_are_not_helms_are_kept() {
        for (name, is_helms) in [
            ("sh.helm.release.v1.gim.v10", true),
            ("sh.helm.release.v1.gim.v1", false),
            ("sh.helm.release.v1.gim.v010", false),
            ("sh.helm.release.v1.gim.v+10", false),
            ("sh.helm.release.v1.gim-x.v10", false),
            ("restored", false),
        ] {
            let object = StorageName::of(name, "gim", 10);
            assert_eq!(object == StorageName::Helms, is_helms, "{name}");
            let revision = Revision {
                namespace: "gim".into(),
                release: "gim".into(),
                revision: 10,
                status: ReleaseStatus::Deployed,
                object,
                uid: "u".into(),
                resource_version: "1".into(),
                created: Timestamp::UNIX_EPOCH,
                written: Timestamp::UNIX_EPOCH,
                body: BodyState::Unread,
                body_version: None,
            };
            assert_eq!(&*revision.object_name(), name);
            assert!(revision.is_object(name) && !revision.is_object("sh.helm.release.v1.gim.v11"));
        }
    }

    #[test]
    fn the_build_is_the_image_tag_else_the_chart_version() {
        let cases: [(&str, &[&str], &str); 6] = [
            ("100.0.100+1800", &["r/gca:100.0.100.2300"], "100.0.100.2300"),
            ("100.0.100+1800", &["busybox:latest", "r/gca:100.0.100.2300"], "100.0.100.2300"),
            ("100.0.100+1800", &["busybox:1.36.1", "r/gca:100.0.100.2300"], "100.0.100.2300"),
            ("100.0.100+1800", &["r/gca:7.1"], "7.1"),
            ("100.0.100+1800", &["r/gca:latest"], "100.0.100+1800"),
            ("100.0.100+1800", &[], "100.0.100+1800"),
        ];
        for (chart, images, expected) in cases {
            assert_eq!(&**body(chart, images).build().text(), expected);
        }
    }
}
