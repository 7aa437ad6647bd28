//! The stand-in for the components' own metrics: one page on the address and port of each pod of GIM and GSP that runs.
//!
//! Pages come and go with the pods: while a pod does not run, its port refuses connections, as a real one would. What
//! stands on them is set by the story, per namespace: see `metrics_text`. Nothing here knows what the exporter makes of it.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr},
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

use crate::metrics_text::{Behind, Source, Values};

/// Each namespace's values, and when they were set.
type AllValues = Arc<Mutex<HashMap<String, (Values, Instant)>>>;

/// The pages of all pods of GIM and GSP of the cluster.
pub struct MetricsPages {
    values: AllValues,
    watch: JoinHandle<()>,
}

impl MetricsPages {
    /// Follows the pods of all namespaces.
    pub fn serve(handle: &Handle, client: Client) -> Self {
        let values = AllValues::default();
        let watch = handle.spawn(follow(client, Arc::clone(&values)));
        Self { values, watch }
    }

    /// Changes what the pages of a namespace tell.
    pub fn change(&self, namespace: &str, change: impl FnOnce(&mut Values)) {
        let mut all = locked(&self.values);
        let (values, since) = all.entry(namespace.to_owned()).or_insert_with(|| (Values::default(), Instant::now()));
        change(values);
        *since = Instant::now();
    }

    /// Sets how far the GIM of a namespace is behind.
    pub fn set(&self, namespace: &str, behind: Behind) {
        self.change(namespace, |values| values.behind = behind);
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

async fn follow(client: Client, values: AllValues) {
    let pods = Api::<Pod>::all(client);
    let config = watcher::Config::default().labels("app.kubernetes.io/name in (gim, gsp)");
    let mut events = watcher(pods, config).default_backoff().boxed();
    let mut pages: HashMap<String, Page> = HashMap::new();
    while let Some(event) = events.next().await {
        match event {
            Ok(watcher::Event::Apply(pod) | watcher::Event::InitApply(pod)) => {
                let Some(uid) = pod.uid() else { continue };
                match address_of(&pod).zip(Source::of(&pod)) {
                    Some((ip, source)) => {
                        pages.entry(uid).or_insert_with(|| open(ip, source, &pod, &values));
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

/// The address of a pod, while its container runs.
fn address_of(pod: &Pod) -> Option<IpAddr> {
    let status = pod.status.as_ref()?;
    let runs = status.phase.as_deref() == Some("Running") && pod.metadata.deletion_timestamp.is_none();
    let ip = status.pod_ip.as_ref()?.parse().ok()?;
    runs.then_some(ip)
}

fn open(ip: IpAddr, source: Source, pod: &Pod, values: &AllValues) -> Page {
    let (namespace, values) = (pod.namespace().unwrap_or_default(), Arc::clone(values));
    let address = SocketAddr::new(ip, source.port());
    Page(tokio::spawn(async move {
        let listener = match bind(address).await {
            Ok(listener) => listener,
            Err(error) => return eprintln!("cluster: no metrics page on {address}: {error}"),
        };
        while let Ok((stream, _)) = listener.accept().await {
            let (values, since) =
                locked(&values).get(&namespace).cloned().unwrap_or_else(|| (Values::default(), Instant::now()));
            let text = source.page(&values, since.elapsed());
            // A reader that goes away early is no concern of the page.
            drop(tokio::time::timeout(Duration::from_secs(5), answer(stream, source.path(), text)).await);
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

async fn answer(mut stream: TcpStream, path: &str, text: String) -> io::Result<()> {
    let (mut request, mut buffer) = (Vec::<u8>::new(), [0; 1024]);
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        request.extend(buffer.iter().take(read));
    }
    let is_asked_for = request.starts_with(format!("GET {path} ").as_bytes());
    let (status, text) = if is_asked_for { ("200 OK", text) } else { ("404 Not Found", String::new()) };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain; version=0.0.4; charset=utf-8\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n",
        text.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(text.as_bytes()).await?;
    stream.shutdown().await
}

fn locked(values: &AllValues) -> MutexGuard<'_, HashMap<String, (Values, Instant)>> {
    values.lock().unwrap_or_else(PoisonError::into_inner)
}
