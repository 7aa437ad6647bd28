//! The sources of a suite's evidence and how far each may be believed: those that may not, first. When a fresh one was last heard
//! is not told, since that moves without anything else.

use maud::{Markup, html};

use super::times::Times;
use super::{Look, words};
use crate::assess::snapshot::{SourceSnapshot, SuiteSnapshot};
use crate::model::source::Freshness;

/// Sources that are listed one by one.
const MAX_SOURCES: usize = 50;

/// The sources of a suite.
pub fn sources(look: Look<'_>, suite: &SuiteSnapshot, times: Times) -> Markup {
    let members = &suite.suite.members;
    let is_own = |source: &&SourceSnapshot| {
        source
            .id
            .namespace
            .as_ref()
            .is_none_or(|namespace| members.iter().any(|(_, member)| member.namespace == *namespace))
    };
    let (well, ill): (Vec<&SourceSnapshot>, Vec<&SourceSnapshot>) =
        look.snapshot.sources.iter().filter(is_own).partition(|source| source.freshness == Freshness::Fresh);
    html! {
        section.sources aria-labelledby="sources" {
            h2 #sources { "Sources" }
            @if !ill.is_empty() {
                ul { @for source in ill.iter().take(MAX_SOURCES) { (row(source, times)) } }
            }
            @if !well.is_empty() {
                details data-key="sources-well" {
                    summary {
                        @if ill.is_empty() { "All up to date: " (well.len()) } @else { "Up to date: " (well.len()) }
                    }
                    ul { @for source in well.iter().take(MAX_SOURCES) { (row(source, times)) } }
                }
            }
        }
    }
}

fn row(source: &SourceSnapshot, times: Times) -> Markup {
    let errors: u64 = source.errors.values().sum();
    html! {
        li.source.{ (source.freshness) } {
            span.name { (words::source(source.id.kind)) @if let Some(namespace) = &source.id.namespace { " (" (namespace) ")" } }
            ": " strong { (words::freshness(source.freshness)) }
            @match (source.freshness, source.contact.last()) {
                (Freshness::Fresh, _) => { ", heard within the last " (words::span(source.stale_after)) },
                (_, Some(last)) => { ", last heard " (times.both(last)) },
                (_, None) => {},
            }
            @if errors > 0 { "; " (errors) @if errors == 1 { " error so far" } @else { " errors so far" } }
            @if let Some(error) = &source.last_error { ": " span.error { (error) } }
        }
    }
}
