//! The metrics pages of the pods, in text 0.0.4. GIM's as GIM itself writes it: its latency in milliseconds by topic and
//! partition, its state, its failed jobs, and a Java process around them. GSP's is a healthy Flink's. GCA has none.

use std::fmt::Write as _;

use super::controllers::pod::{Pod, PodState};
use super::scenario::{MetricsFate, Span};
use super::world::cluster::Cluster;

/// What a metrics endpoint answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetricsAnswer {
    /// A page, in text 0.0.4.
    Page(String),
    /// No page but a status code.
    Status(u16),
}

/// The releases whose pods serve a page.
const RELEASES: [&str; 2] = ["gim", "gsp"];

pub(super) fn answer(cluster: &Cluster, pod: &str, now: Span) -> Option<MetricsAnswer> {
    let named = |found: &&Pod| found.key.1 == pod || found.ip.as_deref() == Some(pod);
    let pod = cluster.pods.values().filter(|pod| listens(cluster, pod)).find(named)?;
    let behaviour = cluster.behaviour(&pod.release, &pod.workload, &pod.tag);
    match behaviour.metrics {
        MetricsFate::Refused => None,
        MetricsFate::Error => Some(MetricsAnswer::Status(500)),
        MetricsFate::Absent => Some(MetricsAnswer::Page(process_families(cluster, pod, now))),
        MetricsFate::Served => {
            let mut page = match pod.workload.as_str() {
                "gim" => gim_families(cluster, pod, &behaviour.schema, now),
                "gsp-jm" => job_manager_families(cluster, pod, now),
                _ => task_manager_families(cluster, pod, now),
            };
            page.push_str(&process_families(cluster, pod, now));
            Some(MetricsAnswer::Page(page))
        }
    }
}

pub(super) fn listening(cluster: &Cluster) -> Vec<String> {
    cluster.pods.values().filter(|pod| listens(cluster, pod)).filter_map(|pod| pod.ip.clone()).collect()
}

/// A container that runs listens, Ready or not.
fn listens(cluster: &Cluster, pod: &Pod) -> bool {
    RELEASES.contains(&pod.release.as_str())
        && pod.owner.kind != "Job"
        && pod.state == PodState::Running
        && cluster.behaviour(&pod.release, &pod.workload, &pod.tag).metrics != MetricsFate::Refused
}

fn gim_families(cluster: &Cluster, pod: &Pod, schema: &str, now: Span) -> String {
    let mut page = String::with_capacity(4096);
    let name = &pod.key.1;
    // Writing into a String does not fail.
    let _ = write!(
        page,
        "# HELP gim_server_state State of the server\n# TYPE gim_server_state gauge\n\
         gim_server_state{{pod=\"{name}\",schema_version=\"{schema}\",}} {}\n\
         # HELP gim_number_failed_kafkajob Failed Kafka transform jobs\n# TYPE gim_number_failed_kafkajob gauge\n\
         gim_number_failed_kafkajob 0.0\n\
         # HELP gim_failed_jobsteps Failed ETL job steps\n# TYPE gim_failed_jobsteps gauge\n\
         gim_failed_jobsteps{{pod=\"{name}\",failedJobSteps=\"none\",}} 0.0\n\
         # HELP gim_kafka_timestamp_behind Latency of Kafka consumption\n# TYPE gim_kafka_timestamp_behind gauge\n",
        if pod.ready { "1.0" } else { "0.0" },
    );
    for (topic, partition, seconds) in cluster.latency.partitions(now) {
        let millis = cluster.clock.real_seconds(seconds) * 1000.0;
        let _ = writeln!(
            page,
            "gim_kafka_timestamp_behind{{pod=\"{name}\",topic=\"{topic}\",partition=\"{partition}\",}} {millis:.1}"
        );
    }
    page
}

