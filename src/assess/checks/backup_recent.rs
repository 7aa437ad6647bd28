//! Is there a recent backup of the Info Mart database? One must exist before GIM is upgraded (upgrade guide, Preparatory
//! steps).

use super::Context;
use crate::assess::answer::{Answer, CheckState, Evidence};
use crate::model::names::Component;
use crate::model::source::{Freshness, SourceKind};
use crate::model::time::before;

/// Answers `backup_recent`: of an operation of interest the backup must have been recent when it began, else it must be so
/// now. Does not apply where no backup is configured.
pub fn answer(context: &Context<'_>) -> Option<Answer> {
    if context.component != Component::Gim {
        return None;
    }
    context.suite.suite.surroundings.backup.as_ref()?;
    let silent = |freshness| {
        let source = Evidence::Source { source: SourceKind::Backups, freshness };
        Some(Answer::new(CheckState::Unknown, [source]))
    };
    let Some(backup) = &context.suite.surroundings.backup else { return silent(Freshness::Starting) };
    // While its source is heard it is told again at each reading of the database, whether or not there is news.
    if context.horizon.lasted(backup.at, context.policy.database_silence()) {
        return silent(Freshness::Stale);
    }
    let max_age = context.policy.backup_max_age;
    // Of a backup that is newer than the operation's begin its own age counts: which one was there before is not told.
    let begin = context.operation.filter(|operation| operation.in_window).map(|operation| operation.begin);
    let is_recent = backup.last_success.is_some_and(|success| match begin {
        Some(begin) if success <= begin => success >= before(begin, max_age),
        _ => !context.horizon.lasted(success, max_age),
    });
    let state = if is_recent { CheckState::Pass } else { CheckState::Fail };
    Some(Answer::new(state, [Evidence::Backup { last_success: backup.last_success, begin }]))
}
