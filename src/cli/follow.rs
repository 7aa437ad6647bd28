//! Following: whenever the configuration is another one, or other suites are found, the next generation is built beside the running
//! one, and takes its place once it has seen everything, or could not for long. So no suite is shown as unknown because another one
//! came, and a configuration that cannot be followed leaves the former one in force. Not for reading configurations: see `reload`.

mod stage;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use self::stage::{Shown, Stage, sought};
use super::exporter::Outlet;
use crate::assess::snapshot::Snapshot;
use crate::config::Config;
use crate::model::discovery::Found;
use crate::observe::client::Access;
use crate::observe::timing::Timing;
use crate::supervise::{Ended, Generation, SHUTDOWN_GRACE};

/// How long what is found must stay the same before it is acted upon: an installation of three releases is one change.
const SETTLED: Duration = Duration::from_secs(3);

/// How long the next generation may take to see everything, and a search to find anything. What it cannot see for longer than a start
/// ever takes, somebody must be told of: that something is unknown shows only once it is shown.
const LONGEST_PREPARATION: Duration = Duration::from_mins(5);

/// What was found; `None` until everything was looked at.
type Finding = Option<Arc<BTreeSet<Found>>>;

/// What came before the next generation was ready.
enum Came {
    Ready,
    Other(Finding),
    Config,
}

/// Watches the suites of the newest of these configurations and those that are found, shows them on `outlet`, and posts alerts of
/// them. Ends only with an error.
pub async fn follow(
    outlet: Outlet,
    mut configs: watch::Receiver<Arc<Config>>,
    access: Access,
    timing: Timing,
) -> anyhow::Result<()> {
    let stage = Stage { outlet, access, timing };
    let mut wanted = configs.borrow_and_update().clone();
    let mut search = stage.search(&wanted).await?;
    let mut posting = stage.post(&wanted);
    // What is configured need not wait for what may be found.
    let mut shown = if wanted.suites.is_empty() {
        Shown::nothing(&wanted)
    } else {
        let suites = wanted.suites.clone();
        let mut generation = Generation::new();
        let snapshots = stage.prepare(&mut generation, &wanted, &suites).await?;
        stage.outlet.show(&mut generation, snapshots);
        Shown { found: None, config: Arc::clone(&wanted), suites: Some(suites), generation }
    };
    let mut next = None;
    loop {
        let mut found: Finding = match next.take() {
            Some(found) => found,
            None => tokio::select! {
                ended = ends([&mut search.generation, &mut shown.generation, &mut posting.generation]) => return Err(ended.into()),
                found = settled(&mut search.finding, shown.found.as_ref()) => Some(found?),
                changed = configs.changed() => {
                    changed?;
                    wanted = configs.borrow_and_update().clone();
                    shown.found.clone()
                }
            },
        };
        if search.sought != sought(&wanted) {
            let mut other = match stage.search(&wanted).await {
                Ok(other) => other,
                Err(error) => {
                    stage.refuse(&error);
                    wanted = Arc::clone(&shown.config);
                    continue;
                }
            };
            found = tokio::select! {
                ended = ends([&mut search.generation, &mut shown.generation, &mut posting.generation]) => return Err(ended.into()),
                ended = other.generation.first_end() => return Err(ended.into()),
                first = first(&mut other.finding) => first?,
                changed = configs.changed() => {
                    changed?;
                    wanted = configs.borrow_and_update().clone();
                    next = Some(shown.found.clone());
                    continue;
                }
            };
            search = other;
        }

        let suites = stage.suites(&wanted, found.as_deref());
        if shown.watches(&wanted, &suites) || (suites.is_empty() && found.is_none()) {
            posting = stage.post_anew(posting, &wanted).await;
            shown = Shown { found, config: Arc::clone(&wanted), ..shown };
            continue;
        }
        tracing::info!(
            suites = suites.len(),
            configured = wanted.suites.len(),
            "other suites or rules are watched from now on"
        );
        let mut generation = Generation::new();
        if suites.is_empty() {
            shown.end().await;
            shown = Shown { found, config: Arc::clone(&wanted), suites: Some(suites), generation };
            stage.outlet.show_nothing(&wanted);
            posting = stage.post_anew(posting, &wanted).await;
            continue;
        }
        let mut snapshots = match stage.prepare(&mut generation, &wanted, &suites).await {
            Ok(snapshots) => snapshots,
            Err(error) if !Arc::ptr_eq(&wanted, &shown.config) => {
                stage.refuse(&error);
                wanted = Arc::clone(&shown.config);
                continue;
            }
            Err(error) => return Err(error),
        };
        if shown.suites.is_some() {
            let came = tokio::select! {
                ended = ends([&mut search.generation, &mut shown.generation, &mut posting.generation]) => return Err(ended.into()),
                ended = generation.first_end() => return Err(ended.into()),
                // What is found or configured meanwhile is built instead.
                other = settled(&mut search.finding, found.as_ref()) => Came::Other(Some(other?)),
                changed = configs.changed() => { changed?; Came::Config },
                prepared = prepared(&mut snapshots, LONGEST_PREPARATION) => { prepared?; Came::Ready },
            };
            next = match came {
                Came::Ready => None,
                Came::Other(other) => Some(other),
                Came::Config => {
                    wanted = configs.borrow_and_update().clone();
                    Some(found.clone())
                }
            };
            if next.is_some() {
                generation.shut_down(SHUTDOWN_GRACE).await;
                continue;
            }
        }
        // What is shown last must come from the new one.
        shown.end().await;
        stage.outlet.show(&mut generation, snapshots);
        shown = Shown { found, config: Arc::clone(&wanted), suites: Some(suites), generation };
        posting = stage.post_anew(posting, &wanted).await;
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
    use crate::model::suite::Suite;
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
