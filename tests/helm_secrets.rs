//! The simulator's release Secrets beside those that the real Helm wrote, captured under `tests/testdata/helm`: labels, type,
//! managers, and what is inside. Else the simulator's encoder and our decoder would merely agree with each other.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test's own faults may end it, and lint only knows test functions"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use gim_upgrade_exporter::model::release::ReleaseBody;
use gim_upgrade_exporter::model::scope::HelmDriver;
use gim_upgrade_exporter::model::time::Timestamp;
use gim_upgrade_exporter::observe::helm_body::release_body;
use gim_upgrade_exporter::sim::scenario::{HelmVersion, Scenario};
use gim_upgrade_exporter::sim::store::{ChangeType, Kind, Store};
use gim_upgrade_exporter::sim::world::World;
use serde_json::Value;

/// What was captured, and the scenario, release and revision in which the simulator does the same.
const TWINS: [(&str, &str, &str, u32); 12] = [
    ("gca-v1-pending-install", "first-install-stuck", "gca", 1),
    ("gca-v1-uninstalled", "uninstall-keep-history", "gca", 2),
    ("gim-v1-deployed", "first-install", "gim", 1),
    ("gim-v1-superseded", "rollback", "gim", 1),
    ("gim-v2-superseded", "rollback", "gim", 3),
    ("gim-v3-pending-upgrade", "release-stuck-pending", "gim", 4),
    ("gim-v4-deployed", "rollback", "gim", 5),
    ("gim-v5-failed", "rollback-wait-stale-pod", "gim", 4),
    ("gim-v6-failed", "rollback-wait-stale-pod", "gim", 5),
    ("gsp-v1-superseded", "hook-failed", "gsp", 1),
    ("gsp-v2-failed", "hook-failed", "gsp", 3),
    ("gsp-v3-deployed", "healthy-upgrade", "gsp", 3),
];

/// Keys that one may have and the other not, because their charts differ: notes, keywords, values that were set, a hook's weight.
const OF_THE_CHART: [&str; 5] = [
    ".info.notes:text",
    ".chart.metadata.keywords:list",
    ".chart.metadata.keywords[]:text",
    ".config:object",
    ".hooks[].weight:number",
];
/// The only event that the captured charts have a hook for.
const EVENT: &str = "pre-upgrade";
/// Parts of a chart that are null where it has none.
const NULLABLE: [&str; 2] = [".chart.schema", ".chart.files"];

/// A release Secret, and the JSON of the release in it.
struct Stored {
    secret: Value,
    release: Value,
}

impl Stored {
    fn new(secret: Value) -> Self {
        let data = STANDARD.decode(secret["data"]["release"].as_str().unwrap()).unwrap();
        let gzip = STANDARD.decode(data).unwrap();
        let mut json = String::new();
        GzDecoder::new(&*gzip).read_to_string(&mut json).unwrap();
        Self { secret, release: serde_json::from_str(&json).unwrap() }
    }

    fn captured(helm: HelmVersion, name: &str) -> Self {
        let major = if helm == HelmVersion::Three { 3 } else { 4 };
        let path = format!("{}/tests/testdata/helm/helm{major}-{name}.json", env!("CARGO_MANIFEST_DIR"));
        Self::new(serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap())
    }

    fn decoded(&self) -> ReleaseBody {
        release_body(self.secret.to_string().as_bytes(), HelmDriver::Secret).unwrap()
    }

    /// What is in the Secret around the release, without what differs from one to the next.
    fn outside(&self) -> String {
        let metadata = &self.secret["metadata"];
        let mut said = String::new();
        let _ = writeln!(said, "{} {} {}", self.secret["apiVersion"], self.secret["kind"], self.secret["type"]);
        let _ = writeln!(said, "{:?} {:?}", keys(metadata), keys(&self.secret["data"]));
        for (label, value) in metadata["labels"].as_object().unwrap() {
            let value = value.as_str().unwrap();
            let form = match label.as_str() {
                // Seconds since the epoch.
                "createdAt" | "modifiedAt" if value.len() == 10 && value.parse::<u64>().is_ok() => "seconds",
                "version" if value.parse() == Ok(self.release["version"].as_u64().unwrap()) => "that of the release",
                "name" if value == self.release["name"] => "that of the release",
                _ => value,
            };
            let _ = writeln!(said, "label {label}: {form}");
        }
        for managed in metadata["managedFields"].as_array().unwrap() {
            let words = ["manager", "operation", "apiVersion", "fieldsType"].map(|key| managed[key].to_string());
            let time = managed["time"].as_str().unwrap().parse::<Timestamp>().is_ok();
            let _ = writeln!(said, "{} {time} {:?}", words.join(" "), keys(&managed["fieldsV1"]));
        }
        let prefix = metadata["name"].as_str().unwrap().replace(|letter: char| letter.is_ascii_digit(), "");
        said + &prefix.replace(self.release["name"].as_str().unwrap(), "NAME")
    }

