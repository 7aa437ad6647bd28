//! Tables of pages that are read and of pages that are refused, with the place and the reason.

use super::*;
use crate::exposition::{MAX_FAMILIES, MAX_LABELS};

fn parse(format: Format, page: &str) -> Result<Vec<Sample>, ParseError> {
    let mut parser = Parser::new(format, |_: &str| true);
    parser.feed(page.as_bytes())?;
    parser.finish()
}

/// Samples as `name{labels} value @timestamp kind`, to compare pages at a glance.
fn shown(samples: &[Sample]) -> Vec<String> {
    samples
        .iter()
        .map(|sample| {
            let labels: Vec<_> = sample.labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
            let time = sample.timestamp_milliseconds.map(|time| format!(" @{time}")).unwrap_or_default();
            format!("{}{{{}}} {}{time} {:?}", sample.name, labels.join(","), sample.value, sample.kind)
        })
        .collect()
}

#[test]
fn text_accepts() {
    for (page, expected) in [
        ("", &[][..]),
        ("\n  \t\n# a comment\n#\n#comment\n# HELP\tm\n", &[]),
        ("m 1\n", &["m{} 1 Unknown"]),
        ("m\t \t1\t -5 \n", &["m{} 1 @-5 Unknown"]),
        ("  m { a = \"b\" , c=\"d\" , } 1 7\n", &["m{a=\"b\",c=\"d\"} 1 @7 Unknown"]),
        ("m{}1\n", &["m{} 1 Unknown"]),
        ("m{z=\"1\",a=\"\\\\ \\n \\\" é }{,\"} 1\n", &["m{a=\"\\\\ \\n \\\" é }{,\",z=\"1\"} 1 Unknown"]),
        (
            "a NaN\nb +Inf\nc -Inf\nd 1e3\ne .5\nf inf\n",
            &[
                "a{} NaN Unknown",
                "b{} inf Unknown",
                "c{} -inf Unknown",
                "d{} 1000 Unknown",
                "e{} 0.5 Unknown",
                "f{} inf Unknown",
            ],
        ),
        ("# HELP m Some \\\\ text\\n.\n# TYPE m gauge\nm 1\n", &["m{} 1 Gauge"]),
        ("# TYPE m_total counter\nm_total 1\n", &["m_total{} 1 Counter"]),
        ("# TYPE u untyped\nu 1\n", &["u{} 1 Unknown"]),
        (
            "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 2\nh_count 1\nother_count 4\n",
            &[
                "h_bucket{le=\"+Inf\"} 1 Histogram",
                "h_sum{} 2 Histogram",
                "h_count{} 1 Histogram",
                "other_count{} 4 Unknown",
            ],
        ),
        (
            "# TYPE s summary\ns{quantile=\"0.5\"} 1\ns_sum 2\ns_count 1\n",
            &["s{quantile=\"0.5\"} 1 Summary", "s_sum{} 2 Summary", "s_count{} 1 Summary"],
        ),
        // Text 0.0.4 asks for one group a family, but readers take it in pieces.
        ("m{a=\"1\"} 1\nn 2\nm{a=\"2\"} 3\n", &["m{a=\"1\"} 1 Unknown", "n{} 2 Unknown", "m{a=\"2\"} 3 Unknown"]),
        ("m 1 1\nm 2 2\n", &["m{} 1 @1 Unknown", "m{} 2 @2 Unknown"]),
    ] {
        assert_eq!(shown(&parse(Format::Text, page).unwrap_or_else(|error| panic!("{page:?}: {error}"))), expected);
    }
}

