//! Faulty operations: nobody is told to go on while a fault lasts, and each fault comes to its verdict and stays there.
//!
//! Which verdict is right for which fault stands in one table, [`TABLE`], after the verdict table of the design.

use gim_upgrade_exporter::assess::assessment::VerdictKind;
use gim_upgrade_exporter::model::names::Component::{self, Gca, Gim, Gsp};

use super::cases;
use super::chance::Chance;
use super::held::Watcher;
use super::played::{Moment, play};
use super::script::{Script, tag, versions, workloads};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// The pods of the new build do not start, or not for good.
    Broken,
    /// The new build is killed for its memory, and Ready for a moment each time. Once is worth a look, no reason to go back.
    KilledForMemory,
    /// The hook before the upgrade fails.
    HookFails,
    /// Helm is killed in the middle.
    HelmKilled,
    /// It consumes, but slower than events come.
    BacklogGrows,
    /// It consumes nothing, or there is nothing to consume.
    NothingConsumed,
    /// Its metrics were there before the upgrade, and are not after it.
    MetricsGone,
    /// Rolled back over a pod that is not Ready, which stays.
    StalePod,
    /// The same, and then somebody deletes that pod.
    StalePodDeleted,
    /// Helm rolls back by itself, and that works.
    UndoneByHelm,
    /// Helm rolls back by itself, over a pod that is not Ready.
    UndoneByHelmStale,
    /// The first installation does not start.
    FirstInstall,
    /// After a rollback the former build does not start either.
    RollbackFails,
    /// Broken, and upgraded once more to a build that is broken in another way.
    BrokenAgain,
    /// The same where the pod that is not Ready stands in the way.
    BrokenAgainStale,
    /// Broken, and then it heals.
    Heals,
    /// The pods are Ready, and Flink's job does not run.
    FlinkJobDown,
    /// The pods are Ready, and no task manager finds the job manager.
    TaskManagersMissing,
    /// The job has fewer task managers than it should, and runs.
    TaskManagersFew,
    /// The job runs, and cannot save its state.
    CheckpointsFail,
    /// GIM itself says that it is not well.
    ServerIll,
    /// GIM's jobs fail one after the other.
    JobsFail,
    /// All is normal, and the migration does not run.
    SchemaBehind,
    /// The same, and a restart of the pod does not help.
    SchemaStaysBehind,
    /// The same, and a restart of the pod helps.
    SchemaMigratedLate,
    /// Broken, while what it depends on is down.
    BrokenWhileDown,
    /// Broken, while what it depends on is down, and then that comes back.
    BrokenBeyondDown,
    /// What it depends on goes down while it is being upgraded, and comes back.
    DownForAWhile,
    /// No operation is near, and pods break.
    BrokenAtRest,
    /// No operation is near, and the metrics go.
    MetricsGoneAtRest,
}

/// A fault, whom it strikes, and what must be said of it.
struct Row {
    fault: Fault,
    of: &'static [Component],
    /// What may be said on the way, besides `wait`.
    on_the_way: &'static [VerdictKind],
    /// What must be said in the end.
    reached: VerdictKind,
}

const fn row(fault: Fault, of: &'static [Component], on_the_way: &'static [VerdictKind], reached: VerdictKind) -> Row {
    Row { fault, of, on_the_way, reached }
}

use VerdictKind::{ContactSupport, FixDependency, Investigate, Proceed, RestartPod, RollBack, Unknown};

