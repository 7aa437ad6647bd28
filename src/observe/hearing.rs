//! Hearing: a layer in the client that notes when a source was heard, and how far the API server's clock is from ours.
//!
//! kube's own watcher hides bookmarks and the ends of watches, so contact is noted below it: at every frame and at the end
//! of a successful answer to a request that carries [`Heard`]. Its head alone is no contact: a server that begins every watch
//! and then says nothing would be fresh for ever. Not for judging freshness: `board` compares the contact with its clock.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use http::header::DATE;
use http::{Request, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use jiff::fmt::rfc2822::DateTimeParser;
use tower::{Layer, Service};

use crate::model::source::{ClockOffset, Contact};
use crate::model::time::{Clock, Timestamp};

/// How many of the newest `Date` headers are weighed. The median of five needs three that agree before a moved clock is
/// believed, and no single odd answer moves it. Of fewer that contradict each other none is believed.
const DATES: usize = 5;
/// By how many milliseconds the API server's clock must have moved against ours to be worth a line in the log.
const WORTH_TELLING_MILLISECONDS: u64 = 5_000;
/// A `Date` has whole seconds: the true time lies up to this much after it, in milliseconds.
const DATE_RESOLUTION_MILLISECONDS: i64 = 999;

/// An extension of a request: its response is the word of this source.
#[derive(Clone, Debug)]
pub struct Heard(pub Arc<Contact>);

/// Our clock, and the API server's as far as its answers tell. One for the whole process: what a client's first answer says is weighed
/// against what the others' said.
pub struct ServerClock {
    clock: Arc<dyn Clock>,
    offset: Arc<ClockOffset>,
    dates: Mutex<Vec<Bounds>>,
}

/// Between which offsets, in milliseconds, one answer says that the true one lies.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    low: i64,
    high: i64,
}

impl ServerClock {
    /// A clock that reads `clock` and keeps the offset in `offset`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, offset: Arc<ClockOffset>) -> Self {
        Self { clock, offset, dates: Mutex::new(Vec::new()) }
    }

    /// Now, by the API server's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.offset.corrected(self.clock.now())
    }

    /// Learns from one answer: its `Date` was written between `sent` and `received` of our clock.
    ///
    /// The offset moves only where the answers leave no choice, so that clocks which agree within the resolution of `Date`
    /// have the offset 0, and a slow answer, which proves little, moves nothing.
    fn learn(&self, date: &str, sent: Timestamp, received: Timestamp) {
        let Ok(date) = DateTimeParser::new().parse_timestamp(date) else { return };
        let date = date.as_millisecond();
        let bounds = Bounds {
            low: date.saturating_sub(received.as_millisecond()),
            high: date.saturating_add(DATE_RESOLUTION_MILLISECONDS).saturating_sub(sent.as_millisecond()),
        };
        if bounds.low > bounds.high {
            return;
        }
        let mut dates = self.dates.lock().unwrap_or_else(PoisonError::into_inner);
        // Before that nothing can have been judged: there are more watches than that.
        let settled = dates.len() >= DATES;
        if settled {
            dates.remove(0);
        }
        dates.push(bounds);
        let (lows, highs) = (dates.iter().map(|bounds| bounds.low), dates.iter().map(|bounds| bounds.high));
        let mut low = lows.clone().max().unwrap_or(0);
        let mut high = highs.clone().min().unwrap_or(0);
        if low > high {
            if dates.len() < DATES {
                return;
            }
            // They contradict each other: one is odd, or a clock was moved. The median of lower bounds never exceeds that of
            // upper ones, since each answer's lower bound is below its upper one.
            (low, high) = (median(lows), median(highs));
        }
        let known = self.offset.milliseconds();
        if (low..=high).contains(&known) {
            return;
        }
        let learned = low.midpoint(high);
        if !settled {
            self.offset.begin(learned);
            return;
        }
        self.offset.follow(learned, received);
        if learned.abs_diff(known) >= WORTH_TELLING_MILLISECONDS {
            tracing::warn!(
                milliseconds = learned.saturating_sub(known),
                "the API server's clock was set, or ours stood still: followed slowly, and at once by an exporter that starts anew"
            );
        }
    }
}

/// The lower median; 0 of nothing.
fn median(values: impl Iterator<Item = i64>) -> i64 {
    let mut values: Vec<i64> = values.collect();
    values.sort_unstable();
    values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or(0)
}

/// The layer.
#[derive(Clone)]
pub struct HearingLayer(pub Arc<ServerClock>);

impl<S> Layer<S> for HearingLayer {
    type Service = Hearing<S>;

    fn layer(&self, inner: S) -> Hearing<S> {
        Hearing { inner, clock: Arc::clone(&self.0) }
    }
}

/// The layer around a service.
pub struct Hearing<S> {
    inner: S,
    clock: Arc<ServerClock>,
}

impl<S, R, B> Service<Request<R>> for Hearing<S>
where
    S: Service<Request<R>, Response = Response<B>>,
    S::Future: Send + 'static,
{
    type Response = Response<HeardBody<B>>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<R>) -> Self::Future {
        let heard = request.extensions().get::<Heard>().cloned();
        let clock = Arc::clone(&self.clock);
        let sent = clock.clock.now();
        let response = self.inner.call(request);
        Box::pin(async move {
            let response = response.await?;
            // Whatever stands before the API server may refuse in its name, and by another clock.
            let heard = heard.filter(|_| response.status().is_success());
            let date = response.headers().get(DATE).filter(|_| response.status().is_success());
            if let Some(date) = date.and_then(|date| date.to_str().ok()) {
                clock.learn(date, sent, clock.clock.now());
            }
            let ear = heard.map(|Heard(contact)| Ear { contact, clock });
            Ok(response.map(|inner| HeardBody { inner, ear }))
        })
    }
}

