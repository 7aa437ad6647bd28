//! Reloading: the configuration is read anew when its file changes, at SIGHUP, and when somebody asks for it over HTTP. A bad one
//! is refused and told, and the former stays. Not for what a new one changes: whoever follows it does that.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, oneshot, watch};

use super::apart::apart;
use super::changes::{Content, Settling};
use super::exporter::Outlet;
use super::flags::Flags;
use crate::config::Config;
use crate::server::lifecycle::Reload;

/// How often the file is looked at. A kubelet takes up to a minute to bring a changed ConfigMap.
const LOOK: Duration = Duration::from_secs(2);
/// How many may ask at once; the others wait.
const ASKING: usize = 4;

/// Says how it went.
type Answer = oneshot::Sender<Result<(), String>>;

/// Reads the configuration anew.
pub(super) struct Reloader {
    flags: Flags,
    /// What the file held when it was last read.
    content: Content,
    outlet: Outlet,
    configs: watch::Sender<Arc<Config>>,
    hangup: Signal,
    asked: mpsc::Receiver<Answer>,
}

impl Reloader {
    /// One that has read `config` by these flags when the file held `content`, and how to ask it.
    pub(super) fn new(
        flags: Flags,
        content: Content,
        config: Arc<Config>,
        outlet: Outlet,
    ) -> anyhow::Result<(Self, watch::Receiver<Arc<Config>>, Reload)> {
        let (configs, receiver) = watch::channel(config);
        let (ask, asked) = mpsc::channel::<Answer>(ASKING);
        let reload: Reload = Arc::new(move || {
            let ask = ask.clone();
            Box::pin(async move {
                let ending = || "the exporter ends".to_owned();
                let (answer, told) = oneshot::channel();
                ask.send(answer).await.map_err(|_| ending())?;
                told.await.unwrap_or_else(|_| Err(ending()))
            })
        });
        // From now on the signal does not end the process.
        let hangup = signal(SignalKind::hangup()).context("cannot listen to SIGHUP")?;
        Ok((Self { flags, content, outlet, configs, hangup, asked }, receiver, reload))
    }

    /// Reads for as long as it lives.
    pub(super) async fn run(mut self) -> anyhow::Result<()> {
        let content = async |flags: &Flags| {
            let file = flags.config_file.clone();
            apart(move || Content::of(&file)).await
        };
        let mut settling = Settling::new(self.content);
        loop {
            let answer = tokio::select! {
                () = tokio::time::sleep(LOOK) => {
                    if !settling.settled(content(&self.flags).await?) {
                        continue;
                    }
                    None
                }
                Some(()) = self.hangup.recv() => None,
                Some(answer) = self.asked.recv() => Some(answer),
            };
            settling = Settling::new(content(&self.flags).await?);
            let outcome = self.read().await?;
            if let Some(answer) = answer {
                // Whoever asked may have gone.
                let _ = answer.send(outcome);
            }
        }
    }

    /// Whether it is good; else what is wrong with it.
    async fn read(&self) -> anyhow::Result<Result<(), String>> {
        let flags = self.flags.clone();
        Ok(match apart(move || flags.config()).await? {
            Ok(config) => {
                self.outlet.config_reloaded(true);
                tracing::info!(suites = config.suites.len(), "configuration loaded");
                self.configs.send_replace(Arc::new(config));
                Ok(())
            }
            Err(error) => {
                self.outlet.config_reloaded(false);
                tracing::error!(%error, "configuration refused; the former one stays");
                Err(error.to_string())
            }
        })
    }
}
