//! The headline of a suite: the verdict that somebody has to read first.

use super::words;
use crate::assess::assessment::{ComponentAssessment, VerdictKind};
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

/// The headline of a suite: its most urgent verdict, of the component that is first in order among equals.
pub fn of(suite: &SuiteSnapshot) -> Headline<'_> {
    let components = suite.assessment.components.iter();
    let first = components.min_by_key(|(_, assessment)| words::urgency(assessment.verdict.kind));
    let about = first.filter(|(_, assessment)| assessment.verdict.kind != VerdictKind::None);
    Headline { kind: about.map_or(VerdictKind::None, |(_, assessment)| assessment.verdict.kind), about }
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
