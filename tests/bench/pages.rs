//! The metrics pages of all GIM pods: one listener for every address of 127.0.0.0/8, since the fleet's pods have one each.
//!
//! A page is as GIM writes it, with other latencies at each read. Answers can be held back, so that for a moment nothing
//! new reaches the exporter. Not for pods that come and go: the fleet's do not.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Response, header};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Topics and their partitions, as the simulated GIM has them.
const TOPICS: [(&str, u64); 4] = [("gsp-callevents", 3), ("gsp-ixn", 3), ("gsp-outbound", 2), ("gca-cfg", 1)];

/// How long no connection is taken after one could not be.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// All pages.
pub struct Pages {
    /// The port, at every loopback address.
    pub port: u16,
    /// How many pages were read.
    pub reads: Arc<AtomicU64>,
    held: watch::Sender<bool>,
}

impl Pages {
    /// Starts serving, for as long as the runtime lives.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).await?;
        let port = listener.local_addr()?.port();
        let (reads, held) = (Arc::<AtomicU64>::default(), watch::Sender::new(false));
        tokio::spawn(accept(listener, Arc::clone(&reads), held.subscribe()));
        Ok(Self { port, reads, held })
    }

    /// Holds answers back, or lets them go.
    pub fn hold(&self, held: bool) {
        self.held.send_replace(held);
    }
}

async fn accept(listener: TcpListener, reads: Arc<AtomicU64>, held: watch::Receiver<bool>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let (reads, held) = (Arc::clone(&reads), held.clone());
        tokio::spawn(async move {
            let service = service_fn(move |_| {
                let (read, mut held) = (reads.fetch_add(1, Ordering::Relaxed), held.clone());
                async move {
                    // An error only says that the benchmark ends.
                    let _ = held.wait_for(|held| !held).await;
                    Ok::<_, Infallible>(respond(read))
                }
            });
            // However a connection ends, the client knows why.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

fn respond(read: u64) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(page(read))));
    let text = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, text);
    response
}

/// The page of the `read`-th read: a latency of 1 to 4 seconds, another each time.
fn page(read: u64) -> String {
    let mut page = String::from(
        "# HELP gim_server_state State of the server\n# TYPE gim_server_state gauge\n\
         gim_server_state{pod=\"gim-0\",schema_version=\"9.0.116\",} 1.0\n\
         # HELP gim_number_failed_kafkajob Failed Kafka transform jobs\n# TYPE gim_number_failed_kafkajob gauge\n\
         gim_number_failed_kafkajob 0.0\n\
         # HELP gim_failed_jobsteps Failed ETL job steps\n# TYPE gim_failed_jobsteps gauge\n\
         gim_failed_jobsteps{pod=\"gim-0\",failedJobSteps=\"none\",} 0.0\n\
         # HELP gim_kafka_timestamp_behind Latency of Kafka consumption\n# TYPE gim_kafka_timestamp_behind gauge\n",
    );
    for (topic, partitions) in TOPICS {
        for partition in 0..partitions {
            let millis = 1000 + (read * 769 + partition * 31 + topic.len() as u64) % 3000;
            // Writing into a String does not fail.
            let _ = writeln!(
                page,
                "gim_kafka_timestamp_behind{{pod=\"gim-0\",topic=\"{topic}\",partition=\"{partition}\",}} {millis}.0"
            );
        }
    }
    page.push_str(
        "# HELP jvm_memory_bytes_used Used bytes of a JVM memory area.\n# TYPE jvm_memory_bytes_used gauge\n",
    );
    for pool in 0..24 {
        let _ =
            writeln!(page, "jvm_memory_bytes_used{{area=\"heap\",pool=\"pool-{pool}\",}} {}.0E7", read % 100 + pool);
    }
    page
}
