//! The board's task: takes changes as they come, judges, and publishes.
//!
//! Everything that waits in the channel is taken in before a judgement, so that a burst of changes costs one. Not for
//! judging: see the board itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};

use super::Board;
use crate::assess::snapshot::Snapshot;
use crate::index::change::Change;
use crate::model::source::ClockOffset;
use crate::model::time::{Clock, Timestamp, after, between};
use crate::model::wants::Wants;

/// How many changes are taken in before a judgement: a list of a large cluster comes as one change.
const BATCH: usize = 1024;
/// How often silence is looked for.
const TICK: Duration = Duration::from_secs(1);
/// What is wanted is gathered from all suites at most this often: while thousands of bodies come in at the start, each of
/// them changes it.
const WANTS_PAUSE: Duration = Duration::from_millis(20);
/// A judgement that is due is made this much later at the earliest, so that rounding never makes it too early.
const AFTER_DUE: Duration = Duration::from_millis(1);

/// The machine's clock as it stood when this was made, and the time that went by since. Where the machine's clock is set
/// while the exporter runs, this one is not: a jump would look like hours of silence, and a jump back would freeze every
/// judgement. How far it is from the API server's clock is learned all the time.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    made: Timestamp,
    counter: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { made: Timestamp::now(), counter: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        after(self.made, self.counter.elapsed())
    }
}

/// Runs the board until the channel of changes is closed. Instants are the local clock's plus the API server's offset.
/// `published` is told how long the oldest change of a snapshot was on its way from the channel to there.
pub async fn run(
    mut board: Board,
    mut changes: mpsc::Receiver<Change>,
    snapshots: watch::Sender<Arc<Snapshot>>,
    wants: watch::Sender<Arc<Wants>>,
    clock: Arc<dyn Clock>,
    offset: Arc<ClockOffset>,
    published: impl Fn(Duration),
) {
    let mut batch = Vec::with_capacity(BATCH);
    let now = || offset.corrected(clock.now());
    let mut emptied = clock.now();
    let mut told: Option<Instant> = None;
    loop {
        // What waits already came after the channel was last emptied, at the earliest: it may seem late, never early.
        let waiting = (!changes.is_empty()).then_some(emptied);
        let most = if board.wants_changed() { WANTS_PAUSE } else { TICK };
        let wait = board.due().map_or(most, |due| (between(now(), due) + AFTER_DUE).min(most));
        let heard = match tokio::time::timeout(wait, changes.recv_many(&mut batch, BATCH)).await {
            Ok(0) => return,
            Ok(_) => {
                emptied = clock.now();
                batch.drain(..).for_each(|change| board.apply(change));
                Some(waiting.unwrap_or(emptied))
            }
            Err(_elapsed) => None,
        };
        let publish = board.judge(now());
        if board.wants_changed() && told.is_none_or(|told| told.elapsed() >= WANTS_PAUSE) {
            wants.send_replace(board.wants());
            told = Some(Instant::now());
        }
        if publish {
            snapshots.send_replace(Arc::new(board.snapshot()));
            if let Some(heard) = heard {
                published(between(heard, clock.now()));
            }
        }
    }
}
