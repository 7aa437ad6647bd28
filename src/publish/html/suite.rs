//! One suite: the headline that is read from two metres away, then a column for each component, then the sources.

use maud::{Markup, html};

use super::component::Column;
use super::headline::{self, Headline};
use super::times::Times;
use super::which::suite_query;
use super::{Look, icons, runbooks, sources, words};
use crate::assess::assessment::ComponentAssessment;
use crate::assess::snapshot::SuiteSnapshot;
use crate::model::names::Component;
use crate::publish::text;

/// Reasons that are told under the headline; the component's column has them all.
pub(super) const HEADLINE_REASONS: usize = 2;

/// The content of a suite's page.
pub fn suite(look: Look<'_>, suite: &SuiteSnapshot) -> Markup {
    let times = Times { judged: suite.judged, now: look.now };
    let headline = headline::of(suite);
    html! {
        (hero(look, suite, headline, times))
        (steps(suite))
        div.columns {
            @for &component in Component::ALL {
                (Column { look, suite, component, times, is_headline: headline.about.is_some_and(|(about, _)| about == component) }.render())
            }
        }
        (sources::sources(look, suite, times))
    }
}

fn hero(look: Look<'_>, suite: &SuiteSnapshot, headline: Headline<'_>, times: Times) -> Markup {
    html! {
        section.hero aria-labelledby="verdict" {
            div.sign { (icons::verdict(headline.kind)) }
            div.say {
                p.about { @match headline.about {
                    Some((component, _)) => { (text::title(component)) " in suite " span.name { (suite.suite.name) } },
                    None => { "Suite " span.name { (suite.suite.name) } },
                } }
                h1 #verdict { (words::verdict(headline.kind)) }
                @match headline.about {
                    Some((component, assessment)) => { (advice(look, component, assessment, times)) },
                    None => { p.what { (at_rest(suite)) } },
                }
                p.judged { "Judged at " (times.both(suite.judged)) }
            }
        }
    }
}

fn advice(look: Look<'_>, component: Component, assessment: &ComponentAssessment, times: Times) -> Markup {
    let verdict = &assessment.verdict;
    html! {
        @let what = text::verdict(component, assessment);
        // "Wait." below "Wait" would say nothing.
        @if what.trim_end_matches('.') != words::verdict(verdict.kind) { p.what { (times.sentence(&what)) } }
        @if let Some(until) = verdict.until { p.countdown { (times.left(until)) } }
        @if let Some(command) = &verdict.command { (self::command("command", component, &text::command(command))) }
        @if !verdict.reasons.is_empty() {
            ul.reasons {
                @for reason in verdict.reasons.iter().take(HEADLINE_REASONS) {
                    li { (times.sentence(&text::reason(*reason, assessment))) }
                }
            }
        }
        @if let Some(alert) = runbooks::of_verdict(verdict.kind) {
            p.more { a href={ (look.base) "runbooks/" (alert) } { "Runbook: " (alert) } }
        }
    }
}

/// A command that can be selected, and copied where there is JavaScript.
pub fn command(id: &str, component: Component, line: &str) -> Markup {
    let label = format!("Command for {}", text::title(component));
    html! {
        div.command {
            pre tabindex="0" role="region" aria-label=(label) { code id=(id) { (line) } }
            button.copy type="button" data-copy=(id) { "Copy" }
        }
    }
}

fn at_rest(suite: &SuiteSnapshot) -> String {
    match suite.assessment.next {
        Some(next) if suite.assessment.components.get(next).gate.is_open() => {
            format!("{} may be upgraded next.", text::title(next))
        }
        Some(next) => format!("{} is to be upgraded next; its gate is closed.", text::title(next)),
        None => "Every component is at rest, and no upgrade is due.".to_owned(),
    }
}

/// The way through the upgrade, one step for each component.
fn steps(suite: &SuiteSnapshot) -> Markup {
    html! {
        nav.steps aria-label="Components" {
            ol {
                @for (component, assessment) in suite.assessment.components.iter() {
                    @let kind = assessment.verdict.kind;
                    li class={ "is-" (kind) } {
                        a href={ "#" (component) } {
                            span.step { (text::title(component)) }
                            span.verdict { (icons::verdict(kind)) (words::verdict(kind)) }
                            span.stage { (words::stage(assessment.stage)) }
                        }
                    }
                }
            }
        }
    }
}

/// A link to a suite.
pub fn link(look: Look<'_>, name: &str) -> Markup {
    html! { a href={ (look.home()) "?" (suite_query(name)) } { (name) } }
}
