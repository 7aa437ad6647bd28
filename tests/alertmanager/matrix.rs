//! Every pair of alerts, ours and some strangers', with equal labels: which of the two silences the other.

use crate::cases::OURS;
use crate::names::{self, PREFIX};
use crate::programs;
use crate::shipped::Shipped;
use crate::silencing::{Case, Trial};

/// Strangers, and whether an upgrade that is in time explains them.
const STRANGERS: [(&str, bool); 6] = [
    ("KubePodNotReady", true),
    ("KubeContainerWaiting", true),
    ("KubeStatefulSetReplicasMismatch", true),
    ("KubeDeploymentRolloutStuck", true),
    ("KubeJobFailed", false),
    ("HostDown", false),
];

/// Whether `source` is meant to silence `target`.
fn silences(source: &str, target: &str) -> bool {
    let is_in = |names: &[&str], name: &str| name.strip_prefix(PREFIX).is_some_and(|name| names.contains(&name));
    OURS.iter().any(|(sources, targets)| is_in(sources, source) && is_in(targets, target))
        || source == "GimUpgradeInProgress" && STRANGERS.contains(&(target, true))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_pair_silences_each_other_but_those_that_are_meant_to() {
    let names: Vec<String> =
        names::all().into_iter().chain(STRANGERS.map(|(stranger, _)| stranger.to_owned())).collect();
    let mut cases = Vec::new();
    for (at, one) in names.iter().enumerate() {
        for other in &names[at..] {
            let mark = |source: &str, target: &str| if silences(source, target) { "~" } else { "" };
            let alerts = [format!("{}{one}", mark(other, one)), format!("{}{other}", mark(one, other))];
            cases.push(Case::new("every pair", &alerts));
        }
    }
    for program in programs("alertmanager") {
        let mut trial = Trial::start(&program, &Shipped::read().unwrap(), &cases).await.unwrap();
        let differences = trial.differences().await.unwrap();
        assert!(differences.is_empty(), "{program:?}: {differences:#?}");
    }
}
