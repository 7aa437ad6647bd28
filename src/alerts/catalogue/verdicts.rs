//! Alerts about verdicts: what to do now, and that nobody can tell. Not for what is wrong: that is `symptoms`.

use super::{Alert, alert, failing, minutes};
use crate::alerts::query::{Query, select};
use crate::assess::answer::CheckId;
use crate::assess::assessment::{NamedReason, OperationKind, Stage, VerdictKind};
use crate::model::alerting::Severity;

/// Checks whose failure means that a pod does not run, or says nothing: these page whatever else is thought of them.
const PAGING: &[CheckId] = &[
    CheckId::PodsScheduled,
    CheckId::ImagesPulled,
    CheckId::ContainersStable,
    CheckId::RolloutComplete,
    CheckId::PodsReady,
    CheckId::MetricsPresent,
];

/// What the verdict has for a reason.
pub(super) fn reason(reason: NamedReason) -> Query {
    select("gim_upgrade_verdict_reason").is("reason", reason.as_str())
}

pub(super) fn verdict(kind: VerdictKind) -> Query {
    select("gim_upgrade_verdict").is("verdict", kind.as_str()).equals(1.0)
}

/// What to do now.
fn advice() -> Vec<Alert> {
    let advised =
        [NamedReason::StalePod, NamedReason::OnDelete, NamedReason::MigrationIncomplete].map(NamedReason::as_str);
    let back = [OperationKind::Rollback, OperationKind::Downgrade].map(OperationKind::as_str);
    vec![
        alert(
            "GimUpgradeRollBackAdvised",
            Severity::Critical,
            minutes(1),
            minutes(10),
            select("gim_upgrade_rollback_target_revision")
                .max_by(&["target_namespace", "release"])
                .and(verdict(VerdictKind::RollBack)),
        )
        .says(
            "Roll {component} of {suite} back to revision {value}",
            "The operation on release {release} failed: {reasons}. Run `helm rollback {release} {value} -n {target_namespace} \
             --timeout {helm_timeout_seconds}s`, and delete the pod that its StatefulSet may then wait for: the status page names it.",
        ),
        alert(
            "GimUpgradeRestartPodAdvised",
            Severity::Critical,
            minutes(1),
            minutes(10),
            select("gim_upgrade_verdict_reason")
                .one_of("reason", &advised)
                .min_by(&["reason"])
                .and(verdict(VerdictKind::RestartPod)),
        )
        .says(
            "Delete the pod of {component} of {suite}: {reason}",
            "It does not go on by itself: {reasons}. The status page has the command with the pod's name.",
        ),
        alert(
            "GimUpgradeContactSupport",
            Severity::Critical,
            minutes(1),
            minutes(10),
            verdict(VerdictKind::ContactSupport).max_by(&[]),
        )
        .says(
            "Call Genesys Customer Care about {component} of {suite}",
            "What the upgrade guide has was tried and did not help: {reasons}.",
        ),
        alert(
            "GimUpgradeRollbackFailed",
            Severity::Critical,
            minutes(1),
            minutes(10),
            select("gim_upgrade_stage")
                .is("stage", Stage::Failed.as_str())
                .max_by(&[])
                .and(select("gim_upgrade_operation").one_of("operation", &back).equals(1.0)),
        )
        .says(
            "The rollback of {component} of {suite} failed",
            "The former revision does not work either: {reasons}. Failing checks: {failing}.",
        ),
    ]
}

/// That something is wrong and nobody can say what to do, that nothing is known, or that it takes its time.
fn open_questions() -> Vec<Alert> {
    let investigate = || verdict(VerdictKind::Investigate).max_by(&[]);
    let unknown = VerdictKind::Unknown.as_str();
    vec![
        alert("GimUpgradeInvestigate", Severity::Critical, minutes(1), minutes(10), investigate().and(failing(PAGING)))
            .says(
                "{component} of {suite} does not run, and no operation is proven to be the cause",
                "Look into it: {reasons}. Failing checks: {failing}.",
            ),
        alert(
            "GimUpgradeInvestigate",
            Severity::Warning,
            minutes(1),
            minutes(10),
            investigate().unless(failing(PAGING)),
        )
        .says(
            "{component} of {suite} is not well, and what to do does not follow from the evidence",
            "Look into it: {reasons}. Failing checks: {failing}.",
        ),
        alert(
            "GimUpgradeVerdictUnknown",
            Severity::Warning,
            minutes(15),
            minutes(0),
            // Where another replica sees, there is an answer.
            verdict(VerdictKind::Unknown)
                .max_by(&[])
                .unless(select("gim_upgrade_verdict").is_not("verdict", unknown).equals(1.0)),
        )
        .says(
            "Nobody can tell how {component} of {suite} is",
            "Evidence is missing: {reasons_of_unknown}. Nothing that is unknown counts as well: do not go on with the upgrade.",
        ),
        Alert {
            labels: &[("namespace", "target_namespace")],
            ..alert(
                "GimUpgradeInProgress",
                Severity::None,
                minutes(0),
                minutes(0),
                // Pods that wait for another component's gate alone are as quiet as any.
                select("gim_upgrade_component_info")
                    .max_by(&["target_namespace"])
                    .and(verdict(VerdictKind::Wait))
                    .unless(reason(NamedReason::NextGateClosed)),
            )
        }
        .says(
            "{component} of {suite} is being upgraded or settles",
            "Silences generic alerts about pods in namespace {target_namespace}: {reasons}.",
        ),
    ]
}

pub(super) fn alerts() -> Vec<Alert> {
    [advice(), open_questions()].concat()
}
