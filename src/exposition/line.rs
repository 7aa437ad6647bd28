//! The grammar of one line, in both formats. It sees a single line and remembers nothing: what lines mean to each
//! other (families, series given twice) is not its business.
//!
//! Sources: the description of text 0.0.4 in Prometheus's documentation, and the ABNF of OpenMetrics 1.0.0.

use std::borrow::Cow;

use super::cursor::{Cursor, Fault};
use super::error::Problem;
use super::format::Format;
use super::sample::Kind;

/// Labels that one sample, or one exemplar, may carry. Prometheus itself advises ten at most; real pages stay below
/// twenty.
pub const MAX_LABELS: usize = 64;

/// Characters that the labels of one exemplar may have together, names and values counted (OpenMetrics 1.0.0).
const MAX_EXEMPLAR_CHARACTERS: usize = 128;

/// What a line is.
#[derive(Debug, PartialEq)]
pub(super) enum Line<'a> {
    /// Nothing, or a comment.
    Nothing,
    Metadata {
        family: &'a str,
        what: Metadata<'a>,
    },
    Sample(RawSample<'a>),
    /// OpenMetrics's `# EOF`.
    Eof,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Metadata<'a> {
    Help,
    Type(Kind),
    Unit(&'a str),
}

/// A sample as its line has it, before it is known which family it belongs to.
#[derive(Debug, PartialEq)]
pub(super) struct RawSample<'a> {
    pub(super) name: &'a str,
    pub(super) labels: Vec<(&'a str, Cow<'a, str>)>,
    pub(super) value: f64,
    pub(super) timestamp_milliseconds: Option<i64>,
    pub(super) has_exemplar: bool,
}

impl RawSample<'_> {
    pub(super) fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(label, _)| *label == name).map(|(_, value)| value.as_ref())
    }
}

/// Reads one line, given without its line feed.
pub(super) fn read(format: Format, text: &str) -> Result<Line<'_>, Fault> {
    if text.ends_with('\r') {
        return Err((text.len(), Problem::CarriageReturn));
    }
    let cursor = Cursor::new(text);
    match format {
        Format::Text => text_line(cursor),
        Format::OpenMetrics => openmetrics_line(cursor),
    }
}

