//! The exporter's own figures: how long its work takes, how its configuration and its process are.
//!
//! Whoever does the work tells how long it took: nothing here reads a clock. They are written anew for every page, and
//! come last on it. Not for names and help texts: those stand in the table of families with all others.

mod posts;
mod rejections;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

pub use self::posts::{PostCounts, Posts};
pub use self::rejections::{Rejection, Rejections};
use super::process;
use crate::exposition::{Description, Format, write_histograms};
use crate::model::names::Name;
use crate::model::source::ClockOffset;
use crate::model::time::{Timestamp, unix_seconds};

/// Bounds of `event_to_page`, in seconds, around the target of 0.1 s.
const EVENT_TO_PAGE_SECONDS: [f64; 10] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// Bounds of `scrape_duration`, in seconds, around the target of 0.025 s for 1,000 suites.
const SCRAPE_SECONDS: [f64; 10] = [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.5];

/// What the exporter counts of itself.
#[derive(Debug)]
pub struct OwnMetrics {
    pub(super) event_to_page: Delays,
    pub(super) scrape_duration: Delays,
    config_loaded_milliseconds: AtomicI64,
    config_good: AtomicBool,
    clock_offset: Arc<ClockOffset>,
    process: process::Constants,
    /// By the URL of the Alertmanager; bounded by the configuration, which names them.
    posts: Mutex<BTreeMap<Name, Arc<Posts>>>,
    rejections: Arc<Rejections>,
    web_config_good: AtomicBool,
    /// By our clock; [`NEVER`] where nothing is to be judged.
    judged_milliseconds: AtomicI64,
}

/// No instant.
const NEVER: i64 = i64::MIN;

/// The figures that are plain numbers, at one moment.
#[derive(Debug)]
pub(super) struct Figures {
    pub(super) config_loaded_seconds: f64,
    pub(super) config_good: bool,
    pub(super) clock_offset_seconds: f64,
    pub(super) process: process::Constants,
    pub(super) usage: process::Usage,
    pub(super) posts: Vec<(Name, PostCounts)>,
    pub(super) rejections: Arc<Rejections>,
    pub(super) web_config_good: bool,
    pub(super) judged_seconds: Option<f64>,
}

impl OwnMetrics {
    /// Begins counting. `config_loaded` is when the configuration was loaded.
    #[must_use]
    pub fn new(config_loaded: Timestamp, clock_offset: Arc<ClockOffset>) -> Self {
        Self {
            event_to_page: Delays::new(&super::families::EVENT_TO_PAGE, EVENT_TO_PAGE_SECONDS),
            scrape_duration: Delays::new(&super::families::SCRAPE_DURATION, SCRAPE_SECONDS),
            config_loaded_milliseconds: AtomicI64::new(config_loaded.as_millisecond()),
            config_good: AtomicBool::new(true),
            clock_offset,
            process: process::Constants::read(),
            posts: Mutex::default(),
            rejections: Arc::default(),
            web_config_good: AtomicBool::new(true),
            judged_milliseconds: AtomicI64::new(NEVER),
        }
    }

    /// Notes that the board has judged what was to be judged by `at`, by our clock.
    pub fn judged(&self, at: Timestamp) {
        self.judged_milliseconds.store(at.as_millisecond(), Ordering::Relaxed);
    }

    /// Notes that there is no board any more that would judge.
    pub fn nothing_to_judge(&self) {
        self.judged_milliseconds.store(NEVER, Ordering::Relaxed);
    }

    /// When the board last judged, by our clock; `None` where there is none that would.
    pub(super) fn last_judged(&self) -> Option<Timestamp> {
        match self.judged_milliseconds.load(Ordering::Relaxed) {
            NEVER => None,
            millis => Timestamp::from_millisecond(millis).ok(),
        }
    }

    /// Begins to count the posts to an Alertmanager, from zero.
    pub fn posts_to(&self, alertmanager: &Name) -> Arc<Posts> {
        let counts = Arc::<Posts>::default();
        let mut posts = self.posts.lock().unwrap_or_else(PoisonError::into_inner);
        posts.insert(Name::clone(alertmanager), Arc::clone(&counts));
        counts
    }

    /// Forgets all that was counted of posts: other Alertmanagers may be posted to from now on.
    pub fn forget_posts(&self) {
        self.posts.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Where clients are counted that are not let in.
    #[must_use]
    pub fn rejections(&self) -> Arc<Rejections> {
        Arc::clone(&self.rejections)
    }

    /// Notes whether the web configuration, with its certificates, could be loaded anew.
    pub fn web_config_reloaded(&self, good: bool) {
        self.web_config_good.store(good, Ordering::Relaxed);
    }

    /// Notes how long it took from hearing of a change to publishing a snapshot that has it.
    pub fn event_to_page(&self, took: Duration) {
        self.event_to_page.histogram.observe(took.as_secs_f64());
    }

    /// Notes how long it took to make a page.
    pub fn scrape(&self, took: Duration) {
        self.scrape_duration.histogram.observe(took.as_secs_f64());
    }

    /// Notes that the configuration was loaded anew at `at`, or that it could not be.
    pub fn config_reloaded(&self, at: Option<Timestamp>) {
        self.config_good.store(at.is_some(), Ordering::Relaxed);
        if let Some(at) = at {
            self.config_loaded_milliseconds.store(at.as_millisecond(), Ordering::Relaxed);
        }
    }

    /// The plain numbers now.
    pub(super) fn figures(&self) -> Figures {
        Figures {
            config_loaded_seconds: self.config_loaded_milliseconds.load(Ordering::Relaxed) as f64 / 1000.0,
            config_good: self.config_good.load(Ordering::Relaxed),
            clock_offset_seconds: self.clock_offset.milliseconds() as f64 / 1000.0,
            process: self.process,
            usage: self.process.usage(),
            posts: self.posts.lock().unwrap_or_else(PoisonError::into_inner).iter().map(counted).collect(),
            rejections: self.rejections(),
            web_config_good: self.web_config_good.load(Ordering::Relaxed),
            judged_seconds: self.last_judged().map(|at| unix_seconds(self.clock_offset.corrected(at))),
        }
    }
}

fn counted((alertmanager, posts): (&Name, &Arc<Posts>)) -> (Name, PostCounts) {
    (Name::clone(alertmanager), posts.counts())
}

/// A histogram of delays in seconds, and the registry that writes it.
#[derive(Debug)]
pub(super) struct Delays {
    histogram: Histogram,
    registry: Registry,
}

impl Delays {
    fn new(description: &Description, bounds: [f64; 10]) -> Self {
        let histogram = Histogram::new(bounds);
        let mut registry = Registry::default();
        // The registry adds the unit and a full stop by itself.
        let name = description.name.trim_end_matches("_seconds");
        let help = description.help.trim_end_matches('.');
        registry.register_with_unit(name, help, Unit::Seconds, histogram.clone());
        Self { histogram, registry }
    }

    /// Writes the family, headers included.
    pub(super) fn write(&self, out: &mut String, format: Format) {
        // Only the writer's own error would come back, and a String has none.
        let _ = write_histograms(out, &self.registry, format);
    }
}
