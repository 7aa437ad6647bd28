//! Names of tables and columns as SQL spells them: parts joined by dots, folded to lower case unless quoted, as `PostgreSQL` does.
//!
//! Pure text. Not for whether such a table exists: that is asked of the database.

/// The longest part, in bytes: `PostgreSQL` cuts longer ones.
pub const MAX_PART_BYTES: usize = 63;

/// Reads a name's parts: `gim."Fact"` is `gim` and `Fact`. `None` where it is no name.
#[must_use]
pub fn parts(text: &str) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let (part, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_part(quoted)?,
            None => plain_part(rest)?,
        };
        if part.is_empty() || part.len() > MAX_PART_BYTES || part.contains('\0') {
            return None;
        }
        parts.push(part);
        if after.is_empty() {
            return Some(parts);
        }
        rest = after.strip_prefix('.')?;
    }
}

/// Up to the closing quote; two quotes within stand for one.
fn quoted_part(text: &str) -> Option<(String, &str)> {
    let mut part = String::new();
    let mut rest = text;
    loop {
        let (inside, after) = rest.split_once('"')?;
        part.push_str(inside);
        match after.strip_prefix('"') {
            Some(more) => {
                part.push('"');
                rest = more;
            }
            None => return Some((part, after)),
        }
    }
}

fn plain_part(text: &str) -> Option<(String, &str)> {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '$')).unwrap_or(text.len());
    let (part, after) = text.split_at_checked(end)?;
    let begins = part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    begins.then(|| (part.to_ascii_lowercase(), after))
}

/// A part as it may stand in a statement, whatever is in it.
#[must_use]
pub fn quote(part: &str) -> String {
    format!("\"{}\"", part.replace('"', "\"\""))
}

/// Parts as people write them: quoted only where they must be.
#[must_use]
pub fn spell(parts: &[String]) -> String {
    let spelled = parts.iter().map(|part| match plain_part(part) {
        Some((plain, "")) if plain == *part => plain,
        _ => quote(part),
    });
    spelled.collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_postgres_reads_them() {
        let cases: &[(&str, Option<&[&str]>)] = &[
            ("CTL_Transform_History", Some(&["ctl_transform_history"])),
            ("Gim.Fact$1", Some(&["gim", "fact$1"])),
            ("\"Gim\".\"a.b\".C", Some(&["Gim", "a.b", "c"])),
            ("\"say \"\"x\"\"\"", Some(&["say \"x\""])),
            ("", None),
            ("a.", None),
            (".a", None),
            ("a b", None),
            ("1a", None),
            ("a;drop table b", None),
            ("\"a", None),
            ("\"\"", None),
            ("a\"b\"", None),
        ];
        for (text, expected) in cases {
            let expected = expected.map(|parts| parts.iter().map(ToString::to_string).collect::<Vec<_>>());
            assert_eq!(parts(text), expected, "{text}");
        }
        assert_eq!(parts(&"a".repeat(64)), None);
    }

    #[test]
    fn what_is_spelled_reads_back() {
        for text in ["gim.fact", "\"Gim\".\"a.b\".c", "\"say \"\"x\"\"\"", "\"1a\""] {
            let read = parts(text).unwrap();
            assert_eq!(spell(&read), text);
        }
        assert_eq!(quote("a\"; drop table b; --"), "\"a\"\"; drop table b; --\"");
    }
}
