//! Is the operation within its deadlines: Helm's while Helm works, the pods' until they are Ready? A Helm timeout that is
//! too short is a known cause of a migration that does not finish (upgrade guide, Rolling Update: Verify the upgrade).

use super::Context;
use crate::assess::answer::{Answer, CheckState, DeadlineKind, Evidence};

/// Answers `within_timeout`; does not apply where no operation is of interest.
pub fn answer(context: &Context<'_>) -> Option<Answer> {
    let operation = context.operation.filter(|operation| operation.in_window)?;
    if context.rollout.once && operation.end.is_some() {
        return Some(Answer::new(CheckState::Pass, []));
    }
    let (deadline, at) = if operation.end.is_none() {
        (DeadlineKind::Helm, operation.helm_deadline)
    } else {
        (DeadlineKind::Ready, operation.ready_deadline)
    };
    let state = if context.horizon.passed(at) { CheckState::Fail } else { CheckState::Pending };
    Some(Answer::new(state, [Evidence::Deadline { deadline, at }]))
}
