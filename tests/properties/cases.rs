//! Plays many cases on all processors, and tells of those that fail with their seeds.
//!
//! Seeds are counted, so that a run can be repeated. `PROPERTY_CASES` sets how many there are, `PROPERTY_FROM` the first,
//! `PROPERTY_SEED` plays one alone.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::chance::Chance;

/// How many cases of a property are played where nobody says otherwise: half a minute of two processors for all properties.
/// `make test` plays 1,000 of each.
pub const USUAL: u64 = 120;

/// How many failures are shown: one is read at a time.
const SHOWN: usize = 3;

/// Plays `usual` cases, or as many as the environment says. `play` gives what is wrong with its case.
pub fn try_all(usual: u64, play: impl Fn(&mut Chance) -> Result<(), String> + Sync) {
    let set = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let seed = set("PROPERTY_SEED");
    let first = seed.or(set("PROPERTY_FROM")).unwrap_or(0);
    let end = first + seed.map_or_else(|| set("PROPERTY_CASES").unwrap_or(usual), |_| 1);
    let next = AtomicU64::new(first);
    let failures = Mutex::new(Vec::new());
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end {
                return;
            }
            let played = catch_unwind(AssertUnwindSafe(|| play(&mut Chance::new(seed))));
            if let Err(failure) = played.unwrap_or_else(|_| Err("it panicked; what it said stands above".to_owned())) {
                failures.lock().unwrap().push((seed, failure));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let mut failures = failures.into_inner().unwrap();
    failures.sort_unstable();
    let seeds: Vec<u64> = failures.iter().map(|(seed, _)| *seed).collect();
    let shown: Vec<String> =
        failures.iter().take(SHOWN).map(|(seed, text)| format!("PROPERTY_SEED={seed}: {text}")).collect();
    assert!(failures.is_empty(), "{} of {} cases fail: {seeds:?}\n{}", seeds.len(), end - first, shown.join("\n"));
}
