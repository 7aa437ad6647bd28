//! What the exporter said, moment by moment: its page read every 100 ms, each change of a component's state kept.
//!
//! A story asks what was seen since some moment, and whether that was all that may be seen. It never asks for how long a
//! state was there: on a busy machine that is nobody's promise.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Result, bail, ensure};
use tokio::task::JoinHandle;

use crate::{
    exporter::Exporter,
    page::{Page, Series, called, suite_and_component},
};

/// How often the page is read.
const INTERVAL: Duration = Duration::from_millis(100);

/// How long the last state is watched before it is believed to stay: several signal intervals.
const STAY: Duration = Duration::from_secs(2);

/// One component's state, as the page shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The stage.
    pub stage: String,
    /// The verdict.
    pub verdict: String,
    /// The operation.
    pub operation: String,
    /// The reasons of the verdict, the weightiest first.
    pub reasons: Vec<String>,
    /// The revision to go back to.
    pub target: Option<u64>,
    /// What closes its gate.
    pub closed_by: BTreeSet<String>,
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} / {} [{}] / {}", self.stage, self.verdict, self.reasons.join(" "), self.operation)?;
        if let Some(target) = self.target {
            write!(f, " / back to {target}")?;
        }
        if self.closed_by.is_empty() {
            return f.write_str(" / gate open");
        }
        write!(f, " / gate closed by {}", self.closed_by.iter().map(String::as_str).collect::<Vec<_>>().join(" "))
    }
}

/// The changes of each component, oldest first.
#[derive(Default)]
struct Record {
    changes: BTreeMap<String, Vec<(Instant, Seen)>>,
    fault: Option<anyhow::Error>,
    polls: u64,
}

/// A poller of one exporter; dropping it stops it.
pub struct Trace {
    record: Arc<Mutex<Record>>,
    poller: JoinHandle<()>,
    started: Instant,
}

/// A moment of a trace: what was seen after it counts. The default is the trace's begin.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mark(usize);

