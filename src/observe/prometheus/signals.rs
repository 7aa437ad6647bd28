//! Signals from Prometheus: of each component that is to be read there, the newest samples every interval, and once what was
//! before this exporter began: the window of latency, and whether metrics were there before the operation.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::sync::watch::Receiver;
use tokio::time::sleep;

use super::{Heard, Prometheus, readings};
use crate::index::change::Change;
use crate::model::names::Name;
use crate::model::scope::LatencyUnit;
use crate::model::signal::Past;
use crate::model::source::ErrorKind;
use crate::model::time::before;
use crate::model::wants::QueryWant;
use crate::observe::Ended;
use crate::observe::pace::Pace;
use crate::observe::report::Closed;
use crate::observe::signals::families;
use crate::observe::wanted::{Gone, keep};

/// How many intervals are looked back for the newest sample: then a signal is silent.
const SILENT_INTERVALS: u32 = 3;

/// How signals are read.
#[derive(Clone)]
pub struct Settings {
    /// How often.
    pub interval: Duration,
    /// How far back the window of latency reaches.
    pub window: Duration,
    /// The unit of the latency.
    pub unit: LatencyUnit,
    /// Where they are read.
    pub prometheus: Arc<Prometheus>,
    /// Where changes go.
    pub changes: Sender<Change>,
}

/// Reads what is wanted until nobody takes changes any more.
pub async fn keep_reading(settings: Settings, wants: Receiver<Arc<Vec<QueryWant>>>) -> Ended {
    let pace = Pace::new(settings.interval);
    keep(wants, |want, gone| one(settings.clone(), pace, want, gone)).await
}

async fn one(settings: Settings, pace: Pace, want: QueryWant, gone: Gone) -> Result<(), Closed> {
    let reading = async {
        let mut past_told = false;
        loop {
            // Boxed, so that those that wait do not hold the state of a request.
            if let Err(closed) = Box::pin(read(&settings, &want, &mut past_told)).await {
                return closed;
            }
            sleep(pace.until_next(&(&want.suite, want.component))).await;
        }
    };
    tokio::select! {
        closed = reading => return Err(closed),
        () = gone.come() => {}
    }
    settings.prometheus.forget(&want.matchers).await;
    Ok(())
}

async fn read(settings: &Settings, want: &QueryWant, past_told: &mut bool) -> Result<(), Closed> {
    let Settings { interval, prometheus, changes, unit, .. } = settings;
    if !*past_told && let Some(past) = past(settings, want).await? {
        changes.send(Change::Past(past)).await.map_err(|_| Closed)?;
        *past_told = true;
    }
    if want.pods.is_empty() {
        return Ok(());
    }
    let query = selector(&want.matchers, &family_names(), interval.saturating_mul(SILENT_INTERVALS));
    let Heard::Series(now, series) = prometheus.series(&want.matchers, &query).await? else { return Ok(()) };
    let read = readings::newest(want, &series, *unit, now);
    for refused in &read.refused {
        prometheus.refused(&query, ErrorKind::Value, refused).await?;
    }
    for reading in read.readings {
        changes.send(Change::Reading(reading)).await.map_err(|_| Closed)?;
    }
    Ok(())
}

/// What was before this exporter began; `None` where Prometheus did not answer, to be asked again.
async fn past(settings: &Settings, want: &QueryWant) -> Result<Option<Past>, Closed> {
    let Settings { interval, window, prometheus, unit, .. } = settings;
    let mut readings = Vec::new();
    if !want.pods.is_empty() {
        // One sample from before the window makes it whole.
        let query = selector(&want.matchers, families::LATENCY, window.saturating_add(*interval));
        readings = match prometheus.series(&want.matchers, &query).await? {
            Heard::Series(now, series) => readings::all(want, &series, *unit, now).readings,
            // The window of latency then begins with this exporter.
            Heard::TooLarge => Vec::new(),
            Heard::Nothing => return Ok(None),
        };
    }
    let mut first_read = None;
    if let Some(began) = want.began {
        let at = before(began, *interval);
        let query = format!("count({})", instant(&want.matchers, &family_names()));
        let Some(count) = prometheus.value_at(&want.matchers, &query, at).await? else { return Ok(None) };
        first_read = count.filter(|count| *count > 0.0).map(|_| at);
    }
    Ok(Some(Past { suite: Name::clone(&want.suite), component: want.component, readings, first_read }))
}

/// The names of the families of interest, as an expression.
fn family_names() -> String {
    let names: Vec<&str> = families::names().collect();
    names.join("|")
}

fn instant(matchers: &str, names: &str) -> String {
    // A scrape of OpenMetrics adds `_total` to counters.
    format!("{{__name__=~\"({names})(_total)?\",{matchers}}}")
}

