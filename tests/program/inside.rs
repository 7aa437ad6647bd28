//! The program inside the test's own process, where the times that it waits can be shortened.

use std::sync::Arc;
use std::time::Duration;

use gim_upgrade_exporter::cli::exporter::Outlet;
use gim_upgrade_exporter::config::Config;
use gim_upgrade_exporter::observe::client::Access;
use gim_upgrade_exporter::observe::timing::Timing;
use gim_upgrade_exporter::supervise::Generation;
use tokio::runtime::Runtime;

use crate::cluster::Cluster;
use crate::site::Site;

/// A running exporter, ended with the test.
pub struct Inside {
    pub site: Site,
    generation: Option<Generation>,
    runtime: Arc<Runtime>,
}

impl Inside {
    /// Starts an exporter on a cluster; it need not be ready.
    pub fn start(cluster: &Cluster, timing: Timing) -> Self {
        Self::start_with(cluster, cluster.config("500ms"), timing, 1)
    }

    /// Starts an exporter with this configuration, the times of alerts divided.
    pub fn start_with(cluster: &Cluster, config: Config, timing: Timing, time_scale: u32) -> Self {
        let access = Access::Url(cluster.url().parse().unwrap());
        let runtime = Arc::clone(&cluster.runtime);
        let (generation, address) = runtime.block_on(async {
            let outlet = Outlet::new(&config);
            let mut generation = Generation::new();
            let address = outlet.serve(&mut generation, "127.0.0.1:0").await.unwrap();
            outlet.notify(&mut generation, &config, time_scale);
            outlet.watch(&mut generation, config, access, timing).await.unwrap();
            (generation, address)
        });
        Self { site: Site(address.to_string()), generation: Some(generation), runtime }
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        if let Some(generation) = self.generation.take() {
            self.runtime.block_on(generation.shut_down(Duration::from_secs(5)));
        }
    }
}
