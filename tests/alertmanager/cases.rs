//! The table of cases: for each inhibition what it silences, and what it may never silence.

use crate::shipped::Shipped;
use crate::silencing::{Case, Trial};
use crate::{names::PREFIX, programs};

/// What says what to do.
const ADVICE: [&str; 4] = ["RollBackAdvised", "RestartPodAdvised", "ContactSupport", "RollbackFailed"];
/// What may be there when something says what to do.
const SYMPTOMS: [&str; 18] = [
    "PodStuckPending",
    "ImageNotAvailable",
    "CrashLooping",
    "OomKilled",
    "MetricsAbsent",
    "FlinkJobDown",
    "BacklogGrowing",
    "LatencyHigh",
    "ServerFailing",
    "JobsFailing",
    "MigrationUnfinished",
    "TaskManagersMissing",
    "CheckpointsFailing",
    "ReleaseFailed",
    "HookFailed",
    "ReleaseStuckPending",
    "RolloutOverdue",
    "Investigate",
];
/// What tells enough for nobody to be told to find out.
const CAUSES: [&str; 6] =
    ["PodStuckPending", "ImageNotAvailable", "CrashLooping", "OomKilled", "MetricsAbsent", "FlinkJobDown"];

/// Which of our alerts silences which, where cluster, suite and component are equal.
pub const OURS: [(&[&str], &[&str]); 6] = [
    (&["ContactSupport", "RestartPodAdvised"], &["RollbackFailed"]),
    (&ADVICE, &SYMPTOMS),
    (&["DependencyDown"], &ADVICE),
    (&["DependencyDown"], &SYMPTOMS),
    (&CAUSES, &["Investigate"]),
    (&["OomKilled"], &["CrashLooping"]),
];

/// What changes two alerts that would else have equal labels, so that neither silences the other: of the source, of the target.
const APART: [(&str, &str, &str); 8] = [
    ("of another component", "", "component=gsp"),
    ("of another suite", "", "suite=other"),
    ("of another cluster", "", "cluster=west"),
    ("without a component", "", "-component"),
    ("without a suite", "", "-suite"),
    ("without a cluster", "", "-cluster"),
    ("without any of them", "", "-cluster -suite -component"),
    ("both without a component", "-component", "-component"),
];

