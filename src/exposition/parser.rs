//! The parser: bytes in as they come, samples out at the end, if the whole page was good. It holds one line at most,
//! and of the samples those of interest alone; how many bytes a page may have in all is for the caller to say, who
//! simply stops feeding.

use super::error::{ParseError, Problem};
use super::families::Families;
use super::format::Format;
use super::line::{self, Line, RawSample};
use super::sample::Sample;

/// The longest line that is read. Real ones stay below 2 KiB; help texts are the longest.
pub const MAX_LINE_BYTES: usize = 16 * 1024;

/// Samples of interest that one page may have. GIM's latency has one for each topic and partition: some thousands at
/// most.
pub const MAX_SAMPLES: usize = 50_000;

/// A page being read.
///
/// ```
/// use gim_upgrade_exporter::exposition::{Format, Parser};
///
/// let mut parser = Parser::new(Format::Text, |name: &str| name == "up");
/// parser.feed(b"up{shard=\"1\"} 1\nother 2")?;
/// parser.feed(b".5\n")?;
/// let samples = parser.finish()?;
/// assert_eq!(samples.len(), 1);
/// assert_eq!(samples[0].label("shard"), Some("1"));
/// # Ok::<(), gim_upgrade_exporter::exposition::ParseError>(())
/// ```
#[derive(Debug)]
pub struct Parser<F> {
    format: Format,
    wanted: F,
    families: Families,
    /// The beginning of a line whose end has not come yet.
    partial: Vec<u8>,
    /// Lines read to their end.
    lines: usize,
    seen_eof: bool,
    kept: Vec<Kept>,
    /// Why the page was refused; once it is, it stays so.
    refused: Option<ParseError>,
}

/// A sample of interest and its line, for the error if it comes twice.
#[derive(Debug)]
struct Kept {
    sample: Sample,
    line: usize,
}

impl<F: Fn(&str) -> bool> Parser<F> {
    /// A parser of one page. `wanted` is asked with the name on each sample's line, suffix included (`x_total`,
    /// `x_bucket`), because that is the name both formats share and queries use.
    pub fn new(format: Format, wanted: F) -> Self {
        Self {
            format,
            wanted,
            families: Families::new(format),
            partial: Vec::new(),
            lines: 0,
            seen_eof: false,
            kept: Vec::new(),
            refused: None,
        }
    }

    /// Takes the next bytes of the page, cut anywhere.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), ParseError> {
        self.unless_refused(|parser| {
            for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
                parser.take_piece(piece)?;
            }
            Ok(())
        })
    }

    /// Ends the page and gives its samples of interest, in the page's order.
    pub fn finish(mut self) -> Result<Vec<Sample>, ParseError> {
        self.unless_refused(|parser| {
            if !parser.partial.is_empty() {
                if parser.format == Format::Text {
                    let column = parser.partial.len() + 1;
                    return Err(ParseError { line: parser.lines + 1, column, problem: Problem::LastLineNotEnded });
                }
                // OpenMetrics lets the line feed after its last line go, which is always `# EOF`.
                let line = std::mem::take(&mut parser.partial);
                parser.take_line(&line)?;
            }
            if parser.format == Format::OpenMetrics && !parser.seen_eof {
                return Err(ParseError { line: parser.lines + 1, column: 1, problem: Problem::MissingEof });
            }
            parser.refuse_repeated_series()
        })?;
        Ok(self.kept.into_iter().map(|kept| kept.sample).collect())
    }

    /// Does `step` and remembers its error, so that a page once refused stays refused.
    fn unless_refused(&mut self, step: impl FnOnce(&mut Self) -> Result<(), ParseError>) -> Result<(), ParseError> {
        if let Some(error) = &self.refused {
            return Err(error.clone());
        }
        let outcome = step(self);
        self.refused = outcome.as_ref().err().cloned();
        outcome
    }

    /// Takes a line, or a part of one: its end has come if it ends with a line feed.
    fn take_piece(&mut self, piece: &[u8]) -> Result<(), ParseError> {
        let (text, is_ended) = match piece.strip_suffix(b"\n") {
            Some(text) => (text, true),
            None => (piece, false),
        };
        if self.partial.len() + text.len() > MAX_LINE_BYTES {
            return Err(ParseError { line: self.lines + 1, column: MAX_LINE_BYTES + 1, problem: Problem::LineTooLong });
        }
        if !is_ended {
            self.partial.extend_from_slice(text);
            Ok(())
        } else if self.partial.is_empty() {
            self.take_line(text)
        } else {
            let mut line = std::mem::take(&mut self.partial);
            line.extend_from_slice(text);
            let outcome = self.take_line(&line);
            line.clear();
            self.partial = line;
            outcome
        }
    }

    fn take_line(&mut self, bytes: &[u8]) -> Result<(), ParseError> {
        self.lines += 1;
        let line = self.lines;
        let at = |(column, problem)| ParseError { line, column, problem };
        if self.seen_eof {
            return Err(at((1, Problem::TextAfterEof)));
        }
        let text = std::str::from_utf8(bytes).map_err(|error| at((error.valid_up_to() + 1, Problem::NotUtf8)))?;
        match line::read(self.format, text).map_err(at)? {
            Line::Nothing => {}
            Line::Eof => self.seen_eof = true,
            Line::Metadata { family, what } => {
                self.families.describe(family, what).map_err(|problem| at((1, problem)))?;
            }
            Line::Sample(sample) => self.take_sample(sample).map_err(|problem| at((1, problem)))?,
        }
        Ok(())
    }

    fn take_sample(&mut self, raw: RawSample<'_>) -> Result<(), Problem> {
        let kind = self.families.admit(&raw)?;
        if !(self.wanted)(raw.name) {
            return Ok(());
        }
        if self.kept.len() == MAX_SAMPLES {
            return Err(Problem::TooManySamples);
        }
        let mut labels: Vec<_> =
            raw.labels.into_iter().map(|(name, value)| (name.to_owned(), value.into_owned())).collect();
        labels.sort_unstable();
        self.kept.push(Kept {
            sample: Sample {
                name: raw.name.to_owned(),
                kind,
                labels,
                value: raw.value,
                timestamp_milliseconds: raw.timestamp_milliseconds,
            },
            line: self.lines,
        });
        Ok(())
    }

    /// Refuses a page that has a series of interest twice; OpenMetrics and Prometheus allow that at different times.
    fn refuse_repeated_series(&self) -> Result<(), ParseError> {
        fn key(kept: &Kept) -> (&str, &[super::Label], Option<i64>) {
            (&kept.sample.name, &kept.sample.labels, kept.sample.timestamp_milliseconds)
        }
        let mut sorted: Vec<&Kept> = self.kept.iter().collect();
        sorted.sort_by_key(|kept| key(kept));
        for (earlier, later) in sorted.iter().zip(sorted.iter().skip(1)) {
            let ((name, labels, time), (other_name, other_labels, other_time)) = (key(earlier), key(later));
            let is_same_time = time.is_none() || other_time.is_none() || time == other_time;
            if (name, labels) == (other_name, other_labels) && is_same_time {
                let line = earlier.line.max(later.line);
                return Err(ParseError { line, column: 1, problem: Problem::DuplicateSeries });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
