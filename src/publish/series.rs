//! Series: rows of label values and a number, gathered for one suite, put in order and written as lines.
//!
//! Rows borrow from the snapshot: nothing is copied until it is text. Not for which rows there are: see `families`.

use super::families::Family;
use crate::alerts::answer::Sample;
use crate::exposition::Head;

/// The most labels that a family has beside `suite` and `component`.
pub const MAX_LABELS: usize = 6;

/// Gathers the series of one family for one component.
#[derive(Debug, Default)]
pub struct Series<'a> {
    rows: Vec<Row<'a>>,
    head: Head,
}

#[derive(Debug)]
struct Row<'a> {
    /// Label values in the family's order; only as many as the family has labels are used.
    values: [&'a str; MAX_LABELS],
    number: f64,
}

impl<'a> Series<'a> {
    /// Adds a series. `values` are those of the family's further labels, in their order.
    pub fn put<const N: usize>(&mut self, values: [&'a str; N], number: f64) {
        let mut row = Row { values: [""; MAX_LABELS], number };
        for (place, value) in row.values.iter_mut().zip(values) {
            *place = value;
        }
        self.rows.push(row);
    }

    /// Adds a series where there is a number.
    pub fn put_some<const N: usize>(&mut self, values: [&'a str; N], number: Option<f64>) {
        if let Some(number) = number {
            self.put(values, number);
        }
    }

    /// Adds a state that holds.
    pub fn state<const N: usize>(&mut self, values: [&'a str; N]) {
        self.put(values, 1.0);
    }

    /// Of two rows with the same labels the first counts: a page with a series twice is refused as a whole.
    fn put_in_order(&mut self) {
        // Most families have one series of a component.
        if self.rows.len() > 1 {
            self.rows.sort_by(|a, b| a.values.cmp(&b.values));
            self.rows.dedup_by(|later, earlier| later.values == earlier.values);
        }
    }

    /// The rows as samples, those of labels without a value left out.
    pub fn samples(mut self, family: &Family, owner: &[(&'static str, &str)]) -> Vec<Sample> {
        self.put_in_order();
        let sample = |row: Row<'_>| {
            let further = family.labels.iter().copied().zip(row.values);
            let labels = owner.iter().copied().chain(further).filter(|(_, value)| !value.is_empty());
            Sample { labels: labels.map(|(name, value)| (name, value.to_owned())).collect(), value: row.number }
        };
        self.rows.into_iter().map(sample).collect()
    }

    /// Writes the rows in the order of their labels, and forgets them.
    pub fn write(&mut self, out: &mut String, family: &Family, owner: &[(&str, &str)]) {
        if self.rows.is_empty() {
            return;
        }
        self.put_in_order();
        self.head.set(family.description.name, owner.iter().copied());
        for row in self.rows.drain(..) {
            self.head.write_sample(out, family.labels.iter().copied().zip(row.values), row.number);
        }
    }
}
