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
    /// What is said of the suites of other tenants, by name: `t200`.
    #[serde(default)]
    pub suites: BTreeMap<String, ExpectedSuite>,
}

/// What must hold of another suite. A component that is not named may be anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExpectedSuite {
    /// What is said of GIM.
    pub gim: Option<Expected>,
    /// What is said of GSP.
    pub gsp: Option<Expected>,
    /// What is said of GCA.
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
    /// Checks and their answers: `pass`, `fail`, `pending` or `unknown`; `absent` where they do not apply.
    #[serde(default)]
    pub checks: BTreeMap<String, String>,
    /// The revision to go back to.
    #[serde(default)]
    pub rollback_target: Option<u32>,
    /// The row of the table of verdicts.
    #[serde(default)]
    pub row: Option<u8>,
    /// Each of these is among the advisories.
    #[serde(default)]
    pub advisories: Vec<String>,
    /// Just what closes the gate; an empty list is an open gate.
    #[serde(default)]
    pub gate: Option<Vec<String>>,
    /// How the latency moves.
    #[serde(default)]
    pub trend: Option<String>,
}

impl Expectation {
    /// The components of the first suite that it names, in the order of an upgrade.
    pub fn components(&self) -> impl Iterator<Item = (&'static str, &Expected)> {
        named([("gim", &self.gim), ("gsp", &self.gsp), ("gca", &self.gca)])
    }

    /// The components of all suites that it names, each with its suite; that of the first suite is `default`.
    pub fn all_components(&self) -> impl Iterator<Item = (&str, &'static str, &Expected)> {
        let first = self.components().map(|(component, expected)| ("default", component, expected));
        let others = self.suites.iter().flat_map(|(suite, of)| {
            let components = named([("gim", &of.gim), ("gsp", &of.gsp), ("gca", &of.gca)]);
            components.map(move |(component, expected)| (suite.as_str(), component, expected))
        });
        first.chain(others)
    }
}

fn named<'a>(all: [(&'static str, &'a Option<Expected>); 3]) -> impl Iterator<Item = (&'static str, &'a Expected)> {
    all.into_iter().filter_map(|(name, expected)| expected.as_ref().map(|expected| (name, expected)))
}
