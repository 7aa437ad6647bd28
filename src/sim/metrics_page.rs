//! The metrics pages of the pods, in text 0.0.4. GIM's as GIM itself writes it: its latency in milliseconds by topic and
//! partition, its state, its failed jobs, and a Java process around them. GSP's is a healthy Flink's. GCA has none.

use std::fmt::Write as _;

use super::chart::component_of;
use super::controllers::flink;
use super::controllers::pod::{Pod, PodState};
use super::scenario::{Behaviour, Checkpoints, MetricsFate, Span, Surrounding};
use super::world::cluster::{Cluster, Key};

/// What a metrics endpoint answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetricsAnswer {
    /// A page, in text 0.0.4.
    Page(String),
    /// No page but a status code.
    Status(u16),
}

/// A count that grows at a rate, from when its container started.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counter {
    base: f64,
    per_minute: f64,
    since: Span,
}

impl Counter {
    /// From now on it grows so fast.
    fn run(&mut self, per_minute: f64, now: Span) {
        if self.per_minute.to_bits() != per_minute.to_bits() {
            *self = Self { base: self.raw(now), per_minute, since: now };
        }
    }

    fn raw(self, now: Span) -> f64 {
        self.base + self.per_minute * now.minus(self.since).seconds().max(0.0) / 60.0
    }

    /// What it has counted: things are whole.
    fn at(self, now: Span) -> f64 {
        self.raw(now).floor()
    }
}

/// What a container counts.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counters {
    failed_jobs: Counter,
    restarts: Counter,
    completed: Counter,
    failed: Counter,
}

/// Jobs of GIM that fail in a minute while the database is not up.
const FAILING_WITHOUT_DATABASE: f64 = 1.0;

/// Something has changed: what pods count goes on at the rate of now.
pub(super) fn count(cluster: &mut Cluster) {
    let now = cluster.now;
    let keys: Vec<Key> = cluster.pods.values().filter(|pod| listens(cluster, pod)).map(|pod| pod.key.clone()).collect();
    for key in keys {
        let Some(pod) = cluster.pods.get(&key) else { continue };
        let behaviour = cluster.behaviour(&pod.release, &pod.workload, &pod.tag);
        let job = flink::is_job_manager(&pod.release, &pod.workload).then(|| flink::job(cluster, &key)).flatten();
        let with_database = cluster.surroundings.is_up(Surrounding::Database);
        let Some(pod) = cluster.pods.get_mut(&key) else { continue };
        if let Some(job) = job {
            let each_minute = |what| f64::from(u8::from(job.runs && job.checkpoints == what));
            pod.counters.completed.run(each_minute(Checkpoints::Complete), now);
            pod.counters.failed.run(each_minute(Checkpoints::Fail), now);
            pod.counters.restarts.run(behaviour.job_restarts, now);
        } else if component_of(&pod.release) == Some("gim") {
            let rate = behaviour.failing_jobs + if with_database { 0.0 } else { FAILING_WITHOUT_DATABASE };
            pod.counters.failed_jobs.run(if pod.ready { rate } else { 0.0 }, now);
        }
    }
}