/// Cases of alerts that are not of one pattern.
const OTHERS: &[(&str, &[&str])] = &[
    (
        "without external labels clusters are equal",
        &["GimUpgradeOomKilled -cluster", "~GimUpgradeCrashLooping -cluster"],
    ),
    // An upgrade that is on its way and in time.
    (
        "an upgrade in time silences the platform's alerts about pods and workloads of its namespace",
        &[
            "GimUpgradeInProgress severity=none",
            "~KubePodNotReady -suite -component",
            "~KubePodCrashLooping -suite -component container=gim",
            "~KubeContainerWaiting -suite -component",
            "~KubeStatefulSetReplicasMismatch -suite -component",
            "~KubeStatefulSetUpdateNotRolledOut -suite -component",
            "~KubeDeploymentReplicasMismatch -suite -component",
            "~KubeDeploymentRolloutStuck -suite -component",
            "KubeJobFailed -suite -component",
            "KubeNodeNotReady -suite -component",
            "KubeHpaMaxedOut -suite -component",
            "KubePersistentVolumeFillingUp -suite -component",
            "MyKubePodNotReady -suite -component",
            "KubeContainerWaitingLong -suite -component",
        ],
    ),
    ("none of ours", &["GimUpgradeInProgress", "GimUpgradePodStuckPending", "GimUpgradeRolloutOverdue"]),
    ("nor in another namespace", &["GimUpgradeInProgress", "KubePodNotReady namespace=gsp"]),
    ("nor in another cluster", &["GimUpgradeInProgress", "KubePodNotReady cluster=west", "KubePodNotReady -cluster"]),
    ("nor without a namespace", &["GimUpgradeInProgress", "KubePodNotReady -namespace"]),
    ("not even where both have none", &["GimUpgradeInProgress -namespace", "KubePodNotReady -namespace"]),
    ("clusters without a name are equal", &["GimUpgradeInProgress -cluster", "~KubePodNotReady -cluster"]),
    ("a stranger's window is none", &["KubePodNotReady", "DeploymentInProgress", "InProgress"]),
    (
        "where the platform overwrites the rule's namespace, the exporter's own post silences, though silenced itself",
        &[
            "GimUpgradeInProgress namespace=monitoring target_namespace=gim",
            "~GimUpgradeInProgress via=sidecar target_namespace=gim",
            "~KubePodNotReady -suite -component",
        ],
    ),
    // The exporter's own posts beside the rules.
    (
        "the rule's alert silences the exporter's",
        &["GimUpgradeBacklogGrowing", "~GimUpgradeBacklogGrowing via=sidecar"],
    ),
    ("no other name", &["GimUpgradeBacklogGrowing", "GimUpgradeLatencyHigh via=sidecar"]),
    ("no other component", &["GimUpgradeBacklogGrowing", "GimUpgradeBacklogGrowing via=sidecar component=gsp"]),
    ("no other suite", &["GimUpgradeBacklogGrowing", "GimUpgradeBacklogGrowing via=sidecar suite=other"]),
    ("no other cluster", &["GimUpgradeBacklogGrowing", "GimUpgradeBacklogGrowing via=sidecar cluster=west"]),
    ("one by another way does not", &["GimUpgradeBacklogGrowing via=sidecar", "GimUpgradeBacklogGrowing via=other"]),
    ("nor is one by another way silenced", &["GimUpgradeBacklogGrowing via=other", "GimUpgradeBacklogGrowing"]),
    ("alone it is heard", &["GimUpgradeBacklogGrowing via=sidecar", "GimUpgradeSidecarWatchdog via=sidecar"]),
    ("no stranger's", &["BackupFailed", "BackupFailed via=sidecar"]),
    (
        "of one name, those of the same check alone",
        &[
            "GimUpgradeDependencyDown check=kafka_reachable",
            "~GimUpgradeDependencyDown check=kafka_reachable via=sidecar",
            "GimUpgradeDependencyDown check=database_reachable via=sidecar",
        ],
    ),
    (
        "of the same reason",
        &[
            "GimUpgradeRestartPodAdvised reason=stale_pod",
            "~GimUpgradeRestartPodAdvised reason=stale_pod via=sidecar",
            "GimUpgradeRestartPodAdvised reason=on_delete via=sidecar",
        ],
    ),
    (
        "of the same release",
        &[
            "GimUpgradeReleaseStuckPending release=gim",
            "~GimUpgradeReleaseStuckPending release=gim via=sidecar",
            "GimUpgradeReleaseStuckPending release=gim-monitoring via=sidecar",
        ],
    ),
    (
        "of the same source and namespace, which belong to no component",
        &[
            "GimUpgradeExporterBlind source=pods target_namespace=gim -suite -component",
            "~GimUpgradeExporterBlind source=pods target_namespace=gim -suite -component via=sidecar",
            "GimUpgradeExporterBlind source=releases target_namespace=gim -suite -component via=sidecar",
            "GimUpgradeExporterBlind source=pods target_namespace=gsp -suite -component via=sidecar",
        ],
    ),
    (
        "the exporter's advice silences symptoms, whoever tells of them",
        &["GimUpgradeContactSupport via=sidecar", "~GimUpgradeOomKilled", "~GimUpgradeHookFailed via=sidecar"],
    ),
    // Strangers.
    (
        "what is critical of ours silences no stranger's alert",
        &[
            "DiskFull severity=warning -cluster -suite -component -namespace",
            "GimUpgradeRollBackAdvised severity=critical",
            "GimUpgradeDependencyDown severity=critical component=gsp",
            "DiskFull severity=warning",
            "DiskFull severity=warning component=gsp",
            "CrashLooping severity=warning",
            "KubePodNotReady severity=warning",
        ],
    ),
    (
        "nor where it has lost its labels",
        &[
            "DiskFull severity=warning -cluster -suite -component -namespace",
            "GimUpgradeRollBackAdvised severity=critical -cluster -suite -component -namespace",
            "DiskFull severity=info -cluster -suite -component -namespace",
        ],
    ),
    (
        "nothing critical of a stranger's silences ours",
        &[
            "GimUpgradeBacklogGrowing severity=warning",
            "GimUpgradeInvestigate severity=warning",
            "GimUpgradeInvestigate severity=warning -cluster -suite -component -namespace",
            "GimUpgradeRollBackAdvised severity=critical component=gsp",
            "GimUpgradeCrashLooping severity=critical component=gca",
            "HostDown severity=critical",
            "HostDown severity=critical component=gsp",
            "HostDown severity=critical component=gca",
            "HostDown severity=critical -cluster -suite -component -namespace",
        ],
    ),
    ("nor a stranger's a stranger's", &["KubePodNotReady severity=warning", "HostDown severity=critical"]),
    (
        "names that merely contain ours are strangers",
        &[
            "GimUpgradeCrashLooping",
            "NotGimUpgradeRollBackAdvised",
            "GimUpgradeRollBackAdvisedOnce",
            "NotGimUpgradeOomKilled",
            "GimUpgradeOomKilledOnce",
        ],
    ),
    (
        "and are not silenced",
        &[
            "NotGimUpgradeCrashLooping",
            "GimUpgradeCrashLoopingOnce",
            "GimUpgradeRollBackAdvised",
            "GimUpgradeOomKilled component=gsp",
        ],
    ),
];

