//! All suites on one page: those that need somebody first. A hundred at a time, however many there are.

use std::sync::Arc;

use maud::{Markup, html};

use super::headline;
use super::suite::link;
use super::times::Times;
use super::{Look, icons, words};
use crate::assess::assessment::VerdictKind;
use crate::assess::snapshot::{Snapshot, SuiteSnapshot};
use crate::publish::text;

/// Suites on one page.
const SUITES: usize = 100;

/// Where the page begins that has suite number `from` of so many, or the last page: there are no other pages than these.
pub(super) fn begin(from: usize, suites: usize) -> usize {
    from.min(suites.saturating_sub(1)) / SUITES * SUITES
}

/// The suites, the most urgent first.
pub struct Fleet<'a> {
    sorted: Vec<(VerdictKind, &'a Arc<SuiteSnapshot>)>,
}

impl<'a> Fleet<'a> {
    /// The suites of a snapshot.
    pub fn of(snapshot: &'a Snapshot) -> Self {
        let mut sorted: Vec<_> = snapshot.suites.iter().map(|suite| (headline::of(suite).kind, suite)).collect();
        // Stable: the order of the configuration among equals.
        sorted.sort_by_key(|(kind, _)| words::urgency(*kind));
        Self { sorted }
    }

    fn count(&self, is_it: impl Fn(VerdictKind) -> bool) -> usize {
        self.sorted.iter().filter(|(kind, _)| is_it(*kind)).count()
    }

    /// The headline on one line.
    pub fn title(&self) -> String {
        let (count, all) = (self.count(words::needs_somebody), self.sorted.len());
        format!("{count} of {all} suites {}", need(count))
    }

    /// The verdict that colours the page.
    pub fn colour(&self) -> VerdictKind {
        self.sorted.first().map_or(VerdictKind::None, |(kind, _)| *kind)
    }

    /// Writes the page that begins with suite number `from`.
    pub fn render(&self, look: Look<'_>, from: usize) -> Markup {
        let times = Times { judged: look.snapshot.taken, now: look.now };
        let from = begin(from, self.sorted.len());
        let shown = self.sorted.iter().skip(from).take(SUITES);
        let after = (from + SUITES < self.sorted.len()).then_some(from + SUITES);
        let needing = self.count(words::needs_somebody);
        let counts = [
            (self.count(|kind| kind == VerdictKind::Wait), "under way"),
            (self.count(|kind| kind == VerdictKind::Proceed), "may go on"),
            (self.count(|kind| kind == VerdictKind::None), "at rest"),
        ];
        html! {
            section.hero aria-labelledby="verdict" {
                div.sign { (icons::verdict(self.colour())) }
                div.say {
                    p.about { (self.sorted.len()) " suites" }
                    h1 #verdict {
                        @if self.sorted.is_empty() { "No suite" } @else { (needing) " " (need(needing)) }
                    }
                    ul.counts { @for (count, what) in counts.iter().filter(|(count, _)| *count > 0) { li { strong { (count) } " " (what) } } }
                    p.judged { "As of " (times.both(look.snapshot.taken)) }
                }
            }
            @if self.sorted.is_empty() { p.empty { "No suite is watched: none is configured, or none was found yet." } }
            @else if self.sorted.len() > SUITES { (find(look)) }
            ul.fleet aria-label="Suites" { @for (kind, suite) in shown { (row(look, *kind, suite)) } }
            @if from > 0 || after.is_some() {
                nav.pages aria-label="Pages" {
                    p { (from + 1) " to " (self.sorted.len().min(from + SUITES)) " of " (self.sorted.len()) }
                    @if from > 0 { a href={ (look.home()) "?from=" (from.saturating_sub(SUITES)) } { "More urgent" } }
                    @if let Some(after) = after { a href={ (look.home()) "?from=" (after) } { "Less urgent" } }
                }
            }
        }
    }
}

const fn need(count: usize) -> &'static str {
    if count == 1 { "needs somebody" } else { "need somebody" }
}

fn find(look: Look<'_>) -> Markup {
    html! {
        form.find action=(look.home()) method="get" {
            label for="suite" { "Open a suite by its name" }
            input #suite name="suite" type="text" autocomplete="off" required;
            button type="submit" { "Open" }
        }
    }
}

fn row(look: Look<'_>, kind: VerdictKind, suite: &SuiteSnapshot) -> Markup {
    let what = headline::of(suite).about;
    html! {
        li class={ "is-" (kind) } data-key=(suite.suite.name) {
            p.verdict { (icons::verdict(kind)) strong { (words::verdict(kind)) @if let Some((component, _)) = what { " " (text::title(component)) } } }
            h2 { (link(look, &suite.suite.name)) }
            ul.members {
                @for (component, assessment) in suite.assessment.components.iter() {
                    li { (text::title(component)) " " span.stage { (words::stage(assessment.stage)) } }
                }
            }
        }
    }
}
