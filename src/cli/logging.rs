//! The log: to stderr, as text or JSON, one line for each message.
//!
//! The flag sets the level of this program's own messages. Libraries may warn but never more, and kube may say nothing at
//! all: where it cannot decode a response it logs the whole of it, and that may be a Secret.

use std::fmt;
use std::io::IsTerminal as _;
use std::sync::Arc;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::Registry;
use tracing_subscriber::reload;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::flags::{LogFormat, LogLevel};

/// Targets that may print bodies of responses, whatever the level.
const SILENT: [&str; 4] = ["kube", "kube_client", "kube_core", "kube_runtime"];

/// Sets how much is logged from now on.
#[derive(Clone)]
pub(super) struct LogControl(Arc<dyn Fn(LogLevel) + Send + Sync>);

impl LogControl {
    /// Sets the level by its name, or says which there are.
    pub(super) fn set(&self, level: &str) -> Result<(), String> {
        let Some(level) = LogLevel::parse(level) else {
            let all: Vec<_> = LogLevel::ALL.iter().map(|level| level.as_str()).collect();
            return Err(format!("{level:?} is no level; write ?level= and one of {}", all.join(", ")));
        };
        (self.0)(level);
        tracing::info!(%level, "log level set");
        Ok(())
    }
}

impl fmt::Debug for LogControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LogControl")
    }
}

/// Starts the log. A second call changes nothing.
pub(super) fn start(level: LogLevel, format: LogFormat) -> LogControl {
    let (layer, control) = layer(level, format, std::io::stderr, std::io::stderr().is_terminal());
    // An error means that there is a log already.
    let _ = tracing_subscriber::registry().with(layer).try_init();
    control
}

fn filter(level: LogLevel) -> Targets {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_target(env!("CARGO_CRATE_NAME"), level)
        .with_targets(SILENT.map(|target| (target, LevelFilter::OFF)))
}

type Written = Box<dyn Layer<Registry> + Send + Sync>;

fn layer<W>(level: LogLevel, format: LogFormat, writer: W, colours: bool) -> (Written, LogControl)
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(colours).with_target(false);
    let (passes, handle) = reload::Layer::new(filter(level));
    let layer = match format {
        LogFormat::Text => layer.with_filter(passes).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).with_filter(passes).boxed(),
    };
    let set = move |level| {
        // An error means that the log is gone.
        let _ = handle.reload(filter(level));
    };
    (layer, LogControl(Arc::new(set)))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(level: LogLevel, format: LogFormat, speak: impl FnOnce()) -> String {
        controlled(level, format, |_| speak())
    }

    fn controlled(level: LogLevel, format: LogFormat, speak: impl FnOnce(&LogControl)) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let (layer, control) = layer(level, format, move || writer.clone(), false);
        let log = tracing_subscriber::registry().with(layer);
        tracing::subscriber::with_default(log, || speak(&control));
        let bytes = lines.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn kube_says_nothing_and_libraries_only_warn() {
        let text = logged(LogLevel::Trace, LogFormat::Text, || {
            tracing::trace!("own trace");
            tracing::error!(target: "kube_client::client", "canary");
            tracing::warn!(target: "kube_runtime::watcher", "canary");
            tracing::error!(target: "kube_client", "canary");
            tracing::info!(target: "hyper_util::client", "canary");
            tracing::debug!(target: "rustls", "canary");
            tracing::debug!(target: "reqwest::connect", "canary");
            tracing::warn!(target: "hyper", "library warns");
        });
        assert!(text.contains("own trace") && text.contains("library warns"), "{text}");
        assert!(!text.contains("canary"), "{text}");
        let text = logged(LogLevel::Error, LogFormat::Text, || tracing::warn!(target: "hyper", "library warns"));
        assert_eq!(text, "");
    }

    #[test]
    fn the_level_can_be_set_and_kube_still_says_nothing() {
        let text = controlled(LogLevel::Warn, LogFormat::Text, |control| {
            tracing::debug!("too early");
            assert_eq!(control.set("debug"), Ok(()));
            tracing::debug!("heard");
            tracing::error!(target: "kube_client::client", "canary");
            tracing::info!(target: "hyper", "canary");
            assert_eq!(
                control.set("loud").unwrap_err(),
                "\"loud\" is no level; write ?level= and one of error, warn, info, debug, trace"
            );
            assert_eq!(control.set("error"), Ok(()));
            tracing::warn!("too late");
        });
        assert!(text.contains("heard") && text.contains("log level set level=debug"), "{text}");
        assert!(!text.contains("canary") && !text.contains("too "), "{text}");
    }

    #[test]
    fn the_address_is_a_field_in_both_forms() {
        let speak = || tracing::info!(address = %"127.0.0.1:9845", "listening");
        let text = logged(LogLevel::Info, LogFormat::Text, speak);
        assert!(text.ends_with(" INFO listening address=127.0.0.1:9845\n"), "{text}");
        let json: serde_json::Value = serde_json::from_str(&logged(LogLevel::Info, LogFormat::Json, speak)).unwrap();
        assert_eq!((json["message"].as_str(), json["address"].as_str()), (Some("listening"), Some("127.0.0.1:9845")));
    }
}
