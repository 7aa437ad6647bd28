//! Server-sent events: what is new, told to whoever listens, as JSON for programs and as a piece of the page for people.
//!
//! Nothing queues but what a connection itself holds: a listener that is slow, or that was told something a moment ago, is told
//! the newest when it can take it. What is told is made once and shared between all who listen to the same (`kept`), and nothing
//! is made or held while nobody does.
//! Not for how many may listen and how long one may stall: those are `server`'s limits.

mod frame;
mod kept;

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, stream};
use tokio::sync::watch;
use tokio::time::{Sleep, sleep};

use self::kept::{Cursor, Kept};
use super::html::Which;
use crate::assess::snapshot::Snapshot;
use crate::model::names::Name;

/// How long a client waits before it comes again after the connection was lost.
const RETRY: Duration = Duration::from_secs(3);
/// How long there is silence before a sign of life: proxies close connections that are silent for a minute, and a page takes
/// two of them missing for a lost connection.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);
/// How long a listener is left alone after it was told something: people cannot read faster, and a fleet changes all the time.
const PACE: Duration = Duration::from_millis(250);
/// How long one stream lasts: whoever may still listen comes again, and whoever may no longer is asked.
const LONGEST: Duration = Duration::from_hours(1);

/// What a listener wants to hear of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Topic {
    /// Every suite, as JSON: event `suite`, and `gone` for one that is watched no more.
    Suites,
    /// One suite, as JSON.
    Suite(Name),
    /// A page, as its `<main>`: event `page`.
    Page(Which),
}

/// Times that tests shorten; the default is what runs.
#[derive(Clone, Copy, Debug)]
pub struct Tempo {
    /// Silence before a sign of life.
    pub sign_of_life: Duration,
    /// Between two looks for news.
    pub pace: Duration,
    /// The life of a stream.
    pub longest: Duration,
}

impl Default for Tempo {
    fn default() -> Self {
        Self { sign_of_life: SIGN_OF_LIFE, pace: PACE, longest: LONGEST }
    }
}

/// Where news comes from.
#[derive(Debug)]
pub struct Events {
    snapshots: watch::Receiver<Arc<Snapshot>>,
    kept: Arc<Mutex<Kept>>,
    closed: watch::Sender<bool>,
    tempo: Tempo,
    base: Arc<str>,
}

impl Events {
    /// News of the snapshots that come through `snapshots`; `base` stands before each path on a page.
    #[must_use]
    pub fn new(snapshots: watch::Receiver<Arc<Snapshot>>, tempo: Tempo, base: Arc<str>) -> Self {
        Self { snapshots, kept: Arc::default(), closed: watch::Sender::new(false), tempo, base }
    }

    /// Ends every stream, and each that would begin.
    pub fn close(&self) {
        self.closed.send_replace(true);
    }

    /// Ends every stream, and none that begins from now on: whoever listens comes again, and is asked who that is.
    pub fn renew(&self) {
        self.closed.send_modify(|_| {});
    }

    /// How many listen.
    #[cfg(test)]
    pub fn listeners(&self) -> usize {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).listeners()
    }

    /// How things stand at once, and then what is new, until snapshots end or this is closed. Called within a runtime.
    pub fn stream(&self, topic: Topic) -> impl Stream<Item = Bytes> + Send + use<> {
        let listener = Listener {
            snapshots: self.snapshots.clone(),
            closed: self.closed.subscribe(),
            kept: Attendance::begin(&self.kept),
            topic,
            tempo: self.tempo,
            base: Arc::clone(&self.base),
            cursor: None,
            is_sated: false,
            ends: Box::pin(sleep(self.tempo.longest)),
        };
        stream::unfold(listener, |mut listener| async { Some((listener.next().await?, listener)) })
    }
}

/// Whoever listens.
struct Listener {
    snapshots: watch::Receiver<Arc<Snapshot>>,
    closed: watch::Receiver<bool>,
    kept: Attendance,
    topic: Topic,
    tempo: Tempo,
    base: Arc<str>,
    /// How far it was told; `None` before it was told anything.
    cursor: Option<Cursor>,
    /// Whether it was told something since it last waited.
    is_sated: bool,
    /// Over when it has to come again.
    ends: Pin<Box<Sleep>>,
}

impl Listener {
    /// The next event, or a sign of life; `None` at the end.
    async fn next(&mut self) -> Option<Bytes> {
        // Also where it was ended while its last event was being taken.
        if *self.closed.borrow() || self.closed.has_changed().unwrap_or(true) {
            return None;
        }
        if self.cursor.is_none() {
            let snapshot = self.snapshots.borrow_and_update().clone();
            self.cursor = Some(self.kept.lock().begin(&snapshot));
            return Some(frame::retry(RETRY));
        }
        // Not begun anew by snapshots that bring nothing for this listener.
        let silence = sleep(self.tempo.sign_of_life);
        tokio::pin!(silence);
        loop {
            if let Some(event) = self.news() {
                self.is_sated = true;
                return Some(event);
            }
            // An end while it rests is found right after.
            if std::mem::take(&mut self.is_sated) {
                tokio::select! {
                    () = sleep(self.tempo.pace) => {}
                    _ = self.closed.changed() => return None,
                }
            }
            tokio::select! {
                changed = self.snapshots.changed() => changed.ok()?,
                _ = self.closed.changed() => return None,
                () = &mut silence => return Some(frame::sign_of_life(&self.topic)),
                () = &mut self.ends => return None,
            }
        }
    }

    fn news(&mut self) -> Option<Bytes> {
        let snapshot = self.snapshots.borrow_and_update().clone();
        let cursor = self.cursor.as_mut()?;
        let mut kept = self.kept.lock();
        kept.take_in(&snapshot);
        kept.news(&self.topic, cursor, &self.base)
    }
}

/// The presence of one listener; when the last one goes, nothing is held any more.
struct Attendance(Arc<Mutex<Kept>>);

impl Attendance {
    fn begin(kept: &Arc<Mutex<Kept>>) -> Self {
        let attendance = Self(Arc::clone(kept));
        attendance.lock().come();
        attendance
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Attendance {
    fn drop(&mut self) {
        self.lock().go();
    }
}

#[cfg(test)]
mod tests;
