//! Evidence taken away: what rests on it becomes unknown, never a pass, and no verdict becomes more drastic for want of it.
//!
//! An exporter that has everything and others that lose sources watch the same case, healthy or faulty, and are compared at
//! every instant.

use std::time::Duration;

use gim_upgrade_exporter::assess::answer::{CheckId, CheckState};
use gim_upgrade_exporter::assess::assessment::{ComponentAssessment, GateReason, NamedReason, Reason, VerdictKind};
use gim_upgrade_exporter::assess::checks::{Rests, TABLE, failing_rows};
use gim_upgrade_exporter::model::names::Component;
use gim_upgrade_exporter::model::source::SourceKind;
use gim_upgrade_exporter::model::time::{Timestamp, after, before};

use super::cases;
use super::chance::Chance;
use super::held::{Loss, Watcher, start};
use super::played::{Moment, play};
use super::{faulty, healthy};

/// Sources that may be lost.
const SOURCES: [SourceKind; 12] = [
    SourceKind::Pods,
    SourceKind::StatefulSets,
    SourceKind::Deployments,
    SourceKind::ReplicaSets,
    SourceKind::Jobs,
    SourceKind::Helm,
    SourceKind::HelmBodies,
    SourceKind::Signals,
    SourceKind::ConfigMaps,
    SourceKind::Dependencies,
    SourceKind::InfoMart,
    SourceKind::Backups,
];
/// Reads of these are not refused for good by the API server: when they do not come that is silence, whatever the reason.
const MERELY_SILENT: [SourceKind; 4] =
    [SourceKind::Signals, SourceKind::Dependencies, SourceKind::InfoMart, SourceKind::Backups];
/// Within this time of its loss a source is believed: it may be merely quiet.
const fn believed(kind: SourceKind) -> Duration {
    Duration::from_secs(match kind {
        SourceKind::Dependencies => 45 + 15,
        SourceKind::InfoMart | SourceKind::Backups => 180 + 60,
        _ => 90 + 45,
    })
}
/// For so long after the last page metrics count as there.
const METRICS_GRACE: Duration = Duration::from_secs(300 + 15);
/// Exporters of a case that lose something.
const BLINDED: usize = 2;

fn losses(chance: &mut Chance, ends: i64) -> Vec<Loss> {
    let from_start = chance.once_in(3);
    let mut lost = Vec::new();
    while lost.is_empty() {
        for kind in SOURCES {
            if chance.once_in(5) {
                let at = if from_start { 0 } else { chance.between(1, ends) };
                let from = after(start(), Duration::from_secs(at.unsigned_abs()));
                // One exporter never had what another loses in the middle.
                let from = if from_start { before(from, Duration::from_secs(1)) } else { from };
                let forbidden = !MERELY_SILENT.contains(&kind) && chance.once_in(2);
                lost.push(Loss { kind, from, forbidden });
            }
        }
    }
    lost
}

/// Checks of what is asked around the suite.
const DEPENDENCIES: [CheckId; 4] =
    [CheckId::KafkaReachable, CheckId::DatabaseReachable, CheckId::ObjectStorageReachable, CheckId::AggregationHealthy];

/// Whether a check cannot be answered without a source that was lost.
fn needs(check: CheckId, loss: &Loss, now: Timestamp) -> bool {
    let rests = TABLE.iter().find(|row| row.id == check).map(|row| row.rests);
    if check == CheckId::MetricsPresent && loss.kind == SourceKind::Signals {
        // It has a grace of its own before it fails; then it fails, and is not unknown.
        return loss.from <= before(now, METRICS_GRACE);
    }
    match loss.kind {
        SourceKind::Pods | SourceKind::StatefulSets | SourceKind::Deployments | SourceKind::ReplicaSets => {
            matches!(rests, Some(Rests::Pods | Rests::Both | Rests::Signals))
        }
        SourceKind::Helm => matches!(rests, Some(Rests::Helm | Rests::Both | Rests::ConfigMaps)),
        SourceKind::ConfigMaps => rests == Some(Rests::ConfigMaps),
        SourceKind::Signals => rests == Some(Rests::Signals),
        SourceKind::Dependencies => DEPENDENCIES.contains(&check),
        SourceKind::Backups => check == CheckId::BackupRecent,
        SourceKind::InfoMart => check == CheckId::ExportViewsCurrent,
        _ => false,
    }
}

/// How much a verdict asks for; `None` where it merely waits or does not know.
const fn drastic(verdict: VerdictKind) -> Option<u8> {
    match verdict {
        VerdictKind::Unknown | VerdictKind::Wait => None,
        VerdictKind::None | VerdictKind::Proceed => Some(0),
        VerdictKind::Investigate => Some(1),
        VerdictKind::RestartPod | VerdictKind::FixDependency => Some(2),
        VerdictKind::RollBack => Some(3),
        VerdictKind::ContactSupport => Some(4),
    }
}

