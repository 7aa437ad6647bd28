//! Parts: what families are allowed to see of a component, each part comparable with itself a moment ago.
//!
//! A family is given its part and nothing else; so as long as the part is equal, what was rendered of the family can be
//! kept, and no family can forget to say what it depends on. Not for values and labels: those are in `families`.

use std::sync::Arc;
use std::time::Duration;

use crate::assess::answer::{Answer, CheckId};
use crate::assess::assessment::{ComponentAssessment, Gate, Operation, OperationKind, Reason, Stage, VerdictKind};
use crate::assess::snapshot::SuiteSnapshot;
use crate::assess::trend::TrendReport;
use crate::model::facts::{ComponentFacts, WorkloadFacts};
use crate::model::memory::Witness;
use crate::model::names::{Component, Name};
use crate::model::policy::Policy;
use crate::model::release::{ReleaseFacts, Revision};
use crate::model::signal::Reading;
use crate::model::source::Freshness;
use crate::model::suite::Member;
use crate::model::time::{Timestamp, between};

/// One component of one suite, and the policy it is judged by.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The suite.
    pub suite: &'a SuiteSnapshot,
    /// The component.
    pub component: Component,
    /// The policy.
    pub policy: &'a Policy,
}

impl<'a> Subject<'a> {
    /// Whether the suite has borrowed the component, so that it is exposed under another suite.
    pub fn is_borrowed(self) -> bool {
        self.suite.suite.members.get(self.component).owner.is_some()
    }

    fn facts(self) -> &'a ComponentFacts {
        self.suite.facts.components.get(self.component)
    }

    fn assessment(self) -> &'a ComponentAssessment {
        self.suite.assessment.components.get(self.component)
    }
}

/// Where the component is found.
#[derive(PartialEq)]
pub struct Place<'a> {
    /// The suite's name.
    pub suite: &'a Name,
    /// The component's place.
    pub member: &'a Member,
}

impl<'a> From<Subject<'a>> for Place<'a> {
    fn from(subject: Subject<'a>) -> Self {
        let suite = &subject.suite.suite;
        Self { suite: &suite.name, member: suite.members.get(subject.component) }
    }
}

/// Which of a component's releases it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The component itself.
    Main,
    /// The monitoring release beside it.
    Companion,
}

impl Role {
    /// The spelling: label `role`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Companion => "companion",
        }
    }
}

/// A release whose history is known.
#[derive(PartialEq)]
pub struct Release<'a> {
    /// Its namespace.
    pub namespace: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its role.
    pub role: Role,
    /// Its newest revision.
    pub newest: &'a Arc<Revision>,
    /// The time that Helm is given.
    pub helm_timeout: Duration,
}

/// What Helm's history tells. Empty where it was never heard or may not be read.
#[derive(PartialEq)]
pub struct Helm<'a> {
    main: Option<Release<'a>>,
    companion: Option<Release<'a>>,
}

impl<'a> Helm<'a> {
    /// The releases that are there, the component's own first.
    pub fn releases(&self) -> impl Iterator<Item = &Release<'a>> {
        self.main.iter().chain(&self.companion)
    }
}

impl<'a> From<Subject<'a>> for Helm<'a> {
    fn from(subject: Subject<'a>) -> Self {
        let facts = subject.facts();
        let times = subject.policy.times.get(subject.component);
        let release = |name: &'a Name, role, release: &'a ReleaseFacts, helm_timeout| {
            let newest = release.revisions.last().filter(|_| is_heard(facts.sources.helm))?;
            Some(Release { namespace: &facts.namespace, name, role, newest, helm_timeout })
        };
        Self {
            main: release(&facts.release_name, Role::Main, &facts.release, times.helm_timeout),
            companion: facts
                .companion_name
                .as_ref()
                .and_then(|name| release(name, Role::Companion, &facts.companion, times.companion_helm_timeout)),
        }
    }
}

