//! `serve`: the exporter itself, on a real cluster. Not for how it works: it only starts what does.

use super::announce::{self, Line};
use super::discover;
use super::exporter::Outlet;
use super::flags::Flags;
use crate::observe::client::Access;
use crate::observe::timing::Timing;
use crate::supervise::{Generation, SHUTDOWN_GRACE, ShutdownSignal};

/// By what the times of alerts are divided.
const REAL_TIME: u32 = 1;

/// Watches the cluster until a signal comes.
pub(super) async fn serve(flags: Flags) -> anyhow::Result<()> {
    let shutdown = ShutdownSignal::listen()?;
    let config = flags.config()?;
    let outlet = Outlet::new(&config).under(flags.outside());
    let mut generation = Generation::new();
    outlet.serve(&mut generation, &flags.listen_address).await?;
    let lines = announce::announce(outlet.snapshots(), Line::log);
    generation.spawn_until_stopped("announcer", lines);
    outlet.notify(&mut generation, &config, REAL_TIME);
    let access = flags.kubeconfig.map_or(Access::Infer, Access::Kubeconfig);
    match config.discovery.clone() {
        None => outlet.watch(&mut generation, config, access, Timing::default()).await?,
        Some(discovery) => {
            let following = discover::follow(outlet, config, discovery, access, Timing::default());
            generation.spawn_until_stopped("suites", following);
        }
    }
    Ok(generation.run(shutdown.comes(), SHUTDOWN_GRACE).await?)
}
