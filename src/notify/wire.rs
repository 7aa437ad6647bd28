//! Wire: alerts as Alertmanager's API (v2) writes and reads them.
//!
//! Not for what labels mean: see `dress`.

use std::collections::BTreeMap;
use std::fmt::{self, Formatter};

use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::model::time::Timestamp;

/// The most alerts that are taken of an answer; the rest begin anew. Three components of a thousand suites have three each then.
const MAX_ALERTS: usize = 10_000;

/// An alert that is posted.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Posted<'a> {
    /// What it is told apart by.
    pub labels: &'a BTreeMap<String, String>,
    /// What is said about it.
    pub annotations: &'a BTreeMap<String, String>,
    /// When it began to fire.
    pub starts_at: Timestamp,
    /// When it is over unless it is posted again.
    pub ends_at: Timestamp,
    /// The page on which people see it at its source.
    #[serde(rename = "generatorURL", skip_serializing_if = "Option::is_none")]
    pub generator_url: Option<&'a str>,
}

/// An alert that an Alertmanager has.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Known {
    /// What it is told apart by.
    pub labels: BTreeMap<String, String>,
    /// What is said about it.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
    /// When it began to fire.
    pub starts_at: Timestamp,
}

/// Alerts of an answer, no more than are taken.
#[derive(Debug, Deserialize)]
pub struct Answer(#[serde(deserialize_with = "bounded")] pub Vec<Known>);

fn bounded<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Known>, D::Error> {
    struct Alerts;

    impl<'de> Visitor<'de> for Alerts {
        type Value = Vec<Known>;

        fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
            write!(f, "at most {MAX_ALERTS} alerts")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut alerts = Vec::new();
            while alerts.len() < MAX_ALERTS {
                match seq.next_element()? {
                    Some(alert) => alerts.push(alert),
                    None => return Ok(alerts),
                }
            }
            let mut left = 0_usize;
            while seq.next_element::<IgnoredAny>()?.is_some() {
                left += 1;
            }
            if left > 0 {
                tracing::warn!(
                    taken = MAX_ALERTS,
                    left,
                    "Alertmanager has more alerts than are taken over: the rest begin anew"
                );
            }
            Ok(alerts)
        }
    }

    deserializer.deserialize_seq(Alerts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_as_far_as_they_matter() {
        let alert = r#"{"labels":{"alertname":"a"},"startsAt":"2026-01-01T00:00:00.5Z","endsAt":"2026-01-01T00:05:00Z",
            "status":{"state":"suppressed","inhibitedBy":[],"silencedBy":["x"]},"fingerprint":"0","receivers":[]}"#;
        let Answer(read) = serde_json::from_str(&format!("[{alert}]")).unwrap();
        assert_eq!(read[0].labels["alertname"], "a");
        assert_eq!(read[0].starts_at, "2026-01-01T00:00:00.5Z".parse().unwrap());
        assert!(read[0].annotations.is_empty());
        let many = vec![alert; MAX_ALERTS + 1].join(",");
        let Answer(taken) = serde_json::from_str(&format!("[{many}]")).unwrap();
        assert_eq!(taken.len(), MAX_ALERTS);
        for rubbish in ["{}", "[1]", r#"[{"labels":{"a":1}}]"#, "[", ""] {
            assert!(serde_json::from_str::<Answer>(rubbish).is_err(), "{rubbish}");
        }
    }
}
