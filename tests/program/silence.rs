//! LIST, watch start, GET and watch stream that fall silent: each is noticed, shown as stale, and mended when the fault ends.

use std::time::Duration;

use gim_upgrade_exporter::observe::timing::Timing;
use gim_upgrade_exporter::sim::faults::{Fault, On, Verb};
use gim_upgrade_exporter::sim::store::Kind;

use crate::cluster::Cluster;
use crate::inside::Inside;
use crate::site::{Site, eventually};

/// The times of the program, so much shorter that a test need not wait for minutes, in the same order of length.
fn short() -> Timing {
    Timing {
        watch: Duration::from_secs(1),
        silence: Duration::from_millis(1_500),
        watch_stale_after: Duration::from_millis(2_500),
        bodies_stale_after: Duration::from_millis(2_500),
        backoff_first: Duration::from_millis(20),
        backoff_longest: Duration::from_millis(100),
        ..Timing::default()
    }
}

/// Waits until a source is shown as silent: stale in the status, `source_up` 0, its silence counted as a timeout.
fn notice(site: &Site, source: &str) {
    eventually(
        "silence is noticed",
        || site.source(source, None),
        |found| found["freshness"] == "stale" && found["errors"]["timeout"].as_u64() > Some(0),
    );
    let labels = format!("source=\"{source}\"");
    eventually(
        "silence is on the page",
        || site.series().into_iter().filter(|(series, _)| series.contains(&labels)).collect::<Vec<_>>(),
        |series| {
            let has = |name: &str, value: &dyn Fn(&str) -> bool| {
                series.iter().any(|(series, found)| series.starts_with(name) && value(found))
            };
            has("gim_upgrade_source_up{", &|value| value == "0")
                && has("gim_upgrade_source_errors_total{", &|value| value != "0")
        },
    );
}

/// Waits until the verdict on every component is `unknown` and names the source.
fn unknown(site: &Site, reason: &str) {
    let expected = format!("unknown {reason}");
    eventually(
        "verdicts",
        || ["gim", "gsp", "gca"].map(|c| site.verdict("other", c)),
        |verdicts| verdicts.iter().all(|verdict| *verdict == expected),
    );
}

#[test]
fn the_program_itself_notices_within_a_minute() {
    let timing = Timing::default();
    assert!(timing.silence <= Duration::from_mins(1), "an answer that says nothing is given up, counted and logged");
    assert!(timing.watch < timing.silence, "a quiet cluster is heard before that");
}

#[test]
fn a_watch_that_falls_silent() {
    let cases = [
        (Kind::Pods, "pods", "pods_stale", Fault::SilentMidway),
        (Kind::Pods, "pods", "pods_stale", Fault::SilentBeforeHead),
        (Kind::Pods, "pods", "pods_stale", Fault::SilentAfterHead),
        (Kind::Secrets, "helm", "helm_stale", Fault::SilentMidway),
        (Kind::StatefulSets, "statefulsets", "pods_stale", Fault::SilentBeforeHead),
    ];
    let cluster = Cluster::new("silent-watch");
    let exporter = Inside::start(&cluster, short());
    exporter.site.wait_until_well();
    for (kind, source, reason, fault) in cases {
        println!("{kind} {fault:?}");
        let id = cluster.faults.set(On::verb(Verb::Watch).kind(kind), fault);
        notice(&exporter.site, source);
        unknown(&exporter.site, reason);
        assert!(exporter.site.is_ready(), "what was synced once stays ready: it is the verdict that says unknown");
        cluster.faults.unset(id);
        exporter.site.wait_until_well();
        assert_eq!(exporter.site.source(source, None)["freshness"], "fresh");
    }
}

/// The first list of all, and one that is made because a watch's history is gone.
#[test]
fn a_list_that_falls_silent() {
    for fault in [Fault::SilentBeforeHead, Fault::SilentAfterHead, Fault::SilentMidway] {
        println!("{fault:?}");
        let cluster = Cluster::new("silent-list");
        let id = cluster.faults.set(On::verb(Verb::List).kind(Kind::Pods), fault.clone());
        let exporter = Inside::start(&cluster, short());
        unknown(&exporter.site, "pods_starting");
        assert!(!exporter.site.is_ready());
        cluster.faults.unset(id);
        exporter.site.wait_until_well();
        assert!(exporter.site.is_ready());

        let id = cluster.faults.set(On::verb(Verb::List).kind(Kind::Pods), fault);
        cluster.forget_history();
        notice(&exporter.site, "pods");
        unknown(&exporter.site, "pods_stale");
        cluster.faults.unset(id);
        exporter.site.wait_until_well();
    }
}

#[test]
fn a_get_that_falls_silent() {
    for fault in [Fault::SilentBeforeHead, Fault::SilentAfterHead, Fault::SilentMidway] {
        println!("{fault:?}");
        let cluster = Cluster::new("silent-get");
        let get = On::verb(Verb::Get).kind(Kind::Secrets);
        let id = cluster.faults.set(get.clone(), fault.clone());
        let exporter = Inside::start(&cluster, short());
        notice(&exporter.site, "helm_bodies");
        unknown(&exporter.site, "helm_starting");
        assert!(!exporter.site.is_ready());
        cluster.faults.unset(id);
        exporter.site.wait_until_well();
        assert!(exporter.site.is_ready());

        // A new revision of which nothing but its labels can be had: nobody may say that all is well.
        let id = cluster.faults.set(get, fault);
        let (_, newest) = cluster.newest_revision("gim-b", "gim");
        let name = cluster.add_revision("gim-b", "gim", newest["data"]["release"].as_str().unwrap());
        notice(&exporter.site, "helm_bodies");
        eventually(
            "the verdict",
            || exporter.site.verdict("other", "gim"),
            |verdict| verdict == "unknown helm_body_unreadable",
        );
        assert_eq!(exporter.site.verdict("default", "gim"), "none");
        cluster.faults.unset(id);
        eventually(
            "the body is read",
            || exporter.site.source("helm_bodies", None),
            |source| source["freshness"] == "fresh",
        );
        cluster.delete(Kind::Secrets, "gim-b", &name);
        exporter.site.wait_until_well();
    }
}