const TABLE: &[Row] = &[
    row(Fault::Broken, Component::ALL, &[], RollBack),
    row(Fault::KilledForMemory, Component::ALL, &[Investigate], RollBack),
    row(Fault::HookFails, &[Gsp], &[], RollBack),
    row(Fault::HelmKilled, Component::ALL, &[], RollBack),
    row(Fault::BacklogGrows, &[Gim], &[], RollBack),
    row(Fault::NothingConsumed, &[Gim], &[], Investigate),
    row(Fault::MetricsGone, &[Gim], &[Unknown], RollBack),
    row(Fault::StalePod, &[Gim], &[RollBack], RestartPod),
    row(Fault::StalePodDeleted, &[Gim], &[RollBack, RestartPod], VerdictKind::None),
    row(Fault::UndoneByHelm, &[Gsp, Gca], &[RollBack], VerdictKind::None),
    row(Fault::UndoneByHelmStale, &[Gim], &[RollBack], RestartPod),
    row(Fault::FirstInstall, Component::ALL, &[], Investigate),
    row(Fault::RollbackFails, &[Gim], &[RollBack, RestartPod], ContactSupport),
    row(Fault::BrokenAgain, &[Gsp, Gca], &[RollBack], RollBack),
    row(Fault::BrokenAgainStale, &[Gim], &[RollBack], RestartPod),
    row(Fault::Heals, Component::ALL, &[RollBack], Proceed),
    row(Fault::FlinkJobDown, &[Gsp], &[], RollBack),
    row(Fault::TaskManagersMissing, &[Gsp], &[], RollBack),
    row(Fault::TaskManagersFew, &[Gsp], &[], Investigate),
    row(Fault::CheckpointsFail, &[Gsp], &[], RollBack),
    row(Fault::ServerIll, &[Gim], &[], RollBack),
    row(Fault::JobsFail, &[Gim], &[], RollBack),
    row(Fault::SchemaBehind, &[Gim], &[], RestartPod),
    row(Fault::SchemaStaysBehind, &[Gim], &[RestartPod], ContactSupport),
    row(Fault::SchemaMigratedLate, &[Gim], &[RestartPod], Proceed),
    row(Fault::BrokenWhileDown, Component::ALL, &[VerdictKind::None], FixDependency),
    row(Fault::BrokenBeyondDown, Component::ALL, &[VerdictKind::None, FixDependency], RollBack),
    row(Fault::DownForAWhile, Component::ALL, &[FixDependency, Proceed], Proceed),
    row(Fault::BrokenAtRest, Component::ALL, &[VerdictKind::None], Investigate),
    row(Fault::MetricsGoneAtRest, &[Gim], &[VerdictKind::None, Unknown], Investigate),
];

/// Faults that are told by signals: a newer operation elsewhere may explain them, so they come alone.
const TOLD_BY_SIGNALS: [Fault; 12] = [
    Fault::BacklogGrows,
    Fault::NothingConsumed,
    Fault::MetricsGone,
    Fault::MetricsGoneAtRest,
    Fault::FlinkJobDown,
    Fault::TaskManagersMissing,
    Fault::TaskManagersFew,
    Fault::CheckpointsFail,
    Fault::ServerIll,
    Fault::JobsFail,
    Fault::SchemaBehind,
    Fault::SchemaStaysBehind,
];

/// Faults of what all components depend on: they come alone, and others suffer from them too.
const OF_DEPENDENCIES: [Fault; 3] = [Fault::BrokenWhileDown, Fault::BrokenBeyondDown, Fault::DownForAWhile];

/// The schema that the new builds of GIM want.
const SCHEMA: &str = "8.5.117.10";
/// How long a dependency is down before what depends on it breaks: where one failure is no proof, two minutes prove it.
const DOWN_BEFORE: i64 = 200;

/// One fault of a case.
pub struct Struck {
    row: &'static Row,
    component: Component,
    /// When it begins, and by when its verdict is reached.
    at: i64,
    by: i64,
}

/// How pods break.
#[derive(Clone, Copy, Debug)]
struct Breakage {
    fate: &'static str,
    crash_after: i64,
    /// Before which it may not be held against an operation, from when pods are made.
    takes: i64,
}

fn breakage(chance: &mut Chance, component: Component) -> Breakage {
    let crash_after = chance.between(2, 80);
    let ready_timeout = match component {
        Gim => 3600,
        Gsp => 900,
        Gca => 600,
    };
    let (fate, takes) = match chance.between(1, 5) {
        1 => ("unschedulable", 600),
        2 => ("image_missing", 140),
        3 => ("crash_loop", 4 * crash_after + 60),
        4 => ("oom", 4 * crash_after + 60),
        _ => ("never_ready", ready_timeout),
    };
    Breakage { fate, crash_after, takes }
}

/// One whose pod is never Ready, not for a moment.
fn standing(chance: &mut Chance, component: Component) -> Breakage {
    loop {
        let found = breakage(chance, component);
        if !matches!(found.fate, "crash_loop" | "oom") {
            return found;
        }
    }
}