fn text_line(mut cursor: Cursor<'_>) -> Result<Line<'_>, Fault> {
    cursor.skip_blanks();
    if cursor.rest().is_empty() {
        return Ok(Line::Nothing);
    }
    if !cursor.eat('#') {
        return text_sample(cursor).map(Line::Sample);
    }
    cursor.skip_blanks();
    let word = cursor.take_while(|c| !matches!(c, ' ' | '\t'));
    if !matches!(word, "HELP" | "TYPE") {
        return Ok(Line::Nothing);
    }
    cursor.skip_blanks();
    let family = metric_name(&mut cursor)?;
    if !matches!(cursor.peek(), None | Some(' ' | '\t')) {
        return Err(cursor.fault(Problem::ExpectedMetricName));
    }
    cursor.skip_blanks();
    let what = if word == "HELP" {
        check_help(cursor, Format::Text)?;
        Metadata::Help
    } else {
        let start = cursor;
        let kind = cursor.take_while(|c| !matches!(c, ' ' | '\t'));
        let kind = Kind::of_text(kind).ok_or(start.fault(Problem::UnknownType))?;
        cursor.skip_blanks();
        end(cursor)?;
        Metadata::Type(kind)
    };
    Ok(Line::Metadata { family, what })
}

fn openmetrics_line(mut cursor: Cursor<'_>) -> Result<Line<'_>, Fault> {
    if cursor.rest().is_empty() {
        return Err(cursor.fault(Problem::EmptyLine));
    }
    if !cursor.eat('#') {
        return openmetrics_sample(cursor).map(Line::Sample);
    }
    space(&mut cursor)?;
    let start = cursor;
    let word = cursor.take_while(|c| c != ' ');
    if word == "EOF" {
        end(cursor)?;
        return Ok(Line::Eof);
    }
    if !matches!(word, "HELP" | "TYPE" | "UNIT") {
        return Err(start.fault(Problem::ExpectedDirective));
    }
    space(&mut cursor)?;
    let family = metric_name(&mut cursor)?;
    space(&mut cursor)?;
    let what = match word {
        "HELP" => {
            check_help(cursor, Format::OpenMetrics)?;
            Metadata::Help
        }
        "TYPE" => {
            Metadata::Type(Kind::of_openmetrics(cursor.rest()).ok_or_else(|| cursor.fault(Problem::UnknownType))?)
        }
        _ => {
            let unit = cursor.take_while(is_metric_character);
            end(cursor)?;
            Metadata::Unit(unit)
        }
    };
    Ok(Line::Metadata { family, what })
}

fn text_sample(mut cursor: Cursor<'_>) -> Result<RawSample<'_>, Fault> {
    let name = metric_name(&mut cursor)?;
    let after_name = cursor;
    cursor.skip_blanks();
    let mut labels = Vec::new();
    if cursor.eat('{') {
        loop {
            cursor.skip_blanks();
            if cursor.eat('}') {
                break;
            }
            label(&mut cursor, &mut labels, Format::Text)?;
            cursor.skip_blanks();
            if cursor.peek() != Some('}') && !cursor.eat(',') {
                return Err(cursor.fault(Problem::ExpectedCommaOrBrace));
            }
        }
        cursor.skip_blanks();
    } else if cursor.rest().len() == after_name.rest().len() && !cursor.rest().is_empty() {
        // Something stuck to the name: a character that no name may have, most often.
        return Err(cursor.fault(Problem::ExpectedSpace));
    }
    let value = value(&mut cursor)?;
    cursor.skip_blanks();
    let timestamp_milliseconds = if cursor.rest().is_empty() {
        None
    } else {
        let start = cursor;
        let digits = cursor.take_while(|c| !matches!(c, ' ' | '\t'));
        let milliseconds = digits.parse::<i64>().map_err(|_| start.fault(Problem::ExpectedTimestamp))?;
        cursor.skip_blanks();
        end(cursor)?;
        Some(milliseconds)
    };
    Ok(RawSample { name, labels, value, timestamp_milliseconds, has_exemplar: false })
}

fn openmetrics_sample(mut cursor: Cursor<'_>) -> Result<RawSample<'_>, Fault> {
    let name = metric_name(&mut cursor)?;
    let labels = if cursor.peek() == Some('{') { openmetrics_labels(&mut cursor)? } else { Vec::new() };
    space(&mut cursor)?;
    let value = value(&mut cursor)?;
    let mut sample = RawSample { name, labels, value, timestamp_milliseconds: None, has_exemplar: false };
    if cursor.rest().is_empty() {
        return Ok(sample);
    }
    space(&mut cursor)?;
    if cursor.peek() != Some('#') {
        sample.timestamp_milliseconds = Some(timestamp(&mut cursor)?);
        if cursor.rest().is_empty() {
            return Ok(sample);
        }
        space(&mut cursor)?;
    }
    exemplar(cursor)?;
    sample.has_exemplar = true;
    Ok(sample)
}

/// Checks `# {labels} value [timestamp]` and forgets it: nothing here has a use for exemplars.
fn exemplar(mut cursor: Cursor<'_>) -> Result<(), Fault> {
    if !cursor.strip("# ") || cursor.peek() != Some('{') {
        return Err(cursor.fault(Problem::ExpectedExemplar));
    }
    let start = cursor;
    let labels = openmetrics_labels(&mut cursor)?;
    let characters: usize = labels.iter().map(|(name, value)| name.chars().count() + value.chars().count()).sum();
    if characters > MAX_EXEMPLAR_CHARACTERS {
        return Err(start.fault(Problem::ExemplarTooLong));
    }
    space(&mut cursor)?;
    value(&mut cursor)?;
    if !cursor.rest().is_empty() {
        space(&mut cursor)?;
        timestamp(&mut cursor)?;
    }
    end(cursor)
}

fn openmetrics_labels<'a>(cursor: &mut Cursor<'a>) -> Result<Vec<(&'a str, Cow<'a, str>)>, Fault> {
    let mut labels = Vec::new();
    cursor.eat('{');
    if cursor.eat('}') {
        return Ok(labels);
    }
    loop {
        label(cursor, &mut labels, Format::OpenMetrics)?;
        if cursor.eat('}') {
            return Ok(labels);
        }
        if !cursor.eat(',') {
            return Err(cursor.fault(Problem::ExpectedCommaOrBrace));
        }
    }
}

/// Reads `name="value"` and adds it to `labels`.
fn label<'a>(cursor: &mut Cursor<'a>, labels: &mut Vec<(&'a str, Cow<'a, str>)>, format: Format) -> Result<(), Fault> {
    let start = *cursor;
    if !cursor.peek().is_some_and(|c| c.is_ascii_alphabetic() || c == '_') {
        return Err(cursor.fault(Problem::ExpectedLabelName));
    }
    let name = cursor.take_while(|c| c.is_ascii_alphanumeric() || c == '_');
    if name == "__name__" {
        return Err(start.fault(Problem::ReservedLabel));
    }
    if labels.iter().any(|(earlier, _)| *earlier == name) {
        return Err(start.fault(Problem::DuplicateLabel));
    }
    if labels.len() == MAX_LABELS {
        return Err(start.fault(Problem::TooManyLabels));
    }
    let blanks = |cursor: &mut Cursor<'a>| {
        if format == Format::Text {
            cursor.skip_blanks();
        }
    };
    blanks(cursor);
    if !cursor.eat('=') {
        return Err(cursor.fault(Problem::ExpectedEquals));
    }
    blanks(cursor);
    if !cursor.eat('"') {
        return Err(cursor.fault(Problem::ExpectedQuote));
    }
    labels.push((name, label_value(cursor, format)?));
    Ok(())
}

/// Reads a label's value and its closing quote; the opening one has been read.
fn label_value<'a>(cursor: &mut Cursor<'a>, format: Format) -> Result<Cow<'a, str>, Fault> {
    let mut value = Cow::Borrowed(cursor.take_while(|c| !matches!(c, '"' | '\\')));
    loop {
        if cursor.eat('"') {
            return Ok(value);
        }
        let escape = *cursor;
        if !cursor.eat('\\') {
            return Err(cursor.fault(Problem::LabelValueNotClosed));
        }
        let value = value.to_mut();
        match (cursor.next(), format) {
            (Some('n'), _) => value.push('\n'),
            (Some(c @ ('\\' | '"')), _) => value.push(c),
            // OpenMetrics reads any other escape as the two characters that it is written with.
            (Some(c), Format::OpenMetrics) => value.extend(['\\', c]),
            (Some(_), Format::Text) => return Err(escape.fault(Problem::UnknownEscape)),
            (None, _) => return Err(cursor.fault(Problem::LabelValueNotClosed)),
        }
        value.push_str(cursor.take_while(|c| !matches!(c, '"' | '\\')));
    }
}

