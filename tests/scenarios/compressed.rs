//! Scenarios over HTTP through the whole program, with time divided: simulated API server and metrics endpoints, observers,
//! board and site, under the real clock. What is said must be what the held clock makes of the same scenario, in order and at about the same instants.
//!
//! The scenario's instants, the seconds in its signals and every time of the policy are divided by the same number. What
//! the exporter waits for in real time (watches, silence) is not. A real clock needs a processor that is free now and then: a
//! run that was held up proves nothing and is played again, slower.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test's own faults may end it, and lint only knows test functions"
)]

#[expect(dead_code, reason = "its other users are in the tests under a held clock")]
mod held;
mod placed;
mod pulse;
mod sameness;

use std::cmp::Reverse;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use gim_upgrade_exporter::cli::exporter::Outlet;
use gim_upgrade_exporter::config::Config;
use gim_upgrade_exporter::model::names::Component;
use gim_upgrade_exporter::model::policy::Policy;
use gim_upgrade_exporter::model::time::{Timestamp, after, between};
use gim_upgrade_exporter::observe::client::Access;
use gim_upgrade_exporter::observe::timing::Timing;
use gim_upgrade_exporter::sim::api::{ApiServer, SharedStore};
use gim_upgrade_exporter::sim::player::Player;
use gim_upgrade_exporter::sim::scenario::{Scenario, Surrounding};
use gim_upgrade_exporter::sim::store::Store;
use gim_upgrade_exporter::sim::world::World;
use gim_upgrade_exporter::supervise::Generation;
use serde_json::Value;
use tokio::runtime::Runtime;

use self::held::{FIRST, Held, Place, Said, Sequence, Watcher, policy, suites};
use self::placed::place;
use self::pulse::Pulse;
use self::sameness::{Tolerance, Turn, same, turns};

/// How many times faster than written a scenario is played, and then, where the machine was too busy for that.
const SPEEDS: [f64; 3] = [60.0, 30.0, 15.0];
/// How long before its scenario starts a cluster is there: the exporter starts meanwhile, however busy the machine.
const LEAD: Duration = Duration::from_secs(4);
/// How many scenarios are played at once: they mostly wait, and keep two processors busy a third of the time.
const AT_ONCE: usize = 18;
/// Of a signal interval, how much a timer may be late before the run counts as held up.
const LATE: f64 = 0.25;
/// How long the tasks of a run may take to end.
const GRACE: Duration = Duration::from_secs(5);
/// Those that are played wherever the tests run: short, and each with another end.
const SOME: [&str; 4] = ["crash-loop", "gca-never-ready", "image-missing", "uninstall"];

/// A run of the whole program.
struct Run {
    said: Sequence,
    start: Timestamp,
    ends: Timestamp,
    /// How long before the scenario started the exporter was ready, and so began to read.
    lead: Duration,
    /// Whether the exporter was ready before the scenario started, and no timer was late since.
    undisturbed: bool,
}

/// Plays a scenario `speed` times faster than written.
async fn play(scenario: &Scenario, speed: f64) -> Run {
    let start = after(Timestamp::now(), LEAD);
    let world = World::new(scenario, start, speed).unwrap();
    let ends = world.ends();
    let store = SharedStore::new(Store::with_fractions());
    let player = Player::start(world, store.clone(), Arc::new(Timestamp::now)).await.unwrap();
    let server = ApiServer::start(store).await.unwrap();

    let (policy, suites) = (policy(scenario).divided(speed), suites(scenario));
    let mut config = Config { policy, suites, ..Config::default() };
    for suite in &mut config.suites {
        place(suite, &player);
        config.scope.helm_access = suite.helm_access;
    }
    let late_after = config.policy.signal_interval.mul_f64(LATE);
    let outlet = Outlet::new(&config);
    let mut generation = Generation::new();
    let address = outlet.serve(&mut generation, "127.0.0.1:0").await.unwrap();
    let access = Access::Url(server.url().parse().unwrap());
    let mut snapshots = outlet.snapshots();
    outlet.watch(&mut generation, config, access, Timing::default()).await.unwrap();

    let mut said = Sequence::default();
    let mut pulse = None;
    let ready = loop {
        snapshots.changed().await.unwrap();
        if snapshots.borrow().ready {
            break Timestamp::now();
        }
    };
    while Timestamp::now() < ends {
        let snapshot = snapshots.borrow_and_update().clone();
        said.note(snapshot.suites[0].judged, &snapshot.suites[0]);
        if snapshot.taken >= start {
            pulse.get_or_insert_with(Pulse::start);
        }
        tokio::select! {
            changed = snapshots.changed() => changed.unwrap(),
            ended = generation.first_end() => panic!("{ended}"),
            () = tokio::time::sleep(between(Timestamp::now(), ends)) => {}
        }
    }
    let status = format!("http://{address}/api/v1/status");
    loop {
        let snapshot = snapshots.borrow_and_update().clone();
        let told = status_of(&status).await;
        // It may have changed while it was asked for.
        if !snapshots.has_changed().unwrap() {
            let components = &snapshot.suites[0].assessment.components;
            let said = Component::ALL.iter().map(|component| Said::from(components.get(*component)));
            let said: Vec<_> = said.map(|said| (said.stage.to_string(), said.verdict.to_string())).collect();
            assert_eq!(said, told, "{}: what is judged is what is shown", scenario.name);
            break;
        }
    }
    generation.shut_down(GRACE).await;
    let latest = pulse.map(|pulse| pulse.latest()).unwrap_or_default();
    Run { said, start, ends, lead: between(ready, start), undisturbed: ready <= start && latest < late_after }
}

