//! What most stories begin with: a place, an exporter that watches it, a trace of what it says.
//!
//! Here too are the steps that stories share, and the comparison of the exporter's page with Helm's own words.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{
    charts::{GIM_FORMER, SECRET, SECRET_VALUE},
    cluster::{Cluster, Place, component_of},
    exporter::{Exporter, Form, Times},
    helm::{Major, Revision},
    page::Page,
    process::eventually,
    trace::{Mark, Seen, Trace, whole},
};

/// How long a story waits for what a healthy cluster does in a few seconds, while others run beside it.
pub const SOON: Duration = Duration::from_secs(40);
/// How long the page may take to show what Helm or the API server says already.
const PAGE_LIMIT: Duration = Duration::from_secs(3);
/// `--wait` with a timeout that a healthy rollout never reaches.
pub const WAIT: [&str; 3] = ["--wait", "--timeout", "60s"];

/// A story's place with its observer.
pub struct Scene<'a> {
    /// The namespaces and the Helm.
    pub place: Place<'a>,
    /// The program.
    pub exporter: Exporter,
    /// What it said.
    pub trace: Trace,
}

impl<'a> Scene<'a> {
    /// An empty place that is watched.
    pub fn empty(cluster: &'a Cluster, major: Major, name: &str, times: Times) -> Result<Self> {
        let place = cluster.place(major, name)?;
        Exporter::forget(&place)?;
        let exporter = Exporter::start(&place, times)?;
        let trace = Trace::start(&exporter, cluster.api().runtime());
        Ok(Self { place, exporter, trace })
    }

    /// A place with a verified GIM of the former build, revision 1.
    pub fn with_gim(cluster: &'a Cluster, major: Major, name: &str, times: Times) -> Result<Self> {
        let scene = Self::empty(cluster, major, name, times)?;
        scene.upgrade("gim", GIM_FORMER, &[&WAIT[..], &["--set", SECRET_VALUE]].concat())?;
        scene.verified("gim", "proceed")?;
        scene.agrees("gim")?;
        Ok(scene)
    }

    /// `helm upgrade --install`, which must succeed.
    pub fn upgrade(&self, release: &str, version: &str, further: &[&str]) -> Result<()> {
        self.place.helm.run(&self.place.upgrade(release, version, further)?).map(drop)
    }

    /// `helm upgrade --install`, which must fail with these words.
    pub fn upgrade_fails(&self, release: &str, version: &str, further: &[&str], words: &str) -> Result<()> {
        self.place.helm.must_fail(&self.place.upgrade(release, version, further)?, words)
    }

    /// `helm COMMAND RELEASE`, which must succeed.
    pub fn helm(&self, command: &str, release: &str, further: &[&str]) -> Result<()> {
        self.place.helm.run(&self.place.words(command, release, further)).map(drop)
    }

    /// Deletes a pod, as the advice says.
    pub fn delete_pod(&self, component: &str, name: &str) -> Result<()> {
        self.place.cluster.api().delete(&self.place.pod(component, name))
    }

    /// This moment of a component.
    pub fn mark(&self, component: &str) -> Mark {
        self.trace.mark(component)
    }

    /// Waits for a verified component with a verdict.
    pub fn verified(&self, component: &str, verdict: &str) -> Result<Seen> {
        self.trace.until(component, &format!("verified, {verdict}"), SOON, |seen| {
            seen.stage == "verified" && seen.verdict == verdict
        })
    }

    /// Waits for a verdict.
    pub fn verdict(&self, component: &str, verdict: &str) -> Result<Seen> {
        self.trace.until(component, verdict, SOON, |seen| seen.verdict == verdict)
    }

    /// The verdict of the status, which holds more than the page: its command and its advisories.
    pub fn verdict_in_status(&self, component: &str) -> Result<Value> {
        let status = self.exporter.status()?;
        find_component(&status, component)
            .and_then(|component| component.get("verdict"))
            .cloned()
            .with_context(|| format!("the status has no verdict for {component}: {status}"))
    }

    /// Checks that the exporter's page says what `helm status` and `helm history` say of a release.
    pub fn agrees(&self, release: &str) -> Result<()> {
        let component = component_of(release);
        let namespace = self.place.namespace(component);
        let history = self.place.helm.history(&namespace, release)?;
        let newest = history.last().with_context(|| format!("helm knows no release {release}"))?;
        let status = self.place.helm.status(&namespace, release)?;
        ensure!(status == (newest.number, newest.status.clone()), "{release}: helm status and helm history differ");
        eventually(&format!("the page agrees with helm about {release}: {newest:?}"), PAGE_LIMIT, || {
            says(&self.exporter.page()?, release, &namespace, newest)
        })?;
        self.target_is_fit(component, &history)?;
        self.tells_no_secret()
    }

    /// What a release's values hold is on no page and in no log.
    fn tells_no_secret(&self) -> Result<()> {
        let status = self.exporter.status()?.to_string();
        for (place, text) in
            [("the page", self.exporter.text(Form::Plain)?), ("the status", status), ("the log", self.exporter.log())]
        {
            ensure!(!text.contains(SECRET), "{place} tells a secret");
        }
        Ok(())
    }

    /// Kills the exporter and starts it again, as a new pod of it would be: without memory.
    pub fn restart_exporter(&mut self, times: Times) -> Result<()> {
        self.trace.stop();
        self.exporter.kill()?;
        self.exporter = Exporter::start(&self.place, times)?;
        self.trace = Trace::start(&self.exporter, self.place.cluster.api().runtime());
        Ok(())
    }

    /// A revision that is advised to go back to is one that Helm lists as having worked.
    fn target_is_fit(&self, component: &str, history: &[Revision]) -> Result<()> {
        let page = self.exporter.page()?;
        let target = page.value("gim_upgrade_rollback_target_revision", &[("component", component)]).map(whole);
        let Some(target) = target else { return Ok(()) };
        let revision = history.iter().find(|revision| revision.number == target);
        let revision = revision.with_context(|| format!("{component}: helm has no revision {target}"))?;
        let fit = ["deployed", "superseded"].contains(&revision.status.as_str());
        ensure!(fit, "{component}: revision {target} to go back to is {}", revision.status);
        Ok(())
    }
}

/// Whether the page says of a release what Helm says of its newest revision.
fn says(page: &Page, release: &str, namespace: &str, newest: &Revision) -> Result<bool> {
    let of = [("release", release), ("target_namespace", namespace)];
    let revision = page.value("gim_upgrade_release_revision", &of).map(whole);
    let status = page.state_where("gim_upgrade_release_status", "status", &of)?;
    let version = page.state_where("gim_upgrade_release_info", "chart_version", &of)?;
    let chart = format!("{release}-{}", version.unwrap_or_default());
    Ok(revision == Some(newest.number) && status == Some(newest.status.as_str()) && chart == newest.chart)
}

/// The component's object, wherever the status keeps it: the one with `"component": NAME`, or under its name.
fn find_component<'a>(status: &'a Value, component: &str) -> Option<&'a Value> {
    let is_it = |value: &Value| value.get("component").and_then(Value::as_str) == Some(component);
    match status {
        Value::Object(fields) => {
            if is_it(status) && status.get("verdict").is_some() {
                return Some(status);
            }
            let named = fields.get(component).filter(|value| value.get("verdict").is_some());
            named.or_else(|| fields.values().find_map(|value| find_component(value, component)))
        }
        Value::Array(items) => items.iter().find_map(|value| find_component(value, component)),
        _ => None,
    }
}
