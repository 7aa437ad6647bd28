//! Following: what one look after the other says of one operation, until it is decided. Pure: the moment is an argument.
//!
//! Which operation it is, is settled once: the newest, or with `wait_for_start` the one that begins. Another one in its place
//! ends it. Not for judging: stage and verdict are the exporter's; here is decided only when they are final.

use std::time::Duration;

use super::ending::{Ending, Outcome};
use crate::assess::answer::CheckState;
use crate::assess::assessment::{OperationKind, Stage, ToldBy, VerdictKind};
use crate::cli::sight::view::{Advice, Check, Operation, Standing, Trend};
use crate::config::spelled;
use crate::model::names::Component;
use crate::model::time::{Timestamp, before, between};
use crate::publish::text::title;

/// How long an adverse verdict must stand. The verdicts have holds of their own; this is for what Helm does next, as an upgrade with
/// `--atomic` does: it fails, and a moment later is rolled back.
pub(super) const ADVERSE_HOLD: Duration = Duration::from_secs(5);
/// How long nothing may be seen, in the beginning or in the middle.
pub(super) const LONGEST_BLINDNESS: Duration = Duration::from_mins(1);
/// An operation that began so shortly before this program counts as one that begins: a shell starts both, one after the other.
/// Both clocks have whole seconds.
pub(super) const STARTED_TOGETHER: Duration = Duration::from_secs(3);
/// Without Helm's word an operation begins whenever a workload is written; how long after its begin that is still the same one.
const WRITES_APART: Duration = Duration::from_secs(30);

/// What is to be followed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Task {
    /// Of which component.
    pub(super) component: Component,
    /// How long it may take to be decided, from when it is followed.
    pub(super) timeout: Duration,
    /// How long it may take to begin; `None` where the newest one is followed.
    pub(super) wait_for_start: Option<Duration>,
    /// Whether the operation is meant to go back to an earlier build.
    pub(super) returns: bool,
}

/// A moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// By the API server's clock as far as it is known.
    pub(super) at: Timestamp,
    /// Since the program began, by a clock that nobody sets.
    pub(super) elapsed: Duration,
}

/// What is seen of the component.
#[derive(Clone, Debug)]
pub(super) enum Glimpse {
    /// Nothing, and why.
    Blind(String),
    /// How it stands.
    Seen {
        /// As judged.
        standing: Box<Standing>,
        /// Why the cluster is not heard at this moment; `None` where it is.
        unheard: Option<String>,
    },
}

/// Something new.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Change {
    /// No operation has begun yet.
    Awaiting,
    /// This operation is followed from now on; its checks as they stand.
    Following(Operation, Vec<Check>),
    /// Helm is done with it.
    HelmDone(Timestamp),
    /// All pods are Ready; signals have until then to be normal.
    Ready(Timestamp),
    /// It stands elsewhere.
    Stage(Stage),
    /// Another advice.
    Verdict(Advice),
    /// A check turned; `None` where it does not apply any more.
    Check {
        /// Which.
        check: String,
        /// From.
        from: Option<CheckState>,
        /// To.
        to: Option<CheckState>,
        /// The weightiest evidence.
        evidence: String,
    },
    /// The latency moves otherwise.
    Latency(Trend),
    /// Nothing is seen, and why.
    Blind(String),
    /// It is seen again.
    Sighted,
}

#[derive(Debug)]
enum Phase {
    /// Nothing was seen yet.
    Looking,
    /// It has not begun; the newest was this one.
    Awaiting { newest: Option<Operation>, since: Duration },
    /// This one is followed.
    Following { operation: Operation, since: Duration },
}

/// Follows.
#[derive(Debug)]
pub(super) struct Follower {
    task: Task,
    phase: Phase,
    seen: Option<Standing>,
    blind: Option<(Duration, String)>,
    /// Since when something speaks against it.
    adverse_since: Option<Duration>,
}

impl Follower {
    /// A follower that has seen nothing.
    pub(super) const fn new(task: Task) -> Self {
        Self { task, phase: Phase::Looking, seen: None, blind: None, adverse_since: None }
    }

    /// Takes in one look: what is new, and the end where it is one.
    pub(super) fn step(&mut self, glimpse: Glimpse, now: Moment) -> (Vec<Change>, Option<Ending>) {
        let mut changes = Vec::new();
        let (standing, unseen) = match glimpse {
            Glimpse::Blind(why) => (None, Some(why)),
            // A component of which pods or history are not known is judged on nothing.
            Glimpse::Seen { standing, .. } if standing.stage == Stage::Unknown => {
                let why =
                    standing.verdict.reasons.first().map_or(&standing.verdict.text, |reason| &reason.text).clone();
                (None, Some(why))
            }
            Glimpse::Seen { standing, unheard } => (Some(standing), unheard),
        };
        self.note_blindness(unseen, now, &mut changes);
        let ending = standing.and_then(|standing| self.take_in(*standing, now, &mut changes));
        (changes, ending.or_else(|| self.over(now)))
    }

