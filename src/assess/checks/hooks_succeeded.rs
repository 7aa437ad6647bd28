//! Did the revision's hooks end well? GSP saves its state in a pre-upgrade hook (upgrade guide, Rolling Update: Upgrade);
//! what the hook is called is read from the release.

use super::Context;
use crate::assess::answer::{Answer, CheckState, Evidence};
use crate::model::release::{Hook, HookPhase};
use crate::model::source::Freshness;

/// Answers `hooks_succeeded`; does not apply where the revision has no hooks.
pub fn answer(context: &Context<'_>) -> Option<Answer> {
    let newest = context.facts.release.newest()?;
    let Some(body) = newest.body() else {
        let missing = Evidence::BodyMissing { revision: newest.revision };
        return Some(Answer::new(CheckState::Unknown, [missing]));
    };
    if body.hooks.is_empty() {
        return None;
    }
    let of = |phase| body.hooks.iter().filter(move |hook| hook.phase == phase).map(evidence);
    let state = if of(HookPhase::Failed).next().is_some() {
        CheckState::Fail
    } else if newest.status.is_pending() || newest.lacks_body() && context.facts.sources.bodies == Freshness::Fresh {
        CheckState::Pending
    } else if newest.lacks_body() {
        // What is known of them is from before Helm last wrote.
        CheckState::Unknown
    } else {
        // A hook of another event (post-rollback, say) has not run in this revision, and that is well.
        CheckState::Pass
    };
    let evidence = of(HookPhase::Failed).chain(of(HookPhase::Running)).chain(of(HookPhase::Succeeded));
    Some(Answer::new(state, evidence))
}

fn evidence(hook: &Hook) -> Evidence {
    Evidence::Hook {
        hook: hook.name.clone(),
        event: hook.event.clone(),
        phase: hook.phase,
        started: hook.started,
        completed: hook.completed,
    }
}
