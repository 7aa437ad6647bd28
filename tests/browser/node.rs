//! Plays a case of `cases.mjs` in node.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::exporter::Exporter;

/// What a case says when its browser is there and it waits for the exporter's address.
const START: &str = "START THE EXPORTER";
/// What a case says when its exporter is to go.
const END: &str = "END THE EXPORTER";

/// Plays a case on the exporter that `start` gives, which it gives back; pictures go to `pictures`, a folder of the project.
pub fn play(case: &str, pictures: &str, start: impl FnOnce() -> Exporter) -> Option<Exporter> {
    let mut node = Command::new("node")
        .arg(root().join("tests/browser/cases.mjs"))
        .arg(case)
        .args([&modules(), &root().join(pictures)])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node is there (Debian: nodejs)");
    let (mut start, mut exporter) = (Some(start), None);
    for line in BufReader::new(node.stdout.take().unwrap()).lines().map_while(Result::ok) {
        match line.as_str() {
            START => {
                let started = start.take().expect("asked once")();
                writeln!(node.stdin.as_mut().unwrap(), "{}", started.url).unwrap();
                exporter = Some(started);
            }
            END => drop(exporter.take()),
            line => println!("{line}"),
        }
    }
    assert!(node.wait().unwrap().success(), "case {case} failed, see above");
    exporter
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder with npm's modules: named by the lock file, as the Makefile names it.
fn modules() -> PathBuf {
    let lock = fs::read(root().join("tests/browser/package-lock.json")).unwrap();
    let hash = ring::digest::digest(&ring::digest::SHA256, &lock);
    let hash: String = hash.as_ref()[..6].iter().map(|byte| format!("{byte:02x}")).collect();
    let tools = std::env::var_os("GIM_UPGRADE_TOOLS").map(PathBuf::from).unwrap_or_else(|| {
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        cache
            .unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache"))
            .join("gim-upgrade-exporter/tools")
    });
    let folder = tools.join(format!("browser-{hash}"));
    assert!(
        folder.join("node_modules/playwright-core").is_dir(),
        "{} is not there: run `make browser`",
        folder.display()
    );
    folder
}
