//! What is under `alerts/` is what the program makes: the rules, and the rule tests for promtool, made from the scenarios.
//!
//! Each alert is asked for just before its time, just after, and just before and after its end, in each variant of what
//! Prometheus may see. What is expected is what the exporter concludes by itself, so that promtool compares the two ways to an
//! alert as well, down to the annotations.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use gim_upgrade_exporter::alerts::catalogue::{self, Alert, EXPECTED};
use gim_upgrade_exporter::alerts::lifecycle::Firing;
use gim_upgrade_exporter::alerts::rules;
use gim_upgrade_exporter::model::alerting::AlertSettings;
use gim_upgrade_exporter::model::suite::Suite;

use super::cases::{CASES, IN_HEALTH, alert, is};
use super::chronicle::{Chronicle, INTERVAL, families};
use super::rule_test::{File, Test, inputs, question, span};
use super::told::told;
use super::variants::Variant;

/// Scrapes before the alert fires, beside its `for`, and after the last question.
const AROUND: usize = 8;
/// An end so many scrapes after the begin is not waited for.
const LONGEST: usize = 120;
/// When the exporter of a scenario in which it goes away does so.
const GOES: usize = 10;
/// The rules as they are shipped, and as they are where two clusters are expected.
const RULES: &str = "gim-upgrade.rules.yaml";
const TWO_CLUSTERS: &str = "two-clusters.rules.yaml";
const MADE: &str = "# Made by `gim-upgrade-exporter rules`; not to be edited by hand.\n";
const TEST_MADE: &str =
    "# Made from the scenario by `UPDATE_GOLDENS=1 cargo test --test alerts`; not to be edited by hand.\n";
const ABSENT: &str = "GimUpgradeExporterAbsent";

#[test]
fn what_is_shipped_is_what_the_program_makes() {
    let made: BTreeMap<String, String> = rule_files().into_iter().chain(test_files()).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("alerts");
    let stray: Vec<PathBuf> = fs::read_dir(folder.join("tests"))
        .map(|entries| entries.map(|entry| entry.unwrap().path()).collect::<Vec<_>>())
        .unwrap_or_default()
        .into_iter()
        .filter(|path| !made.contains_key(&format!("tests/{}", path.file_name().unwrap().to_str().unwrap())))
        .collect();
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        fs::create_dir_all(folder.join("tests")).unwrap();
        for path in &stray {
            fs::remove_file(path).unwrap();
        }
        for (name, text) in &made {
            fs::write(folder.join(name), text).unwrap();
        }
        return;
    }
    assert!(stray.is_empty(), "nothing makes {stray:?}");
    for (name, text) in &made {
        let shipped = fs::read_to_string(folder.join(name)).unwrap_or_default();
        let cure = "run UPDATE_GOLDENS=1 cargo test --test alerts";
        assert!(shipped == *text, "alerts/{name} is not what the program makes; {cure}");
    }
}

fn rule_files() -> Vec<(String, String)> {
    let clusters = AlertSettings { clusters: vec!["east".into(), "west".into()], ..AlertSettings::default() };
    let file = |name: String, settings: &AlertSettings| {
        let made = rules::rules(&[Suite::default_suite()], settings, 1);
        (name, format!("{MADE}{}", serde_saphyr::to_string(&made).unwrap()))
    };
    vec![file(RULES.to_owned(), &AlertSettings::default()), file(format!("tests/{TWO_CLUSTERS}"), &clusters)]
}

