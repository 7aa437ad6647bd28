//! Open pages: connections that listen for server-sent events and read what comes, as browsers do, but do nothing with it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use crate::client::{Client, Encoding};

/// How many pages are open.
pub const OPEN_PAGES: usize = 500;
/// What they may cost the exporter, in bytes.
pub const OPEN_PAGES_BYTES: u64 = 20_000_000;
/// Between two scrapes.
const SCRAPE_EVERY: Duration = Duration::from_millis(20);
/// How long it may take until all are open.
const OPENING: Duration = Duration::from_secs(30);

/// Open pages; dropping them closes them.
pub struct Listeners {
    events: Vec<Arc<AtomicU64>>,
    // It ends its tasks with it.
    _runtime: Runtime,
}

impl Listeners {
    /// Opens so many pages and waits until each has been told how things stand.
    pub fn open(address: SocketAddr, count: usize) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let events: Vec<_> = (0..count).map(|_| Arc::<AtomicU64>::default()).collect();
        for counter in &events {
            runtime.spawn(listen(address, Arc::clone(counter)));
        }
        let listeners = Self { events, _runtime: runtime };
        let began = Instant::now();
        while listeners.fewest() < 1 {
            ensure!(began.elapsed() < OPENING, "not every page is told how things stand");
            std::thread::sleep(SCRAPE_EVERY);
        }
        Ok(listeners)
    }

    /// How often something came to the page to which the least came.
    pub fn fewest(&self) -> u64 {
        self.events.iter().map(|events| events.load(Ordering::Relaxed)).min().unwrap_or_default()
    }
}

async fn listen(address: SocketAddr, events: Arc<AtomicU64>) -> Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"GET /api/v1/events?form=html HTTP/1.1\r\nHost: x\r\n\r\n").await?;
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let read = stream.read(&mut bytes).await?;
        ensure!(read > 0, "the stream ended");
        // An event is a chunk of HTTP, and ends with an empty line. Those that come together count as one: looking at every byte
        // would cost more than the exporter's whole work.
        if bytes.get(..read).is_some_and(|bytes| bytes.ends_with(b"\n\n\r\n")) {
            events.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// How long scrapes take for so long, sorted.
pub fn scrapes(client: &mut Client, span: Duration) -> Result<Vec<Duration>> {
    let (mut took, began) = (Vec::new(), Instant::now());
    while began.elapsed() < span {
        let asked = Instant::now();
        client.read("/metrics", Encoding::Gzip)?;
        took.push(asked.elapsed());
        std::thread::sleep(SCRAPE_EVERY);
    }
    took.sort_unstable();
    Ok(took)
}

/// The value below which all but a twentieth are.
pub fn most(sorted: &[Duration]) -> Duration {
    sorted.get(sorted.len() * 19 / 20).copied().unwrap_or_default()
}
