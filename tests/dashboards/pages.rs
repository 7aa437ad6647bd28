//! Pages: what exporters show in some scenarios, moment by moment, with instants shifted so that the last moment is now.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use gim_upgrade_exporter::assess::snapshot::Snapshot;
use gim_upgrade_exporter::board::Board;
use gim_upgrade_exporter::exposition::Format;
use gim_upgrade_exporter::index::change::Change;
use gim_upgrade_exporter::model::source::{ClockOffset, Contact, ErrorKind, SourceId, SourceKind};
use gim_upgrade_exporter::model::time::{Clock, Timestamp, after, between};
use gim_upgrade_exporter::publish::own::OwnMetrics;
use gim_upgrade_exporter::publish::page::Page;
use gim_upgrade_exporter::sim::scenario::Scenario;
use tokio::sync::watch;

use crate::held::{FIRST, Held, Watcher, policy, start, suites};

/// Moments of a scenario, beside its start.
pub const MOMENTS: u32 = 8;
/// Says on a page which moment it is of.
pub const MOMENT: &str = "proof_moment";

/// The suites that are watched: the name, the scenario that each is in, and the minute at which it is looked at.
pub const WATCHED: [(&str, &str, u64); 9] = [
    ("failing", "image-missing", 6),
    ("oom", "oom", 6),
    ("done", "healthy-upgrade", 37),
    ("broken", "kafka-down", 19),
    ("draining", "slow-migration", 45),
    ("overdue", "gca-never-ready-storage-down", 15),
    ("silent", "pods-silent", 6),
    ("shared", "two-tenants", 30),
    ("back", "rollback", 12),
];

/// What exporters show of one scenario.
pub struct Played {
    pub suite: &'static str,
    last: Timestamp,
    seeing: Vec<String>,
    blind: String,
}

/// How an exporter sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Eye {
    /// All that happens.
    Seeing,
    /// What was at first, for ever: another cluster, in which nothing happens.
    Resting,
    /// Nothing.
    Blind,
}

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        start()
    }
}

fn text(snapshot: Snapshot, own: &Arc<OwnMetrics>) -> String {
    let (_sender, receiver) = watch::channel(Arc::new(snapshot));
    // Nobody else asks, so there is nothing to wait for.
    let page = Page::new(receiver, Arc::clone(own), Arc::new(Stopped)).plain(Format::Text).now_or_never().unwrap();
    let text: Vec<_> = page.unwrap().collect::<Result<_, _>>().unwrap();
    String::from_utf8(text.concat()).unwrap()
}

/// Plays a scenario to that minute.
pub fn play(suite: &'static str, scenario: &str, minute: u64) -> Played {
    let scenario = Scenario::find(scenario).unwrap();
    let own = Arc::new(OwnMetrics::new(start(), Arc::new(ClockOffset::default())));
    let posts = own.posts_to(&"http://alertmanager:9093".into());
    let mut held = Held::new(&scenario);
    let mut watchers = [Watcher::start(&held)];
    if suite == "silent" {
        // A source of one namespace alone that was heard once.
        let source = SourceId { kind: SourceKind::ConfigMaps, namespace: Some("gsp".into()) };
        let (contact, stale_after) = (Arc::<Contact>::default(), Duration::from_secs(90));
        contact.heard(start());
        watchers[0].board.apply(Change::SourceAdded { source, contact, stale_after });
    }
    let last = after(start(), Duration::from_mins(minute));
    let mut seeing = Vec::new();
    for moment in 0..=MOMENTS {
        held.play(after(start(), Duration::from_mins(minute) * moment / MOMENTS), &mut watchers, |_, _| {});
        if suite == "silent" {
            let source = SourceId { kind: SourceKind::Pods, namespace: None };
            watchers[0].board.apply(Change::SourceError {
                source,
                kind: ErrorKind::Timeout,
                detail: "no answer".into(),
            });
            watchers[0].board.judge(held.now);
        }
        own.event_to_page(Duration::from_millis(20));
        own.scrape(Duration::from_millis(2));
        own.judged(held.now);
        posts.offered(u64::from(moment) * 3);
        posts.sent(2);
        posts.dropped(1);
        posts.failed();
        seeing.push(text(watchers[0].board.snapshot(), &own));
    }
    let blind = text(Board::new(suites(&scenario), policy(&scenario), start()).snapshot(), &own);
    Played { suite, last, seeing, blind }
}

impl Played {
    /// The page of that moment, where the last moment is at `now`.
    pub fn page(&self, eye: Eye, moment: usize, now: Timestamp) -> String {
        let page = match eye {
            Eye::Seeing => &self.seeing[moment],
            Eye::Resting => &self.seeing[0],
            Eye::Blind => &self.blind,
        };
        let shift = between(self.last, now).as_secs_f64();
        let mut text = format!("{MOMENT} {moment}\n");
        for line in page.lines() {
            match line.rsplit_once(' ').filter(|_| !line.starts_with('#')) {
                Some((series, value)) => {
                    let name = series.split('{').next().unwrap();
                    let is_instant = name.starts_with("gim_upgrade_") && name.ends_with("_timestamp_seconds");
                    let value =
                        if is_instant { (value.parse::<f64>().unwrap() + shift).to_string() } else { value.to_owned() };
                    writeln!(text, "{} {value}", self.named(series)).unwrap();
                }
                None => writeln!(text, "{line}").unwrap(),
            }
        }
        text
    }

    /// Suites are told apart by the scenario; others of the same one have its name in front.
    fn named(&self, series: &str) -> String {
        ["suite", "owner"].iter().fold(series.to_owned(), |text, label| {
            let text = text.replace(&format!("{label}=\"{FIRST}\""), &format!("{label}=\"{}\"", self.suite));
            text.replace(&format!("{label}=\"t200\""), &format!("{label}=\"{}-t200\"", self.suite))
        })
    }
}
