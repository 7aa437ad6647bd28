//! Tells of changes in the judgement, one line each: to the log when serving, to the terminal in the demo.
//!
//! A line is for somebody who watches; evidence, deadlines and commands stand in the status. Not for history: only what was
//! last said is kept, one entry for each component.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;

use crate::assess::assessment::{ComponentAssessment, Reason, Stage, VerdictKind};
use crate::assess::snapshot::{Snapshot, SuiteSnapshot};
use crate::model::names::{Component, Name};

/// What is said of a component.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Saying {
    stage: Stage,
    verdict: VerdictKind,
    reasons: Vec<Reason>,
    /// The revision to go back to, where that is the advice.
    target: Option<u32>,
}

/// A component of which something new is to be said.
#[derive(Debug)]
pub(super) struct Line {
    /// Its suite.
    pub(super) suite: Name,
    /// The component.
    pub(super) component: Component,
    saying: Saying,
}

/// Remembers what was last said.
#[derive(Debug, Default)]
pub(super) struct Announcer {
    said: BTreeMap<(Name, Component), Saying>,
    /// The suites as they were then: of one that is the same there is nothing to say. Of a thousand, nearly all are.
    seen: Vec<Arc<SuiteSnapshot>>,
}

/// Hands every change to `tell` for as long as there are snapshots. Before all is synced there is nothing to say.
pub(super) async fn announce(
    mut snapshots: watch::Receiver<Arc<Snapshot>>,
    mut tell: impl FnMut(&Line),
) -> Result<(), watch::error::RecvError> {
    let mut announcer = Announcer::default();
    loop {
        snapshots.changed().await?;
        let snapshot = snapshots.borrow_and_update().clone();
        if snapshot.ready {
            announcer.news(&snapshot).iter().for_each(&mut tell);
        }
    }
}

impl Announcer {
    /// What is new in a snapshot.
    pub(super) fn news(&mut self, snapshot: &Snapshot) -> Vec<Line> {
        let mut lines = Vec::new();
        let seen = std::mem::replace(&mut self.seen, snapshot.suites.clone());
        let is_same = |(old, new): (&Arc<SuiteSnapshot>, &Arc<SuiteSnapshot>)| {
            Arc::ptr_eq(old, new) || old.suite.name == new.suite.name
        };
        // Suites come and go with discovery: what was said of those that are gone is forgotten.
        if seen.len() != snapshot.suites.len() || !seen.iter().zip(&snapshot.suites).all(is_same) {
            let names: BTreeSet<&Name> = snapshot.suites.iter().map(|suite| &suite.suite.name).collect();
            self.said.retain(|(suite, _), _| names.contains(suite));
        }
        for (place, suite) in snapshot.suites.iter().enumerate() {
            if seen.get(place).is_some_and(|seen| Arc::ptr_eq(seen, suite)) {
                continue;
            }
            for (component, assessment) in suite.assessment.components.iter() {
                // A component that several suites share is spoken of once, under its owner.
                if suite.suite.members.get(component).owner.is_some() {
                    continue;
                }
                let saying = Saying::of(assessment);
                let key = (suite.suite.name.clone(), component);
                if self.said.get(&key) != Some(&saying) {
                    self.said.insert(key, saying.clone());
                    lines.push(Line { suite: suite.suite.name.clone(), component, saying });
                }
            }
        }
        lines
    }
}

impl Saying {
    fn of(assessment: &ComponentAssessment) -> Self {
        let advised = |kind| kind == VerdictKind::RollBack;
        Self {
            stage: assessment.stage,
            verdict: assessment.verdict.kind,
            reasons: assessment.verdict.reasons.clone(),
            target: assessment
                .rollback_target
                .filter(|_| advised(assessment.verdict.kind))
                .map(|target| target.revision),
        }
    }
}

impl Line {
    /// Writes it to the log.
    pub(super) fn log(&self) {
        let Self { suite, component, saying } = self;
        let Saying { stage, verdict, target, .. } = saying;
        let reasons = self.reasons();
        tracing::info!(%suite, %component, %stage, %verdict, reasons, target_revision = target, "judged");
    }

    fn reasons(&self) -> String {
        let reasons: Vec<_> = self.saying.reasons.iter().map(|reason| reason.as_str()).collect();
        reasons.join(", ")
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Saying { stage, verdict, target, .. } = &self.saying;
        write!(f, "{:<4} {stage:<13} {verdict:<15}", self.component)?;
        if let Some(revision) = target {
            write!(f, " to revision {revision}:")?;
        }
        match self.reasons() {
            reasons if reasons.is_empty() => Ok(()),
            reasons => write!(f, " {reasons}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::assessment::{NamedReason, RollbackTarget};
    use crate::board::Board;
    use crate::model::policy::Policy;
    use crate::model::suite::Suite;
    use crate::model::time::Timestamp;

    fn changed(snapshot: &Snapshot, change: impl FnOnce(&mut ComponentAssessment)) -> Snapshot {
        let mut suite = (*snapshot.suites[0]).clone();
        change(&mut suite.assessment.components.gim);
        Snapshot { suites: vec![Arc::new(suite)], ..snapshot.clone() }
    }

    fn texts(lines: &[Line]) -> Vec<String> {
        lines.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_change_is_told_once() {
        let board = Board::new(vec![Suite::default_suite()], Policy::default(), Timestamp::UNIX_EPOCH);
        let first = board.snapshot();
        let mut announcer = Announcer::default();
        assert_eq!(announcer.news(&first).len(), 3, "all components are new");
        assert_eq!(texts(&announcer.news(&first)), [""; 0]);

        let verifying = changed(&first, |gim| {
            gim.stage = Stage::Verifying;
            gim.verdict.kind = VerdictKind::Wait;
            gim.verdict.reasons = vec![Reason::Named(NamedReason::WindowFilling)];
            gim.rollback_target = Some(RollbackTarget { revision: 3, proven: true });
        });
        assert_eq!(texts(&announcer.news(&verifying)), ["gim  verifying     wait            window_filling"]);
        assert_eq!(texts(&announcer.news(&verifying)), [""; 0]);

        let adverse = changed(&verifying, |gim| gim.verdict.kind = VerdictKind::RollBack);
        assert_eq!(
            texts(&announcer.news(&adverse)),
            ["gim  verifying     roll_back       to revision 3: window_filling"]
        );
        // What does not show in a line makes none.
        let elsewhere = changed(&adverse, |gim| gim.verdict.until = Some(Timestamp::MAX));
        assert_eq!(texts(&announcer.news(&elsewhere)), [""; 0]);
    }

    #[test]
    fn a_suite_that_comes_back_is_told_anew() {
        let suite = |name: &str| Suite { name: name.into(), ..Suite::default_suite() };
        let both = Board::new(vec![suite("a"), suite("b")], Policy::default(), Timestamp::UNIX_EPOCH).snapshot();
        let one = Snapshot { suites: both.suites[1..].to_vec(), ..both.clone() };
        let mut announcer = Announcer::default();
        let mut told =
            |snapshot: &Snapshot| announcer.news(snapshot).iter().map(|line| line.suite.to_string()).collect();
        let [a, b] = [["a"; 3], ["b"; 3]];
        let told: [Vec<String>; 4] = [told(&both), told(&one), told(&both), told(&both)];
        assert_eq!(told, [[a, b].concat(), Vec::new(), a.to_vec(), Vec::new()]);
    }
}
