use super::*;

const GOOD: &str = "\
name: a-name
title: A title
story: A story.
shows: { facts: [1] }
behaviours:
  - { of: gim, pods: crash_loop }
steps:
  - at: 1m
    do:
      upgrade: { release: gim, version: 100.0.116+4200, wait: true }
expect:
  - at: 2m
    gim: { stage: applying, verdict: wait, checks: { pods_ready: pending } }
ends: 5m
";

#[test]
fn reads_what_it_says() {
    let scenario = Scenario::parse("a-name.yaml", GOOD).unwrap();
    let Action::Upgrade(upgrade) = &scenario.steps[0].action else { panic!("{:?}", scenario.steps) };
    assert_eq!((upgrade.release.as_str(), upgrade.wait, upgrade.timeout), ("gim", true, Span::from_secs(300)));
    assert_eq!(scenario.helm, HelmVersion::Three);
    assert_eq!(scenario.expect[0].components().next().unwrap().1.verdict.as_deref(), Some("wait"));
    assert!(scenario.all_steps().unwrap().len() > scenario.steps.len(), "the usual history comes first");
}

/// An error names file, line and field, whatever is wrong.
#[test]
fn errors_say_where() {
    for (wrong, right, names) in [
        ("title: A title", "titel: A title", ["a-name.yaml:2:", "titel"]),
        ("at: 1m\n", "at: 1 minute\n", ["a-name.yaml:8:", "at: 1 minute"]),
        ("at: 1m\n", "at: 1m\n    when: 2m\n", ["a-name.yaml:9:", "when"]),
        ("wait: true", "wait: perhaps", ["a-name.yaml:10:", "wait: perhaps"]),
        ("pods: crash_loop", "pods: explode", ["a-name.yaml:6:", "explode"]),
        ("upgrade: {", "upgrad: {", ["a-name.yaml:10:", "upgrad"]),
        ("verdict: wait", "verdikt: wait", ["a-name.yaml:13:", "verdikt"]),
        ("ends: 5m", "ends: 5m\nhelm: 2", ["a-name.yaml:15:", "helm: 2"]),
        ("release: gim", "release: gmi", ["a-name.yaml: steps[0]:", "gmi"]),
        ("wait: true", "set: { loglevel: x }", ["a-name.yaml: steps[0]:", "loglevel"]),
        ("verdict: wait", "verdict: waiting", ["a-name.yaml: expect[0].gim.verdict:", "restart_pod"]),
        ("stage: applying", "stage: apply", ["a-name.yaml: expect[0].gim.stage:", "applying"]),
        ("pods_ready: pending", "pods_ready: perhaps", ["a-name.yaml: expect[0].gim.checks.pods_ready:", "pass"]),
        ("at: 2m", "at: 6m", ["a-name.yaml: expect[0].at:", "ends"]),
        ("at: 1m\n", "at: -1m\n", ["a-name.yaml: steps[0]:", "at"]),
        ("of: gim", "of: gim, consumes: -1", ["a-name.yaml: behaviours[0]:", "consumes"]),
    ] {
        assert!(GOOD.contains(wrong), "{wrong}");
        let error = Scenario::parse("a-name.yaml", &GOOD.replacen(wrong, right, 1)).unwrap_err().to_string();
        for name in names {
            assert!(error.contains(name), "{right}: {error}");
        }
    }
}
