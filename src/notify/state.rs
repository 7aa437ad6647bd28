//! State: everything that fires at one moment, written as the bodies of posts.
//!
//! Written once for all Alertmanagers. Not for which one has got it: see `post`.

use std::time::Duration;

use bytes::Bytes;

use super::dress::Dressed;
use super::wire::Posted;
use crate::model::time::{Timestamp, after};

/// The most alerts in one post: Prometheus sends as many.
const MAX_ALERTS: u64 = 256;
/// The largest body of a post, but for an alert that is larger by itself: a proxy before an Alertmanager may take a MiB at most.
const MAX_BYTES: usize = 512 * 1024;

/// The body of one post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// How many alerts are in it.
    pub alerts: u64,
    /// They, as JSON.
    pub json: Bytes,
}

/// What fires.
#[derive(Debug, Default)]
pub struct State {
    /// The bodies, the gravest alerts of each kind first.
    pub bodies: Vec<Body>,
    /// How many alerts all states before this one had.
    pub before: u64,
    /// How many all had, with this one.
    pub so_far: u64,
}

impl State {
    /// These alerts, which end after `lasts` unless they are posted again. `before` is [`State::so_far`] of the former state.
    pub fn new(alerts: &[Dressed], now: Timestamp, lasts: Duration, before: u64) -> Result<Self, serde_json::Error> {
        let ends_at = after(now, lasts);
        let mut bodies = Vec::new();
        let (mut json, mut count) = (Vec::new(), 0);
        let mut end = |json: &mut Vec<u8>, count: &mut u64| {
            if *count > 0 {
                json.push(b']');
                bodies.push(Body { alerts: std::mem::take(count), json: std::mem::take(json).into() });
            }
        };
        for Dressed { labels, annotations, starts_at, page } in alerts {
            let posted = Posted { labels, annotations, starts_at: *starts_at, ends_at, generator_url: page.as_deref() };
            let one = serde_json::to_vec(&posted)?;
            if count == MAX_ALERTS || json.len() + one.len() > MAX_BYTES {
                end(&mut json, &mut count);
            }
            json.push(if count == 0 { b'[' } else { b',' });
            json.extend(one);
            count += 1;
        }
        end(&mut json, &mut count);
        let offered: u64 = bodies.iter().map(|body| body.alerts).sum();
        Ok(Self { bodies, before, so_far: before + offered })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn alert(number: usize, text: &str) -> Dressed {
        Dressed {
            labels: [("alertname".to_owned(), format!("A{number}"))].into(),
            annotations: [("summary".to_owned(), text.to_owned())].into(),
            starts_at: Timestamp::UNIX_EPOCH,
            page: None,
        }
    }

    fn counts(alerts: &[Dressed]) -> Vec<u64> {
        let state = State::new(alerts, Timestamp::UNIX_EPOCH, Duration::from_secs(90), 7).unwrap();
        assert_eq!(state.so_far, 7 + alerts.len() as u64);
        for body in &state.bodies {
            let json: Vec<Value> = serde_json::from_slice(&body.json).unwrap();
            assert_eq!(json.len() as u64, body.alerts);
            assert!(json.iter().all(|alert| alert["endsAt"] == "1970-01-01T00:01:30Z"));
            assert!(body.alerts == 1 || body.json.len() <= MAX_BYTES + 2);
        }
        state.bodies.iter().map(|body| body.alerts).collect()
    }

    #[test]
    fn posts_are_bounded() {
        let many = |count, text: &str| (0..count).map(|number| alert(number, text)).collect::<Vec<_>>();
        assert_eq!(counts(&[]), [0; 0]);
        assert_eq!(counts(&many(1, "")), [1]);
        assert_eq!(counts(&many(600, "")), [256, 256, 88]);
        let long = "x".repeat(MAX_BYTES / 3);
        assert_eq!(counts(&many(5, &long)), [2, 2, 1]);
        assert_eq!(counts(&[alert(0, ""), alert(1, &"x".repeat(MAX_BYTES)), alert(2, "")]), [1, 1, 1]);
    }
}
