//! Turns: how many things are asked at once.
//!
//! Whatever did not answer last time takes its turns from a share of its own, so that what answers waits only for what
//! answers, or has only just fallen silent. Not for how long an answer may take: who asks knows that.

use tokio::sync::{Semaphore, SemaphorePermit};

/// Turns of two shares.
#[derive(Debug)]
pub struct Turns {
    answering: Semaphore,
    silent: Semaphore,
}

impl Turns {
    /// So many turns for what answers, and so many for what does not.
    #[must_use]
    pub const fn new(answering: usize, silent: usize) -> Self {
        Self { answering: Semaphore::const_new(answering), silent: Semaphore::const_new(silent) }
    }

    /// Waits for a turn, which is over when what is given is dropped. What was never asked counts as answering.
    pub async fn take(&self, was_silent: bool) -> Option<SemaphorePermit<'_>> {
        let share = if was_silent { &self.silent } else { &self.answering };
        // Neither is ever closed.
        share.acquire().await.ok()
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn what_answers_does_not_wait_for_what_is_silent() {
        let turns = Turns::new(2, 1);
        let silent = turns.take(true).now_or_never().flatten();
        assert!(silent.is_some());
        assert!(turns.take(true).now_or_never().is_none(), "all turns of the silent are taken");
        let answering = [turns.take(false).now_or_never().flatten(), turns.take(false).now_or_never().flatten()];
        assert!(answering.iter().all(Option::is_some));
        assert!(turns.take(false).now_or_never().is_none(), "and their number is bounded, too");
        drop(silent);
        assert!(turns.take(true).now_or_never().flatten().is_some());
    }
}
