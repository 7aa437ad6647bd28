//! A scenario: what a simulated cluster goes through, as data, and what the exporter must say of it.
//!
//! One file is demo, test and document. This module holds the types of the file and reads them strictly; the
//! `world` plays them. The words under `expect` are the contract's (stage, verdict, check), which nothing here
//! interprets: the tests compare them with the exporter's answers.

use serde::Deserialize;

mod behaviour;
mod check;
mod configured;
mod expect;
mod library;
mod step;
mod time;

pub use behaviour::{Behaviour, Checkpoints, Fate, HookFate, MetricsFate, Migrates, Sawtooth};
pub use configured::{Configured, HelmAccess, Installer, SchemaAtTarget, Surrounding, Targets};
pub use expect::{Expectation, Expected, ExpectedSuite};
pub use step::{
    Action, DependencyState, Rollback, SOURCES, Scale, SetDependency, SetImage, SetSource, SourceState, Step,
    Uninstall, Upgrade, Which,
};
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
    /// Tenants beside the first, which is 100: tenant `200` has a GIM and a GCA of its own, `gim-t200` and `gca-t200`, in
    /// namespaces of these names, upgraded when the first tenant's were, and shares the one GSP. Its suite is `t200`.
    #[serde(default)]
    pub tenants: Vec<String>,
    /// The one namespace of everything, where it is not one each.
    #[serde(default)]
    pub namespace: Option<String>,
    /// What brings the charts into the cluster.
    #[serde(default)]
    pub installed_by: Installer,
    /// What the exporter is told by its configuration.
    #[serde(default)]
    pub configured: Configured,
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
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Latency {
    /// Where it rests while GIM keeps up.
    pub base: Span,
    /// How much samples scatter above that, at most.
    pub jitter: Span,
    /// How far behind GIM is at the start.
    pub at_start: Span,
    /// Topics that nobody writes to any more: their newest event grows older for ever.
    pub retired: Vec<String>,
}

impl Default for Latency {
    fn default() -> Self {
        Self { base: Span::from_secs(20), jitter: Span::from_secs(6), at_start: Span::ZERO, retired: Vec::new() }
    }
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
            None => library::usual_history()?.into_iter().flat_map(|step| self.for_each_tenant(step)).collect(),
        };
        steps.retain(|step| !step.action.release().is_some_and(|name| self.without.iter().any(|gone| gone == name)));
        steps.extend(self.steps.iter().cloned());
        steps.sort_by_key(|step| step.at);
        Ok(steps)
    }

    /// The releases that there may be: those of the first tenant, and of each other.
    pub fn releases(&self) -> impl Iterator<Item = String> {
        let others = self.tenants.iter().flat_map(|tenant| FIRST_TENANTS.iter().filter_map(|r| of_tenant(r, tenant)));
        FIRST_TENANTS.iter().map(|release| (*release).to_owned()).chain(others)
    }

    /// Whether a source ever fails the exporter in it.
    #[must_use]
    pub fn has_failing_sources(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.action, Action::Source(_)))
    }

    /// Whether a dependency is asked and says nothing for a while.
    #[must_use]
    pub fn has_silent_dependency(&self) -> bool {
        let silent =
            |action: &Action| matches!(action, Action::Dependency(set) if set.state == DependencyState::Silent);
        self.steps.iter().any(|step| silent(&step.action))
    }

    /// A step of the first tenant's history, and the same of all others.
    fn for_each_tenant(&self, step: Step) -> Vec<Step> {
        let mut steps = Vec::new();
        if let Action::Upgrade(upgrade) = &step.action {
            for tenant in &self.tenants {
                let Some(release) = of_tenant(&upgrade.release, tenant) else { continue };
                steps.push(Step { at: step.at, action: Action::Upgrade(Upgrade { release, ..upgrade.clone() }) });
            }
        }
        steps.insert(0, step);
        steps
    }
}

/// Releases of the first tenant, and the GSP that all tenants share.
const FIRST_TENANTS: [&str; 5] = ["gim", "gim-monitoring", "gsp", "gca", "gca-monitoring"];

/// The release of another tenant that stands for one of the first's; `None` where they share it.
fn of_tenant(release: &str, tenant: &str) -> Option<String> {
    match release {
        "gim" | "gca" => Some(format!("{release}-t{tenant}")),
        _ => release.strip_suffix("-monitoring").map(|component| format!("{component}-t{tenant}-monitoring")),
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
