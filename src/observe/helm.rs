//! Reading bodies: takes what the board wants read of Helm's storage, reads each once, and tells what was in it.
//!
//! The watch of the metadata is a target like any other; this is the other half. Not for choosing which bodies matter:
//! the board wants them or does not.

use std::collections::{HashMap, HashSet, VecDeque};
use std::panic::catch_unwind;
use std::sync::Arc;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use kube::api::GetParams;
use kube::core::Request;
use tokio::sync::watch::Receiver;
use tokio::sync::watch::error::RecvError;
use tokio::task::spawn_blocking;
use tokio::time::{Duration, Instant, MissedTickBehavior, interval, sleep_until};

use super::client::collect;
use super::fetch::FetchError;
use super::helm_body::{BodyError, MAX_OBJECT_BYTES, release_body};
use super::objects::identity;
use super::report::{Closed, Reporter};
use super::targets::storage_path;
use super::watch::Shared;
use crate::index::change::Change;
use crate::model::identity::ResourceVersion;
use crate::model::names::Name;
use crate::model::release::{BodyState, ReleaseBody};
use crate::model::scope::HelmDriver;
use crate::model::source::{ErrorKind, SourceKind};
use crate::model::wants::BodyWant;

/// How many bodies are fetched and decoded at once, so that a start with thousands of releases neither floods the API server
/// nor holds more than this many bodies in memory.
pub(super) const GETS_AT_ONCE: usize = 8;
/// Objects up to this size are decoded where they are read: most are, each in less than a millisecond. At a start thousands
/// of them would else make a crowd of threads, each of which keeps memory of its own.
const IN_PLACE_BYTES: usize = 64 * 1024;
/// How often it is looked after what failed or was long read, and after sources that owe nothing.
const TICK: Duration = Duration::from_millis(500);
/// How soon after one list of wants the next is taken: at a start, each body read makes a new list without it.
const WANTS_PAUSE: Duration = Duration::from_millis(10);

/// What one read gave.
pub(super) enum Outcome {
    /// The body, or why it cannot be used, and the resource version it belongs to.
    Read(Result<Arc<ReleaseBody>, BodyError>, ResourceVersion),
    /// The object is gone: the watch will say so.
    Gone,
}

/// How far a wanted body has come, and after how many failures in a row.
#[derive(Clone, Copy, Debug)]
enum Progress {
    /// To be read as soon as there is room.
    Queued(u32),
    /// Being read.
    Reading(u32),
    /// To be read again, if it is wanted still.
    Later(Instant, u32),
}

/// The reader at work.
struct Reader {
    shared: Shared,
    driver: HelmDriver,
    /// One source for each scope of Helm's watch.
    sources: HashMap<Option<Name>, Reporter>,
    wanted: HashMap<BodyWant, Progress>,
    /// Bodies that are [`Progress::Queued`], oldest first, and some that are not wanted any more.
    queue: VecDeque<BodyWant>,
    reads: FuturesUnordered<BoxFuture<'static, (BodyWant, Result<Outcome, FetchError>)>>,
}

/// Reads wanted bodies until nobody takes changes any more. `scopes` are those of Helm's watch.
pub async fn read_bodies(
    shared: Shared,
    driver: HelmDriver,
    scopes: Vec<Option<Name>>,
    wants: Receiver<Arc<Vec<BodyWant>>>,
) -> Closed {
    let mut sources = HashMap::new();
    for scope in scopes {
        let stale_after = shared.timing.bodies_stale_after;
        match Reporter::add(SourceKind::HelmBodies, scope.clone(), stale_after, shared.changes.clone()).await {
            Ok(mut reporter) => {
                reporter.contact().heard(shared.api.clock().now());
                if let Err(closed) = reporter.well().await {
                    return closed;
                }
                sources.insert(scope, reporter);
            }
            Err(closed) => return closed,
        }
    }
    let (wanted, queue, reads) = (HashMap::new(), VecDeque::new(), FuturesUnordered::new());
    let mut reader = Reader { shared, driver, sources, wanted, queue, reads };
    match reader.run(wants).await {
        Err(closed) => closed,
    }
}

impl Reader {
    async fn run(&mut self, mut wants: Receiver<Arc<Vec<BodyWant>>>) -> Result<std::convert::Infallible, Closed> {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut next_wants = Instant::now();
        wants.mark_changed();
        loop {
            tokio::select! {
                changed = changed_after(&mut wants, next_wants) => {
                    changed.map_err(|_| Closed)?;
                    let list = Arc::clone(&wants.borrow_and_update());
                    self.want(&list);
                    next_wants = Instant::now() + WANTS_PAUSE;
                }
                Some((want, outcome)) = self.reads.next() => self.finish(want, outcome).await?,
                _ = tick.tick() => self.look_again(),
            }
            self.start_reads();
        }
    }

    /// Takes what is wanted now: forgets what is not any more, queues what is new.
    fn want(&mut self, list: &[BodyWant]) {
        let now: HashSet<&BodyWant> = list.iter().collect();
        self.wanted.retain(|want, _| now.contains(want));
        if now.is_empty() {
            // At rest nothing is wanted: the room for a start's thousands is given back.
            (self.wanted, self.queue) = Default::default();
        }
        for want in list {
            if !self.wanted.contains_key(want) {
                self.wanted.insert(want.clone(), Progress::Queued(0));
                self.queue.push_back(want.clone());
            }
        }
    }

