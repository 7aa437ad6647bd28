//! An exporter that is killed and started again says the same within the longest hold, and until then nothing but the
//! same or `wait`. `proceed` comes no sooner than without, but for the moment at which a metrics page is read.

use std::collections::BTreeMap;
use std::time::Duration;

use gim_upgrade_exporter::assess::assessment::VerdictKind;
use gim_upgrade_exporter::model::time::{Timestamp, after, before, between};
use gim_upgrade_exporter::sim::scenario::{SOURCES, Scenario, SourceState, Surrounding};

use super::held::{Held, Place, Said, Watcher, policy, start};

/// How often each scenario's exporter is killed.
const KILLS: u64 = 20;

/// How long a counter may stand still before it tells that something fails: two of Flink's checkpoints.
const MOVES: Duration = Duration::from_mins(2);

/// Scenarios in which an exporter that was killed lacks evidence for good, and what it says instead. Metrics or a topic that were
/// read before it began are nothing that it could miss. A dependency that never answered it is likelier asked at the wrong
/// place than down.
const CANNOT_KNOW: &[(&str, VerdictKind, VerdictKind)] = &[
    ("metrics-absent", VerdictKind::RollBack, VerdictKind::Investigate),
    ("gsp-metrics-absent", VerdictKind::RollBack, VerdictKind::Investigate),
    ("topic-vanishes", VerdictKind::Wait, VerdictKind::None),
    ("topic-vanishes", VerdictKind::Investigate, VerdictKind::None),
    ("topic-vanishes-after-upgrade", VerdictKind::Investigate, VerdictKind::Proceed),
    ("kafka-down", VerdictKind::FixDependency, VerdictKind::Investigate),
    ("image-missing-kafka-down", VerdictKind::FixDependency, VerdictKind::RollBack),
    ("object-storage-down", VerdictKind::FixDependency, VerdictKind::RollBack),
    ("gca-never-ready-storage-down", VerdictKind::FixDependency, VerdictKind::RollBack),
    ("gca-never-ready-storage-down", VerdictKind::FixDependency, VerdictKind::Investigate),
];

/// Scenarios in which Flink's checkpoints fail while nothing is upgraded. At rest the newest page is proof enough, and it does
/// not tell of a checkpoint until one more has come or failed: until then all seems well.
const NOT_AT_ONCE: &[&str] = &["kafka-down", "image-missing-kafka-down", "gca-never-ready-storage-down"];

/// Scenarios in which it takes so much longer than a hold to learn again what was forgotten. Flink's counters tell how many
/// checkpoints there were and not when: that they fail, or that none is completed, must be seen anew; so must the next failed job.
const LEARNS_LATER: &[(&str, Duration)] = &[
    ("checkpoints-failing", Duration::from_mins(3)),
    ("checkpoints-hang", Duration::from_mins(16)),
    ("jobs-failing", Duration::from_mins(1)),
    ("object-storage-down", Duration::from_mins(3)),
];

/// Instants spread over a scenario by a fixed sequence, so that a failure can be repeated.
fn instants(name: &str, span: Duration) -> Vec<Duration> {
    let mut state = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let mut instants: Vec<Duration> = (0..KILLS)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            Duration::from_millis((state >> 33) % u64::try_from(span.as_millis()).unwrap())
        })
        .collect();
    instants.sort_unstable();
    instants
}

fn play(scenario: &Scenario) -> Vec<String> {
    let policy = policy(scenario);
    let reads_database = scenario.configured.surroundings.contains(&Surrounding::InfoMart);
    let interval = if reads_database { policy.database_interval } else { policy.signal_interval };
    let mut held = Held::new(scenario);
    let ends = held.world.ends();
    let span = Duration::try_from(ends.duration_since(start())).unwrap();
    let mut watchers = vec![Watcher::start(&held)];
    let mut failures = Vec::new();
    // What each component was last said to be before the present, and when that ended: two exporters read a metrics page
    // at different moments, so one may follow the other by a signal interval.
    let mut lately: BTreeMap<Place, Vec<(Timestamp, Said)>> = BTreeMap::new();
    let mut behind: BTreeMap<(usize, Place), Timestamp> = BTreeMap::new();
    // Since when each one that joined later has evidence from every source.
    let mut whole: BTreeMap<usize, Timestamp> = BTreeMap::new();
    let later = LEARNS_LATER.iter().find(|(name, _)| *name == scenario.name).map(|(_, later)| *later);
    let moves = if NOT_AT_ONCE.contains(&&*scenario.name) { MOVES } else { Duration::ZERO };
    let mut compare = |held: &Held, watchers: &[Watcher]| {
        let now = held.now;
        // Without evidence of its own an exporter knows nothing yet, where one that had some believes it a little longer; its time
        // begins once it has all of it.
        let blind = SOURCES.iter().any(|source| held.world.source(source) != SourceState::Back);
        let (without, killed) = watchers.split_first().unwrap();
        for (row, (component, same)) in without.said().iter().enumerate() {
            let same = *same;
            let lately = lately.entry(component.clone()).or_default();
            lately.retain(|(until, _)| *until >= before(now, interval));
            for (place, watcher) in killed.iter().enumerate() {
                let said = watcher.said()[row].1;
                let excused = CANNOT_KNOW.contains(&(scenario.name.as_str(), same.verdict, said.verdict));
                let began = if blind { None } else { Some(*whole.entry(place).or_insert(now)) };
                let within = |time| began.is_none_or(|began| now <= after(began, time));
                let early = within(policy.hold + moves);
                let unmoved = !moves.is_zero() && now <= after(watcher.joined, moves + interval);
                let forgot = later.is_some_and(|later| within(policy.hold + later));
                let seems_well = (unmoved || forgot) && said.verdict == VerdictKind::None;
                let may_wait = (early || forgot) && (said.verdict == VerdictKind::Wait || said.verdict == same.verdict)
                    || blind && said.verdict == VerdictKind::Unknown;
                let follows = lately.iter().any(|(_, former)| *former == said);
                let key = (place, component.clone());
                if same == said || excused || may_wait || seems_well || follows {
                    behind.remove(&key);
                } else if between(*behind.entry(key).or_insert(now), now) > interval {
                    // Ahead for longer than a signal interval, or something that was never said without.
                    failures.push(format!(
                        "{}: killed at {}, at {now} {component} is {said:?} instead of {same:?}",
                        scenario.name, watcher.joined
                    ));
                }
            }
            lately.push((now, same));
        }
    };
    for instant in instants(&scenario.name, span) {
        held.play_seen(after(start(), instant), &mut watchers, &mut compare);
        watchers.push(Watcher::start(&held));
    }
    held.play_seen(ends, &mut watchers, &mut compare);
    failures.truncate(3);
    failures
}

/// Two tests of one half each, which run at once.
#[test]
fn a_killed_exporter_comes_to_the_same() {
    play_half(0);
}

#[test]
fn another_killed_exporter_comes_to_the_same() {
    play_half(1);
}

fn play_half(half: usize) {
    let only = std::env::var("SCENARIO").ok();
    let failures: Vec<String> = Scenario::list()
        .enumerate()
        .filter(|(place, name)| place % 2 == half && only.as_ref().is_none_or(|only| only == name))
        .map(|(_, name)| name)
        .map(|name| Scenario::find(name).unwrap())
        .flat_map(|scenario| play(&scenario))
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