fn job_manager_families(cluster: &Cluster, pod: &Pod, now: Span) -> String {
    let workers = cluster.pods.values().filter(|other| other.workload == "gsp-tm" && other.is_available()).count();
    let uptime = cluster.clock.real_seconds(now.minus(pod.ready_changed).seconds().max(0.0)) * 1000.0;
    let families = [
        ("flink_jobmanager_numRunningJobs", if pod.ready && workers > 0 { 1.0 } else { 0.0 }),
        ("flink_jobmanager_numRegisteredTaskManagers", workers as f64),
        ("flink_jobmanager_taskSlotsTotal", 4.0 * workers as f64),
        ("flink_jobmanager_taskSlotsAvailable", 0.0),
        ("flink_jobmanager_job_uptime", uptime.floor()),
        ("flink_jobmanager_job_numRestarts", 0.0),
        ("flink_jobmanager_job_lastCheckpointDuration", 1350.0),
        ("flink_jobmanager_job_numberOfFailedCheckpoints", 0.0),
        ("flink_jobmanager_job_numberOfCompletedCheckpoints", (uptime / 60_000.0).floor()),
        ("flink_jobmanager_job_numberOfInProgressCheckpoints", 0.0),
    ];
    let mut page = String::with_capacity(2048);
    for (name, value) in families {
        // Writing into a String does not fail.
        let _ = write!(page, "# HELP {name} {name} (scope: jobmanager)\n# TYPE {name} gauge\n{name} {value:.1}\n");
    }
    page
}

fn task_manager_families(cluster: &Cluster, pod: &Pod, now: Span) -> String {
    // Event times lie a little behind now, by the clock of the world.
    let event_time = cluster.clock.instant(now.minus(Span::from_secs(5))).as_millisecond();
    let families = [
        ("version_semVer_buildInfo", format!("version=\"{}\"", pod.tag), 1.0),
        ("KafkaConsumer_records_lag_max", "operator_name=\"Source: voice\"".to_owned(), 12.0),
        ("currentOutputWatermark", "operator_name=\"Source: voice\"".to_owned(), event_time as f64),
        ("user_tenant_eventTime", "operator_name=\"Source: gca-cfg\",tenant=\"100\"".to_owned(), event_time as f64),
    ];
    let mut page = String::with_capacity(2048);
    for (name, labels, value) in families {
        let name = format!("flink_taskmanager_job_task_operator_{name}");
        let _ = write!(page, "# HELP {name} {name} (scope: taskmanager_job_task_operator)\n# TYPE {name} gauge\n");
        let _ = writeln!(page, "{name}{{{labels},}} {value:.1}");
    }
    page
}

fn process_families(cluster: &Cluster, pod: &Pod, now: Span) -> String {
    let began = pod.started.unwrap_or(now);
    let uptime = cluster.clock.real_seconds(now.minus(began).seconds().max(0.0));
    let started = cluster.clock.instant(began).as_millisecond() as f64 / 1000.0;
    format!(
        "# HELP jvm_memory_bytes_used Used bytes of a given JVM memory area.\n# TYPE jvm_memory_bytes_used gauge\n\
         jvm_memory_bytes_used{{area=\"heap\",}} 1.234567168E9\njvm_memory_bytes_used{{area=\"nonheap\",}} 1.68034304E8\n\
         # HELP jvm_threads_current Current thread count of a JVM\n# TYPE jvm_threads_current gauge\n\
         jvm_threads_current 87.0\n\
         # HELP jvm_gc_collection_seconds Time spent in a given JVM garbage collector in seconds.\n\
         # TYPE jvm_gc_collection_seconds summary\n\
         jvm_gc_collection_seconds_count{{gc=\"G1 Young Generation\",}} {:.1}\n\
         jvm_gc_collection_seconds_sum{{gc=\"G1 Young Generation\",}} {:.3}\n\
         # HELP process_start_time_seconds Start time of the process since unix epoch in seconds.\n\
         # TYPE process_start_time_seconds gauge\nprocess_start_time_seconds {started:.3}\n",
        (uptime / 3.0).floor(),
        uptime * 0.004,
    )
}
