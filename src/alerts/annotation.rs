//! Annotations: sentences with gaps, filled by Prometheus's templates or by the exporter.
//!
//! A gap is a name in braces: a label of the alert, `value`, or one of the [`ASKED`], which a query answers. Braces stand
//! for nothing else. Not for which alert says what: see `catalogue`.

use std::fmt::Write as _;

use super::answer::{Labels, Now, Sample};
use super::query::{Aggregation, COMPONENT, Query, select};
use crate::assess::assessment::VerdictKind;

/// A sentence with gaps.
pub type Template = &'static str;

/// What fills a gap.
enum Gap {
    /// The alert's value, as a whole number.
    Value,
    /// The values of a label of the answers, in their own order.
    Names(Query, &'static str),
    /// The same, in the order of the answers' values.
    Ranked(Query, &'static str),
    /// The first answer's value, as a whole number.
    Number(Query),
    /// A label of the alert.
    Label,
}

/// The gaps that a query fills.
pub const ASKED: &[&str] =
    &["reasons", "reasons_of_unknown", "failing", "helm_timeout_seconds", "behind_seconds", "waiting"];

fn gap(name: &str) -> Gap {
    let own = |family| select(family).of_same(COMPONENT);
    let each = |query: Query, label| query.aggregate(Aggregation::Max, vec![label]);
    let names = |query: Query, label| Gap::Names(each(query, label), label);
    let reasons = || own("gim_upgrade_verdict_reason");
    let blind = || own("gim_upgrade_verdict").is("verdict", VerdictKind::Unknown.as_str());
    let number = |query: Query| Gap::Number(query.aggregate(Aggregation::Max, Vec::new()));
    match name {
        "value" => Gap::Value,
        // A replica that sees nothing has reasons of its own, which are not those of the alert.
        "reasons" => {
            let seeing = reasons().unless_of_same_exporter(&["reason", "verdict"], blind());
            Gap::Ranked(each(seeing, "reason"), "reason")
        }
        "reasons_of_unknown" => Gap::Ranked(each(reasons(), "reason"), "reason"),
        "failing" => names(own("gim_upgrade_check").equals(0.0), "check"),
        "waiting" => names(own("gim_upgrade_pods_waiting"), "reason"),
        "helm_timeout_seconds" => number(own("gim_upgrade_release_helm_timeout_seconds").is("role", "main")),
        "behind_seconds" => number(own("gim_upgrade_kafka_behind_seconds")),
        _ => Gap::Label,
    }
}

/// The pieces of a template: text, and names of gaps.
enum Piece<'a> {
    Text(&'a str),
    Gap(&'a str),
}

fn pieces(template: &str) -> impl Iterator<Item = Piece<'_>> {
    template.split('{').enumerate().flat_map(|(nth, part)| match part.split_once('}') {
        Some((name, text)) if nth > 0 => [Piece::Gap(name), Piece::Text(text)],
        _ => [Piece::Text(part), Piece::Text("")],
    })
}

/// The names of its gaps.
pub fn gaps(template: Template) -> impl Iterator<Item = &'static str> {
    pieces(template).filter_map(|piece| match piece {
        Piece::Gap(name) => Some(name),
        Piece::Text(_) => None,
    })
}

/// The families that filling it asks for.
#[must_use]
pub fn families(template: Template) -> Vec<&'static str> {
    let asked = |name| match gap(name) {
        Gap::Names(query, _) | Gap::Ranked(query, _) | Gap::Number(query) => query.families(),
        Gap::Value | Gap::Label => Vec::new(),
    };
    gaps(template).flat_map(asked).collect()
}

/// The template with each gap filled by `fill`, which is given its name too.
fn with(template: Template, fill: impl Fn(&str, Gap) -> String) -> String {
    let piece = |piece| match piece {
        Piece::Text(text) => text.to_owned(),
        Piece::Gap(name) => fill(name, gap(name)),
    };
    pieces(template).map(piece).collect()
}

/// The template as Prometheus fills it.
#[must_use]
pub fn for_prometheus(template: Template, cluster: &str) -> String {
    with(template, |name, gap| match gap {
        Gap::Label => format!("{{{{ $labels.{name} }}}}"),
        Gap::Value => "{{ $value | printf \"%.0f\" }}".to_owned(),
        Gap::Number(query) => {
            let asked = asked(&query, "", cluster);
            format!("{{{{ range {asked} }}}}{{{{ .Value | printf \"%.0f\" }}}}{{{{ end }}}}")
        }
        // The answers of a query come in no order.
        Gap::Names(query, label) => listed(&format!("{} | sortByLabel \"{label}\"", asked(&query, "", cluster)), label),
        Gap::Ranked(query, label) => listed(&asked(&query, "sort", cluster), label),
    })
}