/// A range selector: it gives samples as they were scraped, with their own times, where any other query looks back.
fn selector(matchers: &str, names: &str, span: Duration) -> String {
    format!("{}[{}ms]", instant(matchers, names), span.as_millis())
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::sync::{mpsc, watch};

    use super::*;
    use crate::model::names::Component;
    use crate::model::scope::PrometheusAt;
    use crate::model::source::{ClockOffset, SourceCondition};
    use crate::model::time::Timestamp;
    use crate::model::wants::PodName;
    use crate::net::trust::Trust;
    use crate::net::web::Web;
    use crate::observe::hearing::ServerClock;
    use crate::observe::testing::SystemClock;

    #[test]
    fn queries() {
        let query = selector("namespace=\"gim\"", "a|b", Duration::from_secs(45));
        assert_eq!(query, "{__name__=~\"(a|b)(_total)?\",namespace=\"gim\"}[45000ms]");
        assert!(family_names().contains("gim_kafka_timestamp_behind|"));
    }

    /// A Prometheus that has no series but for the span of 60.1 s, for which it has too many, and fails in namespace `bad`.
    async fn server() -> PrometheusAt {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut question = [0; 4096];
                let length = stream.read(&mut question).await.unwrap_or_default();
                let question = String::from_utf8_lossy(&question[..length]);
                if question.contains("bad") {
                    let _ =
                        stream.write_all(b"HTTP/1.1 500 Oh\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").await;
                    continue;
                }
                let is_past = question.contains("60100ms");
                let length = if is_past { 9_000_000 } else { 63 };
                let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
                let body = r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#;
                let _ = stream.write_all(format!("{head}{body}{}", " ".repeat(length - body.len())).as_bytes()).await;
            }
        });
        PrometheusAt {
            url: format!("http://{address}").into(),
            bearer_token_file: None,
            ca_file: None,
            timeout: Duration::from_secs(10),
        }
    }

    fn want(namespace: &str) -> QueryWant {
        let pod = PodName { name: "gim-0".into(), uid: "uid".into(), created: Timestamp::UNIX_EPOCH };
        QueryWant {
            suite: "default".into(),
            component: Component::Gim,
            matchers: format!("namespace=\"{namespace}\"").into(),
            pods: vec![pod],
            began: None,
        }
    }

    /// How that Prometheus is read, every 100 ms, and what is told.
    async fn settings(window: Duration) -> (Settings, mpsc::Receiver<Change>) {
        let (changes, heard) = mpsc::channel(16);
        let clock = Arc::new(ServerClock::new(Arc::new(SystemClock), Arc::new(ClockOffset::default())));
        let web = Arc::new(Web::new(Arc::new(Trust::default())));
        let interval = Duration::from_millis(100);
        let prometheus = Prometheus::add(server().await, web, clock, interval, changes.clone()).await.unwrap();
        let (unit, prometheus) = (LatencyUnit::Milliseconds, Arc::new(prometheus));
        (Settings { interval, window, unit, prometheus, changes }, heard)
    }

    #[tokio::test]
    async fn a_query_that_failed_and_is_wanted_no_more_does_not_keep_the_source_from_doing_well() {
        let (settings, mut heard) = settings(Duration::from_mins(2)).await;
        let (wants, wanted) = watch::channel(Arc::new(vec![want("good"), want("bad")]));
        let reading = tokio::spawn(keep_reading(settings, wanted));
        let mut until = async |what: &str, is_it: fn(&Change) -> bool| {
            let hear = async { while !is_it(&heard.recv().await.unwrap()) {} };
            assert!(tokio::time::timeout(Duration::from_secs(30), hear).await.is_ok(), "{what}");
        };
        let synced = |change: &Change| matches!(change, Change::SourceCondition(_, SourceCondition::Synced));
        let failed = |change: &Change| matches!(change, Change::SourceError { .. });
        until("one is answered", synced).await;
        until("one fails", failed).await;
        wants.send_replace(Arc::new(vec![want("good")]));
        until("it does well", synced).await;
        reading.abort();
    }

    #[tokio::test]
    async fn a_past_that_is_too_large_is_asked_for_once() {
        let (settings, mut heard) = settings(Duration::from_mins(1)).await;
        let (_wants, wanted) = watch::channel(Arc::new(vec![want("gim")]));
        let reading = tokio::spawn(keep_reading(settings, wanted));
        let mut told = Vec::new();
        let many = tokio::time::timeout(Duration::from_secs(3), async {
            loop {
                match heard.recv().await.unwrap() {
                    Change::Past(past) => told.push(format!("{} readings", past.readings.len())),
                    Change::SourceError { kind, .. } => told.push(kind.to_string()),
                    _ => {}
                }
            }
        });
        assert!(many.await.is_err());
        reading.abort();
        assert_eq!(told, ["too_large", "0 readings"], "and not at every interval");
    }
}
