//! What following is made of: a search, a generation that is shown, and one that posts alerts; and how each is begun.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::watch;

use super::Finding;
use crate::assess::snapshot::Snapshot;
use crate::cli::exporter::Outlet;
use crate::config::{Config, MAX_SUITES};
use crate::model::alerting::{AlertSettings, AlertmanagerAt};
use crate::model::discovery::{self, Discovery, Found};
use crate::model::scope::{HelmAccess, HelmDriver};
use crate::model::suite::Suite;
use crate::observe::client::Access;
use crate::observe::discovery::{Search, discover};
use crate::observe::timing::Timing;
use crate::supervise::{Generation, SHUTDOWN_GRACE};

/// By what the times of alerts are divided.
const REAL_TIME: u32 = 1;

/// What generations are built of.
pub(super) struct Stage {
    pub(super) outlet: Outlet,
    pub(super) access: Access,
    pub(super) timing: Timing,
}

/// What is looked for: with another one a search begins anew.
pub(super) type Sought = Option<(Discovery, HelmDriver, HelmAccess)>;

/// The search, and what it found.
pub(super) struct Searching {
    pub(super) sought: Sought,
    pub(super) finding: watch::Receiver<Finding>,
    pub(super) generation: Generation,
    /// Where nothing is looked for, nothing is found, and that at once.
    _nothing: Option<watch::Sender<Finding>>,
}

/// Who posts alerts.
pub struct Posting {
    of: (AlertSettings, Option<AlertmanagerAt>),
    pub(super) generation: Generation,
}

/// The generation that is shown.
pub(super) struct Shown {
    pub(super) found: Finding,
    pub(super) config: Arc<Config>,
    /// `None` until anything is shown.
    pub(super) suites: Option<Vec<Suite>>,
    pub(super) generation: Generation,
}

/// What a configuration has looked for.
pub(super) fn sought(config: &Config) -> Sought {
    config.discovery.clone().map(|discovery| (discovery, config.scope.helm_driver, config.scope.helm_access))
}

/// What is to be watched.
pub(super) fn suites(config: &Config, found: Option<&BTreeSet<Found>>) -> Vec<Suite> {
    let mut suites = discovery::suites(found.unwrap_or(&BTreeSet::new()), &config.suites, MAX_SUITES);
    // Whether Helm's releases are read is said for the whole exporter.
    for suite in &mut suites {
        suite.helm_access = config.scope.helm_access;
    }
    if suites.len() == MAX_SUITES && config.suites.len() < MAX_SUITES {
        tracing::warn!("no more than {MAX_SUITES} suites are watched; share the namespaces among several exporters");
    }
    suites
}

impl Stage {
    /// Begins to look for what the configuration says.
    pub(super) async fn search(&self, config: &Config) -> anyhow::Result<Searching> {
        let sought = sought(config);
        let mut generation = Generation::new();
        let Some((discovery, driver, access)) = sought.clone() else {
            let (nothing, finding) = watch::channel(Some(Arc::default()));
            return Ok(Searching { sought, finding, generation, _nothing: Some(nothing) });
        };
        let api = self.outlet.client(self.access.clone(), self.timing).await?;
        let (found, finding) = watch::channel(None);
        let search = Search { api, driver, access, discovery, timing: self.timing, found };
        generation.spawn_until_stopped("discovery", async move { Err(discover(search).await) });
        Ok(Searching { sought, finding, generation, _nothing: None })
    }

    /// Goes on posting, or begins anew where the configuration says so. What fired is taken over from Alertmanager.
    pub(super) async fn post_anew(&self, posting: &mut Posting, config: &Config) {
        if posting.of.0 == config.alerts && posting.of.1 == config.alertmanager {
            return;
        }
        end(std::mem::take(&mut posting.generation)).await;
        self.outlet.own().forget_posts();
        *posting = Posting::begin(&self.outlet, config);
    }

    /// Begins to watch suites, beside those that are shown.
    pub(super) async fn prepare(
        &self,
        generation: &mut Generation,
        config: &Config,
        suites: &[Suite],
    ) -> anyhow::Result<watch::Receiver<Arc<Snapshot>>> {
        let config = Config { suites: suites.to_vec(), ..config.clone() };
        self.outlet.prepare(generation, config, self.access.clone(), self.timing).await
    }
}

impl Posting {
    /// Begins to post what is shown on `outlet`, as the configuration says.
    #[must_use]
    pub fn begin(outlet: &Outlet, config: &Config) -> Self {
        let mut generation = Generation::new();
        outlet.notify(&mut generation, config, REAL_TIME);
        Self { of: (config.alerts.clone(), config.alertmanager.clone()), generation }
    }
}

impl Shown {
    /// Nothing is shown yet.
    pub(super) fn nothing(config: &Arc<Config>) -> Self {
        Self { found: None, config: Arc::clone(config), suites: None, generation: Generation::new() }
    }

    /// Whether just that is watched already.
    pub(super) fn watches(&self, config: &Config, suites: &[Suite]) -> bool {
        let now = &self.config;
        let same = (&now.policy, &now.scope, &now.prometheus) == (&config.policy, &config.scope, &config.prometheus);
        same && self.suites.as_deref() == Some(suites)
    }

    /// Ends it.
    pub(super) async fn end(self) {
        end(self.generation).await;
    }
}

async fn end(generation: Generation) {
    for task in generation.shut_down(SHUTDOWN_GRACE).await.dropped {
        tracing::warn!(%task, "task of the former configuration did not stop in time");
    }
}