/// All cases.
pub fn all() -> Vec<Case> {
    let mut cases: Vec<Case> = OTHERS.iter().map(|(what, alerts)| Case::new(*what, alerts)).collect();
    for (sources, targets) in OURS {
        for source in sources {
            let source = format!("{PREFIX}{source}");
            let silenced = targets.iter().map(|target| format!("~{PREFIX}{target}"));
            // Neither what no inhibition names nor what is not ours.
            let heard = ["GimUpgradeConfigurationStale", "GimUpgradeExporterBlind -suite -component", "HostDown"];
            let alerts: Vec<String> =
                [source.clone()].into_iter().chain(silenced).chain(heard.map(str::to_owned)).collect();
            cases.push(Case::new(format!("{source} silences {targets:?}"), &alerts));
            for (what, of_source, of_target) in APART {
                let target = format!("{PREFIX}{}", targets[0]);
                let alerts = [format!("{source} {of_source}"), format!("{target} {of_target}")];
                cases.push(Case::new(format!("{source} does not silence {target} {what}"), &alerts));
            }
        }
    }
    cases
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn alerts_silence_what_follows_from_them_and_nothing_else() {
    for program in programs("alertmanager") {
        let mut trial = Trial::start(&program, &Shipped::read().unwrap(), &all()).await.unwrap();
        let differences = trial.differences().await.unwrap();
        assert!(differences.is_empty(), "{program:?}: {differences:#?}");
    }
}

/// Alertmanager 0.31 forgets the source of an inhibition that still fires when another source of the same one ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_still_fires_still_silences_when_another_alert_ends() {
    let mut cases = Vec::new();
    for (sources, targets) in OURS {
        let pairs = sources.iter().flat_map(|one| sources.iter().map(move |other| (one, other)));
        for (stays, ends) in pairs.filter(|(stays, ends)| stays != ends) {
            let alerts = [("", *stays), ("!", *ends), ("~", targets[targets.len() - 1])];
            let alerts = alerts.map(|(mark, name)| format!("{mark}{PREFIX}{name}"));
            cases.push(Case::new(format!("{stays} stays, {ends} ends"), &alerts));
        }
    }
    for program in programs("alertmanager") {
        let mut trial = Trial::start(&program, &Shipped::read().unwrap(), &cases).await.unwrap();
        let differences = trial.differences().await.unwrap();
        assert!(differences.is_empty(), "{program:?}: {differences:#?}");
    }
}
