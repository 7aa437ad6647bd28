//! Tests of whole pages: goldens, order, labels, and that what is kept equals what would be made anew.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use super::*;
use crate::assess::assessment::Stage;
use crate::assess::snapshot::SuiteSnapshot;
use crate::exposition::{Parser, Sample};
use crate::model::memory::Witness;
use crate::model::names::Component;
use crate::model::release::ReleaseStatus;
use crate::model::source::{ClockOffset, Freshness};
use crate::model::suite::Origin;
use crate::model::time::{Timestamp, after};
use crate::publish::families::{self, Family};
use crate::publish::fixture::{self, at, busy, resting, snapshot, starting};

const FORMATS: [Format; 2] = [Format::Text, Format::OpenMetrics];

/// Labels that belong to the scrape.
const FORBIDDEN: [&str; 10] =
    ["service", "namespace", "pod", "container", "endpoint", "node", "job", "instance", "cluster", "prometheus"];

struct Held;

impl Clock for Held {
    fn now(&self) -> Timestamp {
        at(1000)
    }
}

/// A page and the end by which it is given new snapshots.
fn page(snapshot: Snapshot) -> (Page, watch::Sender<Arc<Snapshot>>) {
    let (sender, receiver) = watch::channel(Arc::new(snapshot));
    let own = OwnMetrics::new(at(0), Arc::new(ClockOffset::default()));
    own.judged(at(0));
    own.posts_to(&"http://alertmanager:9093".into()).offered(2);
    (Page::new(receiver, Arc::new(own), Arc::new(Held)), sender)
}

async fn plain(page: &Page, format: Format) -> String {
    let stretches: Vec<Bytes> = page.plain(format).await.unwrap().collect::<Result<_, _>>().unwrap();
    String::from_utf8(stretches.concat()).unwrap()
}

async fn gzip(page: &Page, format: Format) -> String {
    let pieces = page.gzip(format).await.unwrap().concat();
    let mut decoder = flate2::bufread::GzDecoder::new(&*pieces);
    let mut text = String::new();
    decoder.read_to_string(&mut text).unwrap();
    assert!(decoder.into_inner().is_empty(), "one gzip member");
    text
}

/// The page without the values that change by themselves.
fn steady(page: &str) -> String {
    let is_steady =
        |line: &&str| !line.starts_with("process_") && !line.starts_with("gim_upgrade_exporter_scrape_duration");
    page.lines().filter(is_steady).fold(String::new(), |text, line| text + line + "\n")
}

fn parse(page: &str, format: Format) -> Vec<Sample> {
    let mut parser = Parser::new(format, |_: &str| true);
    parser.feed(page.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{page}"));
    parser.finish().unwrap_or_else(|error| panic!("{error}\n{page}"))
}

fn two_suites() -> Snapshot {
    snapshot(1, vec![busy("default"), starting("blue")])
}

/// A suite that has borrowed the GSP of `default`.
fn borrowing(name: &str) -> SuiteSnapshot {
    let mut suite = resting(name);
    let mut place = (*suite.suite).clone();
    place.members.gsp.owner = Some("default".into());
    place.members.gim.origin = Origin::Discovered;
    suite.suite = Arc::new(place);
    suite
}

/// A component that several suites share is on the page once.
#[tokio::test]
async fn a_borrowed_component_has_one_series_that_names_its_owner() {
    let (page, sender) = page(snapshot(1, vec![busy("default"), borrowing("green")]));
    let of_gsp = async |page: &Page| {
        let text = plain(page, Format::Text).await;
        let mine = |line: &&str| line.contains("suite=\"green\",component=\"gsp\"");
        text.lines().filter(mine).map(str::to_owned).collect::<Vec<_>>()
    };
    let member = r#"gim_upgrade_suite_member{suite="green",component="gsp",owner="default"} 1"#;
    assert_eq!(of_gsp(&page).await, [member]);
    // Given back, it is a component like any other.
    sender.send_replace(Arc::new(snapshot(2, vec![busy("default"), resting("green")])));
    assert!(of_gsp(&page).await.len() > 5);
}

#[tokio::test]
async fn pages_are_the_goldens() {
    let (page, _sender) = page(snapshot(1, vec![busy("default"), starting("blue"), borrowing("green")]));
    for (format, name) in [(Format::Text, "page.txt"), (Format::OpenMetrics, "page.openmetrics")] {
        let path = format!("{}/tests/testdata/publish/{name}", env!("CARGO_MANIFEST_DIR"));
        let page = steady(&plain(&page, format).await).replace(env!("CARGO_PKG_VERSION"), "VERSION");
        if std::env::var_os("UPDATE_GOLDENS").is_some() {
            std::fs::write(&path, &page).unwrap();
        }
        let golden = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            page == golden,
            "{path} differs: UPDATE_GOLDENS=1 cargo test --lib publish::, then read the difference"
        );
    }
}

