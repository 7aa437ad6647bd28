//! `demo`: the exporter on a simulated cluster, with both in one process and HTTP between them.
//!
//! Time is divided: the scenario's instants, its signals and every time of the policy by the same number, under the real clock.
//! What the terminal shows is what people at the keyboard would see of Helm, and what the exporter says of it.

mod prometheus;

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::watch;

use self::prometheus::Prometheus;
use super::announce;
use super::exporter::Outlet;
use super::flags::{self, Flags};
use super::web::Entrance;
use crate::config::Config;
use crate::model::suite::{Endpoint, Suite};
use crate::model::time::{Timestamp, between};
use crate::model::web::WebAccess;
use crate::observe::client::Access;
use crate::observe::timing::Timing;
use crate::sim::api::{ApiServer, SharedStore};
use crate::sim::player::Player;
use crate::sim::scenario::{Scenario, Span};
use crate::sim::store::Store;
use crate::sim::world::World;
use crate::supervise::{Generation, SHUTDOWN_GRACE, ShutdownSignal};

/// What is played where nothing is said: an upgrade that ends in `proceed`, and one that ends in `roll_back`.
const SCENARIOS: [&str; 2] = ["healthy-upgrade", "image-missing"];
/// How many times faster where nothing is said: both of these verdicts come within a minute.
const SPEED: f64 = 90.0;
/// How often the terminal is told what happened.
const LOOK: Duration = Duration::from_millis(100);

/// The scenario that is being played, for the times in front of the lines.
type Playing = Arc<Mutex<Option<Timestamp>>>;

/// Plays until a signal comes.
pub(super) async fn demo(flags: Flags, what: flags::Demo) -> anyhow::Result<()> {
    if what.list {
        return list();
    }
    let mut shutdown = ShutdownSignal::listen()?;
    let speed = what.speed.unwrap_or(SPEED);
    let names = what.scenario.as_ref().map_or(SCENARIOS.to_vec(), |name| vec![name.as_str()]);
    let scenarios = names.into_iter().map(Scenario::find).collect::<Result<Vec<_>, _>>()?;
    let mut config = flags.config()?;
    config.policy = config.policy.divided(speed);
    config.suites = vec![Suite::default_suite()];
    let outlet = Outlet::new(&config).under(flags.outside());
    let mut process = Generation::new();
    let mut entrance = Entrance::new(flags.web_config_file, outlet.clone(), Access::Infer);
    let door = entrance.door(&WebAccess::default()).await?;
    let scheme = if door.speaks_tls() { "https" } else { "http" };
    let (_, door) = watch::channel(Arc::new(door));
    let address = outlet.serve_behind(&mut process, &flags.listen_address, door, None).await?;
    let host = host_of(address);
    where_to_look(scheme, &host, speed);
    if let Some(program) = &what.prometheus {
        anyhow::ensure!(scheme == "http", "--prometheus scrapes without a password: leave --web.config.file out");
        config.alerts.external_url.get_or_insert_with(|| format!("{scheme}://{host}/").into());
        let starting = Prometheus::start(program, address, &config, speed);
        let prometheus = tokio::select! {
            started = starting => started?,
            _ = shutdown.comes() => return Ok(()),
        };
        tell(format_args!("  {}  the alerts of the shipped rules, in Prometheus", prometheus.url("/alerts")));
        process.spawn_until_stopped("prometheus", async move { Err(prometheus.ended().await) });
    }

    let began = Playing::default();
    let clock = Arc::clone(&began);
    let lines = announce::announce(outlet.snapshots(), move |line| say(&clock, speed, &line.to_string()));
    process.spawn_until_stopped("announcer", lines);
    process.spawn_until_stopped("player", play(scenarios, speed, config, outlet, began));
    Ok(process.run(async || shutdown.comes().await, SHUTDOWN_GRACE).await?)
}

fn list() -> anyhow::Result<()> {
    for name in Scenario::list() {
        tell(format_args!("{name:<24} {}", Scenario::find(name)?.title));
    }
    Ok(())
}

/// Plays one scenario after the other; the last one goes on.
async fn play(
    scenarios: Vec<Scenario>,
    speed: f64,
    mut config: Config,
    outlet: Outlet,
    began: Playing,
) -> anyhow::Result<()> {
    let mut rest = scenarios.into_iter().peekable();
    while let Some(scenario) = rest.next() {
        let start = Timestamp::now();
        *began.lock().unwrap_or_else(PoisonError::into_inner) = Some(start);
        tell(format_args!("\n{}: {}\n  {}\n", scenario.name, scenario.title, scenario.story.trim()));
        let world = World::new(&scenario, start, speed)?;
        let ends = world.ends();
        let store = SharedStore::new(Store::with_fractions());
        let player = Player::start(world, store.clone(), Arc::new(Timestamp::now)).await?;
        let server = ApiServer::start(store).await.context("cannot start the simulated cluster")?;
        if let Some(members) = config.suites.first_mut().map(|suite| &mut suite.members) {
            for member in [&mut members.gim, &mut members.gsp] {
                member.endpoint = Some(Endpoint::Pods { port: player.metrics_port(), path: "/metrics".into() });
            }
        }
        let mut generation = Generation::new();
        let access = Access::Url(server.url().parse().context("the simulated cluster has no address")?);
        outlet.watch(&mut generation, config.clone(), access, Timing::default()).await?;
        let last = rest.peek().is_none();
        tokio::select! {
            ended = generation.first_end() => return Err(ended.into()),
            () = watch_terminal(&player, &began, speed, (!last).then_some(ends)) => {}
        }
        generation.shut_down(SHUTDOWN_GRACE).await;
    }
    std::future::pending().await
}

/// Tells what is seen of Helm, until the scenario ends.
async fn watch_terminal(player: &Player, began: &Playing, speed: f64, ends: Option<Timestamp>) {
    let start = began.lock().unwrap_or_else(PoisonError::into_inner).unwrap_or_default();
    let mut told = start;
    while ends.is_none_or(|ends| Timestamp::now() < ends) {
        for (at, line) in player.log() {
            if at > told {
                told = at;
                say(began, speed, &format!("$    {line}"));
            }
        }
        tokio::time::sleep(LOOK).await;
    }
    say(began, speed, "the scenario is over");
}

/// Prints a line. Nobody reads any more where that fails, and Ctrl-C still ends the demo.
fn tell(line: std::fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Prints a line with the scenario's time in front of it.
fn say(began: &Playing, speed: f64, line: &str) {
    let start = began.lock().unwrap_or_else(PoisonError::into_inner).unwrap_or_else(Timestamp::now);
    let played = between(start, Timestamp::now()).mul_f64(speed);
    tell(format_args!(
        "{:>9}  {line}",
        Span::from_secs(i64::try_from(played.as_secs()).unwrap_or_default()).to_string()
    ));
}

/// The address as a browser takes it.
fn host_of(address: SocketAddr) -> String {
    if address.ip().is_unspecified() { format!("localhost:{}", address.port()) } else { address.to_string() }
}

fn where_to_look(scheme: &str, host: &str, speed: f64) {
    tell(format_args!("A simulated cluster, played {speed} times faster than real time. Ctrl-C ends it. Look at"));
    tell(format_args!("  {scheme}://{host}/               how each component stands"));
    tell(format_args!("  {scheme}://{host}/metrics        what Prometheus sees"));
    tell(format_args!("  {scheme}://{host}/api/v1/status  the judgement with its evidence"));
}
