//! A real Alertmanager, without peers, that is given any configuration and told and asked of alerts over its API.
//!
//! It makes nothing of what it is told; what its configuration should say is not known here. Needs `crate::running`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Result;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::running::Running;

/// The labels of an alert, `alertname` among them.
pub type Labels = BTreeMap<String, String>;

/// An alert as it is posted.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Posted {
    /// What it is.
    pub labels: Labels,
    /// When it ends, unless it is posted again; in the past for one that has ended.
    pub ends_at: Timestamp,
}

/// An alert as Alertmanager tells it.
#[derive(Clone, Debug, Deserialize)]
pub struct Seen {
    /// What it is.
    pub labels: Labels,
    status: Status,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    inhibited_by: Vec<String>,
}

impl Seen {
    /// Whether another alert silences it.
    pub const fn is_inhibited(&self) -> bool {
        !self.status.inhibited_by.is_empty()
    }
}

/// An Alertmanager; it is killed when it is dropped.
#[derive(Debug)]
pub struct Alertmanager {
    /// To be stopped, killed and started again: it then forgets its alerts. Whom it has notified it writes down when it is
    /// stopped.
    pub server: Running,
}

impl Alertmanager {
    /// Starts a program with a configuration, and waits until it is ready.
    pub async fn start(program: &Path, config: &str) -> Result<Self> {
        let mut server = Running::prepare("alertmanager")?;
        let file = server.folder().join("alertmanager.yaml");
        fs::write(&file, config)?;
        let arguments = vec![
            format!("--config.file={}", file.display()),
            format!("--storage.path={}", server.folder().join("data").display()),
            format!("--web.listen-address={}", server.address()),
            // No peers, and no port for them.
            "--cluster.listen-address=".to_owned(),
        ];
        server.start(program, arguments).await?;
        Ok(Self { server })
    }

    /// Changes the configuration. The alerts stay.
    pub async fn reload(&self, config: &str) -> Result<()> {
        fs::write(self.server.folder().join("alertmanager.yaml"), config)?;
        self.server.web().post(&self.server.url("/-/reload"), String::new()).await.map(drop)
    }

    /// Posts alerts as Prometheus would.
    pub async fn post(&self, alerts: &[Posted]) -> Result<()> {
        self.server.web().post(&self.server.url("/api/v2/alerts"), serde_json::to_string(alerts)?).await.map(drop)
    }

    /// The alerts that fire, silenced ones included, and that every one of these matchers matches, such as `suite="a"`.
    pub async fn alerts(&self, matchers: &[&str]) -> Result<Vec<Seen>> {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(matchers.iter().map(|matcher| ("filter", matcher)));
        self.server.web().get(&self.server.url(&format!("/api/v2/alerts?{}", query.finish()))).await
    }
}