#[tokio::test]
async fn every_family_is_there_with_exactly_its_labels() {
    let (page, _sender) = page(two_suites());
    for format in FORMATS {
        let samples = parse(&plain(&page, format).await, format);
        for family in families::all() {
            let name = family.description.name;
            let own = |sample: &&Sample| [name, &format!("{name}_sum")].contains(&sample.name.as_str());
            let mut here = samples.iter().filter(own).peekable();
            assert!(here.peek().is_some(), "{name} has no series in the fixture");
            let expected: BTreeSet<&str> = family.all_labels().collect();
            for sample in here {
                let labels: BTreeSet<&str> = sample.labels.iter().map(|(label, _)| label.as_str()).collect();
                assert_eq!(labels, expected, "{name}");
            }
        }
        let known: BTreeSet<&str> = families::all().map(|family| family.description.name).collect();
        for sample in &samples {
            let base = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| sample.name.strip_suffix(suffix));
            let is_known = known.contains(&*sample.name) || base.is_some_and(|base| known.contains(base));
            assert!(is_known, "{} is in no table", sample.name);
        }
    }
}

#[test]
fn the_table_keeps_the_contract() {
    let names: Vec<&str> = families::all().map(|family| family.description.name).collect();
    assert_eq!(fixture::repeated(names.iter().copied()), [""; 0]);
    for family in families::all() {
        let Family { description, .. } = family;
        assert!(description.help.ends_with('.'), "{}", description.name);
        assert!(description.name.starts_with("gim_upgrade_") || description.name.starts_with("process_"));
        if let Some(unit) = description.unit {
            assert!(description.name.trim_end_matches("_total").ends_with(unit), "{}", description.name);
        }
        let labels: Vec<&str> = family.all_labels().collect();
        assert!(family.labels.len() <= crate::publish::series::MAX_LABELS);
        assert_eq!(fixture::repeated(labels.iter().copied()), [""; 0], "{}", description.name);
        for label in labels {
            assert!(!FORBIDDEN.contains(&label), "{}: {label} belongs to the scrape", description.name);
        }
    }
}

#[tokio::test]
async fn families_suites_and_series_are_in_order() {
    let (page, _sender) = page(snapshot(1, vec![busy("zeta"), busy("alpha"), busy("alpha-2")]));
    let text = plain(&page, Format::OpenMetrics).await;
    let described: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    let table: Vec<&str> = families::all().map(|family| family.description.family_name(Format::OpenMetrics)).collect();
    assert_eq!(described, table);
    for family in families::all().filter(|family| family.is_of_suites()) {
        let prefix = format!("{}{{", family.description.name);
        let suites: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix(&prefix)?.strip_prefix("suite=\"")?.split('"').next())
            .collect();
        let mut sorted = suites.clone();
        sorted.sort_unstable();
        assert_eq!(suites, sorted, "{}", family.description.name);
        for suite in ["alpha", "alpha-2", "zeta"] {
            let samples = parse(&text, Format::OpenMetrics);
            let rows: Vec<Vec<&str>> = samples
                .iter()
                .filter(|sample| sample.name == family.description.name && sample.label("suite") == Some(suite))
                .map(|sample| family.all_labels().filter_map(|label| sample.label(label)).collect())
                .collect();
            let mut sorted = rows.clone();
            sorted.sort();
            assert_eq!(rows, sorted, "{}", family.description.name);
        }
    }
}

