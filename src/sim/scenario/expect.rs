//! What the exporter must say at an instant of a scenario, in the words of its contract. Not interpreted here.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Span;

/// What must hold at one instant. A component that is not named may be anything.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// When, from the start of the scenario.
    pub at: Span,
    /// Why, where it is not plain.
    #[serde(default)]
    pub why: Option<String>,
    /// What is said of GIM.
    #[serde(default)]
    pub gim: Option<Expected>,
    /// What is said of GSP.
    #[serde(default)]
    pub gsp: Option<Expected>,
    /// What is said of GCA.
    #[serde(default)]
    pub gca: Option<Expected>,
}

/// What must be said of one component. What is absent may be anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// The stage.
    #[serde(default)]
    pub stage: Option<String>,
    /// The verdict.
    #[serde(default)]
    pub verdict: Option<String>,
    /// Each of these is among the verdict's reasons.
    #[serde(default)]
    pub reasons: Vec<String>,
    /// The operation.
    #[serde(default)]
    pub operation: Option<String>,
    /// Checks and their answers: `pass`, `fail`, `pending` or `unknown`.
    #[serde(default)]
    pub checks: BTreeMap<String, String>,
    /// The revision to go back to.
    #[serde(default)]
    pub rollback_target: Option<u32>,
}

impl Expectation {
    /// The components that it names, in the order of an upgrade.
    pub fn components(&self) -> impl Iterator<Item = (&'static str, &Expected)> {
        [("gim", &self.gim), ("gsp", &self.gsp), ("gca", &self.gca)]
            .into_iter()
            .filter_map(|(name, expected)| expected.as_ref().map(|expected| (name, expected)))
    }
}
