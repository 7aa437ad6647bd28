//! Sentences for people: what a piece of evidence says, why a verdict is what it is, what to do, and the command.
//!
//! Plain text; instants are RFC 3339, since a sentence may be read long after it was made. Not for markup or escaping,
//! and nothing is decided here: each sentence says what its data say.

mod command;
mod evidence;
mod reason;

pub use self::command::command;
pub use self::evidence::evidence;
pub use self::reason::{gate_reason, named_reason, question, reason};

use crate::assess::assessment::{ComponentAssessment, VerdictKind};
use crate::model::names::Component;
use crate::model::time::Timestamp;

/// The component as people write it.
#[must_use]
pub const fn title(component: Component) -> &'static str {
    match component {
        Component::Gim => "GIM",
        Component::Gsp => "GSP",
        Component::Gca => "GCA",
    }
}

/// An instant to the second: nobody reads the rest.
fn instant(at: Timestamp) -> String {
    jiff::Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}

/// What to do now with a component, in one sentence.
#[must_use]
pub fn verdict(component: Component, assessment: &ComponentAssessment) -> String {
    let verdict = &assessment.verdict;
    match verdict.kind {
        VerdictKind::None => "Nothing to do.".to_owned(),
        VerdictKind::Wait => match verdict.until {
            Some(until) => format!("Wait, at the latest until {}.", instant(until)),
            None => "Wait.".to_owned(),
        },
        VerdictKind::Proceed => match component.next() {
            Some(next) => format!("{} is done: go on with {}.", title(component), title(next)),
            None => format!("{} is done, and the upgrade of the suite with it.", title(component)),
        },
        VerdictKind::RestartPod => "Delete the pod; its controller makes it anew.".to_owned(),
        VerdictKind::RollBack => match assessment.rollback_target {
            Some(target) => format!("Roll {} back to revision {}.", title(component), target.revision),
            None => format!("Roll {} back.", title(component)),
        },
        VerdictKind::FixDependency => {
            "Mend Kafka, PostgreSQL or the storage first: a rollback will not help.".to_owned()
        }
        VerdictKind::ContactSupport => "Ask Genesys Customer Care.".to_owned(),
        VerdictKind::Investigate => {
            format!("Look into {}: what to do does not follow from the evidence.", title(component))
        }
        VerdictKind::Unknown => "There is no telling: evidence is missing.".to_owned(),
    }
}
