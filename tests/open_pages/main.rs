//! Five hundred open pages while an upgrade fails: what they cost the exporter in memory, and whether scrapes wait for them.
//!
//! Run by `make e2e`, alone, since it measures. `make bench` has the same figures of the program as it is shipped.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

#[path = "../bench/client.rs"]
#[allow(dead_code, reason = "written for more than this")]
mod client;
#[path = "../bench/listeners.rs"]
mod listeners;
#[path = "../bench/process.rs"]
#[allow(dead_code, reason = "written for more than this")]
mod process;

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use client::Client;
use listeners::{Listeners, OPEN_PAGES, OPEN_PAGES_BYTES, most, scrapes};
use process::Process;

/// The demo plays this many times faster than real time, so that pages change all the time: metrics come ten times a second.
const SPEED: &str = "150";
/// For how long scrapes are measured, without listeners and with them.
const SPAN: Duration = Duration::from_secs(6);
/// What must have been told meanwhile to every page.
const FEWEST_EVENTS: u64 = 5;
/// A scrape is late where it takes this many times as long as without listeners, and longer than a busy machine may be excused:
/// the clients of all pages run on it too.
const LATE_RATIO: u32 = 5;
const LATE: Duration = Duration::from_millis(250);

#[test]
fn five_hundred_open_pages_cost_little_and_make_no_scrape_late() {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_gim-upgrade-exporter"));
    demo.args(["demo", "--scenario", "image-missing", "--speed", SPEED, "--web.listen-address=127.0.0.1:0"]);
    let mut child = demo.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let process = Process::of("the demo", child);
    let address: SocketAddr = lines
        .find_map(|line| line.split_once("http://")?.1.split('/').next()?.parse().ok())
        .expect("it says where it listens");
    // The verdict must have been given, so that what is measured is pages and not the first sight of a failure.
    lines.find(|line| line.contains("roll_back")).expect("the upgrade fails");
    std::thread::spawn(move || lines.for_each(drop));

    let mut client = Client::connect(address).unwrap();
    let alone = scrapes(&mut client, SPAN).unwrap();
    let before = process.resident_bytes().unwrap();
    let pages = Listeners::open(address, OPEN_PAGES).unwrap();
    let told = pages.fewest();
    let beside = scrapes(&mut client, SPAN).unwrap();
    let began = Instant::now();
    while pages.fewest() < told + FEWEST_EVENTS {
        assert!(began.elapsed() < Duration::from_mins(1), "pages are not told what is new: {} events", pages.fewest());
        std::thread::sleep(Duration::from_millis(50));
    }
    let cost = process.resident_bytes().unwrap().saturating_sub(before);
    println!(
        "{OPEN_PAGES} open pages cost {cost} bytes; scrapes took {:?} without and {:?} with them (95 of 100); events {}",
        most(&alone),
        most(&beside),
        pages.fewest()
    );
    assert!(cost < OPEN_PAGES_BYTES, "{OPEN_PAGES} open pages cost {cost} bytes");
    assert!(most(&beside) < LATE.max(most(&alone) * LATE_RATIO), "scrapes are late");
}
