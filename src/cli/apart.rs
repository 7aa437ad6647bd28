//! Work that waits for files, done apart from the few threads that serve: a mount that hangs must hold up nothing but who needs
//! the file. Not for work that waits for the network: that is async by itself.

use anyhow::Context as _;

/// Does it, and gives what came of it.
pub(super) async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> anyhow::Result<T> {
    tokio::task::spawn_blocking(work).await.context("reading files")
}
