//! Flags over file, the commands' names, and what the status tells of the configuration.

use std::collections::BTreeSet;

use clap::CommandFactory as _;

use super::flags::{Arguments, Command, Flags, LogFormat, LogLevel};
use super::parse;
use crate::config;
use crate::model::policy::Policy;
use crate::model::scope::{HelmDriver, KubernetesScope};
use crate::publish::status::PolicyStatus;

fn arguments(words: &[&str]) -> Arguments {
    let words = std::iter::once("gim-upgrade-exporter").chain(words.iter().copied());
    parse(&words.map(Into::into).collect::<Vec<_>>()).unwrap_or_else(|error| panic!("{error}"))
}

fn refused(words: &[&str]) -> String {
    let words = std::iter::once("gim-upgrade-exporter").chain(words.iter().copied());
    parse(&words.map(Into::into).collect::<Vec<_>>()).unwrap_err().to_string()
}

#[test]
fn the_declaration_is_sound() {
    Arguments::command().debug_assert();
}

#[test]
fn serve_is_the_default_and_flags_stand_on_either_side() {
    let plain = arguments(&[]);
    assert!(plain.command.is_none());
    assert_eq!(plain.flags.listen_address, ":9845");
    assert_eq!((plain.flags.log_level, plain.flags.log_format), (None, LogFormat::Text));
    for words in [["--log.level=debug", "serve"], ["serve", "--log.level=debug"]] {
        let given = arguments(&words);
        assert!(matches!(given.command, Some(Command::Serve)), "{words:?}");
        assert_eq!(given.flags.log_level, Some(LogLevel::Debug), "{words:?}");
    }
}

#[test]
fn demo_takes_what_it_plays() {
    let Some(Command::Demo(demo)) = arguments(&["demo", "--scenario", "at-rest", "--speed", "120"]).command else {
        panic!("demo")
    };
    assert_eq!((demo.scenario.as_deref(), demo.speed, demo.list), (Some("at-rest"), Some(120.0), false));
    for speed in ["0", "0.5", "-1", "NaN", "inf", "fast", "1e9"] {
        let said = refused(&["demo", &format!("--speed={speed}")]);
        assert!(said.contains("not a number from 1 to 100000"), "{speed}: {said}");
    }
}

#[test]
fn links_begin_with_the_path_of_the_external_url_and_alerts_lead_to_all_of_it() {
    let external = |flags: &Flags| flags.config().unwrap().alerts.external_url;
    assert_eq!(arguments(&[]).flags.outside(), "");
    assert_eq!(external(&arguments(&[]).flags), None);
    for (url, path, whole) in [
        ("https://monitoring.example.com", "/", "https://monitoring.example.com/"),
        ("https://monitoring.example.com/gim", "/gim/", "https://monitoring.example.com/gim/"),
        ("http://proxy:8080/a/%C3%A4/", "/a/%C3%A4/", "http://proxy:8080/a/%C3%A4/"),
        ("http://[2001:db8::1]:80", "/", "http://[2001:db8::1]:80/"),
        ("http://proxy//elsewhere.example.com", "/elsewhere.example.com/", "http://proxy/elsewhere.example.com/"),
    ] {
        let flags = arguments(&[&format!("--web.external-url={url}")]).flags;
        assert_eq!(flags.outside(), path, "{url}");
        assert_eq!(external(&flags).as_deref(), Some(whole), "{url}");
    }
    for url in [
        "",
        "/gim",
        "monitoring/gim",
        "ftp://monitoring/",
        "https://",
        "https://monitoring/?a=b",
        "https://a b/",
        "https://user:password@monitoring/",
        "https://monitoring:port/",
        "https://monitoring/%zz",
        "https://monitoring/%4",
    ] {
        let said = refused(&[&format!("--web.external-url={url}")]);
        assert!(said.contains("not a URL such as https://"), "{url}: {said}");
    }
}

#[test]
fn wrong_choices_are_told_with_the_right_ones() {
    assert!(refused(&["--log.level=loud"]).contains("[possible values: error, warn, info, debug, trace]"));
    assert!(refused(&["--log.format=xml"]).contains("[possible values: text, json]"));
    assert!(refused(&["--helm.driver=sql"]).contains("[possible values: secret, configmap]"));
}

#[test]
fn flags_stand_over_the_file() {
    let folder = std::env::temp_dir().join(format!("gim-upgrade-flags-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("config.yaml");
    std::fs::write(&file, "helm: {driver: configmap}\nkubernetes: {scope: cluster}\n").unwrap();
    let named = format!("--config.file={}", file.display());

    let config = arguments(&[&named]).flags.config().unwrap();
    assert_eq!(config.scope.helm_driver, HelmDriver::Configmap);
    assert_eq!(config.scope.kubernetes_scope, KubernetesScope::Cluster);
    let config = arguments(&[&named, "--helm.driver=secret"]).flags.config().unwrap();
    assert_eq!(config.scope.helm_driver, HelmDriver::Secret);
    assert_eq!(config.scope.kubernetes_scope, KubernetesScope::Cluster);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn every_flag_has_a_variable_named_after_it() {
    for flag in Arguments::command().get_arguments().filter(|flag| flag.get_env().is_some()) {
        let name = flag.get_long().unwrap_or_default().to_uppercase().replace(['.', '-'], "_");
        assert_eq!(flag.get_env().unwrap().to_str().unwrap(), format!("GIM_UPGRADE_{name}"));
    }
}

/// The fields that the reference of the configuration has of a section.
fn fields(section: &str) -> BTreeSet<String> {
    let reference = config::reference();
    let (_, table) = reference.split_once(&format!("`{section}`:\n\n")).unwrap_or_else(|| panic!("{section}"));
    let rows = table.lines().take_while(|line| line.starts_with('|')).skip(2);
    rows.filter_map(|row| Some(row.strip_prefix("| `")?.split_once('`')?.0.to_owned())).collect()
}

#[test]
fn the_status_tells_every_field_of_the_policy() {
    let status = serde_json::to_value(PolicyStatus(&Policy::default())).unwrap();
    let names = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let mut policy = fields("policy");
    // Another section's, and judged by too.
    assert!(fields("signals").contains("interval"));
    policy.insert("signal_interval".to_owned());
    assert_eq!(names(&status), policy);
    assert_eq!(names(&status["releases"]), fields("policy.releases"));
    for component in ["gim", "gsp", "gca"] {
        // The three have one table.
        assert_eq!(names(&status[component]), fields("policy.gca"), "{component}");
    }
}
