//! `status`: one table, once. Not for following anything: see `verify`.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;

use super::flags::{self, Flags, OutputForm};
use super::sight::view::{Standing, View, names};
use super::sight::{Look, Sight};
use super::verify::ending::CANNOT_OBSERVE;
use super::verify::screen::plain;
use crate::config::spelled;
use crate::model::names::Component;
use crate::model::time::{Timestamp, between};

/// How long everything may take to be seen once.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long after that what is asked now and then, as metrics are, may take to answer for the first time.
const FIRST_READS: Duration = Duration::from_secs(5);
/// The columns.
const HEAD: [&str; 8] = ["SUITE", "COMPONENT", "OPERATION", "BUILD", "STAGE", "VERDICT", "LEFT", "GATE"];

/// Prints the table, and gives the exit code.
pub(super) async fn status(flags: Flags, what: flags::Status) -> ExitCode {
    match seen(flags, &what).await {
        Ok(text) => {
            // Whoever reads it may stop before the end.
            let _ = std::io::stdout().write_all(text.as_bytes());
            ExitCode::SUCCESS
        }
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::from(CANNOT_OBSERVE)
        }
    }
}

async fn seen(flags: Flags, what: &flags::Status) -> anyhow::Result<String> {
    let mut sight = Sight::open(flags, &what.at)?;
    let seen = look(&mut sight).await;
    sight.close().await;
    let (view, json, at) = seen?;
    Ok(match what.output {
        OutputForm::Text => table(&view, at),
        OutputForm::Json => format!("{}\n", String::from_utf8_lossy(&json).trim_end()),
    })
}

/// The first status that has everything, or nearly so.
async fn look(sight: &mut Sight) -> anyhow::Result<(View, Vec<u8>, Timestamp)> {
    let began = tokio::time::Instant::now();
    let mut ready = None;
    loop {
        let why = match sight.look().await? {
            Look::Blind(why) => why,
            Look::Seen { view, .. } if !view.ready => format!("not everything was read yet: {}", view.unread()),
            Look::Seen { view, json, at } => {
                let ready = *ready.get_or_insert_with(|| began.elapsed());
                if view.unread().is_empty() || began.elapsed().saturating_sub(ready) >= FIRST_READS {
                    return Ok((view, json, at));
                }
                continue;
            }
        };
        if began.elapsed() >= PATIENCE {
            bail!("nothing was seen for {}: {why}", spelled(PATIENCE));
        }
    }
}

/// The table, a row for each component.
fn table(view: &View, at: Timestamp) -> String {
    let mut rows = vec![HEAD.map(str::to_owned)];
    for suite in &view.suites {
        for (component, standing) in suite.components.iter() {
            rows.push(row(&suite.name, component, standing, at));
        }
    }
    let mut widths = [0; HEAD.len()];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |row: &[String; HEAD.len()]| {
        let cells: Vec<_> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

fn row(suite: &str, component: Component, standing: &Standing, at: Timestamp) -> [String; HEAD.len()] {
    let operation = standing.operation.as_ref().filter(|operation| operation.in_window);
    let operation = operation.map_or_else(
        || "-".to_owned(),
        |operation| {
            operation
                .revision
                .map_or_else(|| operation.kind.to_string(), |revision| format!("{} to {revision}", operation.kind))
        },
    );
    let release = standing.release.as_ref();
    let build = release.and_then(|release| release.build.clone().or_else(|| release.chart_version.clone()));
    let left = standing.verdict.until.map_or_else(
        || "-".to_owned(),
        |until| {
            let left = spelled(Duration::from_secs(between(at, until).as_secs()));
            if left.is_empty() { "0s".to_owned() } else { left }
        },
    );
    let with = |word: String, reasons: String| if reasons.is_empty() { word } else { format!("{word}: {reasons}") };
    let gate = if standing.gate.open { "open" } else { "closed" };
    [
        suite.to_owned(),
        component.to_string(),
        operation,
        build.unwrap_or_else(|| "-".to_owned()),
        standing.stage.to_string(),
        with(standing.verdict.verdict.to_string(), standing.reasons()),
        left,
        with(gate.to_owned(), names(&standing.gate.blocked)),
    ]
    .map(|cell| plain(&cell))
}
