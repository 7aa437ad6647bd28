//! What lines mean to each other: which family a sample belongs to, and whether the families come as their format
//! wants them. It knows nothing of characters and columns; it is given lines already read.
//!
//! Not checked, because nothing here uses histograms: that buckets rise and that `+Inf` is among them.

use std::collections::HashMap;

use super::error::Problem;
use super::format::Format;
use super::line::{self, Metadata, RawSample};
use super::sample::Kind;

/// Families that one page may have: kube-state-metrics has some 200, a large Java server a few thousand. The bound
/// keeps a hostile page from filling memory with names, of which each is remembered.
pub const MAX_FAMILIES: usize = 10_000;

/// The suffixes that OpenMetrics reserves for the samples of a family.
const ALL_SUFFIXES: [&str; 8] = ["_total", "_created", "_bucket", "_count", "_sum", "_gcount", "_gsum", "_info"];

/// The families of a page, as far as it has been read.
#[derive(Debug)]
pub(super) struct Families {
    format: Format,
    known: HashMap<Box<str>, Family>,
    /// The family that the page is in the midst of (OpenMetrics only).
    current: Option<Box<str>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Family {
    kind: Option<Kind>,
    has_help: bool,
    has_unit: bool,
    has_samples: bool,
}

impl Families {
    pub(super) fn new(format: Format) -> Self {
        Self { format, known: HashMap::new(), current: None }
    }

    /// Takes a HELP, TYPE or UNIT line.
    pub(super) fn describe(&mut self, name: &str, what: Metadata<'_>) -> Result<(), Problem> {
        if self.format == Format::OpenMetrics && self.current.as_deref() != Some(name) {
            self.begin(name)?;
        }
        let family = self.entry(name)?;
        let already = match what {
            Metadata::Help => std::mem::replace(&mut family.has_help, true),
            Metadata::Type(kind) => family.kind.replace(kind).is_some(),
            Metadata::Unit(_) => std::mem::replace(&mut family.has_unit, true),
        };
        if already {
            return Err(Problem::DuplicateMetadata);
        }
        // Text 0.0.4 asks it of TYPE alone.
        if family.has_samples && (self.format == Format::OpenMetrics || matches!(what, Metadata::Type(_))) {
            return Err(Problem::MetadataAfterSamples);
        }
        match what {
            Metadata::Unit(unit) if !unit.is_empty() && !ends_with_word(name, unit) => Err(Problem::UnitNotInName),
            _ => Ok(()),
        }
    }

    /// Takes a sample and tells the kind of its family.
    pub(super) fn admit(&mut self, sample: &RawSample<'_>) -> Result<Kind, Problem> {
        match self.format {
            Format::Text => self.admit_text(sample.name),
            Format::OpenMetrics => self.admit_openmetrics(sample),
        }
    }

    fn admit_text(&mut self, name: &str) -> Result<Kind, Problem> {
        let compound =
            ["_bucket", "_count", "_sum"].iter().filter_map(|suffix| name.strip_suffix(suffix)).find(|base| {
                matches!(self.known.get(*base), Some(Family { kind: Some(Kind::Histogram | Kind::Summary), .. }))
            });
        let family = self.entry(compound.unwrap_or(name))?;
        family.has_samples = true;
        Ok(family.kind.unwrap_or(Kind::Unknown))
    }

    fn admit_openmetrics(&mut self, sample: &RawSample<'_>) -> Result<Kind, Problem> {
        if let Some(current) = self.current.as_deref()
            && let Some(family) = self.known.get_mut(current)
            && let kind = family.kind.unwrap_or(Kind::Unknown)
            && let Some(suffix) = sample.name.strip_prefix(current)
            && kind.suffixes().contains(&suffix)
        {
            family.has_samples = true;
            check_value(kind, current, suffix, sample)?;
            return Ok(kind);
        }
        if self.current.as_deref() == Some(sample.name) {
            return Err(Problem::NameDoesNotFitType);
        }
        // A sample without metadata is a family of its own, unless it belongs to one that was left.
        let belongs_to_another = ALL_SUFFIXES.iter().any(|suffix| {
            let base = sample.name.strip_suffix(suffix).and_then(|base| self.known.get(base));
            base.and_then(|family| family.kind).is_some_and(|kind| kind.suffixes().contains(suffix))
        });
        if belongs_to_another {
            return Err(Problem::InterleavedFamilies);
        }
        self.begin(sample.name)?;
        self.entry(sample.name)?.has_samples = true;
        if sample.has_exemplar { Err(Problem::ExemplarNotAllowed) } else { Ok(Kind::Unknown) }
    }

    /// Goes on to another family, which must be new.
    fn begin(&mut self, name: &str) -> Result<(), Problem> {
        if self.known.contains_key(name) {
            return Err(Problem::InterleavedFamilies);
        }
        self.current = Some(name.into());
        Ok(())
    }

    fn entry(&mut self, name: &str) -> Result<&mut Family, Problem> {
        if !self.known.contains_key(name) {
            if self.known.len() == MAX_FAMILIES {
                return Err(Problem::TooManyFamilies);
            }
            self.known.insert(name.into(), Family::default());
        }
        self.known.get_mut(name).ok_or(Problem::TooManyFamilies)
    }
}

/// What OpenMetrics asks of a sample by its kind.
fn check_value(kind: Kind, family: &str, suffix: &str, sample: &RawSample<'_>) -> Result<(), Problem> {
    let is_bucket = suffix == "_bucket";
    if sample.has_exemplar && !is_bucket && suffix != "_total" {
        return Err(Problem::ExemplarNotAllowed);
    }
    let numeric_label = |label| sample.label(label).is_some_and(|value| line::number(value).is_some());
    let has_label = match kind {
        Kind::Histogram | Kind::GaugeHistogram if is_bucket => numeric_label("le"),
        Kind::Summary if suffix.is_empty() => numeric_label("quantile"),
        Kind::StateSet => sample.label(family).is_some(),
        _ => true,
    };
    if !has_label {
        return Err(Problem::MissingKindLabel);
    }
    let value = sample.value;
    let is_count = value >= 0.0 && value.is_finite() && value.fract() == 0.0;
    let is_allowed = match (kind, suffix) {
        (Kind::Counter, "_total") => value >= 0.0,
        (Kind::Histogram | Kind::Summary, "_count") | (Kind::Histogram, "_bucket") => is_count,
        (Kind::Info, _) => value.to_bits() == 1f64.to_bits(),
        (Kind::StateSet, _) => value.to_bits() == 1f64.to_bits() || value.to_bits() == 0f64.to_bits(),
        _ => true,
    };
    if is_allowed { Ok(()) } else { Err(Problem::ValueNotAllowed) }
}

fn ends_with_word(name: &str, word: &str) -> bool {
    name.strip_suffix(word).is_some_and(|rest| rest.ends_with('_'))
}
