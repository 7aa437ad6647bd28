//! What `amtool`, new and old, says of the shipped file: that it can be loaded, and who receives which alert.

use std::path::Path;
use std::process::Command;

use crate::names::{PREFIX, alerts};
use crate::process::output;
use crate::shipped::Shipped;
use crate::{PATIENCE, programs};

fn amtool(program: &Path, arguments: &[&str]) -> String {
    let output = output(Command::new(program).args(arguments), PATIENCE).unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{} {arguments:?}: {said}{errors}", program.display());
    said
}

#[test]
fn every_alertmanager_loads_it() {
    for program in programs("amtool") {
        let file = Shipped::path();
        let said = amtool(&program, &["check-config", file.to_str().unwrap()]);
        let rules = Shipped::read().unwrap().inhibitions().unwrap().len();
        assert!(said.contains(&format!("{rules} inhibit rules")), "{program:?}: {said}");
    }
}

/// Who receives an alert of this name and severity, by what the file is meant to say.
fn meant(name: &str, severity: &str) -> &'static str {
    match (name, severity) {
        ("GimUpgradeWatchdog" | "GimUpgradeSidecarWatchdog", _) => "watchdog",
        (_, "none") => "nobody",
        (_, "critical") => "page",
        (_, "info") => "notice",
        _ => "ticket",
    }
}

#[test]
fn every_alert_has_its_receiver_and_a_strangers_alert_the_default() {
    for program in programs("amtool") {
        let receiver = |name: &str, severity: &str| {
            let file = format!("--config.file={}", Shipped::path().display());
            let (name, severity) = (format!("alertname={name}"), format!("severity={severity}"));
            let labels = ["cluster=east", "suite=default", "component=gim"];
            let arguments = [&["config", "routes", "test", &file, &name, &severity], &labels[..]].concat();
            amtool(&program, &arguments).trim().to_owned()
        };
        for (name, severity) in alerts() {
            assert_eq!(receiver(name, severity), meant(name, severity), "{program:?}: {name} {severity}");
        }
        // Whoever renames severities still hears of it.
        assert_eq!(receiver("GimUpgradeContactSupport", "P1"), "ticket", "{program:?}");
        for stranger in ["KubePodCrashLooping", "Watchdog", "InProgress", "MyGimUpgradeWatchdog", PREFIX] {
            for severity in ["critical", "warning", "info", "none"] {
                assert_eq!(receiver(stranger, severity), "default", "{program:?}: {stranger} {severity}");
            }
        }
    }
}
