//! A scenario: what a simulated cluster goes through, as data, and what the exporter must say of it.
//!
//! One file is demo, test and document. This module holds the types of the file and reads them strictly; the
//! `world` plays them. The words under `expect` are the contract's (stage, verdict, check), which nothing here
//! interprets: the tests compare them with the exporter's answers.

use serde::Deserialize;

mod check;
mod expect;
mod library;
mod step;
mod time;

pub use expect::{Expectation, Expected};
pub use step::{Action, Rollback, Scale, Step, Uninstall, Upgrade, Which};
pub use time::{Span, SpanError};

/// A scenario, read and checked.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Its name, that of its file.
    pub name: String,
    /// One line for a list.
    pub title: String,
    /// What happens, in a few plain sentences.
    pub story: String,
    /// What it is evidence for.
    pub shows: Shows,
    /// The Helm that people use in it, unless a step says otherwise.
    #[serde(default)]
    pub helm: HelmVersion,
    /// How far clocks are from the API server's.
    #[serde(default)]
    pub clocks: Clocks,
    /// What had happened before the start; without it, the usual months of a cluster in good health.
    #[serde(default)]
    pub history: Option<Vec<Step>>,
    /// Releases of the usual history that this cluster never had.
    #[serde(default)]
    pub without: Vec<String>,
    /// The latency of GIM's consumption.
    #[serde(default)]
    pub latency: Latency,
    /// How builds behave; of those that match a pod the last counts.
    #[serde(default)]
    pub behaviours: Vec<Behaviour>,
    /// What people and machines do.
    pub steps: Vec<Step>,
    /// What the exporter must say, and when.
    pub expect: Vec<Expectation>,
    /// How long it plays.
    pub ends: Span,
}

/// What a scenario is evidence for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shows {
    /// Facts of what Helm and Kubernetes really do, by the numbers that the world's tests carry in their names.
    #[serde(default)]
    pub facts: Vec<u8>,
    /// Numbered rules of the upgrade guide.
    #[serde(default)]
    pub guide: Vec<u8>,
}

/// A major version of Helm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HelmVersion {
    /// Helm 3.
    #[default]
    Three,
    /// Helm 4.
    Four,
}

impl<'de> Deserialize<'de> for HelmVersion {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match u8::deserialize(from)? {
            3 => Ok(Self::Three),
            4 => Ok(Self::Four),
            other => Err(serde::de::Error::custom(format!("there is no Helm `{other}` here: 3 or 4"))),
        }
    }
}

/// Clocks that differ from the API server's; positive is ahead of it.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clocks {
    /// The kubelets', which stamp container states.
    #[serde(default)]
    pub kubelet: Span,
    /// That of the machine where Helm runs, which stamps `last_deployed`.
    #[serde(default)]
    pub helm: Span,
}

/// GIM's latency when all is well. Behind = now − the time of the newest event consumed.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Latency {
    /// Where it rests while GIM keeps up.
    pub base: Span,
    /// How much samples scatter above that, at most.
    pub jitter: Span,
    /// How far behind GIM is at the start.
    pub at_start: Span,
}

impl Default for Latency {
    fn default() -> Self {
        Self { base: Span::from_secs(20), jitter: Span::from_secs(6), at_start: Span::ZERO }
    }
}

/// How the pods of a component behave, and its hooks.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Behaviour {
    /// The release whose pods these are.
    pub of: String,
    /// Its builds by image tag; all of them when absent.
    #[serde(default)]
    pub tag: Option<String>,
    /// One workload of it alone.
    #[serde(default)]
    pub workload: Option<String>,
    /// What becomes of a new pod.
    #[serde(default)]
    pub pods: Fate,
    /// From the container's start to Ready; the component's own when absent.
    #[serde(default)]
    pub ready_after: Option<Span>,
    /// From the container's start to its crash (`crash_loop`, `oom`).
    #[serde(default = "crash_after")]
    pub crash_after: Span,
    /// From the deletion of a running pod to its end.
    #[serde(default = "terminates_in")]
    pub terminates_in: Span,
    /// Its hooks.
    #[serde(default)]
    pub hooks: HookFate,
    /// What its metrics endpoint does.
    #[serde(default)]
    pub metrics: MetricsFate,
    /// Seconds of events it consumes in a second while behind; below 1 the backlog grows.
    #[serde(default = "consumes")]
    pub consumes: f64,
    /// Version of the database schema that it reports.
    #[serde(default = "schema")]
    pub schema: String,
}

