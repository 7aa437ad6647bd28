//! The families of interest, one table, and how each is reduced to the values of a reading. Pure.
//!
//! Names and labels are those that the components serve and Genesys's dashboards use. What a value means for an upgrade is
//! not decided here.

use std::collections::BTreeMap;

use crate::exposition::Sample;
use crate::model::names::Name;
use crate::model::scope::LatencyUnit;
use crate::model::signal::{SignalValue, TopicLatency};
use crate::model::time::Timestamp;

/// The most topics that a reading has. GIM consumes about a dozen.
pub const MAX_TOPICS: usize = 256;
/// The longest topic or schema version that is kept, in bytes: Kafka's own limit for a topic.
const MAX_TEXT_BYTES: usize = 249;
/// GIM's Kafka latency, with labels `pod`, `topic` and `partition`.
pub const LATENCY: &str = "gim_kafka_timestamp_behind";
/// Label of the latency that names the topic.
const TOPIC: &str = "topic";
/// Label of GIM's state that names the version of the Info Mart schema.
const SCHEMA_VERSION: &str = "schema_version";

/// How the series of a family become one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reduce {
    /// The largest of each topic, in seconds.
    LatencyByTopic,
    /// The smallest: the worst of a state whose trouble is negative.
    Least,
    /// The sum.
    Sum,
}

/// Name, and how it is reduced.
const FAMILIES: [(&str, Reduce); 4] = [
    (LATENCY, Reduce::LatencyByTopic),
    ("gim_server_state", Reduce::Least),
    ("gim_number_failed_kafkajob", Reduce::Sum),
    ("gim_failed_jobsteps", Reduce::Sum),
];

/// What a page says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Values {
    /// Latency per topic, sorted by topic.
    pub topics: Vec<TopicLatency>,
    /// Other values, sorted by signal.
    pub others: Vec<SignalValue>,
    /// Version of the Info Mart schema.
    pub schema_version: Option<Name>,
    /// The build that Flink's job is of.
    pub build: Option<Name>,
    /// Per tenant, sorted: the time of the newest configuration event that GSP took from GCA.
    pub config_times: Vec<(Name, Timestamp)>,
    /// Values that cannot be true, one text for each family; they are left out above.
    pub refused: Vec<String>,
}

fn family(sample: &str) -> Option<(&'static str, Reduce)> {
    // OpenMetrics adds `_total` to the samples of a counter.
    let name = sample.strip_suffix("_total").unwrap_or(sample);
    FAMILIES.iter().copied().find(|&(family, _)| family == name || family == sample)
}

/// The names of the families of interest.
pub fn names() -> impl Iterator<Item = &'static str> {
    FAMILIES.iter().map(|&(name, _)| name)
}

/// Whether samples of this name are of interest.
#[must_use]
pub fn is_of_interest(sample: &str) -> bool {
    family(sample).is_some()
}

/// Reduces the samples of one page.
#[must_use]
pub fn reduce(samples: &[Sample], unit: LatencyUnit) -> Values {
    let seconds_per_unit = match unit {
        LatencyUnit::Milliseconds => 0.001,
        LatencyUnit::Seconds => 1.0,
    };
    let mut topics: BTreeMap<&str, f64> = BTreeMap::new();
    let mut values: BTreeMap<&'static str, f64> = BTreeMap::new();
    let mut refused: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut schema_version = None;
    for sample in samples {
        let Some((name, how)) = family(&sample.name) else { continue };
        if let Some(version) = sample.label(SCHEMA_VERSION).filter(|version| fits(version)) {
            schema_version = Some(Name::from(version));
        }
        // A latency or a count is no less than 0; a state may be.
        let possible = sample.value.is_finite() && (how == Reduce::Least || sample.value >= 0.0);
        let topic = sample.label(TOPIC).unwrap_or_default();
        let room = topics.len() < MAX_TOPICS || topics.contains_key(topic);
        if !possible || (how == Reduce::LatencyByTopic && !(room && fits(topic))) {
            *refused.entry(name).or_default() += 1;
            continue;
        }
        match how {
            Reduce::LatencyByTopic => {
                let seconds = sample.value * seconds_per_unit;
                topics.entry(topic).and_modify(|most| *most = most.max(seconds)).or_insert(seconds);
            }
            Reduce::Least => {
                values.entry(name).and_modify(|least| *least = least.min(sample.value)).or_insert(sample.value);
            }
            Reduce::Sum => *values.entry(name).or_default() += sample.value,
        }
    }
    Values {
        topics: topics.into_iter().map(|(topic, seconds)| TopicLatency { topic: topic.into(), seconds }).collect(),
        others: values.into_iter().map(|(signal, value)| SignalValue { signal: signal.into(), value }).collect(),
        schema_version,
        build: None,
        config_times: Vec::new(),
        refused: refused.into_iter().map(|(name, count)| format!("{count} impossible values of {name}")).collect(),
    }
}

