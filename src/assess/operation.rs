//! Which operation made the newest revision, and its deadlines.
//!
//! Helm's own word first; where Helm does not say, builds and manifests are compared. Descriptions alone are not
//! believed: a failed rollback does not name itself, and `--description` replaces them all. Not for how it goes: that is
//! `rollout` and `stage`.

use std::cmp::Ordering;
use std::sync::Arc;

use super::assessment::{Operation, OperationKind};
use super::horizon::Horizon;
use crate::model::policy::{Policy, Times};
use crate::model::release::{ReleaseBody, ReleaseFacts, ReleaseStatus, Revision};
use crate::model::time::{after, between};

/// The operation that made the newest revision; `None` where there is none. Its settle deadline is set once pods are
/// Ready.
#[must_use]
pub fn newest(release: &ReleaseFacts, times: &Times, policy: &Policy, horizon: &Horizon) -> Option<Operation> {
    let newest = release.newest()?;
    let pending = newest.status.is_pending() || newest.status == ReleaseStatus::Uninstalling;
    Some(Operation {
        kind: kind(&release.revisions, policy),
        revision: newest.revision,
        begin: newest.created,
        end: (!pending).then_some(newest.written),
        helm_deadline: after(newest.created, times.helm_timeout),
        ready_deadline: after(newest.created, times.ready_timeout),
        settle_deadline: None,
        in_window: pending || !horizon.lasted(newest.written, policy.suspect_window),
    })
}

/// What kind of operation the last of these revisions is. Compares with earlier ones only as far as their bodies are
/// known.
fn kind(revisions: &[Arc<Revision>], policy: &Policy) -> OperationKind {
    let Some((newest, earlier)) = revisions.split_last() else { return OperationKind::None };
    if let Some(kind) = helms_word(newest) {
        return kind;
    }
    let Some((predecessor, older)) = earlier.split_last() else {
        // History may have been pruned down to this one revision: then it was at least not the first.
        return if newest.revision == 1 { OperationKind::Install } else { OperationKind::Upgrade };
    };
    if predecessor.status == ReleaseStatus::Uninstalled {
        return OperationKind::Install;
    }
    let (Some(body), Some(before)) = (newest.body(), predecessor.body()) else { return OperationKind::Upgrade };
    let returns = |candidates: &[Arc<Revision>]| {
        candidates.iter().filter_map(|revision| revision.body()).any(|old| old.manifest_hash == body.manifest_hash)
    };
    match body.build().compare(&before.build()) {
        Some(Ordering::Greater) => OperationKind::Upgrade,
        Some(Ordering::Less) if returns(earlier) => OperationKind::Rollback,
        Some(Ordering::Less) => OperationKind::Downgrade,
        _ if body.manifest_hash != before.manifest_hash && returns(older) => OperationKind::Rollback,
        None => OperationKind::Upgrade,
        Some(Ordering::Equal) if between(predecessor.created, newest.created) < policy.suspect_window => {
            kind(earlier, policy)
        }
        Some(Ordering::Equal) => OperationKind::Reconfigure,
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

/// Whether a failed release failed for anything but waiting too long, by Helm's description. `None` where it cannot be
/// told. Waiting too long is judged by the pods themselves: they may have healed since.
#[must_use]
pub fn failed_outright(body: &ReleaseBody) -> Option<bool> {
    const WAITED_TOO_LONG: [&str; 2] = ["context deadline exceeded", "timed out waiting for the condition"];
    let (_, cause) = body.description.split_once(" failed: ")?;
    let hook = cause.contains("hooks failed") || cause.contains("hook failed");
    Some(hook || !WAITED_TOO_LONG.iter().any(|text| cause.contains(text)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::release::{BodyState, ManifestWorkload};
    use crate::model::time::Timestamp;
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
        let body = ReleaseBody {
            chart: "gim".into(),
            chart_version: "100.0.116+2900".into(),
            app_version: "".into(),
            description: text.into(),
            first_deployed: None,
            last_deployed: None,
            rollback_revision: None,
            hooks: Vec::new(),
            manifest_hash: manifest,
            workloads: vec![ManifestWorkload {
                kind: WorkloadKind::StatefulSet,
                name: "gim".into(),
                images: vec![format!("r/gim:{build}").into()],
            }],
        };
        Arc::new(Revision {
            namespace: "gim".into(),
            release: "gim".into(),
            revision: number,
            status,
            object: "".into(),
            uid: "".into(),
            resource_version: "".into(),
            created,
            written: created,
            body: if build.is_empty() { BodyState::Unread } else { BodyState::Read(Arc::new(body)) },
            body_version: None,
        })
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
            assert_eq!(kind(&revisions, &Policy::default()), expected, "{name}");
        }
    }

    #[test]
    fn failures_are_told_apart() {
        let cases = [
            ("Upgrade \"gim\" failed: context deadline exceeded", Some(false)),
            ("Release \"gim\" failed: context deadline exceeded", Some(false)),
            (
                "Upgrade \"gim\" failed: resource StatefulSet/gim/gim not ready. status: InProgress, message: Ready: 0/1\ncontext deadline exceeded",
                Some(false),
            ),
            (
                "Upgrade \"gim\" failed: pre-upgrade hooks failed: 1 error occurred:\n\t* timed out waiting for the condition\n\n",
                Some(true),
            ),
            ("Upgrade \"gim\" failed: cannot patch \"gim\" with kind StatefulSet", Some(true)),
            ("ticket 7", None),
        ];
        for (text, expected) in cases {
            let revision = revision(1, 0, ReleaseStatus::Failed, "1.1", 1, text);
            assert_eq!(failed_outright(revision.body().unwrap()), expected, "{text}");
        }
    }
}
