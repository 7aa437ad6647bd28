//! Where each field of a YAML text stands: from a place to the field's name, and from the name to the place.
//!
//! Errors of the YAML reader know line and column, errors of our own rules know the field; the outline gives each the other
//! half. Made only when there is something to complain of.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::DuplicateKeyPolicy;
use serde_saphyr::{Location, Spanned};

/// A place in the text, both counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// The line.
    pub(super) line: u64,
    /// The column, in characters.
    pub(super) column: u64,
}

/// Every field of a text, in its order.
#[derive(Debug, Default)]
pub(super) struct Outline(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    /// Its full name, such as `suites[0].gim.release`.
    field: String,
    /// Where its own name is written; none for an item of a list.
    key: Option<Place>,
    /// Where its value is written.
    value: Place,
}

impl From<Location> for Place {
    fn from(location: Location) -> Self {
        Self { line: location.line(), column: location.column() }
    }
}

impl Outline {
    /// The outline of a text; none where it is no YAML.
    pub(super) fn of(text: &str) -> Option<Self> {
        // A name that is written twice is one of the errors to be placed.
        let options = serde_saphyr::options! { duplicate_keys: DuplicateKeyPolicy::PassThrough };
        let root: Node = serde_saphyr::from_str_with_options(text, options).ok()?;
        let mut outline = Self::default();
        outline.add("", &root);
        Some(outline)
    }

    /// The field whose name is written at `place`.
    pub(super) fn named_at(&self, place: Place) -> Option<&str> {
        self.0.iter().find(|entry| entry.key == Some(place)).map(|entry| &*entry.field)
    }

    /// The fields whose value is written at `place`, inmost first: a list and its first item begin at one place. Where
    /// there is none, the last field that is written before it.
    pub(super) fn values_at(&self, place: Place) -> Vec<&str> {
        let before = |entry: &&Entry| entry.key.unwrap_or(entry.value) <= place;
        let mut found: Vec<_> = self.0.iter().rev().filter(|entry| entry.value == place).collect();
        if found.is_empty() {
            found.extend(self.0.iter().rev().find(before));
        }
        found.into_iter().map(|entry| &*entry.field).collect()
    }

    /// Where the value of a field is written, else the name of the nearest field around it that is written.
    pub(super) fn place_of(&self, field: &str) -> Option<Place> {
        let entry = |field: &str| self.0.iter().find(|entry| entry.field == field);
        if let Some(entry) = entry(field) {
            return Some(entry.value);
        }
        let mut around = field;
        while let Some((outer, _)) = around.rsplit_once(['.', '[']) {
            if let Some(entry) = entry(outer) {
                return Some(entry.key.unwrap_or(entry.value));
            }
            around = outer;
        }
        None
    }

    fn add(&mut self, path: &str, node: &Node) {
        match node {
            Node::Scalar => {}
            Node::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    self.entry(&format!("{path}[{at}]"), None, item);
                }
            }
            Node::Map(entries) => {
                for (key, value) in entries {
                    let dot = if path.is_empty() { "" } else { "." };
                    self.entry(&format!("{path}{dot}{}", key.value), Some(key.referenced.into()), value);
                }
            }
        }
    }

    fn entry(&mut self, field: &str, key: Option<Place>, node: &Spanned<Node>) {
        self.0.push(Entry { field: field.to_owned(), key, value: node.referenced.into() });
        self.add(field, &node.value);
    }
}

/// The shape of a YAML text.
#[derive(Debug)]
enum Node {
    Scalar,
    List(Vec<Spanned<Node>>),
    Map(Vec<(Spanned<String>, Spanned<Node>)>),
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any YAML")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_str<E>(self, _: &str) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(Node::Map(entries))
    }
}
