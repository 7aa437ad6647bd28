//! More connections than there are places, and who must leave then.

use tokio::sync::watch;

use super::*;
use crate::model::web::{WebAccess, WebSettings};
use crate::publish::own::{Rejection, Rejections};
use crate::server::door::tests::HeldClock;

const REQUEST: &str = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";
/// More than the buffers of two sockets and of a connection hold.
const LARGE_BYTES: usize = 32 * 1024 * 1024;

/// A server with so many places, and what it counts.
async fn start_with_places(routes: Routes, connections: usize) -> (Running, Arc<Rejections>) {
    let rejections = Arc::<Rejections>::default();
    let clock: Arc<dyn crate::model::time::Clock> = Arc::<HeldClock>::default();
    let door =
        Door::new(&WebSettings::default(), &WebAccess::default(), None, &clock, Arc::clone(&rejections)).unwrap();
    let (_, doors) = watch::channel(Arc::new(door));
    let server = Server::bind("127.0.0.1:0", routes).await.unwrap().behind(doors);
    (run(server.with_limits(Limits { connections, ..Limits::default() })), rejections)
}

async fn says_hello(client: &mut TcpStream) {
    client.write_all(REQUEST.as_bytes()).await.unwrap();
    assert!(until(client, "hello").await.starts_with("HTTP/1.1 200 OK\r\n"));
}

/// What is logged, for as long as it lives, on the one thread of a test.
#[derive(Clone, Default)]
struct Log(Arc<std::sync::Mutex<Vec<u8>>>);

impl Log {
    fn begin() -> (Self, tracing::subscriber::DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    fn count(&self, line: &str) -> usize {
        String::from_utf8_lossy(&self.0.lock().unwrap()).matches(line).count()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Waits until there is a place.
async fn comes_in(address: SocketAddr) {
    let again = async { while !ask(address, "GET /hello", "\r\n").await.ends_with("hello") {} };
    timeout(PATIENCE, again).await.expect("a place is free");
}

#[tokio::test]
async fn whoever_lets_us_wait_longest_leaves_for_a_new_connection() {
    let (server, rejections) = start_with_places(hello(), 2).await;
    let mut clients = Vec::new();
    for _ in 0..2 {
        let mut client = TcpStream::connect(server.address).await.unwrap();
        says_hello(&mut client).await;
        clients.push(client);
    }
    // So the second is now the one that has waited longest.
    says_hello(&mut clients[0]).await;
    for _ in 0..3 {
        let mut new = TcpStream::connect(server.address).await.unwrap();
        says_hello(&mut new).await;
        assert_eq!(rest(&mut clients.remove(1)).await, "");
        says_hello(&mut clients[0]).await;
        clients.push(new);
    }
    assert_eq!(rejections.so_far(Rejection::ConnectionLimit), 0);
}

#[tokio::test]
async fn silence_and_half_a_request_keep_nobody_out() {
    let (server, _) = start_with_places(hello(), 2).await;
    let mut holders = [connect(server.address, "").await, connect(server.address, "GET /hel").await];
    for _ in 0..2 {
        let mut client = TcpStream::connect(server.address).await.unwrap();
        says_hello(&mut client).await;
        // It holds its place too, which the next one needs.
        drop(client);
    }
    assert_eq!(rest(&mut holders[0]).await, "");
}

#[tokio::test]
async fn nobody_leaves_who_is_owed_a_part_of_an_answer() {
    let routes = hello().get("/large", |_| async { text(StatusCode::OK, vec![b'x'; LARGE_BYTES]) });
    let (server, rejections) = start_with_places(routes, 1).await;
    let (log, _logging) = Log::begin();
    let told = || (log.count("all places for connections are taken"), log.count("are free again"));
    let mut slow = connect(server.address, "GET /large HTTP/1.1\r\nHost: x\r\n\r\n").await;
    until(&mut slow, "\r\n\r\n").await;
    for turned_away in 1..=3 {
        assert_eq!(rest(&mut connect(server.address, REQUEST).await).await, "");
        assert_eq!(rejections.so_far(Rejection::ConnectionLimit), turned_away);
        assert_eq!(told(), (1, 0), "it is told once");
    }
    let mut body = vec![0; LARGE_BYTES];
    timeout(PATIENCE, slow.read_exact(&mut body)).await.expect("in time").expect("all of it");
    assert!(body.iter().all(|byte| *byte == b'x'));
    // Then it has all, and leaves for another.
    comes_in(server.address).await;
    assert_eq!(rest(&mut slow).await, "");
    assert_eq!(told().0, 1);
    // Once places are free it is over, and told once too.
    timeout(PATIENCE, async {
        while told() != (1, 1) {
            comes_in(server.address).await;
        }
    })
    .await
    .expect("it is over");
}

#[tokio::test]
async fn a_place_that_is_left_can_be_taken() {
    let (begun, mut has_begun) = mpsc::channel(1);
    let routes = hello().get("/wait", move |_| {
        let begun = begun.clone();
        async move {
            begun.send(()).await.unwrap();
            std::future::pending().await
        }
    });
    let (server, _) = start_with_places(routes, 1).await;
    let waiting = connect(server.address, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n").await;
    has_begun.recv().await.unwrap();
    assert_eq!(rest(&mut connect(server.address, REQUEST).await).await, "");
    drop(waiting);
    comes_in(server.address).await;
}
