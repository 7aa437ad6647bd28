//! Dependencies that answer, refuse, hang up and are silent, over real connections on this machine; and queries.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{Receiver, channel};
use tokio::task::JoinHandle;

use super::*;
use crate::model::source::ClockOffset;
use crate::observe::testing::SystemClock;

/// A stream whose other side answers the first question with `answer` and hangs up.
pub fn answered(answer: Vec<u8>) -> DuplexStream {
    let (ours, mut theirs) = tokio::io::duplex(64 * 1024);
    tokio::spawn(async move {
        let mut question = [0; 1024];
        let _ = theirs.read(&mut question).await;
        let _ = theirs.write_all(&answer).await;
    });
    ours
}

/// A stream whose other side never answers.
pub fn silent() -> DuplexStream {
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    tokio::spawn(async move {
        let _theirs = theirs;
        std::future::pending::<()>().await;
    });
    ours
}

/// A server on a free port that answers each connection with `answer`, or keeps silent.
async fn server(answer: Option<&'static [u8]>) -> Name {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut question = [0; 1024];
                let _ = stream.read(&mut question).await;
                match answer {
                    Some(answer) => {
                        let _ = stream.write_all(answer).await;
                    }
                    None => std::future::pending::<()>().await,
                }
            });
        }
    });
    address.to_string().into()
}

/// An address where nobody listens.
async fn closed() -> Name {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().to_string().into()
}

/// A suite of this name whose Kafka is there.
fn suite(name: &str, kafka: AskAt) -> Suite {
    let mut suite = Suite::default_suite();
    suite.name = name.into();
    suite.surroundings.kafka = Some(kafka);
    suite
}

/// Asks the questions of these suites every second.
fn asking(suites: &[Suite]) -> (JoinHandle<Ended>, Receiver<Change>) {
    let (changes, heard) = channel(16);
    let trust = Arc::new(Trust::default());
    let settings = Settings {
        interval: Duration::from_secs(1),
        clock: Arc::new(ServerClock::new(Arc::new(SystemClock), Arc::new(ClockOffset::default()))),
        web: Arc::new(Web::new(Arc::clone(&trust))),
        trust,
        prometheus: None,
        changes,
    };
    (tokio::spawn(keep_asking(settings, Questions::of(suites))), heard)
}

/// What comes of a suite's question.
async fn first(dependency: Dependency, at: AskAt) -> Result<(), ProbeFailure> {
    let mut suite = Suite::default_suite();
    match dependency {
        Dependency::Kafka => suite.surroundings.kafka = Some(at),
        Dependency::Database => suite.surroundings.database = Some(at),
        Dependency::ObjectStorage => suite.surroundings.object_storage = Some(at),
    }
    let (asking, heard) = asking(&[suite]);
    let outcome = probe(heard).await;
    asking.abort();
    outcome
}

async fn probe(mut heard: Receiver<Change>) -> Result<(), ProbeFailure> {
    loop {
        if let Change::Probe(probe) = heard.recv().await.unwrap() {
            return probe.outcome;
        }
    }
}

const BROKER: &[u8] = &[0, 0, 0, 16, 0x67, 0x69, 0x6d, 0x75, 0, 0, 0, 0, 0, 1, 0, 18, 0, 0, 0, 4];

fn at(addresses: &[&Name]) -> AskAt {
    AskAt::Addresses { addresses: addresses.iter().map(|address| Name::clone(address)).collect(), tls: false }
}

#[tokio::test]
async fn kafka_over_connections() {
    let (broker, web, hangs_up) =
        (server(Some(BROKER)).await, server(Some(b"HTTP/1.1 400 Bad\r\n")).await, server(Some(b"")).await);
    let (silent, closed) = (server(None).await, closed().await);
    let cases = [
        (vec![&broker], Ok(())),
        (vec![&closed], Err(ProbeFailure::Refused)),
        (vec![&web], Err(ProbeFailure::Protocol)),
        (vec![&hangs_up], Err(ProbeFailure::Other)),
        (vec![&silent], Err(ProbeFailure::Timeout)),
        // One that answers is enough, even behind a silent one.
        (vec![&silent, &closed, &broker], Ok(())),
        // One that may be alive outweighs those that are proven not to be.
        (vec![&closed, &silent], Err(ProbeFailure::Timeout)),
        (vec![&silent, &closed], Err(ProbeFailure::Timeout)),
        (vec![&closed, &web], Err(ProbeFailure::Protocol)),
    ];
    for (addresses, outcome) in cases {
        assert_eq!(first(Dependency::Kafka, at(&addresses)).await, outcome, "{addresses:?}");
    }
}

#[tokio::test]
async fn a_database_over_connections() {
    let scram = b"R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0";
    assert_eq!(first(Dependency::Database, at(&[&server(Some(scram)).await])).await, Ok(()));
    assert_eq!(first(Dependency::Database, at(&[&closed().await])).await, Err(ProbeFailure::Refused));
}

