//! The site: what is said under each path, as a status, a type and a body. Sockets, headers and negotiation are
//! `server`'s business, which turns these answers into responses.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use http::StatusCode;
use tokio::sync::watch;

use super::Format;
use super::events::{Events, Tempo, Topic};
use super::html::{self, Look, Which};
use super::page::Page;
use super::status::Status;
use crate::alerts::runbooks::runbook;
use crate::assess::snapshot::Snapshot;
use crate::model::source::{ClockOffset, Freshness};
use crate::model::time::{Clock, Timestamp, between};

const TEXT: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";
/// How long the board may take to judge: it does so every second, and takes less than one for as many suites as there may be. On a
/// machine that is busy beyond measure a new process would not be quicker.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
const NO_SUITE: &str = "no suite of this name is watched\n";

/// Renders what is asked for of the newest snapshot.
#[derive(Debug)]
pub struct Site {
    snapshots: watch::Receiver<Arc<Snapshot>>,
    page: Page,
    events: Events,
    now: ServerTime,
    base: Arc<str>,
}

/// The API server's clock: ours, corrected.
pub struct ServerTime {
    /// Ours.
    pub clock: Arc<dyn Clock>,
    /// What the API server's is ahead of it.
    pub offset: Arc<ClockOffset>,
}

impl ServerTime {
    fn now(&self) -> Timestamp {
        self.offset.corrected(self.clock.now())
    }
}

impl std::fmt::Debug for ServerTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ServerTime")
    }
}

/// An answer, before it has headers.
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The `Content-Type`.
    pub content_type: &'static str,
    /// Whether the body is gzip.
    pub is_gzip: bool,
    /// The body.
    pub body: Body,
}

/// The body of an answer.
pub enum Body {
    /// All there.
    Pieces(Vec<Bytes>),
    /// Written as it is read.
    Streamed(Box<dyn Iterator<Item = io::Result<Bytes>> + Send>),
    /// Written as it comes about, without end.
    Live(Pin<Box<dyn Stream<Item = Bytes> + Send>>),
}

impl Answer {
    fn whole(status: StatusCode, content_type: &'static str, text: impl Into<Bytes>) -> Self {
        Self { status, content_type, is_gzip: false, body: Body::Pieces(vec![text.into()]) }
    }

    /// What fits into one piece is sent with its length; the rest is written as it is read.
    fn written(
        content_type: &'static str,
        mut pieces: impl Iterator<Item = io::Result<Bytes>> + Send + 'static,
    ) -> Self {
        let (first, second) = (pieces.next(), pieces.next());
        let body = match (first, second) {
            (Some(Ok(only)), None) => Body::Pieces(vec![only]),
            (first, second) => Body::Streamed(Box::new(first.into_iter().chain(second).chain(pieces))),
        };
        Self { status: StatusCode::OK, content_type, is_gzip: false, body }
    }
}

impl Site {
    /// A site over the snapshots that come through `snapshots`. `base` stands before each path on its pages: empty, or a path with
    /// `/` at both ends.
    #[must_use]
    pub fn new(
        snapshots: watch::Receiver<Arc<Snapshot>>,
        page: Page,
        now: ServerTime,
        base: &str,
        tempo: Tempo,
    ) -> Self {
        let base = Arc::<str>::from(base);
        let events = Events::new(snapshots.clone(), tempo, Arc::clone(&base));
        Self { snapshots, page, events, now, base }
    }

