//! Concluding: what fires, from the snapshots, and when everything is to be posted.
//!
//! At once when an alert begins to fire, and every so often whatever happens. Nothing is concluded before the exporter has seen
//! everything once, or could not for minutes: until then what Alertmanager knew before is kept. Not for posting: see `post`.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, spawn_blocking};
use tokio::time::{MissedTickBehavior, interval};

use super::dress::Dress;
use super::pace::Pace;
use super::state::State;
use super::wire::Known;
use crate::alerts::answer::Series;
use crate::alerts::catalogue;
use crate::alerts::lifecycle::{Firing, Lifecycle};
use crate::assess::snapshot::Snapshot;
use crate::model::alerting::AlertSettings;
use crate::model::source::ClockOffset;
use crate::model::time::{Clock, Timestamp, between};
use crate::publish::own::Posts;
use crate::publish::samples::samples;

/// How long the exporter may take to see everything before it is concluded from what it sees: a cluster that does not answer from
/// the start on must not be one that nobody is told of.
const LONGEST_START: Duration = Duration::from_mins(5);

/// All alerts that the exporter tells of, and how far each is.
#[derive(Debug)]
pub struct Conclusions {
    /// Those that ask for nothing, and so hold from the start: the watchdog.
    always: Lifecycle,
    judged: Lifecycle,
    families: Vec<&'static str>,
    /// Whether everything was seen once, or that took too long.
    begun: bool,
    first: Option<Timestamp>,
    longest_start: Duration,
}

impl Conclusions {
    /// Nothing fires yet.
    #[must_use]
    pub fn new(settings: &AlertSettings, time_scale: u32) -> Self {
        let alerts = catalogue::configured(settings, time_scale);
        let (always, judged) = alerts.into_iter().partition(|alert| alert.condition.families().is_empty());
        let (always, judged) = (Lifecycle::new(always), Lifecycle::new(judged));
        let families = judged.families();
        let longest_start = LONGEST_START / time_scale.max(1);
        Self { always, judged, families, begun: false, first: None, longest_start }
    }

    /// Takes over an alert that fired before the start. Says whether it is one of ours.
    pub fn adopt(
        &mut self,
        labels: &BTreeMap<String, String>,
        annotations: &BTreeMap<String, String>,
        starts_at: Timestamp,
    ) -> bool {
        [&mut self.always, &mut self.judged]
            .into_iter()
            .any(|lifecycle| lifecycle.adopt(labels, annotations.clone(), starts_at))
    }

    /// Takes in what holds now.
    pub fn observe(&mut self, now: Timestamp, snapshot: &Snapshot) {
        self.always.observe(now, &Series::default());
        // Suites that are found later are shown before all is seen of them, as they are to Prometheus.
        let first = *self.first.get_or_insert(now);
        self.begun |= snapshot.ready || between(first, now) >= self.longest_start;
        if self.begun {
            self.judged.observe(now, &samples(snapshot, &self.families));
        }
    }

    /// What fires.
    #[must_use]
    pub fn firing(&self) -> Vec<Firing> {
        [self.judged.firing(), self.always.firing()].concat()
    }
}

/// What concluding needs.
pub struct Concluding {
    pub dress: Dress,
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    pub clock: Arc<dyn Clock>,
    pub offset: Arc<ClockOffset>,
    pub adopted: mpsc::Receiver<Vec<Known>>,
    pub states: watch::Sender<Arc<State>>,
    pub counts: Vec<Arc<Posts>>,
    pub pace: Pace,
}

impl Concluding {
    /// Concludes for ever.
    pub async fn run(mut self, mut conclusions: Conclusions) -> Result<Infallible, JoinError> {
        let mut ticks = interval(self.pace.conclude);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut told = Told::default();
        loop {
            tokio::select! {
                _ = ticks.tick() => {
                    let (now, snapshot) = (self.now(), self.snapshots.borrow().clone());
                    // With many suites long enough to keep the observers from their work.
                    conclusions = spawn_blocking(move || {
                        conclusions.observe(now, &snapshot);
                        conclusions
                    })
                    .await?;
                }
                Some(known) = self.adopted.recv() => self.take_over(&known, &mut conclusions),
            }
            self.tell(&conclusions, &mut told);
        }
    }

    fn now(&self) -> Timestamp {
        self.offset.corrected(self.clock.now())
    }

    fn take_over(&self, known: &[Known], conclusions: &mut Conclusions) {
        let now = self.now();
        let mut taken = 0_usize;
        for alert in known {
            let Some(own) = self.dress.take_off(&alert.labels) else { continue };
            // What begins in the future has begun by another clock.
            let starts_at = alert.starts_at.min(now);
            if conclusions.adopt(&own, &Dress::texts(&alert.annotations), starts_at) {
                taken += 1;
            }
        }
        tracing::info!(alerts = taken, "alerts that fired before the start are taken over");
    }

