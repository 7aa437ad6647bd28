//! Flags and environment: names as Prometheus's exporters have them, each flag with a variable of its own.
//!
//! What a flag means is written here once; `--help` and the reference in README come from it.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, CommandFactory as _, Parser, Subcommand};

use crate::config::{self, Config};
use crate::dashboards::DashboardName;
use crate::model::names::{Component, Name};
use crate::model::scope::{HelmDriver, KubernetesScope, Scope};
use crate::named;

/// The version, and of what commit it was built and when.
const VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    " (commit ",
    env!("GIM_UPGRADE_BUILD_COMMIT"),
    ", ",
    env!("GIM_UPGRADE_BUILD_DATE"),
    ")"
);

/// Judges upgrades of Genesys Info Mart on Kubernetes, for Prometheus.
#[derive(Debug, Parser)]
#[command(name = "gim-upgrade-exporter", version = VERSION)]
pub(super) struct Arguments {
    /// What to do; `serve` where nothing is said.
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    /// How to do it.
    #[command(flatten)]
    pub(super) flags: Flags,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Watch the cluster, judge, and serve the metrics (the default).
    Serve,
    /// Do the same to a simulated cluster that plays upgrades, faster than real time.
    Demo(Demo),
    /// Follow one operation to its end: exit code 0 where it is verified, 1 where something is wrong or it was undone, 2 where it
    /// was not decided in time, 3 where nothing can be said.
    Verify(Verify),
    /// Print how each component stands, once: exit code 0 where that could be told, else 3.
    Status(Status),
    /// Look at configuration, connection, permissions, endpoints and Alertmanagers once, and say how to mend what is ill.
    Doctor,
    /// Print the alert rules for this configuration, as Prometheus loads them.
    Rules(Rules),
    /// Print a dashboard for this configuration, as Grafana imports it.
    Dashboards(Dashboards),
    /// Print the reference of the metrics.
    Metrics,
    /// Print what makes a shell complete commands and flags.
    Completions(Completions),
    /// Print the manual page.
    Man,
}

/// For which shell.
#[derive(Debug, Args)]
pub(super) struct Completions {
    /// The shell.
    pub(super) shell: clap_complete::Shell,
}

/// What to play.
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Play this scenario alone; else a healthy upgrade and then a failing one.
    #[arg(long, value_name = "NAME")]
    pub(super) scenario: Option<String>,
    /// Play this many times faster than real time.
    #[arg(long, value_name = "X", value_parser = speed)]
    pub(super) speed: Option<f64>,
    /// Start this Prometheus too, with the shipped rules loaded at the same speed; without a path, the one in PATH.
    #[arg(long, value_name = "PATH", num_args = 0..=1, default_missing_value = "prometheus")]
    pub(super) prometheus: Option<String>,
    /// List the scenarios and end.
    #[arg(long)]
    pub(super) list: bool,
}

/// Where to look, and at what.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct At {
    /// The suite; where there is one alone, it need not be named.
    #[arg(long, value_name = "NAME")]
    pub(super) suite: Option<String>,
    /// A running exporter to ask, such as `http://gim-upgrade-exporter:9845`; else the cluster is looked at, as `serve` does.
    #[arg(long, value_name = "URL")]
    pub(super) server: Option<String>,
    /// Certificate authority of the exporter, in PEM, beside the system's.
    #[arg(long = "server.ca-file", value_name = "FILE", requires = "server")]
    pub(super) ca_file: Option<PathBuf>,
    /// File with a bearer token for the exporter; read at each request.
    #[arg(long = "server.bearer-token-file", value_name = "FILE", requires = "server")]
    pub(super) token_file: Option<PathBuf>,
    /// User of the exporter, where its web configuration has users.
    #[arg(
        long = "server.user",
        value_name = "NAME",
        requires_all = ["server", "password_file"],
        conflicts_with = "token_file"
    )]
    pub(super) user: Option<String>,
    /// File with the user's password; read at each request.
    #[arg(long = "server.password-file", value_name = "FILE", requires = "user")]
    pub(super) password_file: Option<PathBuf>,
    /// Certificate to show the exporter, in PEM, with those between it and its authority; read again when it changes.
    #[arg(long = "server.cert-file", value_name = "FILE", requires_all = ["server", "key_file"])]
    pub(super) cert_file: Option<PathBuf>,
    /// Its key, in PEM.
    #[arg(long = "server.key-file", value_name = "FILE", requires = "cert_file")]
    pub(super) key_file: Option<PathBuf>,
}

