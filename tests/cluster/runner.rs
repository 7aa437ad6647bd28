//! Runs the stories and reports them as `cargo test` does.
//!
//! A runner of our own, because all stories share one control plane, which must be torn down after the last of them
//! (the standard harness has no such moment), and because a few stories need the cluster to themselves.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Mutex, PoisonError},
    time::Instant,
};

use anyhow::{Result, anyhow};

use crate::{cluster::Cluster, helm::Major};

/// One story: something that happens to a suite, and what must be seen.
#[derive(Clone, Copy)]
pub struct Story {
    /// Its name, unique.
    name: &'static str,
    /// What happens.
    run: fn(&Cluster, Major) -> Result<()>,
    /// Whether it runs alone.
    alone: bool,
    /// Which rules of the upgrade guide it shows.
    rules: &'static [u8],
}

impl Story {
    /// A story that shares the cluster with others.
    pub const fn new(name: &'static str, run: fn(&Cluster, Major) -> Result<()>) -> Self {
        Self { name, run, alone: false, rules: &[] }
    }

    /// A story that disturbs the whole cluster.
    pub const fn alone(name: &'static str, run: fn(&Cluster, Major) -> Result<()>) -> Self {
        Self { name, run, alone: true, rules: &[] }
    }

    /// The same, known to show these rules of the upgrade guide.
    pub const fn shows(self, rules: &'static [u8]) -> Self {
        Self { rules, ..self }
    }
}

/// A story with one of the Helms.
#[derive(Clone, Copy)]
pub struct Test {
    story: Story,
    major: Major,
}

impl Test {
    /// `helm3::NAME`.
    pub fn name(&self) -> String {
        format!("{}::{}", self.major, self.story.name)
    }

    /// Which rules of the guide it shows, for the report.
    fn rules(&self) -> String {
        let rules: Vec<_> = self.story.rules.iter().map(u8::to_string).collect();
        if rules.is_empty() { String::new() } else { format!(" (guide: {})", rules.join(", ")) }
    }
}

/// The rules among `wanted` that no story shows.
pub fn not_shown(stories: &[Story], wanted: &[u8]) -> Vec<u8> {
    wanted.iter().copied().filter(|rule| !stories.iter().any(|story| story.rules.contains(rule))).collect()
}

/// Every story with both Helms, those that some filter names (all, where there is none).
pub fn select(stories: &[Story], filters: &[String]) -> (Vec<Test>, usize) {
    let all: Vec<_> = [Major::Three, Major::Four]
        .into_iter()
        .flat_map(|major| stories.iter().map(move |&story| Test { story, major }))
        .collect();
    let count = all.len();
    let chosen = all.into_iter().filter(|test| {
        let name = test.name();
        filters.is_empty() || filters.iter().any(|filter| name.contains(filter.as_str()))
    });
    let chosen: Vec<_> = chosen.collect();
    let filtered_out = count - chosen.len();
    (chosen, filtered_out)
}

/// Runs the tests, `threads` at a time, those that must be alone after the others. Returns how many failed.
pub fn run(cluster: &Cluster, tests: &[Test], threads: usize, filtered_out: usize) -> usize {
    let started = Instant::now();
    let failures = Mutex::new(Vec::new());
    let (alone, shared): (VecDeque<_>, VecDeque<_>) = tests.iter().partition(|test| test.story.alone);
    println!("\nrunning {} tests", tests.len());
    for (mut queue, threads) in [(shared, threads), (alone, 1)] {
        let threads = threads.min(queue.len());
        let queue = Mutex::new(&mut queue);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    loop {
                        let next = locked(&queue).pop_front();
                        let Some(test) = next else { break };
                        if let Err(error) = run_one(cluster, test) {
                            locked(&failures).push((test.name(), error));
                        }
                    }
                });
            }
        });
    }
    let failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
    if !failures.is_empty() {
        println!("\nfailures:");
        for (name, error) in &failures {
            println!("\n---- {name} ----\n{error:#}");
        }
    }
    println!(
        "\ntest result: {}. {} passed; {} failed; 0 ignored; 0 measured; {filtered_out} filtered out; finished in {:.2}s\n",
        if failures.is_empty() { "ok" } else { "FAILED" },
        tests.len() - failures.len(),
        failures.len(),
        started.elapsed().as_secs_f64()
    );
    failures.len()
}

fn run_one(cluster: &Cluster, test: &Test) -> Result<()> {
    let started = Instant::now();
    let outcome = catch_unwind(AssertUnwindSafe(|| (test.story.run)(cluster, test.major)))
        .unwrap_or_else(|_| Err(anyhow!("the story panicked; its message stands above")));
    let word = if outcome.is_ok() { "ok" } else { "FAILED" };
    println!("test {} ... {word} <{:.1}s>{}", test.name(), started.elapsed().as_secs_f64(), test.rules());
    outcome
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
