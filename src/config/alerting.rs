//! The fields that say how alerts are told: what rules are made of, and the Alertmanagers that the exporter posts to itself. Not
//! for the alerts themselves: those are `alerts`'.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Deserialize;

use super::error::Problem;
use super::fields::code;
use super::places::{DatabaseName, FilePath};
use super::reference::Row;
use super::span::{Span, spell};
use super::values::{Takes, Url, Word, WordVisitor};
use crate::alerts::catalogue;
use crate::model::alerting::{AlertSettings, AlertmanagerAt, Severity};
use crate::model::names::Name;

/// How long one post to an Alertmanager may take where nothing is said: what Prometheus gives it.
const POST_TIMEOUT: Duration = Duration::from_secs(10);
/// The most Alertmanagers of one cluster.
const MAX_ALERTMANAGERS: usize = 16;
/// The most labels that are added to alerts.
const MAX_LABELS: usize = 16;
/// The longest value of a label.
const MAX_VALUE: usize = 253;
/// The longest name of a label.
const MAX_NAME: usize = 128;

section! {
    /// What alert rules are made of.
    AlertsFields {
        /// What Prometheus calls the label of the cluster.
        cluster_label: LabelName = code(&AlertSettings::default().cluster_label);
        /// The clusters whose exporters one Prometheus sees: every suite is expected in each. Empty where it sees one.
        clusters: Vec<LabelValue> = code("[]");
        /// Other severities than the catalogue's, by name of the alert.
        severities: Severities = code("{}");
        /// Where runbooks are found, without the alert's name. The exporter serves them itself, under `/runbooks`.
        runbook_url: Url = format!("`runbooks` under `--web.external-url`; without that, {}", code(AlertSettings::RUNBOOKS));
        /// The dashboard that alerts point to.
        dashboard_url: Url = "";
    }
}

section! {
    /// The Alertmanagers that the exporter posts its own alerts to, beside Prometheus or without one.
    AlertmanagerFields {
        /// The URL of each, without `/api/v2`: not of a balancer before them. Nothing is posted where none is written.
        urls: Vec<Url> = code("[]");
        /// Labels that Prometheus adds to its alerts (`external_labels`): with the same here, both ways make one alert.
        labels: LabelMap = code("{}");
        /// File with a bearer token; read at each post.
        bearer_token_file: FilePath = "";
        /// User of basic authentication.
        user: DatabaseName = "";
        /// File with the user's password; read at each post.
        password_file: FilePath = "";
        /// Certificate authority to trust, in PEM, beside the system's.
        ca_file: FilePath = "";
        /// How long a post may take.
        timeout: Span = code(&spell(POST_TIMEOUT));
    }
}

/// Name of a label.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LabelName(Name);

/// Value of a label.
#[derive(Clone, Debug)]
pub(super) struct LabelValue(Name);

/// Name of an alert.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct AlertName(String);

words!(LabelName, LabelValue, AlertName, Severity);

/// Labels by name.
#[derive(Debug, Deserialize)]
pub(super) struct LabelMap(BTreeMap<LabelName, LabelValue>);

/// Severities by name of the alert.
#[derive(Debug, Deserialize)]
pub(super) struct Severities(BTreeMap<AlertName, Severity>);

impl Takes for LabelMap {
    const TAKES: &'static str = "labels and their values, such as {cluster: prod}";
    const SHORT: &'static str = "labels and their values, such as `{cluster: prod}`";
}

impl Takes for Severities {
    const TAKES: &'static str = "alerts and their severities, such as {GimUpgradeLatencyHigh: info}";
    const SHORT: &'static str = "alerts and their severities, such as `{GimUpgradeLatencyHigh: info}`";
}

impl Takes for Vec<Url> {
    const TAKES: &'static str = "a list of URLs with http or https";
}

impl Takes for Vec<LabelValue> {
    const TAKES: &'static str = "a list of values of that label";
}

impl Word for LabelName {
    const FORM: &'static str = "the name of a label: letters, digits and _, no digit first, no __ first";

