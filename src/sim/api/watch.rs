//! WATCH: the changes of one kind as lines of JSON, until the time is up.
//!
//! A watch is a state that makes its next frame when asked: it lives and dies with the connection that reads it.
//! Changes are read from the store's history, so that no watch can miss one and a slow one costs nothing.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{self, Stream};
use tokio::sync::watch;
use tokio::time::Instant;

use super::super::faults::{Asked, Fault, Faults};
use super::super::store::{Change, ChangeType, Expired, Object, Store};
use super::body::Pieces;
use super::encode;
use super::list::{known, prefix};
use super::request::{Form, Query};
use super::shared::SharedStore;
use super::status::Refusal;

/// How long a watch lasts that does not say (a real server: 30 to 60 minutes, by chance).
const TIMEOUT: Duration = Duration::from_mins(30);

/// A bookmark is sent this long before a watch ends, so that the next begins as late as possible.
const BOOKMARK_BEFORE_END: Duration = Duration::from_secs(2);

/// Initial objects are encoded so many at a time: a batch of whole objects is some MB.
const INITIAL_BATCH: usize = 250;

/// What a watch needs of its server.
pub(super) struct Source {
    pub(super) store: SharedStore,
    pub(super) faults: Arc<Faults>,
    pub(super) bookmark_interval: Duration,
}

struct Watch {
    source: Source,
    revisions: watch::Receiver<u64>,
    asked: Asked,
    prefix: String,
    query: Query,
    form: Form,
    /// All changes up to here are told.
    seen: u64,
    initial: std::vec::IntoIter<Arc<Object>>,
    initial_end_due: bool,
    frames: VecDeque<Bytes>,
    ended: bool,
    silent: bool,
    deadline: Instant,
    bookmark_at: Option<Instant>,
}

/// Answers a WATCH.
pub(super) fn watch(
    source: Source,
    asked: Asked,
    query: Query,
    form: Form,
    fault: Option<&Fault>,
) -> impl Stream<Item = Bytes> + Send + 'static {
    let deadline = Instant::now() + query.timeout.unwrap_or(TIMEOUT);
    let mut watch = Watch {
        revisions: source.store.revisions(),
        prefix: prefix(asked.namespace.as_deref()),
        seen: 0,
        initial: Vec::new().into_iter(),
        initial_end_due: query.bookmarks && query.send_initial_events == Some(true),
        frames: VecDeque::new(),
        ended: false,
        silent: fault == Some(&Fault::SilentAfterHead),
        deadline,
        bookmark_at: None,
        source,
        asked,
        query,
        form,
    };
    watch.plan_bookmark();
    watch.begin();
    if fault == Some(&Fault::Malformed) {
        watch.frames.push_back(Bytes::from_static(b"{\"type\":\"ADDED\",\"object\":{\"metadata\":{\n"));
        watch.ended = true;
    }
    stream::unfold(watch, async |mut watch| Some((watch.next().await?, watch)))
}

impl Watch {
    /// Takes the initial objects, or the place to go on from. What cannot be had is told in the stream, as a real
    /// server does.
    fn begin(&mut self) {
        let begun = self.source.store.read(|store| {
            if !self.query.begins_with_objects() {
                // A version that is not reached yet is waited for.
                return Ok((self.query.revision.unwrap_or(store.revision()), Vec::new()));
            }
            known(store, self.query.revision.unwrap_or(0))?;
            let objects = store.snapshot(self.asked.kind, store.revision()).map_err(Refusal::watch_expired)?;
            let objects = objects.range(&self.prefix, "").filter(|object| self.query.selector.matches(object));
            Ok((store.revision(), objects.cloned().collect()))
        });
        match begun {
            Ok((seen, objects)) => {
                self.seen = seen;
                self.initial = objects.into_iter();
            }
            Err(refusal) => self.fail(&refusal),
        }
    }

