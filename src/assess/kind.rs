//! What kind of operation made a revision.
//!
//! Helm's own word first; where Helm does not say, builds and manifests are compared. Descriptions alone are not
//! believed: a failed rollback does not name itself, and `--description` replaces them all. Not for how an operation
//! goes: that is `rollout` and `stage`.

use std::cmp::Ordering;
use std::sync::Arc;

use super::assessment::OperationKind;
use crate::model::policy::Policy;
use crate::model::release::{ReleaseStatus, Revision};
use crate::model::time::between;

/// What is told of the operation that made a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// The kind; `upgrade` where it is not known.
    pub kind: OperationKind,
    /// Whether it is known: bodies may be unread, history pruned, and builds without an order.
    pub known: bool,
    /// Whether it repeats the operation before it: the same build again, soon after.
    pub again: bool,
}

impl Told {
    const fn known(kind: OperationKind) -> Self {
        Self { kind, known: true, again: false }
    }

    /// Nothing forbids an upgrade, and nothing proves it.
    const UNKNOWN: Self = Self { kind: OperationKind::Upgrade, known: false, again: false };
}

/// What kind of operation the last of these revisions is. Compares with earlier ones only as far as their bodies are
/// known.
#[must_use]
pub fn tell(revisions: &[Arc<Revision>], policy: &Policy) -> Told {
    let Some((newest, earlier)) = revisions.split_last() else { return Told::known(OperationKind::None) };
    if let Some(kind) = helms_word(newest) {
        return Told::known(kind);
    }
    let Some((predecessor, older)) = earlier.split_last() else {
        // History may have been pruned down to this one revision: then it was at least not the first.
        return if newest.revision == 1 { Told::known(OperationKind::Install) } else { Told::UNKNOWN };
    };
    if predecessor.status == ReleaseStatus::Uninstalled {
        return Told::known(OperationKind::Install);
    }
    let (Some(body), Some(before)) = (newest.body(), predecessor.body()) else { return Told::UNKNOWN };
    let returns = |candidates: &[Arc<Revision>]| {
        candidates.iter().filter_map(|revision| revision.body()).any(|old| old.manifest_hash == body.manifest_hash)
    };
    match body.build().compare(&before.build()) {
        Some(Ordering::Greater) => Told::known(OperationKind::Upgrade),
        Some(Ordering::Less) if returns(earlier) => Told::known(OperationKind::Rollback),
        Some(Ordering::Less) => Told::known(OperationKind::Downgrade),
        _ if body.manifest_hash != before.manifest_hash && returns(older) => Told::known(OperationKind::Rollback),
        None => Told::UNKNOWN,
        Some(Ordering::Equal) if between(predecessor.created, newest.created) < policy.suspect_window => {
            Told { again: true, ..tell(earlier, policy) }
        }
        Some(Ordering::Equal) => Told::known(OperationKind::Reconfigure),
    }
}

