//! What most stories begin with: a place, an exporter that watches it, a trace of what it says.
//!
//! Here too are the steps that stories share, and the comparison of the exporter's page with Helm's own words.

use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::Value;

use crate::{
    charts::{GCA_FORMER, GIM_FORMER, GSP_FORMER, SECRET, SECRET_VALUE},
    cluster::{Cluster, Place, chart_of},
    exporter::{Exporter, Form, Setup},
    helm::{Major, Revision},
    page::{Page, suite_and_component},
    process::eventually,
    trace::{Mark, Seen, Trace, whole},
};

/// How long a story waits for what a healthy cluster does in a few seconds, while others run beside it.
pub const SOON: Duration = Duration::from_secs(40);
/// How long the page may take to show what Helm or the API server says already.
const PAGE_LIMIT: Duration = Duration::from_secs(3);
/// Every release of a suite with its former build, in the guide's order.
pub const FORMER: [(&str, &str); 5] = [
    ("gim", GIM_FORMER),
    ("gim-monitoring", GIM_FORMER),
    ("gsp", GSP_FORMER),
    ("gca", GCA_FORMER),
    ("gca-monitoring", GCA_FORMER),
];
/// A file of values as users have it.
const VALUES: &str = "database:\n  password: a-value-that-nobody-may-see\n";
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
    /// How the program is configured.
    pub setup: Setup,
}

impl<'a> Scene<'a> {
    /// An empty place that is watched.
    pub fn empty(cluster: &'a Cluster, major: Major, name: &str, setup: impl Into<Setup>) -> Result<Self> {
        Self::at(cluster.place(major, name)?, setup.into())
    }

    /// Any place, as it is, that is watched from now on.
    pub fn at(place: Place<'a>, setup: Setup) -> Result<Self> {
        Exporter::forget(&place, &setup)?;
        let exporter = Exporter::start(&place, &setup)?;
        let trace = Trace::start(&exporter, place.cluster.api().runtime());
        Ok(Self { place, exporter, trace, setup })
    }

    /// A place with a verified GIM of the former build, revision 1.
    pub fn with_gim(cluster: &'a Cluster, major: Major, name: &str, setup: impl Into<Setup>) -> Result<Self> {
        let scene = Self::empty(cluster, major, name, setup)?;
        scene.upgrade("gim", GIM_FORMER, &[&WAIT[..], &["--set", SECRET_VALUE]].concat())?;
        scene.verified("gim", "proceed")?;
        scene.agrees("gim")?;
        Ok(scene)
    }

    /// The same place under another exporter.
    pub fn beside(&self, setup: Setup) -> Result<Self> {
        Self::at(self.place.clone(), setup)
    }

    /// A whole suite in health: every release of the former build.
    pub fn at_rest(cluster: &'a Cluster, major: Major, name: &str, setup: impl Into<Setup>) -> Result<Self> {
        let scene = Self::empty(cluster, major, name, setup)?;
        for (release, version) in FORMER {
            scene.upgrade(release, version, &[])?;
        }
        for component in ["gim", "gsp", "gca"] {
            scene.trace.until(component, "verified", SOON, |seen| seen.stage == "verified")?;
        }
        Ok(scene)
    }

