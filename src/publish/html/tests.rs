//! Pages of the hand-made suite: what is on them, and that no name becomes markup.

use super::*;
use crate::assess::assessment::{NamedReason, Reason, VerdictKind};
use crate::assess::snapshot::SuiteSnapshot;
use crate::model::names::Component;
use crate::publish::fixture::{ODD, at, busy, resting, snapshot, starting};

fn of(suites: Vec<SuiteSnapshot>, query: Option<&str>) -> Option<String> {
    let snapshot = snapshot(7, suites);
    let look = Look { snapshot: &snapshot, now: Some(at(1100)), base: "" };
    document(look, &Which::of(query, &snapshot)?)
}

fn page() -> String {
    of(vec![busy("default")], None).unwrap()
}

#[test]
fn a_suite_tells_what_to_do_and_why() {
    let page = page();
    for part in [
        "<title>Roll back GIM: default</title>",
        "<h1 id=\"verdict\">Roll back</h1>",
        "Roll GIM back to revision 3.",
        "<code id=\"command\">helm rollback gim 3 -n gim --timeout 900s &amp;&amp; kubectl -n gim delete pod gim-0</code>",
        "Has every pod its image?",
        "runbooks/GimUpgradeRollBackAdvised",
        "runbooks/GimUpgradeImageNotAvailable",
        "<span class=\"build\">100.0.116.2900</span> → <span class=\"build\">100.0.116.4200</span>, revision 4",
        "GIM is neither verified nor at rest in health.",
        "1 check passes",
        "Ready deadline",
        "20 min",
        "image pull back off",
        "one bad object",
        "<noscript><meta http-equiv=\"refresh\" content=\"15\"></noscript>",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    assert_eq!(page.matches("kubectl -n gim delete pod").count(), 1, "the command stands once");
    // GSP waits until 2000, which is 900 s after now.
    assert!(page.contains("Wait, at the latest until <time"));
}

#[test]
fn failing_checks_come_first_and_passing_ones_are_folded_away() {
    let page = page();
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text}"));
    let checks = ["check fail", "check unknown", "check pending", "<summary>", "check pass"].map(place);
    assert!(checks.is_sorted(), "{checks:?}");
}

/// Whoever is done and waits for its neighbours is not what people wait for.
#[test]
fn the_headline_is_what_is_awaited() {
    let mut suite = busy("default");
    let verdict = |suite: &mut SuiteSnapshot, component, kind, reason| {
        let verdict = &mut suite.assessment.components.get_mut(component).verdict;
        (verdict.kind, verdict.reasons) = (kind, vec![Reason::Named(reason)]);
    };
    let headline = |suite: &SuiteSnapshot| headline::of(suite).title();
    verdict(&mut suite, Component::Gim, VerdictKind::Wait, NamedReason::NextGateClosed);
    assert_eq!(headline(&suite), "Wait GSP");
    verdict(&mut suite, Component::Gsp, VerdictKind::Proceed, NamedReason::Soaking);
    assert_eq!(headline(&suite), "Proceed GSP");
    verdict(&mut suite, Component::Gca, VerdictKind::Wait, NamedReason::HelmWorking);
    assert_eq!(headline(&suite), "Wait GCA");
    verdict(&mut suite, Component::Gim, VerdictKind::Unknown, NamedReason::PodsStale);
    assert_eq!(headline(&suite), "Unknown GIM");
    for component in [Component::Gim, Component::Gsp] {
        verdict(&mut suite, component, VerdictKind::None, NamedReason::Absent);
    }
    verdict(&mut suite, Component::Gca, VerdictKind::Wait, NamedReason::NextGateClosed);
    assert_eq!(headline(&suite), "Wait GCA");
}

#[test]
fn no_name_becomes_markup() {
    let page = of(vec![busy(ODD)], None).unwrap();
    assert!(!page.contains("<script>"), "{page}");
    assert!(page.contains("&quot;&gt;&lt;script&gt;"));
    assert!(page.contains("suite=%22%3E%3Cscript%3E%5C%0A"));
    let fleet = of(vec![busy(ODD), resting("b")], None).unwrap();
    assert!(!fleet.contains("<script>") && fleet.contains("&quot;&gt;&lt;script&gt;"), "{fleet}");
}

