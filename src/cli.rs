//! The command line: flags, environment, and the commands, each a few lines of wiring.
//!
//! The order of precedence is flag, environment, file, default. This is the only room that knows all others, and the only one
//! with errors that are just told. Not for work: what a command does is done by the rooms that it joins.

mod announce;
mod apart;
mod changes;
mod demo;
mod doctor;
pub mod exporter;
mod flags;
pub mod follow;
mod logging;
mod print;
mod reload;
mod serve;
mod sight;
mod status;
mod verify;
mod web;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::{CommandFactory as _, FromArgMatches as _};

pub use flags::reference;
use flags::{Arguments, Command, LogLevel};
use logging::LogControl;

/// The exit codes of `verify`, in Markdown.
#[must_use]
pub fn exit_codes() -> String {
    verify::ending::reference()
}

/// Threads that do the work. One suite needs a fraction of one; with two, a large scrape does not hold up a watch.
const WORKER_THREADS: usize = 2;
/// How long the runtime may take to drop what is left when a command is done.
const RUNTIME_GRACE: Duration = Duration::from_secs(1);

/// Runs the program with these arguments, the first being its name, and says how it went: 0 well, 1 not, 2 wrong usage. `verify`
/// and `status` have codes of their own, see `verify::ending`.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let arguments = match parse(&arguments) {
        Ok(arguments) => arguments,
        Err(told) => {
            // Help and version come this way too. Nobody is left to tell where even this cannot be printed.
            let _ = told.print();
            return wrong_usage(&told, &arguments);
        }
    };
    let level = arguments.flags.log_level.unwrap_or_else(|| usual_level(arguments.command.as_ref()));
    let log = logging::start(level, arguments.flags.log_format);
    match command(arguments, log) {
        Ok(code) => code,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// What is logged where nothing is said of it.
const fn usual_level(command: Option<&Command>) -> LogLevel {
    match command {
        None | Some(Command::Serve) => LogLevel::Info,
        // They tell themselves what they see, on the same terminal.
        Some(Command::Verify(_) | Command::Status(_)) => LogLevel::Error,
        // The demo talks to a person, on the same terminal.
        Some(_) => LogLevel::Warn,
    }
}

/// Usage says 2, which of `verify` is an answer: wrong usage of it has none, and says so.
fn wrong_usage(told: &clap::Error, arguments: &[OsString]) -> ExitCode {
    let code = u8::try_from(told.exit_code()).unwrap_or(2);
    // As good as it can be told of arguments that make no sense; where it is a flag's value, no harm is done.
    let answers = arguments.iter().any(|argument| argument == "verify" || argument == "status");
    ExitCode::from(if code != 0 && answers { verify::ending::CANNOT_OBSERVE } else { code })
}

fn parse(arguments: &[OsString]) -> Result<Arguments, clap::Error> {
    let mut command = Arguments::command();
    let matches = command.try_get_matches_from_mut(arguments)?;
    Arguments::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

fn command(arguments: Arguments, log: LogControl) -> anyhow::Result<ExitCode> {
    // Without one, the first TLS connection panics.
    crate::net::install_tls();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKER_THREADS)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let flags = arguments.flags;
    let result = runtime.block_on(async {
        match arguments.command.unwrap_or(Command::Serve) {
            Command::Serve => serve::serve(flags, log).await,
            Command::Demo(what) => demo::demo(flags, what).await,
            Command::Verify(what) => return Ok(verify::verify(flags, what).await),
            Command::Status(what) => return Ok(status::status(flags, what).await),
            Command::Doctor => doctor::doctor(flags).await,
            Command::Rules(what) => print::rules(&flags, &what),
            Command::Dashboards(what) => print::dashboards(&flags, &what),
            Command::Metrics => print::metrics(),
            Command::Completions(what) => print::completions(&what),
            Command::Man => print::man(),
        }
        .map(|()| ExitCode::SUCCESS)
    });
    runtime.shutdown_timeout(RUNTIME_GRACE);
    result
}

#[cfg(test)]
mod tests;
