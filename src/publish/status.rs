//! The status: everything that is known and thought, as JSON for programs and with sentences for people.
//!
//! The types in this module are its shape: field names and order are theirs, enumerations use the spellings of the
//! metrics' labels, instants are RFC 3339, spans are seconds, what is not there is `null`. It is written suite by suite,
//! so that a thousand of them make no peak. Not for metrics: see `page`.

mod judgement;
mod overview;

use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;

pub use self::judgement::{
    AdviceStatus, CheckStatus, ComponentStatus, EvidenceStatus, GateReasonStatus, GateStatus, OperationStatus,
    ReasonStatus, ReleaseStatus, RollbackTargetStatus, SuiteStatus, TrendStatus,
};
pub use self::overview::{Overview, PolicyStatus, SourceStatus};
use crate::assess::snapshot::Snapshot;

/// The status of a snapshot as JSON, in pieces: `{…overview, "suites":[…]}`, an [`Overview`] and a [`SuiteStatus`] for
/// each suite.
#[derive(Debug)]
pub struct Status {
    snapshot: Arc<Snapshot>,
    only: Option<String>,
    stage: Writing,
}

/// How far the writing has come.
#[derive(Debug)]
enum Writing {
    Overview,
    Suite { next: usize, is_first: bool },
    Done,
}

impl Status {
    /// The status of all suites, or of the one named `only`; `None` where there is no suite of that name.
    #[must_use]
    pub fn of(snapshot: Arc<Snapshot>, only: Option<String>) -> Option<Self> {
        let is_there = only.as_ref().is_none_or(|only| snapshot.suites.iter().any(|suite| *suite.suite.name == **only));
        is_there.then_some(Self { snapshot, only, stage: Writing::Overview })
    }

    fn overview(&mut self) -> Vec<u8> {
        let mut json = to_json(&Overview::of(&self.snapshot));
        // Left open for the suites.
        json.pop();
        json.extend_from_slice(b",\"suites\":[");
        self.stage = Writing::Suite { next: 0, is_first: true };
        json
    }

    fn suite(&mut self, next: usize, is_first: bool) -> Vec<u8> {
        let Some(suite) = self.snapshot.suites.get(next) else {
            self.stage = Writing::Done;
            return b"]}\n".to_vec();
        };
        let is_wanted = self.only.as_ref().is_none_or(|only| *suite.suite.name == **only);
        let mut json = Vec::new();
        if is_wanted {
            if !is_first {
                json.push(b',');
            }
            json.extend(to_json(&SuiteStatus::of(suite)));
        }
        self.stage = Writing::Suite { next: next + 1, is_first: is_first && !is_wanted };
        json
    }
}

impl Iterator for Status {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        loop {
            let json = match self.stage {
                Writing::Overview => self.overview(),
                Writing::Suite { next, is_first } => self.suite(next, is_first),
                Writing::Done => return None,
            };
            if !json.is_empty() {
                return Some(json.into());
            }
        }
    }
}

/// JSON of a type whose maps have only strings for keys, which cannot fail.
pub(super) fn to_json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_else(|_| b"{}".to_vec())
}

/// A span in seconds, whole ones without a fraction.
#[derive(Clone, Copy, Debug)]
pub struct Seconds(pub std::time::Duration);

