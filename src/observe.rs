//! Observing: hears the cluster and the components and turns what it hears into changes. IO comes in here and nowhere
//! else.
//!
//! Not for deciding what anything means: an observer says what is, when a source was last heard and what went wrong.

pub mod client;
pub mod fetch;
pub mod hearing;
pub mod helm_body;
pub mod interest;
pub mod intern;
pub mod objects;
pub mod report;
pub mod scope;
pub mod targets;
#[cfg(test)]
mod testing;
pub mod timing;
pub mod watch;
