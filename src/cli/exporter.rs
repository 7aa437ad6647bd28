//! The exporter put together: observers, board and site, and the channels between them.
//!
//! The site outlives a configuration; observers and board are made anew for each. Both commands use it, with another
//! cluster behind it; so do the tests of the whole program. Not for when anything ends: that is `supervise`.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use tokio::sync::{mpsc, watch};

use crate::assess::snapshot::Snapshot;
use crate::board::{self, Board, Former, Progress, SystemClock};
use crate::config::Config;
use crate::model::source::ClockOffset;
use crate::model::time::{Clock, Timestamp};
use crate::model::wants::{BodyWant, EndpointWant, QueryWant, Wants};
use crate::model::web::{WebAccess, WebSettings};
use crate::notify;
use crate::observe::client::{Access, ApiClient};
use crate::observe::hearing::ServerClock;
use crate::observe::timing::Timing;
use crate::observe::{self, Setup};
use crate::publish::events::Tempo;
use crate::publish::own::OwnMetrics;
use crate::publish::page::Page;
use crate::publish::site::{ServerTime, Site};
use crate::server::lifecycle::{self, Lifecycle};
use crate::server::{self, Door, Reviewer, Server, TlsError};
use crate::supervise::Generation;

/// How many changes may wait for the board. Observers wait when it is full, so a burst costs time and not memory.
const CHANGES: usize = 1024;

/// What outlives a configuration: the newest snapshot, the clock by which it was taken, and what the exporter counts of
/// itself.
#[derive(Clone)]
pub struct Outlet {
    snapshots: watch::Sender<Arc<Snapshot>>,
    own: Arc<OwnMetrics>,
    clock: Arc<dyn Clock>,
    offset: Arc<ClockOffset>,
    server_clock: Arc<ServerClock>,
    outside: String,
}