#[test]
fn openmetrics_accepts() {
    for (page, expected) in [
        ("# EOF\n", &[][..]),
        ("# EOF", &[]),
        ("m 1\n# EOF\n", &["m{} 1 Unknown"]),
        ("m{} 1 1.5\n# EOF\n", &["m{} 1 @1500 Unknown"]),
        ("m{a=\"\\x \\\\ \\n \\\"\"} 1\n# EOF\n", &["m{a=\"\\\\x \\\\ \\n \\\"\"} 1 Unknown"]),
        (
            "# TYPE c_seconds counter\n# UNIT c_seconds seconds\n# HELP c_seconds A \"q\".\n\
          c_seconds_total 1 # {t=\"x\"} 0.5 1.25\nc_seconds_created 5\n# EOF\n",
            &["c_seconds_total{} 1 Counter", "c_seconds_created{} 5 Counter"],
        ),
        ("# HELP m \n# UNIT m \nm 1\n# EOF\n", &["m{} 1 Unknown"]),
        (
            "# TYPE h histogram\nh_bucket{le=\"1.0\"} 1 # {} 0.5\nh_bucket{le=\"+Inf\"} 2 9 # {a=\"b\"} 3\nh_sum 2\n\
          h_count 2\n# EOF\n",
            &[
                "h_bucket{le=\"1.0\"} 1 Histogram",
                "h_bucket{le=\"+Inf\"} 2 @9000 Histogram",
                "h_sum{} 2 Histogram",
                "h_count{} 2 Histogram",
            ],
        ),
        (
            "# TYPE s summary\ns{quantile=\"0.5\"} NaN\ns_sum 2\ns_count 1\n# EOF\n",
            &["s{quantile=\"0.5\"} NaN Summary", "s_sum{} 2 Summary", "s_count{} 1 Summary"],
        ),
        (
            "# TYPE i info\ni_info{a=\"b\"} 1\n# TYPE s stateset\ns{s=\"on\"} 1\ns{s=\"off\"} 0\n# EOF\n",
            &["i_info{a=\"b\"} 1 Info", "s{s=\"on\"} 1 StateSet", "s{s=\"off\"} 0 StateSet"],
        ),
        (
            "# TYPE g gaugehistogram\ng_bucket{le=\"+Inf\"} 1\ng_gsum -2\ng_gcount 1\n# EOF\n",
            &["g_bucket{le=\"+Inf\"} 1 GaugeHistogram", "g_gsum{} -2 GaugeHistogram", "g_gcount{} 1 GaugeHistogram"],
        ),
    ] {
        let samples = parse(Format::OpenMetrics, page).unwrap_or_else(|error| panic!("{page:?}: {error}"));
        assert_eq!(shown(&samples), expected);
    }
}

#[test]
fn text_refuses() {
    use Problem::*;
    for (page, line, column, problem) in [
        ("m{a=\"b} 1\n", 1, 10, LabelValueNotClosed),
        ("m{a=\"b\\\"} 1\n", 1, 12, LabelValueNotClosed),
        ("m{a=\"b\\", 1, 8, LastLineNotEnded),
        ("m{a=\"b\\\n", 1, 8, LabelValueNotClosed),
        ("m{a=\"\\x\"} 1\n", 1, 6, UnknownEscape),
        ("m{a=\"b\",a=\"c\"} 1\n", 1, 9, DuplicateLabel),
        ("m{__name__=\"x\"} 1\n", 1, 3, ReservedLabel),
        ("m{a=b} 1\n", 1, 5, ExpectedQuote),
        ("m{a\"b\"} 1\n", 1, 4, ExpectedEquals),
        ("m{a:b=\"c\"} 1\n", 1, 4, ExpectedEquals),
        ("m{a=\"b\" c=\"d\"} 1\n", 1, 9, ExpectedCommaOrBrace),
        ("m{,} 1\n", 1, 3, ExpectedLabelName),
        ("m{1=\"b\"} 1\n", 1, 3, ExpectedLabelName),
        ("m{a=\"b\"\n", 1, 8, ExpectedCommaOrBrace),
        ("m{\"utf.8\"} 1\n", 1, 3, ExpectedLabelName),
        ("m\n", 1, 2, ExpectedValue),
        ("m{a=\"b\"}\n", 1, 9, ExpectedValue),
        ("m one\n", 1, 3, ExpectedValue),
        ("m 0x10\n", 1, 3, ExpectedValue),
        ("m 1_000\n", 1, 3, ExpectedValue),
        ("m 1e999\n", 1, 3, ExpectedValue),
        ("m -NaN\n", 1, 3, ExpectedValue),
        ("m-1 1\n", 1, 2, ExpectedSpace),
        ("1m 1\n", 1, 1, ExpectedMetricName),
        ("{a=\"b\"} 1\n", 1, 1, ExpectedMetricName),
        ("é 1\n", 1, 1, ExpectedMetricName),
        ("m 1 1.5\n", 1, 5, ExpectedTimestamp),
        ("m 1 # {a=\"b\"} 1\n", 1, 5, ExpectedTimestamp),
        ("m 1 2 3\n", 1, 7, ExpectedEndOfLine),
        ("ok 1\n\nm 1 x\n", 3, 5, ExpectedTimestamp),
        ("ok 1\nm 1", 2, 4, LastLineNotEnded),
        ("ok 1\r\n", 1, 5, CarriageReturn),
        ("\r\n", 1, 1, CarriageReturn),
        ("# TYPE m state\n", 1, 10, UnknownType),
        ("# TYPE m\n", 1, 9, UnknownType),
        ("# TYPE m gauge x\n", 1, 16, ExpectedEndOfLine),
        ("# HELP\n", 1, 7, ExpectedMetricName),
        ("# HELP m-n text\n", 1, 9, ExpectedMetricName),
        ("# HELP m \\t\n", 1, 10, UnknownEscape),
        ("# TYPE m gauge\n# TYPE m gauge\n", 2, 1, DuplicateMetadata),
        ("# HELP m a\n# HELP m b\n", 2, 1, DuplicateMetadata),
        ("m 1\n# TYPE m gauge\n", 2, 1, MetadataAfterSamples),
        ("m{a=\"b\",c=\"d\"} 1\nn 1\nm{c=\"d\",a=\"b\"} 2\n", 3, 1, DuplicateSeries),
        ("m 1 5\nm 2 5\n", 2, 1, DuplicateSeries),
        ("m 1 5\nm 2\n", 2, 1, DuplicateSeries),
    ] {
        let error = parse(Format::Text, page).expect_err(page);
        assert_eq!(error, ParseError { line, column, problem }, "{page:?}");
    }
}

