//! A script being played, the exporter's judgement and the world's truth side by side.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use gim_upgrade_exporter::assess::assessment::{ComponentAssessment, NamedReason, Reason, VerdictKind};
use gim_upgrade_exporter::assess::snapshot::SuiteSnapshot;
use gim_upgrade_exporter::model::names::Component;
use gim_upgrade_exporter::model::policy::Policy;
use gim_upgrade_exporter::model::time::{Timestamp, before};

use super::held::{Held, Watcher, start};
use super::script::Script;

/// Controllers may see a pod Ready so much later than those who watch pods.
const LAG: Duration = Duration::from_secs(5);

/// Since when a component is what it should be; `None` while it is not.
#[derive(Clone, Copy, Debug, Default)]
struct Since {
    ready: Option<Timestamp>,
    restarts: u32,
}

/// The truth, followed from event to event.
#[derive(Debug, Default)]
pub struct Truths {
    since: BTreeMap<Component, Since>,
    low: Option<Timestamp>,
    runs: BTreeMap<Component, bool>,
}

impl Truths {
    fn see(&mut self, held: &Held, policy: &Policy) {
        let now = held.now;
        for &component in Component::ALL {
            let truth = held.world.truth(component.as_str(), now);
            let since = self.since.entry(component).or_default();
            let goes_on = truth.ready && since.restarts == truth.restarts;
            since.ready = if goes_on { since.ready.or(Some(now)) } else { truth.ready.then_some(now) };
            since.restarts = truth.restarts;
            self.runs.insert(component, truth.runs);
            if component == Component::Gim {
                let low = truth.ready && truth.behind_seconds <= policy.latency_ok.as_secs_f64();
                self.low = low.then_some(self.low.unwrap_or(now));
            }
        }
    }

    /// Whether the world knows that a component was verified by `now`: its pods were Ready of the new build for the soak, and
    /// the latency was low for a whole window.
    pub fn is_proved(&self, component: Component, policy: &Policy, now: Timestamp) -> bool {
        let lasted = |since: Option<Timestamp>, span| since.is_some_and(|since| since <= before(now, span));
        let soak = policy.times.get(component).soak.saturating_sub(LAG);
        self.runs.get(&component) == Some(&true)
            && lasted(self.since.get(&component).and_then(|since| since.ready), soak)
            && (component != Component::Gim || lasted(self.low, policy.trend_window))
    }
}

/// A moment of a case.
pub struct Moment<'a> {
    /// The instant.
    pub now: Timestamp,
    /// What is true.
    pub truths: &'a Truths,
    /// Everybody who watches.
    pub watchers: &'a [Watcher],
    /// What the first of them says.
    pub suite: Arc<SuiteSnapshot>,
}

impl Moment<'_> {
    /// The first watcher's judgement of a component.
    pub fn of(&self, component: Component) -> &ComponentAssessment {
        self.suite.assessment.components.get(component)
    }

    /// Seconds of the scenario.
    pub fn seconds(&self) -> i64 {
        self.now.duration_since(start()).as_secs()
    }
}

/// Plays a script, with the watchers that `watch` makes. `judge` says what is wrong at a moment: the first wrong thing ends
/// the case. What holds of every case is asked here: no verdict out of the hole in the table, no `proceed` before the truth.
pub fn play(
    script: &Script,
    watch: impl FnOnce(&Held) -> Vec<Watcher>,
    mut judge: impl FnMut(&Moment<'_>) -> Result<(), String>,
) -> Result<(), String> {
    let policy = Policy::default();
    let mut held = Held::new(&script.scenario());
    let mut watchers = watch(&held);
    let mut truths = Truths::default();
    let mut story = Story::default();
    let mut wrong: Option<String> = None;
    truths.see(&held, &policy);
    let ends = held.world.ends();
    held.play_seen(ends, &mut watchers, |held, watchers| {
        if wrong.is_some() {
            return;
        }
        truths.see(held, &policy);
        let moment = Moment { now: held.now, truths: &truths, watchers, suite: watchers[0].suite() };
        story.note(&moment);
        let found = always(&moment, &policy).and_then(|()| judge(&moment));
        wrong = found.err().map(|message| format!("at {} s: {message}", moment.seconds()));
    });
    wrong.map_or(Ok(()), |message| Err(format!("{message}\n{}\n{}", story.text, script.text())))
}

fn always(moment: &Moment<'_>, policy: &Policy) -> Result<(), String> {
    for watcher in moment.watchers {
        for (component, said) in watcher.suite().assessment.components.iter() {
            if said.verdict.reasons.contains(&Reason::Named(NamedReason::Undecided)) {
                return Err(format!("{component}: the table of verdicts has a hole"));
            }
            let proceeds = said.verdict.kind == VerdictKind::Proceed;
            if proceeds && !moment.truths.is_proved(component, policy, moment.now) {
                return Err(format!("{component}: proceed before the truth, {:?}", moment.truths));
            }
        }
    }
    Ok(())
}

/// What was said, for people.
#[derive(Default)]
struct Story {
    text: String,
    last: BTreeMap<Component, String>,
}

impl Story {
    fn note(&mut self, moment: &Moment<'_>) {
        for &component in Component::ALL {
            let said = moment.of(component);
            let reasons: Vec<&str> = said.verdict.reasons.iter().map(|reason| reason.as_str()).collect();
            let line = format!("{} {} {reasons:?}", said.stage, said.verdict.kind);
            if self.last.get(&component) != Some(&line) {
                let _ = writeln!(self.text, "  {:6} s {component} {} {line}", moment.seconds(), said.operation_kind());
                self.last.insert(component, line);
            }
        }
    }
}