    /// Gives everything that fires to those who post, where something has begun or it is time.
    fn tell(&self, conclusions: &Conclusions, told: &mut Told) {
        let firing = conclusions.firing();
        let alerts: Vec<_> = firing.into_iter().map(|firing| self.dress.put_on(firing)).collect();
        let labels: BTreeSet<_> = alerts.iter().map(|alert| alert.labels.clone()).collect();
        // The exporter's own clock never jumps.
        let at = self.clock.now();
        let due = told.at.is_none_or(|before| between(before, at) >= self.pace.repeat);
        if !due && labels.is_subset(&told.labels) {
            return;
        }
        match State::new(&alerts, self.now(), self.pace.lasts, told.so_far) {
            Ok(state) => {
                *told = Told { labels, at: Some(at), so_far: state.so_far };
                self.counts.iter().for_each(|posts| posts.offered(state.so_far));
                self.states.send_replace(Arc::new(state));
            }
            Err(error) => tracing::error!(%error, "alerts cannot be written as JSON"),
        }
    }
}

/// What was given to those who post.
#[derive(Default)]
struct Told {
    labels: BTreeSet<BTreeMap<String, String>>,
    at: Option<Timestamp>,
    so_far: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::alerting::Severity;
    use crate::publish::fixture::{at, busy, snapshot};

    const ADVISED: &str = "GimUpgradeRollBackAdvised";

    /// A minute is a second, and the advice to roll back a warning.
    fn conclusions() -> Conclusions {
        let severities = [(ADVISED.to_owned(), Severity::Warning)].into();
        Conclusions::new(&AlertSettings { severities, ..AlertSettings::default() }, 60)
    }

    /// Names and severities of what fires, but of what the suite's other faults are called.
    fn firing(conclusions: &Conclusions) -> Vec<(String, String)> {
        let told = |firing: Firing| (firing.labels["alertname"].clone(), firing.labels["severity"].clone());
        let mut told: Vec<_> = conclusions.firing().into_iter().map(told).collect();
        told.retain(|(name, _)| [ADVISED, "GimUpgradeSidecarWatchdog"].contains(&name.as_str()));
        told
    }

    fn pair(name: &str, severity: &str) -> (String, String) {
        (name.to_owned(), severity.to_owned())
    }

    #[test]
    fn nothing_is_concluded_before_everything_was_seen_and_the_watchdog_always_fires() {
        let (watchdog, advised) = (pair("GimUpgradeSidecarWatchdog", "none"), pair(ADVISED, "warning"));
        let ready = snapshot(1, vec![busy("a")]);
        let unready = Snapshot { ready: false, ..ready.clone() };
        let mut conclusions = conclusions();
        for seconds in 0..5 {
            conclusions.observe(at(1000 + seconds), &unready);
            assert_eq!(firing(&conclusions), std::slice::from_ref(&watchdog));
        }
        conclusions.observe(at(1010), &ready);
        assert_eq!(firing(&conclusions), std::slice::from_ref(&watchdog));
        // Once begun, a suite that is found later and not seen yet stops nothing.
        conclusions.observe(at(1011), &unready);
        assert_eq!(firing(&conclusions), [advised, watchdog]);
    }

    #[test]
    fn what_cannot_be_seen_for_minutes_is_concluded_from_all_the_same() {
        let unready = Snapshot { ready: false, ..snapshot(1, vec![busy("a")]) };
        let mut conclusions = conclusions();
        for (seconds, alerts) in [(0, 1), (4, 1), (5, 1), (6, 2)] {
            conclusions.observe(at(1000 + seconds), &unready);
            assert_eq!(firing(&conclusions).len(), alerts, "{seconds} s");
        }
    }

    #[test]
    fn what_fired_before_is_known_by_the_configured_severity() {
        let own = |severity: &str| {
            [
                ("alertname", ADVISED),
                ("severity", severity),
                ("suite", "b"),
                ("component", "gim"),
                ("release", "gim"),
                ("target_namespace", "gim"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
        };
        let mut conclusions = conclusions();
        assert!(!conclusions.adopt(&own("critical"), &BTreeMap::new(), at(0)));
        assert!(conclusions.adopt(&own("warning"), &BTreeMap::new(), at(0)));
        let nothing = snapshot(1, Vec::new());
        conclusions.observe(at(1000), &Snapshot { ready: false, ..nothing.clone() });
        assert_eq!(firing(&conclusions).len(), 2, "kept until more is known");
        // Its ten minutes are ten seconds.
        for (seconds, fires) in [(1100, 2), (1109, 2), (1110, 1)] {
            conclusions.observe(at(seconds), &nothing);
            assert_eq!(firing(&conclusions).len(), fires, "{seconds}");
        }
    }
}
