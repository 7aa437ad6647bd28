//! The stage: a scenario that plays, exporters that watch it, Prometheus, Alertmanager and a pager. Everything is gone when it is
//! dropped.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use gim_upgrade_exporter::alerts::rules;
use gim_upgrade_exporter::cli::exporter::Outlet;
use gim_upgrade_exporter::config::Config;
use gim_upgrade_exporter::model::alerting::{AlertSettings, AlertmanagerAt};
use gim_upgrade_exporter::model::time::{Timestamp, after, between};
use gim_upgrade_exporter::observe::client::Access;
use gim_upgrade_exporter::observe::timing::Timing;
use gim_upgrade_exporter::sim::api::{ApiServer, SharedStore};
use gim_upgrade_exporter::sim::player::Player;
use gim_upgrade_exporter::sim::scenario::Scenario;
use gim_upgrade_exporter::sim::store::Store;
use gim_upgrade_exporter::sim::world::World;
use gim_upgrade_exporter::supervise::Generation;

use crate::alertmanager::{Alertmanager, Labels};
use crate::configured::{policy, suites};
use crate::placed::place;
use crate::prometheus::{Prometheus, Settings, Target};
use crate::pulse::Pulse;
use crate::receiver::Receiver;
use crate::shipped::Shipped;
use crate::tools::Tools;

/// How many times faster than written a scenario is played, and then, where the machine was too busy for that.
const SPEEDS: [u32; 2] = [60, 30];
/// How late a timer may be before a run counts as held up.
const LATE: Duration = Duration::from_millis(100);
/// How a failure begins that only says that the machine was too busy.
pub const HELD_UP: &str = "held up";
/// How far scrapes and evaluations are apart in the scenario.
pub const INTERVAL: Duration = Duration::from_secs(30);
/// How long before the scenario starts everything is there.
const LEAD: Duration = Duration::from_secs(15);
/// How long the tasks of an exporter may take to end.
const GRACE: Duration = Duration::from_secs(5);
/// The external labels of Prometheus, and those of the exporter's own alerts.
const CLUSTER: (&str, &str) = ("cluster", "east");

/// A simulated cluster in which a scenario plays.
pub struct Cluster {
    start: Timestamp,
    speed: u32,
    scenario: Scenario,
    store: SharedStore,
    player: Player,
}

/// An exporter on an address of its own.
pub struct Exporter {
    generation: Generation,
    /// What it sees; gone, it sees nothing.
    pub api: Option<ApiServer>,
}

impl Cluster {
    /// Plays a scenario so many times faster than written.
    pub async fn play(name: &str, speed: u32) -> Self {
        let scenario = Scenario::find(name).unwrap();
        let start = after(Timestamp::now(), LEAD);
        let world = World::new(&scenario, start, f64::from(speed)).unwrap();
        let store = SharedStore::new(Store::with_fractions());
        let player = Player::start(world, store.clone(), Arc::new(Timestamp::now)).await.unwrap();
        Self { start, speed, scenario, store, player }
    }

    /// When so many minutes of the scenario have passed.
    pub fn at(&self, minutes: f64) -> Timestamp {
        after(self.start, Duration::from_secs_f64(minutes * 60.0 / f64::from(self.speed)))
    }

    /// Waits until then.
    pub async fn reaches(&self, minutes: f64) {
        tokio::time::sleep(between(Timestamp::now(), self.at(minutes))).await;
    }

    /// Starts an exporter on an address, which posts alerts to `alertmanagers` itself where there are any.
    pub async fn watched(&self, address: &str, alertmanagers: &[String], timing: Timing) -> Exporter {
        let api = ApiServer::start(self.store.clone()).await.unwrap();
        let mut config = self.config();
        if !alertmanagers.is_empty() {
            config.alertmanager = Some(AlertmanagerAt {
                urls: alertmanagers.iter().map(|address| format!("http://{address}").into()).collect(),
                labels: [(CLUSTER.0.to_owned(), CLUSTER.1.to_owned())].into(),
                bearer_token_file: None,
                basic_auth: None,
                ca_file: None,
                timeout: Duration::from_secs(2),
            });
        }
        let outlet = Outlet::new(&config);
        let mut generation = Generation::new();
        outlet.serve(&mut generation, address).await.unwrap();
        outlet.notify(&mut generation, &config, self.speed);
        let access = Access::Url(api.url().parse().unwrap());
        outlet.watch(&mut generation, config, access, timing).await.unwrap();
        Exporter { generation, api: Some(api) }
    }

