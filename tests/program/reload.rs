//! Configurations that are changed while the exporter runs: by the file, by SIGHUP, over HTTP; taken over without losing what is
//! remembered, or refused without losing what is shown.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::symlink;

use gim_upgrade_exporter::sim::store::Kind;
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::fake_alertmanager::FakeAlertmanager;
use crate::files::Folder;
use crate::process::Process;
use crate::site::{Site, eventually};

const SUCCESSFUL: &str = "gim_upgrade_exporter_config_last_reload_successful";
const LOADED: &str = "gim_upgrade_exporter_config_last_reload_success_timestamp_seconds";

fn suites(site: &Site) -> Vec<String> {
    let status = site.status();
    status["suites"].as_array().unwrap().iter().map(|suite| suite["name"].as_str().unwrap().to_owned()).collect()
}

/// Only the suite `default`.
fn one(cluster: &Cluster) -> Value {
    let mut config = cluster.config_value("500ms");
    config["suites"].as_array_mut().unwrap().truncate(1);
    config
}

fn wait_for_suites(exporter: &Process, expected: &[&str]) {
    eventually("the suites", || suites(&exporter.site), |seen| *seen == expected);
}

/// Lets GIM's image be missing in the suite `default`; gives since when the exporter says that it is.
fn image_missing_since(cluster: &Cluster, site: &Site) -> String {
    let mut pod = cluster.object(Kind::Pods, "gim", "gim-0");
    pod["status"]["containerStatuses"][0]["ready"] = json!(false);
    pod["status"]["containerStatuses"][0]["state"] = json!({"waiting": {"reason": "ImagePullBackOff"}});
    cluster.apply(Kind::Pods, pod);
    eventually("the image is missed", || missing_since(site), Option::is_some).unwrap()
}

fn missing_since(site: &Site) -> Option<String> {
    let status = site.status();
    let checks = status["suites"][0]["components"]["gim"]["checks"].as_array().unwrap().clone();
    let images = checks.into_iter().find(|check| check["check"] == "images_pulled")?;
    Some(images["evidence"].as_array()?.first()?["since"].as_str()?.to_owned())
}

#[test]
fn a_suite_that_is_added_appears_and_the_others_go_on() {
    let cluster = Cluster::new("reload-file");
    let exporter = Process::start_with(&cluster, &cluster.config_of(&one(&cluster)));
    eventually("readiness", || exporter.site.is_ready(), |ready| *ready);
    let since = image_missing_since(&cluster, &exporter.site);
    let loaded = exporter.site.series()[LOADED].clone();

    cluster.config_file("500ms");
    eventually(
        "the other suite",
        || {
            assert_eq!(missing_since(&exporter.site).as_ref(), Some(&since), "what is remembered does not begin anew");
            suites(&exporter.site)
        },
        |seen| *seen == ["default", "other"],
    );
    assert!(exporter.site.is_ready());
    assert_eq!(missing_since(&exporter.site), Some(since.clone()));
    eventually("it is well", || exporter.site.verdict("other", "gim"), |verdict| verdict == "none");
    let series = exporter.site.series();
    assert_eq!(series[SUCCESSFUL], "1");
    assert!(series[LOADED].parse::<f64>().unwrap() > loaded.parse::<f64>().unwrap(), "{loaded}");

    // And it goes again, with all of its series.
    cluster.config_of(&one(&cluster));
    wait_for_suites(&exporter, &["default"]);
    assert!(!exporter.site.series().keys().any(|name| name.contains("suite=\"other\"")));
    assert_eq!(missing_since(&exporter.site), Some(since));
    let (code, log) = exporter.end("TERM");
    assert_eq!(code, Some(0), "{log}");
    assert!(!log.contains("did not stop in time"), "{log}");
}

#[test]
fn one_that_is_bad_is_refused_and_the_former_stays() {
    let cluster = Cluster::new("reload-bad");
    let file = cluster.config_of(&one(&cluster));
    let exporter = Process::start_by(&cluster.kubeconfig(), &file, &["--web.enable-lifecycle"]);
    eventually("readiness", || exporter.site.is_ready(), |ready| *ready);
    let loaded = exporter.site.series()[LOADED].clone();
    cluster.file("config.yaml", "suites:\n- name: a\n  gmi: {}\n");
    eventually("it is told", || exporter.site.series()[SUCCESSFUL].clone(), |told| told == "0");
    assert_eq!((exporter.site.series()[LOADED].clone(), suites(&exporter.site)), (loaded, vec!["default".to_owned()]));
    let told = eventually("the log", || exporter.log(), |log| log.contains("configuration refused"));
    assert!(told.contains("config.yaml:3:3: suites[0].gmi: no such field"), "{told}");

    let (status, text) = exporter.site.ask("POST", "/-/reload", "");
    assert!(status == 400 && text.contains("config.yaml:3:3: suites[0].gmi: no such field"), "{status} {text}");
    // It is told once, not at every look.
    let lines = || exporter.log().matches("configuration refused").count();
    eventually("the log of both", lines, |lines| *lines >= 2);
    assert_eq!(lines(), 2);
    // A good one that says what is in force already.
    cluster.config_of(&one(&cluster));
    eventually("it is well again", || exporter.site.series()[SUCCESSFUL].clone(), |told| told == "1");
    assert!(exporter.site.is_ready());
}

