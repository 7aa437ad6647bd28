//! Times as a scenario writes them: `90s`, `1h30m`, `-30d`, whole milliseconds inside.
//!
//! They are scenario time: the world divides them by its speed when it stamps objects. Not for real instants.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};

/// A span of scenario time, or an instant counted from the scenario's start; negative is before it. Milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(i64);

/// Longest span that a scenario may name, in milliseconds: ten years, far from any overflow.
const LONGEST_MS: i64 = 10 * 365 * DAY_MS;
const DAY_MS: i64 = 86_400_000;
/// Units in the order in which they may follow each other, in milliseconds.
const UNITS: [(&str, i64); 5] = [("d", DAY_MS), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

/// What is wrong with a time.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is no time: write it as 45s, 1h30m or -30d (units d, h, m, s, ms, largest first)")]
pub struct SpanError(String);

impl Span {
    /// No time at all, or the scenario's start.
    pub const ZERO: Self = Self(0);

    /// A span of whole milliseconds.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// A span of whole seconds.
    #[must_use]
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds * 1000)
    }

    /// Whole milliseconds.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Seconds with their fraction.
    #[must_use]
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// The sum, kept within the range of the type.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference, kept within the range of the type.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        let wrong = || SpanError(text.to_owned());
        let (negative, mut rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        if rest == "0" {
            return Ok(Self::ZERO);
        }
        let mut units = UNITS.iter();
        let mut total: i64 = 0;
        if rest.is_empty() {
            return Err(wrong());
        }
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
            let (count, tail) = rest.split_at(digits);
            let unit = tail.split(|c: char| c.is_ascii_digit()).next().unwrap_or_default();
            let (_, millis) = units.find(|(name, _)| *name == unit).ok_or_else(wrong)?;
            let count: i64 = count.parse().map_err(|_| wrong())?;
            total = count.checked_mul(*millis).and_then(|part| total.checked_add(part)).ok_or_else(wrong)?;
            rest = tail.get(unit.len()..).unwrap_or_default();
        }
        if total > LONGEST_MS {
            return Err(wrong());
        }
        Ok(Self(if negative { -total } else { total }))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return out.write_str("0s");
        }
        if self.0 < 0 {
            out.write_str("-")?;
        }
        let mut rest = self.0.unsigned_abs();
        for (name, millis) in UNITS {
            let millis = millis.unsigned_abs();
            if rest >= millis {
                write!(out, "{}{name}", rest / millis)?;
                rest %= millis;
            }
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        for (text, millis, again) in [
            ("0", 0, "0s"),
            ("0s", 0, "0s"),
            ("45s", 45_000, "45s"),
            ("1h30m", 5_400_000, "1h30m"),
            ("90m", 5_400_000, "1h30m"),
            ("-30d", -30 * DAY_MS, "-30d"),
            ("1m500ms", 60_500, "1m500ms"),
        ] {
            let span: Span = text.parse().unwrap();
            assert_eq!(span.millis(), millis, "{text}");
            assert_eq!(span.to_string(), again, "{text}");
        }
    }

    #[test]
    fn refuses_the_rest() {
        for text in ["", "-", "5", "s", "5x", "1m1h", "1s1s", "5 s", "1.5h", "99999999999999999999s", "99999d"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }
}