impl Serialize for Seconds {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.subsec_nanos() == 0 {
            serializer.serialize_u64(self.0.as_secs())
        } else {
            serializer.serialize_f64(self.0.as_secs_f64())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::publish::fixture::{busy, evidence_by_kind, snapshot, starting};
    use crate::publish::text;

    fn status(only: Option<&str>) -> Option<Value> {
        let snapshot = Arc::new(snapshot(7, vec![busy("default"), starting("blue"), starting("green")]));
        let pieces: Vec<Bytes> = Status::of(snapshot, only.map(Into::into))?.collect();
        Some(serde_json::from_slice(&pieces.concat()).unwrap())
    }

    fn names(status: &Value) -> Vec<&str> {
        status["suites"].as_array().unwrap().iter().map(|suite| suite["name"].as_str().unwrap()).collect()
    }

    #[test]
    fn suites_can_be_chosen() {
        assert_eq!(names(&status(None).unwrap()), ["default", "blue", "green"]);
        assert_eq!(names(&status(Some("blue")).unwrap()), ["blue"]);
        assert_eq!(names(&status(Some("green")).unwrap()), ["green"]);
        assert!(status(Some("red")).is_none());
        let none: Vec<Bytes> = Status::of(Arc::new(snapshot(1, vec![])), None).unwrap().collect();
        assert_eq!(serde_json::from_slice::<Value>(&none.concat()).unwrap()["suites"], json!([]));
    }

    #[test]
    fn the_overview_has_policy_and_sources() {
        let status = status(None).unwrap();
        assert_eq!((&status["sequence"], &status["ready"]), (&json!(7), &json!(true)));
        assert_eq!(status["taken"], "2027-01-15T08:16:40Z");
        let policy = &status["policy"];
        assert_eq!(policy["gim"]["helm_timeout"], 900);
        assert_eq!(policy["gca"]["companion_helm_timeout"], 300);
        assert_eq!(policy["gsp"].as_object().unwrap().len(), 10);
        assert_eq!(policy["latency_ok"], 300);
        assert_eq!(policy["server_state_min"], -2.0);
        assert_eq!(policy["releases"], json!({"gim": [], "gsp": [], "gca": []}));
        assert_eq!(
            status["sources"][1],
            json!({
                "source": "helm", "target_namespace": "gim", "freshness": "fresh",
                "last_contact": "2027-01-15T08:16:38Z", "stale_after": 90, "errors": {"decode": 2},
                "last_error": "one bad object",
            })
        );
        assert_eq!(status["sources"][0]["target_namespace"], Value::Null);
    }

    #[test]
    fn a_component_has_the_whole_judgement() {
        let status = status(None).unwrap();
        let gim = &status["suites"][0]["components"]["gim"];
        let release = &gim["release"];
        assert_eq!((&release["revision"], &release["status"]), (&json!(4), &json!("pending-upgrade")));
        assert_eq!(
            (&release["chart_version"], &release["build"]),
            (&json!("100.0.116+4200"), &json!("100.0.116+4200"))
        );
        assert_eq!(gim["companion"]["name"], "gim-monitoring");
        assert_eq!((&gim["stage"], &gim["operation_kind"]), (&json!("failed"), &json!("upgrade")));
        assert_eq!(gim["operation"]["ready_deadline"], "2027-01-15T09:01:40Z");
        assert_eq!(gim["checks"][3]["check"], "images_pulled");
        assert_eq!(gim["checks"][3]["state"], "fail");
        assert_eq!(gim["checks"][3]["evidence"][0]["reason"], "image_pull_back_off");
        assert_eq!(gim["trend"]["drain_seconds"], 1801.0);
        assert_eq!(gim["gate"]["open"], false);
        assert_eq!(gim["gate"]["blocked"][0]["reason"], "gim_not_verified");
        assert_eq!(gim["rollback_target"], json!({"revision": 3, "proven": true}));
        let verdict = &gim["verdict"];
        assert_eq!((&verdict["verdict"], &verdict["row"]), (&json!("roll_back"), &json!(8)));
        assert_eq!(verdict["command"], "helm rollback gim 3 -n gim --timeout 900s && kubectl -n gim delete pod gim-0");
        assert_eq!(verdict["reasons"][1]["reason"], "unproven_target");
        assert_eq!(verdict["advisories"][0]["reason"], "release_left_failed");
        let gsp = &status["suites"][0]["components"]["gsp"];
        assert_eq!((&gsp["release"], &gsp["trend"], &gsp["operation"]), (&Value::Null, &Value::Null, &Value::Null));
        assert_eq!(gsp["verdict"]["until"], "2027-01-15T08:33:20Z");
    }

    #[test]
    fn evidence_has_its_kind_its_fields_and_a_sentence() {
        for (kind, evidence) in evidence_by_kind() {
            let json: Value = serde_json::from_slice(&to_json(&EvidenceStatus(&evidence))).unwrap();
            assert_eq!(json["kind"], kind);
            assert_eq!(json["text"], text::evidence(&evidence).as_str());
        }
        let (_, waiting) = evidence_by_kind().remove(9);
        let json: Value = serde_json::from_slice(&to_json(&EvidenceStatus(&waiting))).unwrap();
        let text = "A container of pod gim-0 waits since 2027-01-15T08:02:00Z: other.";
        assert_eq!(
            json,
            json!({
                "kind": "waiting", "pod": "gim-0", "reason": "other", "since": "2027-01-15T08:02:00Z", "text": text,
            })
        );
    }
}
