//! What each panel shows: answers that are as stated, fields that are as kept, and states that all have a text and a colour.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use gim_upgrade_exporter::dashboards::DashboardName;
use gim_upgrade_exporter::dashboards::panel::{Kind, Panel, Shows};
use gim_upgrade_exporter::dashboards::states::States;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::asked::{Asked, Chosen, OF_SCRAPES, Series};
use crate::grafana::{installed, node, sources};
use crate::made::made;
use crate::panels;
use crate::promql::{names, renamed};
use crate::stated::{ANNOTATED, Answer, STATED, Stated};

/// A panel, what it states, and what Prometheus answered to each of its queries.
pub struct Answered {
    pub key: String,
    pub panel: Value,
    pub stated: &'static Stated,
    pub queries: Vec<(String, Vec<Series>)>,
    states: Vec<Value>,
}

/// What node tells of one panel.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Shown {
    pub key: String,
    pub fields: Vec<String>,
    pub rows: Vec<String>,
    pub faults: Vec<String>,
}

/// What is chosen above a dashboard: one suite of one cluster, or all.
pub fn chosen_on(name: DashboardName, suite: &'static str) -> Chosen {
    match name {
        DashboardName::Upgrade => Chosen { cluster: "east", suite },
        DashboardName::Fleet | DashboardName::Exporter => Chosen { cluster: ".*", suite: ".*" },
    }
}

/// Whether the queries of a panel are asked for one instant.
pub fn is_instant(panel: &Value) -> bool {
    panel["targets"][0]["instant"] == true
}

/// Asks everything that the dashboards ask, once for each statement.
pub async fn answers(asked: &Asked) -> Vec<Answered> {
    let panels = panels();
    for (name, table, _) in &panels {
        let stated = STATED.iter().filter(|it| it.dashboard == *name && it.panel == table.title);
        let stated: Vec<_> = stated.map(|it| it.answers).collect();
        // What is never answered may be anything.
        let shows = |nth: usize| stated.iter().any(|answers| answers.get(nth).is_some_and(|answer| answer.rows > 0));
        assert!(
            (0..table.queries.len()).all(shows),
            "{name}, {}: not all its queries are stated to show something",
            table.title
        );
    }
    let mut all = Vec::new();
    for stated in STATED {
        let panel = panels.iter().find(|(name, table, _)| stated.dashboard == *name && table.title == stated.panel);
        let Some((name, table, panel)) = panel else { panic!("there is no panel {}", stated.panel) };
        let mut queries = Vec::new();
        for target in panel["targets"].as_array().unwrap() {
            let query = chosen_on(*name, stated.suite).filled(target["expr"].as_str().unwrap());
            let answer = asked.query(&query, is_instant(panel)).await;
            let answer = answer.unwrap_or_else(|| panic!("{name}, {}: Prometheus refuses {query}", table.title));
            queries.push((query, answer));
        }
        let of = if stated.suite.is_empty() { String::new() } else { format!(", {}", stated.suite) };
        let key = format!("{name}, {}{of}", table.title);
        all.push(Answered { key, panel: panel.clone(), stated, queries, states: shown_states(table) });
    }
    all
}

/// Which field shows which states; `*` are all but the time.
fn shown_states(table: &Panel) -> Vec<Value> {
    let all = |states: States| -> Vec<Value> {
        let state = |it: &gim_upgrade_exporter::dashboards::states::State| json!({"value": it.value, "text": it.text, "colour": it.colour});
        states.all().iter().map(state).collect()
    };
    match &table.kind {
        Kind::Table { columns, .. } => columns
            .iter()
            .filter_map(|column| match column.shows {
                Shows::State(states) => Some(json!({"of": column.title, "all": all(states)})),
                _ => None,
            })
            .collect(),
        Kind::States { states, .. } | Kind::Values(states) => vec![json!({"of": "*", "all": all(*states)})],
        Kind::Lines { .. } | Kind::Numbers(_) => Vec::new(),
    }
}

