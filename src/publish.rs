//! IO out: renders one snapshot as metrics, JSON or HTML. Nothing here judges.

pub use crate::exposition::Format;