    /// The operation that is followed.
    pub(super) const fn operation(&self) -> Option<&Operation> {
        match &self.phase {
            Phase::Following { operation, .. } => Some(operation),
            _ => None,
        }
    }

    /// How the component stood when it was last seen.
    pub(super) const fn standing(&self) -> Option<&Standing> {
        self.seen.as_ref()
    }

    /// Why nothing is seen at present.
    pub(super) fn blindness(&self) -> Option<&str> {
        self.blind.as_ref().map(|(_, why)| why.as_str())
    }

    /// How long the operation has been followed or waited for, and how long that may last.
    pub(super) fn spent(&self, now: Moment) -> (Duration, Duration) {
        let (since, longest) = match &self.phase {
            Phase::Looking => (Duration::ZERO, LONGEST_BLINDNESS.min(self.task.timeout)),
            Phase::Awaiting { since, .. } => (*since, self.task.wait_for_start.unwrap_or_default()),
            Phase::Following { since, .. } => (*since, self.task.timeout),
        };
        (now.elapsed.saturating_sub(since), longest)
    }

    fn note_blindness(&mut self, unseen: Option<String>, now: Moment, changes: &mut Vec<Change>) {
        match (unseen, &mut self.blind) {
            (Some(why), Some((_, known))) => *known = why,
            (Some(why), none) => {
                *none = Some((now.elapsed, why.clone()));
                if !matches!(self.phase, Phase::Looking) {
                    changes.push(Change::Blind(why));
                }
            }
            (None, blind) => {
                if blind.take().is_some() && !matches!(self.phase, Phase::Looking) {
                    changes.push(Change::Sighted);
                }
            }
        }
    }

    fn take_in(&mut self, standing: Standing, now: Moment, changes: &mut Vec<Change>) -> Option<Ending> {
        if let Some(ending) = self.settle(&standing, now, changes) {
            self.seen = Some(standing);
            return Some(ending);
        }
        let Phase::Following { operation, .. } = &mut self.phase else { return None };
        let Some(newest) = standing.operation.as_ref().filter(|newest| is_same(operation, newest)) else {
            let ending = replaced(self.task.component, operation, &standing);
            return Some(ending);
        };
        tell(self.seen.as_ref(), &standing, operation, newest, changes);
        *operation = Operation { begin: operation.begin, ..newest.clone() };
        let operation = operation.clone();
        let against = speaks_against(&standing, &operation, self.task);
        self.adverse_since = against.is_some().then(|| self.adverse_since.unwrap_or(now.elapsed));
        let ending = match against {
            // A look that is not of this moment proves nothing.
            None => is_verified(&standing, &operation)
                .then(|| verified(self.task.component, &operation, &standing))
                .filter(|_| self.blind.is_none()),
            Some(ending) => {
                self.adverse_since.filter(|since| now.elapsed.saturating_sub(*since) >= ADVERSE_HOLD).map(|_| ending)
            }
        };
        self.seen = Some(standing);
        ending
    }

    /// Settles which operation is followed, where that is not settled.
    fn settle(&mut self, standing: &Standing, now: Moment, changes: &mut Vec<Change>) -> Option<Ending> {
        let newest = standing.operation.as_ref();
        let begins = match (&self.phase, self.task.wait_for_start) {
            (Phase::Following { .. }, _) => return None,
            (Phase::Awaiting { newest: known, .. }, _) => {
                // Where the newest revision is deleted, an earlier one is the newest again: nothing began.
                let is_later = |newest: &&Operation| {
                    known.as_ref().is_none_or(|known| newest.begin > known.begin && !is_same(known, newest))
                };
                newest.filter(|newest| newest.kind != OperationKind::Uninstall).filter(is_later)
            }
            (Phase::Looking, None) => match to_follow(self.task.component, standing) {
                Ok(operation) => Some(operation),
                Err(ending) => return Some(ending),
            },
            (Phase::Looking, Some(_)) => {
                let began = before(now.at, now.elapsed.saturating_add(STARTED_TOGETHER));
                // What is verified at first sight took longer than that, whatever the clocks say.
                let is_new = |newest: &&Operation| newest.begin >= began && standing.stage != Stage::Verified;
                let counts = |newest: &&Operation| newest.end.is_none() || is_new(newest);
                newest.filter(|newest| newest.kind != OperationKind::Uninstall).filter(counts)
            }
        };
        if let Some(operation) = begins {
            changes.push(Change::Following(operation.clone(), standing.checks.clone()));
            self.phase = Phase::Following { operation: operation.clone(), since: now.elapsed };
            self.seen = None;
        } else if matches!(self.phase, Phase::Looking) {
            changes.push(Change::Awaiting);
            self.phase = Phase::Awaiting { newest: newest.cloned(), since: now.elapsed };
        }
        None
    }

