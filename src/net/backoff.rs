//! Pauses after failures: doubled each time, and spread so that those who failed together do not come back together.
//! Not for how often is tried: that is each caller's.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// The pause after the `failures`-th failure in a row, 1 first: `first` doubled each time up to `longest`, and a random half of
/// it taken off.
#[must_use]
pub fn backoff(first: Duration, longest: Duration, failures: u32) -> Duration {
    let doubled = first.saturating_mul(1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX));
    doubled.min(longest).mul_f64(1.0 - 0.5 * random_fraction())
}

/// A random number from 0 to 1. Good enough to spread load, for nothing else.
#[must_use]
pub fn random_fraction() -> f64 {
    let random = RandomState::new().hash_one(0_u8) >> 32;
    random as f64 / f64::from(u32::MAX)
}
