//! Observers of its own: those of `serve`, with nothing that listens. Not for a page or for alerts.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{bail, ensure};
use bytes::Bytes;
use tokio::sync::watch;

use super::{Look, read};
use crate::assess::snapshot::Snapshot;
use crate::cli::exporter::Outlet;
use crate::cli::flags::Flags;
use crate::cli::follow::{Posting, follow};
use crate::config::Config;
use crate::model::names::{Component, Name};
use crate::model::scope::KubernetesScope;
use crate::model::suite::{Member, Suite};
use crate::model::time::Timestamp;
use crate::observe::client::Access;
use crate::observe::timing::Timing;
use crate::publish::status::Status;
use crate::supervise::Generation;

/// How long tasks may take to stop: whoever waits for the exit code waits for this too, and nothing is lost by it.
const GRACE: Duration = Duration::from_secs(1);
/// How close to each other two looks may be, in a burst of changes.
const PACE: Duration = Duration::from_millis(100);
/// How many names of suites an error tells.
const NAMES_TOLD: usize = 10;

/// The observers and what they find.
pub(in crate::cli) struct Own {
    outlet: Outlet,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    generation: Generation,
    suite: Option<String>,
    finds_suites: bool,
    /// There is never another one; were it gone, so would be whoever follows it.
    _configs: watch::Sender<Arc<Config>>,
}

impl Own {
    /// Starts them, for one suite where one is named, or for all.
    pub(super) fn start(flags: Flags, suite: Option<&str>) -> anyhow::Result<Self> {
        let mut config = flags.config()?;
        let finds_suites = config.discovery.is_some();
        if let Some(suite) = suite {
            choose(&mut config, suite)?;
        }
        // It looks at a few namespaces for some minutes: what else is in the cluster need not be sent to it.
        if !finds_suites && config.scope.kubernetes_scope == KubernetesScope::Auto {
            config.scope.kubernetes_scope = KubernetesScope::Namespaces;
        }
        let outlet = Outlet::new(&config);
        let snapshots = outlet.snapshots();
        let mut generation = Generation::new();
        let access = flags.kubeconfig.map_or(Access::Infer, Access::Kubeconfig);
        // It only looks: alerts are posted by the exporter that stays.
        config.alertmanager = None;
        let posting = Posting::begin(&outlet, &config);
        let (configs, followed) = watch::channel(Arc::new(config));
        let following = follow(outlet.clone(), followed, access, Timing::default(), posting);
        generation.spawn_until_stopped("suites", following);
        Ok(Self { outlet, snapshots, generation, suite: suite.map(str::to_owned), finds_suites, _configs: configs })
    }

    /// Waits for a change, for `longest` at the most, and looks.
    pub(super) async fn look(&mut self, longest: Duration) -> anyhow::Result<Look> {
        tokio::select! {
            ended = self.generation.first_end() => return Err(ended.into()),
            changed = tokio::time::timeout(longest, self.snapshots.changed()) => {
                if changed.is_ok() {
                    tokio::time::sleep(PACE).await;
                }
            }
        }
        let snapshot = self.snapshots.borrow_and_update().clone();
        let Some(status) = Status::of(snapshot, self.suite.clone()) else {
            let suite = self.suite.as_deref().unwrap_or_default();
            if self.finds_suites {
                return Ok(Look::Blind(format!("no suite {suite} was found yet")));
            }
            bail!("there is no suite {suite}");
        };
        let pieces: Vec<Bytes> = status.collect();
        read(pieces.concat(), self.now())
    }

    /// Now, by the API server's clock.
    pub(super) fn now(&self) -> Timestamp {
        self.outlet.now()
    }

    /// Stops them.
    pub(super) async fn end(self) {
        self.generation.shut_down(GRACE).await;
    }
}

/// Leaves of the configuration this suite and those that share something with it.
fn choose(config: &mut Config, name: &str) -> anyhow::Result<()> {
    if config.discovery.is_some() {
        return Ok(());
    }
    let names: Vec<&str> = config.suites.iter().take(NAMES_TOLD).map(|suite| &*suite.name).collect();
    ensure!(
        config.suites.iter().any(|suite| *suite.name == *name),
        "the configuration has no suite {name}; it has {}",
        names.join(", ")
    );
    // A shared component is judged under its owner, and its gate knows of all who share it; so it goes on from those.
    let mut joined: BTreeSet<Place> = BTreeSet::new();
    let mut kept: BTreeSet<Name> = BTreeSet::from([name.into()]);
    loop {
        let known = (joined.len(), kept.len());
        for suite in &config.suites {
            let own = places(suite);
            if kept.contains(&suite.name) || own.iter().any(|place| joined.contains(place)) {
                kept.insert(suite.name.clone());
                joined.extend(own);
            }
        }
        if known == (joined.len(), kept.len()) {
            break;
        }
    }
    config.suites.retain(|suite| kept.contains(&suite.name));
    Ok(())
}

/// A component, its namespace and its release: whoever has the same shares it.
type Place = (Component, Name, Name);

fn places(suite: &Suite) -> Vec<Place> {
    let place =
        |(component, member): (Component, &Member)| (component, member.namespace.clone(), member.release.clone());
    suite.members.iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suite_is_kept_with_those_that_share_with_it() {
        let suite = |name: &str, gsp: &str| {
            format!(
                "- {{name: {name}, gim: {{namespace: gim-{name}}}, gsp: {{namespace: {gsp}}}, gca: {{namespace: gca-{name}}}}}"
            )
        };
        let text = ["suites:".to_owned(), suite("a", "one"), suite("b", "two"), suite("c", "one"), suite("d", "four")]
            .join("\n");
        for (name, expected) in [("a", vec!["a", "c"]), ("c", vec!["a", "c"]), ("b", vec!["b"])] {
            let mut config = Config::parse("test", &text).unwrap();
            choose(&mut config, name).unwrap();
            let kept: Vec<&str> = config.suites.iter().map(|suite| &*suite.name).collect();
            assert_eq!(kept, expected, "{name}");
        }
        let refused = choose(&mut Config::parse("test", &text).unwrap(), "e").unwrap_err().to_string();
        assert_eq!(refused, "the configuration has no suite e; it has a, b, c, d");
    }
}
