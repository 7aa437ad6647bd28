//! Queries: the part of `PromQL` that alerts are made of, as data.
//!
//! One query has two readers. Prometheus is given its text; the exporter answers it from its own series (`answer`). So the two
//! ways to an alert cannot say different things. Not for durations and severities: those are the alert's (`catalogue`).

mod promql;

use std::fmt::Display;

use self::promql::{PromQl, Same};

/// The label of the cluster, of which only Prometheus knows: in queries as written here. Rules may call it otherwise.
pub const CLUSTER: &str = "cluster";

/// What tells one component from another, in all clusters.
pub const COMPONENT: &[&str] = &[CLUSTER, "suite", "component"];

/// A query whose answer is a set of series.
#[derive(Clone, Debug, PartialEq)]
pub enum Query {
    /// One series without labels, of this value.
    Number(f64),
    /// The series of a family.
    Select {
        /// The family.
        family: &'static str,
        /// What their labels must be.
        matchers: Vec<Matcher>,
    },
    /// The seconds that passed since the instants.
    Since(Box<Self>),
    /// Those whose value compares so with a number.
    Compare {
        /// The series.
        of: Box<Self>,
        /// How.
        how: Comparison,
        /// With what.
        number: f64,
    },
    /// Those whose value is larger than that of the series with the same labels on the other side.
    Exceeds(Box<Self>, Box<Self>),
    /// One series for each combination of the labels `by`.
    Aggregate {
        /// Which value stands for all.
        how: Aggregation,
        /// The labels that remain.
        by: Vec<&'static str>,
        /// The series.
        of: Box<Self>,
    },
    /// Those of the first side for which the second has, or has not, one with the same labels `on`.
    Set {
        /// The first side.
        of: Box<Self>,
        /// Whether the second must have one.
        how: Set,
        /// The labels that are compared.
        by: Compared,
        /// The second side.
        other: Box<Self>,
    },
}

/// What a label must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Matcher {
    /// One of these, none of which has a character that is special in a regular expression.
    OneOf(&'static str, Vec<&'static str>),
    /// Anything else than this.
    Not(&'static str, &'static str),
    /// The same as that label of the alert that asks: for annotations.
    Same(&'static str),
}

/// A comparison with a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `>`
    Above,
}

/// Which value stands for several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregation {
    /// The largest.
    Max,
    /// The smallest.
    Min,
}

/// Whether the other side must have one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Set {
    /// It must.
    And,
    /// It must not.
    Unless,
}

