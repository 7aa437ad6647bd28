//! The histograms that a prometheus-client registry keeps, in either format.
//! The library writes OpenMetrics alone. Of a histogram, text 0.0.4 differs in one line, which is left out on its way through; other
//! kinds have other names there, so register no others.

use std::fmt;

use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;

use super::format::Format;

/// Writes all histograms of `registry`, without the `# EOF` that ends an OpenMetrics page.
///
/// The library adds a full stop to each help text, and writes it unescaped: give it none with `\` or a line feed.
pub fn write_histograms(out: &mut String, registry: &Registry, format: Format) -> fmt::Result {
    if format == Format::OpenMetrics {
        return text::encode_registry(out, registry);
    }
    let mut written = String::new();
    text::encode_registry(&mut written, registry)?;
    out.extend(written.split_inclusive('\n').filter(|line| !line.starts_with("# UNIT ")));
    Ok(())
}

#[cfg(test)]
mod tests {
    use prometheus_client::metrics::histogram::Histogram;
    use prometheus_client::registry::Unit;

    use super::*;
    use crate::exposition::Parser;

    fn registry() -> Registry {
        let mut registry = Registry::default();
        for name in ["delay", "work"] {
            let histogram = Histogram::new([0.1, 1.0]);
            histogram.observe(0.5);
            registry.register_with_unit(name, "Delay seen", Unit::Seconds, histogram);
        }
        registry
    }

    #[test]
    fn text_has_its_own_headers() {
        let mut out = String::new();
        write_histograms(&mut out, &registry(), Format::Text).unwrap();
        let one = |name: &str| {
            format!(
                "# HELP {name}_seconds Delay seen.\n# TYPE {name}_seconds histogram\n\
                 {name}_seconds_sum 0.5\n{name}_seconds_count 1\n{name}_seconds_bucket{{le=\"0.1\"}} 0\n\
                 {name}_seconds_bucket{{le=\"1.0\"}} 1\n{name}_seconds_bucket{{le=\"+Inf\"}} 1\n"
            )
        };
        assert_eq!(out, one("delay") + &one("work"));
    }

    #[test]
    fn both_formats_read_back_alike() {
        let [text, openmetrics] = [Format::Text, Format::OpenMetrics].map(|format| {
            let mut out = String::new();
            write_histograms(&mut out, &registry(), format).unwrap();
            if format == Format::OpenMetrics {
                out.push_str(crate::exposition::END_OF_OPENMETRICS);
            }
            let mut parser = Parser::new(format, |_: &str| true);
            parser.feed(out.as_bytes()).unwrap();
            parser.finish().unwrap()
        });
        assert_eq!(text.len(), 10);
        for (text, openmetrics) in text.iter().zip(&openmetrics) {
            assert_eq!(
                (&text.name, &text.labels, text.value),
                (&openmetrics.name, &openmetrics.labels, openmetrics.value)
            );
        }
    }
}
