//! Sharing: what suites that share a component tell each other of it. A GSP may serve several tenants, each with a GIM and a
//! GCA of its own.
//!
//! A shared component is judged once, in its owner's suite, and lent to the others; its gate is closed by whatever closes it
//! in any of them. What a suite tells follows from the first two passes over its own components, so two suites never wait
//! for each other. Not for who owns what: that is `model::suite`; nor for who is to be told: that is `board`.

use std::sync::Arc;

use super::assessment::{ComponentAssessment, Gate, GateReason};
use super::component::Judged;
use super::suite::InSuite;
use crate::model::names::{Component, PerComponent};

/// A component as its owner's suite judges it.
#[derive(Clone, Debug, PartialEq)]
pub struct Lent {
    /// The first pass.
    pub judged: Judged,
    /// The second pass.
    pub in_suite: InSuite,
    /// The whole judgement.
    pub assessment: ComponentAssessment,
}

/// What a suite is told of one component that it shares.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Share {
    /// How its owner judges it; `None` in the owner's own suite, and before the owner has judged.
    pub lent: Option<Arc<Lent>>,
    /// What closes its gate in the other suites, sorted.
    pub elsewhere: Vec<GateReason>,
}

/// What a suite tells of one component that it shares.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    /// How it is judged; `None` where the suite has only borrowed it.
    pub lent: Option<Arc<Lent>>,
    /// What closes its gate in this suite, in the words of the others, sorted.
    pub closes: Vec<GateReason>,
}

/// What a suite is told of the components that it shares; `None` for those that are its own alone.
pub type Shared = PerComponent<Option<Share>>;

/// What a suite tells of the components that it shares; `None` for those that are its own alone.
pub type Tells = PerComponent<Option<Told>>;

/// Closes the gates of shared components by what closes them in the other suites.
pub fn close(gates: &mut PerComponent<Gate>, shared: &Shared) {
    for (component, share) in shared.iter() {
        let blocked = &mut gates.get_mut(component).blocked;
        for reason in share.iter().flat_map(|share| &share.elsewhere) {
            if !blocked.contains(reason) {
                blocked.push(*reason);
            }
        }
    }
}

/// What closes the gate of `component` in one suite, as the suites that share it are told: they have a GIM and a GCA of
/// their own, whose names would mislead. What concerns the shared component itself each of them knows.
#[must_use]
pub fn closes(component: Component, gate: &Gate) -> Vec<GateReason> {
    let mut closes: Vec<GateReason> = gate.blocked.iter().filter_map(|reason| elsewhere(component, *reason)).collect();
    closes.sort_unstable();
    closes.dedup();
    closes
}

const fn elsewhere(component: Component, reason: GateReason) -> Option<GateReason> {
    use GateReason as G;
    let (about, told) = match reason {
        G::GimNotVerified | G::GimUndone | G::GimBelowTarget => (Some(Component::Gim), G::OtherSuiteNotVerified),
        G::GimOperationRunning => (Some(Component::Gim), G::OtherSuiteOperationRunning),
        G::GimUnknown => (Some(Component::Gim), G::OtherSuiteUnknown),
        G::GspNotVerified | G::GspUndone | G::GspBelowTarget => (Some(Component::Gsp), G::OtherSuiteNotVerified),
        G::GspOperationRunning => (Some(Component::Gsp), G::OtherSuiteOperationRunning),
        G::GspUnknown => (Some(Component::Gsp), G::OtherSuiteUnknown),
        G::GcaNotVerified => (Some(Component::Gca), G::OtherSuiteNotVerified),
        G::GcaOperationRunning => (Some(Component::Gca), G::OtherSuiteOperationRunning),
        G::GcaUnknown => (Some(Component::Gca), G::OtherSuiteUnknown),
        G::BackupNotRecent => (None, G::OtherSuiteNotVerified),
        // A third party is the same by whatever suite it is asked.
        G::KafkaDown | G::DatabaseDown | G::ObjectStorageDown => (None, reason),
        G::OtherSuiteNotVerified | G::OtherSuiteOperationRunning | G::OtherSuiteUnknown => return None,
    };
    match about {
        Some(about) if about as u8 == component as u8 => None,
        _ => Some(told),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_closes_a_gate_is_told_in_words_that_mislead_nobody() {
        use GateReason as G;
        let cases: [(&[G], &[G]); 6] = [
            (&[], &[]),
            (&[G::GimNotVerified, G::GcaNotVerified], &[G::OtherSuiteNotVerified]),
            (&[G::GspNotVerified, G::GspOperationRunning, G::GspUnknown], &[]),
            (&[G::GcaUnknown, G::GimOperationRunning], &[G::OtherSuiteOperationRunning, G::OtherSuiteUnknown]),
            (&[G::KafkaDown], &[G::KafkaDown]),
            (&[G::OtherSuiteNotVerified], &[]),
        ];
        for (blocked, told) in cases {
            assert_eq!(closes(Component::Gsp, &Gate { blocked: blocked.to_vec() }), told, "{blocked:?}");
        }
    }

    #[test]
    fn a_shared_gate_is_closed_by_the_others_too_and_no_other_gate_is() {
        let mut gates = PerComponent::<Gate>::default();
        gates.gsp.blocked = vec![GateReason::GimUnknown, GateReason::KafkaDown];
        let elsewhere = vec![GateReason::KafkaDown, GateReason::OtherSuiteUnknown];
        let shared = Shared { gsp: Some(Share { lent: None, elsewhere }), ..Shared::default() };
        close(&mut gates, &shared);
        let reasons = [GateReason::GimUnknown, GateReason::KafkaDown, GateReason::OtherSuiteUnknown];
        assert_eq!(gates.gsp.blocked, reasons);
        assert!(gates.gim.is_open() && gates.gca.is_open());
    }
}
