//! The two text formats by name, and the content types they travel under. What differs between them in detail is said
//! where it matters: in the grammar of a line, in the families' rules and in the headers we write.

/// A text format of metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Prometheus's own text format, version 0.0.4.
    Text,
    /// OpenMetrics text, version 1.0.0.
    OpenMetrics,
}

impl Format {
    /// The `Content-Type` of a page in this format.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// The format of a page by its `Content-Type`, as Prometheus reads it: OpenMetrics by its own media type, and text
    /// for everything else, because many endpoints send `text/plain` bare, and some send nothing at all.
    #[must_use]
    pub fn of_content_type(content_type: &str) -> Self {
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        if media_type.eq_ignore_ascii_case("application/openmetrics-text") { Self::OpenMetrics } else { Self::Text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types() {
        for (content_type, format) in [
            ("application/openmetrics-text; version=1.0.0; charset=utf-8", Format::OpenMetrics),
            ("Application/OpenMetrics-Text", Format::OpenMetrics),
            ("text/plain; version=0.0.4; charset=utf-8", Format::Text),
            ("text/plain", Format::Text),
            ("", Format::Text),
        ] {
            assert_eq!(Format::of_content_type(content_type), format, "{content_type}");
        }
        for format in [Format::Text, Format::OpenMetrics] {
            assert_eq!(Format::of_content_type(format.content_type()), format);
        }
    }
}