struct Ear {
    contact: Arc<Contact>,
    clock: Arc<ServerClock>,
}

impl Ear {
    fn hear(&self) {
        self.contact.heard(self.clock.now());
    }
}

/// A body whose every frame is noted, and its end.
pub struct HeardBody<B> {
    inner: B,
    ear: Option<Ear>,
}

impl<B: HttpBody + Unpin> HttpBody for HeardBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let frame = Pin::new(&mut self.inner).poll_frame(cx);
        if let (Poll::Ready(None | Some(Ok(_))), Some(ear)) = (&frame, &self.ear) {
            ear.hear();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::testing::SystemClock;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(millis).unwrap()
    }

    /// Offsets after each answer of (Date in seconds, sent, received in milliseconds of our clock).
    fn offsets(answers: &[(i64, i64, i64)]) -> Vec<i64> {
        let clock = ServerClock::new(Arc::new(SystemClock), Arc::new(ClockOffset::default()));
        let learn = |&(date, sent, received): &(i64, i64, i64)| {
            let date =
                jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at(date * 1000)).unwrap();
            clock.learn(&date, at(sent), at(received));
            clock.offset.milliseconds()
        };
        answers.iter().map(learn).collect()
    }

    #[test]
    fn clocks_that_agree_within_a_second_have_no_offset() {
        assert_eq!(offsets(&[(100, 100_400, 100_410), (101, 101_900, 101_950), (103, 103_001, 103_002)]), [0, 0, 0]);
    }

    #[test]
    fn the_offset_comes_near_the_truth() {
        // The server is 30.5 s ahead: truth lies within each answer's bounds.
        let answers: Vec<(i64, i64, i64)> = [100_000, 150_300, 200_700, 250_900, 300_499]
            .map(|ours: i64| ((ours + 30_500) / 1000, ours, ours + 20))
            .into();
        let learned = offsets(&answers);
        assert!(learned.iter().all(|learned| (30_000..=31_000).contains(learned)), "{learned:?}");
    }

    #[test]
    fn one_odd_answer_moves_nothing() {
        let mut answers: Vec<(i64, i64, i64)> =
            (0..5).map(|i| (100 + i, 100_100 + i * 1000, 100_150 + i * 1000)).collect();
        answers.push((9_000, 106_000, 106_010));
        assert_eq!(offsets(&answers).last(), Some(&0));
        for i in 7..10 {
            answers.push((9_000 + i, 100_000 + i * 1000, 100_010 + i * 1000));
        }
        assert!(*offsets(&answers).last().unwrap() > 8_000_000, "a clock that really moved is followed");
    }

    #[test]
    fn an_odd_answer_among_the_first_moves_nothing_either() {
        for odd in [9_000, 1] {
            for place in 1..5 {
                let mut answers: Vec<(i64, i64, i64)> =
                    (0..6).map(|i| (100 + i, 100_100 + i * 1000, 100_150 + i * 1000)).collect();
                answers[place].0 = odd;
                assert_eq!(offsets(&answers), [0; 6], "{odd} as answer {place}");
            }
        }
    }

    #[test]
    fn an_odd_answer_that_is_the_first_of_all_is_soon_outvoted() {
        let mut answers: Vec<(i64, i64, i64)> =
            (0..6).map(|i| (100 + i, 100_100 + i * 1000, 100_150 + i * 1000)).collect();
        answers[0].0 = 9_000;
        let learned = offsets(&answers);
        assert!(learned[0] > 8_000_000);
        assert!(learned[4].abs() < 1_000 && learned[5].abs() < 1_000, "{learned:?}");
    }

    /// What a status and a `Date` an hour ahead teach a clock that has heard nothing.
    async fn learned_of(status: u16) -> i64 {
        let clock = Arc::new(ServerClock::new(Arc::new(SystemClock), Arc::new(ClockOffset::default())));
        let ahead = SystemClock.now().checked_add(jiff::SignedDuration::from_hours(1)).unwrap();
        let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&ahead).unwrap();
        let inner = tower::service_fn(move |_request: Request<()>| {
            let answer =
                Response::builder().status(status).header(DATE, &date).body(http_body_util::Empty::<&[u8]>::new());
            std::future::ready(Ok::<_, std::convert::Infallible>(answer.unwrap()))
        });
        HearingLayer(Arc::clone(&clock)).layer(inner).call(Request::new(())).await.unwrap();
        clock.offset.milliseconds()
    }

    #[tokio::test]
    async fn who_refuses_does_not_tell_the_time() {
        assert!(learned_of(200).await > 3_000_000);
        for status in [302, 403, 429, 502, 503] {
            assert_eq!(learned_of(status).await, 0, "{status}");
        }
    }

    #[test]
    fn a_slow_answer_moves_nothing() {
        assert_eq!(offsets(&[(110, 100_000, 112_000)]), [0], "written at some time in 12 s");
    }
}