impl Breakage {
    fn fields(&self, chance: &mut Chance) -> String {
        let ready = match self.fate {
            // Ready for a moment before each crash, or never.
            "crash_loop" if chance.once_in(2) => self.crash_after / 2,
            "crash_loop" | "oom" => 200,
            _ => chance.between(5, 60),
        };
        format!("pods: {}, crash_after: {}s, ready_after: {ready}s", self.fate, self.crash_after)
    }
}

/// Makes the steps of one fault.
struct Maker<'a> {
    chance: &'a mut Chance,
    script: &'a mut Script,
    component: Component,
    /// How long GSP's hooks take.
    hooks: i64,
}

impl Maker<'_> {
    fn tag(&self, version: usize) -> String {
        tag(versions(self.component)[version])
    }

    fn behave(&mut self, version: usize, fields: &str) {
        let (component, tag, hooks) = (self.component, self.tag(version), self.hooks);
        self.script.behave(&format!("of: {component}, tag: {tag}, hooks: {{ takes: {hooks}s }}, {fields}"));
    }

    fn break_build(&mut self, version: usize, breakage: Breakage) {
        let fields = breakage.fields(self.chance);
        let places = workloads(self.component);
        // One workload alone may break, or all.
        let one =
            if self.chance.once_in(2) { format!(", workload: {}", self.chance.pick(places)) } else { String::new() };
        if !one.is_empty() {
            self.behave(version, "ready_after: 30s");
        }
        self.behave(version, &(fields + &one));
    }

    fn upgrade(&mut self, at: i64, version: usize, more: &str) {
        let (component, text) = (self.component, versions(self.component)[version]);
        self.script.act(at, &format!("upgrade: {{ release: {component}, version: {text}{more} }}"));
    }

    fn any_patience(&mut self) -> String {
        let (wait, timeout) = (self.chance.once_in(2), self.chance.pick(&[300, 900, 5000]));
        format!(", wait: {wait}, timeout: {timeout}s")
    }

    /// Something that the component needs does not answer any more.
    fn dependency_goes(&mut self, at: i64) {
        let needed: &[&str] = match self.component {
            Gim => &["kafka", "database"],
            Gsp | Gca => &["kafka", "object_storage"],
        };
        let (name, state) = (self.chance.pick(needed), self.chance.pick(&["refused", "silent", "protocol_error"]));
        self.script.configure("surroundings: [kafka, database, object_storage]");
        self.script.act(at, &format!("dependency: {{ name: {name}, state: {state} }}"));
    }

    /// All dependencies answer again.
    fn dependencies_come(&mut self, at: i64) {
        for name in ["kafka", "database", "object_storage"] {
            self.script.act(at, &format!("dependency: {{ name: {name}, state: up }}"));
        }
    }

    /// From the step to the first pods of the new build.
    fn made(&self) -> i64 {
        let hooks = if self.component == Gsp { self.hooks + 3 } else { 0 };
        hooks + 60
    }

    /// Strikes; gives by when the verdict is reached.
    #[expect(clippy::too_many_lines, reason = "one arm a fault: the other half of the table")]
    fn strike(&mut self, fault: Fault, at: i64) -> i64 {
        let component = self.component;
        match fault {
            Fault::Broken => {
                let breakage = breakage(self.chance, component);
                self.break_build(1, breakage);
                let patience = self.any_patience();
                self.upgrade(at, 1, &patience);
                // GSP's pods are replaced one after the other.
                at + self.made() + 2 * 60 + breakage.takes
            }
            Fault::KilledForMemory => {
                let crash_after = self.chance.between(4, 80);
                let ready = crash_after / 2;
                self.behave(1, &format!("pods: oom, crash_after: {crash_after}s, ready_after: {ready}s"));
                self.upgrade(at, 1, ", timeout: 900s");
                at + self.made() + 2 * 60 + 4 * crash_after + 60
            }
            Fault::HookFails => {
                let takes = self.chance.between(1, 280);
                self.script
                    .behave(&format!("of: gsp, tag: {}, hooks: {{ takes: {takes}s, fails: true }}", self.tag(1)));
                self.upgrade(at, 1, ", timeout: 900s");
                at + takes + 10
            }
            Fault::HelmKilled => {
                let ready = self.chance.between(100, 280);
                self.behave(1, &format!("ready_after: {ready}s"));
                let killed =
                    if component == Gsp { self.chance.between(0, self.hooks) } else { self.chance.between(2, 90) };
                self.upgrade(at, 1, &format!(", wait: true, timeout: 900s, kill_after: {killed}s"));
                at + 30
                    + self.hooks
                    + match component {
                        Gim => 3600,
                        Gsp => 1800,
                        Gca => 600,
                    }
            }
            Fault::BacklogGrows | Fault::NothingConsumed | Fault::MetricsGone => {
                let ready = self.chance.between(10, 280);
                let (fields, takes) = match fault {
                    Fault::BacklogGrows => (format!("consumes: 0.{}", self.chance.between(2, 8)), 1800 + 30),
                    Fault::NothingConsumed => ("consumes: 0".to_owned(), 7200 + 600 + 30),
                    _ => (format!("metrics: {}", self.chance.pick(&["absent", "error", "refused"])), 600 + 30),
                };
                self.behave(1, &format!("ready_after: {ready}s, {fields}"));
                let patience = self.any_patience();
                self.upgrade(at, 1, &patience);
                at + self.made() + ready + takes
            }
            Fault::StalePod | Fault::StalePodDeleted | Fault::RollbackFails | Fault::BrokenAgainStale => {
                let breakage = standing(self.chance, component);
                self.break_build(1, breakage);
                self.upgrade(at, 1, ", timeout: 900s");
                let again = at + self.made() + self.chance.between(0, 900);
                let second = standing(self.chance, component);
                if fault == Fault::BrokenAgainStale {
                    self.break_build(2, second);
                    self.upgrade(again, 2, ", timeout: 900s");
                    return again + 90;
                }
                if fault == Fault::RollbackFails {
                    let fields = second.fields(self.chance);
                    self.script.act(again - 1, &format!("set_behaviour: {{ of: {component}, {fields} }}"));
                } else {
                    self.behave(0, "ready_after: 120s");
                }
                let wait = self.chance.once_in(2);
                self.script.act(again, &format!("rollback: {{ release: {component}, wait: {wait}, timeout: 900s }}"));
                if fault == Fault::StalePod {
                    return again + 90;
                }
                let deleted = again + self.chance.between(20, 600);
                self.script.act(deleted, &format!("delete_pod: {{ release: {component}, workload: gim }}"));
                if fault == Fault::RollbackFails {
                    return deleted + 120 + second.takes;
                }
                let backlog = deleted + 200 - at;
                deleted + 200 + backlog / 4 + 600 + 60
            }
            Fault::UndoneByHelm | Fault::UndoneByHelmStale => {
                let breakage = standing(self.chance, component);
                self.break_build(1, breakage);
                let timeout = self.chance.between(60, 400);
                self.upgrade(at, 1, &format!(", atomic: true, timeout: {timeout}s"));
                at + 2 * self.made() + timeout + 300
            }
            Fault::FirstInstall => {
                let breakage = breakage(self.chance, component);
                self.break_build(0, breakage);
                let patience = self.any_patience();
                self.upgrade(at, 0, &patience);
                at + self.made() + breakage.takes
            }
            Fault::BrokenAgain => {
                let (first, second) = (breakage(self.chance, component), breakage(self.chance, component));
                self.break_build(1, first);
                self.upgrade(at, 1, ", timeout: 900s");
                self.break_build(2, second);
                let again = at + 2 * self.made() + self.chance.between(0, 900);
                self.upgrade(again, 2, ", timeout: 900s");
                again + self.made() + 2 * 60 + second.takes
            }
            Fault::Heals => {
                let breakage = standing(self.chance, component);
                self.break_build(1, breakage);
                self.upgrade(at, 1, ", timeout: 900s");
                let healed = at + self.made() + self.chance.between(0, 1200);
                self.script.act(healed, &format!("set_behaviour: {{ of: {component}, ready_after: 20s }}"));
                // A registry is asked again after five minutes at the latest.
                let backlog = healed + 400 - at;
                healed + 400 + if component == Gim { backlog / 4 + 600 } else { 300 }
            }
            Fault::FlinkJobDown | Fault::TaskManagersMissing | Fault::TaskManagersFew | Fault::CheckpointsFail => {
                let ready = self.chance.between(5, 60);
                let (fields, takes) = match fault {
                    Fault::FlinkJobDown => ("job_running: false", 600),
                    Fault::TaskManagersMissing => ("registered: 0", 600),
                    Fault::TaskManagersFew => ("registered: 1", 7200),
                    _ if self.chance.once_in(2) => ("checkpoints: fail", 2 * 60 + 600),
                    _ => ("checkpoints: hang", 900 + 600),
                };
                self.behave(1, &format!("ready_after: {ready}s, {fields}"));
                let patience = self.any_patience();
                self.upgrade(at, 1, &format!("{patience}, replicas: 2"));
                at + self.made() + 2 * (ready + 60) + takes + 60
            }
            Fault::ServerIll | Fault::JobsFail => {
                let ready = self.chance.between(10, 280);
                let fields = match fault {
                    Fault::ServerIll => format!("server_state: -{}", self.chance.between(3, 9)),
                    _ => format!("failing_jobs: 0.{}", self.chance.between(3, 9)),
                };
                self.behave(1, &format!("ready_after: {ready}s, {fields}"));
                let patience = self.any_patience();
                self.upgrade(at, 1, &patience);
                // Of jobs one in some minutes fails: what counts is that it goes on.
                at + self.made() + ready + 60 + if fault == Fault::JobsFail { 200 } else { 0 } + 600
            }
            Fault::SchemaBehind | Fault::SchemaStaysBehind | Fault::SchemaMigratedLate => {
                let ready = self.chance.between(10, 280);
                let migrates = if fault == Fault::SchemaMigratedLate { "after_restart" } else { "never" };
                let by_objects = self.chance.once_in(2);
                let objects = if by_objects { ", objects: [new_table]" } else { "" };
                self.script.configure(&format!("schema: {{ version: {SCHEMA}{objects} }}"));
                if by_objects {
                    self.script.configure("surroundings: [info_mart]");
                }
                self.behave(1, &format!("ready_after: {ready}s, schema: {SCHEMA}, migrates: {migrates}"));
                let patience = self.any_patience();
                self.upgrade(at, 1, &patience);
                let told = at + self.made() + ready + 3600 + 60;
                if fault == Fault::SchemaBehind {
                    return told;
                }
                let restarted = told + self.chance.between(0, 900);
                self.script.act(restarted, "delete_pod: { release: gim, workload: gim }");
                let again = restarted + 120 + ready;
                again + if fault == Fault::SchemaMigratedLate { (120 + ready) / 4 + 600 } else { 3600 }
            }
            Fault::BrokenWhileDown | Fault::BrokenBeyondDown => {
                self.dependency_goes(at);
                let (at, breakage) = (at + DOWN_BEFORE, breakage(self.chance, component));
                self.break_build(1, breakage);
                self.upgrade(at, 1, ", timeout: 900s");
                let broken = at + self.made() + 2 * 60 + breakage.takes;
                if fault == Fault::BrokenWhileDown {
                    return broken;
                }
                let back = at + self.chance.between(0, broken + 900 - at);
                self.dependencies_come(back);
                // What may come of the outage has the hold to end, from when signals of that time were surely read.
                broken.max(back + 30 + 60 + 600)
            }
            Fault::DownForAWhile => {
                let down = at + self.chance.between(0, 900);
                self.dependency_goes(down);
                let ready = self.chance.between(5, 60);
                self.behave(1, &format!("ready_after: {ready}s"));
                self.upgrade(at, 1, ", timeout: 900s");
                let lasts = self.chance.between(30, 3000);
                self.dependencies_come(down + lasts);
                let backlog = down + lasts + 200 - at;
                down + lasts + 200 + 2 * ready + if component == Gim { backlog / 4 + 600 } else { 0 } + 600
            }
            Fault::BrokenAtRest => {
                let breakage = breakage(self.chance, component);
                let workload = self.chance.pick(workloads(component));
                let fields = breakage.fields(self.chance);
                self.script.act(at, &format!("set_behaviour: {{ of: {component}, workload: {workload}, {fields} }}"));
                self.script.act(at, &format!("delete_pod: {{ release: {component}, workload: {workload} }}"));
                let crashes = matches!(breakage.fate, "crash_loop" | "oom");
                at + 60 + if crashes { breakage.takes } else { ready_timeout(component) }
            }
            Fault::MetricsGoneAtRest => {
                let how = self.chance.pick(&["absent", "error", "refused"]);
                self.script.act(at, &format!("set_behaviour: {{ of: gim, metrics: {how} }}"));
                at + 600 + 30
            }
        }
    }
}

