//! The checks of a component with their evidence: what fails first, then what nobody knows, then what is awaited. What is as it
//! should be is folded away.

use maud::{Markup, html};

use super::times::Times;
use super::{Look, icons, runbooks, words};
use crate::assess::answer::{Answer, CheckId, CheckState};
use crate::assess::assessment::ComponentAssessment;
use crate::model::names::Component;
use crate::publish::text;

/// Pieces of evidence that are told of one check; the status as JSON has them all.
const MAX_EVIDENCE: usize = 6;

/// The checks.
pub fn checks(look: Look<'_>, component: Component, assessment: &ComponentAssessment, times: Times) -> Markup {
    let of = |state| assessment.checks.iter().filter(move |(_, answer)| answer.state == state);
    let passed = assessment.count(CheckState::Pass);
    let open = [CheckState::Fail, CheckState::Unknown, CheckState::Pending];
    html! {
        @if !assessment.checks.is_empty() {
            h3 { "Checks" }
            @if open.iter().any(|state| assessment.count(*state) > 0) {
                ul.checks {
                    @for state in open { @for (check, answer) in of(state) { (row(look, component, *check, answer, times)) } }
                }
            }
            @if passed > 0 {
                details data-key={ (component) "-passed" } {
                    summary { (icons::state(CheckState::Pass)) (passed) @if passed == 1 { " check passes" } @else { " checks pass" } }
                    ul.checks { @for (check, answer) in of(CheckState::Pass) { (row(look, component, *check, answer, times)) } }
                }
            }
        }
    }
}

fn row(look: Look<'_>, component: Component, check: CheckId, answer: &Answer, times: Times) -> Markup {
    let runbook = runbooks::of_check(check).filter(|_| answer.state == CheckState::Fail);
    html! {
        li class={ "check " (answer.state) } data-key={ (component) "-" (check) } {
            p.question {
                (icons::state(answer.state)) span { (text::question(check)) " " strong.answer { (words::state(answer.state)) } }
            }
            @if !answer.evidence.is_empty() {
                ul.evidence {
                    @for evidence in answer.evidence.iter().take(MAX_EVIDENCE) { li { (times.sentence(&text::evidence(evidence))) } }
                    @if let Some(more) = answer.evidence.len().checked_sub(MAX_EVIDENCE).filter(|more| *more > 0) {
                        li { "And " (more) " more, which the JSON has." }
                    }
                }
            }
            @if let Some(alert) = runbook {
                p.more { a href={ (look.base) "runbooks/" (alert) } { "Runbook: " (alert) } }
            }
        }
    }
}
