//! States: a text and a colour for each state that the program knows, so that colour never stands alone.
//!
//! The colours are those of Okabe and Ito, which people with any kind of colour blindness can tell apart; where there are more
//! states than colours, greys. Each list is the program's own enumeration: a state without a text does not compile.

use crate::assess::answer::{CheckState, DeadlineKind};
use crate::assess::assessment::{OperationKind, Outcome, Stage, VerdictKind};
use crate::assess::trend::Trend;
use crate::model::alerting::Severity;
use crate::model::facts::Generation;
use crate::model::names::Component;
use crate::model::release::{HookPhase, ReleaseStatus};
use crate::named;

pub(super) const BLUE: &str = "#0072B2";
pub(super) const ORANGE: &str = "#E69F00";
pub(super) const GREEN: &str = "#009E73";
pub(super) const PURPLE: &str = "#CC79A7";
pub(super) const SKY: &str = "#56B4E9";
pub(super) const VERMILION: &str = "#D55E00";
const YELLOW: &str = "#F0E442";
const GREY: &str = "#999999";
const DARK: &str = "#5A5A5A";
const PALE: &str = "#D0D0D0";

/// The colours of lines, the most different first.
pub(super) const LINES: [&str; 6] = [BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION];

/// What a check's unknown answer looks like on the page.
pub const NOT_A_NUMBER: &str = "NaN";

/// One state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// The label's value, or the number as it is written; [`NOT_A_NUMBER`] is none.
    pub value: &'static str,
    /// What people read.
    pub text: &'static str,
    /// Its colour.
    pub colour: &'static str,
}

named! {
    /// A set of states.
    pub enum States {
        /// Components, which have a colour of their own to be told apart.
        Component = "component",
        /// Where a component stands.
        Stage = "stage",
        /// What to do.
        Verdict = "verdict",
        /// Answers of checks, as numbers.
        Check = "check",
        /// How the latency moves.
        Trend = "trend",
        /// What kind of operation there is.
        Operation = "operation",
        /// How an operation ended.
        Outcome = "outcome",
        /// Deadlines of an operation.
        Deadline = "deadline",
        /// Helm's status of a release.
        ReleaseStatus = "release_status",
        /// How a hook went.
        HookPhase = "hook_phase",
        /// Which generation a pod is of.
        Generation = "generation",
        /// How grave an alert is.
        Severity = "severity",
        /// Whether the gate is open.
        Gate = "gate",
        /// Whether a source is heard.
        Source = "source",
        /// Whether something went well.
        Success = "success",
    }
}

impl States {
    /// Every state of the set.
    #[must_use]
    pub fn all(self) -> Vec<State> {
        match self {
            Self::Component => list(Component::ALL, |it| (it.as_str(), component(it))),
            Self::Stage => list(Stage::ALL, |it| (it.as_str(), stage(it))),
            Self::Verdict => list(VerdictKind::ALL, |it| (it.as_str(), verdict(it))),
            Self::Check => list(CheckState::ALL, |it| (number(it), check(it))),
            Self::Trend => list(Trend::ALL, |it| (it.as_str(), trend(it))),
            Self::Operation => list(OperationKind::ALL, |it| (it.as_str(), operation(it))),
            Self::Outcome => list(Outcome::ALL, |it| (it.as_str(), outcome(it))),
            Self::Deadline => list(DeadlineKind::ALL, |it| (it.as_str(), deadline(it))),
            Self::ReleaseStatus => list(ReleaseStatus::ALL, |it| (it.as_str(), release_status(it))),
            Self::HookPhase => list(HookPhase::ALL, |it| (it.as_str(), hook_phase(it))),
            Self::Generation => list(Generation::ALL, |it| (it.as_str(), generation(it))),
            Self::Severity => list(Severity::ALL, |it| (it.as_str(), severity(it))),
            Self::Gate => either(("Open", GREEN), ("Closed", ORANGE)),
            Self::Source => either(("Heard", GREEN), ("Not heard", VERMILION)),
            Self::Success => either(("Yes", GREEN), ("No", VERMILION)),
        }
    }
}

type Look = (&'static str, &'static str);

