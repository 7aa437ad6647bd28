//! Each fact of what Helm and Kubernetes really do, as an assertion on the objects that a scenario leaves behind.
//! The numbers are those of the scenarios' `shows: facts`.

use super::*;

#[test]
fn fact_1_without_wait_helm_is_done_whatever_the_pods_do() {
    let mut played = Played::new("image-missing");
    played.to("1m1s");
    assert_eq!(text(&played.secret("gim", 4), "/metadata/labels/status"), "deployed");
    assert_eq!(played.body("gim", 4)["info"]["description"], "Upgrade complete");
    played.to("2m");
    assert_eq!(text(&played.pod(), "/status/phase"), "Pending");
}

#[test]
fn facts_2_and_3_with_wait_the_revision_is_pending_and_the_old_one_deployed() {
    let mut played = Played::new("healthy-upgrade");
    played.to("2m");
    assert_eq!(
        played.statuses("gim"),
        list(&[("1", "superseded"), ("2", "superseded"), ("3", "deployed"), ("4", "pending-upgrade")])
    );
    assert_eq!(played.body("gim", 4)["info"]["description"], "Preparing upgrade");
    played.to("5m");
    assert_eq!(played.statuses("gim")[2..], list(&[("3", "superseded"), ("4", "deployed")]));
}

#[test]
fn fact_3_a_failed_rollback_leaves_one_deployed_and_two_failed() {
    let mut played = Played::new("rollback-wait-stale-pod");
    played.to("7m");
    assert_eq!(played.statuses("gim")[2..], list(&[("3", "deployed"), ("4", "failed")]));
    played.to("25m");
    assert_eq!(played.statuses("gim")[2..], list(&[("3", "deployed"), ("4", "failed"), ("5", "failed")]));
}

#[test]
fn fact_4_a_killed_helm_leaves_pending_for_ever_and_the_next_upgrade_is_refused() {
    let mut played = Played::new("release-stuck-pending");
    played.to("65m30s");
    assert_eq!(played.statuses("gim").last(), list(&[("4", "pending-upgrade")]).last());
    assert!(played.world.log().iter().any(|(_, line)| line.contains("another operation")));
    played.to("86m");
    assert_eq!(played.statuses("gim")[2..], list(&[("3", "superseded"), ("4", "pending-upgrade"), ("5", "deployed")]));
}

#[test]
fn facts_5_and_6_descriptions_are_helms_own() {
    let mut played = Played::new("rollback-wait-stale-pod");
    played.to("7m");
    assert_eq!(played.body("gim", 1)["info"]["description"], "Install complete");
    assert_eq!(played.body("gim", 4)["info"]["description"], "Upgrade \"gim\" failed: context deadline exceeded");
    played.to("9m");
    assert_eq!(played.body("gim", 5)["info"]["description"], "Rollback to 3");
    assert_eq!(played.body("gim", 5)["info"]["status"], "pending-rollback");
    played.to("25m");
    assert_eq!(played.body("gim", 5)["info"]["description"], "Release \"gim\" failed: context deadline exceeded");

    let mut played = Played::new("pod-pending");
    let cause =
        "resource StatefulSet/gim/gim not ready. status: InProgress, message: Ready: 0/1\ncontext deadline exceeded";
    assert_eq!(played.to("8m").body("gim", 4)["info"]["description"], format!("Upgrade \"gim\" failed: {cause}"));
    let mut played = Played::new("hook-failed");
    assert_eq!(
        played.to("3m").body("gsp", 3)["info"]["description"],
        "Upgrade \"gsp\" failed: pre-upgrade hooks failed: 1 error occurred:\n\t* job gsp-savepoint failed: BackoffLimitExceeded\n\n"
    );
    assert_eq!(Played::new("tag-only").to("3m").body("gim", 4)["info"]["description"], "change 4711");
}