    fn newest(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshots.borrow())
    }

    /// `/metrics`.
    pub async fn metrics(&self, format: Format, gzip: bool) -> Answer {
        let content_type = format.content_type();
        let answer = if gzip {
            let answered =
                |pieces| Answer { status: StatusCode::OK, content_type, is_gzip: true, body: Body::Pieces(pieces) };
            self.page.gzip(format).await.map(answered)
        } else {
            self.page.plain(format).await.map(|stretches| Answer::written(content_type, stretches))
        };
        match answer {
            Ok(answer) => answer,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "cannot make the metrics page");
                Answer::whole(StatusCode::INTERNAL_SERVER_ERROR, TEXT, format!("{error}\n"))
            }
        }
    }

    /// `/api/v1/status`, of one suite where the query has `suite=NAME`.
    #[must_use]
    pub fn status(&self, query: Option<&str>) -> Answer {
        match Status::of(self.newest(), value(query, "suite").map(Cow::into_owned)) {
            Some(status) => Answer::written(JSON, status.map(Ok)),
            None => Answer::whole(StatusCode::NOT_FOUND, TEXT, NO_SUITE),
        }
    }

    /// `/livez` and `/healthz`: 200 for as long as whoever publishes snapshots lives, and judges. Where there is nothing to judge yet,
    /// or no suite at all, nothing can be overdue.
    #[must_use]
    pub fn livez(&self) -> Answer {
        let failing = |why: String| Answer::whole(StatusCode::SERVICE_UNAVAILABLE, TEXT, why);
        if self.snapshots.has_changed().is_err() {
            return failing("nothing publishes snapshots any more\n".to_owned());
        }
        let now = self.now.clock.now();
        match self.page.own().last_judged().map(|judged| between(judged, now)) {
            Some(since) if since > LONGEST_PAUSE => failing(format!("nothing was judged for {} s\n", since.as_secs())),
            _ => Answer::whole(StatusCode::OK, TEXT, "ok\n"),
        }
    }

    /// `/readyz`: 200 once every source has synced and every suite was judged on it; until then what is missing.
    #[must_use]
    pub fn readyz(&self) -> Answer {
        let snapshot = self.newest();
        if snapshot.ready {
            return Answer::whole(StatusCode::OK, TEXT, "ok\n");
        }
        let mut missing = String::from("not ready:\n");
        let starting = snapshot.sources.iter().filter(|source| source.freshness == Freshness::Starting);
        for source in starting {
            let covers = source.id.namespace.as_deref().unwrap_or("all namespaces");
            let _ = writeln!(missing, "- {} ({covers}) has not synced yet", source.id.kind);
            if let Some(error) = &source.last_error {
                let _ = writeln!(missing, "  {error}");
            }
        }
        if missing.lines().count() == 1 {
            missing.push_str("- the suites have not been judged yet\n");
        }
        Answer::whole(StatusCode::SERVICE_UNAVAILABLE, TEXT, missing)
    }

    /// `/runbooks/ALERT`: what to do about an alert, as text that every browser shows. Links of the form `Name.md` are for those who
    /// read the files.
    #[must_use]
    pub fn runbook(&self, alert: &str) -> Answer {
        match runbook(alert.trim_end_matches(".md")) {
            Some(text) => Answer::whole(StatusCode::OK, TEXT, text),
            None => Answer::whole(StatusCode::NOT_FOUND, TEXT, "there is no alert of this name\n"),
        }
    }

    /// `/`: the page for people, of one suite or of all.
    #[must_use]
    pub fn home(&self, query: Option<&str>) -> Answer {
        let snapshot = self.newest();
        let look = Look { snapshot: &snapshot, now: Some(self.now.now()), base: &self.base };
        match Which::of(query, &snapshot).and_then(|which| html::document(look, &which)) {
            Some(page) => Answer::whole(StatusCode::OK, HTML, page),
            None => Answer::whole(StatusCode::NOT_FOUND, HTML, html::not_found(look)),
        }
    }

    /// `/assets/NAME`: what the page loads.
    #[must_use]
    pub fn asset(&self, name: &str) -> Answer {
        match html::assets::asset(name) {
            Some((content_type, text)) => Answer::whole(StatusCode::OK, content_type, text),
            None => Answer::whole(StatusCode::NOT_FOUND, TEXT, "the page has no such part\n"),
        }
    }

    /// `/api/v1/events`: news as they come; of one suite where the query has `suite=NAME`, and as pieces of the page that the same
    /// query gives where it has `form=html`.
    #[must_use]
    pub fn events(&self, query: Option<&str>) -> Answer {
        let snapshot = self.newest();
        let form = value(query, "form");
        let topic = match (form.as_deref(), value(query, "suite")) {
            (Some("html"), _) => Which::of(query, &snapshot).map(Topic::Page),
            (None | Some("json"), None) => Some(Topic::Suites),
            (None | Some("json"), Some(name)) => {
                let suite = snapshot.suites.iter().find(|suite| *suite.suite.name == *name);
                suite.map(|suite| Topic::Suite(suite.suite.name.clone()))
            }
            (Some(_), _) => {
                return Answer::whole(
                    StatusCode::BAD_REQUEST,
                    TEXT,
                    "form is json, as where it is left out, or html\n",
                );
            }
        };
        match topic {
            Some(topic) => Answer {
                status: StatusCode::OK,
                content_type: EVENTS,
                is_gzip: false,
                body: Body::Live(Box::pin(self.events.stream(topic))),
            },
            None => Answer::whole(StatusCode::NOT_FOUND, TEXT, NO_SUITE),
        }
    }

    /// Ends all streams of events, so that their connections can end.
    pub fn close(&self) {
        self.events.close();
    }

    /// Ends streams of events that began under another door; whoever may still listen comes again.
    pub fn renew(&self) {
        self.events.renew();
    }
}

