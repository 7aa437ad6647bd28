//! Pages as the components write them, reduced.

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
    assert_eq!(others, [("gim_failed_jobsteps", 3.0), ("gim_number_failed_kafkajob", 4.0), ("gim_server_state", 3.0)]);
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
    let lines: Vec<String> = (0..300).map(|n| format!("gim_kafka_timestamp_behind{{topic=\"t{n:03}\"}} 1\n")).collect();
    let page = lines.concat();
    let values = read(&page);
    assert_eq!(values.topics.len(), MAX_TOPICS);
    assert_eq!(values.refused, ["44 impossible values of gim_kafka_timestamp_behind"]);
}

#[test]
fn pages_of_flink() {
    let values = read(
        "flink_jobmanager_numRunningJobs{host=\"jm\"} 1.0\n\
         flink_jobmanager_numRegisteredTaskManagers 2\n\
         flink_jobmanager_taskSlotsTotal 8\n\
         flink_jobmanager_taskSlotsAvailable 0\n\
         flink_jobmanager_job_uptime{job_id=\"a\"} 61000\n\
         flink_jobmanager_job_uptime{job_id=\"b\"} 9000\n\
         flink_jobmanager_job_numRestarts{job_id=\"a\"} 1\n\
         flink_jobmanager_job_numRestarts{job_id=\"b\"} 2\n\
         flink_jobmanager_job_lastCheckpointDuration{job_id=\"a\"} 1350\n\
         flink_jobmanager_job_lastCheckpointDuration{job_id=\"b\"} -1\n\
         flink_jobmanager_job_numberOfFailedCheckpoints 3\n\
         flink_jobmanager_job_numberOfCompletedCheckpoints 40\n\
         flink_jobmanager_job_numberOfInProgressCheckpoints 1\n\
         flink_jobmanager_Status_JVM_CPU_Load 0.3\n",
    );
    let others: Vec<_> = values.others.iter().map(|value| (&*value.signal, value.value)).collect();
    assert_eq!(
        others,
        [
            ("flink_jobmanager_job_lastCheckpointDuration", 1350.0),
            ("flink_jobmanager_job_numRestarts", 3.0),
            ("flink_jobmanager_job_numberOfCompletedCheckpoints", 40.0),
            ("flink_jobmanager_job_numberOfFailedCheckpoints", 3.0),
            ("flink_jobmanager_job_numberOfInProgressCheckpoints", 1.0),
            ("flink_jobmanager_job_uptime", 9000.0),
            ("flink_jobmanager_numRegisteredTaskManagers", 2.0),
            ("flink_jobmanager_numRunningJobs", 1.0),
            ("flink_jobmanager_taskSlotsAvailable", 0.0),
            ("flink_jobmanager_taskSlotsTotal", 8.0),
        ]
    );
    assert_eq!((values.build, values.refused), (None, Vec::new()));
}

#[test]
fn the_build_and_the_configuration_of_each_tenant() {
    let build = "flink_taskmanager_job_task_operator_version_semVer_buildInfo";
    let time = "flink_taskmanager_job_task_operator_user_tenant_eventTime";
    let page = format!(
        "{build}{{version=\"100.0.100.3700\",operator_name=\"x\"}} 1\n\
         {time}{{operator_name=\"Source: gca-cfg\",tenant=\"t2\",subtask_index=\"0\"}} 1772488000000\n\
         {time}{{operator_name=\"Source: gca-cfg\",tenant=\"t1\",subtask_index=\"0\"}} 1772488800000\n\
         {time}{{operator_name=\"Source: gca-cfg\",tenant=\"t1\",subtask_index=\"1\"}} 1772488700000\n\
         {time}{{operator_name=\"Source: gca-cfg\",tenant=\"t3\"}} -9.223372036854775807E18\n\
         {time}{{operator_name=\"Source: gca-cfg\",tenant=\"t4\"}} NaN\n\
         {time}{{operator_name=\"Source: gca-cfg\",tenant=\"t5\"}} 1.7724888E21\n\
         {time}{{operator_name=\"Source: voice\",tenant=\"t1\"}} 1772499999000\n"
    );
    let values = read(&page);
    let at = |text: &str| text.parse().unwrap();
    assert_eq!(values.build.as_deref(), Some("100.0.100.3700"));
    assert_eq!(
        values.config_times,
        [("t1".into(), at("2026-03-02T22:00:00Z")), ("t2".into(), at("2026-03-02T21:46:40Z"))]
    );
    assert_eq!(values.refused, [format!("2 impossible values of {time}")]);
}

#[test]
fn impossible_counts_of_flink_are_told() {
    let values = read(
        "flink_jobmanager_numRunningJobs -1\n\
         flink_jobmanager_job_uptime -1\n\
         flink_jobmanager_job_lastCheckpointDuration -5\n\
         flink_jobmanager_job_numberOfFailedCheckpoints NaN\n",
    );
    assert_eq!(values.others, []);
    assert_eq!(
        values.refused,
        [
            "1 impossible values of flink_jobmanager_job_lastCheckpointDuration",
            "1 impossible values of flink_jobmanager_job_numberOfFailedCheckpoints",
            "1 impossible values of flink_jobmanager_numRunningJobs",
        ]
    );
}

#[test]
fn tenants_are_bounded() {
    let time = "flink_taskmanager_job_task_operator_user_tenant_eventTime";
    let page: Vec<String> = (0..300)
        .map(|n| format!("{time}{{operator_name=\"Source: gca-cfg\",tenant=\"t{n:03}\"}} 1772488800000\n"))
        .collect();
    let values = read(&page.concat());
    assert_eq!(values.config_times.len(), MAX_TENANTS);
    assert_eq!(values.refused, [format!("44 impossible values of {time}")]);
}