#[test]
fn fact_7_atomic_makes_a_second_revision_that_can_fail_too() {
    let mut played = Played::new("atomic-rollback");
    played.to("10m");
    assert_eq!(
        played.statuses("gca"),
        list(&[("1", "superseded"), ("2", "superseded"), ("3", "failed"), ("4", "deployed")])
    );
    assert_eq!(played.body("gca", 4)["info"]["rollback_revision"], 2);
    let mut played = Played::new("atomic-rollback-fails");
    played.to("33m");
    assert_eq!(played.statuses("gim")[2..], list(&[("3", "deployed"), ("4", "failed"), ("5", "failed")]));
    assert!(played.body("gim", 5)["info"].get("rollback_revision").is_none(), "Helm 3 does not tell");
}

#[test]
fn fact_8_the_labels_lie_and_the_managed_fields_do_not() {
    let mut played = Played::new("healthy-upgrade");
    played.to("2m");
    let begun = played.secret("gim", 4);
    let seconds = |label: &str| text(&begun, &format!("/metadata/labels/{label}")).parse::<i64>().unwrap();
    let created: Timestamp = text(&begun, "/metadata/creationTimestamp").parse().unwrap();
    assert_eq!(created, start() + SignedDuration::from_mins(1));
    assert!(seconds("modifiedAt") < created.as_second() - 86_400, "copied from months ago");
    assert_eq!(seconds("createdAt"), created.as_second());
    played.to("5m");
    let done = played.secret("gim", 4);
    assert_eq!(done.pointer("/metadata/labels/createdAt"), None, "it goes at the first update");
    assert_eq!(text(&done, "/metadata/labels/modifiedAt"), text(&begun, "/metadata/labels/modifiedAt"));
    assert_eq!(text(&done, "/metadata/managedFields/0/manager"), "Helm");
    assert_eq!(text(&done, "/metadata/managedFields/0/time"), "2026-01-01T00:04:34Z");
    assert_eq!(played.body("gim", 4)["info"]["deleted"], "");
    assert!(played.body("gim", 4)["info"]["last_deployed"].as_str().unwrap().starts_with("2026-01-01T00:01:00"));
}

#[test]
fn fact_9_history_is_pruned_from_the_old_end_and_uninstalling_keeps_or_deletes_it() {
    let mut played = Played::new("history-pruned");
    played.to("1m");
    assert_eq!(played.statuses("gim"), list(&[("3", "deployed"), ("4", "pending-upgrade")]));
    let mut played = Played::new("uninstall-keep-history");
    played.to("3m");
    assert_eq!(played.statuses("gca"), list(&[("1", "superseded"), ("2", "uninstalled")]));
    assert!(played.pods("gca").is_empty());
    let mut played = Played::new("uninstall");
    played.to("3m");
    assert!(played.statuses("gsp").is_empty());
    assert_eq!(played.object(Kind::Deployments, "gsp", "gsp-jm"), Value::Null);
}

#[test]
fn fact_10_other_values_make_a_revision_of_the_same_version() {
    let mut played = Played::new("reconfigure");
    played.to("3m");
    let (old, new) = (played.body("gim", 3), played.body("gim", 4));
    assert_eq!(old["chart"]["metadata"]["version"], new["chart"]["metadata"]["version"]);
    assert_ne!(old["manifest"], new["manifest"]);
}

#[test]
fn fact_11_a_second_try_has_the_manifest_of_the_first_which_is_superseded() {
    let mut played = Played::new("second-try");
    played.to("33m");
    assert_eq!(
        played.statuses("gim")[2..],
        list(&[("3", "superseded"), ("4", "superseded"), ("5", "superseded"), ("6", "deployed")])
    );
    assert_eq!(played.body("gim", 4)["manifest"], played.body("gim", 6)["manifest"]);
    assert_eq!(played.body("gim", 3)["manifest"], played.body("gim", 5)["manifest"]);
    let mut played = Played::new("first-install-stuck");
    played.to("16m");
    assert_eq!(played.statuses("gca"), list(&[("1", "pending-install")]));
    assert!(played.world.log().iter().any(|(_, line)| line.contains("release has no 0 version")));
}