impl Trace {
    /// Starts to poll.
    pub fn start(exporter: &Exporter, runtime: &tokio::runtime::Runtime) -> Self {
        let record = Arc::new(Mutex::new(Record::default()));
        let (scraper, kept) = (exporter.scraper(), Arc::clone(&record));
        let poller = runtime.spawn(async move {
            let mut ticks = tokio::time::interval(INTERVAL);
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                let noted = scraper.scrape().await.and_then(|page| note(&kept, &page));
                if let Err(error) = noted {
                    locked(&kept).fault.get_or_insert(error);
                }
            }
        });
        Self { record, poller, started: Instant::now() }
    }

    /// Stops to poll; what was seen is kept.
    pub fn stop(&self) {
        self.poller.abort();
    }

    /// This moment of a component: its state of now, and all that follows, is seen since.
    pub fn mark(&self, component: &str) -> Mark {
        Mark(locked(&self.record).changes.get(component).map_or(0, |changes| changes.len().saturating_sub(1)))
    }

    /// What was seen of a component since a mark, the state at the mark first.
    pub fn since(&self, component: &str, mark: Mark) -> Vec<Seen> {
        let record = locked(&self.record);
        let changes = record.changes.get(component).into_iter().flatten();
        changes.skip(mark.0).map(|(_, seen)| seen.clone()).collect()
    }

    /// Waits until a component's newest state is as `wanted` says, and returns it.
    pub fn until(&self, component: &str, what: &str, limit: Duration, wanted: impl Fn(&Seen) -> bool) -> Result<Seen> {
        let started = Instant::now();
        loop {
            {
                let mut record = locked(&self.record);
                if let Some(fault) = record.fault.take() {
                    return Err(fault.context("a scrape failed"));
                }
                let newest = record.changes.get(component).and_then(|changes| changes.last());
                if let Some((_, seen)) = newest.filter(|(_, seen)| wanted(seen)) {
                    return Ok(seen.clone());
                }
            }
            if started.elapsed() > limit {
                bail!("{component}: {what}: not seen within {limit:?}; what was seen:\n{}", self.tell(component));
            }
            std::thread::sleep(INTERVAL / 4);
        }
    }

    /// Checks that, since the mark, stages and verdicts each went through nothing but what is named, in this order, and
    /// that they stay where they arrived. A state in brackets may be left out: it may be shorter than a poll.
    pub fn went(&self, component: &str, mark: Mark, stages: &[&str], verdicts: &[&str]) -> Result<()> {
        std::thread::sleep(STAY);
        let seen = self.since(component, mark);
        let stage: Vec<_> = seen.iter().map(|seen| seen.stage.as_str()).collect();
        let verdict: Vec<_> = seen.iter().map(|seen| seen.verdict.as_str()).collect();
        for (what, went, wanted) in [("stages", stage, stages), ("verdicts", verdict, verdicts)] {
            ensure!(
                follows(&went, wanted),
                "{component}: {what} should go {wanted:?}; what was seen:\n{}",
                self.tell(component)
            );
        }
        Ok(())
    }

    /// How often the page was read.
    pub fn polls(&self) -> u64 {
        locked(&self.record).polls
    }

    /// All changes of a component, with seconds since the start.
    pub fn tell(&self, component: &str) -> String {
        let record = locked(&self.record);
        let lines = record.changes.get(component).into_iter().flatten().map(|(at, seen)| {
            let seconds = at.saturating_duration_since(self.started).as_secs_f64();
            format!("    {seconds:7.1}s {seen}")
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        self.poller.abort();
    }
}

/// Whether the states, repetitions left out, are the wanted ones in order; a wanted `[state]` may be missing.
fn follows(went: &[&str], wanted: &[&str]) -> bool {
    let mut went = went.to_vec();
    went.dedup();
    let mut went = went.into_iter().peekable();
    for state in wanted {
        let optional = state.strip_prefix('[').and_then(|state| state.strip_suffix(']'));
        if went.next_if_eq(&optional.unwrap_or(state)).is_none() && optional.is_none() {
            return false;
        }
    }
    went.next().is_none()
}

fn note(record: &Mutex<Record>, page: &Page) -> Result<()> {
    let mut states = BTreeMap::new();
    for series in page.find("gim_upgrade_stage", &[]) {
        let name = called(series.label("suite").unwrap_or_default(), series.label("component").unwrap_or_default());
        states.insert(name.clone(), seen(page, &name)?);
    }
    gates_are_shut(page, &states)?;
    let mut record = locked(record);
    let gone: Vec<_> = record.changes.keys().filter(|name| !states.contains_key(*name)).collect();
    ensure!(gone.is_empty(), "{gone:?} were on the page and are no more");
    record.polls += 1;
    for (component, seen) in states {
        let changes = record.changes.entry(component).or_default();
        if changes.last().is_none_or(|(_, last)| *last != seen) {
            changes.push((Instant::now(), seen));
        }
    }
    Ok(())
}

/// What holds on every page of every story: nothing may be upgraded while a component of the suite is not well (upgrade
/// guide, Scheduling considerations). A shared component is of all the suites that share it.
fn gates_are_shut(page: &Page, states: &BTreeMap<String, Seen>) -> Result<()> {
    let mut suites: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for member in page.find("gim_upgrade_suite_member", &[]) {
        let label = |name: &str| member.label(name).unwrap_or_default();
        suites.entry(label("suite")).or_default().insert(called(label("owner"), label("component")));
    }
    for members in suites.values() {
        let all = || members.iter().map(|member| (member, states.get(member).map_or("", |seen| &*seen.stage)));
        let ill: Vec<_> = all().filter(|(_, stage)| !["absent", "verified"].contains(stage)).collect();
        let open = members.iter().find(|member| states.get(*member).is_some_and(|seen| seen.closed_by.is_empty()));
        if let (Some(open), false) = (open, ill.is_empty()) {
            bail!("the gate of {open} is open while {ill:?}");
        }
    }
    Ok(())
}

fn seen(page: &Page, name: &str) -> Result<Seen> {
    let state = |family: &str, label: &str| -> Result<String> {
        Ok(page.state(&format!("gim_upgrade_{family}"), label, name)?.unwrap_or_default().to_owned())
    };
    let (suite, component) = suite_and_component(name);
    let of = [("suite", suite), ("component", component)];
    let reason = |series: &Series| series.label("reason").map(str::to_owned);
    let mut reasons: Vec<_> = page.find("gim_upgrade_verdict_reason", &of).collect();
    reasons.sort_by(|a, b| a.value.total_cmp(&b.value));
    let seen = Seen {
        stage: state("stage", "stage")?,
        verdict: state("verdict", "verdict")?,
        operation: state("operation", "operation")?,
        reasons: reasons.into_iter().filter_map(reason).collect(),
        target: page.value("gim_upgrade_rollback_target_revision", &of).map(whole),
        closed_by: page.find("gim_upgrade_gate_blocked", &of).filter_map(reason).collect(),
    };
    ensure!(!seen.verdict.is_empty(), "{name} has no verdict: {seen}");
    let open = page.value("gim_upgrade_gate_open", &of);
    let wanted = if seen.closed_by.is_empty() { 1.0 } else { 0.0 };
    ensure!(open == Some(wanted), "gate_open of {name} is {open:?}: {seen}");
    Ok(seen)
}

/// A revision number, which the page writes as any value.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "revisions are small and positive")]
pub fn whole(value: f64) -> u64 {
    value as u64
}

fn locked(record: &Mutex<Record>) -> MutexGuard<'_, Record> {
    record.lock().unwrap_or_else(PoisonError::into_inner)
}
