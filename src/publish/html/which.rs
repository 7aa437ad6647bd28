//! Which page: what a query asks for.

use super::fleet;
use crate::assess::snapshot::Snapshot;
use crate::model::names::Name;

/// What a page shows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Which {
    /// One suite.
    Suite(Name),
    /// All suites, those that need somebody first, beginning with this one in that order.
    Fleet {
        /// How many are left out before.
        from: usize,
    },
}

impl Which {
    /// What `suite=NAME` or `from=N` asks for; without either the only suite, or all where there is not exactly one. `None`
    /// where no suite of that name is watched.
    #[must_use]
    pub fn of(query: Option<&str>, snapshot: &Snapshot) -> Option<Self> {
        let value = |wanted: &str| {
            let mut pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
            pairs.find(|(key, _)| key == wanted).map(|(_, value)| value)
        };
        if let Some(name) = value("suite") {
            let suite = snapshot.suites.iter().find(|suite| *suite.suite.name == *name)?;
            return Some(Self::Suite(suite.suite.name.clone()));
        }
        match (value("from"), snapshot.suites.as_slice()) {
            (None, [only]) => Some(Self::Suite(only.suite.name.clone())),
            // What is no number is as good as none.
            (from, suites) => {
                let from: usize = from.and_then(|from| from.parse().ok()).unwrap_or_default();
                Some(Self::Fleet { from: fleet::begin(from, suites.len()) })
            }
        }
    }

    /// The query that asks for it, after `begin`; of the beginning of all suites too, since a suite may come or go.
    #[must_use]
    pub fn query(&self, begin: &str) -> String {
        match self {
            Self::Suite(name) => format!("{begin}{}", suite_query(name)),
            Self::Fleet { from } => format!("{begin}from={from}"),
        }
    }
}

/// `suite=NAME`, encoded.
pub(super) fn suite_query(name: &str) -> String {
    form_urlencoded::Serializer::new(String::new()).append_pair("suite", name).finish()
}
