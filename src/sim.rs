//! The simulated cluster: an HTTP server that behaves as a Kubernetes API server, played by a scenario.
//!
//! It is for the demo, the tests and the benchmark. It stands in for a cluster exactly as far as the program looks at
//! one, and uses no other room of this crate: what it serves is checked against the real thing, not against ourselves.

pub mod api;
mod chart;
mod controllers;
pub mod faults;
pub mod fleet;
pub mod helm;
pub mod info_mart;
mod latency;
pub mod metrics_page;
mod metrics_server;
pub mod player;
pub mod scenario;
pub mod selector;
pub mod store;
pub mod surroundings;
mod surroundings_server;
pub mod world;
