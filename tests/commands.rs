//! `docs/commands.md` is what the commands say of themselves, without the flags that all have: those stand in README.
//!
//! Where this fails because a command changed, run it with `UPDATE_GOLDENS=1` and commit what it wrote.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

const HEAD: &str = "# Commands\n\nWhat each command says of itself (`--help`); do not edit by hand. Flags that all of them have, and their \
    environment variables, stand in [README](../README.md#flags-and-environment).\n";

/// What the program says when it is asked so.
fn said(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gim-upgrade-exporter"));
    // Help shows the values of variables, which are not the program's.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GIM_UPGRADE_")) {
        command.env_remove(name);
    }
    let output = command.args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The names of the commands, in the program's own order.
fn names(help: &str) -> Vec<&str> {
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    listed.map(|line| line.split_whitespace().next().unwrap()).filter(|name| *name != "help").collect()
}

/// Help without the flags of all commands: an entry is a line that begins with a flag, and those below it that are indented further.
fn own(help: &str) -> String {
    let mut entries: Vec<String> = Vec::new();
    for line in help.lines() {
        let goes_on = line.starts_with("          ");
        match entries.last_mut().filter(|_| goes_on) {
            Some(entry) => entry.extend(["\n", line]),
            None => entries.push(line.to_owned()),
        }
    }
    let is_shared = |entry: &String| entry.contains("[env: GIM_UPGRADE_") || entry.starts_with("  -h, --help");
    entries.retain(|entry| !is_shared(entry));
    entries.join("\n").replace("\n\nOptions:\n\n", "\n\n").trim_end_matches("\n\nOptions:").trim_end().to_owned()
}

#[test]
fn the_reference_is_what_the_commands_say() {
    let help = said(&["--help"]);
    let names = names(&help);
    assert!(names.contains(&"serve") && names.contains(&"verify"), "{names:?}");
    let mut made = HEAD.to_owned();
    for name in names {
        // Writing to a String cannot fail.
        let _ = write!(made, "\n## `{name}`\n\n```\n{}\n```\n", own(&said(&[name, "--help"])));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/commands.md");
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        return fs::write(path, made).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap();
    assert!(
        kept == made,
        "docs/commands.md is behind the program: UPDATE_GOLDENS=1 cargo test --test commands\n{made}"
    );
}

#[test]
fn flags_of_all_commands_are_left_out_and_no_other() {
    let help = "Says.\n\nUsage: x [OPTIONS]\n\nOptions:\n      --own <X>\n          Its own\n      --kubeconfig <FILE>\n          \
        All have it [env: GIM_UPGRADE_KUBECONFIG=]\n  -h, --help\n          Print help\n\nExit codes:\n  0  well\n";
    assert_eq!(
        own(help),
        "Says.\n\nUsage: x [OPTIONS]\n\nOptions:\n      --own <X>\n          Its own\n\nExit codes:\n  0  well"
    );
    let none = "Says.\n\nOptions:\n      --log.level <LEVEL>  All have it [env: GIM_UPGRADE_LOG_LEVEL=]\n";
    assert_eq!(own(none), "Says.");
}
