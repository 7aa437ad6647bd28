//! The server over real sockets, with the limits shortened where a test would wait for them.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use http::{Method, StatusCode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

mod crowds;

use super::*;
use crate::publish::events::Tempo;
use crate::publish::site::Site;

/// Far longer than anything here takes; only a failure waits for it.
const PATIENCE: Duration = Duration::from_secs(30);

/// A limit short enough for a test to run into.
const SHORT: Duration = Duration::from_millis(200);

/// A limit that requests sent at once keep, even on a busy machine.
const READ: Duration = Duration::from_secs(1);

struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

async fn start(routes: Routes, limits: Limits) -> Running {
    run(Server::bind("127.0.0.1:0", routes).await.unwrap().with_limits(limits))
}

fn run(server: Server) -> Running {
    let address = server.local_address().unwrap();
    let (stop, stopped) = oneshot::channel();
    let server = tokio::spawn(server.run(async {
        let _ = stopped.await;
    }));
    Running { address, stop, server }
}

fn hello() -> Routes {
    Routes::new()
        .get("/hello", |_| async { text(StatusCode::OK, "hello") })
        .get("/pieces", |_| async { Response::new(chunks(vec![Bytes::from("one "), Bytes::from("two")])) })
        .get("/stream", |_| async {
            Response::new(streamed(stream::iter([Bytes::from("a"), Bytes::from("b")].map(Ok::<_, Infallible>))))
        })
        .with(Method::POST, "/length", |request| async move { text(StatusCode::OK, request.body().len().to_string()) })
}

async fn connect(address: SocketAddr, bytes: &str) -> TcpStream {
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(bytes.as_bytes()).await.unwrap();
    client
}

/// All that comes until the server hangs up.
async fn rest(client: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset is a way of hanging up too.
    let _ = timeout(PATIENCE, client.read_to_end(&mut bytes)).await.expect("the server hangs up");
    String::from_utf8(bytes).unwrap()
}

/// What comes until `end` has come.
async fn until(client: &mut TcpStream, end: &str) -> String {
    let mut bytes = Vec::new();
    let read = async {
        while !bytes.ends_with(end.as_bytes()) {
            match client.read_u8().await {
                Ok(byte) => bytes.push(byte),
                Err(error) => panic!("{error} after {:?}", String::from_utf8_lossy(&bytes)),
            }
        }
    };
    timeout(PATIENCE, read).await.expect("the answer comes");
    String::from_utf8(bytes).unwrap()
}

async fn ask(address: SocketAddr, request_line: &str, more: &str) -> String {
    let request = format!("{request_line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{more}");
    rest(&mut connect(address, &request).await).await
}

