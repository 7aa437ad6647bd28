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
            None => format!("{} is done; where no other component is due, so is the upgrade.", title(component)),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::answer::CheckId;
    use crate::assess::assessment::{GateReason, NamedReason, Reason};
    use crate::publish::fixture::{self, at, busy};

    #[test]
    fn every_sentence_is_one() {
        let mut sentences: Vec<String> =
            fixture::evidence_by_kind().iter().map(|(_, sentence)| evidence(sentence)).collect();
        sentences.extend(NamedReason::ALL.iter().map(|reason| named_reason(*reason).to_owned()));
        sentences.extend(GateReason::ALL.iter().map(|reason| gate_reason(*reason).to_owned()));
        for sentence in &sentences {
            assert!(sentence.ends_with('.') && !sentence.contains('\n'), "{sentence}");
            assert!(!sentence.starts_with(char::is_lowercase) || sentence.starts_with("gim-0"), "{sentence}");
        }
        assert_eq!(fixture::repeated(sentences.iter().map(String::as_str)), [""; 0]);
        assert!(CheckId::ALL.iter().all(|check| question(*check).ends_with('?')));
    }

    #[test]
    fn a_reason_tells_the_answer_and_its_evidence() {
        let suite = busy("default");
        let gim = &suite.assessment.components.gim;
        let cases = [
            (Reason::Named(NamedReason::FirstInstall), "There was no revision before to go back to."),
            (Reason::Check(CheckId::PodsScheduled), "Has every pod a node? Yes."),
            (Reason::Check(CheckId::ReleaseDeployed), "Did Helm finish the newest revision? Not yet."),
            (
                Reason::Check(CheckId::WithinTimeout),
                "Is the operation within its deadlines? Not known. The watch of pods has been silent for too long.",
            ),
            (Reason::Check(CheckId::LatencyLow), "Is the latency of Kafka consumption low? It does not apply."),
        ];
        for (case, expected) in cases {
            assert_eq!(reason(case, gim), expected);
        }
    }

    #[test]
    fn a_verdict_tells_what_to_do() {
        let suite = busy("default");
        let mut gim = suite.assessment.components.gim.clone();
        assert_eq!(verdict(Component::Gim, &gim), "Roll GIM back to revision 3.");
        let cases = [
            (VerdictKind::Wait, Component::Gim, "Wait, at the latest until 2027-01-15T08:00:00Z."),
            (VerdictKind::Proceed, Component::Gim, "GIM is done: go on with GSP."),
            (VerdictKind::Proceed, Component::Gca, "GCA is done; where no other component is due, so is the upgrade."),
            (VerdictKind::None, Component::Gsp, "Nothing to do."),
        ];
        gim.verdict.until = Some(at(0));
        for (kind, component, expected) in cases {
            gim.verdict.kind = kind;
            assert_eq!(verdict(component, &gim), expected);
        }
    }

    #[test]
    fn images_are_told_as_they_are() {
        let name = |text: &str| text.into();
        let cases = [
            ("gim:2", "gim:1", "gim-0 runs gim:1 and not gim:2."),
            ("gim:2", "", "gim-0, which should run gim:2, does not exist."),
            ("", "gim:1", "gim-0 runs gim:1, of which the release's manifest knows nothing."),
        ];
        for (expected, found, sentence) in cases {
            let image = crate::assess::answer::Evidence::Image {
                object: name("gim-0"),
                expected: name(expected),
                found: name(found),
            };
            assert_eq!(evidence(&image), sentence);
        }
    }
}
