//! What nobody works on any more, what Helm tells nothing of, and what was not done by the book.

use super::*;
use crate::model::version::BuildVersion;

/// Makes GCA's newest revision the first one, with this status.
fn first_with(scene: &mut Scene, status: ReleaseStatus) {
    scene.component(Gca).release.revisions.drain(..2);
    (scene.newest(Gca).revision, scene.newest(Gca).status) = (1, status);
}

#[test]
fn what_nobody_works_on_any_more() {
    let status = |status| upgraded_but(Gca, |s| s.newest(Gca).status = status);
    let pending_install = || upgraded_but(Gca, |s| first_with(s, ReleaseStatus::PendingInstall));
    says("an install at work", pending_install(), Gca, 9.9, "9 wait helm_working");
    says("an install left", pending_install(), Gca, 10.0, "7 investigate first_install release_pending_stuck");
    let verdict = pending_install().judge_one(Gca, 10.0).verdict;
    let uninstall = Command::Uninstall { namespace: "gca".into(), release: "gca".into() };
    assert_eq!(verdict.command, Some(uninstall), "Helm refuses anything else");
    let rollback = || status(ReleaseStatus::PendingRollback);
    says("a rollback at work", rollback(), Gca, 9.9, "9 wait helm_working");
    says("a rollback left", rollback(), Gca, 10.0, "6 contact_support release_pending_stuck");
    let written = || {
        upgraded_but(Gca, |s| (s.newest(Gca).status, s.newest(Gca).written) = (ReleaseStatus::PendingUpgrade, at(5.0)))
    };
    says("Helm wrote since", written(), Gca, 14.9, "9 wait helm_working");
    says("Helm wrote since, and left", written(), Gca, 15.0, "8 roll_back release_pending_stuck");
    says("left for days", status(ReleaseStatus::PendingUpgrade), Gca, 3.0 * DAY, "8 roll_back release_pending_stuck");
}

#[test]
fn without_helm_there_is_no_revision_to_go_back_to() {
    let image_missing = |s: &mut Scene| {
        s.without_helm();
        unready(s, Gca);
        s.pod(Gca).containers[0].waiting = Some(WaitingReason::ErrImagePull);
        s.judge(2.0);
    };
    let mut scene = upgraded_but(Gca, image_missing);
    let verdict = scene.judge_one(Gca, 4.0).verdict;
    assert_eq!(verdict.command, None);
    says("an image that is missing", scene, Gca, 4.0, "7 investigate no_target images_pulled");
    says(
        "an image that is missing at the first install",
        upgraded_but(Gca, |s| {
            s.workload(Gca).generation = 1;
            image_missing(s);
        }),
        Gca,
        4.0,
        "7 investigate no_target images_pulled",
    );
    let verified = |s: &mut Scene| {
        s.without_helm();
        s.play(2.0, 14.0, |_| 3.0);
    };
    says("verified, and it may have been undone", upgraded_but(Gca, verified), Gca, 14.0, "16 none");
    says(
        "verified, at its target",
        upgraded_but(Gca, |s| {
            s.suite().targets.gca = Some(BuildVersion::new("100.0.116.4200"));
            verified(s);
        }),
        Gca,
        14.0,
        "15 proceed",
    );
    says(
        "pods that run something else",
        upgraded_but(Gca, |s| {
            s.pod(Gca).containers[0].image = OLD.into();
            verified(s);
        }),
        Gca,
        14.0,
        "13 investigate image_matches_chart pods_ready",
    );
    says(
        "workloads without the chart's label",
        upgraded_but(Gca, |s| {
            s.without_helm();
            s.workload(Gca).chart_label = None;
        }),
        Gca,
        5.0,
        "2 none absent",
    );
    let zero = |s: &mut Scene| {
        s.without_helm();
        s.workload(Gca).desired = 0;
        s.component(Gca).workloads[0].pods.clear();
    };
    says("scaled to zero", upgraded_but(Gca, zero), Gca, 5.0, "2 none scaled_to_zero");
    says(
        "pods silent",
        upgraded_but(Gca, |s| {
            s.without_helm();
            s.component(Gca).sources.pods = Freshness::Stale;
        }),
        Gca,
        5.0,
        "1 unknown pods_stale",
    );
    says(
        "forbidden, which is not the same",
        upgraded_but(Gca, |s| {
            s.without_helm();
            s.component(Gca).sources.helm = Freshness::Forbidden;
        }),
        Gca,
        5.0,
        "1 unknown helm_forbidden",
    );
}

#[test]
fn what_was_not_done_by_the_book_is_told_beside_the_verdict() {
    let mut scene = Scene::at_rest();
    scene.policy.releases.gim = ["100.0.116+4200", "100.0.117+1", "100.0.118+1", "100.0.119+1"]
        .map(crate::model::version::BuildVersion::new)
        .into();
    scene.play(-11.0, -5.0, |_| 3.0);
    scene.upgrade_at(Gsp, -5.0);
    scene.judge(-5.0);
    scene.upgrade(Gim);
    scene.play(0.0, 14.0, |_| 3.0);
    let verdict = scene.judge_one(Gim, 14.0).verdict;
    let advisories: Vec<_> = verdict.advisories.iter().map(|reason| reason.as_str()).collect();
    assert_eq!(advisories, ["supported_release", "order_respected", "started_healthy"]);
    assert!(verdict.reasons.iter().all(|reason| !verdict.advisories.contains(reason)));
}