/// What to follow.
#[derive(Debug, Args)]
#[command(after_help = super::verify::ending::help())]
pub(super) struct Verify {
    /// The component whose operation is followed: gim, gsp or gca.
    #[arg(value_name = "COMPONENT", value_parser = choice(Component::ALL, Component::as_str, Component::parse))]
    pub(super) component: Component,
    #[command(flatten)]
    pub(super) at: At,
    /// How long it may take to be decided, from when it is followed.
    #[arg(long, value_name = "DURATION", default_value = "20m", value_parser = config::duration)]
    pub(super) timeout: Duration,
    /// Wait for an operation to begin, 5m where nothing is said; one that runs, or began as this did, counts.
    #[arg(
        long,
        value_name = "DURATION",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "5m",
        value_parser = config::duration
    )]
    pub(super) wait_for_start: Option<Duration>,
    /// The operation is meant to go back to an earlier build. Else one that does is an upgrade that was undone.
    #[arg(long)]
    pub(super) rollback: bool,
    /// Lines, or one JSON object for each change and a summary last.
    #[arg(
        long,
        value_name = "FORM",
        default_value = OutputForm::Text.as_str(),
        value_parser = choice(OutputForm::ALL, OutputForm::as_str, OutputForm::parse)
    )]
    pub(super) output: OutputForm,
}

/// What to print.
#[derive(Debug, Args)]
pub(super) struct Status {
    #[command(flatten)]
    pub(super) at: At,
    /// A table, or the status as JSON.
    #[arg(
        long,
        value_name = "FORM",
        default_value = OutputForm::Text.as_str(),
        value_parser = choice(OutputForm::ALL, OutputForm::as_str, OutputForm::parse)
    )]
    pub(super) output: OutputForm,
}

/// In what form to print the rules.
#[derive(Debug, Args)]
pub(super) struct Rules {
    /// A rule file, or an object of the Prometheus operator.
    #[arg(
        long,
        value_name = "FORM",
        default_value = RulesForm::File.as_str(),
        value_parser = choice(RulesForm::ALL, RulesForm::as_str, RulesForm::parse)
    )]
    pub(super) form: RulesForm,
    /// Divide `for` and `keep_firing_for`, for a cluster that plays this many times faster than real time.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(super) time_scale: u32,
}

/// Which dashboard to print, and in what form.
#[derive(Debug, Args)]
pub(super) struct Dashboards {
    /// The dashboard. As objects of Kubernetes all of them, where none is named.
    #[arg(
        value_name = "DASHBOARD",
        required_unless_present = "form",
        required_if_eq("form", DashboardForm::Json.as_str()),
        value_parser = choice(DashboardName::ALL, DashboardName::as_str, DashboardName::parse)
    )]
    pub(super) name: Option<DashboardName>,
    /// JSON, or a list of `ConfigMap` objects as the sidecar beside Grafana takes them up.
    #[arg(
        long,
        value_name = "FORM",
        default_value = DashboardForm::Json.as_str(),
        value_parser = choice(DashboardForm::ALL, DashboardForm::as_str, DashboardForm::parse)
    )]
    pub(super) form: DashboardForm,
}