#[test]
fn a_query_chooses_the_page() {
    let both = || vec![resting("a b"), busy("c")];
    assert!(of(both(), Some("suite=a+b")).unwrap().contains("<title>Nothing to do: a b</title>"));
    let fleet = of(both(), None).unwrap();
    assert!(fleet.contains("<title>1 of 2 suites needs somebody</title>"));
    assert!(fleet.find("?suite=c").unwrap() < fleet.find("?suite=a+b").unwrap(), "the urgent one is first");
    assert!(of(both(), Some("suite=d")).is_none());
    assert!(of(vec![], None).unwrap().contains("No suite is watched: "));
    assert!(of(vec![busy("only")], Some("from=0")).unwrap().contains("1 suites"));
}

#[test]
fn a_thousand_suites_are_told_a_hundred_at_a_time() {
    let suites = || (0..1000).map(|i| resting(&format!("s{i}"))).collect();
    let first = of(suites(), None).unwrap();
    assert_eq!(first.matches("?suite=").count(), 100);
    assert!(first.contains("?from=100") && first.len() < 100_000, "{}", first.len());
    let last = of(suites(), Some("from=950")).unwrap();
    assert_eq!(last.matches("?suite=").count(), 100);
    assert!(last.contains("901 to 1000 of 1000") && last.contains("?from=800"));
    assert!(of(suites(), Some("from=99999999999999999999")).unwrap().contains("1 to 100 of 1000"));
    assert!(of(suites(), Some("from=5000")).unwrap().contains("901 to 1000 of 1000"));
}

#[test]
fn without_the_time_a_page_follows_from_the_snapshot() {
    let snapshot = snapshot(7, vec![busy("default"), starting("blue")]);
    for which in [Which::Suite("default".into()), Which::Suite("blue".into()), Which::Fleet { from: 0 }] {
        let render = || main(Look { snapshot: &snapshot, now: None, base: "" }, &which).unwrap();
        assert_eq!(render(), render());
        assert!(!render().contains(" ago<"), "{which:?}");
    }
    assert!(main(Look { snapshot: &snapshot, now: None, base: "" }, &Which::Suite("red".into())).is_none());
}

#[test]
fn links_begin_with_the_path_outside() {
    let snapshot = snapshot(7, vec![busy("default"), resting("b")]);
    let page =
        document(Look { snapshot: &snapshot, now: None, base: "/gim/" }, &Which::Suite("default".into())).unwrap();
    for link in [
        "\"/gim/assets/page.css?v=",
        "\"/gim/metrics\"",
        "\"/gim/?from=0\"",
        "\"/gim/api/v1/events?",
        "\"/gim/runbooks/",
    ] {
        assert!(page.contains(link), "{link} is not in {page}");
    }
    assert!(!page.contains("\"./"), "{page}");
}

#[test]
fn icon_and_style_have_the_same_colours() {
    let (_, css) = assets::asset("page.css").unwrap();
    for &kind in VerdictKind::ALL {
        assert!(css.contains(&format!(".is-{kind} {{ --accent: {}; }}", assets::colour(kind))), "{kind}");
        assert!(assets::asset(&format!("{kind}.svg")).unwrap().1.contains(assets::colour(kind)));
    }
    assert!(assets::asset("../page.css").is_none() && assets::asset("x.svg").is_none());
}

/// A browser takes the first of two attributes of one name, and drops the other without a word.
#[test]
fn no_element_has_an_attribute_twice() {
    for page in [page(), of(vec![resting("a"), busy("b")], None).unwrap()] {
        for tag in page.split('<').filter_map(|rest| rest.split('>').next()) {
            for name in [" class=", " id=", " href=", " data-key="] {
                assert!(tag.matches(name).count() < 2, "{tag}");
            }
        }
    }
}

/// Nothing on the page may need what the policy forbids.
#[test]
fn nothing_is_inline() {
    for page in [page(), of(vec![resting("a"), busy("b")], None).unwrap()] {
        for forbidden in [" style=", " onclick=", "<style", "javascript:", "http://", "https://"] {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
        assert_eq!(page.matches("<script").count(), 1);
    }
}
