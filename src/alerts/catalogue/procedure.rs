//! Alerts about how the upgrade is done: Helm's releases, times, order, versions, backup, leftovers. Not for
//! whether what runs works: that is `symptoms`.

use super::verdicts::reason;
use super::{Alert, alert, check, failing, minutes};
use crate::alerts::query::{select, since};
use crate::assess::answer::{CheckId, DeadlineKind};
use crate::assess::assessment::{NamedReason, Stage, VerdictKind};
use crate::model::alerting::Severity;

pub(super) fn alerts() -> Vec<Alert> {
    let working = [Stage::Applying, Stage::RollingOut].map(Stage::as_str);
    // What cannot be mended once it happened is told while its operation or cycle lasts, and not a minute longer.
    let noted = |name, id| check(name, Severity::Info, [1, 0], &[id]);
    // What Helm recorded stays until the next revision: where all is well nevertheless, it is for the page and not for people.
    let left = |name, id| {
        let well = [VerdictKind::None, VerdictKind::Proceed].map(VerdictKind::as_str);
        let condition = failing(&[id])
            .max_by(&[])
            .unless(select("gim_upgrade_verdict").one_of("verdict", &well).equals(1.0))
            .unless(reason(NamedReason::NextGateClosed));
        alert(name, Severity::Warning, minutes(1), minutes(5), condition)
    };
    let slight = |name, id| check(name, Severity::Info, [5, 0], &[id]);
    vec![
        left("GimUpgradeReleaseFailed", CheckId::ReleaseDeployed).says(
            "Helm calls the release of {component} of {suite} failed",
            "What its pods say counts more: the verdict's reasons are {reasons}. Failing checks: {failing}.",
        ),
        left("GimUpgradeHookFailed", CheckId::HooksSucceeded).says(
            "A hook of {component} of {suite} failed",
            "Look at the logs of the hook's Job. Failing checks: {failing}.",
        ),
        alert(
            "GimUpgradeReleaseStuckPending",
            Severity::Warning,
            minutes(1),
            minutes(5),
            since(select("gim_upgrade_release_pending_since_timestamp_seconds"))
                .exceeds(select("gim_upgrade_release_helm_timeout_seconds"))
                .max_by(&["target_namespace", "release"]),
        )
        .says(
            "Release {release} of {component} of {suite} has been pending for longer than Helm is given",
            "Pending for {value} s. Whether Helm still works on it, `helm status {release} -n {target_namespace}` does not tell; \
             if nobody does, `helm rollback` is the way out.",
        ),
        alert(
            "GimUpgradeRolloutOverdue",
            Severity::Warning,
            minutes(1),
            minutes(5),
            since(
                select("gim_upgrade_operation_deadline_timestamp_seconds")
                    .is("deadline", DeadlineKind::Ready.as_str())
                    .min_by(&[]),
            )
            .above(0.0)
            .and(select("gim_upgrade_stage").one_of("stage", &working).equals(1.0))
            // A pod that was replaced later has a deadline of its own.
            .unless(reason(NamedReason::PodReplaced)),
        )
        .says(
            "{component} of {suite} is not rolled out in time",
            "All pods were to be Ready {value} s ago. The verdict's reasons: {reasons}. Failing checks: {failing}.",
        ),
        check("GimUpgradeBackupTooOld", Severity::Warning, [5, 10], &[CheckId::BackupRecent]).says(
            "No recent backup of the Info Mart database of {suite}",
            "A recent backup must exist before GIM is upgraded (upgrade guide, Preparatory steps). Failing checks: {failing}.",
        ),
        noted("GimUpgradeOutOfOrder", CheckId::OrderRespected).says(
            "{component} of {suite} was upgraded out of order",
            "The order is GIM, then GSP, then GCA, each verified before the next. Failing checks: {failing}.",
        ),
        noted("GimUpgradeTwoAtOnce", CheckId::OneAtATime).says(
            "{component} of {suite} was operated on together with another component",
            "One at a time is upgraded and verified. Failing checks: {failing}.",
        ),
        noted("GimUpgradeBegunUnhealthy", CheckId::StartedHealthy).says(
            "The operation on {component} of {suite} began while not all was well",
            "An upgrade is to begin when all services operate normally. Failing checks: {failing}.",
        ),
        slight("GimUpgradeUnsupportedRelease", CheckId::SupportedRelease).says(
            "{component} of {suite} is more than two releases behind",
            "Services work together within N-2 releases. Failing checks: {failing}.",
        ),
        slight("GimUpgradeCompanionOutOfStep", CheckId::CompanionInStep).says(
            "The monitoring release of {component} of {suite} is of another build",
            "Upgrade it to the component's version. Failing checks: {failing}.",
        ),
        slight("GimUpgradeStateLeftOver", CheckId::StateConfigMapsClean).says(
            "An earlier GSP of {suite} left ConfigMaps of its state behind",
            "`helm uninstall` leaves them. While GSP runs, its own state has the same label: delete nothing then. Failing checks: {failing}.",
        ),
        slight("GimUpgradeExportViewsBehind", CheckId::ExportViewsCurrent).says(
            "The export views of {suite} do not show the target's schema",
            "Run `./entrypoint.sh -job Job_MigrateGIM -make-export-views` in the GIM pod. Failing checks: {failing}.",
        ),
    ]
}
