//! Whether a component is verified: proved to work, by its pods and by its signals.
//!
//! Inside the suspect window a full window of low latency is asked for, taken from the very pods that run; outside it the
//! newest sample is enough. What is missing is told with its reason, and missing evidence is never a proof. The source
//! is the upgrade guide, Rolling Update: Verify the upgrade.

use super::answer::{Answer, CheckId, CheckState, FailureClass};
use super::assessment::{NamedReason, Reason};
use super::checks::{Context, Rests, Row, TABLE, failing_rows, is_schema_required, silent_since};
use super::failure;
use super::topics;
use super::trend::{Trend, TrendReport};
use crate::model::facts::PodFacts;
use crate::model::release::{BodyState, ReleaseStatus, Revision};
use crate::model::source::Freshness;
use crate::model::time::{Timestamp, after, before};
use crate::model::workload::WorkloadKind;

/// What is missing for the proof; nothing where it is whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// Evidence that is silent: it makes the verdict unknown.
    pub silent: Vec<Reason>,
    /// What is not normal yet.
    pub lacking: Vec<Reason>,
    /// When what is lacking may be there at the earliest, where that is known.
    pub not_before: Option<Timestamp>,
}

impl Proof {
    /// Whether nothing is missing.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.silent.is_empty() && self.lacking.is_empty()
    }

    fn lack(&mut self, reason: Reason, not_before: Option<Timestamp>) {
        if !self.lacking.contains(&reason) {
            self.lacking.push(reason);
        }
        self.not_before = self.not_before.max(not_before);
    }
}

/// Tells what is missing.
#[must_use]
pub fn read(context: &Context<'_>, checks: &[(CheckId, Answer)]) -> Proof {
    let mut proof = Proof::default();
    pods(context, &mut proof);
    ill(context, checks, &mut proof);
    signals(context, checks, &mut proof);
    schema(context, checks, &mut proof);
    proof
}

/// The schema, where what was installed needs the target's. That nothing is known of it matters only while an operation is of
/// interest: at rest a database that cannot be read is no news about GIM.
fn schema(context: &Context<'_>, checks: &[(CheckId, Answer)], proof: &mut Proof) {
    let answer = checks.iter().find(|(id, _)| *id == CheckId::SchemaMigrated).map(|(_, answer)| answer.state);
    let Some(state) = answer.filter(|_| is_schema_required(context) && context.rollout.all_ready) else { return };
    let reason = Reason::Check(CheckId::SchemaMigrated);
    let in_window = context.operation.is_some_and(|operation| operation.in_window);
    // An exporter that has just begun cannot call silent what it never had the time to read.
    let had_time = || context.horizon.lasted(context.memory.began, context.policy.database_silence());
    match state {
        CheckState::Fail | CheckState::Pending => proof.lack(reason, None),
        CheckState::Unknown if in_window && had_time() => proof.silent.push(reason),
        CheckState::Unknown if in_window => proof.lack(reason, None),
        CheckState::Unknown | CheckState::Pass => {}
    }
}

fn pods(context: &Context<'_>, proof: &mut Proof) {
    let rollout = context.rollout;
    match context.facts.release.newest() {
        Some(newest) => release(context, newest, proof),
        None if context.facts.told_by_workloads() => {
            if rollout.templates_match != Some(true) {
                proof.lack(Reason::Check(CheckId::ImageMatchesChart), None);
            }
        }
        None => {
            proof.lack(Reason::Named(NamedReason::Absent), None);
            return;
        }
    }
    if rollout.desired == 0 || !rollout.all_ready {
        proof.lack(Reason::Check(CheckId::PodsReady), None);
        return;
    }
    // Of which revision a pod is that no workload keeps cannot be told: only one that was made since is the operation's.
    let bare = context.facts.workloads.iter().filter(|workload| workload.workload.kind == WorkloadKind::Pods);
    let in_window = context.operation.filter(|operation| operation.in_window);
    let older = |pod: &PodFacts| in_window.is_some_and(|operation| pod.pod.created < operation.begin);
    if bare.flat_map(|workload| &workload.pods).any(|pod| pod.pod.is_replica() && older(pod)) {
        proof.lack(Reason::Check(CheckId::RolloutComplete), None);
    }
    // Of pods that an operation left alone nothing is proved while the watches may not have shown what it did to them, and
    // what is known of pods from before memory began rests on their kubelets' clocks.
    let earliest = in_window.map(|operation| operation.end.unwrap_or(operation.begin).max(context.memory.began));
    let ready = rollout.ready_since.max(earliest);
    let soaked = ready.map(|ready| after(ready, context.times.soak));
    let restarted = context.memory.pods.values().filter_map(|pod| pod.restarted.back()).max();
    let restarted = restarted.map(|at| after(*at, context.times.soak));
    for until in [soaked, restarted].into_iter().flatten() {
        if !context.horizon.passed(until) {
            proof.lack(Reason::Named(NamedReason::Soaking), Some(until));
        }
    }
}

