//! The benchmark: memory, start, scrapes beside nginx serving the same bytes, and the way of a change to the page.
//!
//! `make bench` runs it. It measures the program itself, as a process, on simulated clusters of 1, 100 and 1,000 suites, and
//! prints each figure beside its target. Nothing is asserted: times depend on the machine and on what else it does; it fails
//! only where something could not be measured. `--suites 1,100` chooses sizes, `--exporter FILE` another build.

mod client;
mod cluster;
mod exporter;
mod listeners;
mod measure;
mod nginx;
mod pages;
mod process;
mod report;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

/// The sizes that are measured where nothing else is asked for, in suites.
const SIZES: [usize; 3] = [1, 100, 1000];

fn main() -> ExitCode {
    match run(std::env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("not measured: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(mut arguments: impl Iterator<Item = String>) -> Result<()> {
    let mut program = PathBuf::from(env!("CARGO_BIN_EXE_gim-upgrade-exporter"));
    let mut sizes = SIZES.to_vec();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().with_context(|| format!("{argument} needs a value"));
        match argument.as_str() {
            cluster::PLAY => return cluster::play(value()?.parse()?),
            "--exporter" => program = value()?.into(),
            "--suites" => sizes = value()?.split(',').map(str::parse).collect::<Result<_, _>>()?,
            // Cargo says this to every benchmark.
            "--bench" => {}
            _ => bail!("{argument} is not an option"),
        }
    }
    println!("Measuring {}; some minutes", program.display());
    for suites in sizes {
        let figures = measure::measure(&program, suites).with_context(|| format!("{suites} suites"))?;
        println!("{}", report::Report::of(&figures).finish());
    }
    Ok(())
}