#[test]
fn openmetrics_refuses() {
    use Problem::*;
    let too_long = format!("# TYPE c counter\nc_total 1 # {{a=\"{}\"}} 1\n# EOF\n", "x".repeat(128));
    for (page, line, column, problem) in [
        ("", 1, 1, MissingEof),
        ("m 1\n", 2, 1, MissingEof),
        ("m 1\n# EOF\n\n", 3, 1, TextAfterEof),
        ("# EOF\nm 1\n", 2, 1, TextAfterEof),
        ("# EOF x\n", 1, 6, ExpectedEndOfLine),
        ("m 1\n\n# EOF\n", 2, 1, EmptyLine),
        ("# a comment\n# EOF\n", 1, 3, ExpectedDirective),
        ("#EOF\n", 1, 2, ExpectedSpace),
        (" m 1\n# EOF\n", 1, 1, ExpectedMetricName),
        ("m  1\n# EOF\n", 1, 3, ExpectedValue),
        ("m\t1\n# EOF\n", 1, 2, ExpectedSpace),
        ("m{a=\"b\"}1\n# EOF\n", 1, 9, ExpectedSpace),
        ("m{a=\"b\",} 1\n# EOF\n", 1, 9, ExpectedLabelName),
        ("m{a=\"b\", c=\"d\"} 1\n# EOF\n", 1, 9, ExpectedLabelName),
        ("m{a=\"b} 1\n# EOF\n", 1, 10, LabelValueNotClosed),
        ("m 1 \n# EOF\n", 1, 5, ExpectedTimestamp),
        ("m 1 NaN\n# EOF\n", 1, 5, ExpectedTimestamp),
        ("m 1 1e30\n# EOF\n", 1, 5, ExpectedTimestamp),
        ("m 1 2 3\n# EOF\n", 1, 7, ExpectedExemplar),
        ("m 1\r\n# EOF\n", 1, 4, CarriageReturn),
        ("# TYPE m untyped\n# EOF\n", 1, 10, UnknownType),
        ("# TYPE m gauge \n# EOF\n", 1, 10, UnknownType),
        ("# UNIT m seconds\n# EOF\n", 1, 1, UnitNotInName),
        ("# UNIT seconds seconds\n# EOF\n", 1, 1, UnitNotInName),
        ("# HELP m\n# EOF\n", 1, 9, ExpectedSpace),
        ("# TYPE m gauge\n# TYPE m gauge\n# EOF\n", 2, 1, DuplicateMetadata),
        ("m 1\n# HELP m x\n# EOF\n", 2, 1, MetadataAfterSamples),
        ("m{a=\"1\"} 1\nn 2\nm{a=\"2\"} 3\n# EOF\n", 3, 1, InterleavedFamilies),
        ("# TYPE c counter\nc_total 1\nn 2\nc_created 3\n# EOF\n", 4, 1, InterleavedFamilies),
        ("# TYPE c counter\nn 1\n# HELP c x\n# EOF\n", 3, 1, InterleavedFamilies),
        ("# TYPE c counter\nc 1\n# EOF\n", 2, 1, NameDoesNotFitType),
        ("# TYPE c counter\nc_total -1\n# EOF\n", 2, 1, ValueNotAllowed),
        ("# TYPE c counter\nc_total NaN\n# EOF\n", 2, 1, ValueNotAllowed),
        ("# TYPE i info\ni_info 2\n# EOF\n", 2, 1, ValueNotAllowed),
        ("# TYPE s stateset\ns{s=\"a\"} 2\n# EOF\n", 2, 1, ValueNotAllowed),
        ("# TYPE s stateset\ns{a=\"a\"} 1\n# EOF\n", 2, 1, MissingKindLabel),
        ("# TYPE h histogram\nh_bucket 1\n# EOF\n", 2, 1, MissingKindLabel),
        ("# TYPE h histogram\nh_bucket{le=\"x\"} 1\n# EOF\n", 2, 1, MissingKindLabel),
        ("# TYPE h histogram\nh_count 1.5\n# EOF\n", 2, 1, ValueNotAllowed),
        ("# TYPE s summary\ns 1\n# EOF\n", 2, 1, MissingKindLabel),
        ("m 1 # {a=\"b\"} 1\n# EOF\n", 1, 1, ExemplarNotAllowed),
        ("# TYPE c counter\nc_total 1 # 1\n# EOF\n", 2, 13, ExpectedExemplar),
        ("# TYPE c counter\nc_total 1 # {a=\"b\"}\n# EOF\n", 2, 20, ExpectedSpace),
        (&too_long, 2, 13, ExemplarTooLong),
        ("m 1\nm 2\n# EOF\n", 2, 1, DuplicateSeries),
    ] {
        let error = parse(Format::OpenMetrics, page).expect_err(page);
        assert_eq!(error, ParseError { line, column, problem }, "{page:?}");
    }
}