fn test_files() -> Vec<(String, String)> {
    let mut chronicles: BTreeMap<&str, Chronicle> = BTreeMap::new();
    let mut files = Vec::new();
    let text = |rules: String, tests| {
        let file = File { rule_files: vec![rules], evaluation_interval: span(INTERVAL), tests };
        format!("{TEST_MADE}{}", serde_saphyr::to_string(&file).unwrap())
    };
    for (name, severity, scenario) in CASES {
        let of_scenario = || Chronicle::named(scenario);
        let chronicle = chronicles.entry(scenario).or_insert_with(of_scenario);
        let is_alone = CASES.iter().filter(|(other, ..)| *other == name).count() == 1;
        let file = if is_alone { format!("GimUpgrade{name}") } else { format!("GimUpgrade{name}-{severity}") };
        let alert = alert(name, severity);
        let tests = |variants: &[Variant]| {
            variants.iter().map(|variant| test(&alert, scenario, chronicle, *variant)).collect::<Vec<_>>()
        };
        if alert.name == ABSENT {
            files.push((format!("tests/{file}.yaml"), text(format!("../{RULES}"), tests(&[Variant::Gone]))));
            let both = tests(&[Variant::GoneInOneCluster]);
            files.push((format!("tests/{file}-two-clusters.yaml"), text(TWO_CLUSTERS.to_owned(), both)));
            continue;
        }
        files.push((format!("tests/{file}.yaml"), text(format!("../{RULES}"), tests(&Variant::WATCHED))));
    }
    let healthy = Chronicle::named("healthy-upgrade");
    files.push(("tests/healthy-upgrade.yaml".to_owned(), text(format!("../{RULES}"), vec![silence(&healthy)])));
    files
}

/// One alert in one variant of its scenario.
fn test(alert: &Alert, scenario: &str, chronicle: &Chronicle, variant: Variant) -> Test {
    // The begin of the alert is where it is in the plain course of events; the variants are built around it.
    let fires = |told: &[Vec<Firing>]| {
        let fires = |firing: &Vec<Firing>| firing.iter().any(|firing| is(firing, alert));
        let begins =
            told.iter().position(fires).unwrap_or_else(|| panic!("{} does not fire in {scenario}", alert.name));
        let ends = told.iter().skip(begins).position(|firing| !fires(firing)).map(|after| begins + after);
        (begins, ends)
    };
    let plain = if variant.is_watched() { Variant::One } else { variant };
    let (begins, _) = fires(&told(&plain.scrapes(chronicle, 0, GOES)));
    let hold = usize::try_from(alert.hold.as_secs() / INTERVAL.as_secs()).unwrap();
    let from = begins.saturating_sub(hold + AROUND);
    let mut scrapes = variant.scrapes(chronicle, from, if variant.is_watched() { begins } else { GOES });
    let all = told(&scrapes);
    let (begins, ends) = fires(&all);
    let mut asked = BTreeSet::from([begins]);
    asked.extend(begins.checked_sub(1));
    asked.extend([begins + 4, begins + AROUND].into_iter().filter(|nth| *nth < all.len()));
    if let Some(ends) = ends.filter(|ends| ends - begins <= LONGEST) {
        asked.extend([ends - 1, ends]);
    }
    scrapes.truncate(asked.last().map_or(0, |last| last + 2));
    let mut families = alert.families();
    families.sort_unstable();
    families.dedup();
    // The recording rule makes it.
    families.retain(|family| *family != EXPECTED);
    let runbook = AlertSettings::default().runbook(alert.name);
    Test {
        name: format!("{scenario}: {}", variant.title()),
        interval: span(INTERVAL),
        input_series: inputs(&scrapes, &families),
        questions: asked.iter().map(|nth| question(*nth, alert.name, &all[*nth], &runbook)).collect(),
    }
}

/// That nothing fires, at any time, but for what says that an upgrade is on its way.
fn silence(chronicle: &Chronicle) -> Test {
    let scrapes = Variant::One.scrapes(chronicle, 0, 0);
    let mut questions = Vec::new();
    for name in catalogue::names() {
        if !IN_HEALTH.contains(&name) {
            questions.extend((0..scrapes.len()).step_by(6).map(|nth| question(nth, name, &[], "")));
        }
    }
    Test {
        name: "healthy-upgrade: nobody is called".to_owned(),
        interval: span(INTERVAL),
        input_series: inputs(&scrapes, &families()),
        questions,
    }
}
