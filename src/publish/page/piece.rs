//! Pieces of a page: which families of which suites, what they see, and how they are written.
//!
//! With few suites a piece is a run of families that see the same; with many it is one family of a block of suites.
//! Not for keeping pieces: see `kept`.

use std::ops::Range;
use std::sync::Arc;

use super::SUITES_PER_PIECE;
use crate::assess::snapshot::{Snapshot, SourceSnapshot, SuiteSnapshot};
use crate::exposition::{END_OF_OPENMETRICS, Format};
use crate::model::names::Component;
use crate::model::policy::Policy;
use crate::publish::families::{self, Family};
use crate::publish::own::OwnMetrics;
use crate::publish::parts::{Part, Subject};
use crate::publish::series::Series;

/// The components in the order of their spellings, which is the order of their series.
pub(super) const BY_SPELLING: [Component; 3] = [Component::Gca, Component::Gim, Component::Gsp];

/// What of a snapshot is on the page, the suites sorted by name.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub(super) sequence: u64,
    pub(super) policy: Arc<Policy>,
    pub(super) suites: Vec<Arc<SuiteSnapshot>>,
    pub(super) sources: Arc<Vec<SourceSnapshot>>,
}

impl View {
    pub(super) fn of(snapshot: &Snapshot) -> Self {
        let mut suites = snapshot.suites.clone();
        suites.sort_by(|a, b| a.suite.name.cmp(&b.suite.name));
        let (policy, sources) = (Arc::clone(&snapshot.policy), Arc::clone(&snapshot.sources));
        Self { sequence: snapshot.sequence, policy, suites, sources }
    }
}

/// A part of the page.
#[derive(Debug)]
pub(super) struct Piece {
    families: Vec<&'static Family>,
    pub(super) suites: Range<usize>,
    pub(super) part: Part,
}

/// Cuts the page for so many suites: every family but those that are new at every scrape.
pub(super) fn plan(suites: usize) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for family in families::all() {
        let Some(part) = family.part() else { continue };
        if part == Part::Sources || suites <= SUITES_PER_PIECE {
            match pieces.last_mut().filter(|last| last.part == part) {
                Some(last) => last.families.push(family),
                None => pieces.push(Piece { families: vec![family], suites: 0..suites, part }),
            }
        } else {
            for begin in (0..suites).step_by(SUITES_PER_PIECE) {
                let end = suites.min(begin + SUITES_PER_PIECE);
                pieces.push(Piece { families: vec![family], suites: begin..end, part });
            }
        }
    }
    pieces
}

impl Piece {
    /// Writes it.
    pub(super) fn write(&self, out: &mut String, format: Format, view: &View) {
        for family in &self.families {
            if self.part == Part::Sources {
                family.write_sources(out, format, &view.sources);
                continue;
            }
            // A family is described once, also where it has no series.
            if self.suites.start == 0 {
                family.description.write_header(out, format);
            }
            let mut series = Series::default();
            for suite in view.suites.get(self.suites.clone()).unwrap_or_default() {
                for component in BY_SPELLING {
                    family.write_component(out, Subject { suite, component, policy: &view.policy }, &mut series);
                }
            }
        }
    }
}

/// Writes when the sources were last heard, which follows what the pieces have.
pub(super) fn write_contacts(out: &mut String, format: Format, sources: &[SourceSnapshot]) {
    for family in families::all().filter(|family| family.part().is_none()) {
        family.write_sources(out, format, sources);
    }
}

/// Writes what is new at every scrape, and the end of the page.
pub(super) fn write_own(out: &mut String, format: Format, own: &OwnMetrics) {
    let figures = own.figures();
    for family in families::all().filter(|family| family.part().is_none()) {
        family.write_own(out, format, own, &figures);
    }
    if format == Format::OpenMetrics {
        out.push_str(END_OF_OPENMETRICS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_in_the_order_of_their_spellings() {
        let mut sorted = Component::ALL.to_vec();
        sorted.sort_by_key(|component| component.as_str());
        assert_eq!(sorted, BY_SPELLING);
    }

    #[test]
    fn a_plan_covers_every_family_of_every_suite_once() {
        for suites in [0, 1, 127, 128, 129, 256, 300] {
            let plan = plan(suites);
            for family in families::all().filter(|family| family.is_of_suites()) {
                let name = family.description.name;
                let mut next = 0;
                for piece in plan.iter().filter(|piece| piece.families.iter().any(|f| f.description.name == name)) {
                    assert_eq!(piece.suites.start, next, "{suites} {name}");
                    next = piece.suites.end;
                    assert!(piece.suites.len() <= SUITES_PER_PIECE);
                }
                assert_eq!(next, suites, "{name}");
            }
            let order: Vec<_> = plan.iter().flat_map(|piece| &piece.families).map(|f| f.description.name).collect();
            let mut once = order.clone();
            once.dedup();
            let table: Vec<_> =
                families::all().filter(|family| family.part().is_some()).map(|f| f.description.name).collect();
            assert_eq!(once, table, "{suites}");
        }
    }
}