    /// The end that comes with time alone.
    fn over(&self, now: Moment) -> Option<Ending> {
        if let Some((since, why)) = &self.blind
            && now.elapsed.saturating_sub(*since) >= LONGEST_BLINDNESS
        {
            let text = format!("Nothing could be observed for {}: {why}.", spelled(LONGEST_BLINDNESS));
            return Some(Ending::new(Outcome::CannotObserve, text));
        }
        let (spent, longest) = self.spent(now);
        (spent >= longest).then(|| self.timed_out(longest))
    }

    fn timed_out(&self, longest: Duration) -> Ending {
        let longest = spelled(longest);
        if let Some((_, why)) = &self.blind {
            return Ending::new(
                Outcome::CannotObserve,
                format!("When {longest} were over, nothing could be observed: {why}."),
            );
        }
        let (operation, standing) = match (&self.phase, &self.seen) {
            (Phase::Following { operation, .. }, Some(standing)) => (operation, standing),
            (Phase::Looking, _) => {
                return Ending::new(Outcome::CannotObserve, format!("Nothing was seen within {longest}."));
            }
            _ => {
                let text = format!("No operation of {} began within {longest}.", title(self.task.component));
                return Ending::new(Outcome::NothingToFollow, text);
            }
        };
        if let Some(ending) = speaks_against(standing, operation, self.task) {
            return ending;
        }
        let reasons: String = standing.verdict.reasons.iter().flat_map(|reason| [" ", reason.text.as_str()]).collect();
        let named = named(self.task.component, operation);
        if standing.verdict.verdict == VerdictKind::Unknown {
            return Ending::new(
                Outcome::CannotObserve,
                format!("When {longest} were over, evidence about {named} was missing.{reasons}"),
            );
        }
        let workloads = if operation.told_by == ToldBy::Workloads && standing.stage == Stage::Verified {
            " The pods are well, but whether that is the build that was meant is not told by the workloads: configure its target."
        } else {
            ""
        };
        Ending::new(
            Outcome::TimedOut,
            format!("{} is not decided after {longest}.{reasons}{workloads}", capital(&named)),
        )
    }
}

/// Whether both are one and the same. A release that Helm begins to remove keeps its revision.
fn is_same(followed: &Operation, newest: &Operation) -> bool {
    let removed = newest.kind == OperationKind::Uninstall && followed.kind != OperationKind::Uninstall;
    if followed.told_by != newest.told_by || followed.revision != newest.revision || removed {
        return false;
    }
    match newest.told_by {
        ToldBy::Helm => followed.begin == newest.begin,
        ToldBy::Workloads => between(followed.begin, newest.begin) <= WRITES_APART,
    }
}

/// The operation that is followed where none is waited for.
fn to_follow(component: Component, standing: &Standing) -> Result<&Operation, Ending> {
    let title = title(component);
    let nothing = |text: String| Err(Ending::new(Outcome::NothingToFollow, text));
    match &standing.operation {
        None => nothing(format!("There is no release of {title} in namespace {}.", standing.namespace)),
        Some(newest) if newest.kind == OperationKind::Uninstall => {
            nothing(format!("{title} is being removed, or was."))
        }
        Some(newest) if !newest.in_window => nothing(format!(
            "No operation of {title} runs, and the newest one ended too long ago: --wait-for-start waits for one."
        )),
        Some(newest) => Ok(newest),
    }
}

fn replaced(component: Component, followed: &Operation, standing: &Standing) -> Ending {
    let was = capital(&named(component, followed));
    let text = match &standing.operation {
        Some(newest) if matches!(newest.kind, OperationKind::Rollback | OperationKind::Downgrade) => {
            format!("{was} was undone: {} followed.", named(component, newest))
        }
        Some(newest) if newest.kind != OperationKind::Uninstall => {
            format!("{was} was not verified before another one: {} followed.", named(component, newest))
        }
        _ => format!("{was} was undone: the release was removed."),
    };
    Ending::new(Outcome::Undone, text)
}

