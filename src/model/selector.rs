//! Selectors: how the configuration tells which workloads and pods are a component's, where neither Helm's mark nor a name
//! that begins with the release's does.

use super::names::Name;
use super::workload::AppLabels;

/// Which workloads and pods are a component's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    /// By what they are told.
    pub by: SelectBy,
    /// How many pods without a workload are wanted; `None`: as many as there are.
    pub pods: Option<u32>,
}

/// By what objects are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SelectBy {
    /// Label `app` has this value.
    App(Name),
    /// Label `app.kubernetes.io/name` has this value.
    AppName(Name),
    /// The object's name is this, `*` standing for anything.
    Name(Name),
}

impl Selector {
    /// Whether an object with this name and these labels is the component's.
    #[must_use]
    pub fn selects(&self, name: &str, labels: &AppLabels) -> bool {
        match &self.by {
            SelectBy::App(value) => labels.app.as_ref() == Some(value),
            SelectBy::AppName(value) => labels.name.as_ref() == Some(value),
            SelectBy::Name(pattern) => matches(pattern, name),
        }
    }
}

/// Whether a name is like a pattern with at most one `*`.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((begin, end)) => name.strip_prefix(begin).is_some_and(|rest| rest.ends_with(end)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything_and_letters_for_themselves() {
        let cases = [
            ("gsp", "gsp", true),
            ("gsp", "gsp-jm", false),
            ("gsp-*", "gsp-jm", true),
            ("gsp-*", "gsp", false),
            ("*-gsp", "t100-gsp", true),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("a-*-tm", "a-1-tm", true),
            ("a-*-tm", "a-1-jm", false),
        ];
        for (pattern, name, expected) in cases {
            let selector = Selector { by: SelectBy::Name(pattern.into()), pods: None };
            assert_eq!(selector.selects(name, &AppLabels::default()), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn labels_must_be_equal() {
        let labels = AppLabels { app: Some("gsp".into()), name: Some("stream".into()) };
        let selects = |by| Selector { by, pods: None }.selects("x", &labels);
        assert!(selects(SelectBy::App("gsp".into())) && selects(SelectBy::AppName("stream".into())));
        assert!(!selects(SelectBy::App("stream".into())) && !selects(SelectBy::AppName("gsp".into())));
    }
}