/// What is wrong with the pods. It need not count yet, since a dependency may have caused it; a proof it is not.
fn ill(context: &Context<'_>, checks: &[(CheckId, Answer)], proof: &mut Proof) {
    for row in failing_rows(checks).filter(|row| row.vital && row.rests == Rests::Pods && context.rollout.all_ready) {
        proof.lack(Reason::Check(row.id), None);
    }
}

/// What Helm's newest revision leaves unproved.
fn release(context: &Context<'_>, newest: &Revision, proof: &mut Proof) {
    if newest.status.is_pending() || newest.status == ReleaseStatus::Unknown {
        proof.lack(Reason::Check(CheckId::ReleaseDeployed), None);
    }
    // Helm may have given up half-way: only pods that took too long, and by what Helm last wrote, may have healed since.
    let in_window = context.operation.is_some_and(|operation| operation.in_window);
    let waited_too_long = failure::of(newest) == Some(FailureClass::Timeout);
    if newest.status == ReleaseStatus::Failed && in_window && !waited_too_long {
        proof.lack(Reason::Check(CheckId::ReleaseDeployed), None);
    }
    let unread = newest.lacks_body() && context.facts.sources.bodies >= Freshness::Stale;
    if unread || newest.body == BodyState::Refused {
        proof.silent.push(Reason::Named(NamedReason::HelmBodyUnreadable));
    } else if context.rollout.templates_match != Some(true) {
        proof.lack(Reason::Check(CheckId::ImageMatchesChart), None);
    }
}

fn signals(context: &Context<'_>, checks: &[(CheckId, Answer)], proof: &mut Proof) {
    if !context.facts.signals.configured || !context.rollout.all_ready {
        return;
    }
    let Some(silent) = silent_since(context) else {
        proof.lack(Reason::Check(CheckId::PodsReady), None);
        return;
    };
    if context.horizon.lasted(silent, context.policy.signal_silence()) {
        // An exporter that has just begun cannot call a signal silent that it never had the time to hear.
        let full = after(context.memory.began, context.policy.trend_window);
        if context.horizon.passed(full) {
            proof.silent.push(Reason::Named(NamedReason::SignalsSilent));
        } else {
            proof.lack(Reason::Named(NamedReason::WindowFilling), Some(full));
        }
        return;
    }
    // Where nothing was heard yet, not even the newest sample speaks for the component.
    if context.memory.carried.is_none() {
        proof.lack(Reason::Named(NamedReason::WindowFilling), None);
    }
    if let Some(trend) = context.trend {
        latency(context, trend, silent, proof);
    }
    let in_window = context.operation.is_some_and(|operation| operation.in_window);
    let unproved = |row: &&Row| in_window && row.proves && state(checks, row.id) == Some(CheckState::Pending);
    let failing = failing_rows(checks).filter(|row| row.vital && row.rests == Rests::Signals);
    let lacking = failing.chain(TABLE.iter().filter(unproved));
    // What must be seen to come anew, since the pods became Ready last, has the hold to come: however long ago the operation was.
    let seen = context.memory.window.since.map(|since| after(since, context.policy.hold));
    for row in lacking {
        if !proof.lacking.contains(&Reason::Check(row.id)) {
            let not_before = seen.filter(|_| state(checks, row.id) == Some(CheckState::Pending));
            proof.lack(Reason::Check(row.id), not_before);
        }
    }
    // Where the pages come and a vital signal's check is unknown nevertheless, something that it rests on is missing.
    for row in TABLE.iter().filter(|row| row.vital && row.rests == Rests::Signals) {
        if state(checks, row.id) == Some(CheckState::Unknown) {
            proof.silent.push(Reason::Check(row.id));
        }
    }
    let absent = topics::absent(context.facts, context.memory, context.policy);
    let present = Reason::Check(CheckId::MetricsPresent);
    if let Some(since) = absent.iter().map(|(_, since)| *since).min()
        && !proof.lacking.contains(&present)
    {
        proof.lack(present, Some(after(since, context.policy.hold)));
    }
}

/// The answer of a check, where it applies.
fn state(checks: &[(CheckId, Answer)], id: CheckId) -> Option<CheckState> {
    checks.iter().find(|(check, _)| *check == id).map(|(_, answer)| answer.state)
}

