//! Following: whenever the configuration is another one, or other suites are found, the next generation is built beside the running
//! one, and takes its place once it has seen everything, or could not for long. So no suite is shown as unknown because another one
//! came, and a configuration that cannot be followed leaves the former one in force. Not for reading configurations: see `reload`.

mod stage;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

pub use self::stage::Posting;
use self::stage::{Searching, Shown, Stage, sought, suites};
use super::exporter::Outlet;
use crate::assess::snapshot::Snapshot;
use crate::config::Config;
use crate::model::discovery::Found;
use crate::model::suite::Suite;
use crate::net::backoff::backoff;
use crate::observe::client::Access;
use crate::observe::timing::Timing;
use crate::supervise::{Ended, Generation, SHUTDOWN_GRACE};

/// How long what is found must stay the same before it is acted upon: an installation of three releases is one change.
const SETTLED: Duration = Duration::from_secs(3);

/// How long the next generation may take to see everything, and a search to find anything. What it cannot see for longer than a start
/// ever takes, somebody must be told of: that something is unknown shows only once it is shown.
const LONGEST_PREPARATION: Duration = Duration::from_mins(5);

/// The first pause before suites that cannot be watched are tried again; later ones are twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// What was found; `None` until everything was looked at.
type Finding = Option<Arc<BTreeSet<Found>>>;

/// Watches the suites of the newest of these configurations and those that are found, shows them on `outlet`, and goes on posting
/// alerts of them. Ends only with an error.
pub async fn follow(
    outlet: Outlet,
    configs: watch::Receiver<Arc<Config>>,
    access: Access,
    timing: Timing,
    posting: Posting,
) -> anyhow::Result<()> {
    let mut following = Following::begin(Stage { outlet, access, timing }, configs, posting).await?;
    let mut found = following.comes().await?;
    loop {
        found = match following.take_over(found).await? {
            Some(superseding) => superseding,
            None => following.comes().await?,
        };
    }
}

/// What is followed, and what runs for it.
struct Following {
    stage: Stage,
    configs: watch::Receiver<Arc<Config>>,
    /// The newest configuration, which what is shown may not be of yet.
    wanted: Arc<Config>,
    search: Searching,
    posting: Posting,
    shown: Shown,
    failed: Option<Failed>,
}

/// Suites that were found and cannot be watched, as while the kubeconfig is being written.
struct Failed {
    found: Finding,
    /// How often in a row.
    times: u32,
    /// When it is tried again.
    again: Instant,
}

/// What came while the next generation was prepared.
enum Came {
    /// It is ready.
    Ready,
    /// Others still were found.
    Found(Finding),
    /// Another configuration.
    Config,
}

impl Following {
    /// Begins, and shows what is configured: that need not wait for what may be found.
    async fn begin(stage: Stage, mut configs: watch::Receiver<Arc<Config>>, posting: Posting) -> anyhow::Result<Self> {
        let wanted = configs.borrow_and_update().clone();
        let search = stage.search(&wanted).await?;
        let mut shown = Shown::nothing(&wanted);
        if !wanted.suites.is_empty() {
            let snapshots = stage.prepare(&mut shown.generation, &wanted, &wanted.suites).await?;
            stage.outlet.show(&mut shown.generation, snapshots);
            shown.suites = Some(wanted.suites.clone());
        }
        Ok(Self { stage, configs, wanted, search, posting, shown, failed: None })
    }