const fn ready_timeout(component: Component) -> i64 {
    match component {
        Gim => 3600,
        Gsp => 900,
        Gca => 600,
    }
}

/// A case with one fault, or with two that have nothing to do with each other.
pub fn script(chance: &mut Chance) -> (Script, Vec<Struck>) {
    let any = |chance: &mut Chance| {
        let row = &TABLE[usize::try_from(chance.between(0, i64::try_from(TABLE.len()).unwrap() - 1)).unwrap()];
        (row, chance.pick(row.of))
    };
    let mut chosen = vec![any(chance)];
    let alone = |row: &Row| {
        TOLD_BY_SIGNALS.contains(&row.fault) || OF_DEPENDENCIES.contains(&row.fault) || row.reached == Proceed
    };
    if chance.once_in(3) && !alone(chosen[0].0) {
        let second = any(chance);
        if !alone(second.0) && second.1 != chosen[0].1 {
            chosen.push(second);
        }
    }
    let is_new = |(row, component): &(&Row, Component)| (row.fault == Fault::FirstInstall).then_some(*component);
    let without: Vec<Component> = chosen.iter().filter_map(is_new).collect();
    let mut script = Script::new(chance, &without);
    let mut struck = Vec::new();
    for (row, component) in chosen {
        let at = chance.between(60, 300);
        let hooks = chance.between(1, 60);
        let by = Maker { chance, script: &mut script, component, hooks }.strike(row.fault, at);
        struck.push(Struck { row, component, at, by });
    }
    let last = struck.iter().map(|struck| struck.by).max().unwrap();
    script.ends = last + chance.pick(&[1, 300, 900]);
    (script, struck)
}