    /// Every key of the release with the type of its value, but for values and templates, which are the chart's own.
    fn shape(&self) -> BTreeSet<String> {
        let mut shape = BTreeSet::new();
        let mut release = self.release.clone();
        if let Some(hooks) = release.get_mut("hooks").and_then(Value::as_array_mut) {
            hooks.retain(|hook| hook["events"][0] == EVENT);
        }
        add_shape(&release, "", &mut shape);
        shape.retain(|key| !OF_THE_CHART.contains(&key.as_str()) && !is_nullable(key));
        shape
    }

    /// Helm's words, without the names of this release's objects.
    fn description(&self) -> String {
        let mut said = self.release["info"]["description"].as_str().unwrap().to_owned();
        let namespace = self.secret["metadata"]["namespace"].as_str().unwrap();
        said = said.replace(&format!("/{namespace}/"), "/NAMESPACE/");
        for hook in self.release["hooks"].as_array().into_iter().flatten() {
            said = said.replace(hook["name"].as_str().unwrap(), "HOOK");
        }
        // The number is another one in another history.
        let is_rollback = said.strip_prefix("Rollback to ").is_some_and(|number| number.parse::<u32>().is_ok());
        if is_rollback { "Rollback to N".to_owned() } else { said }
    }
}

fn is_nullable(key: &str) -> bool {
    let part_of = |part: &str| key.strip_prefix(part).is_some_and(|rest| rest.starts_with([':', '[']));
    NULLABLE.into_iter().any(part_of)
}

fn keys(value: &Value) -> Vec<&String> {
    value.as_object().unwrap().keys().collect()
}

fn add_shape(value: &Value, path: &str, shape: &mut BTreeSet<String>) {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(text) if text.parse::<Timestamp>().is_ok() => "time",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    };
    shape.insert(format!("{path}:{kind}"));
    if path == ".chart.values" || path == ".config" {
        return;
    }
    for item in value.as_array().into_iter().flatten() {
        add_shape(item, &format!("{path}[]"), shape);
    }
    for (key, value) in value.as_object().into_iter().flatten() {
        add_shape(value, &format!("{path}.{key}"), shape);
    }
}

/// Every state in which a scenario's Secrets ever were, by release, revision and status; the last of each.
fn play(scenario: &str, helm: HelmVersion) -> BTreeMap<(String, String, String), Value> {
    let scenario = Scenario { helm, ..Scenario::find(scenario).unwrap() };
    let mut now: Timestamp = "2026-03-02T22:00:00Z".parse().unwrap();
    let mut world = World::new(&scenario, now, 1.0).unwrap();
    let (mut store, mut states) = (Store::new(), BTreeMap::new());
    let mut seen = store.revision();
    loop {
        world.advance(&mut store, now);
        for change in store.changes_since(seen).unwrap() {
            if change.kind == Kind::Secrets && change.change != ChangeType::Deleted {
                let secret = change.object.to_value();
                let label = |name: &str| secret["metadata"]["labels"][name].as_str().unwrap().to_owned();
                states.insert((label("name"), label("version"), label("status")), secret.clone());
            }
        }
        seen = store.revision();
        match world.next_event() {
            Some(next) if next <= world.ends() => now = next,
            _ => return states,
        }
    }
}