#[test]
fn the_message_names_the_place() {
    let error = parse(Format::Text, "a 1\nb 2\nm{a=\"b} 1\n").unwrap_err();
    assert_eq!(error.to_string(), "line 3, column 10: label value not closed");
}

#[test]
fn limits() {
    let repeat = |count: usize, text: fn(usize) -> String| (0..count).map(text).collect::<Vec<_>>().concat();
    let labels = |count| repeat(count, |i| format!("l{i}=\"\","));
    let long = |bytes: usize| format!("m{{a=\"{}\"}} 1\n", "x".repeat(bytes - "m{a=\"\"} 1".len()));
    let families = |count| repeat(count, |i| format!("m{i} 1\n"));
    let samples = |count| repeat(count, |i| format!("m{{i=\"{i}\"}} 1\n"));
    for (at_limit, beyond, problem) in [
        (
            format!("m{{{}}} 1\n", labels(MAX_LABELS)),
            format!("m{{{}}} 1\n", labels(MAX_LABELS + 1)),
            Problem::TooManyLabels,
        ),
        (long(MAX_LINE_BYTES), long(MAX_LINE_BYTES + 1), Problem::LineTooLong),
        (families(MAX_FAMILIES), families(MAX_FAMILIES + 1), Problem::TooManyFamilies),
        (samples(MAX_SAMPLES), samples(MAX_SAMPLES + 1), Problem::TooManySamples),
    ] {
        assert!(parse(Format::Text, &at_limit).is_ok(), "{problem:?}");
        assert_eq!(parse(Format::Text, &beyond).expect_err("beyond the limit").problem, problem);
    }
}

#[test]
fn a_line_that_never_ends_is_refused_without_being_kept() {
    let mut parser = Parser::new(Format::Text, |_: &str| true);
    let chunk = [b'x'; 1024];
    let error = (0..).find_map(|_| parser.feed(&chunk).err()).expect("refused in the end");
    assert_eq!(error.problem, Problem::LineTooLong);
    assert!(parser.partial.len() <= MAX_LINE_BYTES);
}

#[test]
fn a_page_once_refused_stays_refused() {
    let mut parser = Parser::new(Format::Text, |_: &str| true);
    parser.feed(b"good 1\n").unwrap();
    let error = parser.feed(b"bad\n").unwrap_err();
    assert_eq!(parser.feed(b"good 2\n").unwrap_err(), error);
    assert_eq!(parser.finish().unwrap_err(), error);
}

#[test]
fn samples_without_interest_are_checked_but_not_kept() {
    let wanted = |name: &str| name == "wanted";
    let mut parser = Parser::new(Format::Text, wanted);
    parser.feed(b"other 1\nwanted{a=\"b\"} 2\nother{a=\"b\"} 3\n").unwrap();
    assert_eq!(shown(&parser.finish().unwrap()), ["wanted{a=\"b\"} 2 Unknown"]);

    let mut parser = Parser::new(Format::Text, wanted);
    assert_eq!(parser.feed(b"wanted 1\nother{a=\"b} 3\n").unwrap_err().line, 2);
}

#[test]
fn bytes_that_are_no_text() {
    let mut parser = Parser::new(Format::Text, |_: &str| true);
    let error = parser.feed(b"m{a=\"\xff\"} 1\n").unwrap_err();
    assert_eq!(error, ParseError { line: 1, column: 6, problem: Problem::NotUtf8 });
}
