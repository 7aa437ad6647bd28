//! The families that a prometheus-client registry keeps (the exporter's own counters and histograms) in either format.
//! The library writes OpenMetrics alone; text 0.0.4 differs in the headers, which are spelled anew on their way through.
//! Its order within a labelled family changes from run to run: only register what has one series.

use std::fmt;

use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;

use super::format::Format;
use super::sample::Kind;

/// Writes all families of `registry`, without the `# EOF` that ends an OpenMetrics page.
///
/// The library adds a full stop to each help text, and writes it unescaped: give it none with `\` or a line feed.
pub fn write_registry(out: &mut String, registry: &Registry, format: Format) -> fmt::Result {
    match format {
        Format::OpenMetrics => text::encode_registry(out, registry),
        Format::Text => {
            let mut respelling = Respelling { out, header: None, help: String::new() };
            text::encode_registry(&mut respelling, registry)
        }
    }
}

/// Passes samples through and gathers header lines, to spell them as text 0.0.4 does.
struct Respelling<'a> {
    out: &'a mut String,
    /// The header line that is coming in, while it is.
    header: Option<String>,
    /// What follows `# HELP family `, held back until the TYPE line tells how the family is called.
    help: String,
}

impl fmt::Write for Respelling<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for piece in text.split_inclusive('\n') {
            self.take_piece(piece)?;
        }
        Ok(())
    }
}

impl Respelling<'_> {
    fn take_piece(&mut self, piece: &str) -> fmt::Result {
        let is_line_start = self.out.is_empty() || self.out.ends_with('\n');
        if self.header.is_none() && is_line_start && piece.starts_with('#') {
            self.header = Some(String::new());
        }
        let Some(header) = &mut self.header else {
            self.out.push_str(piece);
            return Ok(());
        };
        header.push_str(piece);
        if piece.ends_with('\n') {
            let line = self.header.take().unwrap_or_default();
            self.respell(line.trim_end_matches('\n'))?;
        }
        Ok(())
    }

    fn respell(&mut self, line: &str) -> fmt::Result {
        let mut words = line.splitn(4, ' ').skip(1);
        let (Some(word), Some(family)) = (words.next(), words.next()) else {
            return Err(fmt::Error);
        };
        let rest = words.next().unwrap_or_default();
        match word {
            "HELP" => rest.clone_into(&mut self.help),
            "TYPE" => {
                let kind = Kind::of_openmetrics(rest).ok_or(fmt::Error)?;
                let suffix = match kind {
                    Kind::Counter => "_total",
                    Kind::Info => "_info",
                    _ => "",
                };
                self.out.extend(["# HELP ", family, suffix, " ", &self.help, "\n"]);
                self.out.extend(["# TYPE ", family, suffix, " ", kind.text_word(), "\n"]);
            }
            // UNIT: text 0.0.4 has no such line.
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::metrics::counter::Counter;
    use prometheus_client::metrics::histogram::Histogram;
    use prometheus_client::metrics::info::Info;
    use prometheus_client::registry::Unit;

    use super::*;
    use crate::exposition::Parser;

    fn registry() -> Registry {
        let mut registry = Registry::default();
        let counter: Counter = Counter::default();
        counter.inc_by(3);
        registry.register_with_unit("work", "Work done", Unit::Seconds, counter);
        let histogram = Histogram::new([0.1, 1.0]);
        histogram.observe(0.5);
        registry.register("delay", "Delay seen", histogram);
        registry.register("build", "The build", Info::new([("version", "1 # 2")]));
        registry
    }

    #[test]
    fn text_has_its_own_headers() {
        let mut out = String::new();
        write_registry(&mut out, &registry(), Format::Text).unwrap();
        assert_eq!(
            out,
            "# HELP work_seconds_total Work done.\n# TYPE work_seconds_total counter\nwork_seconds_total 3\n\
             # HELP delay Delay seen.\n# TYPE delay histogram\ndelay_sum 0.5\ndelay_count 1\n\
             delay_bucket{le=\"0.1\"} 0\ndelay_bucket{le=\"1.0\"} 1\ndelay_bucket{le=\"+Inf\"} 1\n\
             # HELP build_info The build.\n# TYPE build_info gauge\nbuild_info{version=\"1 # 2\"} 1\n"
        );
    }

    #[test]
    fn both_formats_read_back_alike() {
        let [text, openmetrics] = [Format::Text, Format::OpenMetrics].map(|format| {
            let mut out = String::new();
            write_registry(&mut out, &registry(), format).unwrap();
            if format == Format::OpenMetrics {
                out.push_str(crate::exposition::END_OF_OPENMETRICS);
            }
            let mut parser = Parser::new(format, |_: &str| true);
            parser.feed(out.as_bytes()).unwrap();
            parser.finish().unwrap()
        });
        assert_eq!(text.len(), 7);
        for (text, openmetrics) in text.iter().zip(&openmetrics) {
            assert_eq!(
                (&text.name, &text.labels, text.value),
                (&openmetrics.name, &openmetrics.labels, openmetrics.value)
            );
        }
    }
}
