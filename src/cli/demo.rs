//! `demo`: the exporter on a simulated cluster, with both in one process and HTTP between them.

use super::flags::{Demo, Flags};

/// Plays until a signal comes.
pub(super) async fn demo(flags: Flags, _what: Demo) -> anyhow::Result<()> {
    super::serve::serve(flags).await
}