impl Outlet {
    /// An outlet that shows the suites of `config`, of which nothing is known yet.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let offset = Arc::<ClockOffset>::default();
        let server_clock = Arc::new(ServerClock::new(Arc::clone(&clock), Arc::clone(&offset)));
        let own = Arc::new(OwnMetrics::new(clock.now(), Arc::clone(&offset)));
        let board = Board::new(config.suites.clone(), config.policy.clone(), clock.now());
        let snapshots = watch::Sender::new(Arc::new(board.snapshot()));
        Self { snapshots, own, clock, offset, server_clock, outside: String::new() }
    }

    /// The same, its pages' links under this path, by which it is reached from outside: with `/` at both ends.
    #[must_use]
    pub fn under(self, path: String) -> Self {
        Self { outside: path, ..self }
    }

    /// The newest snapshot, and those to come.
    #[must_use]
    pub fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshots.subscribe()
    }

    /// Now, by the API server's clock as far as that is known.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.offset.corrected(self.clock.now())
    }

    /// Listens on `address` and serves until `generation` is shut down. Returns the address with the port that was taken.
    pub async fn serve(&self, generation: &mut Generation, address: &str) -> anyhow::Result<SocketAddr> {
        let (_, doors) = watch::channel(Arc::new(Door::open()));
        self.serve_behind(generation, address, doors, None).await
    }

    /// The same behind a door, the newest of these; and with a lifecycle, where the exporter is to be told something over HTTP.
    pub async fn serve_behind(
        &self,
        generation: &mut Generation,
        address: &str,
        doors: watch::Receiver<Arc<Door>>,
        lifecycle: Option<Lifecycle>,
    ) -> anyhow::Result<SocketAddr> {
        let page = Page::new(self.snapshots(), Arc::clone(&self.own), Arc::clone(&self.clock));
        let now = ServerTime { clock: Arc::clone(&self.clock), offset: Arc::clone(&self.offset) };
        let site = Arc::new(Site::new(self.snapshots(), page, now, &self.outside, Tempo::default()));
        let routes = lifecycle::routes(server::site::routes(&site), lifecycle.as_ref());
        let tls = doors.borrow().speaks_tls();
        let mut changing = doors.clone();
        let server = Server::bind(address, routes).await?.behind(doors);
        let address = server.local_address().context("cannot tell the address that is listened on")?;
        let mut stop = generation.stop();
        generation.spawn("server", async move {
            let asked = async {
                let changes = async {
                    // It ends where the door stays for good.
                    while changing.changed().await.is_ok() {
                        site.renew();
                    }
                    std::future::pending::<()>().await;
                };
                tokio::select! {
                    () = changes => {}
                    () = stop.asked() => {}
                }
                // They would not end by themselves.
                site.close();
            };
            server.run(asked).await;
            Ok::<_, Infallible>(())
        });
        tracing::info!(%address, tls, "listening");
        Ok(address)
    }

    /// The door that a web configuration means.
    pub fn door(
        &self,
        settings: &WebSettings,
        access: &WebAccess,
        reviewer: Option<Reviewer>,
    ) -> Result<Door, TlsError> {
        Door::new(settings, access, reviewer, &self.clock, self.own.rejections())
    }

    /// What the exporter counts of itself.
    #[must_use]
    pub fn own(&self) -> &OwnMetrics {
        &self.own
    }

    /// Notes that the configuration was loaded anew just now, or that it was refused.
    pub fn config_reloaded(&self, good: bool) {
        self.own.config_reloaded(good.then(|| self.offset.corrected(self.clock.now())));
    }

    /// Posts alerts to the Alertmanagers of `config`, if any, concluded from what is shown, until `generation` is shut down.
    /// `time_scale` divides every time of it, for a cluster that plays faster than real time.
    pub fn notify(&self, generation: &mut Generation, config: &Config, time_scale: u32) {
        let Some(at) = config.alertmanager.clone() else { return };
        // So that they are on the page before the task has begun.
        for url in &at.urls {
            self.own.posts_to(url);
        }
        let setup = notify::Setup {
            at,
            settings: config.alerts.clone(),
            snapshots: self.snapshots(),
            clock: Arc::clone(&self.clock),
            offset: Arc::clone(&self.offset),
            own: Arc::clone(&self.own),
            time_scale,
        };
        // Dropped as it stands: what it posted last ends by itself, unless the next exporter takes it over.
        generation.spawn_until_stopped("notifier", async move { Err(notify::run(setup).await) });
    }

    /// Starts observers and board for `config` on the cluster behind `access`, both until `generation` is shut down, and
    /// shows what they find from now on.
    pub async fn watch(
        &self,
        generation: &mut Generation,
        config: Config,
        access: Access,
        timing: Timing,
    ) -> anyhow::Result<()> {
        let board = self.board(&config).numbered_after(&self.snapshots.borrow());
        self.start(generation, config, access, timing, board, self.snapshots.clone()).await
    }

    /// The same, but what they find is shown only once it is given to [`Outlet::show`]. Until then what is shown stays as
    /// it is, and the new board takes over what is remembered of suites that both have.
    pub async fn prepare(
        &self,
        generation: &mut Generation,
        config: Config,
        access: Access,
        timing: Timing,
    ) -> anyhow::Result<watch::Receiver<Arc<Snapshot>>> {
        let board = self.board(&config).after(self.former());
        let (sender, snapshots) = watch::channel(Arc::new(board.snapshot()));
        self.start(generation, config, access, timing, board, sender).await?;
        Ok(snapshots)
    }

    /// Shows these snapshots from now on, until `generation` is shut down.
    pub fn show(&self, generation: &mut Generation, mut snapshots: watch::Receiver<Arc<Snapshot>>) {
        let shown = self.snapshots.clone();
        snapshots.mark_changed();
        generation.spawn_until_stopped("shown", async move {
            // It ends with the board, which tells why.
            while snapshots.changed().await.is_ok() {
                let snapshot = snapshots.borrow_and_update().clone();
                shown.send_replace(snapshot);
            }
            Ok::<_, Infallible>(())
        });
    }

    /// Shows that there is no suite at all, which is all that there is to know.
    pub fn show_nothing(&self, config: &Config) {
        let board = Board::new(Vec::new(), config.policy.clone(), self.clock.now());
        let board = board.numbered_after(&self.snapshots.borrow());
        self.own.nothing_to_judge();
        self.snapshots.send_replace(Arc::new(Snapshot { ready: true, ..board.snapshot() }));
    }

    /// A client of the cluster behind `access`, whose clock is learned from the answers to all clients.
    pub async fn client(&self, access: Access, timing: Timing) -> anyhow::Result<ApiClient> {
        let clock = Arc::clone(&self.server_clock);
        ApiClient::connect(access, timing.silence, clock).await.context("cannot use the cluster")
    }

    fn board(&self, config: &Config) -> Board {
        Board::new(config.suites.clone(), config.policy.clone(), self.clock.now())
    }

    fn former(&self) -> Former {
        let shown = self.snapshots.clone();
        Box::new(move || shown.borrow().clone())
    }

    async fn start(
        &self,
        generation: &mut Generation,
        config: Config,
        access: Access,
        timing: Timing,
        board: Board,
        snapshots: watch::Sender<Arc<Snapshot>>,
    ) -> anyhow::Result<()> {
        let client = self.client(access, timing).await?;
        let (changes, heard) = mpsc::channel(CHANGES);
        let (wants, wanted) = watch::channel(Arc::default());
        let (bodies, endpoints, queries) = split(generation, wanted);
        let observers = Setup {
            api: client,
            suites: config.suites,
            scope: config.scope,
            signal_interval: config.policy.signal_interval,
            trend_window: config.policy.trend_window,
            probe_interval: config.policy.probe_interval,
            database_interval: config.policy.database_interval,
            prometheus: config.prometheus,
            timing,
            changes,
            bodies,
            endpoints,
            queries,
        };
        generation.spawn_until_stopped("observers", async move { Err(observe::run(observers).await) });
        let (clock, offset) = (Arc::clone(&self.clock), Arc::clone(&self.offset));
        let own = Arc::clone(&self.own);
        generation.spawn_until_stopped("board", async move {
            let progress = |progress| match progress {
                Progress::Judged(at) => own.judged(at),
                Progress::Published(took) => own.event_to_page(took),
            };
            board::run(board, heard, snapshots, wants, clock, offset, progress).await;
            Ok::<_, Infallible>(())
        });
        Ok(())
    }
}

