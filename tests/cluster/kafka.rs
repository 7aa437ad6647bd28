//! A stand-in for a Kafka broker, as far as anybody asks whether it is there: it answers `ApiVersions`, or talks rubbish,
//! or is not there at all.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    runtime::Runtime,
    task::JoinHandle,
};

use crate::process::free_port;

/// `ApiVersions` (Kafka protocol guide, Api Key 18).
const API_VERSIONS: i16 = 18;
/// Error code `UNSUPPORTED_VERSION`, which a broker answers, in the form of version 0, to a version it does not know.
const UNSUPPORTED_VERSION: i16 = 35;
/// A request that is longer is none of those that are expected.
const LONGEST_REQUEST: i32 = 4096;
/// How long a client may take with its request.
const PATIENCE: Duration = Duration::from_secs(5);

/// How the broker behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// It answers as a broker does.
    Answers,
    /// Nothing listens on its port.
    Refuses,
    /// Something else listens on its port.
    TalksRubbish,
}

/// The broker; dropping it closes its port.
pub struct Kafka {
    runtime: Arc<Runtime>,
    address: SocketAddr,
    served: Mutex<Option<JoinHandle<()>>>,
}

impl Kafka {
    /// A broker that answers.
    pub fn start(runtime: &Arc<Runtime>) -> Result<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        let kafka = Self { runtime: Arc::clone(runtime), address, served: Mutex::default() };
        kafka.behave(Behaviour::Answers)?;
        Ok(kafka)
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Behaves so from now on.
    pub fn behave(&self, behaviour: Behaviour) -> Result<()> {
        let mut served = self.served();
        if let Some(former) = served.take() {
            former.abort();
            // Its port is free only when it is gone; that it was cancelled is what was asked for.
            drop(self.runtime.block_on(former));
        }
        if behaviour != Behaviour::Refuses {
            let listener = self.runtime.block_on(TcpListener::bind(self.address)).context("Kafka's port")?;
            *served = Some(self.runtime.spawn(serve(listener, behaviour)));
        }
        Ok(())
    }

    fn served(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Kafka {
    fn drop(&mut self) {
        if let Some(served) = self.served().take() {
            served.abort();
        }
    }
}

async fn serve(listener: TcpListener, behaviour: Behaviour) {
    while let Ok((stream, _)) = listener.accept().await {
        let answered = async {
            match behaviour {
                Behaviour::TalksRubbish => rubbish(stream).await,
                Behaviour::Answers | Behaviour::Refuses => answer(stream).await,
            }
        };
        // A client that asks for something else, or goes away, is no concern of the broker.
        drop(tokio::time::timeout(PATIENCE, answered).await);
    }
}

async fn rubbish(mut stream: TcpStream) -> io::Result<()> {
    let mut request = [0; 256];
    let _some = stream.read(&mut request).await?;
    stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await?;
    stream.shutdown().await
}

/// Answers one `ApiVersions` request of any version, as a broker does that knows version 0 alone.
async fn answer(mut stream: TcpStream) -> io::Result<()> {
    let size = stream.read_i32().await?;
    if !(8..=LONGEST_REQUEST).contains(&size) {
        return Ok(());
    }
    let (key, version, correlation) = (stream.read_i16().await?, stream.read_i16().await?, stream.read_i32().await?);
    let mut rest = vec![0; usize::try_from(size - 8).unwrap_or_default()];
    stream.read_exact(&mut rest).await?;
    if key != API_VERSIONS {
        return Ok(());
    }
    let error = if version == 0 { 0 } else { UNSUPPORTED_VERSION };
    let mut body = correlation.to_be_bytes().to_vec();
    body.extend(error.to_be_bytes());
    // One API: `ApiVersions`, version 0 to 0.
    body.extend(1_i32.to_be_bytes());
    body.extend([API_VERSIONS, 0, 0].iter().flat_map(|number| number.to_be_bytes()));
    stream.write_i32(i32::try_from(body.len()).unwrap_or_default()).await?;
    stream.write_all(&body).await?;
    stream.shutdown().await
}