    async fn next(&mut self) -> Option<Bytes> {
        loop {
            self.silent |= self.source.faults.silences(&self.asked);
            if self.silent {
                std::future::pending::<()>().await;
            }
            if let Some(frame) = self.frames.pop_front() {
                return Some(frame);
            }
            if self.ended {
                return None;
            }
            // Marked as seen before the store is read: what is written in between wakes the wait below.
            self.revisions.borrow_and_update();
            if !self.tell_initial() && !self.tell_changes() && !self.wait().await {
                return None;
            }
        }
    }

    /// Encodes the next initial objects and their end; false when there are none left.
    fn tell_initial(&mut self) -> bool {
        let mut out = Pieces::default();
        let mut told = false;
        for object in self.initial.by_ref().take(INITIAL_BATCH) {
            encode::event(&mut out, ChangeType::Added.as_str(), &object, self.form);
            told = true;
        }
        if !told && self.initial_end_due {
            self.initial_end_due = false;
            encode::bookmark(&mut out, self.asked.kind, self.form, self.seen, true);
            told = true;
        }
        self.frames.extend(out.finish());
        told
    }

    /// Encodes what changed since; false when that is nothing to this watch.
    fn tell_changes(&mut self) -> bool {
        let read = |store: &Store| -> Result<(u64, Vec<Change>), Expired> {
            let changes = store.changes_of(self.asked.kind, self.seen)?.cloned().collect();
            Ok((store.revision(), changes))
        };
        match self.source.store.read(read) {
            Ok((revision, changes)) => {
                let mut out = Pieces::default();
                for (word, object) in changes.iter().filter_map(|change| self.event(change)) {
                    encode::event(&mut out, word.as_str(), &object, self.form);
                }
                self.seen = self.seen.max(revision);
                self.frames.extend(out.finish());
                !self.frames.is_empty()
            }
            Err(expired) => {
                self.fail(&Refusal::watch_expired(expired));
                true
            }
        }
    }

    /// What a change is to this watch: an object that enters its selector is added, one that leaves it deleted.
    fn event(&self, change: &Change) -> Option<(ChangeType, Arc<Object>)> {
        let selected = |object: &Object| object.key().starts_with(&self.prefix) && self.query.selector.matches(object);
        let is = change.change != ChangeType::Deleted && selected(&change.object);
        let was = change.previous.as_ref().filter(|previous| selected(previous));
        match (is, was) {
            (true, None) => Some((ChangeType::Added, Arc::clone(&change.object))),
            (true, Some(_)) => Some((ChangeType::Modified, Arc::clone(&change.object))),
            (false, Some(previous)) => Some((ChangeType::Deleted, Arc::new(previous.at_revision(change.revision)))),
            (false, None) => None,
        }
    }

    /// Waits for a change or the next bookmark; false when the time is up.
    async fn wait(&mut self) -> bool {
        let bookmark_at = self.bookmark_at;
        let bookmark = async {
            match bookmark_at {
                Some(instant) => tokio::time::sleep_until(instant).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = self.revisions.changed() => changed.is_ok(),
            () = bookmark => {
                let mut out = Pieces::default();
                encode::bookmark(&mut out, self.asked.kind, self.form, self.seen, false);
                self.frames.extend(out.finish());
                self.plan_bookmark();
                true
            }
            () = tokio::time::sleep_until(self.deadline) => false,
        }
    }

    fn plan_bookmark(&mut self) {
        let now = Instant::now();
        let last = self.deadline.checked_sub(BOOKMARK_BEFORE_END).unwrap_or(now);
        let next = (now + self.source.bookmark_interval).min(last);
        self.bookmark_at = Some(next).filter(|next| self.query.bookmarks && *next > now);
    }

    fn fail(&mut self, refusal: &Refusal) {
        let line = serde_json::json!({"type": "ERROR", "object": refusal.to_value()});
        self.frames.push_back(format!("{line}\n").into());
        self.ended = true;
    }
}
