//! Endpoints: metrics pages that are good, bad, late, moved and endless.

use std::net::SocketAddr;
use std::time::Duration;

use gim_upgrade_exporter::model::names::Component;
use gim_upgrade_exporter::model::source::{ErrorKind, SourceCondition, SourceKind};
use gim_upgrade_exporter::model::wants::EndpointWant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{Heard, House};

const PAGE: &str =
    "# TYPE gim_kafka_timestamp_behind gauge\ngim_kafka_timestamp_behind{topic=\"voice\",partition=\"0\"} 2500\n";

/// A server whose answer the path chooses.
async fn pages() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream));
        }
    });
    address
}

async fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    let mut request = vec![0; 4096];
    let length = stream.read(&mut request).await?;
    let request = String::from_utf8_lossy(request.get(..length).unwrap_or_default()).into_owned();
    assert!(request.contains("application/openmetrics-text"), "{request}");
    let path = request.split(' ').nth(1).unwrap_or_default();
    let ok = |page: &str| {
        format!("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n{page}", page.len())
    };
    let text = match path {
        "/metrics" => ok(PAGE),
        "/value" => ok("gim_kafka_timestamp_behind{topic=\"a\"} -1\ngim_kafka_timestamp_behind{topic=\"b\"} 1000\n"),
        "/syntax" => ok("a 1\nb 2\nc{canary=\"x} 1\n"),
        "/moved" => "HTTP/1.1 302 Found\r\nlocation: /metrics\r\ncontent-length: 0\r\n\r\n".to_owned(),
        "/silent" => {
            std::future::pending::<()>().await;
            return Ok(());
        }
        "/endless" => {
            let line = format!("# {}\n", "x".repeat(10_000));
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
            loop {
                stream.write_all(line.as_bytes()).await?;
            }
        }
        _ => "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_owned(),
    };
    stream.write_all(text.as_bytes()).await
}

fn want(namespace: &str, url: &str) -> EndpointWant {
    EndpointWant {
        suite: "default".into(),
        component: Component::Gim,
        namespace: namespace.into(),
        pod_uid: Some("u-1".into()),
        url: url.into(),
    }
}

#[tokio::test]
async fn a_page_is_read_every_interval_for_as_long_as_it_is_wanted() {
    let address = pages().await;
    let mut house = House::build().await;
    house.endpoints.send_replace(vec![want("gim", &format!("http://{address}/metrics"))].into());
    house.until("three readings", |heard| heard.readings.len() >= 3).await;
    let reading = &house.heard.readings[0];
    assert_eq!(
        (&*reading.suite, reading.component, reading.pod_uid.as_deref()),
        ("default", Component::Gim, Some("u-1"))
    );
    assert_eq!(reading.latency_seconds(&[]), Some(2.5));
    assert_eq!(house.heard.condition(SourceKind::Signals, Some("gim")), Some(SourceCondition::Synced));

    house.endpoints.send_replace(std::sync::Arc::default());
    house.listen(Duration::from_millis(500)).await;
    let readings = house.heard.readings.len();
    house.listen(Duration::from_millis(900)).await;
    assert_eq!(house.heard.readings.len(), readings, "it is wanted no more");
    assert!(!house.heard.is_stale(SourceKind::Signals, Some("gim")), "and so it is not silent");
}

#[tokio::test]
async fn bad_pages_are_counted_and_nothing_else_changes() {
    let address = pages().await;
    let refusing = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let mut house = House::reading_every(Duration::from_secs(5)).await;
    let wants = [
        want("syntax", &format!("http://{address}/syntax")),
        want("moved", &format!("http://{address}/moved")),
        want("silent", &format!("http://{address}/silent")),
        want("endless", &format!("http://{address}/endless")),
        want("missing", &format!("http://{address}/nothing")),
        want("refusing", &format!("http://{refusing}/metrics")),
        want("unwell", &format!("http://{address}/value")),
        want("well", &format!("http://{address}/metrics")),
    ];
    house.endpoints.send_replace(wants.to_vec().into());
    let cases = [
        ("syntax", ErrorKind::Decode, "line 3"),
        ("moved", ErrorKind::Status, "HTTP 302"),
        ("silent", ErrorKind::Timeout, "no answer in time"),
        ("endless", ErrorKind::TooLarge, "larger than"),
        ("missing", ErrorKind::Status, "HTTP 404"),
        ("refusing", ErrorKind::Connect, "refused"),
        ("unwell", ErrorKind::Value, "1 impossible values of gim_kafka_timestamp_behind"),
    ];
    for (namespace, kind, text) in cases {
        house
            .until(namespace, |heard| {
                heard.errors.iter().any(|(source, error, detail)| {
                    source.namespace.as_deref() == Some(namespace) && *error == kind && detail.contains(text)
                })
            })
            .await;
    }
    house.until("read", |heard| heard.readings.iter().any(|reading| reading.latency_seconds(&[]) == Some(2.5))).await;
    assert!(house.heard.readings.iter().all(|reading| reading.topics.len() == 1));
    assert!(house.heard.is_synced() || house.heard.condition(SourceKind::Pods, None) == Some(SourceCondition::Synced));
    assert!(!format!("{:?}", house.heard.errors).contains("canary"));
}

#[tokio::test]
async fn endpoints_that_do_not_answer_keep_no_other_waiting() {
    const SILENT: usize = 300;
    let address = pages().await;
    let mut house = House::reading_every(Duration::from_secs(1)).await;
    let silent = |number: usize| EndpointWant {
        pod_uid: Some(format!("u-{number}").into()),
        ..want("silent", &format!("http://{address}/silent"))
    };
    let mut wants: Vec<EndpointWant> = (0..SILENT).map(silent).collect();
    wants.push(want("well", &format!("http://{address}/metrics")));
    house.endpoints.send_replace(wants.into());
    let failures = |heard: &Heard| heard.count(SourceKind::Signals, ErrorKind::Timeout);
    // Each once, with some to spare: after that they are known to be silent.
    house.until("all are silent", |heard| failures(heard) >= SILENT + 50).await;
    let (readings, before) = (house.heard.readings.len(), failures(&house.heard));
    house.until("three readings", |heard| heard.readings.len() >= readings + 3).await;
    // With turns for all in one row it would be read once for all of their failures.
    let between = failures(&house.heard) - before;
    assert!(between < 2 * SILENT, "{between} failures");
}

#[tokio::test]
async fn an_endpoint_that_failed_and_is_wanted_no_more_does_not_keep_its_source_from_doing_well() {
    let address = pages().await;
    let mut house = House::build().await;
    let good = want("gim", &format!("http://{address}/metrics"));
    let bad = want("gim", &format!("http://{address}/nothing"));
    house.endpoints.send_replace(vec![good.clone(), bad].into());
    let well = |heard: &Heard| heard.condition(SourceKind::Signals, Some("gim")) == Some(SourceCondition::Synced);
    house
        .until("one answers, one fails", |heard| well(heard) && heard.count(SourceKind::Signals, ErrorKind::Status) > 0)
        .await;
    house.heard.conditions.clear();
    house.endpoints.send_replace(vec![good].into());
    house.until("it does well again", well).await;
    house.endpoints.send_replace(vec![want("gim", &format!("http://{address}/nothing"))].into());
    let failures = house.heard.count(SourceKind::Signals, ErrorKind::Status);
    house.until("it fails", |heard| heard.count(SourceKind::Signals, ErrorKind::Status) > failures).await;
    house.heard.conditions.clear();
    house.endpoints.send_replace(std::sync::Arc::default());
    house.until("nothing is read", well).await;
}
