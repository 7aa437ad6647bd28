//! From series of Prometheus to readings: one for each pod, with the time at which it was scraped. Pure.
//!
//! Series know a pod by its name alone, and a `StatefulSet`'s next pod has the name of the last one. So a sample is believed
//! to be a pod's only where it is younger than the pod, whatever the clocks.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::CLOCKS_AGREE;
use super::answer::Series;
use crate::model::memory::MAX_SAMPLES;
use crate::model::names::Name;
use crate::model::scope::LatencyUnit;
use crate::model::signal::Reading;
use crate::model::time::{Timestamp, after};
use crate::model::wants::QueryWant;
use crate::observe::signals::families::{self, Values};

/// How far a pod's creation is told too early: Kubernetes drops fractions of a second.
const WHOLE_SECOND: Duration = Duration::from_secs(1);

/// Label that names the pod.
const POD: &str = "pod";
/// Labels that tell the scrapes of one pod apart; each has times of its own.
const SCRAPE: [&str; 2] = ["instance", "job"];
/// Label that holds the name of the metric.
const NAME: &str = "__name__";
/// How far in the future a sample may be: clocks are known no better.
const FUTURE: Duration = Duration::from_secs(5);

/// What the series say.
#[derive(Debug, Default)]
pub struct Read {
    /// The readings, oldest first.
    pub readings: Vec<Reading>,
    /// What could not be used, for people.
    pub refused: BTreeSet<String>,
}

/// Samples of one scrape, by time: each a series and its value then.
type Scrape<'a> = BTreeMap<Timestamp, Vec<(&'a Series, f64)>>;

/// The newest reading of each pod. What a scrape no longer had is not in it, though its older samples are in the series.
#[must_use]
pub fn newest(want: &QueryWant, series: &[Series], unit: LatencyUnit, now: Timestamp) -> Read {
    let mut read = Read::default();
    for (pod, scrapes) in by_pod(want, series, now, &mut read.refused) {
        let last: Vec<_> = scrapes.into_values().filter_map(|mut scrape| scrape.pop_last()).collect();
        let Some(at) = last.iter().map(|(at, _)| *at).max() else { continue };
        let values = reduce(last.iter().flat_map(|(_, samples)| samples), unit);
        read.refused.extend(values.refused.iter().cloned());
        read.readings.push(reading(want, pod, at, values));
    }
    read.readings.sort_by_key(|reading| reading.at);
    read
}

/// All readings of each pod.
#[must_use]
pub fn all(want: &QueryWant, series: &[Series], unit: LatencyUnit, now: Timestamp) -> Read {
    let mut read = Read::default();
    for (pod, scrapes) in by_pod(want, series, now, &mut read.refused) {
        for scrape in scrapes.into_values() {
            for (at, samples) in scrape.into_iter().rev().take(MAX_SAMPLES) {
                read.readings.push(reading(want, Name::clone(&pod), at, reduce(&samples, unit)));
            }
        }
    }
    read.readings.sort_by_key(|reading| reading.at);
    read
}

