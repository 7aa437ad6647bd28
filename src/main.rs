//! The binary: everything is in the library's `cli`.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    gim_upgrade_exporter::cli::run(std::env::args_os())
}