/// What speaks against the operation, in an end that is final once it has stood for a while.
fn speaks_against(standing: &Standing, operation: &Operation, task: Task) -> Option<Ending> {
    let advice = &standing.verdict;
    let adverse = match advice.verdict {
        VerdictKind::RestartPod
        | VerdictKind::RollBack
        | VerdictKind::FixDependency
        | VerdictKind::ContactSupport
        | VerdictKind::Investigate => true,
        VerdictKind::None | VerdictKind::Wait | VerdictKind::Proceed | VerdictKind::Unknown => false,
    };
    if adverse {
        return Some(Ending::new(Outcome::Adverse, advice.text.clone()));
    }
    // Helm goes back by itself where it was told to, and may have done so before anybody looked.
    let returned = matches!(operation.kind, OperationKind::Rollback | OperationKind::Downgrade);
    (returned && !task.returns).then(|| {
        let named = capital(&named(task.component, operation));
        Ending::new(
            Outcome::Undone,
            format!("{named} went back to an earlier build; where that is meant, say --rollback."),
        )
    })
}

fn is_verified(standing: &Standing, operation: &Operation) -> bool {
    let advice = &standing.verdict;
    standing.stage == Stage::Verified
        && match (advice.verdict, operation.told_by) {
            (VerdictKind::Proceed, _) | (VerdictKind::None, ToldBy::Helm) => true,
            // It is verified, and something else keeps the next one waiting. Workloads cannot tell an upgrade from its undoing.
            (VerdictKind::Wait, ToldBy::Helm) => {
                advice.reasons.iter().any(|reason| reason.reason == "next_gate_closed")
            }
            _ => false,
        }
}

fn verified(component: Component, operation: &Operation, standing: &Standing) -> Ending {
    let mut text = format!("{} is verified.", capital(&named(component, operation)));
    // What stands beside it: the next gate, and what else should be known.
    for reason in standing.verdict.reasons.iter().chain(&standing.verdict.advisories) {
        text.push(' ');
        text.push_str(&reason.text);
    }
    Ending::new(Outcome::Verified, text)
}

/// An operation in words.
pub(super) fn named(component: Component, operation: &Operation) -> String {
    let revision = operation.revision.map_or_else(String::new, |revision| format!(" to revision {revision}"));
    let builds = operation.changed.as_ref().filter(|changed| changed.former_build != changed.build);
    let builds = builds.map_or_else(String::new, |changed| format!(" ({} to {})", changed.former_build, changed.build));
    let kind = if operation.kind == OperationKind::None { "operation" } else { operation.kind.as_str() };
    format!("the {kind} of {}{revision}{builds}", title(component))
}

pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// What is new in `standing`.
fn tell(
    seen: Option<&Standing>,
    standing: &Standing,
    operation: &Operation,
    newest: &Operation,
    changes: &mut Vec<Change>,
) {
    if let Some(end) = newest.end.filter(|_| operation.end.is_none()) {
        changes.push(Change::HelmDone(end));
    }
    if let Some(deadline) = newest.settle_deadline.filter(|_| operation.settle_deadline.is_none()) {
        changes.push(Change::Ready(deadline));
    }
    if seen.is_none_or(|seen| seen.stage != standing.stage) {
        changes.push(Change::Stage(standing.stage));
    }
    if let Some(seen) = seen {
        turned(seen, standing, changes);
    }
    if let Some(trend) = &standing.trend
        && seen.and_then(|seen| seen.trend.as_ref()).is_none_or(|seen| seen.word != trend.word)
    {
        changes.push(Change::Latency(trend.clone()));
    }
    let advises = |standing: &Standing| {
        (standing.verdict.verdict, standing.reasons(), standing.verdict.command.clone(), standing.rollback_target)
    };
    if seen.is_none_or(|seen| advises(seen) != advises(standing)) {
        changes.push(Change::Verdict(standing.verdict.clone()));
    }
}

fn turned(seen: &Standing, standing: &Standing, changes: &mut Vec<Change>) {
    let state = |checks: &[Check], name: &str| checks.iter().find(|check| check.name == name).map(|check| check.state);
    for check in &standing.checks {
        let from = state(&seen.checks, &check.name);
        if from != Some(check.state) {
            let evidence = check.evidence.first().map(|evidence| evidence.text.clone()).unwrap_or_default();
            changes.push(Change::Check { check: check.name.clone(), from, to: Some(check.state), evidence });
        }
    }
    for check in &seen.checks {
        if state(&standing.checks, &check.name).is_none() {
            let (check, from) = (check.name.clone(), Some(check.state));
            changes.push(Change::Check { check, from, to: None, evidence: String::new() });
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
