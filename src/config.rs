//! The configuration file, turned into suites, policy and scope.
//!
//! Everything has a default: an empty file, and no file at all, mean `Suite::default_suite()` and `Policy::default()`. A
//! mistake is told with file, line, column, field and what would be right. What the fields mean is written once, beside
//! them in `fields`; [`reference()`] prints it. Not for flags: those are `cli`'s, and only hand their values to `Scope`.

mod check;
mod error;
#[macro_use]
mod values;
#[macro_use]
mod fields;
mod alerting;
mod outline;
mod places;
mod reference;
mod resolve;
mod span;
mod surroundings;
pub mod web;

use std::io::Read;
use std::path::Path;
use std::time::Duration;

pub use error::ConfigError;
pub use reference::reference;

use crate::model::alerting::{AlertSettings, AlertmanagerAt};
use crate::model::discovery::Discovery;
use crate::model::policy::Policy;
use crate::model::scope::{PrometheusAt, Scope};
use crate::model::suite::{Suite, settle_owners};
use crate::model::web::WebAccess;

/// The largest file that is read, in bytes. A thousand suites take about 300 KB.
pub const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;
/// The most suites that one exporter watches: twice what it is measured with.
pub const MAX_SUITES: usize = 2_000;

/// Reads a duration as the file spells them, `1h30m`; the error says what is wrong with it and what would be right.
pub fn duration(text: &str) -> Result<Duration, String> {
    <span::Span as values::Word>::read(text).map(|span| span.0)
}

/// Spells a duration as the file does.
#[must_use]
pub fn spelled(duration: Duration) -> String {
    span::spell(duration)
}

/// What to watch and how to judge it.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The suites, in the file's order; at least one where none is discovered.
    pub suites: Vec<Suite>,
    /// Times and values to judge by.
    pub policy: Policy,
    /// How the cluster is looked at.
    pub scope: Scope,
    /// A Prometheus that is asked, where there is one.
    pub prometheus: Option<PrometheusAt>,
    /// Which suites are looked for beside these; `None` where none are.
    pub discovery: Option<Discovery>,
    /// What alert rules are made of.
    pub alerts: AlertSettings,
    /// The Alertmanagers that the exporter posts to; `None` where it leaves alerts to Prometheus.
    pub alertmanager: Option<AlertmanagerAt>,
    /// Who may look at what the exporter says, beside those that the web configuration file lets in.
    pub web: WebAccess,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            suites: vec![Suite::default_suite()],
            policy: Policy::default(),
            scope: Scope::default(),
            prometheus: None,
            discovery: None,
            alerts: AlertSettings::default(),
            alertmanager: None,
            web: WebAccess::default(),
        }
    }
}

impl Config {
    /// Reads a file of at most [`MAX_FILE_BYTES`].
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let (file, text) = read_text(path)?;
        Self::parse(&file, &text)
    }

    /// Reads `text`; `file` is the name that errors tell.
    pub fn parse(file: &str, text: &str) -> Result<Self, ConfigError> {
        let fields: fields::File = serde_saphyr::from_str(text)
            .map_err(|error| ConfigError::from_yaml(file, text, &error, &reference::SECTIONS))?;
        let config = fields.resolve().and_then(|config| check::check(&config).map(|()| config));
        let config = config.map(|mut config| {
            settle_owners(&mut config.suites);
            config
        });
        config.map_err(|problem| ConfigError::at_field(file, text, &problem))
    }
}

/// Its name for errors, and its text.
fn read_text(path: &Path) -> Result<(String, String), ConfigError> {
    let file = path.display().to_string();
    let refused = |cause| ConfigError::Unreadable { file: file.clone(), cause };
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|opened| opened.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes))
        .map_err(refused)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_FILE_BYTES {
        return Err(ConfigError::TooLarge { file });
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok((file, text)),
        Err(_) => Err(ConfigError::NotText { file }),
    }
}

#[cfg(test)]
mod tests;