    /// Waits until something else is found or configured, or what failed is to be tried again, and gives what is found.
    async fn comes(&mut self) -> anyhow::Result<Finding> {
        let Self { configs, search, posting, shown, failed, .. } = self;
        let known = failed.as_ref().map_or(&shown.found, |failed| &failed.found);
        let again = async {
            match &*failed {
                Some(failed) => tokio::time::sleep_until(failed.again).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            ended = ends([&mut search.generation, &mut shown.generation, &mut posting.generation]) => Err(ended.into()),
            found = settled(&mut search.finding, known.as_ref()) => Ok(Some(found?)),
            () = again => Ok(known.clone()),
            changed = configs.changed() => {
                changed?;
                self.wanted = configs.borrow_and_update().clone();
                Ok(known.clone())
            }
        }
    }

    /// Shows what is wanted instead of what is shown, once it can be. Gives what is to be taken over instead where something else
    /// came meanwhile.
    async fn take_over(&mut self, mut found: Finding) -> anyhow::Result<Option<Finding>> {
        let failures = self.failed.take().map_or(0, |failed| failed.times);
        if self.search.sought != sought(&self.wanted) {
            match self.search_anew().await? {
                Ok(Came::Found(first)) => found = first,
                Ok(_) => return Ok(Some(self.shown.found.clone())),
                Err(error) => {
                    self.refuse(&error, found, failures);
                    return Ok(None);
                }
            }
        }
        let suites = suites(&self.wanted, found.as_deref());
        if self.shown.watches(&self.wanted, &suites) {
            self.shown.found = found;
            self.in_force().await;
            return Ok(None);
        }
        if suites.is_empty() && found.is_none() {
            self.shown.found = found;
            // The former stays until there is something to take its place, and by its own rules: only alerts are posted as it is wanted.
            self.stage.post_anew(&mut self.posting, &self.wanted).await;
            return Ok(None);
        }
        let configured = self.wanted.suites.len();
        let watched = suites.len();
        let tell =
            || tracing::info!(suites = watched, configured, "other suites, or by other rules, are watched from now on");
        let mut generation = Generation::new();
        if suites.is_empty() {
            tell();
            self.replace(found, suites, generation).await;
            self.stage.outlet.show_nothing(&self.wanted);
            return Ok(None);
        }
        let mut snapshots = match self.stage.prepare(&mut generation, &self.wanted, &suites).await {
            Ok(snapshots) => snapshots,
            Err(error) => {
                self.refuse(&error, found, failures);
                return Ok(None);
            }
        };
        tell();
        if self.shown.suites.is_some() {
            let superseding = match self.prepared(&mut generation, &mut snapshots, found.as_ref()).await? {
                Came::Ready => None,
                Came::Found(other) => Some(other),
                Came::Config => Some(found.clone()),
            };
            if superseding.is_some() {
                generation.shut_down(SHUTDOWN_GRACE).await;
                return Ok(superseding);
            }
        }
        // What is shown last must come from the new one.
        self.replace(found, suites, generation).await;
        self.stage.outlet.show(&mut self.shown.generation, snapshots);
        Ok(None)
    }

    /// Looks for what is wanted now; the inner error says why that cannot be.
    async fn search_anew(&mut self) -> anyhow::Result<anyhow::Result<Came>> {
        let mut other = match self.stage.search(&self.wanted).await {
            Ok(other) => other,
            Err(error) => return Ok(Err(error)),
        };
        let Self { configs, search, posting, shown, .. } = self;
        let found = tokio::select! {
            ended = ends([&mut search.generation, &mut shown.generation, &mut posting.generation]) => return Err(ended.into()),
            ended = other.generation.first_end() => return Err(ended.into()),
            first = first(&mut other.finding) => first?,
            changed = configs.changed() => {
                changed?;
                self.wanted = configs.borrow_and_update().clone();
                return Ok(Ok(Came::Config));
            }
        };
        self.search = other;
        Ok(Ok(Came::Found(found)))
    }

    /// Waits until the next generation has seen everything, or something else comes.
    async fn prepared(
        &mut self,
        generation: &mut Generation,
        snapshots: &mut watch::Receiver<Arc<Snapshot>>,
        found: Option<&Arc<BTreeSet<Found>>>,
    ) -> anyhow::Result<Came> {
        let Self { configs, search, posting, shown, .. } = self;
        tokio::select! {
            ended = ends([&mut search.generation, &mut shown.generation, &mut posting.generation]) => Err(ended.into()),
            ended = generation.first_end() => Err(ended.into()),
            other = settled(&mut search.finding, found) => Ok(Came::Found(Some(other?))),
            changed = configs.changed() => {
                changed?;
                self.wanted = configs.borrow_and_update().clone();
                Ok(Came::Config)
            }
            prepared = prepared(snapshots, LONGEST_PREPARATION) => { prepared?; Ok(Came::Ready) }
        }
    }

    /// Ends what is shown and puts another generation in its place.
    async fn replace(&mut self, found: Finding, suites: Vec<Suite>, generation: Generation) {
        let config = Arc::clone(&self.wanted);
        let shown = Shown { found, config, suites: Some(suites), generation };
        std::mem::replace(&mut self.shown, shown).end().await;
        self.in_force().await;
    }

    /// The wanted configuration is in force: alerts are posted as it says.
    async fn in_force(&mut self) {
        self.shown.config = Arc::clone(&self.wanted);
        self.stage.post_anew(&mut self.posting, &self.wanted).await;
    }

    /// Stays with what is shown: with the former configuration, or for a while with the former suites.
    fn refuse(&mut self, error: &anyhow::Error, found: Finding, failures: u32) {
        if Arc::ptr_eq(&self.wanted, &self.shown.config) {
            if failures == 0 {
                tracing::error!(
                    error = format!("{error:#}"),
                    "other suites cannot be watched; the former ones stay, and it is tried again"
                );
            } else {
                tracing::debug!(error = format!("{error:#}"), failures, "other suites can still not be watched");
            }
            let times = failures.saturating_add(1);
            let again = Instant::now() + backoff(FIRST_PAUSE, LONGEST_PAUSE, times);
            self.failed = Some(Failed { found, times, again });
            return;
        }
        self.stage.outlet.config_reloaded(false);
        tracing::error!(error = format!("{error:#}"), "configuration cannot be followed; the former one stays");
        self.wanted = Arc::clone(&self.shown.config);
    }
}

/// Waits until a task ends that none should.
async fn ends([search, shown, posting]: [&mut Generation; 3]) -> Ended {
    tokio::select! {
        ended = search.first_end() => ended,
        ended = shown.first_end() => ended,
        ended = posting.first_end() => ended,
    }
}

/// What is found first; after a while nothing, so that the rest of a configuration does not wait for ever.
async fn first(finding: &mut watch::Receiver<Finding>) -> Result<Finding, watch::error::RecvError> {
    match tokio::time::timeout(LONGEST_PREPARATION, settled(finding, None)).await {
        Ok(found) => found.map(Some),
        Err(_elapsed) => {
            tracing::warn!(
                seconds = LONGEST_PREPARATION.as_secs(),
                "no suites could be looked for; those that are configured are shown"
            );
            Ok(None)
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