/// The first value of a key in a query.
fn value<'a>(query: Option<&'a str>, key: &str) -> Option<Cow<'a, str>> {
    let mut pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    pairs.find(|(found, _)| found == key).map(|(_, value)| value)
}

#[cfg(test)]
impl Site {
    /// A site over one suite in which everything is there, and the end that must be held for it to live.
    pub(crate) fn for_tests() -> (Self, watch::Sender<Arc<Snapshot>>) {
        Self::for_tests_at(Tempo::default())
    }

    /// The same, its events at this tempo.
    pub(crate) fn for_tests_at(tempo: Tempo) -> (Self, watch::Sender<Arc<Snapshot>>) {
        tests::site_at(super::fixture::snapshot(1, vec![super::fixture::busy("default")]), tempo)
    }

    /// How many listen to events.
    pub(crate) fn listeners(&self) -> usize {
        self.events.listeners()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::source::ClockOffset;
    use crate::model::time::{Clock, Timestamp};
    use crate::publish::fixture::{ODD, at, busy, resting, snapshot};
    use crate::publish::own::OwnMetrics;

    struct Held;

    impl Clock for Held {
        fn now(&self) -> Timestamp {
            at(0)
        }
    }

    fn site(snapshot: Snapshot) -> (Site, watch::Sender<Arc<Snapshot>>) {
        site_at(snapshot, Tempo::default())
    }

    pub(super) fn site_at(snapshot: Snapshot, tempo: Tempo) -> (Site, watch::Sender<Arc<Snapshot>>) {
        let (sender, receiver) = watch::channel(Arc::new(snapshot));
        let own = Arc::new(OwnMetrics::new(at(0), Arc::new(ClockOffset::default())));
        let page = Page::new(receiver.clone(), own, Arc::new(Held));
        let now = ServerTime { clock: Arc::new(Held), offset: Arc::default() };
        (Site::new(receiver, page, now, "", tempo), sender)
    }

    fn read(answer: Answer) -> (u16, String) {
        let pieces: Vec<Bytes> = match answer.body {
            Body::Pieces(pieces) => pieces,
            Body::Streamed(pieces) => pieces.collect::<io::Result<_>>().unwrap(),
            Body::Live(_) => panic!("it has no end"),
        };
        (answer.status.as_u16(), String::from_utf8(pieces.concat()).unwrap())
    }

    #[test]
    fn it_is_ready_once_everything_synced() {
        let mut snapshot = snapshot(1, vec![resting("default")]);
        snapshot.ready = false;
        let (site, sender) = site(snapshot.clone());
        let text = "not ready:\n- helm (gsp) has not synced yet\n  one bad object\n";
        assert_eq!(read(site.readyz()), (503, text.to_owned()));
        snapshot.sources = Arc::new(Vec::new());
        sender.send_replace(Arc::new(snapshot.clone()));
        assert_eq!(read(site.readyz()), (503, "not ready:\n- the suites have not been judged yet\n".to_owned()));
        snapshot.ready = true;
        sender.send_replace(Arc::new(snapshot));
        assert_eq!(read(site.readyz()), (200, "ok\n".to_owned()));
    }

    #[test]
    fn it_lives_as_long_as_snapshots_are_published() {
        let (site, sender) = site(snapshot(1, vec![]));
        assert_eq!(read(site.livez()).0, 200);
        sender.send_replace(Arc::new(snapshot(2, vec![])));
        assert_eq!(read(site.livez()).0, 200);
        drop(sender);
        assert_eq!(read(site.livez()).0, 503);
    }

    #[test]
    fn it_does_not_live_where_nothing_is_judged_any_more() {
        let (site, _sender) = site(snapshot(1, vec![]));
        // What is shown may be old: nothing changed.
        for (judged, status) in [(at(0), 200), (at(-30), 200), (at(-31), 503)] {
            site.page.own().judged(judged);
            assert_eq!(read(site.livez()).0, status, "{judged}");
        }
        assert_eq!(read(site.livez()).1, "nothing was judged for 31 s\n");
        site.page.own().nothing_to_judge();
        assert_eq!(read(site.livez()).0, 200);
    }

    #[test]
    fn the_page_for_people_is_of_one_suite_or_of_all() {
        let (site, _sender) = site(snapshot(1, vec![busy(ODD), resting("b")]));
        assert!(read(site.home(None)).1.contains("1 of 2 suites needs somebody"));
        assert!(read(site.home(Some("suite=b"))).1.contains("Nothing to do"));
        assert_eq!(read(site.home(Some("suite=c"))).0, 404);
        assert_eq!(read(site.asset("page.css")).0, 200);
        assert_eq!(read(site.asset("page.scss")).0, 404);
    }

    #[tokio::test]
    async fn events_are_of_what_is_watched() {
        let (site, _sender) = site(snapshot(1, vec![resting("a"), resting("b")]));
        for (query, status) in [
            (None, 200),
            (Some("suite=a"), 200),
            (Some("suite=c"), 404),
            (Some("form=json&suite=b"), 200),
            (Some("form=html"), 200),
            (Some("form=html&suite=a"), 200),
            (Some("form=html&suite=c"), 404),
            (Some("form=xml"), 400),
        ] {
            assert_eq!(site.events(query).status.as_u16(), status, "{query:?}");
        }
    }

    #[test]
    fn the_status_is_filtered_by_name() {
        let (site, _sender) = site(snapshot(1, vec![resting("a b"), resting("c")]));
        let (status, json) = read(site.status(Some("x=1&suite=a%20b")));
        assert!(status == 200 && json.contains("\"a b\"") && !json.contains("\"c\""), "{json}");
        assert!(read(site.status(None)).1.contains("\"c\""));
        assert_eq!(read(site.status(Some("suite=d"))).0, 404);
    }

    #[tokio::test]
    async fn small_pages_have_a_length_and_large_ones_are_streamed() {
        for (suites, is_whole) in [(1, true), (300, false)] {
            let (site, _sender) = site(snapshot(1, (0..suites).map(|i| busy(&format!("s{i}"))).collect()));
            let plain = site.metrics(Format::Text, false).await;
            assert_eq!(matches!(plain.body, Body::Pieces(_)), is_whole, "{suites}");
            let gzip = site.metrics(Format::Text, true).await;
            assert!(matches!(gzip.body, Body::Pieces(_)) && gzip.is_gzip);
        }
    }
}
