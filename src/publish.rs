//! IO out: renders one snapshot as metrics, JSON or HTML. Nothing here judges, and nothing reads a clock.
//!
//! [`families`] is the one table of metrics, [`page`] makes pages of it, [`status`] writes everything as JSON, [`html`] for
//! people, [`events`] tells what is new of both, [`site`] answers the rest. [`text`] has the sentences. Not for sockets and
//! headers: those are `server`.

pub mod blocks;
pub mod events;
pub mod families;
#[cfg(test)]
pub(crate) mod fixture;
pub mod html;
pub mod own;
pub mod page;
mod parts;
mod process;
pub mod reference;
pub mod samples;
mod series;
pub mod site;
pub mod status;
pub mod text;

pub use crate::exposition::Format;