/// What the observers of one kind are to read.
type Wanted<T> = watch::Receiver<Arc<Vec<T>>>;

/// Hands the board's wants to the observers of each kind, which are woken only by their own.
fn split(
    generation: &mut Generation,
    mut wanted: watch::Receiver<Arc<Wants>>,
) -> (Wanted<BodyWant>, Wanted<EndpointWant>, Wanted<QueryWant>) {
    let (bodies, wanted_bodies) = watch::channel(Arc::default());
    let (endpoints, wanted_endpoints) = watch::channel(Arc::default());
    let (queries, wanted_queries) = watch::channel(Arc::default());
    generation.spawn_until_stopped("wants", async move {
        // It ends with the board, which tells why.
        while wanted.changed().await.is_ok() {
            let wants = wanted.borrow_and_update().clone();
            replace(&bodies, &wants.bodies);
            replace(&endpoints, &wants.endpoints);
            replace(&queries, &wants.queries);
        }
        Ok::<_, Infallible>(())
    });
    (wanted_bodies, wanted_endpoints, wanted_queries)
}

fn replace<T: Clone + PartialEq>(sender: &watch::Sender<Arc<Vec<T>>>, latest: &Vec<T>) {
    sender.send_if_modified(|current| {
        let modified = **current != *latest;
        if modified {
            *current = Arc::new(latest.clone());
        }
        modified
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Else the first answer to a new one would be believed, whatever it says.
    #[tokio::test]
    async fn all_clients_learn_the_same_clock() {
        let outlet = Outlet::new(&Config::default());
        let client = async || {
            let access = Access::Url(http::Uri::from_static("http://127.0.0.1:1"));
            outlet.clone().client(access, Timing::default()).await.unwrap()
        };
        let (first, second) = (client().await, client().await);
        assert!(Arc::ptr_eq(first.clock(), second.clock()));
    }
}
