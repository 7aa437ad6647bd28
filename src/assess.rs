//! Judging: facts in, an assessment with reasons out. Pure: no IO, no clock, no async.
//!
//! Three passes, told apart by type so that a circle does not compile: each component by itself (operation, rollout,
//! checks, stage), the suite (order, gates), and the verdicts. Time is an argument, and every comparison with it goes
//! through [`horizon`], which learns until when the answer holds.

pub mod answer;
pub mod assessment;
pub mod horizon;
pub mod snapshot;
pub mod trend;
