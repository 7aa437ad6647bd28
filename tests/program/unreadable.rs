//! An object that can no longer be read: what it was before is judged no more, it is not taken for gone, and what concerns
//! others goes on.

use gim_upgrade_exporter::sim::store::Kind;
use serde_json::json;

use crate::cluster::Cluster;
use crate::process::Process;
use crate::site::eventually;

#[test]
fn an_object_that_cannot_be_read_makes_its_component_unknown_until_it_can() {
    let cluster = Cluster::new("unreadable");
    let exporter = Process::start_well(&cluster, "15s");
    let site = &exporter.site;
    let (_, newest) = cluster.newest_revision("gim-b", "gim");
    let cases = [
        (Kind::Pods, cluster.object(Kind::Pods, "gim-b", "gim-0"), "/spec/containers", "unknown pods_stale"),
        (Kind::StatefulSets, cluster.object(Kind::StatefulSets, "gim-b", "gim"), "/spec", "unknown pods_stale"),
        (Kind::Secrets, newest, "/metadata/labels/version", "unknown helm_stale"),
    ];
    for (kind, good, field, verdict) in cases {
        let mut bad = good.clone();
        *bad.pointer_mut(field).unwrap() = json!("nonsense");
        cluster.apply(kind, bad);
        eventually("its component is unknown", || site.verdict("other", "gim"), |seen| seen == verdict);
        for (suite, component) in [("other", "gsp"), ("other", "gca"), ("default", "gim")] {
            assert_eq!(site.verdict(suite, component), "none", "{kind:?}: nothing else is in doubt");
        }
        let status = site.status().to_string();
        let name = good["metadata"]["name"].as_str().unwrap();
        assert!(status.contains("tells of an object that cannot be read"), "{kind:?}: {status}");
        assert!(exporter.log().contains(&format!("gim-b/{name}")), "{kind:?}: the log names it");
        cluster.apply(kind, good);
        site.wait_until_well();
    }
    assert_eq!(exporter.end("TERM").0, Some(0));
}
