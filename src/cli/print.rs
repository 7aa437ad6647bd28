//! `rules` and `metrics`: what is made from the program's own tables, printed. Not for how it is made.

use std::io::Write as _;

use anyhow::Context as _;

use super::flags::{Flags, Rules, RulesForm};
use crate::alerts::rules;
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
