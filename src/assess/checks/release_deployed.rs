//! Did Helm finish the newest revision? Helm's success says nothing about pods unless `--wait` was given, so this check
//! is not vital.

use super::Context;
use crate::assess::answer::{Answer, CheckState, Evidence};
use crate::assess::failure;
use crate::model::release::ReleaseStatus;

/// Answers `release_deployed`; does not apply where there is no release or it is going away.
pub fn answer(context: &Context<'_>) -> Option<Answer> {
    if context.facts.told_by_workloads() {
        return Some(Answer::new(CheckState::Unknown, [Evidence::ToldByWorkloads]));
    }
    let newest = context.facts.release.newest()?;
    let state = match newest.status {
        ReleaseStatus::Deployed => CheckState::Pass,
        ReleaseStatus::Failed => CheckState::Fail,
        ReleaseStatus::PendingInstall | ReleaseStatus::PendingUpgrade | ReleaseStatus::PendingRollback => {
            let overdue = context.operation.is_some_and(|operation| context.horizon.passed(operation.ready_deadline))
                && context.horizon.lasted(newest.written, context.times.helm_timeout.saturating_mul(2));
            if overdue { CheckState::Fail } else { CheckState::Pending }
        }
        ReleaseStatus::Unknown | ReleaseStatus::Superseded => CheckState::Unknown,
        ReleaseStatus::Uninstalled | ReleaseStatus::Uninstalling => return None,
    };
    let release = Evidence::Release { revision: newest.revision, status: newest.status };
    let failure = failure::of(newest).filter(|_| newest.status == ReleaseStatus::Failed);
    let failure = failure.map(|class| Evidence::Failure { class });
    Some(Answer::new(state, std::iter::once(release).chain(failure)))
}
