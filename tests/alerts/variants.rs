//! What Prometheus may see of one course of events: one exporter, one that starts anew, two of which one is blind, two clusters.

use gim_upgrade_exporter::alerts::answer::{Labels, Sample, Series};
use gim_upgrade_exporter::alerts::catalogue::EXPECTED;

use super::chronicle::{Chronicle, INTERVAL};

/// Scrapes that nobody answers while an exporter starts anew: two minutes.
const GAP: std::ops::Range<usize> = 2..6;

/// What is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    One,
    /// It is away for a while soon after the alert began, and comes back under another name.
    Restarted,
    /// A second one never sees the cluster.
    OneOfTwoBlind,
    /// In the other cluster all is as it was.
    TwoClusters,
    /// It goes away for good.
    Gone,
    /// It goes away in one of two clusters.
    GoneInOneCluster,
}

impl Variant {
    /// Those in which somebody watches.
    pub const WATCHED: [Self; 4] = [Self::One, Self::Restarted, Self::OneOfTwoBlind, Self::TwoClusters];

    pub fn is_watched(self) -> bool {
        Self::WATCHED.contains(&self)
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::One => "one exporter",
            Self::Restarted => "an exporter that starts anew while the alert fires",
            Self::OneOfTwoBlind => "two exporters of which one is blind",
            Self::TwoClusters => "two clusters, one of them as it was at first",
            Self::Gone => "the exporter goes away",
            Self::GoneInOneCluster => "the exporter of one of two clusters goes away",
        }
    }

    /// The scrapes of `chronicle` from the nth on, where the alert begins, or the exporter goes, at `fires`, counted from the first of
    /// all.
    pub fn scrapes(self, chronicle: &Chronicle, from: usize, fires: usize) -> Vec<Series> {
        let before = INTERVAL.as_secs_f64() * from as f64;
        let gap = fires + GAP.start..fires + GAP.end;
        let scrapes = chronicle.scrapes.iter().enumerate().skip(from).map(|(nth, scrape)| {
            let mut seen = Series::default();
            let mut add = |series: &Series, labels: &[(&'static str, &str)]| {
                for (family, samples) in series.families().filter(|(family, _)| *family != EXPECTED) {
                    let is_instant = family.ends_with("_timestamp_seconds");
                    seen.extend(
                        family,
                        samples.iter().map(|sample| target(sample, labels, if is_instant { before } else { 0.0 })),
                    );
                }
            };
            let cluster = |name| [&exporter("a")[..], &[("cluster", name)]].concat();
            match self {
                Self::Gone if nth >= fires => {}
                Self::GoneInOneCluster => {
                    add(scrape, &cluster("east"));
                    if nth < fires {
                        add(scrape, &cluster("west"));
                    }
                }
                Self::One | Self::Gone => add(scrape, &exporter("a")),
                Self::Restarted if gap.contains(&nth) => {}
                Self::Restarted => add(scrape, &exporter(if nth < gap.start { "a" } else { "b" })),
                Self::OneOfTwoBlind => {
                    add(scrape, &exporter("a"));
                    add(&chronicle.blind, &exporter("b"));
                }
                Self::TwoClusters => {
                    add(scrape, &cluster("east"));
                    add(&chronicle.scrapes[0], &cluster("west"));
                }
            }
            // What the recording rule says, where the rules name the clusters.
            let clusters: &[Option<&str>] =
                if self == Self::GoneInOneCluster { &[Some("east"), Some("west")] } else { &[None] };
            for cluster in clusters {
                let labels = cluster.map(|name| ("cluster", name));
                seen.extend(EXPECTED, scrape.of(EXPECTED).iter().map(|sample| target(sample, labels.as_slice(), 0.0)));
            }
            seen
        });
        scrapes.collect()
    }
}

/// The labels of a target, as the operator gives them.
fn exporter(which: &'static str) -> [(&'static str, &'static str); 3] {
    let (instance, pod) = match which {
        "a" => ("10.0.0.1:9845", "gim-upgrade-exporter-a"),
        _ => ("10.0.0.2:9845", "gim-upgrade-exporter-b"),
    };
    [("instance", instance), ("namespace", "monitoring"), ("pod", pod)]
}

fn target(sample: &Sample, labels: &[(&'static str, &str)], before: f64) -> Sample {
    let further = labels.iter().map(|(name, value)| (*name, (*value).to_owned()));
    let labels: Labels = sample.labels.clone().into_iter().chain(further).collect();
    Sample { labels, value: sample.value - before }
}
