//! The page in a real browser: Debian's Chromium, driven by `playwright-core`, looked at by `axe-core`. `make e2e` runs it.
//!
//! What is looked at stands in `cases.mjs`. Pictures of what was seen are left in `target/browser`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[path = "../program/cluster.rs"]
#[allow(dead_code, reason = "written for more tests than these")]
mod cluster;
mod exporter;
#[allow(dead_code, reason = "not every path is asked for here")]
#[path = "../program/files.rs"]
mod files;
mod node;
#[path = "../program/odd_pod.rs"]
mod odd_pod;
#[path = "../program/pages.rs"]
#[allow(dead_code, reason = "written for more tests than these")]
mod pages;

use std::sync::{Mutex, MutexGuard, PoisonError};

use cluster::Cluster;
use exporter::Exporter;
use node::play;

/// Held by each test while it runs: browsers take a machine to themselves, and the demo's time does not wait.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    // Where another test failed there is nothing that it could have left half done.
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where pictures of what was seen are left.
const PICTURES: &str = "target/browser";

#[test]
fn a_healthy_upgrade_is_followed_without_a_reload() {
    let _alone = alone();
    play("healthy-upgrade", PICTURES, || Exporter::demo("healthy-upgrade"));
}

#[test]
fn a_failing_upgrade_is_followed_and_looks_well_in_every_light() {
    let _alone = alone();
    let exporter = play("image-missing", PICTURES, || Exporter::demo("image-missing")).expect("it goes on");
    play("looks", PICTURES, || exporter);
}

#[test]
fn a_name_that_is_a_script_is_text() {
    let _alone = alone();
    let cluster = Cluster::new("browser-odd");
    odd_pod::add(&cluster);
    play("odd-names", PICTURES, || Exporter::on(&cluster));
}

#[test]
#[ignore = "makes the pictures in README: make screenshots"]
fn screenshots() {
    let _alone = alone();
    play("screenshots", "docs/images", || Exporter::demo("image-missing"));
}