fn joined(samples: &[Sample], label: &str) -> String {
    let names: Vec<_> = samples.iter().filter_map(|sample| sample.labels.get(label)).map(String::as_str).collect();
    names.join(", ")
}

fn listed(asked: &str, label: &str) -> String {
    format!(
        "{{{{ range $nth, $one := {asked} }}}}{{{{ if $nth }}}}, {{{{ end }}}}{{{{ $one.Labels.{label} }}}}{{{{ end }}}}"
    )
}

fn asked(query: &Query, function: &str, cluster: &str) -> String {
    let arguments: String = query.arguments().iter().fold(String::new(), |mut text, label| {
        let label = if *label == super::query::CLUSTER { cluster } else { label };
        let _ = write!(text, " $labels.{label}");
        text
    });
    format!("printf `{function}({})`{arguments} | query", query.promql_format(cluster))
}

/// The template filled from the exporter's own series.
#[must_use]
pub fn filled(template: Template, value: f64, labels: &Labels, now: Now<'_>) -> String {
    let now = Now { alert: labels, ..now };
    with(template, |name, gap| match gap {
        Gap::Label => labels.get(name).cloned().unwrap_or_default(),
        Gap::Value => format!("{value:.0}"),
        Gap::Number(query) => {
            now.answer(&query).first().map_or_else(String::new, |sample| format!("{:.0}", sample.value))
        }
        Gap::Names(query, label) => joined(&now.answer(&query), label),
        Gap::Ranked(query, label) => {
            let mut samples = now.answer(&query);
            samples.sort_by(|a, b| a.value.total_cmp(&b.value));
            joined(&samples, label)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::answer::Series;

    const TEMPLATE: Template = "Roll {release} back to {value} within {helm_timeout_seconds}s: {reasons}.";

    #[test]
    fn prometheus_is_given_go_templates() {
        let text = for_prometheus(TEMPLATE, "k8s");
        let expected = "Roll {{ $labels.release }} back to {{ $value | printf \"%.0f\" }} within \
            {{ range printf `(max by () (gim_upgrade_release_helm_timeout_seconds{k8s=%q, suite=%q, component=%q, role=\"main\"}))` \
            $labels.k8s $labels.suite $labels.component | query }}{{ .Value | printf \"%.0f\" }}{{ end }}s: \
            {{ range $nth, $one := printf `sort(max by (reason) (gim_upgrade_verdict_reason{k8s=%q, suite=%q, component=%q} unless ignoring (reason, verdict) \
            gim_upgrade_verdict{k8s=%q, suite=%q, component=%q, verdict=\"unknown\"}))` $labels.k8s $labels.suite $labels.component \
            $labels.k8s $labels.suite $labels.component | query }}{{ if $nth }}, {{ end }}{{ $one.Labels.reason }}{{ end }}.";
        assert_eq!(text, expected);
    }

    #[test]
    fn the_exporter_fills_the_same_gaps() {
        let mut series = Series::default();
        let labels = |further: &[(&'static str, &str)]| -> Labels {
            [("suite", "s"), ("component", "gim")]
                .iter()
                .chain(further)
                .map(|(name, value)| (*name, (*value).to_owned()))
                .collect()
        };
        for (rank, reason) in [(2.0, "pods_ready"), (1.0, "images_pulled")] {
            series
                .extend("gim_upgrade_verdict_reason", [Sample { labels: labels(&[("reason", reason)]), value: rank }]);
        }
        let timeout = Sample { labels: labels(&[("role", "main")]), value: 900.0 };
        series.extend("gim_upgrade_release_helm_timeout_seconds", [timeout]);
        let alert = labels(&[("release", "gim")]);
        let now = Now { series: &series, unix_seconds: 0.0, alert: &Labels::new() };
        let text = "Roll gim back to 3 within 900s: images_pulled, pods_ready.";
        assert_eq!(filled(TEMPLATE, 3.0, &alert, now), text);
        assert_eq!(gaps(TEMPLATE).collect::<Vec<_>>(), ["release", "value", "helm_timeout_seconds", "reasons"]);
        assert_eq!(families(TEMPLATE).len(), 3);
        assert!(ASKED.iter().all(|name| !matches!(gap(name), Gap::Label)));
    }
}