#[tokio::test]
async fn odd_names_come_back_as_they_were() {
    let (page, _sender) = page(two_suites());
    for format in FORMATS {
        let samples = parse(&plain(&page, format).await, format);
        for (name, label) in [
            ("gim_upgrade_pod_pending_since_timestamp_seconds", "target_pod"),
            ("gim_upgrade_kafka_topic_behind_seconds", "topic"),
        ] {
            let is_odd = |sample: &&Sample| sample.name == name && sample.label(label) == Some(fixture::ODD);
            assert_eq!(samples.iter().filter(is_odd).count(), 1, "{name}");
        }
    }
}

#[tokio::test]
async fn what_was_never_heard_of_is_not_shown() {
    let (page, _sender) = page(two_suites());
    let samples = parse(&plain(&page, Format::Text).await, Format::Text);
    let of_blue: Vec<&Sample> = samples.iter().filter(|sample| sample.label("suite") == Some("blue")).collect();
    let expected = [
        "component_info",
        "suite_member",
        "operation",
        "stage",
        "check",
        "checks",
        "verdict",
        "verdict_reason",
        "gate_open",
    ];
    let expected: BTreeSet<String> = expected.iter().map(|name| format!("gim_upgrade_{name}")).collect();
    let names: BTreeSet<String> = of_blue.iter().map(|sample| sample.name.clone()).collect();
    assert_eq!(names, expected);
    for sample in of_blue {
        match sample.name.as_str() {
            "gim_upgrade_check" => assert!(sample.value.is_nan()),
            "gim_upgrade_verdict" => assert_eq!(sample.label("verdict"), Some("unknown")),
            _ => {}
        }
    }
}

#[tokio::test]
async fn of_a_series_twice_the_first_stays() {
    let mut suite = busy("default");
    let mut revision = (*suite.facts.components.gim.release.revisions[1]).clone();
    let mut body = revision.body().unwrap().clone();
    body.hooks.extend(body.hooks.clone());
    revision.body = crate::model::release::BodyState::Read(Arc::new(body));
    suite.facts.components.gim.release.revisions[1] = Arc::new(revision);
    let (page, _sender) = page(snapshot(1, vec![suite]));
    let hooks = parse(&plain(&page, Format::Text).await, Format::Text);
    assert_eq!(hooks.iter().filter(|sample| sample.name == "gim_upgrade_release_hook_status").count(), 4);
}

#[tokio::test]
async fn gzip_reads_as_the_plain_page() {
    for suites in [0, 1, 2, 128, 129, 300] {
        let suites = (0..suites).map(|i| if i % 3 == 0 { busy(&format!("s{i}")) } else { starting(&format!("s{i}")) });
        let (page, _sender) = page(snapshot(1, suites.collect()));
        for format in FORMATS {
            let text = plain(&page, format).await;
            assert_eq!(steady(&text), steady(&gzip(&page, format).await));
            parse(&text, format);
        }
    }
}

type Change = fn(&mut SuiteSnapshot);

