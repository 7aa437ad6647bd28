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

/// How the board gets on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It has judged what was to be judged by then, if anything, by the local clock. Told at every `TICK` at least, so that one that
    /// is stuck is told from one that has nothing to do.
    Judged(Timestamp),
    /// It has published a snapshot, whose oldest change was so long on its way from the channel to there.
    Published(Duration),
}

/// Runs the board until the channel of changes is closed. Instants are the local clock's plus the API server's offset.
pub async fn run(
    mut board: Board,
    mut changes: mpsc::Receiver<Change>,
    snapshots: watch::Sender<Arc<Snapshot>>,
    wants: watch::Sender<Arc<Wants>>,
    clock: Arc<dyn Clock>,
    offset: Arc<ClockOffset>,
    progress: impl Fn(Progress),
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
        progress(Progress::Judged(clock.now()));
        if board.wants_changed() && told.is_none_or(|told| told.elapsed() >= WANTS_PAUSE) {
            wants.send_replace(board.wants());
            told = Some(Instant::now());
        }
        if publish {
            snapshots.send_replace(Arc::new(board.snapshot()));
            if let Some(heard) = heard {
                progress(Progress::Published(between(heard, clock.now())));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::policy::Policy;

    /// Longer than anything here takes on a busy machine.
    const PATIENCE: Duration = Duration::from_mins(1);

    #[tokio::test]
    async fn it_tells_that_it_judges_though_nothing_changes() {
        let clock = Arc::new(SystemClock::default());
        let board = Board::new(Vec::new(), Policy::default(), clock.now());
        let (changes, heard) = mpsc::channel(1);
        let (snapshots, _) = watch::channel(Arc::new(board.snapshot()));
        let (wants, _) = watch::channel(Arc::default());
        let (tell, mut told) = mpsc::unbounded_channel();
        let progress = move |progress| {
            if let Progress::Judged(at) = progress {
                let _ = tell.send(at);
            }
        };
        let running = tokio::spawn(run(board, heard, snapshots, wants, clock, Arc::default(), progress));
        let mut former = Timestamp::MIN;
        for _ in 0..3 {
            let at = tokio::time::timeout(PATIENCE, told.recv()).await.unwrap().unwrap();
            assert!(former < at);
            former = at;
        }
        drop(changes);
        tokio::time::timeout(PATIENCE, running).await.unwrap().unwrap();
    }
}