#[tokio::test]
async fn object_storage_over_connections() {
    let head = |status: &'static [u8]| server(Some(status));
    let forbidden = head(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n").await;
    let broken = head(b"HTTP/1.1 503 Slow Down\r\ncontent-length: 0\r\n\r\n").await;
    let no_http = head(b"SSH-2.0-OpenSSH_9.6\r\n").await;
    let (silent, closed) = (server(None).await, closed().await);
    let cases = [
        (&forbidden, Ok(())),
        (&broken, Err(ProbeFailure::Protocol)),
        (&no_http, Err(ProbeFailure::Protocol)),
        (&silent, Err(ProbeFailure::Timeout)),
        (&closed, Err(ProbeFailure::Refused)),
    ];
    for (address, outcome) in cases {
        let url = AskAt::Url(format!("http://{address}/").into());
        assert_eq!(first(Dependency::ObjectStorage, url).await, outcome, "{address}");
    }
}

#[test]
fn values_of_queries() {
    let now = Timestamp::UNIX_EPOCH;
    let suite = Name::from("a");
    let kafka = What::Dependency(Dependency::Kafka);
    for (value, outcome) in
        [(1.0, Some(Ok(()))), (0.0, Some(Err(ProbeFailure::Reported))), (-1.0, None), (f64::NAN, None)]
    {
        let change = meaning(kafka, &suite, now, value);
        let told = change.map(|change| match change {
            Change::Probe(probe) => probe.outcome,
            other => panic!("{other:?}"),
        });
        assert_eq!(told, outcome, "{value}");
    }
    let at = |seconds| Timestamp::from_second(seconds).unwrap();
    let cases = [
        (1_700_000_000.0, Some(Some(at(1_700_000_000)))),
        (0.0, Some(None)),
        (-5.0, None),
        (1e18, None),
        (f64::NAN, None),
    ];
    for (value, last) in cases {
        let told = meaning(What::Backup, &suite, now, value).map(|change| match change {
            Change::Backup(backup) => backup.last_success,
            other => panic!("{other:?}"),
        });
        assert_eq!(told, last, "{value}");
    }
}

/// A server at every address of this machine, at the port that is given, that counts connections and answers none.
async fn counting() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move { while stream.read(&mut [0; 1024]).await.is_ok_and(|read| read > 0) {} });
        }
    });
    (port, count)
}

#[tokio::test]
async fn suites_with_one_kafka_are_all_told_of_it_and_it_is_asked_once() {
    let (port, asked) = counting().await;
    let silent = Name::from(format!("127.0.0.1:{port}"));
    let names: Vec<String> = (0..100).map(|number| format!("suite-{number}")).collect();
    let suites: Vec<Suite> = names.iter().map(|name| suite(name, at(&[&silent]))).collect();
    let (asking, mut heard) = asking(&suites);
    let mut told: HashMap<Name, usize> = HashMap::new();
    let mut errors = 0;
    while told.len() < suites.len() || told.values().any(|count| *count < 2) {
        match heard.recv().await.unwrap() {
            Change::Probe(probe) => {
                assert_eq!(probe.outcome, Err(ProbeFailure::Timeout));
                *told.entry(probe.suite).or_default() += 1;
            }
            Change::SourceError { detail, .. } => {
                assert!(detail.contains("kafka of suite suite-0 and 99 others"), "{detail}");
                errors += 1;
            }
            _ => {}
        }
    }
    asking.abort();
    assert!(errors <= 3 && asked.load(Ordering::SeqCst) <= 3, "{errors} errors, {asked:?} connections for two rounds");
}

#[test]
fn a_question_is_one_where_nothing_about_it_differs() {
    let (one, other) = (Name::from("kafka-a:9092"), Name::from("kafka-b:9092"));
    let mut suites = [&one, &one, &other].map(|address| suite("a", at(&[address])));
    suites[1].surroundings.ca_file = Some("ca.pem".into());
    assert_eq!(Questions::of(&suites).0.len(), 2, "without TLS nobody's certificate is looked at");
    for suite in &mut suites {
        suite.surroundings.object_storage = Some(AskAt::Url("https://s3/".into()));
    }
    assert_eq!(Questions::of(&suites).0.len(), 4, "with TLS it is");
}

#[tokio::test]
async fn those_that_are_silent_keep_no_other_waiting() {
    const SILENT: usize = 500;
    let (port, _) = counting().await;
    let broker = server(Some(BROKER)).await;
    let silent = |number: usize| Name::from(format!("127.0.{}.{}:{port}", 1 + number / 200, 1 + number % 200));
    let silent = |number: usize| suite(&format!("silent-{number}"), at(&[&silent(number)]));
    let mut suites: Vec<Suite> = (0..SILENT).map(silent).collect();
    suites.push(suite("answers", at(&[&broker])));
    let (asking, mut heard) = asking(&suites);
    let mut failed: HashMap<Name, usize> = HashMap::new();
    let (mut answers, mut failures) = (0, 0);
    while answers < 3 {
        let Change::Probe(probe) = heard.recv().await.unwrap() else { continue };
        if &*probe.suite == "answers" {
            assert_eq!(probe.outcome, Ok(()));
            answers += usize::from(failed.len() == SILENT);
        } else {
            failures += usize::from(failed.len() == SILENT);
            *failed.entry(probe.suite).or_default() += 1;
        }
    }
    asking.abort();
    // With turns for all in one row it would answer once for all of their failures.
    assert!(failures < 2 * SILENT, "{failures} failures");
}
