//! The cluster that is measured on: the simulated API server with a fleet in it, and the pods' metrics pages, in a process of
//! their own, so that none of it counts as the exporter's.
//!
//! This program starts itself again to play it ([`play`]) and talks to it by lines through pipes ([`Cluster`]). It ends when
//! its standard input does, so that it never outlives the benchmark.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::Ordering;

use anyhow::{Context as _, Result, bail, ensure};
use gim_upgrade_exporter::sim::api::{ApiServer, SharedStore};
use gim_upgrade_exporter::sim::faults::Verb;
use gim_upgrade_exporter::sim::fleet::fleet;
use gim_upgrade_exporter::sim::helm::typical_body;
use gim_upgrade_exporter::sim::store::{Kind, Store};
use jiff::Timestamp;
use serde_json::Value;

use crate::pages::Pages;

/// The first argument of the process that plays the cluster; the number of suites follows.
pub const PLAY: &str = "play-cluster";

/// A cluster that is being played.
pub struct Cluster {
    child: Child,
    // Both are open for as long as the child lives.
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// The URL of the API server.
    pub url: String,
    /// The port of the GIM pods' metrics.
    pub metrics_port: u16,
}

/// What was asked of the API server.
#[derive(Clone, Copy, Debug, Default)]
pub struct Requests {
    /// Collections read once, or a page of one.
    pub lists: u64,
    /// Watches begun.
    pub watches: u64,
    /// Single objects read.
    pub gets: u64,
}

impl Cluster {
    /// Starts a cluster of so many suites; when this returns it can be asked.
    pub fn start(suites: usize) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args([PLAY, &suites.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the simulated cluster")?;
        let (Some(commands), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            bail!("the simulated cluster has no pipes");
        };
        let mut cluster =
            Self { child, commands, answers: BufReader::new(answers), url: String::new(), metrics_port: 0 };
        let first = cluster.answer()?;
        let (url, port) = first.split_once(' ').context("the simulated cluster does not say where it is")?;
        (cluster.url, cluster.metrics_port) = (url.to_owned(), port.parse()?);
        Ok(cluster)
    }

    /// Makes the GCA pod of a suite Ready, or takes that from it.
    pub fn set_ready(&mut self, suite: usize, ready: bool) -> Result<()> {
        self.ask(&format!("ready {suite} {ready}")).map(drop)
    }

    /// Holds all metrics pages back, or lets them go.
    pub fn hold_pages(&mut self, held: bool) -> Result<()> {
        self.ask(&format!("hold {held}")).map(drop)
    }

    /// How many metrics pages were read so far.
    pub fn pages_read(&mut self) -> Result<u64> {
        Ok(self.ask("reads")?.parse()?)
    }

    /// What was asked of the API server since this was asked last.
    pub fn requests(&mut self) -> Result<Requests> {
        let answer = self.ask("requests")?;
        let numbers: Vec<u64> = answer.split(' ').map(str::parse).collect::<Result<_, _>>()?;
        let [lists, watches, gets] = numbers[..] else { bail!("the simulated cluster says {answer:?}") };
        Ok(Requests { lists, watches, gets })
    }

    fn ask(&mut self, command: &str) -> Result<String> {
        writeln!(self.commands, "{command}")?;
        self.answer()
    }

    fn answer(&mut self) -> Result<String> {
        let mut line = String::new();
        ensure!(self.answers.read_line(&mut line)? > 0, "the simulated cluster has ended");
        Ok(line.trim_end().to_owned())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Plays a cluster of so many suites until standard input ends.
pub fn play(suites: usize) -> Result<()> {
    let mut store = Store::new();
    fleet(suites, &mut store, Timestamp::now(), typical_body)?;
    let store = SharedStore::new(store);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let (server, pages) =
        runtime.block_on(async { anyhow::Ok((ApiServer::start(store.clone()).await?, Pages::start().await?)) })?;
    answer(format_args!("{} {}", server.url(), pages.port))?;
    for line in std::io::stdin().lines() {
        let line = line?;
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["ready", suite, ready] => {
                set_ready(&store, suite, ready == "true")?;
                answer(format_args!("done"))?;
            }
            ["hold", held] => {
                pages.hold(held == "true");
                answer(format_args!("done"))?;
            }
            ["reads"] => answer(format_args!("{}", pages.reads.load(Ordering::Relaxed)))?,
            ["requests"] => {
                let count = |verb| Kind::ALL.into_iter().map(|kind| server.faults().count(verb, kind)).sum::<u64>();
                answer(format_args!("{} {} {}", count(Verb::List), count(Verb::Watch), count(Verb::Get)))?;
                server.faults().reset_counts();
            }
            _ => bail!("no such command: {line}"),
        }
    }
    Ok(())
}

fn answer(what: std::fmt::Arguments<'_>) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{what}")?;
    Ok(out.flush()?)
}

fn set_ready(store: &SharedStore, suite: &str, ready: bool) -> Result<()> {
    let (namespace, status) = (format!("gca-{suite}"), if ready { "True" } else { "False" });
    let edit = |place: Option<&mut Value>, value: Value| place.map(|place| *place = value);
    store.write(|store| {
        let pod = store.iter_namespace(Kind::Pods, &namespace).next().context("no such suite")?;
        let name = pod.name().to_owned();
        store.update(Kind::Pods, &namespace, &name, Timestamp::now(), |pod| {
            let conditions = pod.pointer_mut("/status/conditions").and_then(Value::as_array_mut);
            for condition in conditions.into_iter().flatten() {
                if condition.get("type").is_some_and(|kind| kind == "Ready") {
                    edit(condition.get_mut("status"), status.into());
                }
            }
            edit(pod.pointer_mut("/status/containerStatuses/0/ready"), ready.into());
        })?;
        Ok(())
    })
}
