//! Which form of a page a client asks for: the text format by `Accept`, the coding by `Accept-Encoding` (RFC 9110,
//! 12.5). A client that accepts nothing we have gets the plain form: a scraper that asks oddly is better served than
//! refused.

use http::HeaderMap;
use http::header::{ACCEPT, ACCEPT_ENCODING, HeaderName};

use crate::publish::Format;

/// The coding of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// As it is.
    Identity,
    /// gzip.
    Gzip,
}

/// One element of such a header: its value without parameters, its parameters, and its weight in thousandths.
struct Element<'a> {
    value: &'a str,
    parameters: Vec<(&'a str, &'a str)>,
    weight: u16,
}

/// The text format that the client likes best. OpenMetrics must be asked for by name; a wildcard gets the older text,
/// which more readers know. Of OpenMetrics we write 1.0.0 alone: who asks only for its draft (0.0.1: Prometheus up to
/// 2.24) gets text. `escaping` is about names beyond ASCII, of which there are none.
#[must_use]
pub fn format(headers: &HeaderMap) -> Format {
    let elements = elements(headers, &ACCEPT);
    let liking = |media_type: &str, version: &str| {
        let (kind, _) = media_type.split_once('/').unwrap_or_default();
        elements
            .iter()
            .filter(|element| match element.parameter("version") {
                Some(asked) => asked == version,
                None => true,
            })
            .filter_map(|element| {
                let specificity = match element.value.split_once('/')? {
                    _ if element.value.eq_ignore_ascii_case(media_type) => {
                        3 + u8::from(element.parameter("version").is_some())
                    }
                    (asked, "*") if asked.eq_ignore_ascii_case(kind) => 2,
                    ("*", "*") => 1,
                    _ => return None,
                };
                Some((specificity, element.weight))
            })
            // The most specific element counts, not the one with the most weight.
            .max()
            .map(|(specificity, weight)| (weight, specificity))
            .filter(|(weight, _)| *weight > 0)
    };
    let openmetrics = liking("application/openmetrics-text", "1.0.0").filter(|(_, specificity)| *specificity >= 3);
    let text = liking("text/plain", "0.0.4");
    match (openmetrics, text) {
        (Some((openmetrics, _)), Some((text, _))) if openmetrics >= text => Format::OpenMetrics,
        (Some(_), None) => Format::OpenMetrics,
        _ => Format::Text,
    }
}

/// The coding that the client likes best: gzip where it is accepted and not liked less than identity.
#[must_use]
pub fn encoding(headers: &HeaderMap) -> Encoding {
    let elements = elements(headers, &ACCEPT_ENCODING);
    let weight = |names: &[&str]| {
        let named = elements.iter().find(|element| names.iter().any(|name| element.value.eq_ignore_ascii_case(name)));
        named.map(|element| element.weight)
    };
    let any = weight(&["*"]);
    let gzip = weight(&["gzip", "x-gzip"]).or(any).unwrap_or(0);
    // Identity that is not named is a last resort.
    let identity = weight(&["identity"]).unwrap_or(0);
    if gzip > 0 && gzip >= identity { Encoding::Gzip } else { Encoding::Identity }
}

impl Element<'_> {
    fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }
}

/// The elements of all headers of this name.
fn elements<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Vec<Element<'a>> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).filter_map(element).collect()
}

/// `value;key=value;q=0.5`; nothing where the weight is none that RFC 9110 knows.
fn element(text: &str) -> Option<Element<'_>> {
    let mut parts = text.split(';').map(str::trim);
    let value = parts.next().filter(|value| !value.is_empty())?;
    let mut element = Element { value, parameters: Vec::new(), weight: 1000 };
    for part in parts {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let (key, value) = (key.trim_end(), value.trim_start().trim_matches('"'));
        if key.eq_ignore_ascii_case("q") {
            element.weight = thousandths(value)?;
        } else {
            element.parameters.push((key, value));
        }
    }
    Some(element)
}