/// How to do it.
#[derive(Clone, Debug, Args)]
pub(super) struct Flags {
    /// Configuration file in YAML; without one, everything has its default.
    #[arg(long = "config.file", env = "GIM_UPGRADE_CONFIG_FILE", value_name = "FILE", global = true)]
    pub(super) config_file: Option<PathBuf>,
    /// Address to serve on; `:PORT` means all interfaces, port 0 a free one.
    #[arg(
        long = "web.listen-address",
        env = "GIM_UPGRADE_WEB_LISTEN_ADDRESS",
        value_name = "ADDRESS",
        default_value = ":9845",
        global = true
    )]
    pub(super) listen_address: String,
    /// Web configuration file in the format of Prometheus's exporter toolkit: TLS, users, headers; read again when it changes.
    #[arg(long = "web.config.file", env = "GIM_UPGRADE_WEB_CONFIG_FILE", value_name = "FILE", global = true)]
    pub(super) web_config_file: Option<PathBuf>,
    /// Let `POST /-/reload` read the configuration anew, and `PUT /-/log-level?level=…` set the level of the log.
    #[arg(
        long = "web.enable-lifecycle",
        env = "GIM_UPGRADE_WEB_ENABLE_LIFECYCLE",
        value_parser = clap::builder::FalseyValueParser::new(),
        global = true
    )]
    pub(super) enable_lifecycle: bool,
    /// URL by which people reach the exporter: alerts lead there, and links on its pages begin with its path.
    #[arg(
        long = "web.external-url",
        env = "GIM_UPGRADE_WEB_EXTERNAL_URL",
        value_name = "URL",
        value_parser = ExternalUrl::parse,
        global = true
    )]
    pub(super) external_url: Option<ExternalUrl>,
    /// Credentials and address of the cluster; without one, `KUBECONFIG`, `~/.kube/config`, or the pod's ServiceAccount.
    #[arg(long = "kubeconfig", env = "GIM_UPGRADE_KUBECONFIG", value_name = "FILE", global = true)]
    pub(super) kubeconfig: Option<PathBuf>,
    /// Where Helm keeps its releases; over `helm.driver` of the file.
    #[arg(
        long = "helm.driver",
        env = "GIM_UPGRADE_HELM_DRIVER",
        value_name = "DRIVER",
        value_parser = choice(HelmDriver::ALL, HelmDriver::as_str, HelmDriver::parse),
        global = true
    )]
    pub(super) helm_driver: Option<HelmDriver>,
    /// How wide the watches are; over `kubernetes.scope` of the file.
    #[arg(
        long = "kubernetes.scope",
        env = "GIM_UPGRADE_KUBERNETES_SCOPE",
        value_name = "SCOPE",
        value_parser = choice(KubernetesScope::ALL, KubernetesScope::as_str, KubernetesScope::parse),
        global = true
    )]
    pub(super) kubernetes_scope: Option<KubernetesScope>,
    /// Least severe messages to log; where nothing is said, info, and warn in the demo.
    #[arg(
        long = "log.level",
        env = "GIM_UPGRADE_LOG_LEVEL",
        value_name = "LEVEL",
        value_parser = choice(LogLevel::ALL, LogLevel::as_str, LogLevel::parse),
        global = true
    )]
    pub(super) log_level: Option<LogLevel>,
    /// Form of the log.
    #[arg(
        long = "log.format",
        env = "GIM_UPGRADE_LOG_FORMAT",
        value_name = "FORMAT",
        default_value = LogFormat::Text.as_str(),
        value_parser = choice(LogFormat::ALL, LogFormat::as_str, LogFormat::parse),
        global = true
    )]
    pub(super) log_format: LogFormat,
}

/// The URL by which the exporter is reached from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ExternalUrl {
    /// All of it, with `/` at its end.
    whole: Name,
    /// Its path, with `/` at both ends.
    path: String,
}

impl ExternalUrl {
    /// Strict, since Alertmanager refuses a post as a whole for one address that it cannot read; and a URL that stands in alerts may
    /// hold no password.
    fn parse(text: &str) -> Result<Self, String> {
        let read = || {
            let url: http::Uri = text.parse().ok()?;
            let scheme = url.scheme_str().filter(|scheme| matches!(*scheme, "http" | "https"))?;
            let host = url.host().filter(|host| !host.is_empty())?;
            let authority = url.port_u16().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
            let hex = |rest: &str| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
            if url.authority()?.as_str() != authority
                || url.query().is_some()
                || !url.path().split('%').skip(1).all(hex)
            {
                return None;
            }
            let path = url.path().trim_matches('/');
            // Two slashes at its begin would name another host.
            let path = if path.is_empty() { "/".to_owned() } else { format!("/{path}/") };
            Some(Self { whole: format!("{scheme}://{authority}{path}").into(), path })
        };
        read().ok_or_else(|| "not a URL such as https://monitoring.example.com/gim".to_owned())
    }
}

