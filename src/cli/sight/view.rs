//! A status as it is read: of everything that it says, what `verify` and `status` go by.
//!
//! Fields that are not named here may come and go. A word that decides something and is not known makes the whole status one that
//! is not understood: nothing is concluded from half of it. What it was written from is `publish::status`.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use crate::assess::answer::CheckState;
use crate::assess::assessment::{OperationKind, Stage, ToldBy, VerdictKind};
use crate::model::names::{Component, PerComponent};
use crate::model::time::Timestamp;

/// The whole.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(in crate::cli) struct View {
    /// Whether everything was read once.
    pub(in crate::cli) ready: bool,
    /// The sources.
    pub(in crate::cli) sources: Vec<Source>,
    /// The suites.
    pub(in crate::cli) suites: Vec<Suite>,
}

/// A source of evidence.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(in crate::cli) struct Source {
    /// What it tells of.
    #[serde(rename = "source")]
    pub(in crate::cli) kind: String,
    /// The namespace that it covers; `None` where it covers all.
    pub(in crate::cli) target_namespace: Option<String>,
    /// How far it may be believed.
    pub(in crate::cli) freshness: String,
    /// When it was last heard.
    pub(in crate::cli) last_contact: Option<Timestamp>,
    /// Errors so far, by kind.
    pub(in crate::cli) errors: BTreeMap<String, u64>,
    /// The last error, until it next did well.
    pub(in crate::cli) last_error: Option<String>,
}

/// A suite.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(in crate::cli) struct Suite {
    /// Its name.
    pub(in crate::cli) name: String,
    /// Its components.
    pub(in crate::cli) components: PerComponent<Standing>,
}

/// How a component stands.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(in crate::cli) struct Standing {
    /// Its namespace.
    pub(in crate::cli) namespace: String,
    /// Its release.
    pub(in crate::cli) release: Option<Release>,
    /// Where it stands.
    #[serde(deserialize_with = "stage")]
    pub(in crate::cli) stage: Stage,
    /// The operation that made the newest revision.
    pub(in crate::cli) operation: Option<Operation>,
    /// The checks that apply.
    pub(in crate::cli) checks: Vec<Check>,
    /// How the latency moves.
    pub(in crate::cli) trend: Option<Trend>,
    /// Whether it may be upgraded now.
    pub(in crate::cli) gate: Gate,
    /// The revision to go back to, where that is advised.
    pub(in crate::cli) rollback_target: Option<Target>,
    /// What to do.
    pub(in crate::cli) verdict: Advice,
}

/// The newest revision of a release.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(in crate::cli) struct Release {
    /// What it installs; an exporter of an earlier version does not tell.
    #[serde(default)]
    pub(in crate::cli) build: Option<String>,
    /// Version of its chart.
    pub(in crate::cli) chart_version: Option<String>,
}

/// An operation.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub(in crate::cli) struct Operation {
    /// What kind.
    #[serde(deserialize_with = "operation_kind")]
    pub(in crate::cli) kind: OperationKind,
    /// By what it is told.
    #[serde(deserialize_with = "told_by")]
    pub(in crate::cli) told_by: ToldBy,
    /// The revision it made.
    pub(in crate::cli) revision: Option<u32>,
    /// What it changed.
    pub(in crate::cli) changed: Option<Changed>,
    /// When it began.
    pub(in crate::cli) begin: Timestamp,
    /// When Helm was done with it.
    pub(in crate::cli) end: Option<Timestamp>,
    /// When Helm gives up.
    pub(in crate::cli) helm_deadline: Timestamp,
    /// When all pods must be Ready.
    pub(in crate::cli) ready_deadline: Timestamp,
    /// When signals must be normal; there once all pods are Ready.
    pub(in crate::cli) settle_deadline: Option<Timestamp>,
    /// Whether it is still of interest.
    pub(in crate::cli) in_window: bool,
}

/// What an operation changed.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub(in crate::cli) struct Changed {
    /// The build before.
    pub(in crate::cli) former_build: String,
    /// The build that it installs.
    pub(in crate::cli) build: String,
}