/// What the watches of pods and workloads tell.
#[derive(PartialEq)]
pub struct Pods<'a> {
    /// The component's namespace.
    pub namespace: &'a str,
    /// The workloads and their pods; `None` where there are none, they were never heard or may not be read.
    pub workloads: Option<&'a [WorkloadFacts]>,
    /// When the last operation began.
    pub operation_began: Option<Timestamp>,
}

impl<'a> From<Subject<'a>> for Pods<'a> {
    fn from(subject: Subject<'a>) -> Self {
        let facts = subject.facts();
        let heard = is_heard(facts.sources.pods) && is_heard(facts.sources.workloads);
        Self {
            namespace: &facts.namespace,
            // A component that is not there has no counts: what is gone from the cluster is gone from the page.
            workloads: heard.then_some(&*facts.workloads).filter(|workloads| !workloads.is_empty()),
            operation_began: subject.assessment().operation.as_ref().map(|operation| operation.begin),
        }
    }
}

/// What the component's own metrics tell.
#[derive(PartialEq)]
pub struct Signals<'a> {
    /// Readings that were not too old when the suite was judged, oldest first.
    pub live: &'a [Arc<Reading>],
    /// When the newest reading was made, however old.
    pub newest: Option<Timestamp>,
    /// Topics that do not count.
    pub ignored_topics: &'a [Name],
}

impl<'a> From<Subject<'a>> for Signals<'a> {
    fn from(subject: Subject<'a>) -> Self {
        let readings = &subject.facts().signals.readings;
        let silence = subject.policy.signal_silence();
        let silent = readings.partition_point(|reading| between(reading.at, subject.suite.judged) >= silence);
        Self {
            live: readings.get(silent..).unwrap_or_default(),
            newest: readings.last().map(|reading| reading.at),
            ignored_topics: &subject.policy.ignored_topics,
        }
    }
}

/// How the latency moves.
#[derive(PartialEq)]
pub struct Moving<'a>(pub Option<&'a TrendReport>);

impl<'a> From<Subject<'a>> for Moving<'a> {
    fn from(subject: Subject<'a>) -> Self {
        // The latency of a component that is not there moves nowhere.
        let there = !subject.facts().workloads.is_empty();
        Self(subject.assessment().trend.as_ref().filter(|_| there))
    }
}

/// The operation that is of interest, and what is remembered of operations.
#[derive(PartialEq)]
pub struct Operations<'a> {
    /// Kind of the operation that is of interest.
    pub kind: OperationKind,
    /// The operation that is of interest.
    pub current: Option<&'a Operation>,
    /// The operation that was witnessed last.
    pub witness: Option<&'a Witness>,
    /// Operations completed while watching.
    pub completed: &'a std::collections::BTreeMap<(&'static str, &'static str), u64>,
}

impl<'a> From<Subject<'a>> for Operations<'a> {
    fn from(subject: Subject<'a>) -> Self {
        let assessment = subject.assessment();
        let memory = subject.suite.memory.components.get(subject.component);
        Self {
            kind: assessment.operation_kind(),
            current: assessment.current_operation(),
            witness: memory.witness.as_ref(),
            completed: &memory.completed,
        }
    }
}

/// Answers of checks without their evidence, which no family shows and which changes with every sample.
pub struct States<'a>(pub &'a [(CheckId, Answer)]);

impl PartialEq for States<'_> {
    fn eq(&self, other: &Self) -> bool {
        let states = |states: &Self| states.0.iter().map(|(check, answer)| (*check, answer.state)).collect::<Vec<_>>();
        states(self) == states(other)
    }
}

/// The judgement: what changes only when something is thought anew.
#[derive(PartialEq)]
pub struct Judgement<'a> {
    /// The component's namespace.
    pub namespace: &'a str,
    /// Name of the component's release.
    pub release: &'a str,
    /// The stage.
    pub stage: Stage,
    /// The checks.
    pub checks: States<'a>,
    /// The verdict.
    pub verdict: VerdictKind,
    /// Its reasons.
    pub reasons: &'a [Reason],
    /// The revision to go back to.
    pub rollback_target: Option<u32>,
    /// How many releases it is behind the newest.
    pub releases_behind: Option<u32>,
    /// The gate.
    pub gate: &'a Gate,
}