impl Behaviour {
    /// Nothing out of the ordinary, for the pods of `release`.
    #[must_use]
    pub fn normal(release: &str) -> Self {
        Self {
            of: release.to_owned(),
            tag: None,
            workload: None,
            pods: Fate::Normal,
            ready_after: None,
            crash_after: crash_after(),
            terminates_in: terminates_in(),
            hooks: HookFate::default(),
            metrics: MetricsFate::Served,
            consumes: consumes(),
            schema: schema(),
        }
    }
}

fn crash_after() -> Span {
    Span::from_secs(20)
}

fn terminates_in() -> Span {
    Span::from_secs(20)
}

fn consumes() -> f64 {
    6.0
}

fn schema() -> String {
    "8.5.116.20".to_owned()
}

/// What becomes of a new pod.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It starts and is Ready in time.
    #[default]
    Normal,
    /// No node takes it.
    Unschedulable,
    /// Its image cannot be pulled.
    ImageMissing,
    /// Its container exits again and again.
    CrashLoop,
    /// Its container is killed for its memory again and again.
    Oom,
    /// It runs and is never Ready.
    NeverReady,
}

/// What becomes of a hook's Job.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HookFate {
    /// How long it runs.
    pub takes: Span,
    /// Whether it then fails.
    pub fails: bool,
}

impl Default for HookFate {
    fn default() -> Self {
        Self { takes: Span::from_secs(40), fails: false }
    }
}

/// What a metrics endpoint does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricsFate {
    /// It serves the whole page.
    #[default]
    Served,
    /// It serves a page without GIM's own families.
    Absent,
    /// It answers 500.
    Error,
    /// Nothing listens.
    Refused,
}

/// A scenario that cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// The file is no scenario: it says where, shows the line with its field, and what would be right.
    #[error("{file}:{line}:{column}: {message} (`{text}`)")]
    Unreadable {
        /// The file.
        file: String,
        /// Line, from 1; 0 when there is none to name.
        line: u64,
        /// Column, from 1.
        column: u64,
        /// What is wrong.
        message: String,
        /// The line's text.
        text: String,
    },
    /// The file reads, but something in it makes no sense.
    #[error("{file}: {field}: {message}")]
    Senseless {
        /// The file.
        file: String,
        /// The field, by its path.
        field: String,
        /// What is wrong with it.
        message: String,
    },
    /// There is no scenario of this name.
    #[error("no scenario is called `{0}`: {1}")]
    Unknown(String, String),
}

impl Scenario {
    /// Reads a scenario; `file` is what errors call it.
    pub fn parse(file: &str, text: &str) -> Result<Self, ScenarioError> {
        let scenario: Self = parse_yaml(file, text)?;
        check::check(file, &scenario)?;
        Ok(scenario)
    }

    /// What happened before the start, earliest first, and then its steps: all that is played.
    pub fn all_steps(&self) -> Result<Vec<Step>, ScenarioError> {
        let mut steps = match &self.history {
            Some(history) => history.clone(),
            None => library::usual_history()?,
        };
        steps.retain(|step| !step.action.release().is_some_and(|name| self.without.iter().any(|gone| gone == name)));
        steps.extend(self.steps.iter().cloned());
        steps.sort_by_key(|step| step.at);
        Ok(steps)
    }
}

fn parse_yaml<T: serde::de::DeserializeOwned>(file: &str, text: &str) -> Result<T, ScenarioError> {
    serde_saphyr::from_str(text).map_err(|error| {
        let place = error.location();
        let line = place.as_ref().map_or(0, serde_saphyr::Location::line);
        let shown = usize::try_from(line).ok().and_then(|line| text.lines().nth(line.saturating_sub(1)));
        ScenarioError::Unreadable {
            file: file.to_owned(),
            line,
            column: place.as_ref().map_or(0, serde_saphyr::Location::column),
            message: error.without_snippet().to_string(),
            text: shown.unwrap_or_default().trim().to_owned(),
        }
    })
}

#[cfg(test)]
mod tests;
