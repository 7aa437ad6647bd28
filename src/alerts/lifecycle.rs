//! The life of an alert in the exporter: pending for as long as `for` says, firing, kept for a while, gone.
//!
//! As Prometheus does it, so that both begin and end together. Pure: the present is an argument. An alert that Alertmanager knew
//! of before the exporter began is taken over as past its `for` ([`Lifecycle::adopt`]): a restart neither ends nor delays it.
//! Not for posting: that is `notify`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::annotation;
use super::answer::{Labels, Now, Series};
use super::catalogue::{Alert, Teller};
use super::query::CLUSTER;
use crate::model::time::{Timestamp, after, between, unix_seconds};

/// The alerts that fire now.
#[derive(Clone, Debug, PartialEq)]
pub struct Firing {
    /// Name, severity, and what the condition's answer was labelled with. Those of Prometheus's outside are the sender's matter.
    pub labels: Labels,
    /// What is said about it.
    pub annotations: BTreeMap<String, String>,
    /// When it began to fire.
    pub starts_at: Timestamp,
}

/// Follows all alerts that the exporter tells of.
#[derive(Debug)]
pub struct Lifecycle {
    alerts: Vec<Alert>,
    /// By the place of the alert and the labels of the answer.
    known: BTreeMap<(usize, Labels), Known>,
}

#[derive(Debug)]
struct Known {
    since: Timestamp,
    firing_since: Option<Timestamp>,
    /// When the condition held no more; `None` while it does.
    over_since: Option<Timestamp>,
    annotations: BTreeMap<String, String>,
}

impl Lifecycle {
    /// Of these alerts, as far as the exporter tells of them. None holds yet.
    #[must_use]
    pub fn new(alerts: Vec<Alert>) -> Self {
        let told = alerts.into_iter().filter(|alert| alert.teller != Teller::Prometheus).collect();
        Self { alerts: told, known: BTreeMap::new() }
    }

