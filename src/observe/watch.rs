//! Watching: keeps one kind of object in one scope known, for as long as the generation lives.
//!
//! Lists page by page, then watches from the list's resource version, with bookmarks, in watches of less than a minute that
//! are joined end to end; lists again only where the history is gone. An object that cannot be read is counted, and its namespace
//! said to hold one. Not for what
//! the objects mean: a target says how to decode one and how to tell of it.

mod lines;
mod list;
mod patience;
mod stream;
mod unreadable;

use std::sync::Arc;
use std::time::Duration;

use kube::core::Request;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::Sender;
use tokio::time::{Instant, sleep};

use self::patience::Patience;
use self::unreadable::Unreadable;
use super::client::ApiClient;
use super::fetch::FetchError;
use super::interest::Interest;
use super::intern::Interner;
use super::objects::{DecodeError, Identity, identity};
use super::report::{Closed, Reporter};
use super::timing::Timing;
use crate::index::change::{Change, Delta};
use crate::model::names::Name;
use crate::model::source::{ErrorKind, SourceKind};

/// A watch that ends sooner than this without a word is not begun anew at once: a proxy that closes every watch would be
/// asked without end.
const SHORTEST_WATCH: Duration = Duration::from_secs(1);

/// What is watched: one kind of object in one scope.
pub struct Target<T> {
    /// The source it is.
    pub kind: SourceKind,
    /// The namespace; `None` for all.
    pub namespace: Option<Name>,
    /// Path of the collection, such as `/api/v1/namespaces/gim/pods`.
    pub path: String,
    /// Label selector.
    pub labels: Option<String>,
    /// Field selector.
    pub fields: Option<String>,
    /// Whether only metadata is asked for.
    pub metadata_only: bool,
    /// Reads one object.
    pub decode: fn(&[u8], &mut Interner) -> Result<T, DecodeError>,
    /// Whether an object is of interest; others are forgotten at once.
    pub wanted: fn(&Interest, &T) -> bool,
    /// Tells of a change.
    pub change: fn(Delta<T>) -> Change,
}

/// What all watches of a generation share.
#[derive(Clone)]
pub struct Shared {
    /// The client.
    pub api: ApiClient,
    /// How long to wait for what.
    pub timing: Timing,
    /// What is of interest.
    pub interest: Arc<Interest>,
    /// Lists at once: the memory of a start is theirs.
    pub lists: Arc<Semaphore>,
    /// Where changes go.
    pub changes: Sender<Change>,
}

/// Why a list or a watch ended.
enum Stop {
    /// The generation ends.
    Closed(Closed),
    /// The API server could not be heard.
    Failed(FetchError),
}

impl From<Closed> for Stop {
    fn from(closed: Closed) -> Self {
        Self::Closed(closed)
    }
}

impl<E: Into<FetchError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// A watch at work.
struct Watch<T> {
    target: Target<T>,
    shared: Shared,
    request: Request,
    interner: Interner,
    reporter: Reporter,
    patience: Patience,
    unreadable: Unreadable,
}

/// Watches `target` until nobody takes changes any more.
pub async fn watch<T>(target: Target<T>, shared: Shared) -> Closed {
    let stale_after = shared.timing.watch_stale_after;
    let added = Reporter::add(target.kind, target.namespace.clone(), stale_after, shared.changes.clone()).await;
    let reporter = match added {
        Ok(reporter) => reporter,
        Err(closed) => return closed,
    };
    let request = Request::new(target.path.clone());
    let (interner, patience, unreadable) = (Interner::default(), Patience::default(), Unreadable::default());
    let mut watch = Watch { target, shared, request, interner, reporter, patience, unreadable };
    match watch.run().await {
        Err(closed) => closed,
    }
}

impl<T> Watch<T> {
    async fn run(&mut self) -> Result<std::convert::Infallible, Closed> {
        let mut version: Option<String> = None;
        loop {
            let begun = Instant::now();
            self.patience.attempt();
            let ended = match &mut version {
                None => self.list().await.map(|listed| {
                    version = Some(listed);
                    None
                }),
                Some(version) => self.stream(version).await.map(Some),
            };
            match ended {
                Ok(None) => self.patience.answered(),
                Ok(Some(false)) if begun.elapsed() < SHORTEST_WATCH => self.pause(None).await,
                Ok(Some(_)) => self.patience.went_well(),
                Err(Stop::Closed(closed)) => return Err(closed),
                Err(Stop::Failed(error)) => {
                    let what = if version.is_some() { "watch" } else { "list" };
                    self.reporter.failed(&error, &format!("{what} of {}", self.target.path)).await?;
                    // Where the history is gone, or an event was lost, only a list can tell what is.
                    if matches!(error.kind(), ErrorKind::Expired | ErrorKind::Decode | ErrorKind::TooLarge) {
                        version = None;
                    }
                    self.pause(Some(&error)).await;
                }
            }
        }
    }

    async fn pause(&mut self, error: Option<&FetchError>) {
        sleep(self.patience.pause(error, &self.shared.timing)).await;
    }

    /// Tells whether a namespace holds objects that cannot be read.
    async fn tell_unreadable(&self, namespace: &Name, any: bool) -> Result<(), Closed> {
        let (kind, namespace) = (self.target.kind, Name::clone(namespace));
        self.reporter.send(Change::Unreadable { kind, namespace, any }).await
    }

    /// Reads one object: it, or who it is and the text of the error to count where it is bad; neither where it is of no
    /// interest.
    fn read(&mut self, json: &[u8]) -> Result<Option<T>, Option<(Identity, String)>> {
        match (self.target.decode)(json, &mut self.interner) {
            Ok(object) => Ok(Some(object).filter(|object| (self.target.wanted)(&self.shared.interest, object))),
            Err(error) => {
                let who = identity(json);
                let ours = self.shared.interest.may_be_ours(&who);
                let text = format!("{} {}: {error}", self.target.kind, spell(&who));
                Err(ours.then_some((who, text)))
            }
        }
    }
}

/// `namespace/name`, as far as they are known.
fn spell(who: &Identity) -> String {
    let part = |name: &Option<Name>| name.as_deref().unwrap_or("?").to_owned();
    format!("{}/{}", part(&who.namespace), part(&who.name))
}
