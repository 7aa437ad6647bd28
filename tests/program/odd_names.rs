//! Names that are markup stay text: on the page, in the JSON, in the metrics, and in what is told of news.

use crate::cluster::Cluster;
use crate::listener::Listener;
use crate::odd_pod;
use crate::process::Process;
use crate::site::{PLAIN, eventually};

#[test]
fn a_pod_that_is_called_like_a_script_is_text() {
    let cluster = Cluster::new("odd");
    odd_pod::add(&cluster);
    let exporter = Process::start(&cluster, "15s");
    let escaped = "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;";
    let page = eventually(
        "the pod is on the page",
        || exporter.site.get("/?suite=other", "*/*").1,
        |page| page.contains(escaped),
    );
    assert!(!page.contains("<script>"), "{page}");
    // The pod is on the page before everything is read that its checks rest on.
    let pods = || -> Vec<String> {
        let status = exporter.site.status();
        let checks = status["suites"][1]["components"]["gim"]["checks"].as_array().unwrap();
        let evidence = checks.iter().flat_map(|check| check["evidence"].as_array().unwrap());
        evidence.filter_map(|evidence| evidence["pod"].as_str()).map(str::to_owned).collect()
    };
    eventually("the pod is evidence", pods, |pods| pods.iter().any(|pod| pod == odd_pod::NAME));
    let metrics = exporter.site.get("/metrics", PLAIN).1;
    assert!(metrics.contains(r#"target_pod="\"><script>alert(1)</script>""#), "{metrics}");
    let mut news = Listener::open(&exporter.site, "?form=html&suite=other");
    let (name, data) = news.event();
    assert!(name == "page" && data.contains(escaped) && !data.contains("<script>"), "{data}");
}