/// Which labels of two sides are compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compared {
    /// These.
    On(Vec<&'static str>),
    /// All but these: those of the scrape among them.
    Ignoring(Vec<&'static str>),
}

/// The series of a family.
#[must_use]
pub fn select(family: &'static str) -> Query {
    Query::Select { family, matchers: Vec::new() }
}

/// The seconds that passed since the instants of `query`.
#[must_use]
pub fn since(query: Query) -> Query {
    Query::Since(Box::new(query))
}

impl Query {
    /// Of a selection those with one of these values.
    #[must_use]
    pub fn one_of(self, label: &'static str, values: &[&'static str]) -> Self {
        self.matching(Matcher::OneOf(label, values.to_vec()))
    }

    /// Of a selection those with this value.
    #[must_use]
    pub fn is(self, label: &'static str, value: &'static str) -> Self {
        self.one_of(label, &[value])
    }

    /// Of a selection those with another value.
    #[must_use]
    pub fn is_not(self, label: &'static str, value: &'static str) -> Self {
        self.matching(Matcher::Not(label, value))
    }

    /// Of a selection those of the alert's own component.
    #[must_use]
    pub fn of_same(self, labels: &[&'static str]) -> Self {
        labels.iter().fold(self, |query, label| query.matching(Matcher::Same(label)))
    }

    fn matching(mut self, matcher: Matcher) -> Self {
        if let Self::Select { matchers, .. } = &mut self {
            matchers.push(matcher);
        }
        self
    }

    /// Those that are this number.
    #[must_use]
    pub fn equals(self, number: f64) -> Self {
        Self::Compare { of: Box::new(self), how: Comparison::Equal, number }
    }

    /// Those that are above this number.
    #[must_use]
    pub fn above(self, number: f64) -> Self {
        Self::Compare { of: Box::new(self), how: Comparison::Above, number }
    }

    /// Those that are above the threshold with the same labels.
    #[must_use]
    pub fn exceeds(self, threshold: Self) -> Self {
        Self::Exceeds(Box::new(self), Box::new(threshold))
    }

    /// The largest for each component, and each combination of `further` labels.
    #[must_use]
    pub fn max_by(self, further: &[&'static str]) -> Self {
        self.aggregate(Aggregation::Max, [COMPONENT, further].concat())
    }

    /// The smallest for each component, and each combination of `further` labels.
    #[must_use]
    pub fn min_by(self, further: &[&'static str]) -> Self {
        self.aggregate(Aggregation::Min, [COMPONENT, further].concat())
    }

    /// One for each combination of `by`.
    #[must_use]
    pub fn aggregate(self, how: Aggregation, by: Vec<&'static str>) -> Self {
        Self::Aggregate { how, by, of: Box::new(self) }
    }

    /// Those of whose component `other` has one.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self::Set { of: Box::new(self), how: Set::And, by: Compared::On(COMPONENT.to_vec()), other: Box::new(other) }
    }

    /// Those of whose component `other` has none.
    #[must_use]
    pub fn unless(self, other: Self) -> Self {
        Self::Set { of: Box::new(self), how: Set::Unless, by: Compared::On(COMPONENT.to_vec()), other: Box::new(other) }
    }

    /// Those for which `other` has none of the same exporter, whatever these labels are.
    #[must_use]
    pub fn unless_of_same_exporter(self, ignored: &[&'static str], other: Self) -> Self {
        Self::Set {
            of: Box::new(self),
            how: Set::Unless,
            by: Compared::Ignoring(ignored.to_vec()),
            other: Box::new(other),
        }
    }

    /// The labels that a series of the answer has at most; none where that depends on the series that are there.
    #[must_use]
    pub fn labels(&self) -> Vec<&'static str> {
        match self {
            Self::Number(_) | Self::Select { .. } => Vec::new(),
            Self::Since(of) | Self::Compare { of, .. } | Self::Exceeds(of, _) | Self::Set { of, .. } => of.labels(),
            Self::Aggregate { by, .. } => by.clone(),
        }
    }

    /// The same query where there is no such label: it is neither kept nor compared.
    #[must_use]
    pub fn without(self, label: &str) -> Self {
        let left = |labels: Vec<&'static str>| labels.into_iter().filter(|kept| *kept != label).collect();
        let inside = |of: Box<Self>| Box::new(of.without(label));
        match self {
            Self::Number(_) | Self::Select { .. } => self,
            Self::Since(of) => Self::Since(inside(of)),
            Self::Compare { of, how, number } => Self::Compare { of: inside(of), how, number },
            Self::Exceeds(of, limit) => Self::Exceeds(inside(of), inside(limit)),
            Self::Aggregate { how, by, of } => Self::Aggregate { how, by: left(by), of: inside(of) },
            Self::Set { of, how, by, other } => {
                let by = match by {
                    Compared::On(labels) => Compared::On(left(labels)),
                    ignoring @ Compared::Ignoring(_) => ignoring,
                };
                Self::Set { of: inside(of), how, by, other: inside(other) }
            }
        }
    }

    /// Every label that is kept, compared or matched.
    #[must_use]
    pub fn all_labels(&self) -> Vec<&'static str> {
        match self {
            Self::Number(_) => Vec::new(),
            Self::Select { matchers, .. } => {
                let label = |matcher: &Matcher| match matcher {
                    Matcher::OneOf(label, _) | Matcher::Not(label, _) | Matcher::Same(label) => *label,
                };
                matchers.iter().map(label).collect()
            }
            Self::Since(of) | Self::Compare { of, .. } => of.all_labels(),
            Self::Exceeds(left, right) => [left.all_labels(), right.all_labels()].concat(),
            Self::Aggregate { by, of, .. } => [by.clone(), of.all_labels()].concat(),
            Self::Set { of, by: Compared::On(labels) | Compared::Ignoring(labels), other, .. } => {
                [of.all_labels(), labels.clone(), other.all_labels()].concat()
            }
        }
    }

    /// Every family that is asked for.
    #[must_use]
    pub fn families(&self) -> Vec<&'static str> {
        match self {
            Self::Number(_) => Vec::new(),
            Self::Select { family, .. } => vec![family],
            Self::Since(of) | Self::Compare { of, .. } | Self::Aggregate { of, .. } => of.families(),
            Self::Exceeds(left, right) | Self::Set { of: left, other: right, .. } => {
                [left.families(), right.families()].concat()
            }
        }
    }

    /// The text for Prometheus, with the label of the cluster as it is called there.
    #[must_use]
    pub fn promql<'a>(&'a self, cluster: &'a str) -> impl Display + 'a {
        PromQl { query: self, cluster, same: Same::Nothing }
    }

    /// The same as a format of Go's `printf`, with `%q` for each value that comes from the alert: see [`Query::arguments`].
    #[must_use]
    pub fn promql_format<'a>(&'a self, cluster: &'a str) -> impl Display + 'a {
        PromQl { query: self, cluster, same: Same::Format }
    }

    /// The labels of the alert that the format of [`Query::promql_format`] wants, in its order.
    #[must_use]
    pub fn arguments(&self) -> Vec<&'static str> {
        match self {
            Self::Number(_) => Vec::new(),
            Self::Select { matchers, .. } => {
                let same = |matcher: &Matcher| match matcher {
                    Matcher::Same(label) => Some(*label),
                    _ => None,
                };
                matchers.iter().filter_map(same).collect()
            }
            Self::Since(of) | Self::Compare { of, .. } | Self::Aggregate { of, .. } => of.arguments(),
            Self::Exceeds(left, right) | Self::Set { of: left, other: right, .. } => {
                [left.arguments(), right.arguments()].concat()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_written_as_prometheus_reads_it() {
        let verdict = || select("v").is("verdict", "roll_back").equals(1.0);
        let cases = [
            (Query::Number(1.0), "vector(1)"),
            (select("v"), "v"),
            (select("v").one_of("a", &["x", "y"]).is_not("b", "z"), "v{a=~\"x|y\", b!=\"z\"}"),
            (select("v").is("a", "x").equals(0.0).max_by(&[]), "max by (k8s, suite, component) (v{a=\"x\"} == 0)"),
            (
                select("t").min_by(&["release"]).and(verdict()),
                "min by (k8s, suite, component, release) (t)\nand on (k8s, suite, component) v{verdict=\"roll_back\"} == 1",
            ),
            (since(select("t")).exceeds(select("limit")), "time() - t > limit"),
            (since(since(select("t"))).above(0.5), "time() - (time() - t) > 0.5"),
            (
                select("a").unless(select("b").and(select("c"))),
                "a\nunless on (k8s, suite, component) (b\nand on (k8s, suite, component) c)",
            ),
            (
                select("a").and(select("b")).unless(select("c")),
                "(a\nand on (k8s, suite, component) b)\nunless on (k8s, suite, component) c",
            ),
        ];
        for (query, text) in cases {
            assert_eq!(query.promql("k8s").to_string(), text);
        }
    }

    #[test]
    fn a_format_takes_the_labels_of_the_alert() {
        let query = select("v").of_same(COMPONENT).is("a", "x");
        assert_eq!(query.promql_format("k8s").to_string(), "v{k8s=%q, suite=%q, component=%q, a=\"x\"}");
        assert_eq!(query.arguments(), COMPONENT);
        assert_eq!(query.clone().and(select("w")).families(), ["v", "w"]);
        let absent = query.max_by(&["a"]).unless(select("w")).without(CLUSTER);
        assert_eq!(absent.labels(), ["suite", "component", "a"]);
        assert!(absent.promql("k8s").to_string().ends_with("unless on (suite, component) w"));
    }
}
