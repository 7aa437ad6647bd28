//! One component: what to do and why, what goes on, and the evidence.

use maud::{Markup, html};

use super::suite::{HEADLINE_REASONS, command, link};
use super::times::Times;
use super::{Look, chart, checks, icons, operation, pods, words};
use crate::assess::assessment::{ComponentAssessment, Reason, Stage, VerdictKind};
use crate::assess::snapshot::SuiteSnapshot;
use crate::model::facts::ComponentFacts;
use crate::model::names::Component;
use crate::model::release::ReleaseFacts;
use crate::publish::text;

/// A component's column.
pub struct Column<'a> {
    pub look: Look<'a>,
    pub suite: &'a SuiteSnapshot,
    pub component: Component,
    pub times: Times,
    /// Whether the headline is about it, which then has its command and why.
    pub is_headline: bool,
}

impl Column<'_> {
    fn assessment(&self) -> &ComponentAssessment {
        self.suite.assessment.components.get(self.component)
    }

    fn facts(&self) -> &ComponentFacts {
        self.suite.facts.components.get(self.component)
    }

    /// Writes it.
    pub fn render(&self) -> Markup {
        let (assessment, facts, component) = (self.assessment(), self.facts(), self.component);
        let kind = assessment.verdict.kind;
        let heading = format!("{component}-heading");
        html! {
            section.component.{ "is-" (kind) } id=(component) aria-labelledby=(heading) {
                header {
                    h2 id=(heading) { (text::title(component)) }
                    p.place { (facts.namespace) "/" (facts.release_name) }
                }
                p.verdict { (icons::verdict(kind)) strong { (words::verdict(kind)) } span.stage { (words::stage(assessment.stage)) } }
                @if let Some(owner) = &self.suite.suite.members.get(component).owner {
                    p.owner { "Shared: it is judged under suite " (link(self.look, owner)) "." }
                }
                (self.advice())
                (self.standing())
                (pods::pods(component, facts, self.times))
                (operation::timeline(self.suite, component, self.times))
                (chart::latency(self.look.snapshot, self.suite, component, self.times))
                (checks::checks(self.look, component, assessment, self.times))
            }
        }
    }

    fn advice(&self) -> Markup {
        let (assessment, times) = (self.assessment(), self.times);
        let verdict = &assessment.verdict;
        html! {
            @if verdict.kind != VerdictKind::None && !self.is_headline {
                p.what { (times.sentence(&text::verdict(self.component, assessment))) }
            }
            @if let (false, Some(line)) = (self.is_headline, &verdict.command) {
                (command(&format!("{}-command", self.component), self.component, &text::command(line)))
            }
            @if !self.is_headline || verdict.reasons.len() > HEADLINE_REASONS {
                (self.reasons("Why", &verdict.reasons))
            }
            (self.reasons("Also worth knowing", &verdict.advisories))
        }
    }

    fn reasons(&self, title: &str, reasons: &[Reason]) -> Markup {
        html! {
            @if !reasons.is_empty() {
                h3 { (title) }
                ul.reasons {
                    @for reason in reasons { li { (self.times.sentence(&text::reason(*reason, self.assessment()))) } }
                }
            }
        }
    }

    /// What it is, beside what is thought of it.
    fn standing(&self) -> Markup {
        let (assessment, facts) = (self.assessment(), self.facts());
        let target = assessment.rollback_target;
        html! {
            dl.standing {
                @if let Some(operation) = &assessment.operation {
                    dt { @if operation.in_window { "Operation" } @else { "Last operation" } }
                    dd { (operation::title(operation)) }
                }
                @if assessment.stage != Stage::Absent { (release("Release", &facts.release)) }
                @if facts.companion_name.is_some() { (release("Companion", &facts.companion)) }
                @if let Some(target) = target {
                    dt { "Way back" }
                    dd { "Revision " (target.revision) @if target.proven { ", which worked" } @else { ", not seen to work" } }
                }
                dt { "Gate" }
                dd {
                    @if assessment.gate.is_open() { "Open: it may be upgraded now" } @else {
                        "Closed"
                        ul { @for reason in &assessment.gate.blocked { li { (text::gate_reason(*reason)) } } }
                    }
                }
            }
        }
    }
}

fn release(title: &str, release: &ReleaseFacts) -> Markup {
    html! {
        @if let Some(newest) = release.newest() {
            dt { (title) }
            dd {
                @if let Some(body) = newest.body() { span.build { (body.chart_version) } ", " }
                "revision " (newest.revision) ", " (newest.status)
            }
        }
    }
}
