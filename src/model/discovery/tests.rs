//! A table of clusters and the suites that are found in them.

use super::*;

/// `namespace/release` or `namespace/release:chart`, where the chart is not the release's name up to the tenant.
fn found(text: &[&str]) -> BTreeSet<Found> {
    let read = |text: &&str| {
        let (place, chart) = text.split_once(':').unwrap_or((text, ""));
        let (namespace, release) = place.split_once('/').unwrap();
        let guess = || release.split('-').next().unwrap();
        let chart = Chart::parse(if chart.is_empty() { guess() } else { chart }).unwrap();
        Found { namespace: namespace.into(), release: release.into(), chart }
    };
    text.iter().map(read).collect()
}

/// Each suite as `name: gim gsp gca`, members as `namespace/release`, with `+companion`.
fn spelled(suites: &[Suite]) -> Vec<String> {
    let member = |member: &Member| {
        let companion = member.companion.as_ref().map(|name| format!("+{name}")).unwrap_or_default();
        format!("{}/{}{companion}", member.namespace, member.release)
    };
    let suite = |suite: &Suite| {
        let Suite { name, members, .. } = suite;
        format!("{name}: {} {} {}", member(&members.gim), member(&members.gsp), member(&members.gca))
    };
    suites.iter().map(suite).collect()
}

#[test]
fn suites_are_found() {
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("nothing", &[], &[]),
        ("no GIM", &["gsp/gsp", "gca/gca"], &[]),
        ("the guide's own", &["gim/gim", "gsp/gsp", "gca/gca"], &["default: gim/gim gsp/gsp gca/gca"]),
        (
            "with companions",
            &["gim/gim", "gim/gim-monitoring:gim-monitoring", "gsp/gsp", "gca/gca", "gca/watch:gca-monitoring"],
            &["default: gim/gim+gim-monitoring gsp/gsp gca/gca+watch"],
        ),
        ("one namespace", &["all/gim", "all/gsp", "all/gca"], &["all: all/gim all/gsp all/gca"]),
        (
            "tenants in one namespace, a GSP for all",
            &["all/gim-t100", "all/gim-t200", "all/gsp", "all/gca-t200", "all/gca-t100"],
            &["t100: all/gim-t100 all/gsp all/gca-t100", "t200: all/gim-t200 all/gsp all/gca-t200"],
        ),
        (
            "tenants in namespaces of components, companions of each",
            &[
                "gim/gim-t100",
                "gim/gim-t200",
                "gsp/gsp",
                "gca/gca-t100",
                "gca/gca-t200",
                "gca/gca-t100-monitoring:gca-monitoring",
                "gca/gca-t200-monitoring:gca-monitoring",
            ],
            &[
                "t100: gim/gim-t100 gsp/gsp gca/gca-t100+gca-t100-monitoring",
                "t200: gim/gim-t200 gsp/gsp gca/gca-t200+gca-t200-monitoring",
            ],
        ),
        (
            "tenants in namespaces of their own",
            &["gim-a/gim", "gim-a/gca", "gim-b/gim", "gim-b/gca", "gsp/gsp"],
            &["a: gim-a/gim gsp/gsp gim-a/gca", "b: gim-b/gim gsp/gsp gim-b/gca"],
        ),
        (
            "namespaces of components and tenants",
            &["gim/gim", "gsp/gsp", "gca/gca", "gim-b/gim", "gsp-b/gsp", "gca-b/gca"],
            &["default: gim/gim gsp/gsp gca/gca", "b: gim-b/gim gsp-b/gsp gca-b/gca"],
        ),
        (
            "a GSP for each",
            &["a/gim", "a/gsp", "a/gca", "b/gim", "b/gsp", "b/gca"],
            &["a: a/gim a/gsp a/gca", "b: b/gim b/gsp b/gca"],
        ),
        (
            "a GSP of its own beside one for all others",
            &["all/gim-t1", "all/gim-t2", "all/gsp", "all/gsp-t2", "all/gca-t1", "all/gca-t2"],
            &["t1: all/gim-t1 all/gsp all/gca-t1", "t2: all/gim-t2 all/gsp-t2 all/gca-t2"],
        ),
        ("called something else", &["x/etl:gim", "y/stream:gsp", "z/config:gca"], &["etl: x/etl y/stream z/config"]),
        ("the tenant in front", &["x/t100-gim:gim", "x/t100-gca:gca", "x/gsp"], &["t100: x/t100-gim x/gsp x/t100-gca"]),
        ("nothing else is there", &["x/gim-t100"], &["t100: x/gim-t100 x/gsp-t100 x/gca-t100"]),
        (
            "a GCA of another tenant is not taken",
            &["x/gim-t100", "x/gsp", "x/gca-t200"],
            &["t100: x/gim-t100 x/gsp x/gca-t100"],
        ),
        (
            "one GCA for two GIMs is nobody's",
            &["a/gim", "b/gim", "gsp/gsp", "gca/gca"],
            &["a: a/gim gsp/gsp a/gca", "b: b/gim gsp/gsp b/gca"],
        ),
        (
            "two of one name",
            &["a/gim-t1", "b/gim-t1", "a/gca-t1", "b/gca-t1", "b/gsp"],
            &["t1: a/gim-t1 b/gsp a/gca-t1", "t1-b: b/gim-t1 b/gsp b/gca-t1"],
        ),
        ("dots are no label", &["x/gim-t.1", "x/gsp", "x/gca-t.1"], &["t-1: x/gim-t.1 x/gsp x/gca-t.1"]),
    ];
    for (what, releases, expected) in cases {
        assert_eq!(spelled(&suites(&found(releases), &[], 100)), *expected, "{what}");
    }
}

