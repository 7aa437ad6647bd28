//! Grafana's packages from npm, in the folder that `tests/dashboards/grafana/install` made.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::process::output_of;
use crate::tools::Tools;

/// How long one run of node may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// The folder of this worktree with what goes to node.
pub fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dashboards/grafana")
}

/// The folder that holds `node_modules`.
pub fn installed() -> PathBuf {
    let lock = fs::read(sources().join("package-lock.json")).unwrap();
    let hash = ring::digest::digest(&ring::digest::SHA256, &lock);
    let hash = u64::from_be_bytes(hash.as_ref()[..8].try_into().unwrap());
    let prometheus = Tools::open().unwrap().path("prometheus").unwrap();
    let folder = prometheus.ancestors().nth(2).unwrap().join(format!("grafana-{hash:016x}"));
    assert!(folder.is_dir(), "{} is not there: run `make e2e`, or tests/dashboards/grafana/install", folder.display());
    folder
}

/// What node says, and whether it ended well.
pub fn node(arguments: &[&Path], input: Vec<u8>) -> (bool, String) {
    let output = output_of(Command::new("node").args(arguments), input, PATIENCE).unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said =
        if output.status.success() { text(&output.stdout) } else { text(&output.stderr) + &text(&output.stdout) };
    (output.status.success(), said)
}
