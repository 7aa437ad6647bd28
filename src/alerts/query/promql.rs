//! The text of a query, as Prometheus reads it. Not for what a query is, nor for its answer.

use std::fmt::{self, Display, Formatter};

use super::{Aggregation, CLUSTER, Compared, Comparison, Matcher, Query, Set};

/// How a value that comes from the alert is written.
#[derive(Clone, Copy)]
pub(super) enum Same {
    /// As nothing: such a query is for formats.
    Nothing,
    /// As `%q`.
    Format,
}

pub(super) struct PromQl<'a> {
    pub(super) query: &'a Query,
    pub(super) cluster: &'a str,
    pub(super) same: Same,
}

impl PromQl<'_> {
    fn with<'b>(&'b self, query: &'b Query) -> PromQl<'b> {
        PromQl { query, ..*self }
    }

    /// An operand: in parentheses where the operator around it would take it apart.
    fn operand(&self, f: &mut Formatter<'_>, query: &Query, binds: Binding) -> fmt::Result {
        if Binding::of(query) > binds { write!(f, "({})", self.with(query)) } else { write!(f, "{}", self.with(query)) }
    }

    fn labels(&self, labels: &[&'static str]) -> String {
        let spelled: Vec<&str> = labels.iter().map(|label| self.label(label)).collect();
        spelled.join(", ")
    }

    fn label<'b>(&'b self, label: &'b str) -> &'b str {
        if label == CLUSTER { self.cluster } else { label }
    }
}

/// How tightly a query holds together, the tightest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    Whole,
    Difference,
    Comparison,
    Set,
}

impl Binding {
    fn of(query: &Query) -> Self {
        match query {
            Query::Number(_) | Query::Select { .. } | Query::Aggregate { .. } => Self::Whole,
            Query::Since(_) => Self::Difference,
            Query::Compare { .. } | Query::Exceeds(..) => Self::Comparison,
            Query::Set { .. } => Self::Set,
        }
    }
}

impl Display for PromQl<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.query {
            Query::Number(number) => write!(f, "vector({number})"),
            Query::Select { family, matchers } => {
                f.write_str(family)?;
                for (nth, matcher) in matchers.iter().enumerate() {
                    f.write_str(if nth == 0 { "{" } else { ", " })?;
                    match matcher {
                        Matcher::OneOf(label, values) if values.len() == 1 => {
                            write!(f, "{}=\"{}\"", self.label(label), values.concat())?;
                        }
                        Matcher::OneOf(label, values) => write!(f, "{}=~\"{}\"", self.label(label), values.join("|"))?,
                        Matcher::Not(label, value) => write!(f, "{}!=\"{value}\"", self.label(label))?,
                        Matcher::Same(label) => match self.same {
                            Same::Nothing => write!(f, "{}=\"\"", self.label(label))?,
                            Same::Format => write!(f, "{}=%q", self.label(label))?,
                        },
                    }
                }
                f.write_str(if matchers.is_empty() { "" } else { "}" })
            }
            Query::Since(of) => {
                f.write_str("time() - ")?;
                self.operand(f, of, Binding::Whole)
            }
            Query::Compare { of, how, number } => {
                self.operand(f, of, Binding::Difference)?;
                let how = match how {
                    Comparison::Equal => "==",
                    Comparison::Above => ">",
                };
                write!(f, " {how} {number}")
            }
            Query::Exceeds(left, right) => {
                self.operand(f, left, Binding::Difference)?;
                f.write_str(" > ")?;
                self.operand(f, right, Binding::Difference)
            }
            Query::Aggregate { how, by, of } => {
                let how = match how {
                    Aggregation::Max => "max",
                    Aggregation::Min => "min",
                };
                write!(f, "{how} by ({}) ({})", self.labels(by), self.with(of))
            }
            Query::Set { of, how, by, other } => {
                // `unless` binds less tightly than it looks: each side stands by itself.
                self.operand(f, of, Binding::Comparison)?;
                let how = match how {
                    Set::And => "and",
                    Set::Unless => "unless",
                };
                match by {
                    Compared::On(labels) => write!(f, "\n{how} on ({}) ", self.labels(labels))?,
                    // For annotations, which are one line.
                    Compared::Ignoring(labels) => write!(f, " {how} ignoring ({}) ", self.labels(labels))?,
                }
                self.operand(f, other, Binding::Comparison)
            }
        }
    }
}
