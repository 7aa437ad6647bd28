//! Identities that tens of thousands of objects have one each of, in as few bytes as they need.
//!
//! Kubernetes promises of a UID and of a resource version no more than that they are texts; nearly always they are a UUID and
//! a number. Any other text is kept as it is. Not for names that many objects share: those are interned.

use std::fmt;

use super::names::Name;

/// The UID of an object.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uid(Kept<[u8; 16]>);

/// The resource version of an object.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceVersion(Kept<u64>);

/// A text, or what is written out as just that text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Kept<T> {
    Short(T),
    Text(Name),
}

impl ResourceVersion {
    /// Whether it is older than another one. API servers of today promise that versions are ordered numbers; of any other
    /// texts, one that differs counts as older.
    #[must_use]
    pub fn is_before(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Kept::Short(own), Kept::Short(other)) => own < other,
            (own, other) => own != other,
        }
    }
}

impl<T: AsRef<str>> From<T> for Uid {
    fn from(text: T) -> Self {
        let text = text.as_ref();
        Self(uuid(text).map_or_else(|| Kept::Text(text.into()), Kept::Short))
    }
}

impl<T: AsRef<str>> From<T> for ResourceVersion {
    fn from(text: T) -> Self {
        let text = text.as_ref();
        // One that is written otherwise, such as `+7` or `007`, is another text.
        let number = text.parse().ok().filter(|number: &u64| number.to_string() == text);
        Self(number.map_or_else(|| Kept::Text(text.into()), Kept::Short))
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kept::Text(text) => f.write_str(text),
            Kept::Short(bytes) => {
                let number = u128::from_be_bytes(*bytes);
                let part = |shift: u32, digits: u32| (number >> shift) & ((1 << (4 * digits)) - 1);
                write!(f, "{:08x}-{:04x}-{:04x}-", part(96, 8), part(80, 4), part(64, 4))?;
                write!(f, "{:04x}-{:012x}", part(48, 4), part(0, 12))
            }
        }
    }
}

impl fmt::Display for ResourceVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kept::Text(text) => f.write_str(text),
            Kept::Short(number) => number.fmt(f),
        }
    }
}

impl fmt::Debug for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Debug for ResourceVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The bytes of a UUID that is written as Kubernetes writes it: in lower case, with hyphens.
fn uuid(text: &str) -> Option<[u8; 16]> {
    const HYPHENS: [usize; 4] = [8, 13, 18, 23];
    if text.len() != 36 {
        return None;
    }
    let mut number: u128 = 0;
    for (at, byte) in text.bytes().enumerate() {
        let digit = match byte {
            b'-' if HYPHENS.contains(&at) => continue,
            _ if HYPHENS.contains(&at) => return None,
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            _ => return None,
        };
        number = number << 4 | u128::from(digit);
    }
    Some(number.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "0b5f6d52-00a1-4c5e-9fd0-8e0f3a6c7d10";

    #[test]
    fn every_text_comes_back() {
        let upper = UUID.to_uppercase();
        for text in ["", "u-1", UUID, &upper, &UUID.replace('-', "a"), &UUID.replace('d', "-"), &UUID[1..]] {
            assert_eq!(Uid::from(text).to_string(), text);
        }
        for text in ["", "0", "7", "007", "+7", "814", "18446744073709551615", "18446744073709551616", "1:2"] {
            assert_eq!(ResourceVersion::from(text).to_string(), text);
        }
    }

    #[test]
    fn the_usual_ones_take_no_more_room_than_a_name() {
        assert_eq!(size_of::<ResourceVersion>(), size_of::<Name>());
        assert!(matches!(Uid::from(UUID).0, Kept::Short(_)));
        assert!(matches!(ResourceVersion::from("814").0, Kept::Short(814)));
    }

    #[test]
    fn versions_are_ordered_as_numbers() {
        let is_before = |a: &str, b: &str| ResourceVersion::from(a).is_before(&b.into());
        assert!(is_before("9", "10") && !is_before("10", "9") && !is_before("9", "9"));
        assert!(is_before("a", "b") && is_before("b", "a") && !is_before("a", "a") && is_before("a", "7"));
    }
}
