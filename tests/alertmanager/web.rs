//! Asking servers over HTTP, and asking again until the answer is right. Knows nothing of whom it asks.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use reqwest::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;

/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(20);

/// A client. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Web(reqwest::Client);

impl Web {
    /// Makes one. It goes through no proxy: all that is asked is on this machine.
    pub fn new() -> Result<Self> {
        // An error only says that there is one already; without one, the client cannot be made.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(Self(reqwest::Client::builder().no_proxy().timeout(ANSWER).build()?))
    }

    /// The text of a page.
    pub async fn text(&self, url: &str) -> Result<String> {
        finish(url, self.0.get(url)).await
    }

    /// An answer in JSON.
    pub async fn get<T: DeserializeOwned>(&self, url: &str) -> Result<T> {
        let text = self.text(url).await?;
        serde_json::from_str(&text).with_context(|| format!("{url}: {text}"))
    }

    /// Posts JSON; nothing where `body` is empty.
    pub async fn post(&self, url: &str, body: String) -> Result<String> {
        finish(url, self.0.post(url).header(CONTENT_TYPE, "application/json").body(body)).await
    }
}

async fn finish(url: &str, request: reqwest::RequestBuilder) -> Result<String> {
    let response = request.send().await?;
    let status = response.status();
    let text = response.text().await?;
    ensure!(status.is_success(), "{url}: {status}: {text}");
    Ok(text)
}

/// Asks every 50 ms until there is an answer; an error is kept and told when `limit` is over.
pub async fn eventually<T>(what: &str, limit: Duration, mut ask: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    let begun = Instant::now();
    loop {
        match ask().await {
            Ok(Some(answer)) => return Ok(answer),
            Ok(None) if begun.elapsed() > limit => bail!("{what}: not within {limit:?}"),
            Err(error) if begun.elapsed() > limit => {
                return Err(error.context(format!("{what}: not within {limit:?}")));
            }
            Ok(None) | Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}