impl<'a> From<Subject<'a>> for Judgement<'a> {
    fn from(subject: Subject<'a>) -> Self {
        let (facts, assessment) = (subject.facts(), subject.assessment());
        Self {
            namespace: &facts.namespace,
            release: &facts.release_name,
            stage: assessment.stage,
            checks: States(&assessment.checks),
            verdict: assessment.verdict.kind,
            reasons: &assessment.verdict.reasons,
            rollback_target: assessment.rollback_target.map(|target| target.revision),
            releases_behind: assessment.releases_behind,
            gate: &assessment.gate,
        }
    }
}

/// When a wait ends. Apart from the judgement, because it moves with every sample while a backlog drains.
#[derive(PartialEq)]
pub struct Until(pub Option<Timestamp>);

impl From<Subject<'_>> for Until {
    fn from(subject: Subject<'_>) -> Self {
        Self(subject.assessment().verdict.until)
    }
}

/// Whether a source has spoken: what it said last is shown, also when it is silent since or only part of it can be read.
const fn is_heard(freshness: Freshness) -> bool {
    matches!(freshness, Freshness::Fresh | Freshness::Stale | Freshness::Unreadable)
}

/// Which parts of something changed: a set of [`Part`]s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changed(u16);

/// A part by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// [`Place`].
    Place,
    /// [`Helm`].
    Helm,
    /// [`Pods`].
    Pods,
    /// [`Signals`].
    Signals,
    /// [`Moving`].
    Moving,
    /// [`Operations`].
    Operations,
    /// [`Judgement`].
    Judgement,
    /// [`Until`].
    Until,
    /// The sources.
    Sources,
}

impl Changed {
    /// Only this part.
    pub fn only(part: Part) -> Self {
        Self(1 << part as u16)
    }

    /// Every part.
    fn all() -> Self {
        Self(u16::MAX)
    }

    /// Whether this part changed.
    pub fn has(self, part: Part) -> bool {
        self.0 & Self::only(part).0 != 0
    }

    /// What changed from one state of a suite to another.
    pub fn between(old: &SuiteSnapshot, new: &SuiteSnapshot, policy: &Policy) -> Self {
        fn differs<'a, P: From<Subject<'a>> + PartialEq>(old: Subject<'a>, new: Subject<'a>) -> bool {
            P::from(old) != P::from(new)
        }
        let mut changed = Self::default();
        for &component in Component::ALL {
            let (old, new) = (Subject { suite: old, component, policy }, Subject { suite: new, component, policy });
            let borrowed = [old, new].map(Subject::is_borrowed);
            if borrowed[0] != borrowed[1] {
                // All of it comes to this suite's series, or leaves them, whatever it says.
                return Self::all();
            }
            if borrowed[0] {
                if differs::<Place<'_>>(old, new) {
                    changed |= Self::only(Part::Place);
                }
                continue;
            }
            for (part, differs) in [
                (Part::Place, differs::<Place<'_>>(old, new)),
                (Part::Helm, differs::<Helm<'_>>(old, new)),
                (Part::Pods, differs::<Pods<'_>>(old, new)),
                (Part::Signals, differs::<Signals<'_>>(old, new)),
                (Part::Moving, differs::<Moving<'_>>(old, new)),
                (Part::Operations, differs::<Operations<'_>>(old, new)),
                (Part::Judgement, differs::<Judgement<'_>>(old, new)),
                (Part::Until, differs::<Until>(old, new)),
            ] {
                if differs {
                    changed |= Self::only(part);
                }
            }
        }
        changed
    }
}

impl std::ops::BitOrAssign for Changed {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}