    /// The families that the conditions and texts ask for.
    #[must_use]
    pub fn families(&self) -> Vec<&'static str> {
        let mut families: Vec<_> = self.alerts.iter().flat_map(Alert::families).collect();
        families.sort_unstable();
        families.dedup();
        families
    }

    /// Takes over an alert that fired before the exporter began. Says whether it is one of the exporter's own.
    pub fn adopt(
        &mut self,
        labels: &BTreeMap<String, String>,
        annotations: BTreeMap<String, String>,
        starts_at: Timestamp,
    ) -> bool {
        let found = self.alerts.iter().position(|alert| {
            labels.get("alertname").is_some_and(|name| name == alert.name)
                && labels.get("severity").is_some_and(|severity| severity == alert.severity.as_str())
        });
        let Some((place, alert)) = found.and_then(|place| Some((place, self.alerts.get(place)?))) else { return false };
        let mut own = Labels::new();
        for (name, value) in labels {
            let is_further = ["alertname", "severity"].contains(&name.as_str())
                || alert.labels.iter().any(|(further, _)| further == name);
            if is_further {
                continue;
            }
            match alert.condition.labels().into_iter().find(|known| known == name && *known != CLUSTER) {
                Some(known) => own.insert(known, value.clone()),
                // It has a label that no alert of ours has; and of clusters only Prometheus knows.
                None => return false,
            };
        }
        let new = || Known { since: starts_at, firing_since: None, over_since: None, annotations };
        // It may be on its way already: then what is known of it stays, but for its begin.
        let known = self.known.entry((place, own)).or_insert_with(new);
        known.since = known.since.min(starts_at);
        known.firing_since = Some(known.firing_since.map_or(starts_at, |since| since.min(starts_at)));
        true
    }

    /// Takes in what holds now.
    pub fn observe(&mut self, now: Timestamp, series: &Series) {
        let asked = Now { series, unix_seconds: unix_seconds(now), alert: &Labels::new() };
        let mut holding = BTreeMap::new();
        for (place, alert) in self.alerts.iter().enumerate() {
            for sample in asked.answer(&alert.condition) {
                let texts = [("summary", alert.summary), ("description", alert.description)];
                let fill = |(name, template): (&str, _)| {
                    (name.to_owned(), annotation::filled(template, sample.value, &sample.labels, asked))
                };
                holding.insert((place, sample.labels.clone()), texts.map(fill).into_iter().collect());
            }
        }
        for (key, known) in &mut self.known {
            if !holding.contains_key(key) && known.over_since.is_none() {
                known.over_since = Some(now);
            }
        }
        for (key, annotations) in holding {
            let new = || Known { since: now, firing_since: None, over_since: None, annotations: BTreeMap::new() };
            let known = self.known.entry(key).or_insert_with(new);
            known.over_since = None;
            known.annotations = annotations;
        }
        let alerts = &self.alerts;
        self.known.retain(|(place, _), known| {
            let Some(alert) = alerts.get(*place) else { return false };
            if known.firing_since.is_none() && known.over_since.is_none() && between(known.since, now) >= alert.hold {
                known.firing_since = Some(now);
            }
            let stays = if known.firing_since.is_some() { alert.keep } else { Duration::ZERO };
            known.over_since.is_none_or(|over| now < after(over, stays))
        });
    }

    /// Those that fire, in a fixed order.
    #[must_use]
    pub fn firing(&self) -> Vec<Firing> {
        let firing = |((place, labels), known): (&(usize, Labels), &Known)| {
            let alert = self.alerts.get(*place)?;
            let starts_at = known.firing_since?;
            let mut labels = labels.clone();
            for (name, of) in alert.labels {
                let value = labels.get(of).cloned().unwrap_or_default();
                labels.insert(name, value);
            }
            labels.insert("alertname", alert.name.to_owned());
            labels.insert("severity", alert.severity.to_string());
            Some(Firing { labels, annotations: known.annotations.clone(), starts_at })
        };
        self.known.iter().filter_map(firing).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::answer::Sample;
    use crate::alerts::catalogue;
    use crate::model::alerting::Severity;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + seconds).unwrap()
    }

    /// The series of one failing check, or of none.
    fn failing(check: Option<&str>) -> Series {
        let mut series = Series::default();
        if let Some(check) = check {
            let labels = [("suite", "s"), ("component", "gim"), ("check", check)];
            let labels = labels.map(|(name, value)| (name, value.to_owned())).into();
            series.extend("gim_upgrade_check", [Sample { labels, value: 0.0 }]);
        }
        series
    }

    /// The names of those that fire, without the watchdog.
    fn names(lifecycle: &Lifecycle) -> Vec<String> {
        let name = |firing: Firing| firing.labels.get("alertname").cloned().unwrap_or_default();
        let mut names: Vec<_> = lifecycle.firing().into_iter().map(name).collect();
        names.retain(|name| name != "GimUpgradeSidecarWatchdog");
        names
    }

    #[test]
    fn it_fires_after_its_time_and_stays_for_a_while() {
        let mut lifecycle = Lifecycle::new(catalogue::all());
        let pending = || failing(Some("pods_scheduled"));
        let steps = [
            (0, pending(), false),
            (59, pending(), false),
            (60, pending(), true),
            (75, failing(None), true),
            (374, failing(None), true),
            (375, failing(None), false),
            (390, pending(), false),
            (420, failing(None), false),
            // A break begins it anew.
            (435, pending(), false),
            (480, pending(), false),
            (495, pending(), true),
        ];
        for (seconds, series, fires) in steps {
            lifecycle.observe(at(seconds), &series);
            let expected: &[&str] = if fires { &["GimUpgradePodStuckPending"] } else { &[] };
            assert_eq!(names(&lifecycle), expected, "{seconds} s");
        }
        assert_eq!(lifecycle.firing().iter().map(|firing| firing.starts_at).max(), Some(at(495)));
    }

    #[test]
    fn what_fired_before_a_start_is_taken_over() {
        let labels = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let own = [
            ("alertname", "GimUpgradePodStuckPending"),
            ("severity", "critical"),
            ("suite", "s"),
            ("component", "gim"),
        ];
        let mut lifecycle = Lifecycle::new(catalogue::all());
        assert!(lifecycle.adopt(&labels(&own), BTreeMap::new(), at(-500)));
        for strange in [
            [own.as_slice(), &[("via", "x")]].concat(),
            [own.as_slice(), &[("cluster", "x")]].concat(),
            own.iter().skip(1).copied().collect(),
            own.iter().map(|(name, value)| (*name, if *name == "severity" { "info" } else { *value })).collect(),
            own.iter()
                .map(|(name, value)| (*name, if *name == "alertname" { "KubePodCrashLooping" } else { *value }))
                .collect(),
            own.iter()
                .map(|(name, value)| (*name, if *name == "alertname" { "GimUpgradeWatchdog" } else { *value }))
                .collect(),
        ] {
            assert!(!lifecycle.adopt(&labels(&strange), BTreeMap::new(), at(0)), "{strange:?}");
        }
        assert_eq!(names(&lifecycle), ["GimUpgradePodStuckPending"], "before anything is known");
        lifecycle.observe(at(0), &failing(Some("pods_scheduled")));
        let firing = lifecycle.firing();
        assert_eq!((firing.len(), firing.first().map(|firing| firing.starts_at)), (2, Some(at(-500))));
        lifecycle.observe(at(15), &failing(None));
        lifecycle.observe(at(314), &failing(None));
        assert_eq!(names(&lifecycle).len(), 1, "kept as any other");
        lifecycle.observe(at(315), &failing(None));
        assert!(names(&lifecycle).is_empty());
    }

    /// An Alertmanager that answers late: what is on its way meanwhile fires at once, from when it began elsewhere.
    #[test]
    fn what_is_taken_over_late_is_not_delayed() {
        let taken: BTreeMap<_, _> = [
            ("alertname", "GimUpgradePodStuckPending"),
            ("severity", "critical"),
            ("suite", "s"),
            ("component", "gim"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let mut lifecycle = Lifecycle::new(catalogue::all());
        lifecycle.observe(at(0), &failing(Some("pods_scheduled")));
        assert!(names(&lifecycle).is_empty());
        for starts in [-10, -500, -20] {
            assert!(lifecycle.adopt(&taken, BTreeMap::new(), at(starts)));
        }
        lifecycle.observe(at(5), &failing(Some("pods_scheduled")));
        assert_eq!(names(&lifecycle), ["GimUpgradePodStuckPending"]);
        let firing = lifecycle.firing();
        let stuck = firing.iter().find(|firing| firing.labels.contains_key("suite")).unwrap();
        assert_eq!(stuck.starts_at, at(-500));
        assert!(stuck.annotations.contains_key("summary"), "with today's text");
    }

    #[test]
    fn the_window_that_is_open_carries_the_namespace() {
        let mut lifecycle = Lifecycle::new(catalogue::all());
        let mut series = Series::default();
        let labels = |further: (&'static str, &str)| -> Labels {
            [("suite", "s"), ("component", "gim"), further].map(|(name, value)| (name, value.to_owned())).into()
        };
        series.extend(
            "gim_upgrade_component_info",
            [Sample { labels: labels(("target_namespace", "gim-a")), value: 1.0 }],
        );
        series.extend("gim_upgrade_verdict", [Sample { labels: labels(("verdict", "wait")), value: 1.0 }]);
        lifecycle.observe(at(0), &series);
        let firing = lifecycle.firing();
        let open = firing.iter().find(|firing| firing.labels["alertname"] == "GimUpgradeInProgress").unwrap();
        assert_eq!((&*open.labels["namespace"], &*open.labels["severity"]), ("gim-a", Severity::None.as_str()));
        // Taken over with its further label, it is the same alert.
        let taken: BTreeMap<_, _> =
            open.labels.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let mut next = Lifecycle::new(catalogue::all());
        assert!(next.adopt(&taken, BTreeMap::new(), at(0)));
        next.observe(at(5), &series);
        assert_eq!(next.firing().len(), 2);
    }
}
