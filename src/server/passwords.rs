//! Passwords: compared with bcrypt hashes, which is slow on purpose. So it is done one at a time and not on the threads that
//! serve, what fits is remembered for a while, and a name that nobody has takes as long as any other. Not for how a client sends one.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::door::Undecided;
use super::remembered::{Remembered, Tag};
use crate::model::names::Name;
use crate::model::time::Clock;
use crate::model::web::{PasswordHash, Permission};

/// How many are compared at once: whoever guesses gets one processor, no more.
const AT_ONCE: usize = 1;
/// How long one may wait for its turn: beyond, somebody guesses in crowds.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// How long a password that fits is remembered after it last came: scrapes come more often, and so never wait behind somebody who
/// guesses. With another hash it is another one.
const HOLDS: Duration = Duration::from_mins(5);
/// How many are remembered; there are at most as many that fit as there are users.
const MOST: usize = 128;

/// Users and their hashes.
pub(super) struct Passwords {
    users: BTreeMap<Name, PasswordHash>,
    fits: Arc<Remembered<()>>,
    pub(super) turns: Arc<Semaphore>,
}

impl Passwords {
    pub(super) fn new(users: BTreeMap<Name, PasswordHash>, clock: Arc<dyn Clock>) -> Self {
        let fits = Arc::new(Remembered::new(MOST, clock));
        Self { users, fits, turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// The same users, with what is remembered of others and in one line with them. What fits is remembered with its user and hash, so
    /// that it fits nothing else.
    pub(super) fn after(self, former: &Self) -> Self {
        Self { fits: Arc::clone(&former.fits), turns: Arc::clone(&former.turns), ..self }
    }

    /// Whether this is the user's password.
    pub(super) async fn verify(&self, user: &str, password: Vec<u8>) -> Result<Permission, Undecided> {
        let known = self.users.get(user);
        // Somebody's hash is computed in any case, and the dearest for who is unknown.
        let Some(hash) = known.or_else(|| self.users.values().max_by_key(|hash| hash.cost)) else {
            return Ok(Permission::Unauthenticated);
        };
        let is_known = known.is_some();
        let tag = self.fits.tag(&[user.as_bytes(), &password, hash.text.as_bytes()]);
        if is_known && self.remembered(tag) {
            return Ok(Permission::Allowed);
        }
        let turn = timeout(LONGEST_WAIT, Arc::clone(&self.turns).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else { return Err(Undecided) };
        // Others may have asked the same while this one waited.
        if is_known && self.remembered(tag) {
            return Ok(Permission::Allowed);
        }
        let text = Name::clone(&hash.text);
        let compared = spawn_blocking(move || {
            let fits = bcrypt::verify(password, &text).unwrap_or(false);
            // The turn ends with the work, even where nobody waits for it any more.
            drop(turn);
            fits
        });
        match compared.await {
            Ok(true) if is_known => {
                self.fits.put(tag, (), HOLDS);
                Ok(Permission::Allowed)
            }
            Ok(_) => Ok(Permission::Unauthenticated),
            Err(_) => Err(Undecided),
        }
    }

    fn remembered(&self, tag: Option<Tag>) -> bool {
        let fits = self.fits.get(tag).is_some();
        if fits {
            self.fits.put(tag, (), HOLDS);
        }
        fits
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passwords").field("users", &self.users.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::door::tests::HeldClock;

    /// Longer than one look, shorter than it is remembered.
    const BETWEEN_SCRAPES: Duration = Duration::from_mins(4);

    #[tokio::test]
    async fn whoever_comes_again_and_again_waits_for_nobody() {
        let clock = Arc::new(HeldClock::default());
        let hash = PasswordHash { text: bcrypt::hash("right", 4).unwrap().into(), cost: 4 };
        let passwords = Passwords::new([("alice".into(), hash)].into(), Arc::<HeldClock>::clone(&clock));
        let verify = |password: &'static str| passwords.verify("alice", password.into());
        assert_eq!(verify("right").await, Ok(Permission::Allowed));
        assert_eq!(verify("wrong").await, Ok(Permission::Unauthenticated));
        // From here on nothing can be compared any more.
        passwords.turns.close();
        for _ in 0..3 {
            clock.advance(BETWEEN_SCRAPES);
            assert_eq!(verify("right").await, Ok(Permission::Allowed));
            assert_eq!(verify("wrong").await, Err(Undecided), "what does not fit is not remembered");
        }
        clock.advance(HOLDS);
        assert_eq!(verify("right").await, Err(Undecided));
    }

    #[tokio::test]
    async fn what_fits_is_known_to_those_who_come_after_and_to_no_other_hash() {
        let clock: Arc<dyn Clock> = Arc::<HeldClock>::default();
        let hash = || PasswordHash { text: bcrypt::hash("right", 4).unwrap().into(), cost: 4 };
        let (known, other) = (hash(), hash());
        let users = |of: &[(&str, &PasswordHash)]| {
            let users = of.iter().map(|(user, hash)| ((*user).into(), PasswordHash::clone(hash))).collect();
            Passwords::new(users, Arc::clone(&clock))
        };
        let former = users(&[("alice", &known)]);
        assert_eq!(former.verify("alice", "right".into()).await, Ok(Permission::Allowed));
        former.turns.close();
        for (after, expected) in [
            (users(&[("alice", &known)]), Ok(Permission::Allowed)),
            (users(&[("alice", &known), ("bob", &other)]), Ok(Permission::Allowed)),
            (users(&[("alice", &other)]), Err(Undecided)),
            (users(&[("bob", &known)]), Err(Undecided)),
        ] {
            assert_eq!(after.after(&former).verify("alice", "right".into()).await, expected);
        }
    }
}
