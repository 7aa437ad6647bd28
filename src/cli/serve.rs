//! `serve`: the exporter itself.

use super::flags::Flags;

/// Watches the cluster until a signal comes.
pub(super) async fn serve(flags: Flags) -> anyhow::Result<()> {
    let _config = flags.config()?;
    let reason = crate::supervise::shutdown_signal().await?;
    tracing::info!(reason, "shutting down");
    Ok(())
}