/// Changes of one suite, one for each part and some for none.
fn changes() -> Vec<(&'static str, Change)> {
    vec![
        ("nothing", |_| {}),
        ("judged again", |suite| suite.judged = after(suite.judged, std::time::Duration::from_secs(1))),
        ("stage", |suite| suite.assessment.components.gsp.stage = Stage::Degraded),
        ("until", |suite| suite.assessment.components.gim.verdict.until = Some(at(5000))),
        ("evidence", |suite| Arc::make_mut(&mut suite.assessment.components.gim.checks)[0].1.evidence.clear()),
        ("answer", |suite| Arc::make_mut(&mut suite.assessment.components.gim.checks).truncate(1)),
        ("pod", |suite| drop(suite.facts.components.gim.workloads[0].pods.pop())),
        ("pods forbidden", |suite| suite.facts.components.gim.sources.pods = Freshness::Forbidden),
        ("status", |suite| {
            suite.facts.components.gim.release.revisions[1] = fixture::revision("gim", 4, ReleaseStatus::Failed);
        }),
        ("helm starting", |suite| suite.facts.components.gim.sources.helm = Freshness::Starting),
        ("companion", |suite| suite.facts.components.gim.companion.revisions.clear()),
        ("reading gone", |suite| suite.facts.components.gim.signals.readings.clear()),
        ("reading too old", |suite| suite.judged = at(990 + 45)),
        ("trend", |suite| suite.assessment.components.gim.trend = None),
        ("operation", |suite| suite.assessment.components.gim.operation = None),
        ("operation over", |suite| {
            suite.assessment.components.gim.operation.as_mut().unwrap().in_window = false;
        }),
        ("memory", |suite| Arc::make_mut(&mut suite.memory).components.gim.completed.clear()),
        ("witness", |suite| {
            let witness: Option<Witness> = None;
            Arc::make_mut(&mut suite.memory).components.gim.witness = witness;
        }),
        ("place", |suite| {
            let mut place = (*suite.suite).clone();
            place.members.get_mut(Component::Gca).namespace = "elsewhere".into();
            suite.suite = Arc::new(place);
        }),
    ]
}

#[tokio::test]
async fn a_kept_page_equals_a_new_one() {
    for others in [0, 130] {
        for (name, change) in changes() {
            let first = snapshot(1, vec![busy("default")]);
            let more: Vec<_> = (0..others).map(|i| Arc::new(resting(&format!("s{i}")))).collect();
            let mut first = first;
            first.suites.extend(more);
            let mut second = first.clone();
            second.sequence = 2;
            let mut suite = (*first.suites[0]).clone();
            change(&mut suite);
            second.suites[0] = Arc::new(suite);

            let (page, sender) = page(first);
            gzip(&page, Format::OpenMetrics).await;
            sender.send_replace(Arc::new(second.clone()));
            let kept = gzip(&page, Format::OpenMetrics).await;
            let (new, _sender) = self::page(second);
            assert_eq!(steady(&kept), steady(&gzip(&new, Format::OpenMetrics).await), "{name}, {others} others");
        }
    }
}

#[tokio::test]
async fn other_suites_policies_and_sources_are_seen() {
    let first = two_suites();
    let mut renamed = first.clone();
    renamed.suites[1] = Arc::new(starting("green"));
    let mut fewer = first.clone();
    fewer.suites.pop();
    let mut policy = first.clone();
    let mut times = (*policy.policy).clone();
    times.times.gim.helm_timeout = std::time::Duration::from_secs(7);
    policy.policy = Arc::new(times);
    let mut sources = first.clone();
    let mut list = (*sources.sources).clone();
    list[0].freshness = Freshness::Stale;
    list.pop();
    sources.sources = Arc::new(list);
    for (name, mut second) in [("renamed", renamed), ("fewer", fewer), ("policy", policy), ("sources", sources)] {
        second.sequence = 2;
        let (page, sender) = page(first.clone());
        let before = gzip(&page, Format::Text).await;
        sender.send_replace(Arc::new(second.clone()));
        let kept = gzip(&page, Format::Text).await;
        assert_ne!(steady(&before), steady(&kept), "{name}");
        let (new, _sender) = self::page(second);
        assert_eq!(steady(&kept), steady(&gzip(&new, Format::Text).await), "{name}");
    }
}

#[tokio::test]
async fn a_scrape_is_counted() {
    let (page, _sender) = page(two_suites());
    gzip(&page, Format::Text).await;
    plain(&page, Format::Text).await;
    let samples = parse(&plain(&page, Format::Text).await, Format::Text);
    let by_name: BTreeMap<&str, f64> = samples.iter().map(|sample| (sample.name.as_str(), sample.value)).collect();
    assert_eq!(by_name.get("gim_upgrade_exporter_scrape_duration_seconds_count"), Some(&2.0));
}
