//! Which alerts a running Alertmanager silences: cases are posted, all at once, and what it says is compared with them.
//!
//! What the cases are is not known here.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use jiff::Timestamp;

use crate::PATIENCE;
use crate::alertmanager::{Alertmanager, Labels, Posted};
use crate::shipped::Shipped;
use crate::web::eventually;

/// Longer than any test takes.
const FIRES_FOR: Duration = Duration::from_hours(1);
/// Labels by whose values a case keeps apart from all others.
const PLACES: [&str; 3] = ["cluster", "suite", "namespace"];
/// What every alert of a case has unless it says otherwise.
const DEFAULTS: [(&str, &str); 4] =
    [("cluster", "east"), ("suite", "tenant"), ("component", "gim"), ("namespace", "gim")];
/// The label that tells which alert of which case it is. No inhibition knows it.
const MARK: &str = "case";

/// Alerts that fire together, and which of them are silenced.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it shows.
    pub what: String,
    alerts: Vec<(Labels, Fate)>,
}

/// What becomes of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Whoever should be told of it is.
    Heard,
    /// Another alert silences it.
    Silenced,
    /// It is heard until it ends, before the others do.
    Ends,
}

impl Case {
    /// Each alert is its name, `~` before it where it is silenced, `!` where it ends first; then labels: `name=value`, or
    /// `-name` where it has none.
    pub fn new<T: AsRef<str>>(what: impl Into<String>, alerts: &[T]) -> Self {
        Self { what: what.into(), alerts: alerts.iter().map(|alert| parse(alert.as_ref())).collect() }
    }

    /// Its alerts as the `number`th of many cases, kept apart from them by the values of their labels.
    fn placed(&self, number: usize) -> impl Iterator<Item = (Labels, Fate)> {
        self.alerts.iter().enumerate().map(move |(at, (labels, fate))| {
            let mut labels = labels.clone();
            for (_, value) in labels.iter_mut().filter(|(name, _)| PLACES.contains(&name.as_str())) {
                *value = format!("{value}-{number}");
            }
            labels.insert(MARK.into(), format!("{number}-{at}"));
            (labels, *fate)
        })
    }
}

fn parse(alert: &str) -> (Labels, Fate) {
    let (fate, words) = match alert.split_at_checked(1) {
        Some(("~", words)) => (Fate::Silenced, words),
        Some(("!", words)) => (Fate::Ends, words),
        _ => (Fate::Heard, alert),
    };
    let mut words = words.split_whitespace();
    let mut labels: Labels = DEFAULTS.map(|(name, value)| (name.into(), value.into())).into();
    labels.insert("alertname".into(), words.next().unwrap().into());
    for word in words {
        match (word.split_once('='), word.strip_prefix('-')) {
            (Some((name, value)), _) => drop(labels.insert(name.into(), value.into())),
            (None, Some(name)) => drop(labels.remove(name).unwrap()),
            (None, None) => panic!("{alert}: {word}"),
        }
    }
    (labels, fate)
}

/// An alert that is silenced and should not be, or the other way round.
#[derive(Clone, Debug)]
pub struct Difference {
    /// The case that says so.
    #[allow(dead_code, reason = "for whoever reads the failure")]
    pub case: String,
    /// Its labels.
    #[allow(dead_code, reason = "for whoever reads the failure")]
    pub labels: Labels,
    /// What it is.
    pub is_silenced: bool,
}

/// A running Alertmanager and the cases that were posted to it.
pub struct Trial {
    alertmanager: Alertmanager,
    /// By mark: the case and what it says.
    expected: BTreeMap<String, (String, Fate)>,
    canaries: usize,
}

impl Trial {
    /// Starts it with a configuration, and posts cases.
    pub async fn start(program: &Path, shipped: &Shipped, cases: &[Case]) -> Result<Self> {
        let alertmanager = Alertmanager::start(program, &quiet(shipped)).await?;
        let mut trial = Self { alertmanager, expected: BTreeMap::new(), canaries: 0 };
        let (mut firing, mut ending) = (Vec::new(), Vec::new());
        for (number, case) in cases.iter().enumerate() {
            for (labels, fate) in case.placed(number) {
                match fate {
                    Fate::Ends => ending.push(labels.clone()),
                    _ => drop(trial.expected.insert(labels[MARK].clone(), (case.what.clone(), fate))),
                }
                firing.push(fires(labels));
            }
        }
        trial.alertmanager.post(&firing).await?;
        if !ending.is_empty() {
            trial.settle().await?;
            let ended = |labels| Posted { labels, ends_at: Timestamp::now() };
            trial.alertmanager.post(&ending.into_iter().map(ended).collect::<Vec<_>>()).await?;
        }
        Ok(trial)
    }

    /// Gives it another configuration. The alerts stay.
    pub async fn reload(&self, shipped: &Shipped) -> Result<()> {
        self.alertmanager.reload(&quiet(shipped)).await
    }

    /// Where it does other than the cases say.
    pub async fn differences(&mut self) -> Result<Vec<Difference>> {
        self.settle().await?;
        let (mut differences, mut found) = (Vec::new(), 0);
        for seen in self.alertmanager.alerts(&[]).await? {
            let Some((case, fate)) = seen.labels.get(MARK).and_then(|mark| self.expected.get(mark)) else {
                continue;
            };
            found += 1;
            let is_silenced = seen.is_inhibited();
            if is_silenced != (*fate == Fate::Silenced) {
                differences.push(Difference { case: case.clone(), labels: seen.labels, is_silenced });
            }
        }
        ensure!(found == self.expected.len(), "{found} of {} alerts are there", self.expected.len());
        Ok(differences)
    }

    /// Waits until it has taken note of all alerts: it does so one after another, and of these last. Two inhibitions show it,
    /// since one may have been taken out. After a reload it begins with those that it has, in any order: hence twice.
    async fn settle(&mut self) -> Result<()> {
        for _ in 0..2 {
            self.canaries += 1;
            let place = format!("canary-{}", self.canaries);
            let names = ["OomKilled", "CrashLooping", "DependencyDown", "RollBackAdvised"];
            let alert = |name| fires(parse(&format!("GimUpgrade{name} cluster={place}")).0);
            self.alertmanager.post(&names.map(alert)).await?;
            let filter = format!("cluster=\"{place}\"");
            eventually("all alerts are taken note of", PATIENCE, async || {
                let alerts = self.alertmanager.alerts(&[&filter]).await?;
                Ok(alerts.iter().any(crate::alertmanager::Seen::is_inhibited).then_some(()))
            })
            .await?;
        }
        Ok(())
    }
}

fn fires(labels: Labels) -> Posted {
    Posted { labels, ends_at: Timestamp::now() + FIRES_FOR }
}

/// As it is shipped, but that nobody is told.
fn quiet(shipped: &Shipped) -> String {
    shipped.sending("http://127.0.0.1:9/", "1h", "1h").text()
}
