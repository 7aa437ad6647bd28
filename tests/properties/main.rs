//! Properties of the judgement, tried on cases that are made by chance: what no table of examples would think of.
//!
//! Every case is a scenario made from a seed, played under a held clock, with the world's own truth beside it. A failure names
//! its seed and shows its scenario; `PROPERTY_SEED=17 cargo test --test properties` plays that case alone.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test's own faults may end it, and lint only knows test functions"
)]

mod blinded;
mod cases;
mod chance;
mod faulty;
mod healthy;
#[path = "../scenarios/held.rs"]
#[expect(dead_code, reason = "its other users are in the tests of scenarios")]
mod held;
mod played;
mod script;
