//! Durations as the file spells them: `500ms`, `90s`, `15m`, `2h`, `1h30m`, `30d`.
//!
//! The form is Prometheus's, so that one habit serves rules and configuration. A duration that is not one is refused with
//! what its writer probably meant.

use std::fmt::Write as _;
use std::time::Duration;

use super::values::Word;

/// The longest duration: longer ones are slips of the pen, and all sums of instants stay in range.
const MAX_SPAN: Duration = Duration::from_hours(24 * 366);

/// A duration: a whole number and a unit, or several, the larger unit first (`1h30m`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span(pub(super) Duration);

/// Units of durations with their length in milliseconds, largest first, and what people write instead.
const UNITS: [(&str, u64, &[&str]); 5] = [
    ("d", 86_400_000, &["day", "days"]),
    ("h", 3_600_000, &["hour", "hours", "hr", "hrs"]),
    ("m", 60_000, &["minute", "minutes", "min", "mins"]),
    ("s", 1_000, &["second", "seconds", "sec", "secs"]),
    ("ms", 1, &["millisecond", "milliseconds", "millis"]),
];

impl Word for Span {
    const FORM: &'static str = "a duration such as 500ms, 90s, 15m, 2h or 1h30m";
    const SHORT: &'static str = "a duration";

    fn read(text: &str) -> Result<Self, String> {
        let span =
            parse_span(text).ok_or_else(|| format!("{text:?} is not a duration; write {}", nearest_span(text)))?;
        if span.is_zero() {
            return Err(format!("{text:?} is not longer than 0; write {}", Self::FORM));
        }
        if span > MAX_SPAN {
            return Err(format!("{text:?} is longer than a year; write less than 366d"));
        }
        Ok(Self(span))
    }
}

impl Span {
    /// The duration that was written, else the default.
    pub(super) fn or(written: Option<Self>, default: Duration) -> Duration {
        written.map_or(default, |span| span.0)
    }
}

fn parse_span(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut units = UNITS.iter();
    let mut millis: u64 = 0;
    while !rest.is_empty() {
        let (digits, after) = split_digits(rest);
        let letters = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(letters)?;
        let &(_, length, _) = units.find(|&&(name, ..)| name == unit)?;
        millis = millis.checked_add(digits.parse::<u64>().ok()?.checked_mul(length)?)?;
        rest = after;
    }
    (!text.is_empty()).then(|| Duration::from_millis(millis))
}

/// What the writer of `text` probably meant, else what any duration looks like.
fn nearest_span(text: &str) -> String {
    let (digits, rest) = split_digits(text.trim());
    let word = rest.trim().to_ascii_lowercase();
    match UNITS.iter().find(|(name, _, others)| *name == word || others.contains(&word.as_str())) {
        _ if digits.is_empty() => Span::FORM.to_owned(),
        Some((unit, ..)) => format!("{digits}{unit}"),
        None if word.is_empty() => format!("{digits}s or {digits}m"),
        None => Span::FORM.to_owned(),
    }
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at_checked(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len())).unwrap_or((text, ""))
}

/// Spells a duration as the file does.
pub(super) fn spell(span: Duration) -> String {
    let mut millis = span.as_millis();
    let mut text = String::new();
    for (unit, length, _) in UNITS.iter().skip(1) {
        let count = millis / u128::from(*length);
        millis %= u128::from(*length);
        if count > 0 {
            // Writing to a String cannot fail.
            let _ = write!(text, "{count}{unit}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_prometheus_reads_them() {
        let cases = [
            ("500ms", Some(500)),
            ("90s", Some(90_000)),
            ("15m", Some(900_000)),
            ("2h", Some(7_200_000)),
            ("1h30m", Some(5_400_000)),
            ("1d2h3m4s5ms", Some(93_784_005)),
            ("30m1h", None),
            ("1h1h", None),
            ("1.5h", None),
            ("-1s", None),
            ("15", None),
            ("m", None),
            ("", None),
            ("15 m", None),
            ("99999999999999999999s", None),
            ("18446744073709551615d", None),
            ("15м", None),
        ];
        for (text, millis) in cases {
            assert_eq!(parse_span(text), millis.map(Duration::from_millis), "{text}");
        }
    }

    #[test]
    fn a_wrong_duration_is_told_with_what_was_meant() {
        let cases = [
            ("60 minutes", "\"60 minutes\" is not a duration; write 60m"),
            ("60", "\"60\" is not a duration; write 60s or 60m"),
            ("2 Hours", "\"2 Hours\" is not a duration; write 2h"),
            ("2H", "\"2H\" is not a duration; write 2h"),
            ("soon", "\"soon\" is not a duration; write a duration such as 500ms, 90s, 15m, 2h or 1h30m"),
            ("0s", "\"0s\" is not longer than 0; write a duration such as 500ms, 90s, 15m, 2h or 1h30m"),
            ("400d", "\"400d\" is longer than a year; write less than 366d"),
        ];
        for (text, error) in cases {
            assert_eq!(Span::read(text).unwrap_err(), error);
        }
    }

    #[test]
    fn what_is_spelled_reads_back() {
        for millis in [1, 500, 1_000, 90_000, 5_400_000, 86_400_000, 93_784_005] {
            let span = Duration::from_millis(millis);
            assert_eq!(parse_span(&spell(span)), Some(span));
        }
        assert_eq!(spell(Duration::from_hours(24)), "24h");
        assert_eq!(spell(Duration::from_secs(90)), "1m30s");
    }
}
