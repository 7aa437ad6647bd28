//! The places of a server: one for each connection, and so many and no more. Where all are taken, the connection leaves that has let
//! us wait for a request the longest, so that nobody keeps others out by holding connections open. Not for what is said on one.

use std::collections::HashMap;

use tokio::task::{AbortHandle, Id, JoinError, JoinSet};

use super::patience::{Moments, Phase};

/// Which part of the places must be free before it counts as over that all were taken: else it would be told again and again.
const FREE_AGAIN: usize = 8;

/// The connections that are open.
pub(super) struct Places {
    most: usize,
    connections: JoinSet<()>,
    open: HashMap<Id, (AbortHandle, Phase)>,
    moments: Moments,
    /// Whether all were taken, and it is not over.
    crowded: bool,
}

impl Places {
    pub(super) fn new(most: usize) -> Self {
        Self { most, connections: JoinSet::new(), open: HashMap::new(), moments: Moments::default(), crowded: false }
    }

    /// How many are taken.
    pub(super) fn taken(&self) -> usize {
        self.open.len()
    }

    /// Sees to it that there is a place for one more, if it may be had.
    pub(super) async fn make_room(&mut self) -> bool {
        // Those that ended leave their places first.
        while let Some(ended) = self.connections.try_join_next_with_id() {
            self.left(ended);
        }
        let free = self.most.saturating_sub(self.open.len());
        if free > 0 {
            if self.crowded && free > self.most / FREE_AGAIN {
                self.crowded = false;
                tracing::info!("places for connections are free again");
            }
            return true;
        }
        if !std::mem::replace(&mut self.crowded, true) {
            tracing::warn!(
                connections = self.most,
                "all places for connections are taken; those that ask for nothing are ended, and where there are none, further ones are turned away"
            );
        }
        let waiting = self.open.values().filter_map(|(task, phase)| Some((phase.waiting_since()?, task)));
        let Some((_, longest)) = waiting.min_by_key(|(since, _)| *since) else { return false };
        longest.abort();
        // It ends where it waits, that is, at once.
        self.one_ends().await;
        true
    }

    /// Gives a connection its place, until it ends.
    pub(super) fn take<C>(&mut self, connection: impl FnOnce(Phase) -> C)
    where
        C: Future<Output = ()> + Send + 'static,
    {
        let phase = Phase::new(&self.moments);
        let task = self.connections.spawn(connection(phase.clone()));
        self.open.insert(task.id(), (task, phase));
    }

    /// Waits until one ends; `None` where there is none.
    pub(super) async fn one_ends(&mut self) -> Option<()> {
        let ended = self.connections.join_next_with_id().await?;
        self.left(ended);
        Some(())
    }

    /// Ends all of them as they stand.
    pub(super) async fn end(mut self) {
        self.connections.shutdown().await;
    }

    fn left(&mut self, ended: Result<(Id, ()), JoinError>) {
        let id = match ended {
            Ok((id, ())) => id,
            Err(error) => {
                if error.is_panic() {
                    tracing::error!(%error, "a handler panicked");
                }
                error.id()
            }
        };
        self.open.remove(&id);
    }
}
