//! What cannot be used is counted by its kind, named in the log and the status, and changes nothing else.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::cluster::Cluster;
use crate::pages::Answer;
use crate::process::Process;
use crate::site::{Series, eventually};

/// The most memory that the exporter may ever have had, in KiB: it may hold a Secret of 4 MiB and a page of 8 MiB, and a
/// development build is larger than what is shipped.
const PEAK_KIB: u64 = 64 * 1024;
/// How much is packed into one member of the packed file.
const MEMBER_BYTES: usize = 100 * 1024 * 1024;

/// Series that a change of one component's evidence leaves alone: those of the other suite and of other components, but for
/// the gates of its own suite, which are closed while one of its components is in doubt.
fn elsewhere(series: &Series) -> Series {
    let is_elsewhere = |name: &str| {
        let other_suite = name.contains("suite=\"default\"");
        let other_component = name.contains("component=\"gsp\"") || name.contains("component=\"gca\"");
        // Readings of GIM's own page go on.
        (other_suite && !name.contains("_timestamp_seconds")) || (other_component && !name.contains("_gate_"))
    };
    series.iter().filter(|(name, _)| is_elsewhere(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Rubbish in the evidence about GIM of the suite `other`, and how it must be told.
fn expect(exporter: &Process, source: &str, kind: &str, names: &[&str], spoil: impl FnOnce(), mend: impl FnOnce()) {
    let before = elsewhere(&exporter.site.series());
    assert!(before.len() > 50, "{before:#?}");
    let counted = format!("gim_upgrade_source_errors_total{{source=\"{source}\",kind=\"{kind}\"}}");
    let count = || exporter.site.series().get(&counted).map_or(0.0, |value| value.parse::<f64>().unwrap());
    let former = count();
    spoil();
    eventually(&counted, count, |count| *count > former);
    let is_named = |text: &str| names.iter().all(|name| text.contains(name));
    eventually("the status names it", || exporter.site.status()["sources"].to_string(), |sources| is_named(sources));
    assert!(exporter.log().lines().any(|line| line.contains("WARN") && is_named(line)), "the log names it");
    // It takes effect at once, where it has any.
    let after = elsewhere(&exporter.site.series());
    let differing: Vec<_> = before.iter().filter(|(name, value)| after.get(*name) != Some(value)).collect();
    assert!(differing.is_empty() && before.len() == after.len(), "nothing else changes: {differing:#?}");
    mend();
    exporter.site.wait_until_well();
    if let Some(peak) = exporter.peak_memory() {
        println!("{names:?}: at most {peak} KiB");
        assert!(peak < PEAK_KIB, "{peak} KiB");
    }
}

/// The text in a release Secret's `data.release`, base64 of base64.
fn stored(bytes: &[u8]) -> String {
    STANDARD.encode(STANDARD.encode(bytes))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A release of Helm's JSON with a text of so many bytes in its values, packed.
fn bomb(members: usize) -> Vec<u8> {
    let filler = gzip(&vec![b'a'; MEMBER_BYTES]);
    let mut packed = gzip(br#"{"name":"gim","config":{"filler":""#);
    for _ in 0..members {
        packed.extend_from_slice(&filler);
    }
    packed.extend(gzip(br#""},"version":12}"#));
    packed
}

#[test]
fn rubbish_is_told_and_changes_nothing_else() {
    use gim_upgrade_exporter::sim::store::Kind;

    let cluster = Cluster::new("rubbish");
    let exporter = Process::start_well(&cluster, "2s");
    // The windows of samples fill meanwhile, and what is said of them changes.
    let filled = "gim_upgrade_check{suite=\"default\",component=\"gim\",check=\"backlog_not_growing\"}";
    eventually("the window is full", || exporter.site.series()[filled].clone(), |value| value == "1");
    let bombs = [1, 100].map(bomb);
    assert!(bombs[0].len() < 1024 * 1024, "100 MB that fit into a Secret");
    let bodies = [
        ("decode", stored(b"rubbish")),
        ("decode", "%%%".to_owned()),
        ("decode", stored(&gzip(b"{\"info\": 7}"))),
        // It fits into a Secret, and is unpacked as far as is allowed.
        ("too_large", stored(&bombs[0])),
        // 10 GB: no API server would store it, and none of it is unpacked.
        ("too_large", stored(&bombs[1])),
    ];
    for (kind, body) in bodies {
        // Written first, so that its name is known.
        let name = std::cell::RefCell::new(String::new());
        let (number, _) = cluster.newest_revision("gim-b", "gim");
        let object = format!("gim-b/sh.helm.release.v1.gim.v{}", number + 1);
        let spoil = || *name.borrow_mut() = cluster.add_revision("gim-b", "gim", &body);
        let mend = || cluster.delete(Kind::Secrets, "gim-b", &name.borrow());
        expect(&exporter, "helm_bodies", kind, &[&object], spoil, mend);
    }
    let url = cluster.pages.url("other");
    let pages = [
        ("too_large", "page is larger", Answer::Endless),
        ("decode", "line 3", Answer::Page("# a comment\nfine 1\nnot{ fine\nfine 2\n".to_owned())),
        ("decode", "line 1", Answer::Page("gim_kafka_timestamp_behind{topic=\"a} 1\n".to_owned())),
    ];
    for (kind, names, answer) in pages {
        let good = std::cell::RefCell::new(None);
        let spoil = || *good.borrow_mut() = Some(cluster.pages.set("other", answer));
        let mend = || drop(cluster.pages.set("other", good.take().unwrap()));
        expect(&exporter, "signals", kind, &[&url, names], spoil, mend);
    }
    assert_eq!(exporter.end("TERM").0, Some(0));
}
