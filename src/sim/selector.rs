//! Label and field selectors as the query of a list or watch spells them.
//!
//! Pure: text in, a predicate over objects out. It reads the grammar of Kubernetes's string selectors, not the
//! structured ones that objects hold.

use thiserror::Error;

use super::store::{Kind, Object};

/// Why a selector cannot be read: HTTP 400.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SelectorError {
    /// A requirement that is none.
    #[error("unable to parse requirement: {0}")]
    Requirement(String),
    /// A term of a field selector without an operator.
    #[error("invalid selector: '{0}'; can't understand '{0}'")]
    Term(String),
    /// Nothing between two commas.
    #[error("found ',', expected: identifier after ','")]
    Empty,
    /// A field that cannot be selected by, for the kinds that have special ones.
    #[error("field label not supported: {0}")]
    Field(String),
    /// A field that cannot be selected by, for the other kinds.
    #[error("\"{0}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")]
    NoField(String),
}

/// Which objects a list or watch is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    labels: Vec<LabelRequirement>,
    fields: Vec<FieldTerm>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct LabelRequirement {
    key: String,
    test: LabelTest,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum LabelTest {
    Exists,
    Absent,
    In(Vec<String>),
    /// Holds for an object without the label too.
    NotIn(Vec<String>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct FieldTerm {
    path: String,
    value: String,
    equal: bool,
}

impl Selector {
    /// Reads `labelSelector` and `fieldSelector`; empty text selects everything.
    pub fn parse(kind: Kind, labels: &str, fields: &str) -> Result<Self, SelectorError> {
        let labels = if labels.trim().is_empty() {
            Vec::new()
        } else {
            split_requirements(labels).map(parse_label).collect::<Result<_, _>>()?
        };
        let terms = fields.split(',').filter(|term| !term.trim().is_empty());
        let fields = terms.map(|term| parse_field(kind, term)).collect::<Result<_, _>>()?;
        Ok(Self { labels, fields })
    }

    /// Whether everything is selected.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Whether the object is selected.
    #[must_use]
    pub fn matches(&self, object: &Object) -> bool {
        self.labels.iter().all(|requirement| requirement.holds(object))
            && self.fields.iter().all(|term| (object.field(&term.path) == term.value) == term.equal)
    }
}

impl LabelRequirement {
    fn holds(&self, object: &Object) -> bool {
        let value = object.labels().get(&self.key);
        match &self.test {
            LabelTest::Exists => value.is_some(),
            LabelTest::Absent => value.is_none(),
            LabelTest::In(values) => value.is_some_and(|value| values.contains(value)),
            LabelTest::NotIn(values) => value.is_none_or(|value| !values.contains(value)),
        }
    }
}

/// The requirements between the commas that stand outside of parentheses.
fn split_requirements(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_usize;
    text.split(move |character| {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        character == ',' && depth == 0
    })
}

fn parse_label(requirement: &str) -> Result<LabelRequirement, SelectorError> {
    let requirement = requirement.trim();
    if requirement.is_empty() {
        return Err(SelectorError::Empty);
    }
    let fail = || SelectorError::Requirement(requirement.to_owned());
    let (key, test) = if let Some(key) = requirement.strip_prefix('!') {
        (key, LabelTest::Absent)
    } else if let Some((key, value)) = requirement.split_once("!=") {
        (key, LabelTest::NotIn(vec![parse_value(value).ok_or_else(fail)?]))
    } else if let Some((key, value)) = requirement.split_once("==").or_else(|| requirement.split_once('=')) {
        (key, LabelTest::In(vec![parse_value(value).ok_or_else(fail)?]))
    } else if let Some((head, values)) = requirement.split_once('(') {
        let values = values.strip_suffix(')').ok_or_else(fail)?;
        let values = values.split(',').map(parse_value).collect::<Option<Vec<_>>>().ok_or_else(fail)?;
        let (key, operator) = head.trim().split_once(char::is_whitespace).ok_or_else(fail)?;
        match operator.trim() {
            "in" => (key, LabelTest::In(values)),
            "notin" => (key, LabelTest::NotIn(values)),
            _ => return Err(fail()),
        }
    } else {
        (requirement, LabelTest::Exists)
    };
    let key = key.trim();
    let allowed = |character: char| character.is_ascii_alphanumeric() || "-_./".contains(character);
    if key.is_empty() || !key.chars().all(allowed) {
        return Err(fail());
    }
    Ok(LabelRequirement { key: key.to_owned(), test })
}

/// A label value; `None` for one that no label can have.
fn parse_value(text: &str) -> Option<String> {
    let text = text.trim();
    let allowed = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    text.chars().all(allowed).then(|| text.to_owned())
}

fn parse_field(kind: Kind, text: &str) -> Result<FieldTerm, SelectorError> {
    let split = text.split_once("!=").map(|(path, value)| (path, value, false));
    let split = split.or_else(|| text.split_once("==").map(|(path, value)| (path, value, true)));
    let split = split.or_else(|| text.split_once('=').map(|(path, value)| (path, value, true)));
    let (path, value, equal) = split.ok_or_else(|| SelectorError::Term(text.to_owned()))?;
    let path = path.trim();
    if !["metadata.name", "metadata.namespace"].contains(&path) && !kind.selectable_fields().contains(&path) {
        let error = if kind.group().is_empty() { SelectorError::Field } else { SelectorError::NoField };
        return Err(error(path.to_owned()));
    }
    Ok(FieldTerm { path: path.to_owned(), value: value.trim().to_owned(), equal })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::super::store::Store;
    use super::*;

    #[test]
    fn selectors_select() {
        let mut store = Store::new();
        let secret = json!({"metadata": {"name": "sh.helm.release.v1.gim.v3", "namespace": "gim",
            "labels": {"owner": "helm", "status": "deployed", "app.kubernetes.io/name": "gim"}},
            "type": "helm.sh/release.v1"});
        let object = store.apply(Kind::Secrets, secret, Timestamp::UNIX_EPOCH).unwrap();
        let cases = [
            ("", "", true),
            ("owner=helm", "", true),
            ("owner==helm", "", true),
            ("owner = helm , status in (deployed, failed)", "", true),
            ("owner=tiller", "", false),
            ("owner!=helm", "", false),
            ("owner!=tiller", "", true),
            ("absent!=helm", "", true),
            ("absent=", "", false),
            ("status in (failed,superseded)", "", false),
            ("status notin (failed,superseded)", "", true),
            ("absent notin (failed)", "", true),
            ("status notin (deployed)", "", false),
            ("app.kubernetes.io/name", "", true),
            ("absent", "", false),
            ("!absent", "", true),
            ("!owner", "", false),
            ("owner,!absent,status in (deployed)", "", true),
            ("", "type=helm.sh/release.v1", true),
            ("", "type==Opaque", false),
            ("", "type!=Opaque", true),
            ("", "metadata.name=sh.helm.release.v1.gim.v3,metadata.namespace=gim", true),
            ("", "metadata.namespace!=gim", false),
            ("owner=helm", "type=Opaque", false),
        ];
        for (labels, fields, expected) in cases {
            let selector = Selector::parse(Kind::Secrets, labels, fields).unwrap();
            assert_eq!(selector.matches(&object), expected, "labels {labels:?} fields {fields:?}");
        }
    }

    #[test]
    fn what_is_no_selector_is_refused() {
        let cases = [
            ("a b", "", "requirement"),
            ("=b", "", "requirement"),
            ("a in (b", "", "requirement"),
            ("a within (b)", "", "requirement"),
            ("a=b c", "", "requirement"),
            ("a!=b,,c", "", "identifier after ','"),
            ("", "spec.nodeName=a", "not supported"),
            ("", "metadata.name", "can't understand"),
        ];
        for (labels, fields, expected) in cases {
            let error = Selector::parse(Kind::Secrets, labels, fields).unwrap_err().to_string();
            assert!(error.contains(expected), "{labels:?} {fields:?}: {error}");
        }
        assert!(Selector::parse(Kind::Pods, "", "spec.nodeName=a,status.phase!=Failed").is_ok());
    }
}