/// Whether a scenario can be played over HTTP: the simulated PostgreSQL answers, and has no tables; the API server never fails;
/// the exporter has a second's patience with what says nothing, however fast time goes, which is more than three probes then.
fn is_played(scenario: &Scenario) -> bool {
    !scenario.has_failing_sources()
        && !scenario.has_silent_dependency()
        && !scenario.configured.surroundings.contains(&Surrounding::InfoMart)
}

/// Stage and verdict of each component as the status shows them.
async fn status_of(url: &str) -> Vec<(String, String)> {
    let bytes = reqwest::get(url).await.unwrap().bytes().await.unwrap();
    let status: Value = serde_json::from_slice(&bytes).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let said = |component: &Component| {
        let component = &status["suites"][0]["components"][component.as_str()];
        (text(&component["stage"]), text(&component["verdict"]["verdict"]))
    };
    Component::ALL.iter().map(said).collect()
}

/// The same under a held clock, with an exporter that begins as long before the start.
fn hold(scenario: &Scenario, speed: f64, lead: Duration) -> (Sequence, Timestamp) {
    let mut held = Held::early(scenario, lead.mul_f64(speed));
    let ends = held.world.ends();
    let mut watchers = [Watcher::start(&held)];
    let mut said = Sequence::default();
    said.note(held.now, &watchers[0].suite());
    held.play(ends, &mut watchers, |now, watchers| said.note(now, &watchers[0].suite()));
    (said, ends)
}

/// What is different between the two runs; empty where nothing is.
fn differences(scenario: &Scenario, speed: f64, run: &Run) -> String {
    let (said, ends) = hold(scenario, speed, run.lead);
    let interval = Policy::default().signal_interval;
    // In one run readings are an interval apart, in the other up to one and a half.
    let tolerance = Tolerance { short: interval, apart: interval * 5 / 2 };
    let mut text = String::new();
    for component in Component::ALL {
        let place = Place(FIRST.into(), *component);
        let held = turns(&said.0[&place], held::start(), ends, 1.0);
        let played = turns(&run.said.0[&place], run.start, run.ends, speed);
        if !same(&held, &played, tolerance) {
            let _ = writeln!(text, "{}, {speed} times faster: {component}", scenario.name);
            for (name, turns) in [("held", held), ("compressed", played)] {
                let told = |turn: &Turn| {
                    let Said { stage, verdict } = turn.said;
                    format!("{stage} {verdict} at {:.1}s", turn.began.as_secs_f64())
                };
                let _ = writeln!(text, "  {name}: {}", turns.iter().map(told).collect::<Vec<_>>().join(", "));
            }
        }
    }
    text
}

/// Plays a scenario until the machine lets it be played undisturbed, or it went well anyhow.
async fn compare(name: &'static str) -> Result<(), String> {
    let scenario = Scenario::find(name).unwrap();
    let mut failure = String::new();
    for speed in SPEEDS {
        let run = play(&scenario, speed).await;
        let undisturbed = run.undisturbed;
        let of = scenario.clone();
        failure = tokio::task::spawn_blocking(move || differences(&of, speed, &run)).await.unwrap();
        if failure.is_empty() {
            return Ok(());
        }
        if undisturbed {
            return Err(failure);
        }
        println!("{name} was held up at {speed} times real time");
    }
    Err(format!("the machine is too busy for a real clock, or:\n{failure}"))
}

fn compare_all(names: impl Iterator<Item = &'static str>) {
    let runtime = Runtime::new().unwrap();
    let failures: Vec<String> = runtime.block_on(async {
        let runs = names.map(|name| async move { tokio::spawn(compare(name)).await.unwrap() });
        let mut runs = futures::stream::iter(runs).buffer_unordered(AT_ONCE);
        let mut failures = Vec::new();
        while let Some(run) = runs.next().await {
            failures.extend(run.err());
        }
        failures
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn some_scenarios_are_the_same_through_the_whole_program() {
    compare_all(SOME.into_iter());
}

/// All of them, which takes minutes: `make e2e` runs it.
#[test]
#[ignore = "minutes: make e2e runs it"]
fn all_scenarios_are_the_same_through_the_whole_program() {
    let only = std::env::var("SCENARIO").ok();
    let chosen = Scenario::list().filter(|name| only.as_ref().is_none_or(|only| only == name));
    let mut played: Vec<_> = chosen.map(|name| (name, Scenario::find(name).unwrap())).collect();
    played.retain(|(_, scenario)| is_played(scenario));
    // The longest first, so that none is left waiting at the end.
    played.sort_by_key(|(_, scenario)| Reverse(scenario.ends));
    compare_all(played.into_iter().map(|(name, _)| name));
}
