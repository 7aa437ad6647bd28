//! `rules`, `dashboards`, `metrics`, `completions` and `man`: what is made from the program's own tables, printed. Not for how it is made.

use std::io::Write as _;

use anyhow::Context as _;

use clap::CommandFactory as _;

use super::flags::{Arguments, Completions, DashboardForm, Dashboards, Flags, Rules, RulesForm};
use crate::alerts::rules;
use crate::dashboards::{DashboardName, Settings, object, render};
use crate::publish::reference;

/// What stands over rules that a file keeps.
const MADE: &str = "# Made by `gim-upgrade-exporter rules`; not to be edited by hand.\n";

/// Prints the rules for the configuration.
pub(super) fn rules(flags: &Flags, what: &Rules) -> anyhow::Result<()> {
    let config = flags.config()?;
    let file = rules::rules(&config.suites, &config.alerts, what.time_scale);
    if config.suites.is_empty() {
        tracing::warn!("no suite is named: GimUpgradeExporterAbsent cannot miss what is only found");
    }
    let text = match what.form {
        RulesForm::File => serde_saphyr::to_string(&file),
        RulesForm::PrometheusRule => serde_saphyr::to_string(&file.prometheus_rule()),
    };
    print(&format!("{MADE}{}", text.context("the rules cannot be written as YAML")?))
}

/// Prints a dashboard for the configuration, or all of them as objects of Kubernetes.
pub(super) fn dashboards(flags: &Flags, what: &Dashboards) -> anyhow::Result<()> {
    let config = flags.config()?;
    let settings = Settings { alerts: &config.alerts, latency_ok: config.policy.latency_ok };
    let wanted = DashboardName::ALL.iter().filter(|name| what.name.is_none_or(|wanted| wanted == **name));
    let made: Vec<_> = wanted.map(|name| (*name, render::render(&name.dashboard(), &settings))).collect();
    let text = match what.form {
        DashboardForm::Json => {
            let each: Result<Vec<_>, _> = made.iter().map(|(_, json)| serde_json::to_string_pretty(json)).collect();
            each.context("the dashboard cannot be written as JSON")?.join("\n")
        }
        DashboardForm::ConfigMap => serde_json::to_string_pretty(&object::config_maps(&made))
            .context("the objects cannot be written as JSON")?,
    };
    print(&format!("{text}\n"))
}

/// Prints the reference of the metrics.
pub(super) fn metrics() -> anyhow::Result<()> {
    print(&reference::reference())
}

/// Prints a script that makes a shell complete commands and flags.
pub(super) fn completions(what: &Completions) -> anyhow::Result<()> {
    let mut script = Vec::new();
    let mut command = Arguments::command();
    let name = command.get_name().to_owned();
    clap_complete::generate(what.shell, &mut command, name, &mut script);
    print(&String::from_utf8_lossy(&script))
}

/// Prints the manual page.
pub(super) fn man() -> anyhow::Result<()> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Arguments::command()).render(&mut page).context("cannot make the page")?;
    print(&String::from_utf8_lossy(&page))
}

/// To standard output. Whoever reads it may stop before the end, as `head` does.
fn print(text: &str) -> anyhow::Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error).context("cannot print"),
        _ => Ok(()),
    }
}