fn list<T: Copy>(all: &[T], look: impl Fn(T) -> (&'static str, Look)) -> Vec<State> {
    let state = |it: &T| {
        let (value, (text, colour)) = look(*it);
        State { value, text, colour }
    };
    all.iter().map(state).collect()
}

/// What 1 and 0 mean.
fn either(one: Look, zero: Look) -> Vec<State> {
    list(&[("1", one), ("0", zero)], |state| state)
}

const fn component(component: Component) -> Look {
    match component {
        Component::Gim => ("GIM", BLUE),
        Component::Gsp => ("GSP", ORANGE),
        Component::Gca => ("GCA", GREEN),
    }
}

const fn stage(stage: Stage) -> Look {
    match stage {
        Stage::Absent => ("Absent", PALE),
        Stage::Applying => ("Helm works", BLUE),
        Stage::RollingOut => ("Rolling out", SKY),
        Stage::Verifying => ("Verifying", YELLOW),
        Stage::Verified => ("Verified", GREEN),
        Stage::Degraded => ("Degraded", ORANGE),
        Stage::Failed => ("Failed", VERMILION),
        Stage::Uninstalling => ("Uninstalling", PURPLE),
        Stage::Unknown => ("Unknown", DARK),
    }
}

const fn verdict(verdict: VerdictKind) -> Look {
    match verdict {
        VerdictKind::None => ("Nothing to do", PALE),
        VerdictKind::Wait => ("Wait", SKY),
        VerdictKind::Proceed => ("Proceed", GREEN),
        VerdictKind::RestartPod => ("Restart the pod", ORANGE),
        VerdictKind::RollBack => ("Roll back", VERMILION),
        VerdictKind::FixDependency => ("Mend the dependency", PURPLE),
        VerdictKind::ContactSupport => ("Call support", BLUE),
        VerdictKind::Investigate => ("Investigate", YELLOW),
        VerdictKind::Unknown => ("Unknown", DARK),
    }
}

/// How the page writes an answer.
const fn number(state: CheckState) -> &'static str {
    match state {
        CheckState::Pass => "1",
        CheckState::Fail => "0",
        CheckState::Pending => "0.5",
        CheckState::Unknown => NOT_A_NUMBER,
    }
}

const fn check(state: CheckState) -> Look {
    match state {
        CheckState::Pass => ("Pass", GREEN),
        CheckState::Fail => ("Fail", VERMILION),
        CheckState::Pending => ("Not yet", SKY),
        CheckState::Unknown => ("Unknown", DARK),
    }
}

const fn trend(trend: Trend) -> Look {
    match trend {
        Trend::Draining => ("Draining", SKY),
        Trend::Steady => ("Steady", GREEN),
        Trend::Growing => ("Growing", VERMILION),
        Trend::Stalled => ("Nothing consumed", ORANGE),
        Trend::Absent => ("Gone", PURPLE),
        Trend::Unknown => ("Unknown", DARK),
    }
}

const fn operation(operation: OperationKind) -> Look {
    match operation {
        OperationKind::Install => ("Install", BLUE),
        OperationKind::Upgrade => ("Upgrade", SKY),
        OperationKind::Reconfigure => ("New values", GREEN),
        OperationKind::Rollback => ("Rollback", VERMILION),
        OperationKind::Downgrade => ("Downgrade", ORANGE),
        OperationKind::Uninstall => ("Uninstall", PURPLE),
        OperationKind::None => ("None", PALE),
    }
}

const fn outcome(outcome: Outcome) -> Look {
    match outcome {
        Outcome::Verified => ("Verified", GREEN),
        Outcome::Failed => ("Failed", VERMILION),
        Outcome::Undone => ("Undone", ORANGE),
        Outcome::Replaced => ("Replaced", GREY),
    }
}

const fn deadline(deadline: DeadlineKind) -> Look {
    match deadline {
        DeadlineKind::Helm => ("Helm is done", BLUE),
        DeadlineKind::Ready => ("All pods Ready", ORANGE),
        DeadlineKind::Settle => ("Signals normal", GREEN),
    }
}

const fn release_status(status: ReleaseStatus) -> Look {
    match status {
        ReleaseStatus::Unknown => ("Unknown", DARK),
        ReleaseStatus::Deployed => ("Deployed", GREEN),
        ReleaseStatus::Uninstalled => ("Uninstalled", PALE),
        ReleaseStatus::Superseded => ("Superseded", GREY),
        ReleaseStatus::Failed => ("Failed", VERMILION),
        ReleaseStatus::Uninstalling => ("Uninstalling", PURPLE),
        ReleaseStatus::PendingInstall => ("Pending: install", BLUE),
        ReleaseStatus::PendingUpgrade => ("Pending: upgrade", SKY),
        ReleaseStatus::PendingRollback => ("Pending: rollback", ORANGE),
    }
}

const fn hook_phase(phase: HookPhase) -> Look {
    match phase {
        HookPhase::Unknown => ("Unknown", DARK),
        HookPhase::Running => ("Running", SKY),
        HookPhase::Succeeded => ("Succeeded", GREEN),
        HookPhase::Failed => ("Failed", VERMILION),
    }
}

const fn generation(generation: Generation) -> Look {
    match generation {
        Generation::New => ("New", SKY),
        Generation::Old => ("Old", PALE),
    }
}

const fn severity(severity: Severity) -> Look {
    match severity {
        Severity::Critical => ("Critical", VERMILION),
        Severity::Warning => ("Warning", ORANGE),
        Severity::Info => ("Info", SKY),
        Severity::None => ("None", PALE),
    }
}
