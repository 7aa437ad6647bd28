//! The headline of a suite: the verdict that somebody has to read first.

use super::words;
use crate::assess::assessment::{ComponentAssessment, NamedReason, Reason, VerdictKind};
use crate::assess::snapshot::SuiteSnapshot;
use crate::model::names::Component;
use crate::publish::text;

/// The headline.
#[derive(Clone, Copy)]
pub struct Headline<'a> {
    /// The verdict.
    pub kind: VerdictKind,
    /// The component that it is about; `None` where nothing is to be done anywhere.
    pub about: Option<(Component, &'a ComponentAssessment)>,
}

/// The headline of a suite: its most urgent verdict, of the component that is first in order among equals. What only waits for its
/// neighbours comes last.
pub fn of(suite: &SuiteSnapshot) -> Headline<'_> {
    let components = suite.assessment.components.iter();
    let first = components.min_by_key(|(_, assessment)| (is_done(assessment), words::urgency(assessment.verdict.kind)));
    let about = first.filter(|(_, assessment)| assessment.verdict.kind != VerdictKind::None);
    Headline { kind: about.map_or(VerdictKind::None, |(_, assessment)| assessment.verdict.kind), about }
}

/// Whether nothing is awaited of it any more: it only waits for another component's turn, which has its own verdict.
fn is_done(assessment: &ComponentAssessment) -> bool {
    let verdict = &assessment.verdict;
    verdict.kind == VerdictKind::None
        || verdict.kind == VerdictKind::Wait && verdict.reasons == [Reason::Named(NamedReason::NextGateClosed)]
}

impl Headline<'_> {
    /// The headline on one line.
    pub fn title(&self) -> String {
        match self.about {
            Some((component, _)) => format!("{} {}", words::verdict(self.kind), text::title(component)),
            None => words::verdict(self.kind).to_owned(),
        }
    }
}
