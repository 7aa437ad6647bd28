//! The nouns: suites, components, releases, workloads, pods, signals, and what is known of them.
//!
//! Everything here is data with small pure methods. Nothing reads a clock, waits, or talks to anything; what a fact
//! means for an upgrade is decided in `assess`, never here.

pub mod alerting;
pub mod config_map;
pub mod database;
pub mod dependency;
pub mod discovery;
pub mod facts;
pub mod identity;
pub mod memory;
pub mod names;
pub mod policy;
pub mod release;
pub mod scope;
pub mod selector;
pub mod signal;
pub mod source;
pub mod sql_name;
pub mod suite;
pub mod time;
pub mod version;
pub mod wants;
pub mod web;
pub mod workload;