#[test]
fn the_simulators_secrets_are_like_helms() {
    let mut failures = String::new();
    for helm in [HelmVersion::Three, HelmVersion::Four] {
        let mut played = BTreeMap::new();
        for (name, scenario, release, revision) in TWINS {
            let history = played.entry(scenario).or_insert_with(|| play(scenario, helm));
            let (_, status) = name.split_once("-v").and_then(|(_, rest)| rest.split_once('-')).unwrap();
            let state = (release.to_owned(), revision.to_string(), status.to_owned());
            let Some(secret) = history.get(&state) else {
                let there: Vec<_> = history.keys().filter(|(found, ..)| found == release).collect();
                let _ = writeln!(failures, "{scenario} has no {release} {revision} {status} but {there:?}");
                continue;
            };
            let (real, simulated) = (Stored::captured(helm, name), Stored::new(secret.clone()));
            if real.outside() != simulated.outside() {
                let _ = writeln!(failures, "{helm:?} {name}:\n{}\nsimulated:\n{}", real.outside(), simulated.outside());
            }
            for (which, one, other) in [("real", &real, &simulated), ("simulated", &simulated, &real)] {
                let only: Vec<_> = one.shape().difference(&other.shape()).cloned().collect();
                if !only.is_empty() {
                    let _ = writeln!(failures, "{helm:?} {name}: only the {which} one has {only:?}");
                }
            }
            // `--description` replaces Helm's own words.
            let described = name == "gsp-v3-deployed";
            if !described && real.description() != simulated.description() {
                let (real, simulated) = (real.description(), simulated.description());
                let _ = writeln!(failures, "{helm:?} {name}: {real:?}, simulated {simulated:?}");
            }
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

/// Name, how the description begins, how it ends with Helm 3 and 4, the hook's phase, the revision that was gone back to.
type Case = (&'static str, &'static str, [&'static str; 2], &'static str, Option<u32>);

#[test]
fn captured_secrets_are_read_as_what_they_are() {
    let waited = ["context deadline exceeded", "Ready: 0/1\ncontext deadline exceeded"];
    let hook = ["BackoffLimitExceeded\n\n", "message: Job Failed. failed: 1/1"];
    let cases: [Case; 12] = [
        ("gca-v1-pending-install", "Initial install underway", [""; 2], "", None),
        ("gca-v1-uninstalled", "Uninstallation complete", [""; 2], "", None),
        ("gim-v1-deployed", "Install complete", [""; 2], "", None),
        ("gim-v1-superseded", "Install complete", [""; 2], "", None),
        ("gim-v2-superseded", "Upgrade complete", [""; 2], "", None),
        ("gim-v3-pending-upgrade", "Preparing upgrade", [""; 2], "", None),
        ("gim-v4-deployed", "Rollback to 2", [""; 2], "", Some(2)),
        ("gim-v5-failed", "Upgrade \"gim\" failed: ", waited, "", None),
        ("gim-v6-failed", "Release \"gim\" failed: ", waited, "", Some(4)),
        ("gsp-v1-superseded", "Install complete", [""; 2], "unknown", None),
        ("gsp-v2-failed", "Upgrade \"gsp\" failed: pre-upgrade hooks failed: ", hook, "failed", None),
        ("gsp-v3-deployed", "an operation by another name", [""; 2], "succeeded", None),
    ];
    for (name, begin, ends, phase, target) in cases {
        for (place, helm) in [HelmVersion::Three, HelmVersion::Four].into_iter().enumerate() {
            let body = Stored::captured(helm, name).decoded();
            let about = format!("{helm:?} {name}: {:?}", body.description);
            assert!(body.description.starts_with(begin) && body.description.ends_with(ends[place]), "{about}");
            assert_eq!(Some(&*body.chart), name.split('-').next(), "{about}");
            assert!(body.build().is_ordered(), "{about}");
            let phases: Vec<String> = body.hooks.iter().map(|hook| hook.phase.to_string()).collect();
            assert_eq!(phases.join(" "), phase, "{about}");
            // Helm 3 does not tell.
            assert_eq!(body.rollback_revision, target.filter(|_| helm == HelmVersion::Four), "{about}");
            assert!(body.first_deployed.is_some() && body.last_deployed >= body.first_deployed, "{about}");
            assert!(!body.workloads.is_empty(), "{about}");
        }
    }
}
