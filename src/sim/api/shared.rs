//! A store that is written by the world and read by the API server at the same time.
//!
//! It adds to the pure store what the store must not have: a lock, and word of changes for those who wait.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::super::store::Store;

/// A handle to a store that several tasks use.
#[derive(Clone, Debug)]
pub struct SharedStore {
    store: Arc<Mutex<Store>>,
    revision: watch::Sender<u64>,
}

impl SharedStore {
    /// Shares a store.
    #[must_use]
    pub fn new(store: Store) -> Self {
        let revision = watch::Sender::new(store.revision());
        Self { store: Arc::new(Mutex::new(store)), revision }
    }

    /// Looks at the store. Nobody can write meanwhile: take out what is needed and return.
    pub fn read<R>(&self, look: impl FnOnce(&Store) -> R) -> R {
        look(&self.lock())
    }

    /// Changes the store, in one step for all who look, then wakes those who wait. Who keeps a store of their own may
    /// swap it in here for the time of the call.
    pub fn write<R>(&self, change: impl FnOnce(&mut Store) -> R) -> R {
        let (result, revision) = {
            let mut store = self.lock();
            let result = change(&mut store);
            (result, store.revision())
        };
        self.revision.send_if_modified(|known| std::mem::replace(known, revision) != revision);
        result
    }

    /// The newest resource version, to wait for the next.
    #[must_use]
    pub fn revisions(&self) -> watch::Receiver<u64> {
        self.revision.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, Store> {
        // A writer that panicked is a failed test: the readers' view of it does not matter.
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
