//! The dashboards as they are shipped, and what can be said of them without a Grafana and without a Prometheus.
//!
//! What they show is proved beside it, in the target `dashboards-proof`.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test's own faults may end it, and lint only knows test functions"
)]

mod lint;
mod made;
mod promql;
mod reference;
mod shipped;
