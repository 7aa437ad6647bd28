//! Prints the figures, each beside its target where it has one. It says what was missed and judges nothing.

use std::fmt::Write as _;
use std::time::Duration;

use gim_upgrade_exporter::sim::fleet::{RELEASES, REVISIONS};

use crate::listeners::{OPEN_PAGES, OPEN_PAGES_BYTES};
use crate::measure::{Figures, Pair, median};

/// Pods of a suite of the fleet.
const PODS: usize = 5;

/// Resident memory of one suite: 20 MiB.
const RESIDENT_OF_ONE: f64 = 20.0 * 1024.0 * 1024.0;
/// Resident memory of 1,000 suites: a tenth of what two exporters take there that together do the same.
const RESIDENT_OF_THOUSAND: f64 = 39e6;
/// Peak of memory at start, in times the memory at rest.
const PEAK_RATIO: f64 = 2.0;
/// From start to ready, in seconds.
const READY_OF_ONE: f64 = 1.0;
/// The same of 1,000 suites.
const READY_OF_THOUSAND: f64 = 10.0;
/// A page of one suite, and one of which nothing changed, in times nginx's.
const GZIP_RATIO: f64 = 2.0;
/// CPU time of a page of 1,000 suites with every signal new, in seconds.
const NEW_CPU: f64 = 0.025;
/// An uncompressed page of 1,000 suites, in times nginx's.
const IDENTITY_RATIO: f64 = 4.0;
/// From a change to the page, in seconds.
const DELAY: f64 = 0.1;

/// The table of one size, as text.
pub struct Report {
    text: String,
    missed: Vec<String>,
}

/// How a number is written.
#[derive(Clone, Copy)]
enum Unit {
    Bytes,
    Seconds,
    Times,
    Count,
}

impl Unit {
    fn write(self, value: f64) -> String {
        match self {
            Self::Bytes if value >= 1e6 => format!("{:.1} MB", value / 1e6),
            Self::Bytes => format!("{:.1} kB", value / 1e3),
            Self::Seconds if value >= 1.0 => format!("{value:.2} s"),
            Self::Seconds if value >= 0.001 => format!("{:.2} ms", value * 1e3),
            Self::Seconds => format!("{:.0} µs", value * 1e6),
            Self::Times => format!("{value:.2} x"),
            Self::Count => format!("{value:.0}"),
        }
    }
}

impl Report {
    /// The table of these figures.
    pub fn of(figures: &Figures) -> Self {
        let suites = figures.suites;
        let mut text = format!(
            "\n{suites} suites: {} revisions, {} pods; page of {}, {} compressed\n",
            suites * RELEASES.len() * REVISIONS as usize,
            suites * PODS,
            Unit::Bytes.write(figures.page_bytes as f64),
            Unit::Bytes.write(figures.gzip_bytes as f64),
        );
        // Writing into a String does not fail.
        let _ = writeln!(text, "  {:<52}{:>12}   target", "", "measured");
        let mut report = Self { text, missed: Vec::new() };
        report.start(figures);
        report.scrapes(figures);
        let delay = |delay: Option<Duration>| delay.unwrap_or_default().as_secs_f64();
        let (half, most) = (median(&figures.delays), figures.delays.last().copied());
        report.row("a pod's change to the page, median", Unit::Seconds, half.as_secs_f64(), None);
        report.row("a pod's change to the page, longest", Unit::Seconds, delay(most), Some(DELAY));
        if let Some(pages) = figures.open_pages {
            report.row(
                &format!("{OPEN_PAGES} open pages: memory"),
                Unit::Bytes,
                pages.bytes as f64,
                Some(OPEN_PAGES_BYTES as f64),
            );
            let [alone, beside] = [pages.alone, pages.beside].map(|took| took.as_secs_f64());
            report.row("95 of 100 scrapes while the page changes", Unit::Seconds, alone, None);
            report.row(&format!("the same beside {OPEN_PAGES} open pages"), Unit::Seconds, beside, Some(DELAY));
        }
        let requests = figures.requests;
        let seconds = figures.requests_in.as_secs();
        report.row(&format!("watches begun in {seconds} s"), Unit::Count, requests.watches as f64, None);
        let others = (requests.lists + requests.gets) as f64;
        report.row(&format!("other requests to the API server in {seconds} s"), Unit::Count, others, Some(0.0));
        report
    }

    /// The table, and after it what was missed.
    pub fn finish(mut self) -> String {
        if !self.missed.is_empty() {
            let _ = writeln!(self.text, "  missed: {}", self.missed.join("; "));
        }
        self.text
    }

    fn start(&mut self, figures: &Figures) {
        let (is_one, is_thousand) = (figures.suites == 1, figures.suites == 1000);
        let resident = figures.resident_bytes as f64;
        let target = (is_one.then_some(RESIDENT_OF_ONE)).or(is_thousand.then_some(RESIDENT_OF_THOUSAND));
        self.row("resident memory at rest", Unit::Bytes, resident, target);
        let peak = figures.ready_peak_bytes as f64;
        self.row("peak of resident memory until ready", Unit::Bytes, peak, Some(PEAK_RATIO * resident));
        self.row("peak of resident memory in all", Unit::Bytes, figures.peak_bytes as f64, None);
        let target = (is_one.then_some(READY_OF_ONE)).or(is_thousand.then_some(READY_OF_THOUSAND));
        self.row("ready after", Unit::Seconds, figures.ready_after.as_secs_f64(), target);
        self.row("CPU time until ready", Unit::Seconds, figures.ready_cpu.as_secs_f64(), None);
        self.row("CPU time per second at rest, not scraped", Unit::Seconds, figures.rest_cpu, None);
    }

    fn scrapes(&mut self, figures: &Figures) {
        let (is_one, is_thousand) = (figures.suites == 1, figures.suites == 1000);
        self.pair("gzip, nothing new", figures.gzip_same, Some(GZIP_RATIO), None);
        let (ratio, cpu) = (is_one.then_some(GZIP_RATIO), is_thousand.then_some(NEW_CPU));
        self.pair("gzip, every signal new", figures.gzip_new, ratio, cpu);
        self.pair("identity", figures.identity, is_thousand.then_some(IDENTITY_RATIO), None);
    }

    fn pair(&mut self, what: &str, pair: Pair, ratio: Option<f64>, cpu: Option<f64>) {
        let Pair { exporter, nginx } = pair;
        let (latency, theirs) = (exporter.latency.as_secs_f64(), nginx.latency.as_secs_f64());
        self.row(&format!("{what}: latency"), Unit::Seconds, latency, None);
        self.row(&format!("{what}: latency, nginx"), Unit::Seconds, theirs, None);
        self.row(&format!("{what}: latency / nginx"), Unit::Times, latency / theirs, ratio);
        let (used, theirs) = (exporter.cpu.as_secs_f64(), nginx.cpu.as_secs_f64());
        self.row(&format!("{what}: CPU time"), Unit::Seconds, used, cpu);
        self.row(&format!("{what}: CPU time / nginx"), Unit::Times, used / theirs, None);
    }

    fn row(&mut self, what: &str, unit: Unit, value: f64, target: Option<f64>) {
        let _ = write!(self.text, "  {what:<52}{:>12}", unit.write(value));
        if let Some(target) = target {
            let is_met = value <= target;
            let _ = write!(self.text, "   <= {}{}", unit.write(target), if is_met { "" } else { "  MISSED" });
            if !is_met {
                self.missed.push(what.to_owned());
            }
        }
        self.text.push('\n');
    }
}
