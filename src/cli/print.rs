//! `rules`, `dashboards` and `metrics`: what is made from the program's own tables, printed. Not for how it is made.

use std::io::Write as _;

use anyhow::Context as _;

use super::flags::{DashboardForm, Dashboards, Flags, Rules, RulesForm};
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

/// To standard output. Whoever reads it may stop before the end, as `head` does.
fn print(text: &str) -> anyhow::Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error).context("cannot print"),
        _ => Ok(()),
    }
}
