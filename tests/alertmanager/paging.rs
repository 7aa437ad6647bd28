//! The whole way of a page: a scraped page, a rule, Prometheus, Alertmanager with the shipped file, and whoever is paged.
//!
//! The rules are stand-ins. What the shipped rules page for is tested elsewhere, with the same pieces.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::alertmanager::{Alertmanager, Labels};
use crate::prometheus::{Prometheus, Settings, Target};
use crate::receiver::{Notification, Receiver};
use crate::shipped::Shipped;
use crate::web::eventually;
use crate::{PATIENCE, programs, tools};

const SECOND: Duration = Duration::from_secs(1);

/// What stands in for the rules: each fires while the pod's page can be read.
fn rules(folder: &Path) -> PathBuf {
    let rule = |name: &str, severity: &str| {
        let labels = format!("{{severity: {severity}, suite: default, component: gim}}");
        let expr = "max by (namespace) (up{pod=\"gim-0\"} == 1)";
        format!("  - {{alert: {name}, expr: '{expr}', labels: {labels}}}\n")
    };
    let rules = [
        ("GimUpgradeContactSupport", "critical"),
        ("GimUpgradeBacklogGrowing", "warning"),
        ("GimUpgradeBackupTooOld", "warning"),
        ("GimUpgradeTwoAtOnce", "info"),
        ("GimUpgradeInProgress", "none"),
        ("GimUpgradeWatchdog", "none"),
        ("KubePodNotReady", "critical"),
        ("HostDown", "critical"),
    ];
    let rules: String = rules.into_iter().map(|(name, severity)| rule(name, severity)).collect();
    let file = folder.join(format!("paging-{}.yaml", std::process::id()));
    fs::write(&file, format!("groups:\n- name: stand-ins\n  rules:\n{rules}")).unwrap();
    file
}

/// Who was told of the beginning of what.
fn told(notifications: &[Notification]) -> BTreeSet<(&str, &str)> {
    notifications
        .iter()
        .flat_map(|one| one.names("firing").into_iter().map(|name| (one.receiver.as_str(), name)))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_comes_once_and_ends() {
    let program = &programs("alertmanager")[0];
    let receiver = Receiver::start().await.unwrap();
    let config = Shipped::read().unwrap().sending(&receiver.url(), "2s", "1s").text();
    let mut alertmanager = Alertmanager::start(program, &config).await.unwrap();
    // Whatever has a page serves as a pod.
    let mut pod = Alertmanager::start(program, &config).await.unwrap();
    let rules = rules(Path::new(env!("CARGO_TARGET_TMPDIR")));
    let settings = Settings {
        targets: vec![Target::of_pod(&pod.server.address(), "gim", "gim-0", "gim")],
        rules: vec![rules.clone()],
        alertmanagers: vec![alertmanager.server.address()],
        external_labels: Labels::from([("cluster".to_owned(), "east".to_owned())]),
        scrape_interval: SECOND,
        evaluation_interval: SECOND,
        lookback_delta: SECOND * 5,
        resend_delay: SECOND,
    };
    let prometheus = tools::Tools::open().and_then(|tools| tools.path("prometheus")).unwrap();
    let prometheus = Prometheus::start(&prometheus, &settings).await.unwrap();

    // What is silenced reaches nobody, nor does what only silences.
    let meant = BTreeSet::from([
        ("page", "GimUpgradeContactSupport"),
        ("ticket", "GimUpgradeBackupTooOld"),
        ("notice", "GimUpgradeTwoAtOnce"),
        ("watchdog", "GimUpgradeWatchdog"),
        ("default", "HostDown"),
    ]);
    let heard = receiver.wait_for("all are told", PATIENCE, |heard| told(heard).len() == meant.len()).await.unwrap();
    assert_eq!(told(&heard), meant);
    let page = heard.iter().find(|one| one.receiver == "page").unwrap();
    let group = [("cluster", "east"), ("component", "gim"), ("suite", "default")];
    assert_eq!(page.group_labels, group.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    let up = prometheus.query("up").await.unwrap();
    assert_eq!((up.len(), up[0].1, up[0].0["job"].as_str()), (1, 1.0, "gim/gim"));
    assert_eq!((up[0].0["namespace"].as_str(), up[0].0["instance"].as_str()), ("gim", pod.server.address().as_str()));

    // An Alertmanager that starts anew knows whom it has told.
    alertmanager.server.stop().unwrap();
    alertmanager.server.start_again().await.unwrap();
    eventually("the alert is there again", PATIENCE, async || {
        let alerts = alertmanager.alerts(&["alertname=\"GimUpgradeContactSupport\""]).await?;
        Ok((!alerts.is_empty()).then_some(()))
    })
    .await
    .unwrap();
    tokio::time::sleep(SECOND * 5).await;
    let pages = |heard: &[Notification]| heard.iter().filter(|one| one.receiver == "page").cloned().collect::<Vec<_>>();
    assert_eq!(pages(&receiver.notifications()).len(), 1, "{}", alertmanager.server.log());

    pod.server.kill().unwrap();
    let heard = receiver.wait_for("it ends", PATIENCE, |heard| pages(heard).len() > 1).await.unwrap();
    let pages = pages(&heard);
    assert_eq!((pages.len(), pages[1].status.as_str()), (2, "resolved"));
    assert_eq!(pages[1].names("resolved"), ["GimUpgradeContactSupport"]);
    assert!(pages[0].at < pages[1].at);
    fs::remove_file(rules).unwrap();
}
