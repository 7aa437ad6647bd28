//! Plays a world against a running clock: writes each change into a shared store when it is due, and has the pods'
//! metrics endpoints open and close with them. The clock is given, so that a test may hold it.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinHandle;

use super::api::SharedStore;
use super::metrics_server::{MetricsServer, Pages};
use super::scenario::Surrounding;
use super::surroundings_server::{self, Present, SurroundingsServer};
use super::world::World;

/// A clock.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Longest sleep between two looks, so that a clock that jumps is noticed, and an address that was taken is tried again.
const LONGEST_SLEEP: Duration = Duration::from_millis(500);
/// Shortest sleep: a timer's own resolution.
const SHORTEST_SLEEP: Duration = Duration::from_millis(1);

/// A world that is being played. It stops when this is dropped; until then it goes on, also past the scenario's end.
#[derive(Debug)]
pub struct Player {
    world: Arc<Mutex<World>>,
    metrics_port: u16,
    task: JoinHandle<()>,
}

impl Player {
    /// Starts to play. When it returns, the store has all that is due by now and the pods' endpoints are open.
    pub async fn start(world: World, store: SharedStore, clock: Clock) -> io::Result<Self> {
        let world = Arc::new(Mutex::new(world));
        let pages: Pages = {
            let (world, clock) = (Arc::clone(&world), Arc::clone(&clock));
            Arc::new(move |pod| {
                let now = clock();
                lock(&world).metrics_page(pod, now)
            })
        };
        let mut metrics = MetricsServer::new(pages).await?;
        let metrics_port = metrics.port();
        let mut around = SurroundingsServer::new(metrics_port);
        let mut rest = step(&world, &store, &mut metrics, &mut around, &clock).await;
        let task = tokio::spawn({
            let world = Arc::clone(&world);
            async move {
                loop {
                    tokio::time::sleep(rest).await;
                    rest = step(&world, &store, &mut metrics, &mut around, &clock).await;
                }
            }
        });
        Ok(Self { world, metrics_port, task })
    }

    /// The port at which every pod that serves metrics does so.
    #[must_use]
    pub const fn metrics_port(&self) -> u16 {
        self.metrics_port
    }

    /// Where one of a suite's surroundings is asked, as `host:port`; `None` for those that are not asked over the network.
    #[must_use]
    pub fn address(&self, of: Surrounding) -> Option<SocketAddr> {
        surroundings_server::address(of).map(|host| SocketAddr::from((host, self.metrics_port)))
    }

    /// What a person at a terminal would have seen of Helm so far, oldest first.
    #[must_use]
    pub fn log(&self) -> Vec<(Timestamp, String)> {
        lock(&self.world).log()
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock(world: &Mutex<World>) -> MutexGuard<'_, World> {
    // A world whose player panicked is a failed test: what it says last does not matter.
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

fn present(world: &World) -> Present {
    let dependencies = [Surrounding::Kafka, Surrounding::Database, Surrounding::ObjectStorage];
    let dependencies = dependencies.map(|of| (of, world.dependency(of))).into();
    Present { dependencies, level: world.aggregation_level() }
}

/// Plays what is due and says how long nothing will be.
async fn step(
    world: &Mutex<World>,
    store: &SharedStore,
    metrics: &mut MetricsServer,
    around: &mut SurroundingsServer,
    clock: &Clock,
) -> Duration {
    let now = clock();
    let (listening, present, next) = {
        let mut world = lock(world);
        store.write(|store| world.advance(store, now));
        (world.listening(), present(&world), world.next_event())
    };
    metrics.listen(&listening).await;
    around.serve(present).await;
    let rest = next.map_or(SignedDuration::MAX, |next| next.duration_since(clock()));
    Duration::try_from(rest).unwrap_or_default().clamp(SHORTEST_SLEEP, LONGEST_SLEEP)
}

#[cfg(test)]
mod tests;
