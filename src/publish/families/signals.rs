//! Families of what the components' own metrics tell: the latency of Kafka consumption, and how it moves.

use std::collections::BTreeMap;

use super::{Family, Yields};
use crate::model::time::unix_seconds;

const WHEN_READ: &str = "While the component's metrics are read.";
const WHEN_KNOWN: &str = "Where the component has signals and there are samples enough.";

pub(super) const FAMILIES: [Family; 8] = [
    Family::seconds(
        "gim_upgrade_kafka_behind_seconds",
        "Latency of Kafka consumption: the largest of all topics that count.",
        Yields::Signals(|signals, series| {
            let latencies = signals.live.iter().filter_map(|reading| reading.latency_seconds(signals.ignored_topics));
            series.put_some([], latencies.reduce(f64::max));
        }),
    )
    .when(WHEN_READ),
    Family::seconds(
        "gim_upgrade_kafka_topic_behind_seconds",
        "Latency of Kafka consumption per topic: the largest of its partitions.",
        Yields::Signals(|signals, series| {
            let mut topics: BTreeMap<&str, f64> = BTreeMap::new();
            for topic in signals.live.iter().flat_map(|reading| &reading.topics) {
                let latency = topics.entry(&topic.topic).or_insert(topic.seconds);
                *latency = latency.max(topic.seconds);
            }
            for (topic, latency) in topics {
                series.put([topic], latency);
            }
        }),
    )
    .labels(&["topic"])
    .when(WHEN_READ),
    Family::gauge(
        "gim_upgrade_kafka_trend",
        "How the latency moves; the current answer only.",
        Yields::Moving(|moving, series| {
            if let Some(report) = moving.0 {
                series.state([report.trend.as_str()]);
            }
        }),
    )
    .labels(&["trend"])
    .when("Where the component has signals."),
    Family::gauge(
        "gim_upgrade_kafka_behind_slope",
        "Seconds of latency gained per second.",
        Yields::Moving(|moving, series| {
            series.put_some([], moving.0.and_then(|report| report.slope));
        }),
    )
    .when(WHEN_KNOWN),
    Family::seconds(
        "gim_upgrade_kafka_drain_seconds",
        "Time from the newest sample until the latency is at its limit, at the present slope.",
        Yields::Moving(|moving, series| {
            series.put_some([], moving.0.and_then(|report| report.drain_seconds));
        }),
    )
    .when("While the backlog drains."),
    Family::gauge(
        "gim_upgrade_signal",
        "Last value of another family of the component, by the component's own name for it.",
        Yields::Signals(|signals, series| {
            // The newest reading first: of series with the same labels the first counts.
            for value in signals.live.iter().rev().flat_map(|reading| &reading.values) {
                series.put([&value.signal], value.value);
            }
        }),
    )
    .labels(&["signal"])
    .when(WHEN_READ),
    Family::seconds(
        "gim_upgrade_signals_timestamp_seconds",
        "When the component's metrics were last read.",
        Yields::Signals(|signals, series| {
            series.put_some([], signals.newest.map(unix_seconds));
        }),
    )
    .when("Once the metrics of a pod that still exists were read."),
    Family::info(
        "gim_upgrade_schema_info",
        "Version of the database's schema, in the component's words.",
        Yields::Signals(|signals, series| {
            if let Some(version) = signals.live.iter().rev().find_map(|reading| reading.schema_version.as_ref()) {
                series.state([version]);
            }
        }),
    )
    .labels(&["schema_version"])
    .when("While the component's metrics tell it."),
];
