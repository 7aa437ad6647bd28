//! Panels as data: what is asked, how it is shown, and how much room it takes. Not for Grafana's own words: see `render`.

use super::states::States;
use crate::named;

/// Panels under one heading.
#[derive(Clone, Debug)]
pub struct Row {
    /// The heading.
    pub title: &'static str,
    /// Its panels, from left to right and then from top to bottom.
    pub panels: Vec<Panel>,
}

/// One panel.
#[derive(Clone, Debug)]
pub struct Panel {
    /// What stands above it; unique within its dashboard.
    pub title: &'static str,
    /// What it shows, and what to make of it.
    pub description: &'static str,
    /// How it shows it.
    pub kind: Kind,
    /// What it asks.
    pub queries: Vec<Query>,
    /// How many of 24 columns it takes.
    pub width: u32,
    /// How many rows it takes.
    pub height: u32,
    /// Alerts whose runbooks say what to do about what it shows.
    pub runbooks: &'static [&'static str],
}

/// How a panel shows what it asked.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A table of what is now.
    Table {
        /// Its columns, in this order; what no column shows is left out.
        columns: Vec<Column>,
        /// The title of the column that it is sorted by, and whether the largest comes first.
        sort: Option<(&'static str, bool)>,
    },
    /// States over time: one lane for each value of `lane`, whose state is the value of the label `state`.
    States {
        /// The label that tells the lanes apart.
        lane: &'static str,
        /// The label whose value is the state.
        state: &'static str,
        /// The states.
        states: States,
    },
    /// States over time: one lane for each series, whose state is its value.
    Values(States),
    /// Lines over time.
    Lines {
        /// What the values are.
        unit: Unit,
        /// Whether the line of the latency that is still normal is drawn.
        limit: bool,
    },
    /// Numbers of now, one for each series.
    Numbers(Unit),
}

/// One query of a panel.
#[derive(Clone, Copy, Debug)]
pub struct Query {
    /// `PromQL` with gaps: see `query`.
    pub expression: &'static str,
    /// The name of each series, with labels in double braces; empty in tables, which show labels as columns.
    pub legend: &'static str,
}

/// One column of a table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// What it shows.
    pub field: Field,
    /// What stands above it.
    pub title: &'static str,
    /// How it shows it.
    pub shows: Shows,
}

/// What a column shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The value of a label.
    Label(&'static str),
    /// The label of the cluster, whatever it is called.
    Cluster,
    /// The value that the nth query answered.
    Value(usize),
}

/// How a column shows what it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shows {
    /// As it is.
    Text,
    /// As a number.
    Number(Unit),
    /// As the text and the colour of a state.
    State(States),
    /// As it is, with a link to the runbook of the alert that it names.
    Runbook,
    /// As it is, with a link to the dashboard of the suite that it names.
    Suite,
}

named! {
    /// What numbers are.
    pub enum Unit {
        /// A plain number.
        Count = "none",
        /// Seconds.
        Seconds = "s",
        /// Milliseconds.
        Milliseconds = "ms",
        /// Bytes, in powers of 1024.
        Bytes = "bytes",
        /// A share of one.
        Share = "percentunit",
        /// Counted per second.
        PerSecond = "cps",
    }
}

/// What is marked in all charts of a dashboard: a moment that is the value of a query, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Annotation {
    /// What it is.
    pub name: &'static str,
    /// `PromQL` with gaps.
    pub expression: &'static str,
    /// What stands at the mark, with labels in double braces.
    pub title: &'static str,
    /// Its colour.
    pub colour: &'static str,
}

/// A query whose answer is shown in columns.
pub(super) const fn ask(expression: &'static str) -> Query {
    Query { expression, legend: "" }
}

/// A query whose series have names.
pub(super) const fn series(expression: &'static str, legend: &'static str) -> Query {
    Query { expression, legend }
}

/// A column of a label.
pub(super) const fn label(name: &'static str, title: &'static str, shows: Shows) -> Column {
    Column { field: Field::Label(name), title, shows }
}

/// A column of the values that the nth query answered.
pub(super) const fn value(nth: usize, title: &'static str, shows: Shows) -> Column {
    Column { field: Field::Value(nth), title, shows }
}

/// The column of the component.
pub(super) const COMPONENT: Column = label("component", "Component", Shows::State(States::Component));

impl Panel {
    /// A panel of this size, without queries yet.
    pub(super) const fn new(title: &'static str, [width, height]: [u32; 2], kind: Kind) -> Self {
        Self { title, description: "", kind, queries: Vec::new(), width, height, runbooks: &[] }
    }

    pub(super) fn table(title: &'static str, size: [u32; 2], columns: Vec<Column>) -> Self {
        Self::new(title, size, Kind::Table { columns, sort: None })
    }

    pub(super) fn lines(title: &'static str, size: [u32; 2], unit: Unit) -> Self {
        Self::new(title, size, Kind::Lines { unit, limit: false })
    }

    pub(super) const fn says(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }

    pub(super) fn asks(mut self, queries: &[Query]) -> Self {
        self.queries = queries.to_vec();
        self
    }

    pub(super) const fn runbooks(mut self, runbooks: &'static [&'static str]) -> Self {
        self.runbooks = runbooks;
        self
    }

    /// Has a table sorted by a column.
    pub(super) fn sorted(mut self, column: &'static str, descending: bool) -> Self {
        if let Kind::Table { sort, .. } = &mut self.kind {
            *sort = Some((column, descending));
        }
        self
    }
}
