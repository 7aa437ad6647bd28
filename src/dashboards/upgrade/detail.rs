//! The evidence in detail: latency, deadlines, checks, pods and releases.

use super::of_suite;
use crate::dashboards::panel::{COMPONENT, Kind, Panel, Shows, Unit, ask, label, series, value};
use crate::dashboards::query::current;
use crate::dashboards::states::States;

pub(super) fn latency() -> Vec<Panel> {
    vec![
        Panel::new("Latency by topic", [14, 9], Kind::Lines { unit: Unit::Seconds, limit: true })
            .says("How late each topic of Kafka is consumed. The dashed line is the latency that is still normal (policy.latency_ok).")
            .asks(&[series(
                "max by (component, topic) (gim_upgrade_kafka_topic_behind_seconds{@component})",
                "{{component}} {{topic}}",
            )])
            .runbooks(&["GimUpgradeBacklogGrowing", "GimUpgradeLatencyHigh"]),
        Panel::new("Trend", [10, 5], Kind::States { lane: "component", state: "trend", states: States::Trend })
            .says("How the latency moves, over the window by which it is judged.")
            .asks(&[ask(of_suite!("gim_upgrade_kafka_trend", "trend", "unknown"))])
            .runbooks(&["GimUpgradeBacklogGrowing"]),
        Panel::new("Drained in", [5, 4], Kind::Numbers(Unit::Seconds))
            .says("Time until the latency is normal again at the present slope. Nothing where no backlog drains.")
            .asks(&[series("max by (component) (gim_upgrade_kafka_drain_seconds{@component})", "{{component}}")])
            .runbooks(&["GimUpgradeLatencyHigh"]),
        Panel::new("Slope", [5, 4], Kind::Numbers(Unit::Count))
            .says("Seconds of latency gained per second: below 0 it drains, at 1 nothing is consumed.")
            .asks(&[series("max by (component) (gim_upgrade_kafka_behind_slope{@component})", "{{component}}")])
            .runbooks(&["GimUpgradeBacklogGrowing"]),
    ]
}

pub(super) fn checks() -> Vec<Panel> {
    let deadlines = vec![
        COMPONENT,
        label("deadline", "Until", Shows::State(States::Deadline)),
        value(0, "Time left", Shows::Number(Unit::Seconds)),
        value(1, "Running for", Shows::Number(Unit::Seconds)),
    ];
    let answers =
        vec![COMPONENT, label("check", "Check", Shows::Text), value(0, "Answer", Shows::State(States::Check))];
    vec![
        Panel::table("Time against deadlines", [12, 9], deadlines)
            .says(
                "What is left of each operation's deadlines; below 0 it is over. Helm's is that of the policy: the real --timeout is recorded \
                 nowhere. The third begins when all pods are Ready.",
            )
            .asks(&[
                ask("min by (component, deadline) (gim_upgrade_operation_deadline_timestamp_seconds{@component}) - time()"),
                ask(
                    "0 * max by (component, deadline) (gim_upgrade_operation_deadline_timestamp_seconds{@component})\n\
                     + on (component) group_left ()\n\
                     (time() - max by (component) (gim_upgrade_operation_start_timestamp_seconds{@component}))",
                ),
            ])
            .sorted("Component", true)
            .runbooks(&["GimUpgradeRolloutOverdue", "GimUpgradeReleaseStuckPending"]),
        Panel::table("Checks", [12, 9], answers)
            .says("The answer of each check that applies, failing ones first. Of several exporters the worst answer of those that know one.")
            .asks(&[ask("sort(min by (component, check) (gim_upgrade_check{@component}))")])
            .runbooks(&["GimUpgradeInvestigate", "GimUpgradeServerFailing", "GimUpgradeJobsFailing", "GimUpgradeMigrationUnfinished"]),
    ]
}

pub(super) fn pods() -> Vec<Panel> {
    [ready_pods(), releases()].concat()
}