/// A weight from 0 to 1 with three decimals at most, in thousandths.
fn thousandths(weight: &str) -> Option<u16> {
    let (whole, decimals) = weight.split_once('.').unwrap_or((weight, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let decimals: u16 = format!("{decimals:0<3}").parse().ok()?;
    match whole {
        "0" => Some(decimals),
        "1" if decimals == 0 => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(name: &HeaderName, values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn formats() {
        const PROMETHEUS_3: &str = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
            application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
            text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        const PROMETHEUS_3_PROTOBUF: &str = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
            encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;escaping=underscores;q=0.5,\
            text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        const PROMETHEUS_2: &str = "application/openmetrics-text;version=1.0.0,\
            application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        const PROMETHEUS_2_20: &str =
            "application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        const TEXT_ONLY: &str = "text/plain;version=0.0.4;q=1,*/*;q=0.1";
        const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";
        for (accept, expected) in [
            (&[][..], Format::Text),
            (&[""], Format::Text),
            (&["*/*"], Format::Text),
            (&[BROWSER], Format::Text),
            (&[PROMETHEUS_3], Format::OpenMetrics),
            (&[PROMETHEUS_3_PROTOBUF], Format::OpenMetrics),
            (&[PROMETHEUS_2], Format::OpenMetrics),
            (&[PROMETHEUS_2_20], Format::Text),
            (&[TEXT_ONLY], Format::Text),
            (&["application/openmetrics-text"], Format::OpenMetrics),
            (&["Application/OpenMetrics-Text; Version=\"1.0.0\""], Format::OpenMetrics),
            (&["application/openmetrics-text;q=0"], Format::Text),
            (&["application/openmetrics-text;version=1.0.0;q=0,*/*"], Format::Text),
            (&["application/openmetrics-text;q=0.4, text/plain;q=0.5"], Format::Text),
            (&["application/openmetrics-text;q=0.5, text/plain;q=0.5"], Format::OpenMetrics),
            (&["application/openmetrics-text;q=0.5, */*"], Format::Text),
            (&["text/plain", "application/openmetrics-text"], Format::OpenMetrics),
            (&["application/openmetrics-text;version=2.0.0"], Format::Text),
            (&["application/openmetrics-text;q=2"], Format::Text),
            (&["application/json"], Format::Text),
            (&[";;,=;q,q=,/"], Format::Text),
        ] {
            assert_eq!(format(&headers(&ACCEPT, accept)), expected, "{accept:?}");
        }
    }

    #[test]
    fn encodings() {
        for (accept, expected) in [
            (&[][..], Encoding::Identity),
            (&["gzip"], Encoding::Gzip),
            (&["GZIP"], Encoding::Gzip),
            (&["x-gzip"], Encoding::Gzip),
            (&["gzip, deflate, br, zstd"], Encoding::Gzip),
            (&["gzip;q=0"], Encoding::Identity),
            (&["gzip;q=0.000"], Encoding::Identity),
            (&["gzip;q=0, *"], Encoding::Identity),
            (&["gzip;q=0.001"], Encoding::Gzip),
            (&["*"], Encoding::Gzip),
            (&["*;q=0"], Encoding::Identity),
            (&["identity"], Encoding::Identity),
            (&["identity;q=1, gzip;q=0.5"], Encoding::Identity),
            (&["identity;q=0.5, gzip;q=0.5"], Encoding::Gzip),
            (&["deflate", "gzip"], Encoding::Gzip),
            (&["gzip;q=1.5"], Encoding::Identity),
            (&["br"], Encoding::Identity),
        ] {
            assert_eq!(encoding(&headers(&ACCEPT_ENCODING, accept)), expected, "{accept:?}");
        }
    }

    #[test]
    fn weights() {
        for (weight, expected) in [
            ("1", Some(1000)),
            ("1.000", Some(1000)),
            ("0.5", Some(500)),
            ("0.123", Some(123)),
            ("0", Some(0)),
            ("0.", Some(0)),
            ("1.1", None),
            ("0.1234", None),
            ("-0.5", None),
            (".5", None),
            ("", None),
            ("0.+1", None),
        ] {
            assert_eq!(thousandths(weight), expected, "{weight:?}");
        }
    }
}
