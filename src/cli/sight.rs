//! Sight: the status of the suites as `verify` and `status` see it, by observers of their own or from a running exporter.
//!
//! Both ways give the same JSON, which is read in one way ([`view`]): what is said of an upgrade cannot depend on where it was
//! looked at. Not for what follows from it: see `verify` and `status`.

pub(super) mod hearing;
mod own;
mod server;
pub(super) mod view;

use std::time::Duration;

use anyhow::Context as _;

use self::own::Own;
use self::server::Server;
use self::view::View;
use super::flags::{At, Flags};
use crate::model::time::Timestamp;

/// How long nothing new may be waited for. Time passes also while nothing changes.
const LOOK: Duration = Duration::from_secs(1);

/// Looks at the suites.
pub(super) enum Sight {
    /// By observers of its own.
    Own(Box<Own>),
    /// From a running exporter.
    Server(Server),
}

/// What was seen at one moment.
#[derive(Debug)]
pub(super) enum Look {
    /// The status.
    Seen {
        /// The suites.
        view: View,
        /// The JSON that it was read from.
        json: Vec<u8>,
        /// The moment, by the API server's clock as far as it is known.
        at: Timestamp,
    },
    /// Nothing, and why; that may pass.
    Blind(String),
}

impl Sight {
    /// Begins to look, at `suite` alone where one is named. What is wrong for good is an error, now and later.
    pub(super) fn open(flags: Flags, at: &At) -> anyhow::Result<Self> {
        Ok(match &at.server {
            Some(url) => Self::Server(Server::new(url, at)?),
            None => Self::Own(Box::new(Own::start(flags, at.suite.as_deref())?)),
        })
    }

    /// Waits for something new, a second at the longest, and looks.
    pub(super) async fn look(&mut self) -> anyhow::Result<Look> {
        match self {
            Self::Own(own) => own.look(LOOK).await,
            Self::Server(server) => server.look(LOOK).await,
        }
    }

    /// Now, by the API server's clock as far as it is known.
    pub(super) fn now(&self) -> Timestamp {
        match self {
            Self::Own(own) => own.now(),
            Self::Server(server) => server.now(),
        }
    }

    /// Ends what was begun.
    pub(super) async fn close(self) {
        if let Self::Own(own) = self {
            own.end().await;
        }
    }
}

/// What a status says.
fn read(json: Vec<u8>, at: Timestamp) -> anyhow::Result<Look> {
    let view = serde_json::from_slice(&json).context("the status is not one that this version understands")?;
    Ok(Look::Seen { view, json, at })
}
