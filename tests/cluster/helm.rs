//! Runs the real Helm, 3 or 4, against the test cluster.
//!
//! What differs between the two majors is spelled here and nowhere else. Helm's answers are returned as it gives them.

use std::{
    fmt,
    path::PathBuf,
    process::{Command, Output},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::{
    folders::logs_folder,
    process::{Daemon, output},
};

/// No Helm command of a story is given more time than this by its `--timeout`.
const COMMAND_LIMIT: Duration = Duration::from_mins(2);

/// Helm's major version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Major {
    /// Helm 3.
    Three,
    /// Helm 4.
    Four,
}

impl Major {
    /// The name of the binary in the tools cache.
    pub fn binary(self) -> &'static str {
        match self {
            Self::Three => "helm3",
            Self::Four => "helm4",
        }
    }

    /// The flag that makes a failed upgrade go back by itself.
    pub fn roll_back_flag(self) -> &'static str {
        match self {
            Self::Three => "--atomic",
            Self::Four => "--rollback-on-failure",
        }
    }
}

impl fmt::Display for Major {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.binary())
    }
}

/// Helm, bound to one cluster.
#[derive(Clone, Debug)]
pub struct Helm {
    /// Which Helm.
    pub major: Major,
    /// The binary.
    pub binary: PathBuf,
    /// The admin's kubeconfig.
    pub kubeconfig: PathBuf,
    /// Helm's caches and settings, apart from the user's own.
    pub home: PathBuf,
    /// Where it keeps releases: `HELM_DRIVER`.
    pub driver: &'static str,
}

/// One revision as `helm history -o json` tells it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct Revision {
    /// Its number.
    #[serde(rename = "revision")]
    pub number: u64,
    /// Helm's status word.
    pub status: String,
    /// `NAME-VERSION` of the chart.
    pub chart: String,
    /// What Helm writes about the operation.
    #[serde(default)]
    pub description: String,
}

impl Helm {
    /// Runs `helm ARGUMENTS` to its end, whatever comes of it.
    pub fn try_run<S: AsRef<str>>(&self, arguments: &[S]) -> Result<Output> {
        let mut command = Command::new(&self.binary);
        command.args(arguments.iter().map(AsRef::as_ref)).envs(self.environment());
        output(&mut command, COMMAND_LIMIT)
    }

    /// Runs `helm ARGUMENTS`; a failure is an error with what Helm said. Returns its standard output.
    pub fn run<S: AsRef<str>>(&self, arguments: &[S]) -> Result<String> {
        let done = self.try_run(arguments)?;
        ensure!(done.status.success(), "{}: {}", self.spell(arguments), String::from_utf8_lossy(&done.stderr).trim());
        Ok(String::from_utf8_lossy(&done.stdout).into_owned())
    }

    /// Runs `helm ARGUMENTS`, which must fail with `words` in its message.
    pub fn must_fail<S: AsRef<str>>(&self, arguments: &[S], words: &str) -> Result<()> {
        let done = self.try_run(arguments)?;
        let said = String::from_utf8_lossy(&done.stderr);
        if done.status.success() || !said.contains(words) {
            bail!("{}: expected to fail with {words:?}, said: {}", self.spell(arguments), said.trim());
        }
        Ok(())
    }

    /// Starts `helm ARGUMENTS` in the background, to be killed by dropping it.
    pub fn spawn<S: AsRef<str>>(&self, arguments: &[S]) -> Result<Daemon> {
        let arguments: Vec<_> = arguments.iter().map(|argument| argument.as_ref().to_owned()).collect();
        let log = logs_folder().join(format!("{}.log", self.major));
        Daemon::start_with(self.major.binary(), &self.binary, &arguments, &self.environment(), &log, true)
    }

    /// `helm history`, oldest revision first. A release that is not there has none.
    pub fn history(&self, namespace: &str, release: &str) -> Result<Vec<Revision>> {
        let done = self.try_run(&["history", release, "--namespace", namespace, "-o", "json"])?;
        let said = String::from_utf8_lossy(&done.stderr);
        if !done.status.success() {
            ensure!(said.contains("not found"), "helm history {release}: {said}");
            return Ok(Vec::new());
        }
        serde_json::from_slice(&done.stdout).with_context(|| format!("helm history {release}: not understood"))
    }

    /// `helm status`: revision and status of the newest revision.
    pub fn status(&self, namespace: &str, release: &str) -> Result<(u64, String)> {
        let said = self.run(&["status", release, "--namespace", namespace, "-o", "json"])?;
        let status: Value = serde_json::from_str(&said)?;
        let revision = status.get("version").and_then(Value::as_u64).context("helm status tells no version")?;
        let word = status.pointer("/info/status").and_then(Value::as_str).context("helm status tells no status")?;
        Ok((revision, word.to_owned()))
    }

    fn environment(&self) -> [(&'static str, String); 5] {
        let home = self.home.display();
        [
            ("KUBECONFIG", self.kubeconfig.display().to_string()),
            ("HELM_CACHE_HOME", format!("{home}/cache")),
            ("HELM_CONFIG_HOME", format!("{home}/config")),
            ("HELM_DATA_HOME", format!("{home}/data")),
            ("HELM_DRIVER", self.driver.to_owned()),
        ]
    }

    fn spell<S: AsRef<str>>(&self, arguments: &[S]) -> String {
        let words: Vec<_> = arguments.iter().map(AsRef::as_ref).collect();
        format!("{} {}", self.major, words.join(" "))
    }
}
