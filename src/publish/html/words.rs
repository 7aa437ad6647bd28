//! Words for people: of verdicts, stages, states and kinds, short enough for a headline.

use std::time::Duration;

use crate::assess::answer::CheckState;
use crate::assess::assessment::{OperationKind, Stage, VerdictKind};
use crate::model::facts::Generation;
use crate::model::source::{Freshness, SourceKind};
use crate::model::time::Timestamp;

/// What to do, as a headline.
pub const fn verdict(kind: VerdictKind) -> &'static str {
    match kind {
        VerdictKind::None => "Nothing to do",
        VerdictKind::Wait => "Wait",
        VerdictKind::Proceed => "Proceed",
        VerdictKind::RestartPod => "Restart pod",
        VerdictKind::RollBack => "Roll back",
        VerdictKind::FixDependency => "Fix dependency",
        VerdictKind::ContactSupport => "Contact support",
        VerdictKind::Investigate => "Investigate",
        VerdictKind::Unknown => "Unknown",
    }
}

/// Which verdict is shown first: what somebody has to do, then what nobody can tell, then what is awaited.
pub const fn urgency(kind: VerdictKind) -> u8 {
    match kind {
        VerdictKind::RollBack => 0,
        VerdictKind::ContactSupport => 1,
        VerdictKind::FixDependency => 2,
        VerdictKind::RestartPod => 3,
        VerdictKind::Investigate => 4,
        VerdictKind::Unknown => 5,
        VerdictKind::Wait => 6,
        VerdictKind::Proceed => 7,
        VerdictKind::None => 8,
    }
}

/// Whether the verdict wants somebody who does something about what is wrong.
pub const fn needs_somebody(kind: VerdictKind) -> bool {
    urgency(kind) < urgency(VerdictKind::Wait)
}

/// Where a component stands.
pub const fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Absent => "Absent",
        Stage::Applying => "Applying",
        Stage::RollingOut => "Rolling out",
        Stage::Verifying => "Verifying",
        Stage::Verified => "Verified",
        Stage::Degraded => "Degraded",
        Stage::Failed => "Failed",
        Stage::Uninstalling => "Uninstalling",
        Stage::Unknown => "Unknown",
    }
}

/// A kind of operation.
pub const fn operation(kind: OperationKind) -> &'static str {
    match kind {
        OperationKind::Install => "Install",
        OperationKind::Upgrade => "Upgrade",
        OperationKind::Reconfigure => "Reconfiguration",
        OperationKind::Rollback => "Rollback",
        OperationKind::Downgrade => "Downgrade",
        OperationKind::Uninstall => "Uninstall",
        OperationKind::None => "None",
    }
}

/// The answer to a check.
pub const fn state(state: CheckState) -> &'static str {
    match state {
        CheckState::Pass => "Yes",
        CheckState::Fail => "No",
        CheckState::Pending => "Not yet",
        CheckState::Unknown => "Not known",
    }
}

/// Of what generation a pod is.
pub const fn generation(generation: Generation) -> &'static str {
    match generation {
        Generation::New => "new",
        Generation::Old => "old",
    }
}

/// What a source tells of.
pub const fn source(kind: SourceKind) -> &'static str {
    match kind {
        SourceKind::Pods => "Pods",
        SourceKind::StatefulSets => "StatefulSets",
        SourceKind::Deployments => "Deployments",
        SourceKind::ReplicaSets => "ReplicaSets",
        SourceKind::Jobs => "Jobs",
        SourceKind::Helm => "Helm's history",
        SourceKind::HelmBodies => "Helm's revisions",
        SourceKind::Signals => "Metrics",
        SourceKind::ConfigMaps => "ConfigMaps",
        SourceKind::Prometheus => "Prometheus",
        SourceKind::Dependencies => "Dependencies",
        SourceKind::InfoMart => "Info Mart database",
        SourceKind::Backups => "Backup",
    }
}

/// How far a source may be believed.
pub const fn freshness(freshness: Freshness) -> &'static str {
    match freshness {
        Freshness::Fresh => "Up to date",
        Freshness::Starting => "Not synced yet",
        Freshness::Stale => "Silent for too long",
        Freshness::Unreadable => "Not all of it can be read",
        Freshness::Forbidden => "Forbidden",
        Freshness::Off => "Not read",
    }
}

/// A span as people say it, in its two largest units.
pub fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let two = |large: String, rest: u64, unit: &str| if rest == 0 { large } else { format!("{large} {rest} {unit}") };
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => two(format!("{minutes} min"), seconds % 60, "s"),
        (0, _, _) => two(format!("{hours} h"), minutes % 60, "min"),
        _ => two(format!("{days} d"), hours % 24, "h"),
    }
}

/// A latency: below a minute to the tenth of a second, else as a span.
pub fn latency(seconds: f64) -> String {
    match Duration::try_from_secs_f64(seconds) {
        Ok(span) if seconds >= 60.0 => self::span(span),
        _ => format!("{seconds:.1} s"),
    }
}

/// `UTC` to the second, for `datetime`.
pub fn machine(at: Timestamp) -> String {
    jiff::Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_told_in_two_units() {
        for (seconds, told) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (700, "11 min 40 s"),
            (3600, "1 h"),
            (3_660, "1 h 1 min"),
            (3_659, "1 h"),
            (90_000, "1 d 1 h"),
            (86_400, "1 d"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), told, "{seconds}");
        }
        assert_eq!(
            (latency(3.24), latency(61.5), latency(f64::NAN)),
            ("3.2 s".into(), "1 min 1 s".into(), "NaN s".into())
        );
    }
}
