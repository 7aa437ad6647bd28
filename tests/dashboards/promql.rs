//! `PromQL` as words: which metrics and labels a query names, and the same query with another name in the place of one.
//!
//! Reads what the dashboards' queries are made of, and no more; whether a query is right is Prometheus's to say.

use std::collections::BTreeSet;

/// What is no name of a metric or of a label.
const WORDS: [&str; 28] = [
    "max",
    "min",
    "sum",
    "count",
    "group",
    "topk",
    "sort",
    "rate",
    "time",
    "timestamp",
    "histogram_quantile",
    "label_join",
    "label_values",
    "by",
    "on",
    "ignoring",
    "group_left",
    "and",
    "or",
    "unless",
    "bool",
    "without",
    "s",
    "m",
    "h",
    "d",
    "offset",
    "e",
];
/// After these stand names of labels in parentheses.
const LABELS_FOLLOW: [&str; 5] = ["by", "on", "ignoring", "group_left", "without"];

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    Other(String),
}

/// A metric that is selected, and the labels by which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    pub metric: String,
    pub labels: Vec<String>,
}

/// What a query names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    pub selectors: Vec<Selector>,
    /// Labels by which answers are joined and grouped.
    pub grouped: BTreeSet<String>,
    /// Labels that the query makes.
    pub made: BTreeSet<String>,
}

impl Names {
    pub fn metrics(&self) -> BTreeSet<&str> {
        self.selectors.iter().map(|selector| selector.metric.as_str()).collect()
    }

    /// All labels that it names and does not make.
    pub fn labels(&self) -> BTreeSet<&str> {
        let matched = self.selectors.iter().flat_map(|selector| &selector.labels);
        matched.chain(&self.grouped).filter(|label| !self.made.contains(*label)).map(String::as_str).collect()
    }
}

fn tokens(query: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = query;
    while let Some(first) = rest.chars().next() {
        let taken = if first == '"' {
            let end = rest[1..].find('"').unwrap() + 1;
            tokens.push(Token::Text(rest[1..end].to_owned()));
            end + 1
        } else if first.is_alphanumeric() || first == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').unwrap_or(rest.len());
            let word = &rest[..end];
            // Durations and numbers begin with a digit.
            let named = !word.starts_with(|c: char| c.is_ascii_digit());
            tokens.push(if named { Token::Word(word.to_owned()) } else { Token::Other(word.to_owned()) });
            end
        } else if first == '$' {
            let end = rest[1..].find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len() - 1) + 1;
            tokens.push(Token::Other(rest[..end].to_owned()));
            end
        } else {
            tokens.push(Token::Other(first.to_string()));
            first.len_utf8()
        };
        rest = &rest[taken..];
    }
    tokens
}

fn is(token: Option<&Token>, other: &str) -> bool {
    matches!(token, Some(Token::Other(text)) if text == other)
}

/// What a query names.
pub fn names(query: &str) -> Names {
    let tokens: Vec<_> = tokens(query)
        .into_iter()
        .filter(|token| !matches!(token, Token::Other(text) if text.trim().is_empty()))
        .collect();
    let (mut names, mut texts) = (Names::default(), Vec::new());
    let (mut at, mut listing) = (0, false);
    while let Some(token) = tokens.get(at) {
        match token {
            Token::Other(text) if text == ")" => listing = false,
            Token::Word(word) if listing => drop(names.grouped.insert(word.clone())),
            Token::Word(word) if LABELS_FOLLOW.contains(&word.as_str()) => listing = true,
            Token::Word(word) if WORDS.contains(&word.as_str()) => {}
            // The label that is asked for.
            Token::Word(word)
                if is(tokens.get(at + 1), ")") && is(at.checked_sub(1).and_then(|it| tokens.get(it)), ",") =>
            {
                names.grouped.insert(word.clone());
            }
            Token::Word(metric) => {
                let mut labels = Vec::new();
                if is(tokens.get(at + 1), "{") {
                    at += 2;
                    while !is(tokens.get(at), "}") {
                        if let Token::Word(label) = &tokens[at] {
                            labels.push(label.clone());
                        }
                        at += 1;
                    }
                }
                names.selectors.push(Selector { metric: metric.clone(), labels });
            }
            // Those of selectors were passed over with their braces.
            Token::Text(text) => texts.push(text.clone()),
            Token::Other(_) => {}
        }
        at += 1;
    }
    // label_join: what is made, what stands between, and what it is made of.
    if let [made, _, of @ ..] = &texts[..] {
        names.made.insert(made.clone());
        names.grouped.extend(of.iter().cloned());
    }
    names
}

/// The query with `to` in the place of the name `from`.
pub fn renamed(query: &str, from: &str, to: &str) -> String {
    let write = |token: Token| match token {
        Token::Word(word) if word == from => to.to_owned(),
        Token::Word(word) | Token::Other(word) => word,
        Token::Text(text) if text == from => format!("\"{to}\""),
        Token::Text(text) => format!("\"{text}\""),
    };
    tokens(query).into_iter().map(write).collect()
}

#[test]
fn metrics_and_labels_are_told_apart() {
    let query = "sum by (le, kind) (rate(a_total{x=~\"$x\", kind!=\"y\"}[$__rate_interval])) > 0.5\nunless on (kind) b";
    let found = names(query);
    assert_eq!(found.metrics(), BTreeSet::from(["a_total", "b"]));
    assert_eq!(found.selectors[0].labels, ["x", "kind"]);
    assert_eq!(found.labels(), BTreeSet::from(["kind", "le", "x"]));
    let joined =
        names("label_join(max by (suite, component) (a{suite=\"s\"}), \"lane\", \" \", \"suite\", \"component\")");
    assert_eq!((joined.labels(), joined.made.len()), (BTreeSet::from(["suite", "component"]), 1));
    assert_eq!(names("label_values(a{suite=~\"$suite\"}, component)").labels(), BTreeSet::from(["suite", "component"]));
    assert_eq!(renamed(query, "kind", "other").matches("other").count(), 3);
    assert_eq!(renamed(query, "b", "c"), query.replace(") b", ") c"));
}