#[test]
fn what_is_configured_is_not_found_again() {
    let configured = [Suite { name: "t100".into(), ..Suite::default_suite() }];
    let cluster = found(&[
        "gim/gim",
        "gim/gim-monitoring:gim-monitoring",
        "gsp/gsp",
        "gca/gca",
        "gim/gim-t100",
        "gca/gca-t100",
        "gim/gim-x",
    ]);
    let suites = suites(&cluster, &configured, 100);
    let expected = ["t100-gim: gim/gim-t100 gsp/gsp gca/gca-t100", "x: gim/gim-x gsp/gsp gim/gca-x"];
    assert_eq!(spelled(&suites[1..]), expected);
    assert_eq!(suites[0], configured[0]);
    let owners: Vec<_> = suites.iter().map(|suite| suite.members.gsp.owner.as_deref()).collect();
    assert_eq!(owners, [None, Some("t100"), Some("t100")], "one GSP serves all, under the configured suite");
    let origins: Vec<_> = suites.iter().map(|suite| suite.members.gim.origin).collect();
    assert_eq!(origins, [Origin::Configured, Origin::Discovered, Origin::Discovered]);
}

#[test]
fn tenants_are_told_where_a_gsp_is_shared() {
    let alone = suites(&found(&["x/gim-t1", "x/gca-t1", "x/gsp"]), &[], 100);
    assert_eq!(alone[0].tenant, None);
    let shared = suites(&found(&["x/gim-t1", "x/gca-t1", "x/gim-t2", "x/gca-t2", "x/gsp"]), &[], 100);
    let tenants: Vec<_> = shared.iter().map(|suite| suite.tenant.as_deref()).collect();
    assert_eq!(tenants, [Some("t1"), Some("t2")]);
}

#[test]
fn there_are_never_more_than_allowed_and_names_stay_valid() {
    let long = "x".repeat(45);
    let releases: Vec<String> =
        (0..30).flat_map(|at| [format!("n{at}/gim-{long}"), format!("n{at}/gca-{long}")]).collect();
    let texts: Vec<&str> = releases.iter().map(String::as_str).collect();
    let suites = suites(&found(&texts), &[], 20);
    assert_eq!(suites.len(), 20);
    let names: BTreeSet<&str> = suites.iter().map(|suite| &*suite.name).collect();
    assert_eq!(names.len(), 20);
    assert!(names.iter().all(|name| name.len() <= MAX_NAME && !name.ends_with('-')));
}
