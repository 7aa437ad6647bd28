//! Values that say where something is asked or found: addresses, files, queries, names of a database and of its tables.

use super::values::{Takes, Word, WordVisitor, repeated};
use crate::model::database::SchemaObject;
use crate::model::names::Name;
use crate::model::sql_name;

/// The longest host name (RFC 1035).
const MAX_HOST: usize = 253;
/// The longest path that Linux takes.
const MAX_PATH: usize = 4096;
/// The longest query: longer ones do not fit into a URL that every server takes.
const MAX_QUERY: usize = 2048;
/// The longest name of an object of Kubernetes (RFC 1123, a subdomain).
const MAX_OBJECT: usize = 253;
/// The longest text that is compared with a label.
const MAX_TEXT: usize = 249;

/// Declares words that are texts with a rule.
macro_rules! texts {
    ($($(#[doc = $doc:literal])+ $name:ident: $what:literal, $form:literal, $good:expr;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Debug)]
        pub(super) struct $name(pub(super) Name);

        impl Word for $name {
            const FORM: &'static str = $form;

            fn read(text: &str) -> Result<Self, String> {
                let good: fn(&str) -> bool = $good;
                if good(text) {
                    return Ok(Self(text.into()));
                }
                Err(format!("{} is not {}; write {}", repeated(text), $what, $form))
            }
        }

        words!($name);
    )+};
}

texts! {
    /// Where a server is reached.
    Address: "an address", "host:port, such as kafka.example.com:9092", is_address;
    /// A host.
    Host: "a host", "a host name or an IP address", is_host;
    /// A file.
    FilePath: "a file", "the path of a file", |text| is_line(text, MAX_PATH);
    /// A query of Prometheus.
    Query: "a query", "a PromQL query that gives one series", |text| is_line(text, MAX_QUERY);
    /// Label matchers of Prometheus.
    Matchers: "a list of label matchers", "label matchers, such as namespace=\"gim\",container=\"gim\"", is_matchers;
    /// Name of a database, or of its user.
    DatabaseName: "a name", "a name of at most 63 bytes", |text| is_line(text, sql_name::MAX_PART_BYTES);
    /// Name of an object of Kubernetes.
    ObjectName: "a name", "a name of lower case letters, digits, - and ., at most 253 characters", is_object;
    /// A version, as a label spells it.
    VersionText: "a version", "a version as the label spells it", |text| is_line(text, MAX_TEXT);
}

fn is_line(text: &str, longest: usize) -> bool {
    !text.trim().is_empty() && text.len() <= longest && !text.chars().any(char::is_control)
}

fn is_host(text: &str) -> bool {
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    if let Some(inner) = inner {
        return inner.parse::<std::net::Ipv6Addr>().is_ok();
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    (!text.is_empty() && text.len() <= MAX_HOST && text.chars().all(allowed))
        || text.parse::<std::net::Ipv6Addr>().is_ok()
}

fn is_address(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    // An IPv6 address needs brackets here, else its last group would be the port.
    let bracketed = host.starts_with('[') || !host.contains(':');
    bracketed && is_host(host) && port.parse().is_ok_and(|port: u16| port > 0)
}

fn is_object(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    text.len() <= MAX_OBJECT && text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(inner)
}

/// Matchers stand between braces of our own, so none of theirs may close them.
fn is_matchers(text: &str) -> bool {
    let (mut quoted, mut escaped, mut compares) = (false, false, false);
    for c in text.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '=' | '~' => compares = true,
            '!' | ',' | '_' | ' ' => {}
            c if c.is_ascii_alphanumeric() => {}
            _ => return false,
        }
    }
    compares && !quoted && is_line(text, MAX_QUERY)
}

/// A table or a view, perhaps with its schema.
#[derive(Clone, Debug)]
pub(super) struct Table(pub(super) SchemaObject);

/// A column of one.
#[derive(Clone, Debug)]
pub(super) struct Column(pub(super) SchemaObject);

impl Word for Table {
    const FORM: &'static str =
        "names of tables or views, each with its schema and a dot before it where it has another";

    fn read(text: &str) -> Result<Self, String> {
        let parts = sql_name::parts(text).filter(|parts| parts.len() <= 2);
        let parts = parts.ok_or_else(|| format!("{text:?} is not a table; write table or schema.table"))?;
        Ok(Self(SchemaObject { table: sql_name::spell(&parts).into(), column: None }))
    }
}

impl Word for Column {
    const FORM: &'static str = "names of columns, each with its table and a dot before it";

    fn read(text: &str) -> Result<Self, String> {
        let mut parts = sql_name::parts(text).filter(|parts| matches!(parts.len(), 2 | 3)).unwrap_or_default();
        let Some(column) = parts.pop() else {
            return Err(format!("{text:?} is not a column; write table.column or schema.table.column"));
        };
        let column = Some(sql_name::spell(&[column]).into());
        Ok(Self(SchemaObject { table: sql_name::spell(&parts).into(), column }))
    }
}

words!(Table, Column);

/// Declares what a list takes.
macro_rules! lists {
    ($($item:ty: $takes:literal;)+) => {$(
        impl Takes for Vec<$item> {
            const TAKES: &'static str = $takes;
        }
    )+};
}

lists! {
    Address: "a list of addresses host:port";
    Table: "a list of tables or views";
    Column: "a list of columns";
}

/// Values that serde reads by itself.
macro_rules! plain {
    ($($kind:ty: $takes:literal;)+) => {$(
        impl Takes for $kind {
            const TAKES: &'static str = $takes;
        }
    )+};
}

plain! {
    bool: "true or false";
    i64: "a whole number";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_matchers() {
        for good in ["kafka:9092", "[::1]:9092", "10.0.0.1:1", "a_b.c-d:65535"] {
            assert!(is_address(good), "{good}");
        }
        for bad in ["kafka", "kafka:0", "kafka:70000", "::1:9092", "http://kafka:9092", "a b:1", ":9092", "me@kafka:1"]
        {
            assert!(!is_address(bad), "{bad}");
        }
        for good in ["namespace=\"gim\"", "namespace=~\"gim-.*\", container!=\"a}b\"", "a=\"\\\"}\""] {
            assert!(is_matchers(good), "{good}");
        }
        for bad in ["", "namespace", "namespace=\"gim\"}", "a=\"b", "a=\"b\"} or vector(1", "{a=\"b\"}"] {
            assert!(!is_matchers(bad), "{bad}");
        }
    }
}
