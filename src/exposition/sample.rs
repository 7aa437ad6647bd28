//! What a page is made of: the kinds of a family and one sample of it. Nouns only.

/// The kind of a family, by OpenMetrics's names; text 0.0.4 knows only the first five of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Only rises, but for a restart.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts in cumulative buckets.
    Histogram,
    /// Quantiles computed by the endpoint.
    Summary,
    /// Not declared: `untyped` in text 0.0.4, `unknown` in OpenMetrics.
    Unknown,
    /// Labels that describe something; the value is 1.
    Info,
    /// One series for each state, 1 for those that hold.
    StateSet,
    /// A histogram of current things, whose counts may fall.
    GaugeHistogram,
}

impl Kind {
    /// The kind that the word of a `# TYPE` line names in OpenMetrics.
    pub(super) fn of_openmetrics(word: &str) -> Option<Self> {
        Some(match word {
            "counter" => Self::Counter,
            "gauge" => Self::Gauge,
            "histogram" => Self::Histogram,
            "summary" => Self::Summary,
            "unknown" => Self::Unknown,
            "info" => Self::Info,
            "stateset" => Self::StateSet,
            "gaugehistogram" => Self::GaugeHistogram,
            _ => return None,
        })
    }

    /// The kind that the word of a `# TYPE` line names in text 0.0.4.
    pub(super) fn of_text(word: &str) -> Option<Self> {
        Some(match word {
            "counter" => Self::Counter,
            "gauge" => Self::Gauge,
            "histogram" => Self::Histogram,
            "summary" => Self::Summary,
            "untyped" => Self::Unknown,
            _ => return None,
        })
    }

    /// The word for this kind in OpenMetrics.
    #[must_use]
    pub const fn openmetrics_word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Summary => "summary",
            Self::Unknown => "unknown",
            Self::Info => "info",
            Self::StateSet => "stateset",
            Self::GaugeHistogram => "gaugehistogram",
        }
    }

    /// The word for this kind in text 0.0.4, or for the nearest it has.
    #[must_use]
    pub const fn text_word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge | Self::Info | Self::StateSet => "gauge",
            Self::Histogram | Self::GaugeHistogram => "histogram",
            Self::Summary => "summary",
            Self::Unknown => "untyped",
        }
    }

    /// The suffixes that a sample's name may add to its family's name in OpenMetrics.
    pub(super) const fn suffixes(self) -> &'static [&'static str] {
        match self {
            Self::Counter => &["_total", "_created"],
            Self::Gauge | Self::Unknown | Self::StateSet => &[""],
            Self::Histogram => &["_bucket", "_count", "_sum", "_created"],
            Self::GaugeHistogram => &["_bucket", "_gcount", "_gsum"],
            Self::Summary => &["", "_count", "_sum", "_created"],
            Self::Info => &["_info"],
        }
    }
}

/// A label: its name and its value, unescaped.
pub type Label = (String, String);

/// One sample of a page.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The name as it stands on the line, with suffix (`_total`, `_bucket`): the name that a query uses.
    pub name: String,
    /// The kind of the family it belongs to.
    pub kind: Kind,
    /// The labels, sorted by name; no name occurs twice.
    pub labels: Vec<Label>,
    /// The value, which may be NaN or infinite.
    pub value: f64,
    /// The time the endpoint gave it, in milliseconds since 1970; rarely there.
    pub timestamp_milliseconds: Option<i64>,
}

impl Sample {
    /// The value of a label, where the sample has it.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(label, _)| label == name).map(|(_, value)| value.as_str())
    }
}