fn ready_pods() -> Vec<Panel> {
    let waiting = vec![
        COMPONENT,
        label("generation", "Generation", Shows::State(States::Generation)),
        label("reason", "Reason", Shows::Text),
        value(0, "Pods", Shows::Number(Unit::Count)),
    ];
    let not_ready = vec![
        COMPONENT,
        label("target_pod", "Pod", Shows::Text),
        value(0, "Not Ready for", Shows::Number(Unit::Seconds)),
    ];
    let ended =
        vec![COMPONENT, label("reason", "Ended by", Shows::Text), value(0, "Containers", Shows::Number(Unit::Count))];
    vec![
        Panel::lines("Pods by generation", [12, 8], Unit::Count)
            .says("Pods that are Ready, of the generation that is being rolled out and of earlier ones, and how many are wanted.")
            .asks(&[
                series(
                    "max by (component, generation) (gim_upgrade_pods_ready{@component})",
                    "{{component}} {{generation}} Ready",
                ),
                series("max by (component) (gim_upgrade_pods_desired{@component})", "{{component}} wanted"),
            ])
            .runbooks(&["GimUpgradeRolloutOverdue"]),
        Panel::lines("Restarts", [12, 8], Unit::Count)
            .says("Restarts of containers since the operation began.")
            .asks(&[series(
                "max by (component) (gim_upgrade_container_restarts{@component})",
                "{{component}} restarts",
            )])
            .runbooks(&["GimUpgradeCrashLooping", "GimUpgradeOomKilled"]),
        Panel::table("Why pods wait", [8, 6], waiting)
            .says("Containers that wait, init containers among them, by reason.")
            .asks(&[ask("max by (component, generation, reason) (gim_upgrade_pods_waiting{@component})")])
            .runbooks(&["GimUpgradeImageNotAvailable", "GimUpgradePodStuckPending", "GimUpgradeCrashLooping"]),
        Panel::table("Pods that are not Ready", [8, 6], not_ready)
            .says("By name, to look into: names change with every attempt.")
            .asks(&[ask(
                "time() - min by (component, target_pod) (gim_upgrade_pod_not_ready_since_timestamp_seconds{@component})",
            )])
            .sorted("Not Ready for", true)
            .runbooks(&["GimUpgradePodStuckPending", "GimUpgradeRestartPodAdvised"]),
        Panel::table("How containers ended", [8, 6], ended)
            .says("Containers of pods that the operation made, by how their last run ended.")
            .asks(&[ask("max by (component, reason) (gim_upgrade_containers_last_terminated{@component})")])
            .runbooks(&["GimUpgradeOomKilled"]),
    ]
}

fn releases() -> Vec<Panel> {
    let releases = vec![
        COMPONENT,
        label("release", "Release", Shows::Text),
        label("role", "Role", Shows::Text),
        value(0, "Revision", Shows::Number(Unit::Count)),
        label("status", "Status", Shows::State(States::ReleaseStatus)),
        label("chart_version", "Chart", Shows::Text),
        label("app_version", "Application", Shows::Text),
    ];
    let hooks = vec![
        COMPONENT,
        label("hook", "Hook", Shows::Text),
        label("event", "At", Shows::Text),
        label("phase", "Phase", Shows::State(States::HookPhase)),
    ];
    vec![
        Panel::table("Releases", [14, 7], releases)
            .says("The newest revision of each release and of its monitoring companion. A release may stay `failed` though its pods healed.")
            .asks(&[
                ask("max by (component, release, role) (gim_upgrade_release_revision{@component})"),
                ask("max by (component, release, role, status) (gim_upgrade_release_status{@component})"),
                ask(
                    "max by (component, release, role, chart_version, app_version) (gim_upgrade_release_info{@component})",
                ),
            ])
            .sorted("Component", true)
            .runbooks(&["GimUpgradeReleaseFailed", "GimUpgradeReleaseStuckPending", "GimUpgradeCompanionOutOfStep"]),
        Panel::table("Hooks", [10, 7], hooks)
            .says("How the hooks of the newest revision went. One that failed stops Helm.")
            .asks(&[ask("max by (component, hook, event, phase) (gim_upgrade_release_hook_status{@component})")])
            .runbooks(&["GimUpgradeHookFailed"]),
    ]
}
