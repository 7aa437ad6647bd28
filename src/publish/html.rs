//! The page for people: one screen for a suite, and an overview where there are several. Whole as it is served; what moves
//! is only made to stay true by `page.js`, which puts in a newer `<main>` when one comes.
//!
//! Text is escaped by construction: everything is written through `maud`, and only what stands in this folder as it is (the
//! shapes of icons) is let through. [`main`] follows from the snapshot alone unless it is told the time, so that one
//! rendering serves everybody who looks. Not for what is thought of a suite, and not for sentences: those are `text`'s.

pub mod assets;
mod chart;
mod checks;
mod component;
mod document;
mod fleet;
mod headline;
mod icons;
mod operation;
mod pods;
mod runbooks;
mod sources;
mod suite;
mod times;
mod which;
mod words;

use maud::{Markup, html};

pub use self::document::{document, not_found};
pub use self::which::Which;
use crate::assess::snapshot::Snapshot;
use crate::model::time::Timestamp;

/// What a page is made of.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// The snapshot that is shown.
    pub snapshot: &'a Snapshot,
    /// Now, by the API server's clock, for ages beside instants; `None` where whoever shows it counts them.
    pub now: Option<Timestamp>,
    /// What stands before each path: empty for links that are relative to the page, else a path with `/` at both ends.
    pub base: &'a str,
}

/// The part of the page that changes: its `<main>`. `None` where the suite is not watched.
#[must_use]
pub fn main(look: Look<'_>, which: &Which) -> Option<String> {
    Some(parts(look, which)?.main.into_string())
}

/// What a document is made of beside its frame.
struct Parts {
    /// What stands in the window's title: the headline, and where it holds.
    title: String,
    /// The spelling of the verdict that colours the page.
    colour: &'static str,
    /// The part that changes.
    main: Markup,
}

fn parts(look: Look<'_>, which: &Which) -> Option<Parts> {
    let snapshot = look.snapshot;
    let (title, colour, content) = match which {
        Which::Suite(name) => {
            let suite = snapshot.suites.iter().find(|suite| suite.suite.name == *name)?;
            let headline = headline::of(suite);
            (format!("{}: {}", headline.title(), suite.suite.name), headline.kind, suite::suite(look, suite))
        }
        Which::Fleet { from } => {
            let fleet = fleet::Fleet::of(snapshot);
            (fleet.title(), fleet.colour(), fleet.render(look, *from))
        }
    };
    let main = html! {
        main id="main" class={ "is-" (colour) } tabindex="-1" data-title=(title) data-verdict=(colour)
            data-version=(env!("CARGO_PKG_VERSION")) data-base=(look.base)
            data-events={ (look.base) "api/v1/events?form=html" (which.query("&")) } {
            @if !snapshot.ready { p.notice { "Not everything was read for the first time yet." } }
            (content)
        }
    };
    Some(Parts { title, colour: colour.as_str(), main })
}

#[cfg(test)]
mod tests;
