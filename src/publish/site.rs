//! The site: what is said under each path, as a status, a type and a body. Sockets, headers and negotiation are
//! `server`'s business, which turns these answers into responses.
//!
//! The page under `/` is a plain list for now.

use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use tokio::sync::watch;

use super::Format;
use super::page::Page;
use super::status::Status;
use super::text;
use crate::alerts::runbooks::runbook;
use crate::assess::snapshot::Snapshot;
use crate::model::source::Freshness;

const TEXT: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";

/// Renders what is asked for of the newest snapshot.
#[derive(Debug)]
pub struct Site {
    snapshots: watch::Receiver<Arc<Snapshot>>,
    page: Page,
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
    Streamed(Box<dyn Iterator<Item = Bytes> + Send>),
}

impl Answer {
    fn whole(status: StatusCode, content_type: &'static str, text: impl Into<Bytes>) -> Self {
        Self { status, content_type, is_gzip: false, body: Body::Pieces(vec![text.into()]) }
    }

    /// What fits into one piece is sent with its length; the rest is written as it is read.
    fn written(content_type: &'static str, mut pieces: impl Iterator<Item = Bytes> + Send + 'static) -> Self {
        let beginning: Vec<Bytes> = pieces.by_ref().take(2).collect();
        let body = if beginning.len() < 2 {
            Body::Pieces(beginning)
        } else {
            Body::Streamed(Box::new(beginning.into_iter().chain(pieces)))
        };
        Self { status: StatusCode::OK, content_type, is_gzip: false, body }
    }
}

impl Site {
    /// A site over the snapshots that come through `snapshots`.
    #[must_use]
    pub fn new(snapshots: watch::Receiver<Arc<Snapshot>>, page: Page) -> Self {
        Self { snapshots, page }
    }

    fn newest(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshots.borrow())
    }

    /// `/metrics`.
    pub async fn metrics(&self, format: Format, gzip: bool) -> Answer {
        let content_type = format.content_type();
        if !gzip {
            return Answer::written(content_type, self.page.plain(format));
        }
        match self.page.gzip(format).await {
            Ok(pieces) => Answer { status: StatusCode::OK, content_type, is_gzip: true, body: Body::Pieces(pieces) },
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "cannot make the metrics page");
                Answer::whole(StatusCode::INTERNAL_SERVER_ERROR, TEXT, format!("{error}\n"))
            }
        }
    }

    /// `/api/v1/status`, of one suite where the query has `suite=NAME`.
    #[must_use]
    pub fn status(&self, query: Option<&str>) -> Answer {
        let mut pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        let only = pairs.find(|(key, _)| key == "suite").map(|(_, name)| name.into_owned());
        match Status::of(self.newest(), only) {
            Some(status) => Answer::written(JSON, status),
            None => Answer::whole(StatusCode::NOT_FOUND, TEXT, "no suite of this name is watched\n"),
        }
    }

    /// `/livez` and `/healthz`: 200 for as long as whoever publishes snapshots lives.
    #[must_use]
    pub fn livez(&self) -> Answer {
        match self.snapshots.has_changed() {
            Ok(_) => Answer::whole(StatusCode::OK, TEXT, "ok\n"),
            Err(_) => Answer::whole(StatusCode::SERVICE_UNAVAILABLE, TEXT, "nothing publishes snapshots any more\n"),
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

    /// `/`: where to look, and how each component stands.
    #[must_use]
    pub fn home(&self) -> Answer {
        const HEAD: &str = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
            <title>gim-upgrade-exporter</title></head><body>\n<h1>gim-upgrade-exporter</h1>\n<ul>\n";
        let mut html = String::from(HEAD);
        for (path, what) in [
            ("/metrics", "metrics"),
            ("/api/v1/status", "status as JSON"),
            ("/livez", "whether it lives"),
            ("/readyz", "whether it has seen everything"),
            ("/healthz", "whether it lives"),
        ] {
            let _ = writeln!(html, "<li><a href=\"{path}\">{path}</a>: {what}</li>");
        }
        html.push_str(
            "</ul>\n<table>\n<tr><th>Suite</th><th>Component</th><th>Stage</th><th>Verdict</th><th></th></tr>\n",
        );
        for suite in &self.newest().suites {
            let own = |component| suite.suite.members.get(component).owner.is_none();
            for (component, assessment) in suite.assessment.components.iter().filter(|(component, _)| own(*component)) {
                let cells = [
                    &suite.suite.name,
                    component.as_str(),
                    assessment.stage.as_str(),
                    assessment.verdict.kind.as_str(),
                    &text::verdict(component, assessment),
                ];
                html.push_str("<tr>");
                for cell in cells {
                    html.push_str("<td>");
                    escape(&mut html, cell);
                    html.push_str("</td>");
                }
                html.push_str("</tr>\n");
            }
        }
        html.push_str("</table>\n</body></html>\n");
        Answer::whole(StatusCode::OK, HTML, html)
    }
}

#[cfg(test)]
impl Site {
    /// A site over one suite in which everything is there, and the end that must be held for it to live.
    pub(crate) fn for_tests() -> (Self, watch::Sender<Arc<Snapshot>>) {
        tests::site(super::fixture::snapshot(1, vec![super::fixture::busy("default")]))
    }
}

/// Writes text into HTML, between tags.
fn escape(html: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            c => html.push(c),
        }
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

    pub(super) fn site(snapshot: Snapshot) -> (Site, watch::Sender<Arc<Snapshot>>) {
        let (sender, receiver) = watch::channel(Arc::new(snapshot));
        let own = Arc::new(OwnMetrics::new(at(0), Arc::new(ClockOffset::default())));
        (Site::new(receiver.clone(), Page::new(receiver, own, Arc::new(Held))), sender)
    }

    fn read(answer: Answer) -> (u16, String) {
        let pieces: Vec<Bytes> = match answer.body {
            Body::Pieces(pieces) => pieces,
            Body::Streamed(pieces) => pieces.collect(),
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
    fn the_page_for_people_trusts_no_name() {
        let (site, _sender) = site(snapshot(1, vec![busy(ODD)]));
        let (status, html) = read(site.home());
        assert_eq!(status, 200);
        assert!(!html.contains("<script>") && html.contains("&quot;&gt;&lt;script&gt;"), "{html}");
        assert!(html.contains("<td>gim</td><td>failed</td><td>roll_back</td><td>Roll GIM back to revision 3.</td>"));
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
