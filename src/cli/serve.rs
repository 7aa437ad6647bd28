//! `serve`: the exporter itself, on a real cluster. Not for how it works: it only starts what does.

use std::sync::Arc;

use tokio::sync::watch;

use super::announce::{self, Line};
use super::apart::apart;
use super::changes::Content;
use super::exporter::Outlet;
use super::flags::Flags;
use super::follow::{Posting, follow};
use super::logging::LogControl;
use super::reload::Reloader;
use super::web::Entrance;
use crate::observe::client::Access;
use crate::observe::timing::Timing;
use crate::server::lifecycle::Lifecycle;
use crate::supervise::{Generation, SHUTDOWN_GRACE, ShutdownSignal};

/// Watches the cluster until a signal comes.
pub(super) async fn serve(flags: Flags, log: LogControl) -> anyhow::Result<()> {
    let mut shutdown = ShutdownSignal::listen()?;
    // Before it is read, so that what changes from now on is noticed.
    let read = flags.clone();
    let (content, config) = apart(move || (Content::of(&read.config_file), read.config())).await?;
    let config = Arc::new(config?);
    let outlet = Outlet::new(&config).under(flags.outside());
    let access = flags.kubeconfig.clone().map_or(Access::Infer, Access::Kubeconfig);
    let (reloader, configs, reload) = Reloader::new(flags.clone(), content, Arc::clone(&config), outlet.clone())?;
    let mut entrance = Entrance::new(flags.web_config_file, outlet.clone(), access.clone());
    let (doors, door) = watch::channel(Arc::new(entrance.door(&config.web).await?));
    let set_log_level = Arc::new(move |level: &str| log.set(level));
    let lifecycle = flags.enable_lifecycle.then_some(Lifecycle { reload, set_log_level });

    let mut generation = Generation::new();
    let posting = Posting::begin(&outlet, &config);
    outlet.serve_behind(&mut generation, &flags.listen_address, door, lifecycle).await?;
    generation.spawn_until_stopped("announcer", announce::announce(outlet.snapshots(), Line::log));
    generation.spawn_until_stopped("entrance", entrance.keep(doors, configs.clone()));
    generation.spawn_until_stopped("reloader", reloader.run());
    generation.spawn_until_stopped("suites", follow(outlet, configs, access, Timing::default(), posting));
    Ok(generation.run(async || shutdown.comes().await, SHUTDOWN_GRACE).await?)
}
