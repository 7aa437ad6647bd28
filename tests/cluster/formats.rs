//! The page before its real readers: promtool, Python's strict OpenMetrics parser, and a real Prometheus whose targets
//! are labelled as the Prometheus operator labels them.

use std::{fs, process::Command, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::{
    cluster::Place,
    exporter::{Exporter, Form},
    folders::{logs_folder, source_folder},
    process::{Daemon, eventually, free_port, output_of},
};

/// How often two scrapes are compared before they count as different.
const TRIES: usize = 3;
/// How long a checker may take with one page.
const CHECK_LIMIT: Duration = Duration::from_mins(1);
/// How long Prometheus may take to start and to scrape twice.
const PROMETHEUS_LIMIT: Duration = Duration::from_mins(1);
/// The labels that the operator gives a target, and which no series of ours may have.
const TARGET_LABELS: [&str; 7] = ["namespace", "pod", "service", "container", "endpoint", "node", "cluster"];

/// Reads the page in every form by everything that reads it.
pub fn check(exporter: &Exporter, place: &Place) -> Result<()> {
    unchanged(exporter)?;
    promtool(exporter, place)?;
    strict_openmetrics(exporter, place)?;
    prometheus(exporter, place)
}

/// Two scrapes of an unchanged cluster are equal, but for what tells of the exporter itself and of the time at which
/// something was last heard.
fn unchanged(exporter: &Exporter) -> Result<()> {
    [Form::Plain, Form::OpenMetrics].into_iter().try_for_each(|form| {
        // Between two scrapes a component's own page may have changed, but not every time.
        (0..TRIES).map(|_| same_twice(exporter, form)).find(Result::is_ok).unwrap_or_else(|| same_twice(exporter, form))
    })
}

fn same_twice(exporter: &Exporter, form: Form) -> Result<()> {
    let own =
        ["gim_upgrade_exporter_", "process_", "gim_upgrade_source_last_contact_", "gim_upgrade_signals_timestamp_"];
    let lines = || -> Result<Vec<String>> {
        let text = exporter.text(form)?;
        Ok(text.lines().filter(|line| !own.iter().any(|own| line.starts_with(own))).map(str::to_owned).collect())
    };
    let (first, second) = (lines()?, lines()?);
    if let Some((first, second)) = first.iter().zip(&second).find(|(first, second)| first != second) {
        bail!("two scrapes of an unchanged cluster differ in {form:?}: {first} and {second}");
    }
    ensure!(first.len() == second.len(), "two scrapes of an unchanged cluster have different lengths in {form:?}");
    Ok(())
}

fn promtool(exporter: &Exporter, place: &Place) -> Result<()> {
    let mut command = Command::new(place.cluster.tools.path("promtool")?);
    let done = output_of(command.args(["check", "metrics"]), exporter.text(Form::Plain)?.into_bytes(), CHECK_LIMIT)?;
    let said = [done.stdout, done.stderr].concat();
    ensure!(done.status.success() && said.is_empty(), "promtool check metrics: {}", String::from_utf8_lossy(&said));
    Ok(())
}

fn strict_openmetrics(exporter: &Exporter, place: &Place) -> Result<()> {
    let mut command = Command::new("python3");
    command.arg(source_folder().join("strict.py")).env("PYTHONPATH", place.cluster.tools.python()?);
    let done = output_of(&mut command, exporter.text(Form::OpenMetrics)?.into_bytes(), CHECK_LIMIT)?;
    ensure!(done.status.success(), "the strict parser: {}", String::from_utf8_lossy(&done.stderr));
    Ok(())
}

fn prometheus(exporter: &Exporter, place: &Place) -> Result<()> {
    let folder = place.cluster.plane.folder().join(format!("prometheus-{}", place.name));
    fs::create_dir_all(&folder)?;
    let labels: serde_json::Map<_, _> =
        TARGET_LABELS.iter().map(|&label| (label.to_owned(), json!(format!("the-targets-{label}")))).collect();
    let job = |name: &str, protocol: &str| {
        json!({
            "job_name": name,
            "scrape_protocols": [protocol],
            "static_configs": [{ "targets": [exporter.address()], "labels": labels }],
        })
    };
    let config = json!({
        "global": { "scrape_interval": "1s", "scrape_timeout": "1s" },
        "scrape_configs": [job("plain", "PrometheusText0.0.4"), job("openmetrics", "OpenMetricsText1.0.0")],
    });
    fs::write(folder.join("prometheus.yml"), config.to_string())?;
    let port = free_port()?;
    let arguments = [
        format!("--config.file={}", folder.join("prometheus.yml").display()),
        format!("--storage.tsdb.path={}", folder.join("data").display()),
        format!("--web.listen-address=127.0.0.1:{port}"),
    ];
    let log = logs_folder().join(format!("prometheus-{}.log", place.name));
    let mut daemon = Daemon::start("prometheus", &place.cluster.tools.path("prometheus")?, &arguments, &log, false)?;
    let ask = |path: &str| exporter.get_json(&format!("http://127.0.0.1:{port}/api/v1/{path}"));

    for job in ["plain", "openmetrics"] {
        eventually(&format!("Prometheus has scraped {job} twice"), PROMETHEUS_LIMIT, || {
            daemon.check()?;
            let answer = ask(&format!("query?query=count_over_time(up%7Bjob%3D%22{job}%22%7D%5B1m%5D)"))?;
            let scrapes = answer.pointer("/data/result/0/value/1").and_then(Value::as_str).context("no answer yet")?;
            Ok(scrapes.parse::<f64>()? >= 2.0)
        })?;
        let up = ask(&format!("query?query=min_over_time(up%7Bjob%3D%22{job}%22%7D%5B1m%5D)"))?;
        ensure!(up.pointer("/data/result/0/value/1") == Some(&json!("1")), "a scrape of {job} failed: {up}");
        let answer = ask(&format!("series?match%5B%5D=%7Bjob%3D%22{job}%22%7D"))?;
        let series = answer.pointer("/data").and_then(Value::as_array).context("no series")?;
        ensure!(series.len() > 50, "Prometheus has only {} series of {job}", series.len());
        for labels in series.iter().filter_map(Value::as_object) {
            let renamed = labels.keys().find(|label| label.starts_with("exported_"));
            ensure!(renamed.is_none(), "Prometheus renamed a label: {labels:?}");
        }
    }
    let troubles: Vec<_> = daemon.log().lines().filter(|line| is_trouble(line)).map(str::to_owned).collect();
    ensure!(troubles.is_empty(), "Prometheus warns:\n{}", troubles.join("\n"));
    Ok(())
}

fn is_trouble(line: &str) -> bool {
    ["level=WARN", "level=ERROR", "level=warn", "level=error"].iter().any(|level| line.contains(level))
}
