//! The stand-in for GIM's own metrics: one page on the address and port of each GIM pod that runs.
//!
//! Pages come and go with the pods: while a pod does not run, its port refuses connections, as a real one would. How far
//! consumption is behind is set by the story, per namespace. Nothing here knows what the exporter makes of it.

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Result, anyhow};
use futures::StreamExt as _;
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api, Client, ResourceExt as _,
    runtime::{WatchStreamExt as _, watcher},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    runtime::Handle,
    task::JoinHandle,
};

/// GIM's metrics port (sample values in `genesys/multicloud-services`).
const PORT: u16 = 8249;
/// The latency of a GIM that nothing was said about, in seconds.
const USUAL_BEHIND: f64 = 4.0;

/// How far GIM's consumption is behind.
#[derive(Clone, Copy, Debug)]
pub struct Behind {
    /// Seconds behind when this was set.
    pub seconds: f64,
    /// Seconds behind gained each second from then on; it never falls below the usual.
    pub slope: f64,
}

type Latencies = Arc<Mutex<HashMap<String, (Behind, Instant)>>>;

/// The pages of all GIM pods of the cluster.
pub struct MetricsPages {
    latencies: Latencies,
    watch: JoinHandle<()>,
}

impl MetricsPages {
    /// Follows the GIM pods of all namespaces.
    pub fn serve(handle: &Handle, client: Client) -> Self {
        let latencies = Latencies::default();
        let watch = handle.spawn(follow(client, Arc::clone(&latencies)));
        Self { latencies, watch }
    }

    /// Sets how far the GIM of a namespace is behind.
    pub fn set(&self, namespace: &str, behind: Behind) {
        locked(&self.latencies).insert(namespace.to_owned(), (behind, Instant::now()));
    }

    /// Fails when the pods are no longer followed.
    pub fn check(&self) -> Result<()> {
        if self.watch.is_finished() { Err(anyhow!("the metrics pages stopped following the pods")) } else { Ok(()) }
    }
}

impl Drop for MetricsPages {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

/// A listener that goes when it is dropped.
struct Page(JoinHandle<()>);

impl Drop for Page {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn follow(client: Client, latencies: Latencies) {
    let pods = Api::<Pod>::all(client);
    let config = watcher::Config::default().labels("app.kubernetes.io/name=gim");
    let mut events = watcher(pods, config).default_backoff().boxed();
    let mut pages: HashMap<String, Page> = HashMap::new();
    while let Some(event) = events.next().await {
        match event {
            Ok(watcher::Event::Apply(pod) | watcher::Event::InitApply(pod)) => {
                let Some(uid) = pod.uid() else { continue };
                match address_of(&pod) {
                    Some(address) => {
                        pages.entry(uid).or_insert_with(|| open(address, &pod, &latencies));
                    }
                    None => drop(pages.remove(&uid)),
                }
            }
            Ok(watcher::Event::Delete(pod)) => drop(pod.uid().and_then(|uid| pages.remove(&uid))),
            // The watch begins anew by itself, also over an API server that was killed.
            Ok(watcher::Event::Init | watcher::Event::InitDone) | Err(_) => {}
        }
    }
}

/// Where a pod's page is, while its container runs.
fn address_of(pod: &Pod) -> Option<SocketAddr> {
    let status = pod.status.as_ref()?;
    let runs = status.phase.as_deref() == Some("Running") && pod.metadata.deletion_timestamp.is_none();
    let ip = status.pod_ip.as_ref()?.parse().ok()?;
    runs.then_some(SocketAddr::new(ip, PORT))
}

fn open(address: SocketAddr, pod: &Pod, latencies: &Latencies) -> Page {
    let (namespace, name, latencies) = (pod.namespace().unwrap_or_default(), pod.name_any(), Arc::clone(latencies));
    Page(tokio::spawn(async move {
        let listener = match bind(address).await {
            Ok(listener) => listener,
            Err(error) => return eprintln!("cluster: no metrics page on {address}: {error}"),
        };
        while let Ok((stream, _)) = listener.accept().await {
            let text = page(&name, behind(&latencies, &namespace));
            // A reader that goes away early is no concern of the page.
            drop(tokio::time::timeout(Duration::from_secs(5), answer(stream, text)).await);
        }
    }))
}

/// Binds, waiting a little for a former pod of the same address to let it go.
async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    for _ in 0..50 {
        match TcpListener::bind(address).await {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            done => return done,
        }
    }
    TcpListener::bind(address).await
}

async fn answer(mut stream: TcpStream, text: String) -> io::Result<()> {
    let (mut request, mut buffer) = (Vec::<u8>::new(), [0; 1024]);
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        request.extend(buffer.iter().take(read));
    }
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/plain; version=0.0.4; charset=utf-8\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n",
        text.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(text.as_bytes()).await?;
    stream.shutdown().await
}

fn behind(latencies: &Latencies, namespace: &str) -> f64 {
    match locked(latencies).get(namespace) {
        Some((behind, since)) => (behind.seconds + behind.slope * since.elapsed().as_secs_f64()).max(USUAL_BEHIND),
        None => USUAL_BEHIND,
    }
}

/// The page, in the form and with the families that GIM's is known to have; latencies are in milliseconds.
fn page(pod: &str, behind_seconds: f64) -> String {
    let mut lines = vec!["# TYPE gim_kafka_timestamp_behind gauge".to_owned()];
    for (topic, partition, share) in
        [("voice-details", 0, 1.0), ("voice-details", 1, 0.9), ("agent-states", 0, 0.8), ("config", 0, 0.5)]
    {
        let labels = format!("pod=\"{pod}\",topic=\"{topic}\",partition=\"{partition}\"");
        lines.push(format!("gim_kafka_timestamp_behind{{{labels}}} {}", behind_seconds * share * 1000.0));
    }
    lines.extend([
        "# TYPE gim_server_state gauge".to_owned(),
        format!("gim_server_state{{pod=\"{pod}\",schema_version=\"8.5.116.29\"}} 1"),
        "# TYPE gim_number_failed_kafkajob counter".to_owned(),
        "gim_number_failed_kafkajob 0".to_owned(),
        "# TYPE gim_failed_jobsteps gauge".to_owned(),
        format!("gim_failed_jobsteps{{pod=\"{pod}\",failedJobSteps=\"none\"}} 0"),
        "# TYPE jvm_memory_used_bytes gauge".to_owned(),
        "jvm_memory_used_bytes{area=\"heap\"} 1.2e9".to_owned(),
    ]);
    lines.join("\n") + "\n"
}

fn locked(latencies: &Latencies) -> MutexGuard<'_, HashMap<String, (Behind, Instant)>> {
    latencies.lock().unwrap_or_else(PoisonError::into_inner)
}
