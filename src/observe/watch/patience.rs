//! Patience: how long a watch waits before its next attempt. Pure.
//!
//! Two runs are counted apart. While the API server does not answer, each attempt waits longer; one answer ends that run, so
//! that a server which came back is heard at once. While it answers and the watch still does not go well, a second run
//! keeps the watch from asking without end.

use std::time::Duration;

use crate::model::source::ErrorKind;
use crate::observe::fetch::FetchError;
use crate::observe::timing::Timing;

/// The two runs.
#[derive(Debug, Default)]
pub struct Patience {
    /// Attempts in a row that were not answered as they should be.
    failures: u32,
    /// Watches in a row that were begun and did not go well.
    setbacks: u32,
    /// Whether the present attempt was answered.
    answered: bool,
}

impl Patience {
    /// An attempt begins.
    pub const fn attempt(&mut self) {
        self.answered = false;
    }

    /// The attempt was answered: a list is whole, or a watch has begun.
    pub const fn answered(&mut self) {
        self.failures = 0;
        self.answered = true;
    }

    /// The watch went well: an event came, or it ended in its time.
    pub fn went_well(&mut self) {
        *self = Self::default();
    }

    /// How long to wait after the attempt failed, or ended too soon without an error.
    pub fn pause(&mut self, error: Option<&FetchError>, timing: &Timing) -> Duration {
        let kind = error.map(FetchError::kind);
        if kind == Some(ErrorKind::Expired) {
            self.answered();
        }
        let run = if self.answered { &mut self.setbacks } else { &mut self.failures };
        *run = run.saturating_add(1);
        let pause = match kind {
            // Nothing is wrong with a history that is gone once: it is listed anew.
            Some(ErrorKind::Expired) if *run == 1 => Duration::ZERO,
            // An API server that starts refuses everybody for some seconds, so patience is learned here as well.
            Some(ErrorKind::Forbidden) => timing.backoff_up_to(*run, timing.forbidden),
            _ => timing.backoff(*run),
        };
        pause.max(error.and_then(FetchError::retry_after).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMING: Timing = Timing {
        watch: Duration::from_secs(50),
        silence: Duration::from_mins(1),
        watch_stale_after: Duration::from_secs(90),
        bodies_stale_after: Duration::from_secs(90),
        backoff_first: Duration::from_secs(1),
        backoff_longest: Duration::from_secs(30),
        forbidden: Duration::from_mins(1),
        reread: Duration::from_mins(1),
    };

    fn status(code: u16, retry_after: Option<Duration>) -> FetchError {
        FetchError::Status { code, explanation: String::new(), retry_after }
    }

    /// The pause as a range of seconds: a random half may be off.
    fn is_about(pause: Duration, seconds: f64) -> bool {
        (seconds / 2.0..=seconds).contains(&pause.as_secs_f64())
    }

    #[test]
    fn an_answer_ends_the_run_of_failures() {
        let mut patience = Patience::default();
        for seconds in [1.0, 2.0, 4.0, 8.0] {
            patience.attempt();
            assert!(is_about(patience.pause(Some(&FetchError::Silent), &TIMING), seconds), "{seconds}");
        }
        patience.attempt();
        patience.answered();
        patience.attempt();
        assert!(is_about(patience.pause(Some(&FetchError::Silent), &TIMING), 1.0));
    }

    #[test]
    fn an_expired_history_waits_only_the_second_time() {
        let mut patience = Patience::default();
        for _ in 0..5 {
            patience.attempt();
            patience.pause(Some(&FetchError::Silent), &TIMING);
        }
        let expired = status(410, None);
        for seconds in [0.0, 2.0, 4.0] {
            patience.attempt();
            patience.answered();
            patience.attempt();
            patience.answered();
            assert!(is_about(patience.pause(Some(&expired), &TIMING), seconds), "{seconds}");
        }
        patience.went_well();
        assert_eq!(patience.pause(Some(&expired), &TIMING), Duration::ZERO);
    }

    #[test]
    fn watches_that_end_at_once_are_asked_for_less_and_less() {
        let mut patience = Patience::default();
        for seconds in [1.0, 2.0, 4.0] {
            patience.attempt();
            patience.answered();
            assert!(is_about(patience.pause(None, &TIMING), seconds), "{seconds}");
        }
    }

    #[test]
    fn a_lacking_permission_is_asked_for_soon_and_then_seldom() {
        let mut patience = Patience::default();
        let pauses: Vec<Duration> = (0..8).map(|_| patience.pause(Some(&status(403, None)), &TIMING)).collect();
        assert!(is_about(pauses[0], 1.0) && is_about(pauses[7], 60.0), "{pauses:?}");
    }

    #[test]
    fn a_server_may_ask_to_be_left_alone() {
        let busy = status(429, Some(Duration::from_secs(9)));
        assert_eq!(Patience::default().pause(Some(&busy), &TIMING), Duration::from_secs(9));
    }
}
