//! Properties of reading and writing together: what is written reads back equal, where a page is cut makes no
//! difference, and nothing that comes in makes the parser panic.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::{Description, END_OF_OPENMETRICS, Format, Head, Kind, ParseError, Parser, Sample};

/// A family of one kind and its series: labels and value.
#[derive(Debug, Clone)]
struct Written {
    description: Description,
    series: Vec<(Vec<(String, String)>, f64)>,
}

const DESCRIPTIONS: [Description; 4] = [
    Description { name: "a_seconds", help: "Some \"help\" \\ of\nit.", kind: Kind::Gauge, unit: Some("seconds") },
    Description { name: "b_bytes_total", help: "Help.", kind: Kind::Counter, unit: Some("bytes") },
    Description { name: "c_info", help: "", kind: Kind::Info, unit: None },
    Description { name: "d:e", help: "Help.", kind: Kind::Unknown, unit: None },
];

fn labels() -> impl Strategy<Value = Vec<(String, String)>> {
    let value = prop_oneof![any::<String>(), "[\\\\\"\n{},= #a-z]{0,12}"];
    btree_map("[a-zA-Z_][a-zA-Z0-9_]{0,8}", value, 0..4).prop_map(|labels| labels.into_iter().collect())
}

fn family(description: Description) -> impl Strategy<Value = Written> {
    let value = match description.kind {
        Kind::Info => Just(1.0).boxed(),
        Kind::Counter => (0.0..f64::MAX).boxed(),
        _ => prop_oneof![any::<f64>(), any::<i32>().prop_map(f64::from), any::<i64>().prop_map(|n| n as f64)].boxed(),
    };
    vec((labels(), value), 0..6).prop_map(move |mut series| {
        series.sort_by(|(labels, _), (others, _)| labels.cmp(others));
        series.dedup_by(|(labels, _), (others, _)| labels == others);
        Written { description, series }
    })
}

fn families() -> impl Strategy<Value = Vec<Written>> {
    Just(DESCRIPTIONS.to_vec()).prop_shuffle().prop_flat_map(|descriptions| {
        descriptions.into_iter().map(|description| family(description).boxed()).collect::<Vec<_>>()
    })
}

fn page(families: &[Written], format: Format) -> String {
    let mut page = String::new();
    for Written { description, series } in families {
        description.write_header(&mut page, format);
        for (labels, value) in series {
            let labels: Vec<_> = labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let mut head = Head::default();
            head.set(description.name, labels.iter().copied());
            head.write_sample(&mut page, [], *value);
        }
    }
    if format == Format::OpenMetrics {
        page.push_str(END_OF_OPENMETRICS);
    }
    page
}

fn parse(format: Format, page: &[u8], cut_every: usize) -> Result<Vec<Sample>, ParseError> {
    let mut parser = Parser::new(format, |_: &str| true);
    for chunk in page.chunks(cut_every) {
        parser.feed(chunk)?;
    }
    parser.finish()
}

/// Equal to the bit, but for the sign of zero and for which NaN it is.
fn is_same(a: f64, b: f64) -> bool {
    a.is_nan() && b.is_nan() || (a + 0.0).to_bits() == (b + 0.0).to_bits()
}

fn format() -> impl Strategy<Value = Format> {
    prop_oneof![Just(Format::Text), Just(Format::OpenMetrics)]
}

/// Pages that are nearly right: pieces of the grammar in any order.
fn nearly_a_page() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("# HELP m "),
        Just("# TYPE m "),
        Just("# UNIT m "),
        Just("# EOF"),
        Just("counter"),
        Just("histogram"),
        Just("m_total"),
        Just("m_bucket"),
        Just("{le=\""),
        Just("{"),
        Just("}"),
        Just("\""),
        Just("\\"),
        Just(" "),
        Just("1"),
        Just("NaN"),
        Just("\n"),
        Just("\r\n"),
        Just(" # {a=\"b\"} 1"),
        Just("é"),
    ];
    vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn what_is_written_reads_back_equal(families in families(), format in format(), cut_every in 1usize..64) {
        let text = page(&families, format);
        let read = parse(format, text.as_bytes(), cut_every).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        let written: Vec<_> = families
            .iter()
            .flat_map(|family| family.series.iter().map(|series| (family.description, series)))
            .collect();
        prop_assert_eq!(read.len(), written.len());
        for (sample, (description, (labels, value))) in read.iter().zip(written) {
            prop_assert_eq!(&sample.name, description.name);
            prop_assert_eq!(&sample.labels, labels);
            prop_assert!(is_same(sample.value, *value), "{} is not {value}", sample.value);
            let kind = if format == Format::Text && description.kind == Kind::Info { Kind::Gauge } else { description.kind };
            prop_assert_eq!(sample.kind, kind);
            prop_assert_eq!(sample.timestamp_milliseconds, None);
        }
    }

    #[test]
    fn a_cut_page_is_never_whole_openmetrics(families in families(), share in 0.0..1.0f64) {
        let text = page(&families, Format::OpenMetrics);
        let end = text.len() - END_OF_OPENMETRICS.len();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the page's length")]
        let cut = (end as f64 * share) as usize;
        prop_assert!(parse(Format::OpenMetrics, &text.as_bytes()[..cut], 4096).is_err());
    }

    #[test]
    fn where_it_is_cut_makes_no_difference(text in nearly_a_page(), format in format(), cut_every in 1usize..9) {
        let (whole, cut) = (parse(format, text.as_bytes(), 4096), parse(format, text.as_bytes(), cut_every));
        // Compared as text, since NaN is not equal to itself.
        prop_assert_eq!(format!("{whole:?}"), format!("{cut:?}"));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..200), format in format()) {
        let _ = parse(format, &bytes, 7);
    }
}
