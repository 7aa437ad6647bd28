//! A third party in trouble: rule 13 of the guide.

use anyhow::{Result, ensure};
use serde_json::json;

use crate::{
    charts::GIM_NEXT,
    cluster::Cluster,
    exporter::{Setup, Times},
    helm::Major,
    kafka::{Behaviour, Kafka},
    questions::Answer,
    scene::Scene,
};

/// Kafka is down while the new GIM falls ill: a rollback would not work, so Kafka comes first. Once it is back, the verdict
/// is about GIM itself; and something else that listens on Kafka's port is no Kafka.
pub fn kafka_down(cluster: &Cluster, major: Major) -> Result<()> {
    let kafka = Kafka::start(cluster.api().runtime())?;
    let scene = Scene::with_gim(
        cluster,
        major,
        "kafka-down",
        Setup {
            times: Times { ready_timeout: 8, ..Times::default() },
            config: json!({
                "suites": [{ "dependencies": { "kafka": { "addresses": [kafka.address()] } } }],
                "policy": { "probe_interval": "500ms", "probe_hold": "2s" },
            }),
            ..Setup::default()
        },
    )?;
    scene.answers("gim", "kafka_reachable", Answer::Pass)?;
    scene.gate("gim", &[])?;

    // Nothing is wrong with GIM yet: its gate is closed, and no more.
    kafka.behave(Behaviour::Refuses)?;
    scene.answers("gim", "kafka_reachable", Answer::Fail)?;
    for component in ["gim", "gsp", "gca"] {
        scene.gate(component, &["kafka_down"])?;
    }
    let mark = scene.mark("gim");
    scene.as_the_guide_does("gim", GIM_NEXT, &["--set", "behaviour=never-ready"])?;
    let seen = scene.verdict("gim", "fix_dependency")?;
    ensure!(seen.reasons.first().is_some_and(|reason| reason == "kafka_reachable"), "{seen}");

    for behaviour in [Behaviour::TalksRubbish, Behaviour::Refuses] {
        kafka.behave(Behaviour::Answers)?;
        let seen = scene.verdict("gim", "roll_back")?;
        ensure!(seen.target == Some(1), "{seen}");
        scene.answers("gim", "kafka_reachable", Answer::Pass)?;
        kafka.behave(behaviour)?;
        scene.verdict("gim", "fix_dependency")?;
    }
    scene.trace.went(
        "gim",
        mark,
        // What may be left of an outage has the hold to end before it counts.
        &["verified", "[applying]", "rolling_out", "failed", "rolling_out", "failed", "rolling_out", "failed"],
        &["wait", "fix_dependency", "wait", "roll_back", "fix_dependency", "wait", "roll_back", "fix_dependency"],
    )
}