    fn read(text: &str) -> Result<Self, String> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && !text.starts_with("__");
        // What alerts are told apart by is theirs.
        let taken = ["alertname", "severity", "suite", "component"].contains(&text);
        if begins && text.chars().all(allowed) && text.len() <= MAX_NAME && !taken {
            return Ok(Self(text.into()));
        }
        Err(format!(
            "{text:?} is no label that can be given; write {}, and none that alerts have themselves",
            Self::FORM
        ))
    }
}

impl Word for LabelValue {
    const FORM: &'static str = "a value of at most 253 characters";

    fn read(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.len() > MAX_VALUE || text.chars().any(char::is_control) {
            return Err(format!("{text:?} is no value of a label; write {}", Self::FORM));
        }
        Ok(Self(text.into()))
    }
}

impl Word for AlertName {
    const FORM: &'static str = "the name of an alert";

    fn read(text: &str) -> Result<Self, String> {
        match catalogue::all().iter().filter(|alert| alert.name == text).count() {
            0 => {}
            1 => return Ok(Self(text.to_owned())),
            // With one severity for both, one would end the other.
            _ => {
                return Err(format!(
                    "{text} is graver or less grave by what fails; it has no severity that can be changed"
                ));
            }
        }
        Err(format!("there is no alert {text:?}; write one of those that the command `rules` prints"))
    }
}

impl Word for Severity {
    const FORM: &'static str = "critical, warning, info or none";

    fn read(text: &str) -> Result<Self, String> {
        Self::parse(text).ok_or_else(|| format!("{text:?} is not a severity; write {}", Self::FORM))
    }
}

impl AlertsFields {
    pub(super) fn resolve(self) -> AlertSettings {
        let default = AlertSettings::default();
        AlertSettings {
            cluster_label: self.cluster_label.map_or(default.cluster_label, |label| label.0),
            clusters: self
                .clusters
                .into_iter()
                .flatten()
                .map(|name| name.0)
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect(),
            severities: self
                .severities
                .into_iter()
                .flat_map(|map| map.0)
                .map(|(alert, severity)| (alert.0, severity))
                .collect(),
            runbook_url: self.runbook_url.map(|url| url.0),
            external_url: None,
            dashboard_url: self.dashboard_url.map(|url| url.0),
        }
    }
}

impl AlertmanagerFields {
    pub(super) fn resolve(self) -> Result<Option<AlertmanagerAt>, Problem> {
        let urls: Vec<Name> = self.urls.into_iter().flatten().map(|url| url.0).collect();
        let each: BTreeSet<_> = urls.iter().map(|url| url.trim_end_matches('/')).collect();
        if each.len() < urls.len() {
            return Err(Problem::new("alertmanager.urls", "one stands there twice; write each once"));
        }
        if urls.len() > MAX_ALERTMANAGERS {
            let what = format!("more than {MAX_ALERTMANAGERS}; write those of one cluster");
            return Err(Problem::new("alertmanager.urls", what));
        }
        let labels: BTreeMap<_, _> = self
            .labels
            .into_iter()
            .flat_map(|map| map.0)
            .map(|(name, value)| (name.0.to_string(), value.0.to_string()))
            .collect();
        if labels.len() > MAX_LABELS {
            return Err(Problem::new("alertmanager.labels", format!("more than {MAX_LABELS} labels; leave some out")));
        }
        let basic_auth = match (self.user, self.password_file) {
            (None, None) => None,
            (Some(user), Some(file)) => Some((user.0, file.0)),
            _ => return Err(Problem::new("alertmanager", "write user and password_file together, or neither")),
        };
        if basic_auth.is_some() && self.bearer_token_file.is_some() {
            return Err(Problem::new(
                "alertmanager.bearer_token_file",
                "write a token or a user with a password, not both",
            ));
        }
        Ok((!urls.is_empty()).then(|| AlertmanagerAt {
            urls,
            labels,
            bearer_token_file: self.bearer_token_file.map(|file| file.0),
            basic_auth,
            ca_file: self.ca_file.map(|file| file.0),
            timeout: Span::or(self.timeout, POST_TIMEOUT),
        }))
    }
}