    /// An upgrade as the guide's examples have it: with a file of values, and a longer timeout for GIM and GSP.
    pub fn as_the_guide_does(&self, release: &str, version: &str, further: &[&str]) -> Result<()> {
        let mut arguments = Vec::new();
        let values = self.place.file("values.yaml", VALUES)?;
        if !release.ends_with("-monitoring") {
            arguments.extend(["-f", &values]);
        }
        if ["gim", "gsp"].contains(&&*chart_of(release)) {
            arguments.extend(["--timeout", "15m"]);
        }
        self.upgrade(release, version, &[&arguments, further].concat())
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

    /// Deletes a pod of a release, as the advice says.
    pub fn delete_pod(&self, release: &str, name: &str) -> Result<()> {
        self.place.cluster.api().delete(&self.place.pod(release, name))
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
        self.in_status(component, "verdict")
    }

    /// A field of a component in the status.
    pub fn in_status(&self, component: &str, field: &str) -> Result<Value> {
        let (suite, component) = suite_and_component(component);
        let status = self.exporter.status()?;
        let suites = status.get("suites").and_then(Value::as_array).context("the status has no suites")?;
        let found = suites.iter().find(|value| value.get("name").and_then(Value::as_str) == Some(suite));
        found
            .and_then(|suite| suite.pointer(&format!("/components/{component}/{field}")))
            .cloned()
            .with_context(|| format!("the status has no {field} of {component} of suite {suite}: {status}"))
    }

    /// Checks that the exporter's page says what `helm status` and `helm history` say of a release.
    pub fn agrees(&self, release: &str) -> Result<()> {
        let namespace = self.place.namespace(release);
        let history = self.place.helm.history(&namespace, release)?;
        let newest = history.last().with_context(|| format!("helm knows no release {release}"))?;
        let status = self.place.helm.status(&namespace, release)?;
        ensure!(status == (newest.number, newest.status.clone()), "{release}: helm status and helm history differ");
        eventually(&format!("the page agrees with helm about {release}: {newest:?}"), PAGE_LIMIT, || {
            says(&self.exporter.page()?, release, &namespace, newest)
        })?;
        self.target_is_fit(release, &namespace, &history)?;
        self.tells_no_secret()
    }

    /// What a release's values hold is on no page and in no log.
    fn tells_no_secret(&self) -> Result<()> {
        let (_, page) = self.exporter.get_as("/", None)?;
        for (place, text) in [
            ("the metrics", self.exporter.text(Form::Plain)?),
            ("the page", page),
            ("the status", self.exporter.status()?.to_string()),
            ("the log", self.exporter.log()),
        ] {
            ensure!(!text.contains(SECRET), "{place} tells a secret");
        }
        Ok(())
    }

    /// Kills the exporter and starts it again, as a new pod of it would be: without memory.
    pub fn restart_exporter(&mut self) -> Result<()> {
        self.trace.stop();
        self.exporter.kill()?;
        self.exporter = Exporter::start(&self.place, &self.setup)?;
        self.trace = Trace::start(&self.exporter, self.place.cluster.api().runtime());
        Ok(())
    }

    /// A revision that is advised to go back to is one that Helm lists as having worked.
    fn target_is_fit(&self, release: &str, namespace: &str, history: &[Revision]) -> Result<()> {
        let page = self.exporter.page()?;
        let of = [("release", release), ("target_namespace", namespace)];
        let target = page.value("gim_upgrade_rollback_target_revision", &of).map(whole);
        let Some(target) = target else { return Ok(()) };
        let revision = history.iter().find(|revision| revision.number == target);
        let revision = revision.with_context(|| format!("{release}: helm has no revision {target}"))?;
        let fit = ["deployed", "superseded"].contains(&revision.status.as_str());
        ensure!(fit, "{release}: revision {target} to go back to is {}", revision.status);
        Ok(())
    }
}

/// What `meanwhile` sees while Helm works on an upgrade, which must succeed.
pub fn during(upgrade: impl FnOnce() -> Result<()> + Send, meanwhile: impl FnOnce() -> Result<()>) -> Result<()> {
    std::thread::scope(|threads| {
        let upgrade = threads.spawn(upgrade);
        let seen = meanwhile();
        upgrade.join().map_err(|_| anyhow!("helm's thread panicked"))??;
        seen
    })
}

/// Whether the page says of a release what Helm says of its newest revision.
fn says(page: &Page, release: &str, namespace: &str, newest: &Revision) -> Result<bool> {
    let of = [("release", release), ("target_namespace", namespace)];
    let revision = page.value("gim_upgrade_release_revision", &of).map(whole);
    let status = page.state_where("gim_upgrade_release_status", "status", &of)?;
    let version = page.state_where("gim_upgrade_release_info", "chart_version", &of)?;
    let chart = format!("{}-{}", chart_of(release), version.unwrap_or_default());
    Ok(revision == Some(newest.number) && status == Some(newest.status.as_str()) && chart == newest.chart)
}
