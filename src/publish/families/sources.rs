//! Families of the sources of evidence: whether they speak, when they last did, and what went wrong.

use std::collections::BTreeMap;

use super::{Family, Yields};
use crate::assess::snapshot::SourceSnapshot;
use crate::model::source::Freshness;
use crate::model::time::unix_seconds;

/// The labels that tell a source.
const SOURCE: &[&str] = &["source", "target_namespace"];

pub(super) const FAMILIES: [Family; 4] = [
    Family::gauge(
        "gim_upgrade_source_up",
        "Whether a source of evidence may be believed now. The namespace is empty where one source covers all.",
        Yields::Sources(|sources, series| {
            for source in sources {
                series.put(labels(source), if source.freshness == Freshness::Fresh { 1.0 } else { 0.0 });
            }
        }),
    )
    .labels(SOURCE),
    Family::seconds(
        "gim_upgrade_source_stale_after_seconds",
        "How long a source may be silent before it is believed no more.",
        Yields::Sources(|sources, series| {
            for source in sources {
                series.put(labels(source), source.stale_after.as_secs_f64());
            }
        }),
    )
    .labels(SOURCE),
    Family::counter(
        "gim_upgrade_source_errors_total",
        "Errors of the sources of a kind, by kind of error.",
        Yields::Sources(|sources, series| {
            let mut counts: BTreeMap<_, u64> = BTreeMap::new();
            for source in sources {
                for (error, count) in &source.errors {
                    *counts.entry((source.id.kind, *error)).or_default() += count;
                }
            }
            for ((source, error), count) in counts {
                series.put([source.as_str(), error.as_str()], count as f64);
            }
        }),
    )
    .labels(&["source", "kind"])
    .when("Once there was such an error."),
    // Last of the sources' families: from here on the page is new at every scrape.
    Family::seconds(
        "gim_upgrade_source_last_contact_timestamp_seconds",
        "When a source was last heard.",
        Yields::Contacts(|sources, series| {
            for source in sources {
                series.put_some(labels(source), source.contact.last().map(unix_seconds));
            }
        }),
    )
    .labels(SOURCE)
    .when("Once it was heard."),
];

fn labels(source: &SourceSnapshot) -> [&str; 2] {
    [source.id.kind.as_str(), source.id.namespace.as_deref().unwrap_or_default()]
}