fn fits(text: &str) -> bool {
    text.len() <= MAX_TEXT_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exposition::{Format, Parser};

    fn read(page: &str) -> Values {
        let mut parser = Parser::new(Format::Text, is_of_interest);
        parser.feed(page.as_bytes()).unwrap();
        reduce(&parser.finish().unwrap(), LatencyUnit::Milliseconds)
    }

    fn topics(values: &Values) -> Vec<(&str, f64)> {
        values.topics.iter().map(|topic| (&*topic.topic, topic.seconds)).collect()
    }

    #[test]
    fn a_page_of_gim() {
        let values = read(
            "# TYPE gim_kafka_timestamp_behind gauge\n\
             gim_kafka_timestamp_behind{pod=\"gim-0\",topic=\"voice\",partition=\"0\"} 1500\n\
             gim_kafka_timestamp_behind{pod=\"gim-0\",topic=\"voice\",partition=\"1\"} 2500\n\
             gim_kafka_timestamp_behind{pod=\"gim-0\",topic=\"agent\",partition=\"0\"} 0\n\
             gim_server_state{pod=\"gim-0\",schema_version=\"8.5.116.48\"} 3\n\
             gim_number_failed_kafkajob 4\n\
             gim_failed_jobsteps{pod=\"gim-0\",failedJobSteps=\"a\"} 1\n\
             gim_failed_jobsteps{pod=\"gim-0\",failedJobSteps=\"b\"} 2\n\
             jvm_threads 7\n",
        );
        assert_eq!(topics(&values), [("agent", 0.0), ("voice", 2.5)]);
        let others: Vec<_> = values.others.iter().map(|value| (&*value.signal, value.value)).collect();
        assert_eq!(
            others,
            [("gim_failed_jobsteps", 3.0), ("gim_number_failed_kafkajob", 4.0), ("gim_server_state", 3.0)]
        );
        assert_eq!(values.schema_version.as_deref(), Some("8.5.116.48"));
        assert_eq!(values.refused, Vec::<String>::new());
    }

    #[test]
    fn impossible_values_are_told_and_left_out() {
        let values = read(
            "gim_kafka_timestamp_behind{topic=\"a\",partition=\"0\"} -5\n\
             gim_kafka_timestamp_behind{topic=\"a\",partition=\"1\"} 3000\n\
             gim_kafka_timestamp_behind{topic=\"b\"} NaN\n\
             gim_kafka_timestamp_behind{topic=\"c\"} +Inf\n\
             gim_server_state -2\n\
             gim_number_failed_kafkajob NaN\n",
        );
        assert_eq!(topics(&values), [("a", 3.0)]);
        assert_eq!(values.others.len(), 1, "a negative state is a state");
        assert_eq!(
            values.refused,
            ["3 impossible values of gim_kafka_timestamp_behind", "1 impossible values of gim_number_failed_kafkajob",]
        );
    }

    #[test]
    fn counters_of_openmetrics_and_seconds() {
        let mut parser = Parser::new(Format::OpenMetrics, is_of_interest);
        let page = "# TYPE gim_number_failed_kafkajob counter\ngim_number_failed_kafkajob_total 2\n\
                    # TYPE gim_kafka_timestamp_behind gauge\ngim_kafka_timestamp_behind 12\n# EOF\n";
        parser.feed(page.as_bytes()).unwrap();
        let values = reduce(&parser.finish().unwrap(), LatencyUnit::Seconds);
        assert_eq!(topics(&values), [("", 12.0)]);
        assert_eq!((&*values.others[0].signal, values.others[0].value), ("gim_number_failed_kafkajob", 2.0));
    }

    #[test]
    fn topics_are_bounded() {
        let lines: Vec<String> =
            (0..300).map(|n| format!("gim_kafka_timestamp_behind{{topic=\"t{n:03}\"}} 1\n")).collect();
        let page = lines.concat();
        let values = read(&page);
        assert_eq!(values.topics.len(), MAX_TOPICS);
        assert_eq!(values.refused, ["44 impossible values of gim_kafka_timestamp_behind"]);
    }
}
