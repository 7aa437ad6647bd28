//! What a family says of itself: name, help, kind and unit, and the header lines that say so in each format. The
//! formats differ here and nowhere else: a sample's line is the same in both, so that rendered samples serve both.

use super::format::Format;
use super::sample::Kind;

/// A family that we write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Description {
    /// The name as queries use it: of a counter with `_total`.
    pub name: &'static str,
    /// One sentence, written as it stands here.
    pub help: &'static str,
    /// The kind; [`Kind::Info`] is for names that end with `_info`.
    pub kind: Kind,
    /// The base unit, which the name must end with (before `_total`): `seconds`, `bytes`.
    pub unit: Option<&'static str>,
}

impl Description {
    /// The name that the headers bear: OpenMetrics leaves out the suffix that the kind gives each sample.
    #[must_use]
    pub fn family_name(&self, format: Format) -> &'static str {
        let suffix = match (format, self.kind) {
            (Format::OpenMetrics, Kind::Counter) => "_total",
            (Format::OpenMetrics, Kind::Info) => "_info",
            _ => "",
        };
        self.name.strip_suffix(suffix).unwrap_or(self.name)
    }

    /// Writes the header lines, which come once, before the family's first sample.
    pub fn write_header(&self, out: &mut String, format: Format) {
        let name = self.family_name(format);
        let (kind, unit) = match format {
            Format::Text => (self.kind.text_word(), None),
            Format::OpenMetrics => (self.kind.openmetrics_word(), self.unit),
        };
        out.extend(["# HELP ", name, " "]);
        for c in self.help.chars() {
            match c {
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '"' if format == Format::OpenMetrics => out.push_str("\\\""),
                c => out.push(c),
            }
        }
        out.extend(["\n# TYPE ", name, " ", kind, "\n"]);
        if let Some(unit) = unit {
            out.extend(["# UNIT ", name, " ", unit, "\n"]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(description: Description, format: Format) -> String {
        let mut out = String::new();
        description.write_header(&mut out, format);
        out
    }

    #[test]
    fn headers_in_both_formats() {
        let counter = Description {
            name: "process_cpu_seconds_total",
            help: "Time, \"user\" and \\system\nof it.",
            kind: Kind::Counter,
            unit: Some("seconds"),
        };
        assert_eq!(
            header(counter, Format::Text),
            "# HELP process_cpu_seconds_total Time, \"user\" and \\\\system\\nof it.\n\
             # TYPE process_cpu_seconds_total counter\n"
        );
        assert_eq!(
            header(counter, Format::OpenMetrics),
            "# HELP process_cpu_seconds Time, \\\"user\\\" and \\\\system\\nof it.\n\
             # TYPE process_cpu_seconds counter\n# UNIT process_cpu_seconds seconds\n"
        );
    }

    #[test]
    fn kinds_that_text_does_not_know_become_the_nearest() {
        for (kind, name, text, openmetrics) in [
            (Kind::Gauge, "m", "m gauge", "m gauge"),
            (Kind::Unknown, "m", "m untyped", "m unknown"),
            (Kind::Info, "m_info", "m_info gauge", "m info"),
            (Kind::StateSet, "m", "m gauge", "m stateset"),
            (Kind::Histogram, "m", "m histogram", "m histogram"),
            (Kind::GaugeHistogram, "m", "m histogram", "m gaugehistogram"),
            (Kind::Summary, "m", "m summary", "m summary"),
        ] {
            let description = Description { name, help: "Help.", kind, unit: None };
            assert!(header(description, Format::Text).ends_with(&format!("# TYPE {text}\n")), "{kind:?}");
            assert!(header(description, Format::OpenMetrics).ends_with(&format!("# TYPE {openmetrics}\n")), "{kind:?}");
        }
    }
}