#[test]
fn fact_12_no_replicas_and_yet_current_equals_update() {
    let mut played = Played::new("scaled-to-zero");
    played.to("4m");
    let set = played.set();
    assert_eq!(text(&played.secret("gim", 4), "/metadata/labels/status"), "deployed");
    assert_eq!(set.pointer("/status/currentRevision"), set.pointer("/status/updateRevision"));
    assert_eq!(set["spec"]["replicas"], 0);
    assert!(played.pods("gim").is_empty());
}

#[test]
fn fact_13_a_release_that_timed_out_stays_failed_though_its_pods_heal() {
    let mut played = Played::new("timed-out-then-healed");
    played.to("40m");
    assert_eq!(condition(&played.pod(), "Ready")["status"], "True");
    assert_eq!(text(&played.secret("gim", 4), "/metadata/labels/status"), "failed");
    assert_eq!(text(&played.secret("gim", 3), "/metadata/labels/status"), "deployed");
}

#[test]
fn facts_14_and_15_a_rolled_back_statefulset_keeps_its_broken_pod_until_it_is_deleted() {
    for (name, looked, mended) in [
        ("rollback-stale-pod", "11m", "13m"),
        ("rollback-wait-stale-pod", "26m", "28m"),
        ("upgrade-over-broken", "9m", "12m"),
    ] {
        let mut played = Played::new(name);
        played.to(looked);
        let (pod, set) = (played.pod(), played.set());
        let update = text(&set, "/status/updateRevision");
        assert_eq!(text(&set, "/metadata/generation"), text(&set, "/status/observedGeneration"), "{name}");
        assert_eq!(update == text(&set, "/status/currentRevision"), name.starts_with("rollback"), "{name}");
        assert_ne!(text(&pod, "/metadata/labels/controller-revision-hash"), update, "{name}");
        assert!(text(&pod, "/status/containerStatuses/0/state/waiting/reason").contains("ImagePull"), "{name}");
        played.to(mended);
        assert_eq!(text(&played.pod(), "/metadata/labels/controller-revision-hash"), update, "{name}");
    }
}

#[test]
fn on_delete_replaces_nothing_and_never_says_that_it_is_done() {
    let mut played = Played::new("on-delete");
    played.to("5m");
    assert_eq!(text(&played.secret("gim", 3), "/metadata/labels/status"), "deployed");
    let update = text(&played.set(), "/status/updateRevision");
    assert_ne!(text(&played.pod(), "/metadata/labels/controller-revision-hash"), update);
    assert_eq!(condition(&played.pod(), "Ready")["status"], "True");
    played.to("12m");
    assert_eq!(text(&played.pod(), "/metadata/labels/controller-revision-hash"), update);
    assert_ne!(text(&played.set(), "/status/currentRevision"), update, "as the real controller leaves it");
}

#[test]
fn fact_16_a_deployment_keeps_old_pods_and_a_rollback_uses_the_old_replicaset_again() {
    let mut played = Played::new("gsp-image-missing");
    played.to("6m");
    let workers: Vec<Value> =
        played.pods("gsp").into_iter().filter(|pod| text(pod, "/metadata/name").starts_with("gsp-tm")).collect();
    let ready = workers.iter().filter(|pod| condition(pod, "Ready")["status"] == "True").count();
    assert_eq!((workers.len(), ready), (3, 2));
    let deployment = played.object(Kind::Deployments, "gsp", "gsp-tm");
    assert_eq!(deployment["status"]["readyReplicas"], 2);
    assert_eq!(condition(&deployment, "Progressing")["reason"], "ReplicaSetUpdated");

    let mut played = Played::new("atomic-rollback");
    let oldest = |played: &Played| {
        let mut sets: Vec<Value> =
            played.store.iter_namespace(Kind::ReplicaSets, "gca").map(|set| set.to_value()).collect();
        sets.retain(|set| text(set, "/metadata/labels/app") == "gca");
        let revision = |set: &Value| {
            set["metadata"]["annotations"]["deployment.kubernetes.io/revision"]
                .as_str()
                .unwrap()
                .parse::<u32>()
                .unwrap()
        };
        sets.sort_by_key(revision);
        sets
    };
    let before = text(oldest(played.to("5m")).last().unwrap(), "/metadata/name");
    let sets = oldest(played.to("10m"));
    let newest = sets.last().unwrap();
    assert_ne!(text(newest, "/metadata/name"), before);
    let created: Timestamp = text(newest, "/metadata/creationTimestamp").parse().unwrap();
    assert!(created < start(), "the newest by revision is old by creation");
    assert_eq!(newest["status"]["readyReplicas"], 1);
}

