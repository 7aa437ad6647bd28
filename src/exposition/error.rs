//! Why a page was refused, and where. The texts carry nothing of the page itself: what an endpoint sends has no place
//! in our log.

use thiserror::Error;

/// A page that does not follow its format.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}, column {column}: {problem}")]
pub struct ParseError {
    /// The line, 1 first.
    pub line: usize,
    /// The column where the trouble was noticed, in bytes, 1 first.
    pub column: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// What can be wrong with a line or with the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Problem {
    /// A byte sequence that is no UTF-8.
    #[error("not valid UTF-8")]
    NotUtf8,
    /// Longer than [`super::MAX_LINE_BYTES`].
    #[error("line longer than {} bytes", super::MAX_LINE_BYTES)]
    LineTooLong,
    /// Both formats end lines with a line feed alone.
    #[error("carriage return at the end of the line, expected a line feed alone")]
    CarriageReturn,
    /// Text 0.0.4 wants a line feed after the last line too.
    #[error("last line not ended by a line feed")]
    LastLineNotEnded,
    /// OpenMetrics allows no empty lines.
    #[error("empty line, which OpenMetrics does not allow")]
    EmptyLine,
    /// OpenMetrics allows no free comments.
    #[error("expected HELP, TYPE, UNIT or EOF after '# '")]
    ExpectedDirective,
    /// A metric's name is missing or has a character that none may have.
    #[error("expected a metric name")]
    ExpectedMetricName,
    /// A label's name is missing or has a character that none may have.
    #[error("expected a label name")]
    ExpectedLabelName,
    /// `__name__` is the metric's name and may not be given again.
    #[error("label name __name__ is reserved")]
    ReservedLabel,
    /// A label without `=`.
    #[error("expected '=' after the label name")]
    ExpectedEquals,
    /// A label's value without its opening quote.
    #[error("expected '\"' before the label value")]
    ExpectedQuote,
    /// A label's value without its closing quote.
    #[error("label value not closed")]
    LabelValueNotClosed,
    /// `\` followed by something that is no escape.
    #[error("unknown escape, expected \\\\, \\n or, in a label value, \\\"")]
    UnknownEscape,
    /// Something else than `,` or `}` after a label.
    #[error("expected ',' or '}}' after the label value")]
    ExpectedCommaOrBrace,
    /// The same label twice on one sample.
    #[error("label given twice")]
    DuplicateLabel,
    /// More labels than [`super::MAX_LABELS`].
    #[error("more than {} labels", super::MAX_LABELS)]
    TooManyLabels,
    /// No space where one must stand.
    #[error("expected a space")]
    ExpectedSpace,
    /// The value is no number.
    #[error("expected a number as value")]
    ExpectedValue,
    /// The timestamp is no number of the format's kind.
    #[error("expected a timestamp (text 0.0.4: whole milliseconds; OpenMetrics: seconds)")]
    ExpectedTimestamp,
    /// The line goes on where it should end.
    #[error("expected the end of the line")]
    ExpectedEndOfLine,
    /// A `# TYPE` of a kind that the format does not know.
    #[error("unknown metric type")]
    UnknownType,
    /// HELP, TYPE or UNIT twice for one family.
    #[error("second HELP, TYPE or UNIT line of this family")]
    DuplicateMetadata,
    /// HELP, TYPE or UNIT after the family's samples.
    #[error("HELP, TYPE or UNIT after the family's samples")]
    MetadataAfterSamples,
    /// A sample named as its family where its kind asks for a suffix, as a counter's `_total`.
    #[error("sample name without the suffix that its type asks for")]
    NameDoesNotFitType,
    /// OpenMetrics wants each family in one piece.
    #[error("family continued after another one began")]
    InterleavedFamilies,
    /// A unit that does not end the family's name.
    #[error("the unit does not end the family's name")]
    UnitNotInName,
    /// An exemplar where none may stand.
    #[error("exemplar on a sample that may not have one")]
    ExemplarNotAllowed,
    /// An exemplar that is not `{labels} value [timestamp]`.
    #[error("expected an exemplar: # {{labels}} value [timestamp]")]
    ExpectedExemplar,
    /// An exemplar's labels are longer than the 128 characters that OpenMetrics allows.
    #[error("labels of the exemplar longer than 128 characters")]
    ExemplarTooLong,
    /// A bucket without `le`, a quantile without `quantile`, a state without its own label.
    #[error("the label that this kind of sample needs is missing or not a number")]
    MissingKindLabel,
    /// A value that its kind does not allow: a negative counter, an info that is not 1.
    #[error("value not allowed for this kind of sample")]
    ValueNotAllowed,
    /// The same series twice.
    #[error("series given twice")]
    DuplicateSeries,
    /// More families than [`super::MAX_FAMILIES`].
    #[error("more than {} families", super::MAX_FAMILIES)]
    TooManyFamilies,
    /// More samples of interest than [`super::MAX_SAMPLES`].
    #[error("more than {} samples of interest", super::MAX_SAMPLES)]
    TooManySamples,
    /// Text after `# EOF`.
    #[error("text after # EOF")]
    TextAfterEof,
    /// An OpenMetrics page that does not end with `# EOF`: it was cut short.
    #[error("page ended without # EOF")]
    MissingEof,
}