fn latency(context: &Context<'_>, trend: &TrendReport, silent: Timestamp, proof: &mut Proof) {
    let limit = context.policy.latency_ok.as_secs_f64();
    let in_window = context.operation.is_some_and(|operation| operation.in_window);
    // It fills from its first sample without a gap, which comes later than readiness does, and the sample that fills it may come
    // late too: until it is silent it is waited for.
    let full = |proof: &mut Proof| {
        let window = context.policy.trend_window;
        let first = trend.newest.map(|newest| before(newest, window.mul_f64(trend.completeness)));
        let from = first.max(context.memory.window.since).unwrap_or(silent);
        let until = after(after(from, window), context.policy.signal_silence());
        proof.lack(Reason::Named(NamedReason::WindowFilling), Some(until));
    };
    match (trend.latency_seconds, trend.peak_seconds) {
        (None, _) => full(proof),
        (Some(latest), _) if latest > limit => proof.lack(Reason::Named(NamedReason::LatencySettling), None),
        (Some(_), Some(peak)) if in_window && peak > limit => {
            proof.lack(Reason::Named(NamedReason::LatencySettling), None);
        }
        _ if in_window && !trend.is_full() => full(proof),
        // Nothing was consumed since the pods are Ready, though a generous limit is not reached yet.
        _ if in_window && trend.trend == Trend::Stalled && !context.memory.window.fell => {
            proof.lack(Reason::Check(CheckId::BacklogNotGrowing), None);
        }
        _ => {}
    }
    if matches!(trend.trend, Trend::Growing | Trend::Absent) {
        proof.lack(Reason::Check(CheckId::BacklogNotGrowing), None);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::assess::assessment::VerdictKind;
    use crate::assess::testing::{NEW, Scene, at, flink, reading, ready_pod, workload};
    use crate::model::facts::{Generation, WorkloadFacts};
    use crate::model::memory::MAX_INTERVALS;
    use crate::model::names::Component::{Gca, Gim, Gsp};
    use crate::model::workload::Workload;

    #[test]
    fn an_upgrade_is_proved_by_soak_and_window() {
        let mut scene = Scene::upgraded(Gca);
        assert_eq!(scene.verdict(Gca, 3.9), (VerdictKind::Wait, vec!["soaking"]));
        scene.play(4.0, 4.0, |_| 3.0);
        assert_eq!(scene.verdict(Gca, 4.0), (VerdictKind::Proceed, vec![]));
        let mut scene = Scene::upgraded(Gim);
        scene.play(2.0, 11.9, |_| 3.0);
        assert_eq!(scene.verdict(Gim, 11.9), (VerdictKind::Wait, vec!["window_filling"]));
        scene.play(12.0, 12.0, |_| 3.0);
        assert_eq!(scene.verdict(Gim, 12.0), (VerdictKind::Proceed, vec![]));
    }

    fn two_replicas() -> Scene {
        let mut scene = Scene::upgraded(Gim);
        scene.workload(Gim).desired = 2;
        let mut second = scene.component(Gim).workloads[0].pods[0].clone();
        let pod = Arc::make_mut(&mut second.pod);
        (pod.name, pod.uid) = ("gim-1".into(), "gim-1-3".into());
        scene.component(Gim).workloads[0].pods.push(second);
        scene
    }

    #[test]
    fn a_pod_is_soaked_by_our_clock_and_not_by_its_kubelets() {
        for kubelet in [Some(at(-9.0)), Some(at(20.0)), None] {
            let mut scene = Scene::upgraded(Gsp);
            for workload in &mut scene.component(Gsp).workloads {
                for pod in &mut workload.pods {
                    let pod = Arc::make_mut(&mut pod.pod);
                    (pod.ready, pod.ready_changed) = (false, None);
                }
            }
            assert_eq!(scene.verdict(Gsp, 9.0).0, VerdictKind::Wait, "{kubelet:?}");
            for workload in &mut scene.component(Gsp).workloads {
                for pod in &mut workload.pods {
                    let pod = Arc::make_mut(&mut pod.pod);
                    (pod.ready, pod.ready_changed) = (true, kubelet);
                }
            }
            for minutes in [10.0, 11.9] {
                scene.read(minutes, 3.0);
                assert_eq!(scene.verdict(Gsp, minutes), (VerdictKind::Wait, vec!["soaking"]), "{kubelet:?}");
            }
            scene.play(12.0, 12.0, |_| 3.0);
            assert_eq!(scene.verdict(Gsp, 12.0), (VerdictKind::Proceed, vec![]), "{kubelet:?}");
        }
    }

    #[test]
    fn pods_that_an_operation_left_alone_soak_from_its_end() {
        let mut scene = Scene::at_rest();
        scene.play(-11.0, 0.0, |_| 3.0);
        let facts = scene.component(Gca);
        let mut latest =
            crate::assess::testing::revision(facts, 3, 0.0, ReleaseStatus::Deployed, "r/app:100.0.116.2900", 9);
        latest.written = at(0.5);
        facts.release.revisions.push(Arc::new(latest));
        assert_eq!(scene.verdict(Gca, 1.0), (VerdictKind::Wait, vec!["soaking"]));
        scene.read(2.5, 3.0);
        assert_eq!(scene.verdict(Gca, 2.5), (VerdictKind::Proceed, vec![]));
    }

    #[test]
    fn pods_of_no_workload_prove_nothing_of_an_operation_that_they_are_older_than() {
        for (created, verdicts) in
            [(1.0, [VerdictKind::Proceed; 2]), (-5.0, [VerdictKind::Wait, VerdictKind::Investigate])]
        {
            let mut scene = Scene::upgraded(Gsp);
            let pod = Arc::new(ready_pod("custom", "1", created, created + 0.5, NEW));
            let pods = vec![PodFacts { pod, generation: Generation::New }];
            let workload = Arc::new(Workload { images: Vec::new(), ..workload(WorkloadKind::Pods, "gsp") });
            scene.component(Gsp).workloads.push(WorkloadFacts { workload, pods });
            for (minutes, verdict) in [30.0, 300.0].into_iter().zip(verdicts) {
                scene.play(minutes - 12.0, minutes, |_| 3.0);
                assert_eq!(scene.verdict(Gsp, minutes).0, verdict, "{created} {minutes}");
            }
        }
    }

    #[test]
    fn a_finished_job_is_no_running_pod() {
        let mut scene = Scene::upgraded(Gca);
        let job = Arc::new(Workload { images: vec![NEW.into()], ..workload(WorkloadKind::Job, "gca-setup") });
        scene.component(Gca).workloads.push(WorkloadFacts { workload: job, pods: Vec::new() });
        scene.workload(Gca).desired = 0;
        scene.component(Gca).workloads[0].pods.clear();
        assert_eq!(scene.verdict(Gca, 30.0), (VerdictKind::None, vec!["scaled_to_zero"]));
    }

    #[test]
    fn a_release_that_failed_for_an_unknown_cause_is_no_proof() {
        type Change = fn(&mut Scene);
        let cases: [(&str, Change); 3] = [
            ("description replaced", |scene| scene.body(Gca).description = "ticket 7".into()),
            ("body of an earlier write", |scene| scene.newest(Gca).resource_version = "8".into()),
            ("body of an earlier write that blamed time", |scene| {
                scene.body(Gca).description = "Upgrade \"gca\" failed: context deadline exceeded".into();
                scene.newest(Gca).resource_version = "8".into();
            }),
        ];
        for (name, change) in cases {
            let mut scene = Scene::upgraded(Gca);
            scene.newest(Gca).status = ReleaseStatus::Failed;
            change(&mut scene);
            let (verdict, reasons) = scene.verdict(Gca, 30.0);
            assert_eq!((verdict, reasons), (VerdictKind::Wait, vec!["release_deployed"]), "{name}");
        }
        let mut scene = Scene::upgraded(Gca);
        scene.newest(Gca).status = ReleaseStatus::Failed;
        scene.body(Gca).description = "Upgrade \"gca\" failed: context deadline exceeded".into();
        scene.play(29.0, 30.0, |_| 3.0);
        assert_eq!(scene.verdict(Gca, 30.0), (VerdictKind::Proceed, vec![]), "it waited too long, and its pods healed");
    }

    #[test]
    fn a_manifest_without_workloads_proves_nothing() {
        let mut scene = Scene::upgraded(Gca);
        scene.body(Gca).workloads.clear();
        assert_eq!(scene.verdict(Gca, 30.0), (VerdictKind::Wait, vec!["image_matches_chart"]));
    }

    #[test]
    fn several_replicas_share_the_topics() {
        let mut scene = two_replicas();
        for quarter in 8..=56_u32 {
            let minutes = f64::from(quarter) / 4.0;
            // They are read in turns; the second has no topic at all, as a standby.
            let (uid, topics): (_, &[(&str, f64)]) =
                if quarter % 2 == 0 { ("gim-0-3", &[("voice", 3.0)]) } else { ("gim-1-3", &[]) };
            scene.component(Gim).signals.readings.retain(|reading| reading.pod_uid.as_deref() != Some(uid));
            scene.component(Gim).signals.readings.push(Arc::new(reading(uid, minutes, topics)));
            scene.read_of(Gsp, |uid| flink(uid, minutes));
            let verdict = scene.verdict(Gim, minutes);
            if minutes < 12.0 {
                assert_eq!(verdict.0, VerdictKind::Wait, "{minutes}: {verdict:?}");
            }
        }
        assert_eq!(scene.verdict(Gim, 14.0), (VerdictKind::Proceed, vec![]));
    }

    #[test]
    fn what_was_never_heard_proves_nothing_at_rest_either() {
        let mut scene = Scene::at_rest();
        scene.memory = crate::model::memory::Memory::new(at(0.0));
        scene.component(Gsp).signals.readings.clear();
        assert_eq!(scene.verdict(Gsp, 0.1), (VerdictKind::Wait, vec!["window_filling"]));
        scene.read(0.25, 3.0);
        assert_eq!(scene.verdict(Gsp, 0.3), (VerdictKind::None, vec![]));
    }

    #[test]
    fn a_window_that_begins_late_is_waited_for() {
        // An exporter that starts hours after the upgrade, whose first sample comes half a minute later.
        let mut scene = Scene::upgraded(Gim);
        scene.component(Gim).signals.readings.clear();
        scene.memory = crate::model::memory::Memory::new(at(300.0));
        scene.judge(300.0);
        scene.play(300.5, 310.25, |_| 3.0);
        assert_eq!(scene.verdict(Gim, 310.3), (VerdictKind::Wait, vec!["window_filling"]));
        scene.play(310.5, 310.5, |_| 3.0);
        assert_eq!(scene.verdict(Gim, 310.5), (VerdictKind::Proceed, vec![]));
    }

    #[test]
    fn a_replica_that_is_never_heard_is_no_proof() {
        let mut scene = two_replicas();
        for quarter in 8..=52_u32 {
            let minutes = f64::from(quarter) / 4.0;
            scene.component(Gim).signals.readings = vec![Arc::new(reading("gim-0-3", minutes, &[("voice", 3.0)]))];
            assert_ne!(scene.verdict(Gim, minutes).0, VerdictKind::Proceed, "{minutes}");
        }
        assert_eq!(scene.judge_one(Gim, 13.0).check(CheckId::MetricsPresent).unwrap().state, CheckState::Fail);
    }

    #[test]
    fn samples_from_before_a_restart_do_not_count() {
        let mut scene = Scene::upgraded(Gim);
        scene.play(2.0, 11.0, |_| 3.0);
        scene.pod(Gim).ready = false;
        scene.pod(Gim).containers[0].restarts = 1;
        scene.judge(11.1);
        scene.pod(Gim).ready = true;
        scene.pod(Gim).ready_changed = Some(at(11.5));
        scene.play(11.5, 21.25, |_| 3.0);
        assert_eq!(scene.verdict(Gim, 21.25), (VerdictKind::Wait, vec!["window_filling"]));
        scene.play(21.5, 21.5, |_| 3.0);
        assert_eq!(scene.verdict(Gim, 21.5), (VerdictKind::Proceed, vec![]));
    }

    #[test]
    fn what_consumes_nothing_is_no_proof_however_generous_the_limit_is() {
        let stalled = |minutes: f64| 3.0 + (minutes - 2.0) * 60.0;
        let mut scene = Scene::upgraded(Gim);
        scene.policy.latency_ok = Duration::from_mins(20);
        scene.play(2.0, 12.5, stalled);
        assert_eq!(scene.verdict(Gim, 12.5), (VerdictKind::Wait, vec!["backlog_not_growing"]));
        // A batch that takes longer than the window looks the same between its commits, but something was consumed once.
        let mut scene = Scene::upgraded(Gim);
        scene.policy.latency_ok = Duration::from_mins(20);
        scene.play(2.0, 15.5, |minutes| if minutes < 3.0 { stalled(minutes) } else { stalled(minutes - 1.0) });
        assert_eq!(scene.verdict(Gim, 15.5), (VerdictKind::Proceed, vec![]));
    }

    #[test]
    fn the_longest_window_fills() {
        let mut scene = Scene::upgraded(Gim);
        scene.policy.trend_window = scene.policy.signal_interval * u32::try_from(MAX_INTERVALS).unwrap();
        scene.play(2.0, 152.0, |_| 3.0);
        assert_eq!(scene.verdict(Gim, 152.0), (VerdictKind::Proceed, vec![]));
    }
}
