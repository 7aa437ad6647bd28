//! What the components' own pages tell: GIM's, and those of GSP's job manager and task managers.
//!
//! Names of families and labels are those that Genesys's public dashboards and rules use. Not for how the pages are
//! served: that is `metrics_page`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;

/// The latency of a GIM that nothing was said about, in seconds.
const USUAL_BEHIND: f64 = 4.0;
/// How old the newest configuration from a GCA is that nothing was said about.
const USUAL_CONFIG_AGE: Duration = Duration::from_secs(20);

/// How far GIM's consumption is behind.
#[derive(Clone, Copy, Debug)]
pub struct Behind {
    /// Seconds behind when this was set.
    pub seconds: f64,
    /// Seconds behind gained each second from then on; it never falls below the usual.
    pub slope: f64,
}

/// What the pages of one namespace tell.
#[derive(Clone, Debug)]
pub struct Values {
    /// How far GIM is behind.
    pub behind: Behind,
    /// GIM's word for its own state.
    pub server_state: f64,
    /// Version of the Info Mart's schema, as GIM finds it.
    pub schema: &'static str,
    /// How many of Flink's jobs run.
    pub running_jobs: u32,
    /// Whose configuration GSP has.
    pub tenants: &'static [&'static str],
}

impl Default for Values {
    fn default() -> Self {
        Self {
            behind: Behind { seconds: USUAL_BEHIND, slope: 0.0 },
            server_state: 1.0,
            schema: "8.5.116.29",
            running_jobs: 1,
            tenants: &["100"],
        }
    }
}

/// Who serves a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A pod of GIM, by its name.
    Gim(String),
    /// A job manager of GSP.
    JobManager,
    /// A task manager of GSP, which runs this build.
    TaskManager(String),
}

impl Source {
    /// Whose page a pod serves; `None` where it serves none.
    pub fn of(pod: &Pod) -> Option<Self> {
        let container = pod.spec.as_ref()?.containers.first()?;
        match container.name.as_str() {
            "gim" => Some(Self::Gim(pod.name_any())),
            "jobmanager" => Some(Self::JobManager),
            "gsp" => Some(Self::TaskManager(container.image.as_ref()?.rsplit(':').next()?.to_owned())),
            _ => None,
        }
    }

    /// The port (sample values in `genesys/multicloud-services`).
    pub fn port(&self) -> u16 {
        if matches!(self, Self::Gim(_)) { 8249 } else { 9249 }
    }

    /// The path.
    pub fn path(&self) -> &'static str {
        if matches!(self, Self::Gim(_)) { "/metrics" } else { "/" }
    }

    /// The page, `since` the values were set.
    pub fn page(&self, values: &Values, since: Duration) -> String {
        let lines = match self {
            Self::Gim(pod) => gim(pod, values, since),
            Self::JobManager => job_manager(values),
            Self::TaskManager(build) => task_manager(build, values),
        };
        lines.join("\n") + "\n"
    }
}

/// Latencies are in milliseconds.
fn gim(pod: &str, values: &Values, since: Duration) -> Vec<String> {
    let behind = (values.behind.seconds + values.behind.slope * since.as_secs_f64()).max(USUAL_BEHIND);
    let mut lines = vec!["# TYPE gim_kafka_timestamp_behind gauge".to_owned()];
    for (topic, partition, share) in
        [("voice-details", 0, 1.0), ("voice-details", 1, 0.9), ("agent-states", 0, 0.8), ("config", 0, 0.5)]
    {
        let labels = format!("pod=\"{pod}\",topic=\"{topic}\",partition=\"{partition}\"");
        lines.push(format!("gim_kafka_timestamp_behind{{{labels}}} {}", behind * share * 1000.0));
    }
    lines.extend([
        "# TYPE gim_server_state gauge".to_owned(),
        format!("gim_server_state{{pod=\"{pod}\",schema_version=\"{}\"}} {}", values.schema, values.server_state),
        "# TYPE gim_number_failed_kafkajob counter".to_owned(),
        "gim_number_failed_kafkajob 0".to_owned(),
        "# TYPE gim_failed_jobsteps gauge".to_owned(),
        format!("gim_failed_jobsteps{{pod=\"{pod}\",failedJobSteps=\"none\"}} 0"),
        "# TYPE jvm_memory_used_bytes gauge".to_owned(),
        "jvm_memory_used_bytes{area=\"heap\"} 1.2e9".to_owned(),
    ]);
    lines
}

fn job_manager(values: &Values) -> Vec<String> {
    let running = values.running_jobs;
    // Flink's reporter adds the host to everything, and the job to what concerns it.
    let mut lines = gauges(
        "host=\"gsp-jm\"",
        [
            ("flink_jobmanager_numRunningJobs", f64::from(running)),
            ("flink_jobmanager_numRegisteredTaskManagers", 1.0),
            ("flink_jobmanager_taskSlotsTotal", 4.0),
            ("flink_jobmanager_taskSlotsAvailable", if running == 0 { 4.0 } else { 0.0 }),
        ],
    );
    if running > 0 {
        lines.extend(gauges(
            "host=\"gsp-jm\",job_id=\"a1\",job_name=\"gsp\"",
            [
                ("flink_jobmanager_job_uptime", 7.2e6),
                ("flink_jobmanager_job_numRestarts", 0.0),
                ("flink_jobmanager_job_lastCheckpointDuration", 850.0),
                ("flink_jobmanager_job_numberOfFailedCheckpoints", 0.0),
                ("flink_jobmanager_job_numberOfCompletedCheckpoints", (seconds_since_epoch() / 10.0).floor()),
                ("flink_jobmanager_job_numberOfInProgressCheckpoints", 0.0),
            ],
        ));
    }
    lines
}

fn task_manager(build: &str, values: &Values) -> Vec<String> {
    let job = "host=\"gsp-tm\",job_id=\"a1\",job_name=\"gsp\",tm_id=\"gsp-tm-1\"";
    if values.running_jobs == 0 {
        return gauges("host=\"gsp-tm\",tm_id=\"gsp-tm-1\"", [("flink_taskmanager_Status_JVM_CPU_Load", 0.01)]);
    }
    let build = format!("{job},operator_name=\"gsp\",version=\"{build}\"");
    let mut lines = gauges(&build, [("flink_taskmanager_job_task_operator_version_semVer_buildInfo", 1.0)]);
    let configured = (seconds_since_epoch() - USUAL_CONFIG_AGE.as_secs_f64()).floor() * 1000.0;
    lines.push("# TYPE flink_taskmanager_job_task_operator_user_tenant_eventTime gauge".to_owned());
    lines.extend(values.tenants.iter().map(|tenant| {
        let labels = format!("{job},operator_name=\"Source: gca-cfg\",tenant=\"{tenant}\"");
        format!("flink_taskmanager_job_task_operator_user_tenant_eventTime{{{labels}}} {configured}")
    }));
    lines
}

fn gauges<const N: usize>(labels: &str, values: [(&str, f64); N]) -> Vec<String> {
    values
        .into_iter()
        .flat_map(|(name, value)| [format!("# TYPE {name} gauge"), format!("{name}{{{labels}}} {value}")])
        .collect()
}

fn seconds_since_epoch() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}
