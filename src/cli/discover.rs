//! Following discovery: whenever other suites are found, the next generation is built beside the running one, and takes its
//! place once it has seen everything, or could not for long. So no suite is shown as unknown because another one was found.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::exporter::Outlet;
use crate::assess::snapshot::Snapshot;
use crate::config::{Config, MAX_SUITES};
use crate::model::discovery::{self, Discovery, Found};
use crate::model::suite::Suite;
use crate::observe::client::Access;
use crate::observe::discovery::{Search, discover};
use crate::observe::timing::Timing;
use crate::supervise::{Generation, SHUTDOWN_GRACE};

/// How long what is found must stay the same before it is acted upon: an installation of three releases is one change.
const SETTLED: Duration = Duration::from_secs(3);

/// How long the next generation may take to see everything. What it cannot see for longer than a start ever takes, somebody
/// must be told of: that something is unknown shows only once it is shown.
const LONGEST_PREPARATION: Duration = Duration::from_mins(5);

/// What was found; `None` until everything was looked at.
type Finding = Option<Arc<BTreeSet<Found>>>;

/// Watches the suites of `config` and those that are found, and shows them on `outlet`. Ends only with an error.
pub async fn follow(
    outlet: Outlet,
    config: Config,
    discovery: Discovery,
    access: Access,
    timing: Timing,
) -> anyhow::Result<()> {
    let (found, mut finding) = watch::channel(None);
    let api = outlet.client(access.clone(), timing).await?;
    let (driver, helm_access) = (config.scope.helm_driver, config.scope.helm_access);
    let search = Search { api, driver, access: helm_access, discovery, timing, found };
    let mut searching = Generation::new();
    searching.spawn_until_stopped("discovery", async move { Err(discover(search).await) });
    let stage = Stage { outlet, config, access, timing };

    // What is configured need not wait for what may be found.
    let mut shown = Shown::default();
    if !stage.config.suites.is_empty() {
        let suites = stage.config.suites.clone();
        let mut generation = Generation::new();
        let snapshots = stage.prepare(&mut generation, &suites).await?;
        stage.outlet.show(&mut generation, snapshots);
        shown = Shown { found: None, suites: Some(suites), generation };
    }
    loop {
        let found = tokio::select! {
            ended = searching.first_end() => return Err(ended.into()),
            ended = shown.generation.first_end() => return Err(ended.into()),
            found = settled(&mut finding, shown.found.as_ref()) => found?,
        };
        let suites = stage.suites(&found);
        if shown.suites.as_ref() == Some(&suites) {
            shown.found = Some(found);
            continue;
        }
        tracing::info!(
            suites = suites.len(),
            configured = stage.config.suites.len(),
            "other suites are watched from now on"
        );
        let mut generation = Generation::new();
        if suites.is_empty() {
            std::mem::replace(&mut shown, Shown { found: Some(found), suites: Some(suites), generation }).end().await;
            stage.outlet.show_nothing(&stage.config);
            continue;
        }
        let mut snapshots = stage.prepare(&mut generation, &suites).await?;
        if shown.suites.is_some() {
            let superseded = tokio::select! {
                ended = searching.first_end() => return Err(ended.into()),
                ended = shown.generation.first_end() => return Err(ended.into()),
                ended = generation.first_end() => return Err(ended.into()),
                // Others still were found meanwhile: those are built instead.
                found = settled(&mut finding, Some(&found)) => { found?; true },
                prepared = prepared(&mut snapshots, LONGEST_PREPARATION) => { prepared?; false },
            };
            if superseded {
                generation.shut_down(SHUTDOWN_GRACE).await;
                continue;
            }
        }
        // What is shown last must come from the new one.
        std::mem::take(&mut shown).end().await;
        stage.outlet.show(&mut generation, snapshots);
        shown = Shown { found: Some(found), suites: Some(suites), generation };
    }
}

