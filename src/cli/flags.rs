//! Flags and environment: names as Prometheus's exporters have them, each flag with a variable of its own.
//!
//! What a flag means is written here once; `--help` and the reference in README come from it.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, CommandFactory as _, Parser, Subcommand};

use crate::config::Config;
use crate::dashboards::DashboardName;
use crate::model::scope::{HelmDriver, KubernetesScope, Scope};
use crate::named;

/// Judges upgrades of Genesys Info Mart on Kubernetes, for Prometheus.
#[derive(Debug, Parser)]
#[command(name = "gim-upgrade-exporter", version)]
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
    /// Look at configuration, connection, permissions, endpoints and Alertmanagers once, and say how to mend what is ill.
    Doctor,
    /// Print the alert rules for this configuration, as Prometheus loads them.
    Rules(Rules),
    /// Print a dashboard for this configuration, as Grafana imports it.
    Dashboards(Dashboards),
    /// Print the reference of the metrics.
    Metrics,
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
    /// List the scenarios and end.
    #[arg(long)]
    pub(super) list: bool,
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
        Ok(config)
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
        let choices = if choices.is_empty() { String::new() } else { format!(": {}", choices.join(", ")) };
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