    fn start_reads(&mut self) {
        while self.reads.len() < GETS_AT_ONCE {
            let Some(want) = self.queue.pop_front() else { break };
            let Some(progress) = self.wanted.get_mut(&want) else { continue };
            let Progress::Queued(failures) = *progress else { continue };
            *progress = Progress::Reading(failures);
            let (shared, driver) = (self.shared.clone(), self.driver);
            self.reads.push(Box::pin(async move {
                let outcome = read_body(&shared, driver, &want).await;
                (want, outcome)
            }));
        }
    }

    /// Queues what is due again, and notes contact for every source that owes nothing: its silence means nothing.
    fn look_again(&mut self) {
        let now = Instant::now();
        let mut owing: HashSet<&Name> = HashSet::new();
        for (want, progress) in &mut self.wanted {
            match *progress {
                Progress::Later(at, failures) if at <= now => {
                    *progress = Progress::Queued(failures);
                    self.queue.push_back(want.clone());
                }
                Progress::Later(_, 0) => continue,
                _ => {}
            }
            owing.insert(&want.namespace);
        }
        for (scope, reporter) in &self.sources {
            let owes = scope.as_ref().map_or(!owing.is_empty(), |namespace| owing.contains(namespace));
            if !owes {
                reporter.contact().heard(self.shared.api.clock().now());
            }
        }
    }

    async fn finish(&mut self, want: BodyWant, outcome: Result<Outcome, FetchError>) -> Result<(), Closed> {
        let scope = if self.sources.contains_key(&None) { None } else { Some(Name::clone(&want.namespace)) };
        let Some(reporter) = self.sources.get_mut(&scope) else { return Ok(()) };
        let Some(progress) = self.wanted.get_mut(&want) else { return Ok(()) };
        let failures = match *progress {
            Progress::Queued(failures) | Progress::Reading(failures) | Progress::Later(_, failures) => failures,
        };
        let timing = &self.shared.timing;
        let what = format!("{}/{}", want.namespace, want.object);
        // A body that is wanted still so long after it was told has been lost on the way: it is read once more.
        *progress = Progress::Later(Instant::now() + timing.reread, 0);
        if let Err(error) = &outcome {
            let failures = failures.saturating_add(1);
            let forbidden = error.kind() == ErrorKind::Forbidden;
            let longest = if forbidden { timing.forbidden } else { timing.backoff_longest };
            let pause = timing.backoff_up_to(failures, longest);
            let pause = pause.max(error.retry_after().unwrap_or_default());
            *progress = Progress::Later(Instant::now() + pause, failures);
            return reporter.failed(error, &what).await;
        }
        reporter.contact().heard(self.shared.api.clock().now());
        reporter.well().await?;
        match outcome {
            Err(_) | Ok(Outcome::Gone) => Ok(()),
            Ok(Outcome::Read(body, resource_version)) => {
                let state = match body {
                    Ok(body) => BodyState::Read(body),
                    Err(error) => {
                        reporter.error(error.kind(), &format!("{what}: {error}")).await?;
                        BodyState::Refused
                    }
                };
                // The object may be newer than what was wanted: it is told under the version that was read.
                reporter.send(Change::Body(BodyWant { resource_version, ..want }, state)).await
            }
        }
    }
}

/// Waits until `at`, then until the wants have changed.
async fn changed_after(wants: &mut Receiver<Arc<Vec<BodyWant>>>, at: Instant) -> Result<(), RecvError> {
    sleep_until(at).await;
    wants.changed().await
}

/// Fetches one body and decodes it. One that is gone is no failure.
pub(super) async fn read_body(shared: &Shared, driver: HelmDriver, want: &BodyWant) -> Result<Outcome, FetchError> {
    match read(shared, driver, want).await {
        Err(error) if error.is_not_found() => Ok(Outcome::Gone),
        outcome => outcome,
    }
}

async fn read(shared: &Shared, driver: HelmDriver, want: &BodyWant) -> Result<Outcome, FetchError> {
    let request = Request::new(storage_path(Some(&want.namespace), driver));
    let request = request.get(&want.object, &GetParams::default())?;
    let object = match collect(shared.api.send(request, None).await?, MAX_OBJECT_BYTES).await {
        Err(FetchError::TooLarge(_)) => {
            return Ok(Outcome::Read(Err(BodyError::TooLarge), want.resource_version.clone()));
        }
        object => object?,
    };
    let version = identity(&object).resource_version;
    let version = version.map_or_else(|| want.resource_version.clone(), ResourceVersion::from);
    // A panic in it would be a defect; the body is refused.
    let body = if object.len() <= IN_PLACE_BYTES {
        catch_unwind(|| release_body(&object, driver)).unwrap_or(Err(BodyError::Encoding))
    } else {
        // Up to 64 MiB of inflating: not in the way of the watches.
        spawn_blocking(move || release_body(&object, driver)).await.unwrap_or(Err(BodyError::Encoding))
    };
    Ok(Outcome::Read(body.map(Arc::new), version))
}