/// What generations are built of.
struct Stage {
    outlet: Outlet,
    config: Config,
    access: Access,
    timing: Timing,
}

/// The generation that is shown.
#[derive(Default)]
struct Shown {
    found: Finding,
    suites: Option<Vec<Suite>>,
    generation: Generation,
}

impl Stage {
    fn suites(&self, found: &BTreeSet<Found>) -> Vec<Suite> {
        let mut suites = discovery::suites(found, &self.config.suites, MAX_SUITES);
        // Whether Helm's releases are read is said for the whole exporter.
        for suite in &mut suites {
            suite.helm_access = self.config.scope.helm_access;
        }
        if suites.len() == MAX_SUITES {
            tracing::warn!(
                "no more than {MAX_SUITES} suites are watched; share the namespaces among several exporters"
            );
        }
        suites
    }

    async fn prepare(
        &self,
        generation: &mut Generation,
        suites: &[Suite],
    ) -> anyhow::Result<watch::Receiver<Arc<Snapshot>>> {
        let config = Config { suites: suites.to_vec(), ..self.config.clone() };
        self.outlet.prepare(generation, config, self.access.clone(), self.timing).await
    }
}

impl Shown {
    async fn end(self) {
        for task in self.generation.shut_down(SHUTDOWN_GRACE).await.dropped {
            tracing::warn!(%task, "task of the former suites did not stop in time");
        }
    }
}

/// Waits until the next generation has seen everything, or for `longest` at the most.
async fn prepared(
    snapshots: &mut watch::Receiver<Arc<Snapshot>>,
    longest: Duration,
) -> Result<(), watch::error::RecvError> {
    match tokio::time::timeout(longest, snapshots.wait_for(|snapshot| snapshot.ready)).await {
        Ok(ready) => ready.map(drop),
        Err(_elapsed) => {
            tracing::warn!(
                seconds = longest.as_secs(),
                "not all of the other suites could be seen; they are shown all the same, with what is unknown"
            );
            Ok(())
        }
    }
}

/// What is found, once it is something else than `known` and stays so for a while; the first time, at once.
async fn settled(
    finding: &mut watch::Receiver<Finding>,
    known: Option<&Arc<BTreeSet<Found>>>,
) -> Result<Arc<BTreeSet<Found>>, watch::error::RecvError> {
    loop {
        let now = finding.borrow_and_update().clone();
        match now {
            Some(found) if known.is_none() => return Ok(found),
            Some(found) if known != Some(&found) => match tokio::time::timeout(SETTLED, finding.changed()).await {
                Ok(changed) => changed?,
                Err(_elapsed) => return Ok(found),
            },
            _ => finding.changed().await?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::Board;
    use crate::model::policy::Policy;
    use crate::model::time::Timestamp;

    /// Longer than anything here takes on a busy machine.
    const PATIENCE: Duration = Duration::from_secs(30);

    #[tokio::test]
    async fn the_next_generation_is_waited_for_and_not_for_ever() {
        let board = Board::new(vec![Suite::default_suite()], Policy::default(), Timestamp::UNIX_EPOCH);
        let unready = board.snapshot();
        assert!(!unready.ready);
        let (sender, mut snapshots) = watch::channel(Arc::new(unready.clone()));
        let waiting = tokio::time::timeout(PATIENCE, prepared(&mut snapshots, Duration::from_millis(20))).await;
        assert!(matches!(waiting, Ok(Ok(()))), "it is taken as it is");

        let short = tokio::time::timeout(Duration::from_millis(50), prepared(&mut snapshots, PATIENCE)).await;
        assert!(short.is_err(), "before that it is waited for");
        sender.send_replace(Arc::new(Snapshot { ready: true, ..unready }));
        let ready = tokio::time::timeout(PATIENCE, prepared(&mut snapshots, Duration::MAX)).await;
        assert!(matches!(ready, Ok(Ok(()))), "and taken once it is ready");
        drop(sender);
    }
}