    fn config(&self) -> Config {
        let policy = policy(&self.scenario).divided(f64::from(self.speed));
        let mut config = Config { policy, suites: suites(&self.scenario), ..Config::default() };
        for suite in &mut config.suites {
            config.scope.helm_access = suite.helm_access;
            place(suite, &self.player);
        }
        config
    }

    /// A Prometheus that scrapes these exporters, with the shipped rules for the scenario's suites.
    pub async fn prometheus(&self, exporters: &[String], alertmanagers: &[String]) -> Prometheus {
        let rules = rules_file(&rules::rules(&suites(&self.scenario), &AlertSettings::default(), self.speed));
        let target = |(nth, address): (usize, &String)| {
            Target::of_pod(address, "monitoring", &format!("gim-upgrade-exporter-{nth}"), "gim-upgrade-exporter")
        };
        let settings = Settings {
            targets: exporters.iter().enumerate().map(target).collect(),
            rules: vec![rules],
            alertmanagers: alertmanagers.to_vec(),
            external_labels: Labels::from([(CLUSTER.0.to_owned(), CLUSTER.1.to_owned())]),
            scrape_interval: INTERVAL / self.speed,
            evaluation_interval: INTERVAL / self.speed,
            lookback_delta: Duration::from_mins(5) / self.speed,
            resend_delay: Duration::from_mins(1) / self.speed,
        };
        let program = Tools::open().and_then(|tools| tools.path("prometheus")).unwrap();
        Prometheus::start(&program, &settings).await.unwrap()
    }
}

impl Exporter {
    /// Ends it.
    pub async fn stop(self) {
        self.generation.shut_down(GRACE).await;
    }
}

/// An Alertmanager with the shipped configuration, its waits divided, and whoever it notifies.
pub async fn pager(speed: u32) -> (Alertmanager, Receiver) {
    let receiver = Receiver::start().await.unwrap();
    let waits =
        [Duration::from_secs(30), Duration::from_mins(5)].map(|wait| format!("{}ms", (wait / speed).as_millis()));
    let config = Shipped::read().unwrap().sending(&receiver.url(), &waits[0], &waits[1]).text();
    let program = Tools::open().and_then(|tools| tools.path("alertmanager")).unwrap();
    (Alertmanager::start(&program, &config).await.unwrap(), receiver)
}

/// Plays until the machine lets it be played undisturbed, or it went well anyhow: a clock that is held up proves nothing.
pub async fn undisturbed<F: Future<Output = Result<(), String>>>(play: impl Fn(u32) -> F) -> Result<(), String> {
    let mut failure = String::new();
    for speed in SPEEDS {
        let pulse = Pulse::start();
        match play(speed).await {
            Ok(()) => return Ok(()),
            Err(what) if pulse.latest() < LATE && !what.starts_with(HELD_UP) => return Err(what),
            Err(what) => {
                failure = format!("the machine is too busy for a real clock, or at {speed} times real time:\n{what}")
            }
        }
        println!("held up: {failure}");
    }
    Err(failure)
}

/// An address that is free.
pub fn free_address() -> String {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    format!("127.0.0.1:{port}")
}

fn rules_file(rules: &rules::RuleFile) -> PathBuf {
    static FILES: AtomicU32 = AtomicU32::new(0);
    let number = FILES.fetch_add(1, Ordering::Relaxed);
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("paging-{}-{number}.yaml", std::process::id()));
    fs::write(&file, serde_saphyr::to_string(rules).unwrap()).unwrap();
    file
}
