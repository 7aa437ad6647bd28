//! Two scrapes of a cluster that does not change are equal, but for what the exporter counts of itself.

use crate::cluster::Cluster;
use crate::process::Process;
use crate::site::{OPEN_METRICS, PLAIN, eventually};

/// What is new at every scrape: the exporter's own figures, and when each source was last heard.
const OWN: [&str; 6] = [
    "gim_upgrade_exporter_scrape_duration_seconds",
    "gim_upgrade_source_last_contact_timestamp_seconds",
    "process_cpu_seconds_total",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_virtual_memory_bytes",
];

fn lines(page: &str) -> Vec<&str> {
    page.lines().filter(|line| !OWN.iter().any(|own| line.starts_with(own))).collect()
}

#[test]
fn scrapes_of_an_unchanged_cluster_are_equal() {
    let cluster = Cluster::new("steady");
    let exporter = Process::start_well(&cluster, "15s");
    let read = "gim_upgrade_signals_timestamp_seconds{suite=\"other\",component=\"gim\"}";
    let began = exporter.site.series()[read].clone();
    for accept in [PLAIN, OPEN_METRICS] {
        // Both suites' pages are read at moments of their own: between two readings there is time for two scrapes.
        let differing = || {
            let pages = [(), ()].map(|()| exporter.site.get("/metrics", accept).1);
            assert!(lines(&pages[0]).len() > 150 && pages[0].lines().count() > lines(&pages[0]).len());
            let twins = lines(&pages[0]).into_iter().zip(lines(&pages[1]));
            let differing: Vec<String> =
                twins.filter(|(one, other)| one != other).map(|(one, other)| format!("{one} | {other}")).collect();
            (lines(&pages[0]).len() == lines(&pages[1]).len(), differing)
        };
        let seen = differing();
        // Only a reading may have come between them, and then not between the next two.
        if seen != (true, Vec::new()) {
            assert!(
                seen.1.iter().all(|line| line.contains("timestamp") || line.contains("event_to_page")),
                "{seen:#?}"
            );
            assert_eq!(differing(), (true, Vec::new()));
        }
    }
    // The page is kept as long as nothing changes, and not for longer.
    eventually("the next reading", || exporter.site.series()[read].clone(), |now| *now != began);
}