/// What is wrong at a moment; `reached` are the faults whose verdict was said.
fn judge(moment: &Moment<'_>, struck: &[Struck], reached: &mut [bool]) -> Result<(), String> {
    for &component in Component::ALL {
        let said = moment.of(component).verdict.kind;
        let Some(place) = struck.iter().position(|struck| struck.component == component) else {
            let suffers = OF_DEPENDENCIES.contains(&struck[0].row.fault) && said == FixDependency;
            if !matches!(said, VerdictKind::None | VerdictKind::Wait) && !suffers {
                return Err(format!("{said} for {component}, where nothing is wrong"));
            }
            continue;
        };
        let Struck { row, at, by, .. } = &struck[place];
        if moment.seconds() < *at {
            continue;
        }
        let is_due = moment.seconds() >= *by;
        // Where it may not be said on the way, it stays once it is said.
        let stays = reached[place] && !row.on_the_way.contains(&row.reached);
        if said == row.reached {
            reached[place] = true;
        } else if is_due || stays {
            return Err(format!("{:?}: {component} is said to {said} instead of {}", row.fault, row.reached));
        } else if said != VerdictKind::Wait && !row.on_the_way.contains(&said) && moment.seconds() > *at {
            return Err(format!("{:?}: {component} is said to {said} on the way to {}", row.fault, row.reached));
        }
    }
    Ok(())
}

#[test]
fn a_faulty_operation_never_goes_on_and_comes_to_its_verdict() {
    cases::try_all(cases::USUAL, |chance| {
        let (script, struck) = script(chance);
        let mut reached = vec![false; struck.len()];
        play(&script, |held| vec![Watcher::start(held)], |moment| judge(moment, &struck, &mut reached))?;
        if reached.contains(&false) {
            return Err(format!("its verdict is never said\n{}", script.text()));
        }
        Ok(())
    });
}
