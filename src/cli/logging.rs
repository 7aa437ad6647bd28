//! The log: to stderr, as text or JSON, one line for each message.
//!
//! The flag sets the level of this program's own messages. Libraries may warn but never more, and kube may say nothing at
//! all: where it cannot decode a response it logs the whole of it, and that may be a Secret.

use std::io::IsTerminal as _;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::Registry;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::flags::{LogFormat, LogLevel};

/// Targets that may print bodies of responses, whatever the level.
const SILENT: [&str; 4] = ["kube", "kube_client", "kube_core", "kube_runtime"];

/// Starts the log. A second call changes nothing.
pub(super) fn start(level: LogLevel, format: LogFormat) {
    let log =
        tracing_subscriber::registry().with(layer(level, format, std::io::stderr, std::io::stderr().is_terminal()));
    // An error means that there is a log already.
    let _ = log.try_init();
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

fn layer<W>(level: LogLevel, format: LogFormat, writer: W, colours: bool) -> Box<dyn Layer<Registry> + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(colours).with_target(false);
    match format {
        LogFormat::Text => layer.with_filter(filter(level)).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).with_filter(filter(level)).boxed(),
    }
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
        let lines = Lines::default();
        let writer = lines.clone();
        let log = tracing_subscriber::registry().with(layer(level, format, move || writer.clone(), false));
        tracing::subscriber::with_default(log, speak);
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
    fn the_address_is_a_field_in_both_forms() {
        let speak = || tracing::info!(address = %"127.0.0.1:9845", "listening");
        let text = logged(LogLevel::Info, LogFormat::Text, speak);
        assert!(text.ends_with(" INFO listening address=127.0.0.1:9845\n"), "{text}");
        let json: serde_json::Value = serde_json::from_str(&logged(LogLevel::Info, LogFormat::Json, speak)).unwrap();
        assert_eq!((json["message"].as_str(), json["address"].as_str()), (Some("listening"), Some("127.0.0.1:9845")));
    }
}
