//! The metrics reference, made of the table of families. `docs/metrics.md` is what this writes; a test compares them.

use std::fmt::Write as _;

use super::families::{self, Family, Stability};
use super::text;
use crate::assess::answer::{CheckId, CheckState, DeadlineKind};
use crate::assess::assessment::{GateReason, NamedReason, OperationKind, Outcome, Stage, VerdictKind};
use crate::assess::trend::Trend;
use crate::model::release::{HookPhase, ReleaseStatus};
use crate::model::source::{ErrorKind, SourceKind};
use crate::model::workload::{PodPhase, TerminatedReason, WaitingReason};

const INTRODUCTION: &str = "\
# Metrics

Made from the exporter's own table of families; do not edit by hand.

- A moment is a timestamp in seconds since the Unix epoch, by the API server's clock, and never an age. A moment that is
  not has no series.
- A state is one series with value 1, and only the current one is there.
- What is gone from the cluster is gone from the next scrape.
- A metric that is *stable* keeps its name and labels as long as the major version stays.
";

/// The reference as Markdown.
#[must_use]
pub fn reference() -> String {
    let mut out = String::from(INTRODUCTION);
    for (title, wanted) in [
        ("Of components", "gim_upgrade_"),
        ("Of the exporter's sources", "gim_upgrade_source_"),
        ("Of the exporter itself", "gim_upgrade_exporter_"),
        ("Of the process", "process_"),
    ] {
        let _ = write!(out, "\n## {title}\n\n| Metric | Type | Labels | What it says |\n|---|---|---|---|\n");
        let here = |family: &&Family| {
            let name = family.description.name;
            name.starts_with(wanted) && (family.is_of_suites() == (wanted == "gim_upgrade_"))
        };
        for family in families::all().filter(here) {
            row(&mut out, family);
        }
    }
    out.push_str("\n## Values of labels\n");
    questions(&mut out);
    reasons(&mut out);
    values(&mut out);
    out
}

fn row(out: &mut String, family: &Family) {
    let description = &family.description;
    let kind = description.kind.openmetrics_word();
    let labels: Vec<String> = family.all_labels().map(|label| format!("`{label}`")).collect();
    let _ = write!(out, "| `{}` | {kind} | {} | {}", description.name, labels.join(", "), description.help);
    if !family.presence.is_empty() {
        let _ = write!(out, " *{}*", family.presence);
    }
    if family.stability == Stability::Evolving {
        let _ = write!(out, " Not stable yet.");
    }
    out.push_str(" |\n");
}

fn questions(out: &mut String) {
    out.push_str(
        "\n`check`: 1 is yes, 0 is no, 0.5 is not yet, NaN is not known.\n\n| Check | Question |\n|---|---|\n",
    );
    for &check in CheckId::ALL {
        let _ = writeln!(out, "| `{check}` | {} |", text::question(check));
    }
}

fn reasons(out: &mut String) {
    out.push_str("\n`reason` of a verdict: a check, or one of these.\n\n| Reason | What it says |\n|---|---|\n");
    for &reason in NamedReason::ALL {
        let _ = writeln!(out, "| `{reason}` | {} |", text::named_reason(reason));
    }
    out.push_str("\n`reason` of a closed gate.\n\n| Reason | What it says |\n|---|---|\n");
    for &reason in GateReason::ALL {
        let _ = writeln!(out, "| `{reason}` | {} |", text::gate_reason(reason));
    }
}

fn values(out: &mut String) {
    fn list<T: std::fmt::Display>(out: &mut String, label: &str, values: &[T]) {
        let values: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
        let _ = writeln!(out, "| {label} | {} |", values.join(", "));
    }
    out.push_str("\n| Label | Values |\n|---|---|\n");
    list(out, "`stage`", Stage::ALL);
    list(out, "`verdict`", VerdictKind::ALL);
    list(out, "`operation`", OperationKind::ALL);
    list(out, "`outcome`", Outcome::ALL);
    list(out, "`deadline`", DeadlineKind::ALL);
    list(out, "`state`", CheckState::ALL);
    list(out, "`trend`", Trend::ALL);
    list(out, "`status`", ReleaseStatus::ALL);
    list(out, "`phase` of a hook", HookPhase::ALL);
    list(out, "`phase` of a pod", PodPhase::ALL);
    list(out, "`reason` of a waiting pod", WaitingReason::ALL);
    list(out, "`reason` of an ended container", TerminatedReason::ALL);
    list(out, "`source`", SourceKind::ALL);
    list(out, "`kind`", ErrorKind::ALL);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_in_the_docs_is_this_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/metrics.md");
        if std::env::var_os("UPDATE_GOLDENS").is_some() {
            std::fs::write(path, reference()).unwrap();
        }
        let docs = std::fs::read_to_string(path).unwrap_or_default();
        assert!(docs == reference(), "docs/metrics.md is out of date: UPDATE_GOLDENS=1 cargo test --lib publish::");
    }

    #[test]
    fn every_family_stands_in_it_once() {
        let reference = reference();
        for family in families::all() {
            let rows = reference.matches(&format!("| `{}` |", family.description.name)).count();
            assert_eq!(rows, 1, "{}", family.description.name);
        }
    }
}