pub(super) fn answer(cluster: &Cluster, pod: &str, now: Span) -> Option<MetricsAnswer> {
    let named = |found: &&Pod| found.key.1 == pod || found.ip.as_deref() == Some(pod);
    let pod = cluster.pods.values().filter(|pod| listens(cluster, pod)).find(named)?;
    let behaviour = cluster.behaviour(&pod.release, &pod.workload, &pod.tag);
    match behaviour.metrics {
        MetricsFate::Refused => None,
        MetricsFate::Error => Some(MetricsAnswer::Status(500)),
        MetricsFate::Absent => Some(MetricsAnswer::Page(process_families(cluster, pod, now))),
        MetricsFate::Served => {
            let mut page = match component_of(&pod.release) {
                Some("gim") => gim_families(cluster, pod, &behaviour, now),
                _ if flink::is_job_manager(&pod.release, &pod.workload) => job_manager_families(cluster, pod, now),
                _ => task_manager_families(cluster, behaviour.build.as_ref().unwrap_or(&pod.tag), now),
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
    matches!(component_of(&pod.release), Some("gim" | "gsp"))
        && pod.owner.kind != "Job"
        && !pod.lost
        && pod.state == PodState::Running
        && cluster.behaviour(&pod.release, &pod.workload, &pod.tag).metrics != MetricsFate::Refused
}

fn gim_families(cluster: &Cluster, pod: &Pod, behaviour: &Behaviour, now: Span) -> String {
    let mut page = String::with_capacity(4096);
    let name = &pod.key.1;
    let schema = cluster.marts.get(&pod.release).map_or("", |mart| mart.schema.as_str());
    let state = if pod.ready { behaviour.server_state } else { 0.0 };
    let failed = pod.counters.failed_jobs.at(now);
    // Writing into a String does not fail.
    let _ = write!(
        page,
        "# HELP gim_server_state State of the server\n# TYPE gim_server_state gauge\n\
         gim_server_state{{pod=\"{name}\",schema_version=\"{schema}\",}} {state:?}\n\
         # HELP gim_number_failed_kafkajob Failed Kafka transform jobs\n# TYPE gim_number_failed_kafkajob gauge\n\
         gim_number_failed_kafkajob {failed:.1}\n\
         # HELP gim_failed_jobsteps Failed ETL job steps\n# TYPE gim_failed_jobsteps gauge\n\
         gim_failed_jobsteps{{pod=\"{name}\",failedJobSteps=\"none\",}} 0.0\n\
         # HELP gim_kafka_timestamp_behind Latency of Kafka consumption\n# TYPE gim_kafka_timestamp_behind gauge\n",
    );
    let partitions = cluster.latencies.get(&pod.release).map(|latency| latency.partitions(now)).unwrap_or_default();
    let since_commit = behaviour.sawtooth.map_or(0.0, |sawtooth| {
        let passed = now.millis().rem_euclid(sawtooth.every.millis().max(1));
        sawtooth.height.seconds() * Span::from_millis(passed).seconds() / sawtooth.every.seconds()
    });
    for (topic, partition, seconds) in partitions {
        if behaviour.lost_topics.iter().any(|lost| lost == topic) {
            continue;
        }
        let millis = cluster.clock.real_seconds(seconds + since_commit) * 1000.0;
        let _ = writeln!(
            page,
            "gim_kafka_timestamp_behind{{pod=\"{name}\",topic=\"{topic}\",partition=\"{partition}\",}} {millis:.1}"
        );
    }
    page
}

fn job_manager_families(cluster: &Cluster, pod: &Pod, now: Span) -> String {
    let Some(job) = flink::job(cluster, &pod.key) else { return String::new() };
    let workers = job.task_managers;
    let counters = &pod.counters;
    let uptime = cluster.clock.real_seconds(now.minus(pod.ready_changed).seconds().max(0.0)) * 1000.0;
    let hanging = if job.runs && job.checkpoints == Checkpoints::Hang { 1.0 } else { 0.0 };
    let families = [
        ("flink_jobmanager_numRunningJobs", if job.runs { 1.0 } else { 0.0 }),
        ("flink_jobmanager_numRegisteredTaskManagers", workers as f64),
        ("flink_jobmanager_taskSlotsTotal", 4.0 * workers as f64),
        ("flink_jobmanager_taskSlotsAvailable", 0.0),
        ("flink_jobmanager_job_uptime", if job.runs { uptime.floor() } else { 0.0 }),
        ("flink_jobmanager_job_numRestarts", counters.restarts.at(now)),
        ("flink_jobmanager_job_lastCheckpointDuration", 1350.0),
        ("flink_jobmanager_job_numberOfFailedCheckpoints", counters.failed.at(now)),
        ("flink_jobmanager_job_numberOfCompletedCheckpoints", counters.completed.at(now)),
        ("flink_jobmanager_job_numberOfInProgressCheckpoints", hanging),
    ];
    let mut page = String::with_capacity(2048);
    for (name, value) in families {
        // Writing into a String does not fail.
        let _ = write!(page, "# HELP {name} {name} (scope: jobmanager)\n# TYPE {name} gauge\n{name} {value:.1}\n");
    }
    page
}

fn task_manager_families(cluster: &Cluster, build: &str, now: Span) -> String {
    // Event times lie a little behind now, by the clock of the world.
    let event_time = cluster.clock.instant(now.minus(Span::from_secs(5))).as_millisecond();
    let families = [
        ("version_semVer_buildInfo", format!("version=\"{build}\""), 1.0),
        ("KafkaConsumer_records_lag_max", "operator_name=\"Source: voice\"".to_owned(), 12.0),
        ("currentOutputWatermark", "operator_name=\"Source: voice\"".to_owned(), event_time as f64),
    ];
    let configurations = flink::config_times(cluster, now).into_iter().map(|(tenant, at)| {
        let time = cluster.clock.instant(at).as_millisecond();
        ("user_tenant_eventTime", format!("operator_name=\"Source: gca-cfg\",tenant=\"{tenant}\""), time as f64)
    });
    let mut page = String::with_capacity(2048);
    let mut former = "";
    for (family, labels, value) in families.into_iter().chain(configurations) {
        let name = format!("flink_taskmanager_job_task_operator_{family}");
        if family != former {
            let _ = write!(page, "# HELP {name} {name} (scope: taskmanager_job_task_operator)\n# TYPE {name} gauge\n");
            former = family;
        }
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