/// Whether nothing but a dependency that is down keeps a component from going on.
fn waits_for_dependency(said: &ComponentAssessment) -> bool {
    let down = [GateReason::KafkaDown, GateReason::DatabaseDown, GateReason::ObjectStorageDown];
    said.verdict.reasons == [Reason::Named(NamedReason::NextGateClosed)]
        && said.gate.blocked.iter().all(|reason| down.contains(reason))
}

/// Whether a component is waited for that recovers: a vital check fails which does not count yet.
fn left_behind(said: &ComponentAssessment) -> bool {
    said.verdict.kind == VerdictKind::Wait && failing_rows(&said.checks).any(|row| row.vital)
}

/// Whether a blinded exporter may say so where one that sees says otherwise.
fn may_differ(whole: &ComponentAssessment, blinded: &ComponentAssessment, lost: &[SourceKind]) -> bool {
    let (seen, said) = (whole.verdict.kind, blinded.verdict.kind);
    // Metrics that do not come are themselves the alarm that the upgrade guide asks for (Monitoring).
    let absent = lost.contains(&SourceKind::Signals)
        && blinded.verdict.reasons.contains(&Reason::Check(CheckId::MetricsPresent))
        && blinded.verdict.reasons.iter().all(|reason| match reason {
            // What is down is down for both.
            Reason::Check(check) if DEPENDENCIES.contains(check) => {
                failing_rows(&whole.checks).any(|row| row.id == *check)
            }
            Reason::Check(check) => *check == CheckId::MetricsPresent,
            // Where to go back to is not known without the bodies of Helm's history.
            Reason::Named(named) => matches!(named, NamedReason::NoTarget | NamedReason::UnprovenTarget),
        });
    match (drastic(seen), drastic(said)) {
        _ if seen == said => true,
        // Without word of what it depends on the rows after it decide, and say what they do not know.
        _ if seen == VerdictKind::FixDependency && lost.contains(&SourceKind::Dependencies) => true,
        // Nor does what is not asked any more close a gate: only what is proven down does.
        _ if lost.contains(&SourceKind::Dependencies) && waits_for_dependency(whole) => true,
        (_, None) => true,
        (_, Some(1..)) if absent => true,
        // Nor is known then that what the signals show was left behind by an outage, and has its time to end.
        (None, Some(1 | 3)) if lost.contains(&SourceKind::Dependencies) && left_behind(whole) => true,
        // A milder alarm is one; calm is none.
        (Some(seen), Some(said)) => said > 0 && said <= seen,
        (None, Some(_)) => false,
    }
}

fn judge(moment: &Moment<'_>, losses: &[Vec<Loss>]) -> Result<(), String> {
    for (watcher, losses) in moment.watchers.iter().skip(1).zip(losses) {
        let gone = |loss: &&Loss| {
            loss.from <= before(moment.now, believed(loss.kind)) || loss.forbidden && loss.from <= moment.now
        };
        let gone: Vec<&Loss> = losses.iter().filter(gone).collect();
        let lost: Vec<SourceKind> = gone.iter().map(|loss| loss.kind).collect();
        // Until all that is lost is known to be, the two have heard different things.
        if lost.len() < losses.iter().filter(|loss| loss.from <= moment.now).count() {
            continue;
        }
        moment.never_wrong(watcher).map_err(|wrong| format!("without {losses:?}: {wrong}"))?;
        let suite = watcher.suite();
        for &component in Component::ALL {
            let (whole, blinded) = (moment.of(component), suite.assessment.components.get(component));
            for (check, answer) in blinded.checks.iter() {
                let needed = gone.iter().any(|loss| needs(*check, loss, moment.now));
                if answer.state == CheckState::Pass && needed {
                    return Err(format!(
                        "{component}: {check} passes without {losses:?}: {answer:?} {:?}",
                        suite.facts.components.get(component).sources
                    ));
                }
            }
            if !may_differ(whole, blinded, &lost) {
                let (seen, said) = (&whole.verdict, &blinded.verdict);
                return Err(format!("{component}: without {losses:?}\nit says {said:?}\ninstead of {seen:?}"));
            }
        }
    }
    Ok(())
}

#[test]
fn evidence_taken_away_makes_nothing_better_and_nothing_worse() {
    cases::try_all(cases::USUAL / 2, |chance| {
        let script = if chance.once_in(2) { healthy::script(chance) } else { faulty::script(chance).0 };
        let losses: Vec<Vec<Loss>> = (0..BLINDED).map(|_| losses(chance, script.ends)).collect();
        let watch = |held: &super::held::Held| {
            let blinded = losses.iter().map(|losses| Watcher::start_losing(held, losses.clone()));
            std::iter::once(Watcher::start(held)).chain(blinded).collect()
        };
        play(&script, watch, |moment| judge(moment, &losses))
    });
}