/// Checks the escapes of a help text. Quotes need none in either format, whatever OpenMetrics's ABNF says: its own
/// reference parser takes them bare.
fn check_help(mut cursor: Cursor<'_>, format: Format) -> Result<(), Fault> {
    loop {
        cursor.take_while(|c| c != '\\');
        let escape = cursor;
        if cursor.next().is_none() {
            return Ok(());
        }
        match (cursor.next(), format) {
            (Some('n' | '\\'), _) | (Some(_), Format::OpenMetrics) => {}
            _ => return Err(escape.fault(Problem::UnknownEscape)),
        }
    }
}

fn is_metric_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | ':')
}

fn metric_name<'a>(cursor: &mut Cursor<'a>) -> Result<&'a str, Fault> {
    if !cursor.peek().is_some_and(|c| is_metric_character(c) && !c.is_ascii_digit()) {
        return Err(cursor.fault(Problem::ExpectedMetricName));
    }
    Ok(cursor.take_while(is_metric_character))
}

fn value(cursor: &mut Cursor<'_>) -> Result<f64, Fault> {
    let start = *cursor;
    number(cursor.take_while(|c| !matches!(c, ' ' | '\t'))).ok_or(start.fault(Problem::ExpectedValue))
}

/// A number as both formats write it: decimal, or `Inf`, `Infinity` with a sign or without, or `NaN`, in any case.
pub(super) fn number(token: &str) -> Option<f64> {
    let number = token.parse::<f64>().ok()?;
    let is_signed_nan = number.is_nan() && token.starts_with(['+', '-']);
    let has_overflowed = number.is_infinite() && token.contains(|c: char| c.is_ascii_digit());
    (!is_signed_nan && !has_overflowed).then_some(number)
}

/// OpenMetrics's timestamp in seconds, as milliseconds.
fn timestamp(cursor: &mut Cursor<'_>) -> Result<i64, Fault> {
    /// Far beyond any date, and exact both as f64 and as i64.
    const LARGEST_MILLISECONDS: f64 = 9e15;
    let start = *cursor;
    let milliseconds = number(cursor.take_while(|c| c != ' '))
        .map(|seconds| (seconds * 1000.0).round())
        .filter(|milliseconds| milliseconds.abs() <= LARGEST_MILLISECONDS)
        .ok_or(start.fault(Problem::ExpectedTimestamp))?;
    #[allow(clippy::cast_possible_truncation, reason = "whole, and within the bound just checked")]
    Ok(milliseconds as i64)
}

fn space(cursor: &mut Cursor<'_>) -> Result<(), Fault> {
    if cursor.eat(' ') { Ok(()) } else { Err(cursor.fault(Problem::ExpectedSpace)) }
}

fn end(cursor: Cursor<'_>) -> Result<(), Fault> {
    if cursor.rest().is_empty() { Ok(()) } else { Err(cursor.fault(Problem::ExpectedEndOfLine)) }
}
