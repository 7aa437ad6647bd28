//! The command line: flags, environment, and the commands, each a few lines of wiring.
//!
//! The order of precedence is flag, environment, file, default. This is the only room that knows all others, and the only one
//! with errors that are just told. Not for work: what a command does is done by the rooms that it joins.

mod announce;
mod demo;
pub mod discover;
mod doctor;
pub mod exporter;
mod flags;
mod logging;
mod print;
mod serve;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::{CommandFactory as _, FromArgMatches as _};

pub use flags::reference;
use flags::{Arguments, Command, LogLevel};

/// Threads that do the work. One suite needs a fraction of one; with two, a large scrape does not hold up a watch.
const WORKER_THREADS: usize = 2;
/// How long the runtime may take to drop what is left when a command is done.
const RUNTIME_GRACE: Duration = Duration::from_secs(1);

/// Runs the program with these arguments, the first being its name, and says how it went: 0 well, 1 not, 2 wrong usage.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match parse(arguments) {
        Ok(arguments) => arguments,
        Err(told) => {
            // Help and version come this way too. Nobody is left to tell where even this cannot be printed.
            let _ = told.print();
            return ExitCode::from(u8::try_from(told.exit_code()).unwrap_or(2));
        }
    };
    // The demo talks to a person, on the same terminal.
    let quiet = if matches!(arguments.command, None | Some(Command::Serve)) { LogLevel::Info } else { LogLevel::Warn };
    logging::start(arguments.flags.log_level.unwrap_or(quiet), arguments.flags.log_format);
    match command(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Arguments, clap::Error> {
    let mut command = Arguments::command();
    let matches = command.try_get_matches_from_mut(arguments)?;
    Arguments::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

fn command(arguments: Arguments) -> anyhow::Result<()> {
    // Without one, the first TLS connection panics.
    crate::net::install_tls();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKER_THREADS)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let result = runtime.block_on(async {
        match arguments.command.unwrap_or(Command::Serve) {
            Command::Serve => serve::serve(arguments.flags).await,
            Command::Demo(what) => demo::demo(arguments.flags, what).await,
            Command::Doctor => doctor::doctor(arguments.flags).await,
            Command::Rules(what) => print::rules(&arguments.flags, &what),
            Command::Dashboards(what) => print::dashboards(&arguments.flags, &what),
            Command::Metrics => print::metrics(),
        }
    });
    runtime.shutdown_timeout(RUNTIME_GRACE);
    result
}

#[cfg(test)]
mod tests;
