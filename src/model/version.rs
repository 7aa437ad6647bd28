//! Build versions: `100.0.116+2900` of a chart and `100.0.116.2900` of an image tag are the same build.
//!
//! By `SemVer` the part after `+` has no order; here it is the build number and decides. What does not parse is kept as
//! text and equals only itself. Not for ranges or compatibility.

use std::cmp::Ordering;

use super::names::Name;

/// The most parts that a version may have; a longer one is kept as text only.
const MAX_PARTS: usize = 8;

/// A version of a chart or an image tag.
#[derive(Clone, Debug)]
pub struct BuildVersion {
    text: Name,
    parts: Option<Vec<u64>>,
}

/// By text: two spellings of one build differ. Ask [`BuildVersion::same_build`] whether the build is the same.
impl PartialEq for BuildVersion {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for BuildVersion {}

impl BuildVersion {
    /// Reads a version. Never fails: text that is not numbers joined by `.`, `+`, `-` or `_` is kept as it is.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let digits = text.strip_prefix('v').unwrap_or(text);
        let parts: Option<Vec<u64>> = digits
            .split(['.', '+', '-', '_'])
            .map(|part| if part.bytes().all(|b| b.is_ascii_digit()) { part.parse().ok() } else { None })
            .collect();
        let parts = parts.filter(|parts| (2..=MAX_PARTS).contains(&parts.len()));
        Self { text: text.into(), parts }
    }

    /// The text as it was read.
    #[must_use]
    pub const fn text(&self) -> &Name {
        &self.text
    }

    /// Whether it has an order.
    #[must_use]
    pub const fn is_ordered(&self) -> bool {
        self.parts.is_some()
    }

    /// The first of its numbers; `None` where it has no order.
    #[must_use]
    pub fn first_number(&self) -> Option<u64> {
        self.parts.as_ref()?.first().copied()
    }

    /// How it stands to another version; `None` where one of them has no order and the texts differ.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        match (&self.parts, &other.parts) {
            (Some(mine), Some(theirs)) => Some(mine.cmp(theirs)),
            _ if self.text == other.text => Some(Ordering::Equal),
            _ => None,
        }
    }

    /// Whether both are spelled by one scheme, so that a difference means another build: as many numbers, the first of which
    /// is the same.
    #[must_use]
    pub fn is_of_scheme(&self, other: &Self) -> bool {
        let numbers = |version: &Self| version.parts.as_ref().map(Vec::len);
        numbers(self).is_some() && numbers(self) == numbers(other) && self.first_number() == other.first_number()
    }

    /// Whether both name the same build.
    #[must_use]
    pub fn same_build(&self, other: &Self) -> bool {
        self.compare(other) == Some(Ordering::Equal)
    }
}

/// The build that these images and this version of a chart install: the first image tag that reads as a version, else the
/// chart's version. Tags that begin with the chart's first number go first: init containers and sidecars have versions of
/// their own, which stay the same from build to build.
#[must_use]
pub fn build_of<'a>(images: impl Iterator<Item = &'a Name> + Clone, chart: BuildVersion) -> BuildVersion {
    let tags = images.filter_map(|image| image_tag(image)).map(BuildVersion::new).filter(BuildVersion::is_ordered);
    let alike = |tag: &BuildVersion| tag.first_number() == chart.first_number();
    tags.clone().find(alike).or_else(|| tags.clone().next()).unwrap_or(chart)
}

/// The version in a label `helm.sh/chart`: `gim-100.0.116_2900` has `100.0.116_2900`; empty where it has none.
#[must_use]
pub fn chart_label_version(label: &str) -> &str {
    let digit = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
    label.match_indices('-').map(|(at, _)| label.get(at + 1..).unwrap_or("")).find(|rest| digit(rest)).unwrap_or("")
}

/// The tag of an image reference: `registry:5000/gim:100.0.116.2900@sha256:…` has `100.0.116.2900`.
#[must_use]
pub fn image_tag(image: &str) -> Option<&str> {
    let reference = image.split_once('@').map_or(image, |(reference, _)| reference);
    let (_, last) = reference.rsplit_once('/').unwrap_or(("", reference));
    last.split_once(':').map(|(_, tag)| tag).filter(|tag| !tag.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn versions_compare_by_build_number() {
        let cases = [
            ("100.0.116+2900", "100.0.116+4200", Some(Ordering::Less)),
            ("100.0.116+2900", "100.0.116.2900", Some(Ordering::Equal)),
            ("100.0.116_2900", "100.0.116+2900", Some(Ordering::Equal)),
            ("100.0.122.0028", "100.0.122.28", Some(Ordering::Equal)),
            ("9.0.000.01", "100.0.116", Some(Ordering::Less)),
            ("100.0.9+1", "100.0.10+1", Some(Ordering::Less)),
            ("v1.2.3", "1.2.3", Some(Ordering::Equal)),
            ("latest", "latest", Some(Ordering::Equal)),
            ("latest", "100.0.116", None),
            ("", "100.0.116", None),
            ("1..2", "1.2", None),
            ("99999999999999999999.1", "1.2", None),
        ];
        for (left, right, expected) in cases {
            assert_eq!(BuildVersion::new(left).compare(&BuildVersion::new(right)), expected, "{left} {right}");
        }
    }

    #[test]
    fn tags_are_found_behind_ports_and_digests() {
        let cases = [
            ("registry:5000/gim/gim:100.0.116.2900", Some("100.0.116.2900")),
            ("registry:5000/gim/gim", None),
            ("gim:100.0.1@sha256:abc", Some("100.0.1")),
            ("gim@sha256:abc", None),
            ("gim:", None),
        ];
        for (image, expected) in cases {
            assert_eq!(image_tag(image), expected, "{image}");
        }
    }

    #[test]
    fn a_charts_label_ends_with_its_version() {
        let cases =
            [("gim-100.0.116_2900", "100.0.116_2900"), ("gim-v2-1.0", "1.0"), ("gim", ""), ("gim-", ""), ("", "")];
        for (label, expected) in cases {
            assert_eq!(chart_label_version(label), expected, "{label}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_kept(text in ".{0,40}") {
            let version = BuildVersion::new(&text);
            prop_assert_eq!(&**version.text(), text.as_str());
            prop_assert!(version.same_build(&BuildVersion::new(&text)));
        }
    }
}