#[test]
fn a_deployment_that_does_not_progress_says_so_and_a_done_one_stays_done() {
    let mut played = Played::new("gca-never-ready");
    played.to("10m");
    let reason = |played: &Played| condition(&played.object(Kind::Deployments, "gca", "gca"), "Progressing");
    assert_eq!(reason(&played)["reason"], "ReplicaSetUpdated");
    played.to("13m");
    assert_eq!(reason(&played)["reason"], "ProgressDeadlineExceeded");
    assert_eq!(reason(&played)["status"], "False");
    let mut played = Played::new("evicted-pod");
    played.to("2m15s");
    assert_eq!(reason(&played)["reason"], "NewReplicaSetAvailable");
}

#[test]
fn fact_17_pending_for_want_of_a_node_and_for_want_of_an_image() {
    let mut played = Played::new("pod-pending");
    let pod = played.to("10m").pod();
    assert_eq!(condition(&pod, "PodScheduled")["status"], "False");
    assert_eq!(condition(&pod, "PodScheduled")["reason"], "Unschedulable");
    assert_eq!(pod.pointer("/status/containerStatuses"), None);
    assert_eq!(pod.pointer("/spec/nodeName"), None);
    let mut played = Played::new("image-missing");
    let pod = played.to("5m").pod();
    assert_eq!(
        (text(&pod, "/status/phase"), &condition(&pod, "PodScheduled")["status"]),
        ("Pending".to_owned(), &json!("True"))
    );
    let mut reasons: Vec<String> = Vec::new();
    let changes = played.store.changes_of(Kind::Pods, 1).unwrap();
    for change in changes.filter(|change| change.object.key() == "gim/gim-0") {
        let reason = text(&change.object.to_value(), "/status/containerStatuses/0/state/waiting/reason");
        if reason.contains("Image") && reasons.last() != Some(&reason) {
            reasons.push(reason);
        }
    }
    assert_eq!(reasons[..4], ["ErrImagePull", "ImagePullBackOff", "ErrImagePull", "ImagePullBackOff"]);
}

#[test]
fn fact_18_a_crash_loop_alternates_with_running_and_ready() {
    let mut played = Played::new("crash-loop");
    played.to("5m");
    let mut seen = std::collections::BTreeSet::new();
    for change in played.store.changes_of(Kind::Pods, 1).unwrap() {
        let pod = change.object.to_value();
        let created: Timestamp = text(&pod, "/metadata/creationTimestamp").parse().unwrap();
        if change.object.key() == "gim/gim-0" && created > start() {
            let status = &pod["status"]["containerStatuses"][0];
            let state = status["state"].as_object().and_then(|state| state.keys().next().cloned());
            seen.insert((state, text(status, "/state/waiting/reason"), text(status, "/ready")));
        }
    }
    let some = |state: &str, reason: &str, ready: &str| (Some(state.to_owned()), reason.to_owned(), ready.to_owned());
    for state in [
        some("running", "", "true"),
        some("running", "", "false"),
        some("waiting", "CrashLoopBackOff", "false"),
        some("terminated", "", "false"),
    ] {
        assert!(seen.contains(&state), "{state:?} not in {seen:?}");
    }
    assert_eq!(played.pod()["status"]["containerStatuses"][0]["restartCount"], 4);
    let mut played = Played::new("oom");
    let pod = played.to("7m").pod();
    assert_eq!(text(&pod, "/status/containerStatuses/0/lastState/terminated/reason"), "OOMKilled");
}

