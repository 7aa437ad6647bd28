//! Joining: what keeps the exporter's alerts and Prometheus's from being one in Alertmanager, and what would be right.
//!
//! Pure: given are the labels of an alert that Prometheus posted. Not for asking for it: see `ask`.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use crate::alerts::query::CLUSTER;

/// The alert by which Prometheus shows that its alerts arrive. All of its labels but these two came from outside the rule.
const WATCHDOG: &str = "GimUpgradeWatchdog";
const ITS_OWN: [&str; 2] = ["alertname", "severity"];
/// With this label in `alertmanager.labels` the two ways are meant to stay apart: a shipped inhibition then silences one of two.
pub const APART: &str = "via";

/// One label that keeps alerts apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    /// Prometheus adds it, and `alertmanager.labels` does not or adds another value.
    Wanted {
        /// The label.
        label: String,
        /// Its value at Prometheus.
        value: String,
        /// What the configuration says.
        configured: Option<String>,
    },
    /// `alertmanager.labels` adds it, and Prometheus does not.
    Unknown {
        /// The label.
        label: String,
        /// Its value in the configuration.
        configured: String,
    },
}

impl Display for Difference {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wanted { label, value, configured: None } => {
                write!(f, "Prometheus adds the label {label}; write {label}: {value:?}")
            }
            Self::Wanted { label, value, configured: Some(configured) } => {
                write!(f, "the label {label} is {configured:?} here and {value:?} at Prometheus; ")?;
                write!(f, "if that is the same cluster's, write {label}: {value:?}")
            }
            Self::Unknown { label, configured } => {
                write!(f, "Prometheus adds no label {label}; leave out {label}: {configured:?}")
            }
        }
    }
}

/// What would have to change in `alertmanager.labels`, given the labels of Prometheus's watchdog as Alertmanager has them.
#[must_use]
pub fn differences(watchdog: &BTreeMap<String, String>, configured: &BTreeMap<String, String>) -> Vec<Difference> {
    let wanted = watchdog
        .iter()
        .filter(|(label, value)| !ITS_OWN.contains(&label.as_str()) && configured.get(*label) != Some(value))
        .map(|(label, value)| Difference::Wanted {
            label: label.clone(),
            value: value.clone(),
            configured: configured.get(label).cloned(),
        });
    let unknown = configured
        .iter()
        // Where one Prometheus sees several clusters its targets have that label, and the watchdog, which has none, does not.
        .filter(|(label, _)| !watchdog.contains_key(*label) && *label != CLUSTER)
        .map(|(label, value)| Difference::Unknown { label: label.clone(), configured: value.clone() });
    wanted.chain(unknown).collect()
}

/// The watchdogs among these alerts, of as many Prometheus as post there.
pub fn watchdogs<'a>(
    alerts: impl IntoIterator<Item = &'a BTreeMap<String, String>>,
) -> Vec<&'a BTreeMap<String, String>> {
    let is_watchdog = |labels: &&BTreeMap<String, String>| labels.get("alertname").is_some_and(|name| name == WATCHDOG);
    alerts.into_iter().filter(is_watchdog).collect()
}

/// The differences from the watchdog that is nearest, of several clusters' or none: there may be no Prometheus. One that says
/// the contrary is farther than one that says more or less.
#[must_use]
pub fn advice<'a>(
    watchdogs: impl IntoIterator<Item = &'a BTreeMap<String, String>>,
    configured: &BTreeMap<String, String>,
) -> Vec<Difference> {
    if configured.contains_key(APART) {
        return Vec::new();
    }
    let all = watchdogs.into_iter().map(|watchdog| differences(watchdog, configured));
    let contrary = |found: &Difference| matches!(found, Difference::Wanted { configured: Some(_), .. });
    let farness =
        |found: &Vec<Difference>| (found.iter().filter(|one| contrary(one)).count(), found.len(), found.clone());
    all.min_by_key(farness).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    type Labels<'a> = &'a [(&'a str, &'a str)];

    /// The advice, as it is told.
    fn told(watchdogs: &[&[(&str, &str)]], configured: &[(&str, &str)]) -> Vec<String> {
        let own: &[_] = &[("alertname", WATCHDOG), ("severity", "none")];
        let watchdogs: Vec<_> = watchdogs.iter().map(|further| map(&[own, further].concat())).collect();
        advice(&watchdogs, &map(configured)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_keeps_alerts_apart_is_named_with_what_would_be_right() {
        let [prod, test] = [("cluster", "prod"), ("cluster", "test")];
        let cases: &[(&[Labels<'_>], Labels<'_>, &[&str])] = &[
            (&[], &[prod], &[]),
            (&[&[]], &[], &[]),
            (&[&[prod]], &[prod], &[]),
            (&[&[prod]], &[], &["Prometheus adds the label cluster; write cluster: \"prod\""]),
            (
                &[&[prod]],
                &[test],
                &[
                    "the label cluster is \"test\" here and \"prod\" at Prometheus; if that is the same cluster's, write cluster: \"prod\"",
                ],
            ),
            (&[&[]], &[test], &[]),
            (&[&[]], &[("region", "eu")], &["Prometheus adds no label region; leave out region: \"eu\""]),
            // The other cluster's is not ours.
            (&[&[prod], &[test]], &[test], &[]),
            (
                &[&[test, ("region", "eu")], &[prod]],
                &[test],
                &["Prometheus adds the label region; write region: \"eu\""],
            ),
            (&[&[prod]], &[("via", "sidecar")], &[]),
        ];
        for (watchdogs, configured, expected) in cases {
            assert_eq!(told(watchdogs, configured), *expected, "{watchdogs:?} {configured:?}");
        }
    }
}
