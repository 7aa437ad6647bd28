//! IO out: renders one snapshot as metrics, JSON or HTML. Nothing here judges.

pub mod blocks;

pub use crate::exposition::Format;
