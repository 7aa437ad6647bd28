//! Whether the cluster is heard at this moment, as far as a status tells: not only once silence counts as stale, but from the first
//! request that fails until something is heard again.
//!
//! Not for what is believed of evidence that is not quite fresh: the judgement says that.

use std::collections::BTreeMap;

use super::view::{Source, View};
use crate::model::time::Timestamp;

/// Sources without which nothing can be said of an operation, for as long as they are silent.
const WATCHES: [&str; 6] = ["pods", "statefulsets", "deployments", "replicasets", "jobs", "helm"];
/// Errors of who asks in vain. Others leave a source well, such as one bad object.
const IN_VAIN: [&str; 4] = ["connect", "timeout", "status", "forbidden"];

/// Compares each status with the one before it.
#[derive(Debug, Default)]
pub(in crate::cli) struct Hearing(BTreeMap<(String, Option<String>), Heard>);

#[derive(Debug)]
struct Heard {
    in_vain: u64,
    /// When a request last failed, as far as that is known: the time when it had last been heard then.
    failed: Failed,
}

#[derive(Debug, PartialEq, Eq)]
enum Failed {
    Never,
    LastHeard(Option<Timestamp>),
}

impl Hearing {
    /// Takes in a status; gives why the cluster is not heard, as far as a namespace is concerned, and `None` where it is.
    pub(in crate::cli) fn unheard(&mut self, view: &View, namespace: &str) -> Option<String> {
        let concerns = |source: &&Source| {
            let covers = source.target_namespace.as_deref().is_none_or(|covered| covered == namespace);
            covers && WATCHES.contains(&source.kind.as_str())
        };
        let mut silent = None;
        for source in view.sources.iter().filter(concerns) {
            let fails = self.fails(source);
            if silent.is_none() && (fails || !matches!(source.freshness.as_str(), "fresh" | "off")) {
                silent = Some(source.line());
            }
        }
        silent
    }

    fn fails(&mut self, source: &Source) -> bool {
        let in_vain = IN_VAIN.iter().filter_map(|kind| source.errors.get(*kind)).sum();
        let key = (source.kind.clone(), source.target_namespace.clone());
        // What failed before the first look may still fail: it is believed again once something new is heard.
        let first = if in_vain > 0 { Failed::LastHeard(source.last_contact) } else { Failed::Never };
        let heard = self.0.entry(key).or_insert(Heard { in_vain, failed: first });
        if in_vain != heard.in_vain {
            *heard = Heard { in_vain, failed: Failed::LastHeard(source.last_contact) };
        }
        source.last_error.is_some() && heard.failed == Failed::LastHeard(source.last_contact)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_source_is_silent_from_its_failure_until_it_is_heard_again() {
        let mut hearing = Hearing::default();
        let mut look = |source: &str,
                        namespace: &str,
                        freshness: &str,
                        errors: serde_json::Value,
                        error: Option<&str>,
                        contact: i64| {
            let view: Result<View, _> = serde_json::from_value(json!({
                "ready": true, "suites": [],
                "sources": [{
                    "source": source, "target_namespace": namespace, "freshness": freshness, "errors": errors,
                    "last_error": error, "last_contact": Timestamp::from_second(contact).unwrap(),
                }],
            }));
            hearing.unheard(&view.unwrap(), "gim")
        };
        let of_old = look("pods", "gim", "fresh", json!({"connect": 2}), Some("of old"), 1);
        assert_eq!(of_old.as_deref(), Some("pods in gim fresh: of old"), "it may still fail");
        assert_eq!(look("pods", "gim", "fresh", json!({"connect": 2, "decode": 1}), Some("bad object"), 2), None);
        let refused = look("pods", "gim", "fresh", json!({"connect": 3}), Some("connection refused"), 2);
        assert_eq!(refused.as_deref(), Some("pods in gim fresh: connection refused"));
        assert!(look("pods", "gim", "fresh", json!({"connect": 3}), Some("connection refused"), 2).is_some());
        assert_eq!(look("pods", "gim", "fresh", json!({"connect": 3}), None, 2), None, "it does well again");
        assert_eq!(look("pods", "gim", "fresh", json!({"connect": 3}), Some("bad object"), 3), None);
        assert_eq!(look("pods", "gim", "stale", json!({"connect": 3}), None, 3).as_deref(), Some("pods in gim stale"));
        assert_eq!(look("pods", "gsp", "stale", json!({}), None, 3), None, "another's");
        assert_eq!(look("signals", "gim", "stale", json!({}), None, 3), None, "what is judged by itself");
        assert_eq!(look("helm", "gim", "off", json!({}), None, 3), None);
    }
}