#[test]
fn fact_19_a_hooks_job_is_outside_the_workloads_and_replaces_the_last_one() {
    let mut played = Played::new("hook-failed");
    let before = text(&played.object(Kind::Jobs, "gsp", "gsp-savepoint"), "/metadata/uid");
    played.to("1m30s");
    assert_eq!(played.body("gsp", 3)["hooks"][0]["last_run"]["phase"], "Running");
    let job = played.object(Kind::Jobs, "gsp", "gsp-savepoint");
    assert_ne!(text(&job, "/metadata/uid"), before);
    assert_eq!(job.pointer("/metadata/ownerReferences"), None);
    assert_eq!(job.pointer("/metadata/labels/app"), None);
    played.to("3m");
    assert_eq!(played.body("gsp", 3)["hooks"][0]["last_run"]["phase"], "Failed");
    let job = played.object(Kind::Jobs, "gsp", "gsp-savepoint");
    assert_eq!(condition(&job, "Failed")["reason"], "BackoffLimitExceeded");
}

#[test]
fn fact_21_three_clocks_stamp_three_times() {
    let mut played = Played::new("skewed-clocks");
    played.to("9m");
    let created: Timestamp = text(&played.secret("gim", 4), "/metadata/creationTimestamp").parse().unwrap();
    let deployed: Timestamp = text(&played.body("gim", 4), "/info/last_deployed").parse().unwrap();
    assert_eq!(created.duration_since(deployed), SignedDuration::from_mins(3));
    let pod = played.pod();
    let scheduled: Timestamp = text(&condition(&pod, "PodScheduled"), "/lastTransitionTime").parse().unwrap();
    let initialized: Timestamp = text(&condition(&pod, "Initialized"), "/lastTransitionTime").parse().unwrap();
    assert_eq!(initialized.duration_since(scheduled), SignedDuration::from_mins(2));
}

#[test]
fn fact_22_for_a_moment_everything_looks_done() {
    let mut played = Played::new("upgrade-without-wait");
    played.to("1m1s");
    let (pod, set) = (played.pod(), played.set());
    assert_eq!(text(&played.secret("gim", 4), "/metadata/labels/status"), "deployed");
    assert_eq!((&set["metadata"]["generation"], &set["status"]["observedGeneration"]), (&json!(4), &json!(3)));
    assert_eq!(set.pointer("/status/currentRevision"), set.pointer("/status/updateRevision"));
    assert_eq!(condition(&pod, "Ready")["status"], "True");
    let image = |object: &Value, pointer: &str| text(object, pointer);
    assert!(image(&set, "/spec/template/spec/containers/0/image").ends_with(":100.0.116.4200"));
    assert!(image(&pod, "/spec/containers/0/image").ends_with(":100.0.116.2900"));
}

#[test]
fn fact_23_an_ordinary_update_has_a_terminating_pod_that_is_not_ready() {
    let mut played = Played::new("upgrade-without-wait");
    let (pod, set) = (played.to("1m21s").pod(), played.set());
    assert!(pod.pointer("/metadata/deletionTimestamp").is_some());
    assert_eq!(condition(&pod, "Ready")["status"], "False");
    assert_ne!(text(&pod, "/metadata/labels/controller-revision-hash"), text(&set, "/status/updateRevision"));
}

#[test]
fn fact_24_a_failed_pod_stays_in_the_list_and_is_no_replica() {
    let mut played = Played::new("evicted-pod");
    played.to("8m");
    let mut phases: Vec<String> = played.pods("gca").iter().map(|pod| text(pod, "/status/phase")).collect();
    phases.sort();
    assert_eq!(phases, ["Failed", "Running"]);
    assert_eq!(played.object(Kind::Deployments, "gca", "gca")["status"]["replicas"], 1);
}