/// A check and its answer.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(in crate::cli) struct Check {
    /// Which.
    #[serde(rename = "check")]
    pub(in crate::cli) name: String,
    /// The answer.
    #[serde(deserialize_with = "check_state")]
    pub(in crate::cli) state: CheckState,
    /// What it rests on.
    pub(in crate::cli) evidence: Vec<Evidence>,
}

/// A piece of evidence.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(in crate::cli) struct Evidence {
    /// As a sentence.
    pub(in crate::cli) text: String,
}

/// How the latency moves.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub(in crate::cli) struct Trend {
    /// How.
    #[serde(rename = "trend")]
    pub(in crate::cli) word: String,
    /// The newest latency.
    pub(in crate::cli) latency_seconds: Option<f64>,
    /// Seconds until it is low.
    pub(in crate::cli) drain_seconds: Option<f64>,
    /// How much of the window is filled, 0 to 1.
    pub(in crate::cli) completeness: f64,
}

/// A gate.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(in crate::cli) struct Gate {
    /// Whether it is open.
    pub(in crate::cli) open: bool,
    /// What closes it.
    pub(in crate::cli) blocked: Vec<Named>,
}

/// The revision to go back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(in crate::cli) struct Target {
    /// Its number.
    pub(in crate::cli) revision: u32,
}

/// The verdict.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(in crate::cli) struct Advice {
    /// What to do.
    #[serde(deserialize_with = "verdict")]
    pub(in crate::cli) verdict: VerdictKind,
    /// As a sentence.
    pub(in crate::cli) text: String,
    /// Why.
    pub(in crate::cli) reasons: Vec<Named>,
    /// When a wait ends at the latest.
    pub(in crate::cli) until: Option<Timestamp>,
    /// The command to run.
    pub(in crate::cli) command: Option<String>,
    /// What else should be known.
    pub(in crate::cli) advisories: Vec<Named>,
}

/// A reason.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(in crate::cli) struct Named {
    /// Its name.
    pub(in crate::cli) reason: String,
    /// As a sentence.
    pub(in crate::cli) text: String,
}

impl View {
    /// How a component of a suite stands.
    pub(in crate::cli) fn standing(&self, suite: &str, component: Component) -> Option<&Standing> {
        self.suites.iter().find(|found| found.name == suite).map(|found| found.components.get(component))
    }

    /// The sources that have not been read even once, with what was wrong, in one line; empty where there are none.
    pub(in crate::cli) fn unread(&self) -> String {
        let unread = self.sources.iter().filter(|source| source.freshness == "starting");
        unread.map(Source::line).collect::<Vec<_>>().join("; ")
    }
}

impl Source {
    /// Which it is and how it stands.
    pub(super) fn line(&self) -> String {
        let of = self.target_namespace.as_ref().map_or_else(String::new, |namespace| format!(" in {namespace}"));
        let error = self.last_error.as_ref().map_or_else(String::new, |error| format!(": {error}"));
        format!("{}{of} {}{error}", self.kind, self.freshness)
    }
}

impl Standing {
    /// The reasons of the verdict, by name.
    pub(in crate::cli) fn reasons(&self) -> String {
        names(&self.verdict.reasons)
    }
}

/// Reasons by name, in one line.
pub(in crate::cli) fn names(reasons: &[Named]) -> String {
    reasons.iter().map(|reason| reason.reason.as_str()).collect::<Vec<_>>().join(", ")
}

/// Reads a word of a fixed set.
macro_rules! words {
    ($($function:ident: $name:ty),+ $(,)?) => {$(
        fn $function<'de, D: Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
            let word = String::deserialize(deserializer)?;
            <$name>::parse(&word).ok_or_else(|| serde::de::Error::custom(format_args!("{word:?} is not known")))
        }
    )+};
}

words!(stage: Stage, operation_kind: OperationKind, told_by: ToldBy, check_state: CheckState, verdict: VerdictKind);
