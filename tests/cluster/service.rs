//! A tool of the cache that runs for as long as the cluster does, and that a story may kill and start again.

use std::{
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};

use anyhow::{Result, bail};

use crate::{folders::logs_folder, process::Daemon, tools::Tools};

/// One such tool, with the arguments that it is always started with.
pub struct Service {
    name: &'static str,
    binary: PathBuf,
    arguments: Vec<String>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    daemon: Option<Daemon>,
    was_started: bool,
}

impl Service {
    /// Prepares a tool by its name in the cache.
    pub fn new(name: &'static str, tools: &Tools, arguments: Vec<String>) -> Result<Self> {
        Ok(Self { name, binary: tools.path(name)?, arguments, state: Mutex::default() })
    }

    /// Starts it, for the first time or again. Its log goes on where it ended.
    pub fn start(&self) -> Result<()> {
        let mut state = self.state();
        let log = logs_folder().join(format!("{}.log", self.name));
        state.daemon = Some(Daemon::start(self.name, &self.binary, &self.arguments, &log, state.was_started)?);
        state.was_started = true;
        Ok(())
    }

    /// Kills it with SIGKILL.
    pub fn kill(&self) -> Result<()> {
        match self.state().daemon.take() {
            Some(mut daemon) => daemon.kill().map(drop),
            None => bail!("{} does not run", self.name),
        }
    }

    /// Fails when it has ended by itself.
    pub fn check(&self) -> Result<()> {
        self.state().daemon.as_mut().map_or(Ok(()), Daemon::check)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
