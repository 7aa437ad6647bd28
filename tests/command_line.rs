//! The binary from outside: what it prints, how it ends, and what it says of a configuration that it refuses.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::process::{Command, Output};

fn exporter(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gim-upgrade-exporter"));
    // A variable of the shell that runs the tests must not change them.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GIM_UPGRADE_")) {
        command.env_remove(name);
    }
    command.args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn version_and_help_are_printed() {
    let version = exporter(&["--version"]);
    assert_eq!(text(&version.stdout), format!("gim-upgrade-exporter {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(version.status.code(), Some(0));
    let help = exporter(&["--help"]);
    assert_eq!(help.status.code(), Some(0));
    for word in
        ["serve", "demo", "--config.file", "GIM_UPGRADE_CONFIG_FILE", "--web.listen-address", "[default: :9845]"]
    {
        assert!(text(&help.stdout).contains(word), "{word}");
    }
}

#[test]
fn wrong_usage_ends_with_2() {
    let wrong = exporter(&["--log.level=loud"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(text(&wrong.stderr).contains("possible values: error, warn, info, debug, trace"));
    assert_eq!(exporter(&["upgrade"]).status.code(), Some(2));
}

#[test]
fn a_refused_configuration_ends_with_1_and_its_place() {
    let folder = std::env::temp_dir().join(format!("gim-upgrade-command-line-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("config.yaml");
    std::fs::write(&file, "policy:\n  gim:\n    ready_timeout: 60 minutes\n").unwrap();
    let refused = exporter(&["--config.file", file.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(1));
    let said = format!(
        "ERROR {}:3:20: policy.gim.ready_timeout: \"60 minutes\" is not a duration; write 60m\n",
        file.display()
    );
    assert!(text(&refused.stderr).ends_with(&said), "{}", text(&refused.stderr));
    assert_eq!(text(&refused.stdout), "");
    std::fs::remove_dir_all(&folder).unwrap();
}
