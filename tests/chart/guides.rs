//! What the guides have for the chart makes objects and a configuration that are taken, and promtool takes their rules.

use std::{fs, path::Path, process::Command, time::Duration};

use anyhow::{Context, Result, ensure};
use gim_upgrade_exporter::config::Config;
use serde_json::Value;

use crate::{
    cluster::Cluster,
    helm::Major,
    made::{configuration, template},
    objects,
    process::output,
};

const LIMIT: Duration = Duration::from_secs(30);
const MARK: &str = "<!-- values -->";

/// Values and rules of all guides.
pub fn are_taken(cluster: &Cluster, major: Major) -> Result<()> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let helm = cluster.helm(major);
    let mut tried = 0;
    for entry in fs::read_dir(&docs)? {
        let path = entry?.path();
        let text = if path.is_file() { fs::read_to_string(&path)? } else { String::new() };
        for rest in text.split(MARK).skip(1) {
            let (before, rest) = rest.split_once("```yaml\n").context("a mark without a block")?;
            let indentation = before.rsplit('\n').next().unwrap_or_default();
            let lines = rest.lines().take_while(|line| line.trim() != "```");
            let values: Vec<_> = lines.map(|line| line.strip_prefix(indentation).unwrap_or(line)).collect();
            let file = cluster.plane.folder().join(format!("{major}-guide-{tried}.yaml"));
            fs::write(&file, values.join("\n"))?;
            let made = template(&helm, "gim-upgrade-exporter", "monitoring", &["-f", &file.to_string_lossy()])
                .with_context(|| format!("values of {}", path.display()))?;
            fs::write(&file, configuration(&objects::read(&made)?)?)?;
            Config::read(&file).with_context(|| format!("configuration of {}", path.display()))?;
            tried += 1;
        }
    }
    ensure!(tried >= 4, "only {tried} values were found");
    let made = objects::read(&template(&helm, "gim-upgrade-exporter", "monitoring", &[])?)?;
    let deployment = objects::only(&made, "Deployment")?;
    for (example, endpoints) in [("gke-podmonitoring", "endpoints"), ("aks-podmonitor", "podMetricsEndpoints")] {
        let example = fs::read_to_string(docs.join("examples").join(format!("{example}.yaml")))?;
        let example: Value = serde_saphyr::from_str(&example)?;
        ensure!(
            example["spec"]["selector"] == deployment["spec"]["selector"],
            "the example selects other pods: {example}"
        );
        let port = &deployment["spec"]["template"]["spec"]["containers"][0]["ports"][0]["name"];
        ensure!(&example["spec"][endpoints][0]["port"] == port, "the example names another port: {example}");
    }
    let promtool = cluster.tools.path("promtool")?;
    for words in [["check", "rules", "many-clusters.rules.yaml"], ["test", "rules", "many-clusters.test.yaml"]] {
        let done = output(Command::new(&promtool).args(words).current_dir(docs.join("examples")), LIMIT)?;
        ensure!(done.status.success(), "promtool {words:?}: {}", String::from_utf8_lossy(&done.stderr));
    }
    Ok(())
}