named! {
    /// Form of the rules.
    pub enum RulesForm {
        /// A rule file.
        File = "file",
        /// A `PrometheusRule`.
        PrometheusRule = "prometheus-rule",
    }
}

named! {
    /// Form of what a command prints.
    pub enum OutputForm {
        /// For people.
        Text = "text",
        /// For programs.
        Json = "json",
    }
}

named! {
    /// Form of a dashboard.
    pub enum DashboardForm {
        /// As Grafana imports it.
        Json = "json",
        /// Inside a `ConfigMap`.
        ConfigMap = "config-map",
    }
}

named! {
    /// Severity of a message.
    pub enum LogLevel {
        /// Something that ends the process, or a task.
        Error = "error",
        /// Something that makes answers unknown or late.
        Warn = "warn",
        /// What changes.
        Info = "info",
        /// What is heard and decided.
        Debug = "debug",
        /// All.
        Trace = "trace",
    }
}

named! {
    /// Form of the log.
    pub enum LogFormat {
        /// A line of text for each message.
        Text = "text",
        /// A JSON object for each message.
        Json = "json",
    }
}

impl Flags {
    /// The configuration: the file's, with these flags over it.
    pub(super) fn config(&self) -> Result<Config, crate::config::ConfigError> {
        let mut config = self.config_file.as_deref().map_or_else(|| Ok(Config::default()), Config::read)?;
        config.scope = Scope {
            helm_driver: self.helm_driver.unwrap_or(config.scope.helm_driver),
            kubernetes_scope: self.kubernetes_scope.unwrap_or(config.scope.kubernetes_scope),
            ..config.scope
        };
        config.alerts.external_url = self.external_url.as_ref().map(|url| url.whole.clone());
        Ok(config)
    }
}

impl Flags {
    /// What links on pages begin with: nothing where they are relative.
    pub(super) fn outside(&self) -> String {
        self.external_url.as_ref().map(|url| url.path.clone()).unwrap_or_default()
    }
}

/// Flags and environment in Markdown: one table for README.
#[must_use]
pub fn reference() -> String {
    let mut text = String::from("| Flag | Environment | Default | Meaning |\n|---|---|---|---|\n");
    let command = Arguments::command();
    for flag in command.get_arguments() {
        let (Some(long), Some(variable)) = (flag.get_long(), flag.get_env()) else { continue };
        let defaults: Vec<_> = flag.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
        let default = if defaults.is_empty() { String::new() } else { format!("`{}`", defaults.join(",")) };
        let choices: Vec<_> =
            flag.get_possible_values().iter().map(|value| format!("`{}`", value.get_name())).collect();
        // A switch takes none on the command line, and any spelling of true in its variable.
        let choices = if choices.is_empty() || !flag.get_action().takes_values() {
            String::new()
        } else {
            format!(": {}", choices.join(", "))
        };
        let (variable, help) =
            (variable.to_string_lossy(), flag.get_help().map(ToString::to_string).unwrap_or_default());
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| `--{long}` | `{variable}` | {default} | {help}{choices} |");
    }
    text
}

/// A parser of one of the fixed spellings.
fn choice<T: Copy + Send + Sync + 'static>(
    all: &'static [T],
    spelling: fn(T) -> &'static str,
    parse: fn(&str) -> Option<T>,
) -> impl TypedValueParser<Value = T> {
    let spellings: Vec<_> = all.iter().map(|&value| spelling(value)).collect();
    PossibleValuesParser::new(spellings).try_map(move |text| parse(&text).ok_or("no such choice"))
}

/// The largest speed: at it, a second of scenario time is one of the clock's finest steps that still tell order.
const MAX_SPEED: f64 = 100_000.0;

fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if (1.0..=MAX_SPEED).contains(&speed) => Ok(speed),
        _ => Err(format!("not a number from 1 to {MAX_SPEED}")),
    }
}
