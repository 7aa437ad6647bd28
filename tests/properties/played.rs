//! A script being played, the exporter's judgement and the world's truth side by side.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use gim_upgrade_exporter::assess::assessment::{ComponentAssessment, NamedReason, Reason, Stage, VerdictKind};
use gim_upgrade_exporter::assess::snapshot::SuiteSnapshot;
use gim_upgrade_exporter::model::names::{Component, Name};
use gim_upgrade_exporter::model::policy::Policy;
use gim_upgrade_exporter::model::time::{Timestamp, before};

use super::held::{Held, Watcher, start, suites};
use super::script::Script;

/// Controllers may see a pod Ready so much later than those who watch pods.
const LAG: Duration = Duration::from_secs(5);

/// Since when a release is what it should be; `None` while it is not.
#[derive(Clone, Copy, Debug, Default)]
struct Since {
    ready: Option<Timestamp>,
    restarts: u32,
    /// GIM: since when it is Ready and its latency low.
    low: Option<Timestamp>,
    /// Whether it runs now.
    runs: bool,
}

/// The truth, followed from event to event.
#[derive(Debug, Default)]
pub struct Truths {
    of: BTreeMap<Name, Since>,
}

impl Truths {
    /// The truth about the releases of all suites, before anything happened.
    fn new(held: &Held) -> Self {
        let suites = suites(&held.scenario);
        let members = suites.iter().flat_map(|suite| suite.members.iter());
        Self { of: members.map(|(_, member)| (member.release.clone(), Since::default())).collect() }
    }

    fn see(&mut self, held: &Held, policy: &Policy) {
        let now = held.now;
        for (release, since) in &mut self.of {
            let truth = held.world.truth(release, now);
            let goes_on = truth.ready && since.restarts == truth.restarts;
            since.ready = if goes_on { since.ready.or(Some(now)) } else { truth.ready.then_some(now) };
            (since.restarts, since.runs) = (truth.restarts, truth.runs);
            let low = truth.ready && truth.behind_seconds <= policy.latency_ok.as_secs_f64();
            since.low = low.then_some(since.low.unwrap_or(now));
        }
    }

    /// Whether the world knows that a release has ended and runs.
    fn runs(&self, release: &Name) -> bool {
        self.of.get(release).is_some_and(|since| since.runs)
    }

    /// Whether the world knows that a release was verified by `now`: its pods were Ready of the new build for the soak, and
    /// the latency was low for a whole window.
    fn is_proved(&self, component: Component, release: &Name, policy: &Policy, now: Timestamp) -> bool {
        let lasted = |since: Option<Timestamp>, span| since.is_some_and(|since| since <= before(now, span));
        let soak = policy.times.get(component).soak.saturating_sub(LAG);
        self.of.get(release).is_some_and(|since| {
            since.runs
                && lasted(since.ready, soak)
                && (component != Component::Gim || lasted(since.low, policy.trend_window))
        })
    }
}

/// A moment of a case.
pub struct Moment<'a> {
    /// The instant.
    pub now: Timestamp,
    /// What is true.
    pub truths: &'a Truths,
    policy: &'a Policy,
    /// Everybody who watches.
    pub watchers: &'a [Watcher],
    /// What the first of them says of each suite.
    pub suites: Vec<Arc<SuiteSnapshot>>,
}

/// The components of a suite that are its own, each with its release and what is said of it.
pub fn own(suite: &SuiteSnapshot) -> impl Iterator<Item = (Component, &Name, &ComponentAssessment)> {
    let own = suite.suite.members.iter().filter(|(_, member)| member.owner.is_none());
    own.map(|(component, member)| (component, &member.release, suite.assessment.components.get(component)))
}

impl Moment<'_> {
    /// The first watcher's judgement of a component of the first suite.
    pub fn of(&self, component: Component) -> &ComponentAssessment {
        self.suites[0].assessment.components.get(component)
    }

    /// Seconds of the scenario.
    pub fn seconds(&self) -> i64 {
        self.now.duration_since(start()).as_secs()
    }

    /// What holds of every case for a watcher that has heard what happens: no verdict out of the hole in the table, no `proceed`
    /// before the truth.
    pub fn never_wrong(&self, watcher: &Watcher) -> Result<(), String> {
        let suites = watcher.suites();
        for (component, release, said) in suites.iter().flat_map(|suite| own(suite)) {
            if said.verdict.reasons.contains(&Reason::Named(NamedReason::Undecided)) {
                return Err(format!("{release}: the table of verdicts has a hole"));
            }
            if said.verdict.kind != VerdictKind::Proceed {
                continue;
            }
            if !self.truths.is_proved(component, release, self.policy, self.now) {
                return Err(format!("{release}: proceed before the truth, {:?}", self.truths));
            }
            // The next is GSP, of which there is one: whoever shares it must be well.
            let unwell = |(_, release, said): &(Component, &Name, &ComponentAssessment)| {
                said.stage != Stage::Absent && !self.truths.runs(release)
            };
            if component == Component::Gim
                && let Some((_, other, _)) = suites.iter().flat_map(|suite| own(suite)).find(unwell)
            {
                return Err(format!("{release}: proceed while {other} is not well, {:?}", self.truths));
            }
        }
        Ok(())
    }
}

/// Plays a script, with the watchers that `watch` makes. `judge` says what is wrong at a moment: the first wrong thing ends
/// the case. What holds of every case is asked here of the first watcher.
pub fn play(
    script: &Script,
    watch: impl FnOnce(&Held) -> Vec<Watcher>,
    mut judge: impl FnMut(&Moment<'_>) -> Result<(), String>,
) -> Result<(), String> {
    let policy = Policy::default();
    let mut held = Held::new(&script.scenario());
    let mut watchers = watch(&held);
    let mut truths = Truths::new(&held);
    let mut story = Story::default();
    let mut wrong: Option<String> = None;
    truths.see(&held, &policy);
    let ends = held.world.ends();
    held.play_seen(ends, &mut watchers, |held, watchers| {
        if wrong.is_some() {
            return;
        }
        truths.see(held, &policy);
        let moment = Moment { now: held.now, truths: &truths, policy: &policy, watchers, suites: watchers[0].suites() };
        story.note(&moment);
        let found = moment.never_wrong(&watchers[0]).and_then(|()| judge(&moment));
        wrong = found.err().map(|message| format!("at {} s: {message}", moment.seconds()));
    });
    wrong.map_or(Ok(()), |message| Err(format!("{message}\n{}\n{}", story.text, script.text())))
}

/// What was said, for people.
#[derive(Default)]
struct Story {
    text: String,
    last: BTreeMap<Name, String>,
}

impl Story {
    fn note(&mut self, moment: &Moment<'_>) {
        for (_, release, said) in moment.suites.iter().flat_map(|suite| own(suite)) {
            let reasons: Vec<&str> = said.verdict.reasons.iter().map(|reason| reason.as_str()).collect();
            let line = format!("{} {} {reasons:?}", said.stage, said.verdict.kind);
            if self.last.get(release) != Some(&line) {
                let _ = writeln!(self.text, "  {:6} s {release} {} {line}", moment.seconds(), said.operation_kind());
                self.last.insert(release.clone(), line);
            }
        }
    }
}
