//! The frame of every page: head, banner, links, and where `page.js` says that it is live. Without JavaScript the page asks for
//! itself anew.

use maud::{DOCTYPE, Markup, html};

use super::words::machine;
use super::{Look, Parts, Which, assets, parts};
use crate::assess::snapshot::Snapshot;

/// How often the page is asked for anew where there is no JavaScript, in seconds.
const REFRESH_SECONDS: u32 = 15;

impl Look<'_> {
    /// The page itself, without a query.
    pub(super) fn home(&self) -> &str {
        if self.base.is_empty() { "./" } else { self.base }
    }
}

/// The whole document. `None` where the suite is not watched.
#[must_use]
pub fn document(look: Look<'_>, which: &Which) -> Option<String> {
    let parts = parts(look, which)?;
    Some(frame(look, which, &parts).into_string())
}

/// The document that says that a suite is not watched.
#[must_use]
pub fn not_found(look: Look<'_>) -> String {
    let main = html! {
        main id="main" class="is-unknown" tabindex="-1" {
            section.hero aria-labelledby="verdict" {
                div.say {
                    p.about { "Not found" }
                    h1 #verdict { "No such suite" }
                    p.what { "No suite of this name is watched. " a href=(look.home()) { "See those that are." } }
                }
            }
        }
    };
    frame(look, &Which::Fleet { from: 0 }, &Parts { title: "No such suite".to_owned(), colour: "unknown", main })
        .into_string()
}

fn frame(look: Look<'_>, which: &Which, parts: &Parts) -> Markup {
    let base = look.base;
    html! {
        (DOCTYPE)
        html lang="en" data-now=[look.now.map(machine)] {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (parts.title) }
                link #icon rel="icon" href={ (base) "assets/" (parts.colour) ".svg" };
                link rel="stylesheet" href=(assets::address(base, "page.css"));
                script src=(assets::address(base, "page.js")) defer {}
                noscript { meta http-equiv="refresh" content=(REFRESH_SECONDS); }
            }
            body {
                a.skip href="#main" { "Skip to the verdict" }
                header.top {
                    p.brand { a href=(look.home()) { "gim-upgrade-exporter" } }
                    p #live role="status" { noscript { "Asked for anew every " (REFRESH_SECONDS) " s" } }
                    p.unseen #announcer role="status" aria-live="polite" {}
                    nav aria-label="Elsewhere" { (links(look, which, look.snapshot)) }
                }
                (parts.main)
                footer { p { "gim-upgrade-exporter " (env!("CARGO_PKG_VERSION")) ". It only reads the cluster: what it advises, you run." } }
            }
        }
    }
}

fn links(look: Look<'_>, which: &Which, snapshot: &Snapshot) -> Markup {
    let base = look.base;
    let json = match which {
        Which::Suite(_) => which.query("?"),
        Which::Fleet { .. } => String::new(),
    };
    html! {
        ul {
            @if snapshot.suites.len() > 1 { li { a href={ (look.home()) "?from=0" } { "All suites" } } }
            li { a href={ (base) "metrics" } { "Metrics" } }
            li { a href={ (base) "api/v1/status" (json) } { "JSON" } }
        }
    }
}
