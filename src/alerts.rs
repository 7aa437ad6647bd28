//! Alerts: when somebody is called, as data, and the two ways to it: rules for a Prometheus, and the exporter's own conclusions.
//!
//! [`catalogue`] is the one table. Its conditions are queries ([`query`]) that Prometheus reads as text ([`rules`]) and the
//! exporter answers from its own series ([`answer`]); [`lifecycle`] follows `for` and `keep_firing_for`. This room is pure: the
//! present is an argument. Nothing here judges: conditions read what `assess` concluded, as the metrics page shows it. Not for
//! sending: that is `notify`.

pub mod annotation;
pub mod answer;
pub mod catalogue;
pub mod lifecycle;
pub mod query;
pub mod reference;
pub mod rules;
pub mod runbooks;
