//! Dress: what a firing alert wears outside: the labels that Prometheus would add, and where people read on.
//!
//! With the same labels both ways make one alert in Alertmanager. What an alert has itself counts more than what is added, as
//! it does for Prometheus. Not for when an alert fires.

use std::collections::BTreeMap;

use crate::alerts::annotation::Template;
use crate::alerts::lifecycle::Firing;
use crate::alerts::query::CLUSTER;
use crate::model::alerting::AlertSettings;
use crate::model::time::Timestamp;

/// The texts of an alert that another sender may have written better than nothing.
const TEXTS: [Template; 2] = ["summary", "description"];

/// What a configuration adds to alerts.
#[derive(Clone, Debug)]
pub struct Dress {
    settings: AlertSettings,
    /// Prometheus's `external_labels`.
    added: BTreeMap<String, String>,
}

/// A firing alert as it is posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dressed {
    /// All labels, none of them empty.
    pub labels: BTreeMap<String, String>,
    /// All texts.
    pub annotations: BTreeMap<String, String>,
    /// When it began to fire.
    pub starts_at: Timestamp,
    /// The exporter's page about it; `None` where nobody said how that is reached.
    pub page: Option<String>,
}

impl Dress {
    /// What these add.
    #[must_use]
    pub const fn new(settings: AlertSettings, added: BTreeMap<String, String>) -> Self {
        Self { settings, added }
    }

    /// The alert as it is posted.
    #[must_use]
    pub fn put_on(&self, firing: Firing) -> Dressed {
        let mut labels = self.added.clone();
        // An empty label is none: the alert of Prometheus would not have it either.
        labels.extend(firing.labels.into_iter().map(|(name, value)| (name.to_owned(), value)));
        labels.retain(|_, value| !value.is_empty());
        let of = |name: &str| labels.get(name).map_or("", String::as_str);
        let mut annotations = firing.annotations;
        annotations.insert("runbook_url".to_owned(), self.settings.runbook(of("alertname")));
        let written = |label: &str| encoded(of(if label == CLUSTER { &self.settings.cluster_label } else { label }));
        if let Some(url) = self.settings.dashboard(written) {
            annotations.insert("dashboard_url".to_owned(), url);
        }
        let page = self.settings.page(&encoded(of("suite")));
        Dressed { labels, annotations, starts_at: firing.starts_at, page }
    }

    /// The labels of an alert without what is added; `None` where it lacks something of that, and is not one of ours.
    #[must_use]
    pub fn take_off(&self, labels: &BTreeMap<String, String>) -> Option<BTreeMap<String, String>> {
        let mut own = labels.clone();
        for (name, value) in &self.added {
            // Another value may be the alert's own. Where no alert has such a label, it is not taken over.
            if own.get(name)? == value {
                own.remove(name);
            }
        }
        Some(own)
    }

    /// Of an alert's texts those that are told until they are made anew.
    #[must_use]
    pub fn texts(annotations: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let text = |name: &str| Some((name.to_owned(), annotations.get(name)?.clone()));
        TEXTS.into_iter().filter_map(text).collect()
    }
}

/// A value as it stands in a URL.
fn encoded(value: &str) -> String {
    let encoded: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
    encoded.replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn firing(labels: &[(&'static str, &str)]) -> Firing {
        Firing {
            labels: labels.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(),
            annotations: map(&[("summary", "so it is")]),
            starts_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn dress() -> Dress {
        let settings = AlertSettings {
            cluster_label: "k8s".into(),
            runbook_url: Some("https://wiki.example/r/".into()),
            external_url: Some("https://monitoring.example/gim/".into()),
            dashboard_url: Some("https://grafana.example/d/gim".into()),
            ..AlertSettings::default()
        };
        Dress::new(settings, map(&[("k8s", "prod & co"), ("namespace", "monitoring")]))
    }

    #[test]
    fn labels_are_added_and_never_replaced() {
        let own = firing(&[("alertname", "A"), ("suite", "s 1"), ("namespace", "gim"), ("component", "")]);
        let dressed = dress().put_on(own);
        let expected = [("alertname", "A"), ("k8s", "prod & co"), ("namespace", "gim"), ("suite", "s 1")];
        assert_eq!(dressed.labels, map(&expected));
        let annotations = [
            (
                "dashboard_url",
                "https://grafana.example/d/gim?var-cluster=prod%20%26%20co&var-suite=s%201&var-component=",
            ),
            ("runbook_url", "https://wiki.example/r/A"),
            ("summary", "so it is"),
        ];
        assert_eq!(dressed.annotations, map(&annotations));
        assert_eq!(dressed.page.as_deref(), Some("https://monitoring.example/gim/?suite=s%201"));
        let watchdog = dress().put_on(firing(&[("alertname", "W")]));
        assert_eq!(watchdog.page.as_deref(), Some("https://monitoring.example/gim/"));
    }

    #[test]
    fn what_lacks_a_label_is_not_ours() {
        let dress = dress();
        let own = [("alertname", "A"), ("suite", "s")];
        let with = |further: &[(&str, &str)]| map(&[&own, further].concat());
        let ours = with(&[("k8s", "prod & co"), ("namespace", "monitoring")]);
        assert_eq!(dress.take_off(&ours), Some(map(&own)));
        assert_eq!(dress.take_off(&with(&[("namespace", "monitoring")])), None);
        // Left on, it is a label of the alert's own, or one that none of ours has.
        let other = with(&[("k8s", "test"), ("namespace", "monitoring")]);
        assert_eq!(dress.take_off(&other), Some(with(&[("k8s", "test")])));
        assert_eq!(Dress::texts(&map(&[("summary", "a"), ("runbook_url", "b")])), map(&[("summary", "a")]));
    }
}
