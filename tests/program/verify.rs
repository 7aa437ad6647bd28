//! `verify` and `status` as processes: what they print, and their exit codes, by their own observers and from a running exporter.

use std::io::{BufRead as _, BufReader, Lines};
use std::process::{Child, ChildStdout, Output, Stdio};

use gim_upgrade_exporter::sim::store::Kind;
use serde_json::{Value, json};

use crate::cluster::{Cluster, kubeconfig};
use crate::process::{Process, command};

/// Runs it to its end; gives its exit code and what it printed.
pub fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = command(arguments).env("CI", "true").output().unwrap();
    (status.code(), format!("{}{}", String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap()))
}

/// The objects that were printed, one for each line.
pub fn objects(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

#[test]
fn wrong_usage_is_no_answer() {
    for (words, complaint) in [
        (["verify", "raa", "--output=text"], "[possible values: gim, gsp, gca]"),
        (["verify", "gim", "--timeout=20 minutes"], "write 20m"),
        (["--log.level=loud", "verify", "gim"], "invalid value 'loud'"),
        (["status", "--output=json", "--suit=a"], "unexpected argument"),
        (["verify", "gim", "--server.ca-file=ca.pem"], "--server <URL>"),
        (["verify", "gim", "--server=ftp://exporter"], "is not a URL with http or https"),
        (["verify", "gim", "--config.file=/nowhere/config.yaml"], "/nowhere/config.yaml"),
        (["verify", "gim", "--kubeconfig=/nowhere/kubeconfig"], "cannot use the cluster"),
        (["status", "--config.file=/nowhere/config.yaml", "--output=text"], "/nowhere/config.yaml"),
    ] {
        let (code, said) = run(&words);
        assert_eq!(code, Some(3), "{words:?}: {said}");
        assert!(said.contains(complaint), "{words:?}: {said}");
    }
    let (code, said) = run(&["verify", "--help"]);
    assert_eq!(code, Some(0));
    assert!(said.contains("Exit codes:\n  0    the operation is verified"), "{said}");
}

#[test]
fn nothing_to_follow_is_told() {
    let cluster = Cluster::new("verify-nothing");
    let exporter = Process::start_well(&cluster, "15s");
    let server = format!("--server=http://{}", exporter.site.0);
    let (kubeconfig, config) = (cluster.kubeconfig(), cluster.config_file("15s"));
    let own = [format!("--kubeconfig={kubeconfig}"), format!("--config.file={config}")];
    for place in [&own[..], &[server][..]] {
        let with = |words: &[&str]| {
            let all: Vec<&str> = words.iter().copied().chain(place.iter().map(String::as_str)).collect();
            run(&all)
        };
        let (code, said) = with(&["verify", "gim", "--suite=other"]);
        assert_eq!(code, Some(3), "{said}");
        assert!(said.starts_with("NOTHING TO FOLLOW  other/gim: No operation of GIM runs"), "{said}");
        let (code, said) = with(&["verify", "gca", "--suite=default", "--wait-for-start=1s", "--output=json"]);
        assert_eq!(code, Some(3), "{said}");
        let told = objects(&said);
        assert_eq!(told[0]["change"], "awaiting", "{said}");
        let summary = told.last().unwrap();
        assert_eq!(
            (&summary["change"], &summary["outcome"]),
            (&json!("summary"), &json!("nothing_to_follow")),
            "{said}"
        );
        assert_eq!((&summary["exit_code"], &summary["component"]), (&json!(3), &json!("gca")), "{said}");
        for (words, complaint) in [
            (&["verify", "gim"][..], "there are 2 suites; name one by --suite: default, other"),
            (&["verify", "gim", "--suite=no-such"], "no suite"),
        ] {
            let (code, said) = with(words);
            assert_eq!(code, Some(3), "{said}");
            assert!(said.starts_with("CANNOT OBSERVE") && said.contains(complaint), "{said}");
        }

        let (code, said) = with(&["status"]);
        assert_eq!(code, Some(0), "{said}");
        let rows: Vec<Vec<&str>> = said.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(rows.len(), 7, "{said}");
        assert_eq!(rows[0], ["SUITE", "COMPONENT", "OPERATION", "BUILD", "STAGE", "VERDICT", "LEFT", "GATE"]);
        assert_eq!(rows[6][..5], ["other", "gca", "-", rows[6][3], "verified"], "{said}");
        assert!(rows[6][3].starts_with("100.0."), "{said}");
        let (code, said) = with(&["status", "--suite=other", "--output=json"]);
        assert_eq!(code, Some(0), "{said}");
        assert_eq!(objects(&said)[0]["suites"][0]["name"], "other");
    }
}

#[test]
fn who_cannot_be_reached_is_told_in_time() {
    let refused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = format!("--server=http://{refused}");
    let (code, said) = run(&["verify", "gim", "--timeout=2s", &server]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.starts_with("CANNOT OBSERVE") && said.contains("onnection refused"), "{said}");
    let cluster = Cluster::new("verify-unreachable");
    let kubeconfig = cluster.file("away", &kubeconfig(&format!("http://{refused}")));
    let (code, said) = run(&["verify", "gim", "--timeout=2s", &format!("--kubeconfig={kubeconfig}")]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.starts_with("CANNOT OBSERVE") && said.contains("not everything was read yet"), "{said}");
}

/// Starts `verify` on an operation that has just begun and will not be decided.
struct Undecided {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Undecided {
    fn start(cluster: &Cluster, arguments: &[&str]) -> Self {
        let (_, newest) = cluster.newest_revision("gim-b", "gim");
        let name = cluster.add_revision("gim-b", "gim", newest["data"]["release"].as_str().unwrap());
        // Helm wrote it when it was made.
        let mut revision = cluster.object(Kind::Secrets, "gim-b", &name);
        let created = revision["metadata"]["creationTimestamp"].clone();
        for entry in revision["metadata"]["managedFields"].as_array_mut().unwrap() {
            entry["time"] = created.clone();
        }
        cluster.apply(Kind::Secrets, revision);
        let (kubeconfig, config) = (cluster.kubeconfig(), cluster.config_file("15s"));
        let place = ["verify", "gim", "--suite=other", "--kubeconfig", &kubeconfig, "--config.file", &config];
        let mut command = command(&[&place, arguments].concat());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        assert!(first.contains("follow"), "{first}");
        Self { child, lines }
    }

    fn end(mut self) -> (Option<i32>, String) {
        let rest: Vec<_> = self.lines.map(Result::unwrap).collect();
        (self.child.wait().unwrap().code(), rest.join("\n"))
    }
}

#[test]
fn time_that_is_over_a_signal_and_an_api_server_that_is_gone() {
    let mut cluster = Cluster::new("verify-undecided");
    let (code, said) = Undecided::start(&cluster, &["--timeout=2s"]).end();
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("NOT DECIDED  other/gim: ") && said.contains("is not decided after 2s."), "{said}");

    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let verify = Undecided::start(&cluster, &[]);
        let killed = std::process::Command::new("kill").args(["-s", signal, &verify.child.id().to_string()]).status();
        assert!(killed.unwrap().success());
        let (ended, said) = verify.end();
        assert_eq!(ended, Some(code), "{said}");
        assert!(said.contains(&format!("STOPPED  other/gim: SIG{signal} came: The ")), "{said}");
        assert!(said.contains("  stood at: "), "{said}");
    }

    let verify = Undecided::start(&cluster, &["--timeout=8s", "--output=json"]);
    cluster.kill(|| {
        let (code, said) = verify.end();
        assert_eq!(code, Some(3), "{said}");
        let told = objects(&said);
        assert!(told.iter().any(|object| object["change"] == "blind"), "{said}");
        let summary = told.last().unwrap();
        assert_eq!(summary["outcome"], "cannot_observe", "{said}");
        assert!(summary["blind"].as_str().is_some_and(|why| why.contains("onnection refused")), "{said}");
    });
}
