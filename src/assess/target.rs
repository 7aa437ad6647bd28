//! The revision to go back to.
//!
//! Not the newest but one, and not the newest superseded: a broken revision becomes `superseded` when the next one is
//! deployed, and a second try has the very manifest of the first. Not for whether to go back: that is `verdict`.

use super::assessment::RollbackTarget;
use crate::model::memory::ComponentMemory;
use crate::model::policy::Policy;
use crate::model::release::{ReleaseFacts, ReleaseStatus};
use crate::model::time::between;

/// Of the earlier revisions that were deployed and differ from the newest: the newest that was seen verified or stayed
/// newest for the suspect window; if there is none, the one that stayed newest longest. A revision whose manifest is not
/// known cannot be shown to differ and is left out.
#[must_use]
pub fn find(release: &ReleaseFacts, memory: &ComponentMemory, policy: &Policy) -> Option<RollbackTarget> {
    let (newest, earlier) = release.revisions.split_last()?;
    let broken = newest.body()?.manifest_hash;
    let followers = release.revisions.iter().skip(1);
    let candidates: Vec<_> = earlier
        .iter()
        .zip(followers)
        .filter(|(revision, _)| matches!(revision.status, ReleaseStatus::Deployed | ReleaseStatus::Superseded))
        .filter(|(revision, _)| revision.body().is_some_and(|body| body.manifest_hash != broken))
        .map(|(revision, next)| ((revision.created, revision.revision), between(revision.created, next.created)))
        .collect();
    let proven = candidates
        .iter()
        .rev()
        .find(|(revision, stayed)| memory.verified.contains(revision) || *stayed >= policy.suspect_window);
    if let Some(((_, revision), _)) = proven {
        return Some(RollbackTarget { revision: *revision, proven: true });
    }
    let ((_, revision), _) = candidates.iter().max_by_key(|(_, stayed)| *stayed)?;
    Some(RollbackTarget { revision: *revision, proven: false })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::assess::testing::{alone, body};
    use crate::model::time::{Timestamp, after};

    fn release(rows: &[(u32, u64, ReleaseStatus, u64)]) -> ReleaseFacts {
        let revisions = rows.iter().map(|&(number, hours, status, manifest)| {
            let created = after(Timestamp::UNIX_EPOCH, Duration::from_hours(hours));
            Arc::new(alone(number, created, status, (manifest != 0).then(|| body(manifest))))
        });
        ReleaseFacts { revisions: revisions.collect() }
    }

    #[test]
    fn targets_are_chosen() {
        use ReleaseStatus::{Deployed, Failed, PendingUpgrade, Superseded};
        type Rows = Vec<(u32, u64, ReleaseStatus, u64)>;
        type Case = (&'static str, Rows, Vec<u32>, Option<(u32, bool)>);
        let cases: Vec<Case> = vec![
            ("only one", vec![(1, 0, Failed, 1)], vec![], None),
            ("upgrade that broke", vec![(1, 0, Superseded, 1), (2, 100, Deployed, 2)], vec![], Some((1, true))),
            (
                "failed ones never",
                vec![(1, 0, Superseded, 1), (2, 50, Failed, 2), (3, 100, Deployed, 3)],
                vec![],
                Some((1, true)),
            ),
            (
                "pending ones never",
                vec![(1, 0, Deployed, 1), (2, 50, PendingUpgrade, 2), (3, 100, Failed, 3)],
                vec![],
                Some((1, true)),
            ),
            (
                "second try of the same chart: the first try is no target",
                vec![(1, 0, Superseded, 1), (2, 100, Superseded, 2), (3, 101, Superseded, 1), (4, 102, Deployed, 2)],
                vec![],
                Some((1, true)),
            ),
            (
                "the rollback in between was seen to work",
                vec![(1, 0, Superseded, 1), (2, 100, Superseded, 2), (3, 101, Superseded, 1), (4, 102, Deployed, 2)],
                vec![3],
                Some((3, true)),
            ),
            (
                "none proven: the longest",
                vec![(1, 0, Superseded, 1), (2, 3, Superseded, 2), (3, 4, Deployed, 3)],
                vec![],
                Some((1, false)),
            ),
            ("body of the older unread", vec![(1, 0, Superseded, 0), (2, 100, Deployed, 2)], vec![], None),
            ("body of the newest unread", vec![(1, 0, Superseded, 1), (2, 100, Deployed, 0)], vec![], None),
        ];
        for (name, rows, verified, expected) in cases {
            let mut memory = ComponentMemory::new(Timestamp::UNIX_EPOCH);
            let release = release(&rows);
            let seen = release.revisions.iter().filter(|revision| verified.contains(&revision.revision));
            memory.verified = seen.map(|revision| (revision.created, revision.revision)).collect();
            let found = find(&release, &memory, &Policy::default()).map(|t| (t.revision, t.proven));
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn what_was_verified_before_another_install_counts_for_nothing() {
        let rows = [(1, 0, ReleaseStatus::Superseded, 1), (2, 1, ReleaseStatus::Deployed, 2)];
        let mut memory = ComponentMemory::new(Timestamp::UNIX_EPOCH);
        memory.verified = vec![(after(Timestamp::UNIX_EPOCH, Duration::from_hours(100)), 1)];
        let found = find(&release(&rows), &memory, &Policy::default());
        assert_eq!(found, Some(RollbackTarget { revision: 1, proven: false }));
    }
}
