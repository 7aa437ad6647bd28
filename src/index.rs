//! What is known of the cluster, kept so that a suite's facts can be assembled at once. Pure.
//!
//! Each index takes `apply`, `delete` and an atomic `reset`, and never forgets to forget: what is gone from the cluster is
//! gone from the facts. Not for judging, and not for talking to the cluster: `observe` sends the changes.

pub mod change;
