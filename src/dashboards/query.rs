//! Queries: `PromQL` with gaps that a configuration and a dashboard's variables fill.
//!
//! A gap begins with `@`, which stands for nothing else here. Not for which query is asked where: those are the tables'.

/// The gaps and what fills them; `CLUSTER` is the label's name.
const GAPS: [(&str, &str); 5] = [
    // Longer ones first, where one begins like another.
    ("@component", "CLUSTER=~\"$cluster\", suite=~\"$suite\", component=~\"$component\""),
    ("@suite", "CLUSTER=~\"$cluster\", suite=~\"$suite\""),
    ("@cluster", "CLUSTER=~\"$cluster\""),
    ("@whole", "CLUSTER, suite, component"),
    ("@name", "CLUSTER"),
];

/// The current state of each component: of several exporters one that sees nothing says `$blind`, and counts only where all do.
macro_rules! current {
    ($by:literal, $chosen:literal, $family:literal, $label:literal, $blind:literal) => {
        concat!(
            "max by (",
            $by,
            ", ",
            $label,
            ") (",
            $family,
            "{",
            $chosen,
            ", ",
            $label,
            "!=\"",
            $blind,
            "\"})\n",
            "or on (",
            $by,
            ") max by (",
            $by,
            ", ",
            $label,
            ") (",
            $family,
            "{",
            $chosen,
            "})"
        )
    };
}
pub(super) use current;

/// What exporters say that see something; of those that see nothing only where all do.
macro_rules! seen {
    ($fold:literal by $labels:expr, ignoring $ignored:literal, $by:literal, $chosen:literal, $family:literal) => {
        concat!(
            $fold,
            " by (",
            $labels,
            ") (",
            $family,
            "{",
            $chosen,
            "}\n",
            "  unless ignoring (",
            $ignored,
            ") gim_upgrade_verdict{",
            $chosen,
            ", verdict=\"unknown\"})\n",
            "or ",
            $fold,
            " by (",
            $labels,
            ") (",
            $family,
            "{",
            $chosen,
            "}\n",
            "  unless on (",
            $by,
            ") gim_upgrade_verdict{",
            $chosen,
            ", verdict!=\"unknown\"})"
        )
    };
}
pub(super) use seen;

/// What a family says for a reason. An exporter that sees nothing has reasons of its own: that a component has no reason is an answer
/// too.
macro_rules! reasons {
    ($by:literal, $chosen:literal, $family:literal) => {
        $crate::dashboards::query::seen!("max" by concat!($by, ", reason"), ignoring "reason, verdict", $by, $chosen, $family)
    };
}
pub(super) use reasons;

/// The least that any exporter says.
macro_rules! least {
    ($by:literal, $chosen:literal, $family:literal) => {
        $crate::dashboards::query::seen!("min" by $by, ignoring "verdict", $by, $chosen, $family)
    };
}
pub(super) use least;

/// The query with its gaps filled: `@cluster`, `@suite` and `@component` select what is chosen above the dashboard; `@whole` are the
/// labels that tell a component, and `@name` is that of the cluster.
#[must_use]
pub fn filled(expression: &str, cluster_label: &str) -> String {
    let filled = GAPS.iter().fold(expression.to_owned(), |text, (gap, value)| text.replace(gap, value));
    filled.replace("CLUSTER", cluster_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_filled_with_the_clusters_own_label() {
        let text = filled("max by (@whole, stage) (gim_upgrade_stage{@component}) and on (@name) up{@cluster}", "k8s");
        let expected = "max by (k8s, suite, component, stage) \
            (gim_upgrade_stage{k8s=~\"$cluster\", suite=~\"$suite\", component=~\"$component\"}) \
            and on (k8s) up{k8s=~\"$cluster\"}";
        assert_eq!(text, expected);
    }
}
