//! Posts: what became of the alerts that were to be posted to one Alertmanager.
//!
//! Every alert that is offered is in the end delivered or dropped; what is neither yet is waiting, so that the numbers cannot
//! contradict each other. Not for posting: that is `notify`.

use std::sync::atomic::{AtomicU64, Ordering};

/// What is counted of one Alertmanager. Shared: those who offer and post write, the page reads.
#[derive(Debug, Default)]
pub struct Posts {
    offered: AtomicU64,
    sent: AtomicU64,
    dropped: AtomicU64,
    failed: AtomicU64,
}

/// The same at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PostCounts {
    /// Alerts that were delivered.
    pub sent: u64,
    /// Posts that failed.
    pub errors: u64,
    /// Alerts that a newer state took the place of, or that were given up.
    pub dropped: u64,
    /// Alerts that wait to be delivered.
    pub waiting: u64,
}

impl Posts {
    /// Notes how many alerts were offered so far in all.
    pub fn offered(&self, so_far: u64) {
        self.offered.fetch_max(so_far, Ordering::Relaxed);
    }

    /// Notes that alerts were delivered.
    pub fn sent(&self, alerts: u64) {
        self.sent.fetch_add(alerts, Ordering::Relaxed);
    }

    /// Notes that a post failed.
    pub fn failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that alerts were given up.
    pub fn dropped(&self, alerts: u64) {
        self.dropped.fetch_add(alerts, Ordering::Relaxed);
    }

    /// Notes that of the first `before` alerts that were offered none will be posted any more.
    pub fn superseded(&self, before: u64) {
        let settled = self.sent.load(Ordering::Relaxed).saturating_add(self.dropped.load(Ordering::Relaxed));
        self.dropped(before.saturating_sub(settled));
    }

    /// The counts now.
    #[must_use]
    pub fn counts(&self) -> PostCounts {
        let [sent, dropped, errors] =
            [&self.sent, &self.dropped, &self.failed].map(|count| count.load(Ordering::Relaxed));
        let offered = self.offered.load(Ordering::Relaxed);
        PostCounts { sent, errors, dropped, waiting: offered.saturating_sub(sent.saturating_add(dropped)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_offered_is_sent_or_dropped_or_waits() {
        let posts = Posts::default();
        let counts = |sent, errors, dropped, waiting| PostCounts { sent, errors, dropped, waiting };
        posts.offered(3);
        assert_eq!(posts.counts(), counts(0, 0, 0, 3));
        posts.sent(2);
        posts.failed();
        assert_eq!(posts.counts(), counts(2, 1, 0, 1));
        // Two more states of three and four come; only the second is taken up.
        posts.offered(6);
        posts.offered(10);
        posts.superseded(6);
        assert_eq!(posts.counts(), counts(2, 1, 4, 4));
        posts.dropped(1);
        posts.sent(3);
        assert_eq!(posts.counts(), counts(5, 1, 5, 0));
    }
}