/// What is not as stated in an answer. Over time there may be more series: whether a moment was scraped is chance.
pub fn wrong(stated: &Answer, series: &[Series], instant: bool) -> Option<String> {
    let labels: BTreeSet<&str> = series.iter().flat_map(|one| one.metric.keys()).map(String::as_str).collect();
    let wanted: BTreeSet<&str> = stated.labels.iter().copied().collect();
    let enough = if instant { series.len() == stated.rows } else { series.len() >= stated.rows };
    let right = labels == wanted && enough;
    (!right).then(|| format!("gives({}, &{labels:?}) and not gives({}, &{wanted:?})", series.len(), stated.rows))
}

/// Answers are as stated, and show nothing of the scrape.
pub fn as_stated(answers: &[Answered]) {
    let mut found = Vec::new();
    for answered in answers {
        if answered.stated.answers.len() != answered.queries.len() {
            found.push(format!(
                "{}: states {} of {} answers",
                answered.key,
                answered.stated.answers.len(),
                answered.queries.len()
            ));
        }
        let none = Answer { rows: 0, labels: &[] };
        for (nth, (query, series)) in answered.queries.iter().enumerate() {
            let stated = answered.stated.answers.get(nth).unwrap_or(&none);
            if let Some(what) = wrong(stated, series, is_instant(&answered.panel)) {
                found.push(format!("{}, query {nth} {what}: {query}", answered.key));
            }
            for label in series.iter().flat_map(|one| one.metric.keys()).collect::<BTreeSet<_>>() {
                let of_scrape = OF_SCRAPES.contains(&label.as_str()) && !stated.labels.contains(&label.as_str());
                if of_scrape || label.starts_with("exported_") {
                    found.push(format!("{}: shows {label}: {query}", answered.key));
                }
            }
        }
    }
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

/// Annotations mark what is stated, and no more once a name in them is another one.
pub async fn annotated(asked: &Asked) {
    let mut stated = ANNOTATED.to_vec();
    for (name, dashboard) in made() {
        for annotation in dashboard["annotations"]["list"].as_array().unwrap() {
            let title = annotation["name"].as_str().unwrap();
            let place = stated.iter().position(|(dashboard, it, ..)| *dashboard == name && *it == title);
            let Some(place) = place else { panic!("nothing is stated of {name}, {title}") };
            let (.., rows, labels) = stated.swap_remove(place);
            let answer = Answer { rows, labels };
            let query = chosen_on(name, "back").filled(annotation["target"]["expr"].as_str().unwrap());
            let series = asked.query(&query, false).await.unwrap_or_else(|| panic!("{name}, {title}: {query}"));
            assert_eq!(wrong(&answer, &series, false), None, "{name}, {title}");
            let found = names(&query);
            for it in found.metrics().into_iter().chain(found.labels()) {
                if let Some(series) = asked.query(&renamed(&query, it, &format!("{it}_renamed")), false).await {
                    assert!(wrong(&answer, &series, false).is_some(), "{name}, {title}: {it} may be renamed");
                }
            }
        }
    }
    assert!(stated.is_empty(), "there is no {stated:?}");
}

/// What can be chosen above the dashboards is what there is.
pub async fn chosen(asked: &Asked) {
    let everything = Chosen { cluster: ".*", suite: ".*" };
    for (name, dashboard) in made() {
        for variable in dashboard["templating"]["list"].as_array().unwrap() {
            let Some(query) = variable["query"]["query"].as_str() else { continue };
            let arguments = query.trim_start_matches("label_values(").trim_end_matches(')');
            let (selector, label) = arguments.rsplit_once(", ").unwrap();
            let values = asked.values(&everything.filled(selector), label).await;
            let wanted: &[&str] = match label {
                "cluster" => &["east", "west"],
                "component" => &["gca", "gim", "gsp"],
                _ => &[
                    "back",
                    "broken",
                    "done",
                    "draining",
                    "failing",
                    "oom",
                    "overdue",
                    "shared",
                    "shared-t200",
                    "silent",
                ],
            };
            assert_eq!(values.iter().map(String::as_str).collect::<Vec<_>>(), wanted, "{name}: {query}");
            assert!(names(query).labels().contains(label));
        }
    }
}

impl Answered {
    /// What node is told of it, with another answer to the nth query where there is one.
    pub fn told(&self, other: Option<(usize, &[Series])>) -> Value {
        let mut answers = serde_json::Map::new();
        for (nth, (target, (_, series))) in
            self.panel["targets"].as_array().unwrap().iter().zip(&self.queries).enumerate()
        {
            let series = other.filter(|(which, _)| *which == nth).map_or(&series[..], |(_, series)| series);
            let series: Vec<_> = series.iter().map(Series::json).collect();
            answers.insert(target["refId"].as_str().unwrap().to_owned(), Value::Array(series));
        }
        json!({"key": self.key, "panel": self.panel, "answers": answers, "states": self.states})
    }
}

/// What Grafana's packages make of answers.
pub fn show(told: &[Value]) -> Vec<Shown> {
    let (well, said) = node(&[&sources().join("show.cjs"), &installed()], serde_json::to_vec(told).unwrap());
    assert!(well, "{said}");
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
}

/// The same for all panels as they are.
pub fn fields(answers: &[Answered]) -> Vec<Shown> {
    let told: Vec<_> = answers.iter().map(|answered| answered.told(None)).collect();
    show(&told)
}

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/testdata/dashboards.txt")
}

