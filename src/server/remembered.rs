//! What was decided of secrets, remembered for a while without the secrets: under a keyed hash, whose key lives and dies with the
//! process. Bounded: where it is full, it is emptied. Not for deciding.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ring::hmac;
use ring::rand::SystemRandom;

use crate::model::time::{Clock, Timestamp, after};

/// What stands for a secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Tag([u8; 32]);

/// Decisions by secret.
pub(super) struct Remembered<V> {
    /// None where the system gives no random numbers: then nothing is remembered.
    key: Option<hmac::Key>,
    most: usize,
    clock: Arc<dyn Clock>,
    decisions: Mutex<HashMap<Tag, (V, Timestamp)>>,
}

impl<V: Copy> Remembered<V> {
    /// Remembers at most so many.
    pub(super) fn new(most: usize, clock: Arc<dyn Clock>) -> Self {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).ok();
        Self { key, most, clock, decisions: Mutex::default() }
    }

    /// What stands for these parts together, and for no others.
    pub(super) fn tag(&self, parts: &[&[u8]]) -> Option<Tag> {
        let mut context = hmac::Context::with_key(self.key.as_ref()?);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        context.sign().as_ref().try_into().ok().map(Tag)
    }

    /// What was decided, if it still holds.
    pub(super) fn get(&self, tag: Option<Tag>) -> Option<V> {
        let decisions = self.decisions.lock().unwrap_or_else(PoisonError::into_inner);
        let (decision, until) = decisions.get(&tag?)?;
        (self.clock.now() < *until).then_some(*decision)
    }

    /// Remembers a decision for a while.
    pub(super) fn put(&self, tag: Option<Tag>, decision: V, holds: Duration) {
        let Some(tag) = tag else { return };
        let now = self.clock.now();
        let mut decisions = self.decisions.lock().unwrap_or_else(PoisonError::into_inner);
        if decisions.len() >= self.most {
            decisions.retain(|_, (_, until)| now < *until);
        }
        if decisions.len() >= self.most {
            decisions.clear();
        }
        decisions.insert(tag, (decision, after(now, holds)));
    }
}

impl<V> fmt::Debug for Remembered<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remembered").field("most", &self.most).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::door::tests::HeldClock;

    #[test]
    fn it_forgets_by_time_and_by_number() {
        let clock = Arc::new(HeldClock::default());
        let remembered = Remembered::new(2, Arc::<HeldClock>::clone(&clock));
        let [a, b, c] = [[&b"a"[..], b"bc"], [b"ab", b"c"], [b"c", b""]].map(|parts| remembered.tag(&parts));
        assert!(a.is_some() && a != b, "parts do not run together");
        remembered.put(a, true, Duration::from_secs(10));
        clock.advance(Duration::from_secs(9));
        assert_eq!((remembered.get(a), remembered.get(b)), (Some(true), None));
        remembered.put(b, false, Duration::from_secs(10));
        clock.advance(Duration::from_secs(1));
        assert_eq!((remembered.get(a), remembered.get(b)), (None, Some(false)));
        remembered.put(c, true, Duration::from_secs(10));
        assert_eq!((remembered.get(b), remembered.get(c)), (Some(false), Some(true)), "what is over made room");
        remembered.put(a, true, Duration::from_secs(10));
        assert_eq!((remembered.get(a), remembered.get(b)), (Some(true), None));
    }
}