/// Samples by the UID of their pod and by scrape, those of former pods left out.
fn by_pod<'a>(
    want: &QueryWant,
    series: &'a [Series],
    now: Timestamp,
    refused: &mut BTreeSet<String>,
) -> BTreeMap<Name, BTreeMap<[&'a str; 2], Scrape<'a>>> {
    let latest = after(now, FUTURE);
    let mut pods: BTreeMap<Name, BTreeMap<[&str; 2], Scrape>> = BTreeMap::new();
    for series in series {
        let Some(pod) = series.label(POD) else {
            refused.insert("series without the label pod".to_owned());
            continue;
        };
        let Some(pod) = want.pods.iter().find(|known| *known.name == *pod) else { continue };
        let earliest = after(pod.created, WHOLE_SECOND.saturating_add(CLOCKS_AGREE.unsigned_abs()));
        let scrape = SCRAPE.map(|label| series.label(label).unwrap_or_default());
        let times = pods.entry(Name::clone(&pod.uid)).or_default().entry(scrape).or_default();
        for &(at, value) in &series.samples {
            if at <= earliest {
                continue;
            }
            if at > latest {
                refused.insert("samples from the future".to_owned());
                continue;
            }
            times.entry(at).or_default().push((series, value));
        }
    }
    pods
}

fn reduce<'a>(samples: impl IntoIterator<Item = &'a (&'a Series, f64)>, unit: LatencyUnit) -> Values {
    let read = |&(series, value): &(&'a Series, f64)| {
        Some(families::Read { name: series.label(NAME)?, labels: &series.labels, value })
    };
    families::reduce(samples.into_iter().filter_map(read), unit)
}

fn reading(want: &QueryWant, pod: Name, at: Timestamp, values: Values) -> Reading {
    let Values { topics, others: values, schema_version, build, config_times, .. } = values;
    Reading {
        suite: Name::clone(&want.suite),
        component: want.component,
        pod_uid: Some(pod),
        at,
        topics,
        values,
        schema_version,
        build,
        config_times,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::names::Component;
    use crate::model::wants::PodName;
    use crate::observe::prometheus::answer;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn want() -> QueryWant {
        let pod = PodName { name: "gim-0".into(), uid: "uid-2".into(), created: at(1_000) };
        QueryWant {
            suite: "default".into(),
            component: Component::Gim,
            matchers: "namespace=\"gim\"".into(),
            pods: vec![pod],
            began: None,
        }
    }

    fn series(rows: &[(&str, &str)]) -> Vec<Series> {
        let row = |(labels, values): &(&str, &str)| format!(r#"{{"metric":{{{labels}}},"values":[{values}]}}"#);
        let rows: Vec<String> = rows.iter().map(row).collect();
        let json = format!(r#"{{"status":"success","data":{{"resultType":"matrix","result":[{}]}}}}"#, rows.join(","));
        answer::series(json.as_bytes()).unwrap()
    }

    const LATENCY: &str = r#""__name__":"gim_kafka_timestamp_behind","pod":"gim-0","instance":"10.0.0.1:8249""#;

    #[test]
    fn a_former_pods_sample_never_counts() {
        let topic = |name: &str| format!(r#"{LATENCY},"topic":"{name}""#);
        let (voice, gone) = (topic("voice"), topic("gone"));
        let rows = series(&[
            (&voice, r#"[990,"9000"],[1000,"9000"],[1004,"9000"],[1015,"2000"],[1030,"1000"]"#),
            // This one vanished at the last scrape.
            (&gone, r#"[1015,"7000"]"#),
            (&voice.replace("gim-0", "gim-1"), r#"[1030,"1"]"#),
        ]);
        let read = newest(&want(), &rows, LatencyUnit::Milliseconds, at(1_031));
        let [reading] = &read.readings[..] else { panic!("one reading: {read:?}") };
        assert_eq!((reading.pod_uid.as_deref(), reading.at), (Some("uid-2"), at(1_030)));
        let topics: Vec<(&str, f64)> = reading.topics.iter().map(|topic| (&*topic.topic, topic.seconds)).collect();
        assert_eq!(topics, [("voice", 1.0)]);
        let read = all(&want(), &rows, LatencyUnit::Milliseconds, at(1_031));
        let latencies: Vec<_> =
            read.readings.iter().map(|reading| (reading.at, reading.latency_seconds(&[]))).collect();
        assert_eq!(latencies, [(at(1_015), Some(7.0)), (at(1_030), Some(1.0))]);
    }

    /// A pod created at 1000.9 is told to be of 1000, and a clock 3 s ahead is believed to agree.
    #[test]
    fn a_sample_is_a_pods_only_beyond_all_doubt() {
        for (time, count) in [("1000.5", 0), ("1003.9", 0), ("1004", 0), ("1004.1", 1)] {
            let rows = series(&[(LATENCY, &format!(r#"[{time},"1"]"#))]);
            let read = newest(&want(), &rows, LatencyUnit::Milliseconds, at(1_031));
            assert_eq!(read.readings.len(), count, "{time}");
        }
    }

    #[test]
    fn nothing_of_the_new_pod_is_no_reading() {
        let rows = series(&[(LATENCY, r#"[970,"1"],[985,"1"]"#)]);
        let read = newest(&want(), &rows, LatencyUnit::Milliseconds, at(1_031));
        assert!(read.readings.is_empty() && read.refused.is_empty());
    }

    #[test]
    fn scrapes_of_one_pod_have_times_of_their_own() {
        let other = LATENCY.replace("8249", "9000").replace("gim_kafka_timestamp_behind", "gim_server_state");
        let rows = series(&[(LATENCY, r#"[1030,"1000"]"#), (&other, r#"[1020,"3"]"#)]);
        let read = newest(&want(), &rows, LatencyUnit::Milliseconds, at(1_031));
        let reading = &read.readings[0];
        assert_eq!((reading.at, reading.topics.len(), reading.value("gim_server_state")), (at(1_030), 1, Some(3.0)));
    }

    #[test]
    fn what_cannot_be_told_apart_is_refused() {
        let rows = series(&[(r#""__name__":"gim_server_state""#, r#"[1030,"1"]"#), (LATENCY, r#"[2000,"1"]"#)]);
        let read = newest(&want(), &rows, LatencyUnit::Milliseconds, at(1_031));
        assert!(read.readings.is_empty());
        let refused: Vec<&str> = read.refused.iter().map(String::as_str).collect();
        assert_eq!(refused, ["samples from the future", "series without the label pod"]);
    }
}