#[test]
fn by_a_signal_and_over_http_where_that_is_switched_on() {
    let cluster = Cluster::new("reload-asked");
    let file = cluster.config_of(&one(&cluster));
    let exporter = Process::start_by(&cluster.kubeconfig(), &file, &["--web.enable-lifecycle"]);
    let loaded = |exporter: &Process| exporter.site.series()[LOADED].clone();
    // The content is as it was, so that nothing but the signal can be why it is loaded.
    let before = loaded(&exporter);
    exporter.signal("HUP");
    eventually("the signal", || loaded(&exporter), |now| *now != before);
    let before = loaded(&exporter);
    assert_eq!(exporter.site.ask("POST", "/-/reload", "Sec-Fetch-Site: cross-site\r\n").0, 403);
    assert_eq!(loaded(&exporter), before);
    let (status, text) = exporter.site.ask("POST", "/-/reload", "");
    // It does not say that it is in force, which comes after it.
    assert!(status == 200 && text.starts_with("accepted; shown once its suites were seen"), "{status} {text}");
    assert_ne!(loaded(&exporter), before, "the answer comes when it is read");
    assert_eq!(exporter.site.ask("GET", "/-/reload", "").0, 405);

    // A client that sends rubbish is worth a line only to who looks for it.
    let debug = |exporter: &Process| {
        let mut client = TcpStream::connect(&exporter.site.0).unwrap();
        client.write_all(b"rubbish\r\n\r\n").unwrap();
        let _ = client.read_to_end(&mut Vec::new());
        exporter.log().contains("\"DEBUG\"")
    };
    assert!(!debug(&exporter));
    let (status, text) = exporter.site.ask("PUT", "/-/log-level?level=loud", "");
    assert!(status == 400 && text.contains("error, warn, info, debug, trace"), "{text}");
    assert_eq!(exporter.site.ask("PUT", "/-/log-level?level=debug", "").0, 200);
    eventually("details", || debug(&exporter), |debug| *debug);

    let closed = Process::start_by(&cluster.kubeconfig(), &file, &[]);
    for path in ["/-/reload", "/-/log-level?level=debug"] {
        let (status, text) = closed.site.ask("PUT", path, "");
        assert_eq!((status, text.as_str()), (403, "not enabled; start with --web.enable-lifecycle\n"));
    }
    assert_eq!(closed.end("TERM").0, Some(0));
}

/// As a kubelet brings a changed ConfigMap: a link to a folder is replaced by another.
#[test]
fn a_config_map_is_swapped() {
    let cluster = Cluster::new("reload-config-map");
    let folder = Folder::new("reload-config-map-volume");
    for (data, config) in [("..1", one(&cluster)), ("..2", cluster.config_value("500ms"))] {
        fs::create_dir(folder.path(data)).unwrap();
        fs::write(folder.path(data).join("config.yaml"), config.to_string()).unwrap();
    }
    symlink("..1", folder.path("..data")).unwrap();
    symlink("..data/config.yaml", folder.path("config.yaml")).unwrap();
    let exporter = Process::start_with(&cluster, folder.path("config.yaml").to_str().unwrap());
    wait_for_suites(&exporter, &["default"]);
    eventually("readiness", || exporter.site.is_ready(), |ready| *ready);
    symlink("..2", folder.path("..data_tmp")).unwrap();
    fs::rename(folder.path("..data_tmp"), folder.path("..data")).unwrap();
    wait_for_suites(&exporter, &["default", "other"]);
}

#[test]
fn discovery_and_alertmanagers_can_be_configured_later() {
    let cluster = Cluster::new("reload-others");
    let exporter = Process::start_with(&cluster, &cluster.config_of(&one(&cluster)));
    eventually("readiness", || exporter.site.is_ready(), |ready| *ready);
    let [former, later] = [(); 2].map(|()| FakeAlertmanager::start(&cluster.runtime));
    let posts_to = |alertmanager: &FakeAlertmanager| {
        let mut config = one(&cluster);
        config["discovery"] = json!({"enabled": true});
        config["alertmanager"] = json!({"urls": [alertmanager.url()]});
        cluster.config_of(&config);
    };
    let counted = |alertmanager: &FakeAlertmanager| {
        let name = format!("gim_upgrade_exporter_notifications_sent_total{{alertmanager=\"{}\"}}", alertmanager.url());
        exporter.site.series().get(&name).cloned()
    };
    posts_to(&former);
    wait_for_suites(&exporter, &["b", "default"]);
    eventually("posts", || counted(&former), |sent| sent.as_ref().is_some_and(|sent| sent != "0"));
    posts_to(&later);
    eventually("posts elsewhere", || counted(&later), |sent| sent.as_ref().is_some_and(|sent| sent != "0"));
    assert_eq!(counted(&former), None, "what is posted to no more is counted no more");
    assert_eq!(suites(&exporter.site), ["b", "default"]);
}