/// Fields, their types and rows are as kept, and nothing is wrong with them.
pub fn as_kept(fields: &[Shown]) {
    let mut text = String::from(
        "# What each panel shows in the scenario that it states: its fields and their types, and what stands in its rows but for ages.\n\
         # Made by `UPDATE_GOLDENS=1 cargo test --test dashboards-proof`.\n",
    );
    let mut faults = Vec::new();
    for shown in fields {
        writeln!(text, "\n{}", shown.key).unwrap();
        shown.fields.iter().for_each(|field| writeln!(text, "  {field}").unwrap());
        shown.rows.iter().for_each(|row| writeln!(text, "    {row}").unwrap());
        faults.extend(shown.faults.iter().map(|fault| format!("{}: {fault}", shown.key)));
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        fs::write(golden(), &text).unwrap();
    }
    let kept = fs::read_to_string(golden()).unwrap_or_default();
    let other: Vec<_> = text.lines().zip(kept.lines()).filter(|(now, before)| now != before).take(10).collect();
    assert!(text == kept, "panels show something else than tests/testdata/dashboards.txt: {other:#?}");
}

/// What is planted in a panel is found: otherwise nothing is proved by finding nothing.
pub fn faults_are_found(answers: &[Answered], fields: &[Shown]) {
    type Fault = (&'static str, &'static str, fn(&mut Value));
    let faults: [Fault; 7] = [
        ("upgrade, Now, failing", "has no transformation partitionByValues", |panel| {
            panel["transformations"][0]["id"] = json!("partitionByValues");
        }),
        ("upgrade, Now, failing", "verified is shown as verified", |panel| {
            panel["fieldConfig"]["overrides"][1]["properties"][0]["value"][0]["options"]["verified"] = Value::Null;
        }),
        ("upgrade, Now, failing", "roll_back is shown as Roll back, #", |panel| {
            panel["fieldConfig"]["overrides"][2]["properties"][0]["value"][0]["options"]["roll_back"]["color"] =
                json!("#123456");
        }),
        ("upgrade, Now, failing", "the override of Stage is for 0 fields", |panel| {
            panel["transformations"][1]["options"]["renameByName"]["stage"] = json!("Stages");
        }),
        ("upgrade, Checks, broken", "NaN is shown as", |panel| {
            panel["fieldConfig"]["overrides"][1]["properties"][0]["value"][1]["options"]["match"] = json!("null");
        }),
        ("upgrade, Stage, done", "failed is shown as failed", |panel| {
            panel["fieldConfig"]["defaults"]["mappings"][0]["options"]["failed"] = Value::Null;
        }),
        ("upgrade, Slope, draining", "has no unit furlongs", |panel| {
            panel["fieldConfig"]["defaults"]["unit"] = json!("furlongs");
        }),
    ];
    let told = faults.map(|(key, _, plant)| {
        let mut told = answers.iter().find(|answered| answered.key == key).unwrap().told(None);
        plant(&mut told["panel"]);
        told
    });
    for ((key, what, _), shown) in faults.iter().zip(show(&told)) {
        assert!(fields.iter().any(|shown| shown.key == *key && shown.faults.is_empty()), "{key}");
        assert!(shown.faults.iter().any(|fault| fault.contains(what)), "{key}, {what}: {:?}", shown.faults);
    }
}