#[tokio::test]
async fn answers() {
    let server = start(hello(), Limits::default()).await;
    let large = format!("Content-Length: 5000\r\n\r\n{}", "x".repeat(5000));
    let large_in_chunks = format!("Transfer-Encoding: chunked\r\n\r\n1388\r\n{}\r\n0\r\n\r\n", "x".repeat(5000));
    for (line, more, status, header, body) in [
        ("GET /hello", "\r\n", "200 OK", "content-length: 5", "hello"),
        ("GET /hello?a=b", "\r\n", "200 OK", "content-type: text/plain; charset=utf-8", "hello"),
        ("GET /hello", "Content-Length: 3\r\n\r\nabc", "200 OK", "cache-control: no-store", "hello"),
        ("HEAD /hello", "\r\n", "200 OK", "content-length: 5", ""),
        ("GET /pieces", "\r\n", "200 OK", "content-length: 7", "one two"),
        ("HEAD /pieces", "\r\n", "200 OK", "content-length: 7", ""),
        ("GET /stream", "\r\n", "200 OK", "transfer-encoding: chunked", "1\r\na\r\n1\r\nb\r\n0\r\n\r\n"),
        ("POST /length", "Content-Length: 3\r\n\r\nabc", "200 OK", "x-content-type-options: nosniff", "3"),
        ("POST /length", &large, "413 Payload Too Large", "", "request body larger than 4096 bytes\n"),
        ("POST /length", &large_in_chunks, "413 Payload Too Large", "", "request body larger than 4096 bytes\n"),
        (
            "POST /hello",
            "\r\n",
            "405 Method Not Allowed",
            "allow: GET, HEAD",
            "method not allowed here, only GET, HEAD\n",
        ),
        ("GET /length", "\r\n", "405 Method Not Allowed", "allow: POST", "method not allowed here, only POST\n"),
        (
            "GET /nothing",
            "\r\n",
            "404 Not Found",
            "x-content-type-options: nosniff",
            "not found; this server has:\nGET /hello\nGET /pieces\nGET /stream\nPOST /length\n",
        ),
    ] {
        let answer = ask(server.address, line, more).await;
        let (head, answer_body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{line}: {answer:?}"));
        assert!(head.starts_with(&format!("HTTP/1.1 {status}")), "{line}: {head}");
        assert!(head.contains(header), "{line}: {head}");
        assert_eq!(answer_body, body, "{line}");
    }
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order_on_one_connection() {
    let server = start(hello(), Limits::default()).await;
    let one = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";
    let two = "GET /pieces HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut client = connect(server.address, &[one, two, one].concat()).await;
    for body in ["hello", "one two", "hello"] {
        assert!(until(&mut client, body).await.starts_with("HTTP/1.1 200 OK\r\n"));
    }
    // And it stays open for more.
    client.write_all(two.as_bytes()).await.unwrap();
    until(&mut client, "one two").await;
}

#[tokio::test]
async fn a_slow_head_is_cut_off() {
    let server = start(hello(), Limits { request_read: READ, ..Limits::default() }).await;
    // Before the first byte, in the midst of a head, and in the midst of a later one.
    let clients = ["", "GET /hello HTTP/1.1\r\nHost:", "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"].map(async |begun| {
        let mut client = connect(server.address, begun).await;
        if begun.ends_with("\r\n\r\n") {
            until(&mut client, "hello").await;
            client.write_all(b"GET /hel").await.unwrap();
        }
        assert_eq!(rest(&mut client).await, "");
    });
    futures::future::join_all(clients).await;
}

#[tokio::test]
async fn a_slow_body_is_refused() {
    let server = start(hello(), Limits { request_read: READ, ..Limits::default() }).await;
    let answer = ask(server.address, "POST /length", "Content-Length: 3\r\n\r\na").await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[tokio::test]
async fn between_requests_a_client_may_take_its_time_but_not_for_ever() {
    let idle = READ * 3;
    let server = start(hello(), Limits { request_read: READ, keep_alive_idle: idle, ..Limits::default() }).await;
    let mut client = connect(server.address, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n").await;
    until(&mut client, "hello").await;
    tokio::time::sleep(READ + SHORT).await;
    client.write_all(b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    until(&mut client, "hello").await;
    assert_eq!(rest(&mut client).await, "");
}

#[tokio::test]
async fn a_large_head_is_refused() {
    let server = start(hello(), Limits::default()).await;
    let fits = format!("X: {}\r\n\r\n", "x".repeat(MAX_HEAD_BYTES - 100));
    assert!(ask(server.address, "GET /hello", &fits).await.starts_with("HTTP/1.1 200 OK\r\n"));
    let large = format!("X: {}\r\n\r\n", "x".repeat(MAX_HEAD_BYTES));
    assert!(ask(server.address, "GET /hello", &large).await.starts_with("HTTP/1.1 431 "));
}

#[tokio::test]
async fn a_head_that_never_ends_is_refused() {
    let server = start(hello(), Limits::default()).await;
    let mut client = connect(server.address, "GET /hello HTTP/1.1\r\nX: ").await;
    let chunk = [b'x'; 4096];
    let mut sent = 0;
    // The server hangs up on us long before this much.
    while sent < 64 * 1024 * 1024 && client.write_all(&chunk).await.is_ok() {
        sent += chunk.len();
    }
    assert!(sent < 64 * 1024 * 1024);
}

/// A stream without end that tells when it is dropped.
fn endless(dropped: mpsc::Sender<()>) -> Body {
    streamed(stream::unfold(dropped, |dropped| async {
        Some((Ok::<_, Infallible>(Bytes::from_static(&[b'x'; 4096])), dropped))
    }))
}

fn endless_route() -> (Routes, mpsc::Receiver<()>) {
    let (sender, receiver) = mpsc::channel(1);
    let sender = std::sync::Mutex::new(Some(sender));
    let routes = Routes::new().get("/endless", move |_| {
        let sender = sender.lock().unwrap().take().expect("asked once");
        async { Response::new(endless(sender)) }
    });
    (routes, receiver)
}

#[tokio::test]
async fn a_client_that_never_reads_is_cut_off() {
    let (routes, mut dropped) = endless_route();
    let server = start(routes, Limits { write_stall: SHORT, ..Limits::default() }).await;
    let _client = connect(server.address, "GET /endless HTTP/1.1\r\nHost: x\r\n\r\n").await;
    // The channel closes when the body is given up.
    assert_eq!(timeout(PATIENCE, dropped.recv()).await, Ok(None));
}

#[tokio::test]
async fn a_listener_that_never_reads_is_cut_off() {
    let tempo = Tempo { pace: Duration::ZERO, ..Tempo::default() };
    let (site, snapshots) = Site::for_tests_at(tempo);
    let site = Arc::new(site);
    let server = start(site::routes(&site), Limits { write_stall: SHORT, ..Limits::default() }).await;
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    // So that it is soon full.
    socket.set_recv_buffer_size(4096).unwrap();
    let mut client = socket.connect(server.address).await.unwrap();
    client.write_all(b"GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let has = async |count: usize| {
        for turn in 0_u32.. {
            if site.listeners() == count {
                break;
            }
            let mut next = (**snapshots.borrow()).clone();
            next.sequence += 1;
            let mut judged = crate::publish::fixture::busy("default");
            // Every time something else.
            judged.judged = crate::publish::fixture::at(i64::from(turn));
            next.suites = vec![Arc::new(judged)];
            snapshots.send_replace(Arc::new(next));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(PATIENCE, has(1)).await.expect("it listens");
    timeout(PATIENCE, has(0)).await.expect("it is cut off");
    drop(client);
}

#[tokio::test]
async fn at_the_end_listeners_are_sent_away() {
    let (site, _snapshots) = Site::for_tests();
    let site = Arc::new(site);
    let server = start(site::routes(&site), Limits { shutdown_grace: PATIENCE * 2, ..Limits::default() }).await;
    let mut client = connect(server.address, "GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n").await;
    until(&mut client, "event: suite\n").await;
    site.close();
    server.stop.send(()).unwrap();
    rest(&mut client).await;
    timeout(PATIENCE, server.server).await.expect("it waits for nobody").unwrap();
}

#[tokio::test]
async fn a_client_that_reads_is_not_cut_off() {
    let (routes, mut dropped) = endless_route();
    let server = start(routes, Limits { write_stall: Duration::from_secs(5), ..Limits::default() }).await;
    let mut client = connect(server.address, "GET /endless HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let mut buffer = vec![0; 64 * 1024 * 1024];
    timeout(PATIENCE, client.read_exact(&mut buffer)).await.expect("in time").expect("all of it");
    assert_eq!(dropped.try_recv(), Err(mpsc::error::TryRecvError::Empty));
}

#[tokio::test]
async fn at_the_end_requests_under_way_finish() {
    let (begun, mut has_begun) = mpsc::channel(1);
    let (release, released) = oneshot::channel::<()>();
    let released = std::sync::Mutex::new(Some(released));
    let routes = Routes::new().get("/slow", move |_| {
        let begun = begun.clone();
        let released = released.lock().unwrap().take().expect("asked once");
        async move {
            begun.send(()).await.unwrap();
            released.await.unwrap();
            text(StatusCode::OK, "done")
        }
    });
    let server = start(routes, Limits::default()).await;
    let mut idle = connect(server.address, "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n").await;
    until(&mut idle, "GET /slow\n").await;
    let mut client = connect(server.address, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await;
    has_begun.recv().await.unwrap();

    server.stop.send(()).unwrap();
    assert_eq!(rest(&mut idle).await, "", "a connection at rest is closed");
    assert!(TcpStream::connect(server.address).await.is_err(), "no new connection is taken");
    release.send(()).unwrap();
    assert!(rest(&mut client).await.ends_with("\r\n\r\ndone"));
    timeout(PATIENCE, server.server).await.expect("in time").unwrap();
}

#[tokio::test]
async fn at_the_end_what_does_not_finish_is_ended() {
    let (routes, mut dropped) = endless_route();
    let server = start(routes, Limits { shutdown_grace: SHORT, ..Limits::default() }).await;
    let client = connect(server.address, "GET /endless HTTP/1.1\r\nHost: x\r\n\r\n").await;
    // Wait for the answer's beginning, so that the request is under way.
    client.readable().await.unwrap();
    server.stop.send(()).unwrap();
    timeout(PATIENCE, server.server).await.expect("in time").unwrap();
    assert_eq!(dropped.recv().await, None);
}

#[tokio::test]
async fn a_refused_address_is_named_with_its_flag() {
    let taken = Server::bind("127.0.0.1:0", Routes::new()).await.unwrap();
    let address = taken.local_address().unwrap().to_string();
    let error = Server::bind(&address, Routes::new()).await.unwrap_err();
    assert_eq!(error.to_string(), format!("cannot listen on {address} (--web.listen-address)"));

    for address in ["", "9845", "localhost", "localhost:http", ":99999", "[::1]"] {
        let error = Server::bind(address, Routes::new()).await.unwrap_err();
        let expected = format!("--web.listen-address {address:?} is no address, expected HOST:PORT or :PORT");
        assert_eq!(error.to_string(), expected);
    }
    assert_ne!(Server::bind(":0", Routes::new()).await.unwrap().local_address().unwrap().port(), 0);
}
