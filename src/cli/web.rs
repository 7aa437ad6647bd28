//! The entrance: the door that the web configuration means, made at the start and made anew when the file, a certificate or
//! the section `web` changes. A bad one is refused, and the former stays. Not for what a door does: that is `server`'s.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::watch;

use super::apart::apart;
use super::changes::{Content, Settling};
use super::exporter::Outlet;
use crate::config::{Config, web};
use crate::model::web::{WebAccess, WebSettings};
use crate::observe::client::{Access, ApiClient};
use crate::observe::review::review;
use crate::observe::timing::Timing;
use crate::server::{Door, Reviewer};

/// How often files are looked at: a new certificate is in use twice as long after it was written.
const LOOK: Duration = Duration::from_secs(1);

/// Makes doors.
pub(super) struct Entrance {
    file: Option<PathBuf>,
    outlet: Outlet,
    access: Access,
    /// What is watched beside the file itself: what the newest settings name, good or bad.
    named: Vec<PathBuf>,
    /// What stood in all of them just before they were read.
    read: Content,
    api: Option<ApiClient>,
}

impl Entrance {
    /// An entrance by this web configuration file; tokens are judged by the cluster behind `access`.
    pub(super) fn new(file: Option<PathBuf>, outlet: Outlet, access: Access) -> Self {
        Self { file, outlet, access, named: Vec::new(), read: Content::default(), api: None }
    }

    /// Makes the door.
    pub(super) async fn door(&mut self, access: &WebAccess) -> anyhow::Result<Door> {
        self.read = self.content().await?;
        self.named = self.settings().await?.files().map(|file| PathBuf::from(&**file)).collect();
        // Whatever changes from here on is seen at the next look.
        self.read = self.content().await?;
        let settings = self.settings().await?;
        let reviewer = if access.kubernetes_auth { Some(self.reviewer().await?) } else { None };
        let (outlet, access) = (self.outlet.clone(), access.clone());
        let is_secret = access.kubernetes_auth || !settings.users.is_empty();
        let door = apart(move || outlet.door(&settings, &access, reviewer))
            .await?
            .with_context(|| self.file.as_ref().map_or_else(|| "web".to_owned(), |file| file.display().to_string()))?;
        if !door.speaks_tls() && is_secret {
            tracing::warn!("passwords and tokens come unencrypted; write tls_server_config into --web.config.file");
        }
        Ok(door)
    }

    /// Makes doors anew for as long as it lives.
    pub(super) async fn keep(
        mut self,
        doors: watch::Sender<Arc<Door>>,
        mut configs: watch::Receiver<Arc<Config>>,
    ) -> anyhow::Result<()> {
        let mut access = configs.borrow_and_update().web.clone();
        let mut settling = Settling::new(self.read);
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                changed = configs.changed() => changed?,
            }
            let wanted = configs.borrow_and_update().web.clone();
            if !settling.settled(self.content().await?) && wanted == access {
                continue;
            }
            access = wanted;
            let made = self.door(&access).await;
            self.outlet.own().web_config_reloaded(made.is_ok());
            match made {
                Ok(door) => {
                    // What is known of passwords outlives certificates.
                    let door = door.after(&doors.borrow());
                    doors.send_replace(Arc::new(door));
                    tracing::info!(tls = doors.borrow().speaks_tls(), "web configuration loaded");
                }
                Err(error) => {
                    tracing::error!(error = format!("{error:#}"), "web configuration refused; the former one stays");
                }
            }
            settling = Settling::new(self.read);
        }
    }

    async fn settings(&self) -> anyhow::Result<WebSettings> {
        let Some(file) = self.file.clone() else { return Ok(WebSettings::default()) };
        Ok(apart(move || web::read(&file)).await??)
    }

    async fn content(&self) -> anyhow::Result<Content> {
        let files: Vec<PathBuf> = self.file.iter().chain(&self.named).cloned().collect();
        apart(move || Content::of(files)).await
    }

    async fn reviewer(&mut self) -> anyhow::Result<Reviewer> {
        let api = match &self.api {
            Some(api) => api.clone(),
            None => self.outlet.client(self.access.clone(), Timing::default()).await?,
        };
        self.api = Some(api.clone());
        Ok(Arc::new(move |access| {
            let api = api.clone();
            Box::pin(async move { review(&api, &access).await.map_err(|error| error.to_string()) })
        }))
    }
}