/// What Helm itself says: by status, by the revision that Helm 4 records, by the description.
fn helms_word(revision: &Revision) -> Option<OperationKind> {
    match revision.status {
        ReleaseStatus::Uninstalling | ReleaseStatus::Uninstalled => return Some(OperationKind::Uninstall),
        ReleaseStatus::PendingInstall => return Some(OperationKind::Install),
        ReleaseStatus::PendingRollback => return Some(OperationKind::Rollback),
        _ => {}
    }
    let body = revision.body()?;
    if body.rollback_revision.is_some() || body.description.starts_with("Rollback to ") {
        Some(OperationKind::Rollback)
    } else if &*body.description == "Install complete" {
        Some(OperationKind::Install)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::assess::testing::{alone, body};
    use crate::model::release::{ManifestWorkload, ReleaseBody};
    use crate::model::time::{Timestamp, after};
    use crate::model::workload::WorkloadKind;

    fn revision(
        number: u32,
        hours: u64,
        status: ReleaseStatus,
        build: &str,
        manifest: u64,
        text: &str,
    ) -> Arc<Revision> {
        let created = after(Timestamp::UNIX_EPOCH, Duration::from_hours(hours));
        let installs = || ReleaseBody {
            description: text.into(),
            workloads: vec![ManifestWorkload {
                kind: WorkloadKind::StatefulSet,
                name: "gim".into(),
                images: vec![format!("r/gim:{build}").into()],
            }],
            ..body(manifest)
        };
        Arc::new(alone(number, created, status, (!build.is_empty()).then(installs)))
    }

    #[test]
    fn kinds_are_told() {
        use OperationKind as K;
        use ReleaseStatus as S;
        let a = || revision(1, 0, S::Superseded, "1.1", 1, "Install complete");
        let b = |status| revision(2, 100, status, "1.2", 2, "Upgrade complete");
        let cases: Vec<(&str, Vec<Arc<Revision>>, K)> = vec![
            ("nothing", vec![], K::None),
            ("first, body unread", vec![revision(1, 0, S::Deployed, "", 0, "")], K::Install),
            ("pruned to one", vec![revision(7, 0, S::Deployed, "1.1", 1, "Upgrade complete")], K::Upgrade),
            ("higher", vec![a(), b(S::Deployed)], K::Upgrade),
            ("higher, described by hand", vec![a(), revision(2, 1, S::Deployed, "1.2", 2, "ticket 7")], K::Upgrade),
            ("pending", vec![a(), revision(2, 1, S::PendingUpgrade, "1.2", 2, "Preparing upgrade")], K::Upgrade),
            (
                "pending rollback",
                vec![a(), b(S::Deployed), revision(3, 101, S::PendingRollback, "1.1", 1, "")],
                K::Rollback,
            ),
            (
                "described",
                vec![a(), b(S::Superseded), revision(3, 101, S::Deployed, "1.1", 1, "Rollback to 1")],
                K::Rollback,
            ),
            (
                "failed rollback does not name itself",
                vec![a(), b(S::Deployed), revision(3, 101, S::Failed, "1.1", 1, "Release \"gim\" failed: x")],
                K::Rollback,
            ),
            ("lower, never there", vec![a(), b(S::Failed), revision(3, 101, S::Deployed, "1.0", 9, "")], K::Downgrade),
            ("former package", vec![a(), b(S::Failed), revision(3, 101, S::Deployed, "1.1", 1, "")], K::Rollback),
            (
                "second try of the same chart after a rollback",
                vec![
                    a(),
                    b(S::Superseded),
                    revision(3, 101, S::Superseded, "1.1", 1, "Rollback to 1"),
                    revision(4, 102, S::Deployed, "1.2", 2, ""),
                ],
                K::Upgrade,
            ),
            (
                "same again soon: a retry",
                vec![a(), b(S::Failed), revision(3, 101, S::Deployed, "1.2", 2, "")],
                K::Upgrade,
            ),
            (
                "same again much later",
                vec![a(), b(S::Failed), revision(3, 200, S::Deployed, "1.2", 2, "")],
                K::Reconfigure,
            ),
            ("other values", vec![a(), b(S::Superseded), revision(3, 200, S::Deployed, "1.2", 3, "")], K::Reconfigure),
            (
                "values put back",
                vec![
                    a(),
                    b(S::Superseded),
                    revision(3, 200, S::Superseded, "1.2", 3, ""),
                    revision(4, 300, S::Deployed, "1.2", 2, ""),
                ],
                K::Rollback,
            ),
            (
                "after uninstall --keep-history",
                vec![revision(1, 0, S::Uninstalled, "1.1", 1, ""), revision(2, 1, S::Deployed, "1.1", 1, "")],
                K::Install,
            ),
            ("uninstalling", vec![a(), revision(2, 1, S::Uninstalling, "1.2", 2, "")], K::Uninstall),
        ];
        for (name, revisions, expected) in cases {
            assert_eq!(tell(&revisions, &Policy::default()).kind, expected, "{name}");
        }
    }

    #[test]
    fn what_is_not_known_is_said() {
        use ReleaseStatus as S;
        let a = || revision(1, 0, S::Superseded, "1.1", 1, "");
        let cases: Vec<(&str, Vec<Arc<Revision>>, bool, bool)> = vec![
            ("bodies read", vec![a(), revision(2, 100, S::Deployed, "1.2", 2, "")], true, false),
            ("newest unread", vec![a(), revision(2, 100, S::Deployed, "", 2, "")], false, false),
            (
                "predecessor unread",
                vec![revision(1, 0, S::Superseded, "", 1, ""), revision(2, 1, S::Deployed, "1.2", 2, "")],
                false,
                false,
            ),
            ("pruned", vec![revision(7, 0, S::Deployed, "1.1", 1, "")], false, false),
            (
                "again",
                vec![a(), revision(2, 100, S::Failed, "1.2", 2, ""), revision(3, 101, S::Deployed, "1.2", 2, "")],
                true,
                true,
            ),
        ];
        for (name, revisions, known, again) in cases {
            let told = tell(&revisions, &Policy::default());
            assert_eq!((told.known, told.again), (known, again), "{name}");
        }
    }
}
