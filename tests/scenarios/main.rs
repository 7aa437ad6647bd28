//! Every scenario, played under a held clock and judged: milliseconds each.
//!
//! The simulated cluster's objects go through the same decoders as those of a real one and reach the board as changes.
//! The same scenarios over HTTP, through the whole program, are in `compressed`.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test's own faults may end it, and lint only knows test functions"
)]

mod corpus;
mod expectations;
mod gates;
mod held;
mod horizon;
mod killed;
mod table;
mod without_helm;
