//! Healthy operations: whatever is done, and however long it takes within its limits, nobody is told to do anything but to
//! wait or to go on, and nobody is told to go on before it is true.

use std::collections::BTreeMap;

use gim_upgrade_exporter::assess::assessment::{NamedReason, Reason, VerdictKind};
use gim_upgrade_exporter::assess::checks::failing_rows;
use gim_upgrade_exporter::model::names::Component;

use super::cases;
use super::chance::Chance;
use super::held::Watcher;
use super::played::{Moment, own, play};
use super::script::{Script, tag, versions, workloads};

/// From the start of a rollout to a pod's container, but for the end of the pod before it.
const STARTING: i64 = 20;
/// Beyond what is computed, before a case ends: readings, controllers, Helm.
const SPARE: i64 = 90;

/// How one component's builds behave.
#[derive(Clone, Debug)]
struct Habits {
    /// From the container's start to Ready, by version.
    ready: [i64; 4],
    /// Tenths of a second of events consumed in a second, by version.
    consumes: [i64; 4],
    terminates: i64,
    hooks: i64,
}

/// A component as the case has left it.
#[derive(Clone, Debug)]
struct Place {
    habits: Habits,
    version: usize,
    /// Versions of its revisions, oldest first; `None` where there is none.
    revisions: Vec<usize>,
    replicas: i64,
}

struct Healthy {
    script: Script,
    places: BTreeMap<Component, Place>,
    drained: bool,
    /// Whether monitoring stands beside GIM and GCA.
    accompanied: bool,
    /// How long after its container's start a build of GIM goes on migrating.
    migrates: i64,
    /// GIM: seconds of events, at most, that were not consumed yet when the next thing is done.
    owed: i64,
    at: i64,
}

/// The schema of all builds of GIM but the first.
const SCHEMA: &str = "8.5.117.10";

fn habits(chance: &mut Chance, component: Component) -> Habits {
    let quick = |chance: &mut Chance| match component {
        Component::Gim => chance.between(10, 300),
        Component::Gsp => chance.between(5, 120),
        Component::Gca => chance.between(2, 90),
    };
    let mut ready = [(); 4].map(|()| quick(chance));
    let mut consumes = [(); 4].map(|()| chance.between(20, 100));
    // A migration, below its limit of an hour.
    if component == Component::Gim && chance.once_in(5) {
        (ready[1], consumes[1]) = (chance.between(600, 3400), chance.between(30, 100));
    }
    if component == Component::Gca && chance.once_in(5) {
        ready[1] = chance.between(90, 500);
    }
    let hooks = if chance.once_in(5) { chance.between(60, 300) } else { chance.between(1, 60) };
    Habits { ready, consumes, terminates: chance.between(1, 30), hooks }
}

impl Healthy {
    fn new(chance: &mut Chance) -> Self {
        let first: &[Component] = match chance.between(1, 12) {
            1 => &[Component::Gca],
            2 => &[Component::Gim],
            3 => Component::ALL,
            _ => &[],
        };
        let mut script = Script::new(chance, first);
        let (accompanied, migrates) = surround(chance, &mut script, first.is_empty());
        let mut places = BTreeMap::new();
        for &component in Component::ALL {
            let habits = habits(chance, component);
            for (place, version) in versions(component).into_iter().enumerate() {
                let whole = habits.consumes[place] / 10;
                let tenth = habits.consumes[place] % 10;
                let schema = match (component, place, migrates) {
                    (Component::Gim, 1.., 0) => format!(", schema: {SCHEMA}"),
                    (Component::Gim, 1.., _) => format!(", schema: {SCHEMA}, migrates: {{ after: {migrates}s }}"),
                    _ => String::new(),
                };
                script.behave(&format!(
                    "of: {component}, tag: {}, ready_after: {}s, consumes: {whole}.{tenth}, terminates_in: {}s, hooks: {{ takes: {}s }}{schema}",
                    tag(version), habits.ready[place], habits.terminates, habits.hooks
                ));
            }
            let revisions = if first.contains(&component) { Vec::new() } else { vec![0] };
            let replicas = if component == Component::Gsp { 2 } else { 1 };
            places.insert(component, Place { habits, version: 0, revisions, replicas });
        }
        // The history of GIM may have a revision more.
        if script.text().contains("100.0.114+2100") {
            places.get_mut(&Component::Gim).unwrap().revisions.insert(0, 9);
        }
        Self { script, places, drained: false, accompanied, migrates, owed: 0, at: chance.between(30, 120) }
    }

    /// How long it takes until all pods of a component that is rolled out anew at `version` are Ready.
    fn rolled_after(&self, component: Component, hooked: bool) -> i64 {
        let place = &self.places[&component];
        let habits = &place.habits;
        let hooks = if hooked && component == Component::Gsp { 2 * (habits.hooks + 2) } else { 0 };
        hooks + place.replicas * (habits.terminates + STARTING + habits.ready[place.version])
    }

    /// How long it takes until a component that is rolled out anew at `version` is verified.
    fn verified_after(&self, component: Component, hooked: bool) -> i64 {
        let place = &self.places[&component];
        let habits = &place.habits;
        let rolled = self.rolled_after(component, hooked);
        match component {
            Component::Gim => {
                // The backlog of the time without a consumer, and of what there was at the start, drains.
                let backlog = rolled + 300 + self.owed;
                let drains = backlog * 10 / (habits.consumes[place.version] - 10);
                rolled + drains.max(self.migrates) + 600 + SPARE
            }
            _ => rolled + 120 + SPARE,
        }
    }

    fn upgrade(&mut self, chance: &mut Chance, component: Component, version: usize, more: &str) {
        let wait = chance.once_in(2);
        let place = self.places.get_mut(&component).unwrap();
        // Helm's patience is never shorter than a rollout but with GIM, whose migration may outlast it.
        let timeout = if component == Component::Gim { chance.pick(&[300, 900, 3600]) } else { 1200 };
        let is_atomic = component != Component::Gim && chance.once_in(6);
        place.version = version;
        place.revisions.push(version);
        let text = versions(component)[version];
        if self.accompanied && component != Component::Gsp && chance.once_in(2) {
            let later = self.at + chance.between(0, 300);
            self.script.act(later, &format!("upgrade: {{ release: {component}-monitoring, version: {text} }}"));
        }
        let described = if chance.once_in(8) { ", description: ticket 4711" } else { "" };
        self.script.act(
            self.at,
            &format!(
                "upgrade: {{ release: {component}, version: {text}, replicas: {}, wait: {wait}, atomic: {is_atomic}, timeout: {timeout}s{described}{more} }}",
                place.replicas
            ),
        );
    }

    /// Something healthy is done; gives how long it takes until all is verified again.
    fn act(&mut self, chance: &mut Chance, component: Component) -> i64 {
        let place = self.places[&component].clone();
        if place.revisions.is_empty() {
            self.upgrade(chance, component, 0, "");
            return self.verified_after(component, false);
        }
        let next = (place.version + 1).min(3);
        match chance.between(1, 14) {
            1..=4 => self.upgrade(chance, component, next, ""),
            5 => self.upgrade(chance, component, place.version, ", set: { logLevel: DEBUG }"),
            6 => {
                // The image alone: the chart stays.
                let image = tag(versions(component)[next]);
                self.upgrade(chance, component, place.version, &format!(", tag: {image}"));
                self.places.get_mut(&component).unwrap().version = next;
            }
            7 => {
                // The very same once more.
                self.upgrade(chance, component, place.version, "");
            }
            8 | 9 => {
                self.upgrade(chance, component, next, "");
                let began = self.at;
                self.at +=
                    if chance.once_in(2) { self.verified_after(component, true) } else { chance.between(5, 120) };
                return self.roll_back(chance, component, &place, began);
            }
            10 => {
                let replicas = if component == Component::Gim { 0 } else { chance.between(1, 3) };
                for workload in workloads(component).iter().filter(|name| !name.ends_with("-jm")) {
                    self.script.act(
                        self.at,
                        &format!("scale: {{ release: {component}, workload: {workload}, replicas: {replicas} }}"),
                    );
                }
                if replicas == 0 {
                    self.at += chance.between(60, 240);
                    self.script.act(self.at, "scale: { release: gim, workload: gim, replicas: 1 }");
                } else {
                    self.places.get_mut(&component).unwrap().replicas = replicas;
                }
                return self.verified_after(component, false);
            }
            11 if !self.drained => {
                self.drained = true;
                return self.disturb(chance, component, "drain");
            }
            11 | 12 => return self.disturb(chance, component, "evict"),
            13 => return self.disturb(chance, component, "delete_pod"),
            _ => return chance.between(60, 1200),
        }
        self.verified_after(component, true)
    }

    fn roll_back(&mut self, chance: &mut Chance, component: Component, former: &Place, began: i64) -> i64 {
        let wait = chance.once_in(2);
        let to = former.revisions.len();
        // An upgrade whose pod is not Ready yet stands in the way of a StatefulSet's rollback: that is no healthy one.
        let place = self.places.get_mut(&component).unwrap();
        if component == Component::Gim {
            let slow = place.habits.ready[place.version] + 60;
            self.at += slow;
        } else {
            // Helm refuses nothing here, but what is at work must have ended.
            self.at += 2 * (place.habits.hooks + 2) + 4 * (place.habits.ready[place.version] + 60);
        }
        place.version = former.version;
        place.revisions.push(former.version);
        self.owed += self.at - began;
        self.script
            .act(self.at, &format!("rollback: {{ release: {component}, to: {to}, wait: {wait}, timeout: 1200s }}"));
        self.verified_after(component, true)
    }

    fn disturb(&mut self, chance: &mut Chance, component: Component, how: &str) -> i64 {
        let workload = chance.pick(workloads(component));
        self.script.act(self.at, &format!("{how}: {{ release: {component}, workload: {workload} }}"));
        self.verified_after(component, false)
    }
}

/// What stands around the suite and is looked at, the schema that is wanted, monitoring, another tenant. Gives whether there is
/// monitoring, and how long migrations take.
fn surround(chance: &mut Chance, script: &mut Script, all_are_there: bool) -> (bool, i64) {
    let mut surroundings = Vec::new();
    if chance.once_in(2) {
        surroundings = vec!["kafka", "database", "object_storage", "backup", "aggregation"];
    }
    let mut migrates = 0;
    if chance.once_in(3) {
        // Below the target nobody asks for its schema.
        script.configure(&format!("targets: {{ gim: {} }}", versions(Component::Gim)[1]));
        let objects = if chance.once_in(2) { ", objects: [new_table, old_table.new_column]" } else { "" };
        if !objects.is_empty() {
            surroundings.push("info_mart");
        }
        script.configure(&format!("schema: {{ version: {SCHEMA}{objects} }}"));
        migrates = if chance.once_in(3) { chance.between(60, 3400) } else { 0 };
    }
    if !surroundings.is_empty() {
        script.configure(&format!("surroundings: [{}]", surroundings.join(", ")));
    }
    let accompanied = all_are_there && chance.once_in(3);
    if accompanied {
        script.accompany();
    }
    if all_are_there && chance.once_in(6) {
        script.share();
        for component in [Component::Gim, Component::Gca] {
            let (ready, next) = (chance.between(10, 90), versions(component)[1]);
            let schema = if component == Component::Gim { format!(", schema: {SCHEMA}") } else { String::new() };
            script.behave(&format!("of: {component}-t200, ready_after: {ready}s"));
            script.behave(&format!("of: {component}-t200, tag: {}, ready_after: {ready}s{schema}", tag(next)));
            if chance.once_in(2) {
                let at = chance.between(60, 900);
                script.act(at, &format!("upgrade: {{ release: {component}-t200, version: {next}, timeout: 900s }}"));
                // A rollout, a backlog that drains, a window.
                script.ends = script.ends.max(at + 3 * (ready + 60) + 600 + SPARE);
            }
        }
    }
    (accompanied, migrates)
}

/// A case in which nothing goes wrong.
pub fn script(chance: &mut Chance) -> Script {
    let mut case = Healthy::new(chance);
    let missing: Vec<Component> =
        Component::ALL.iter().copied().filter(|component| case.places[component].revisions.is_empty()).collect();
    let count = chance.between(1, 3);
    let chosen: Vec<Component> =
        if missing.is_empty() { (0..count).map(|_| chance.pick(Component::ALL)).collect() } else { missing };
    let mut ends = case.at;
    for component in chosen {
        let took = case.act(chance, component);
        ends = ends.max(case.at + took);
        // Mostly one at a time; sometimes the next begins while the last is not verified yet, but its Helm has ended and its pods
        // are Ready: one that is not stands in the way of a StatefulSet's next revision, and that is no healthy operation.
        if chance.once_in(4) {
            let rolled = case.rolled_after(component, true) + SPARE;
            (case.at, case.owed) = (case.at + rolled.max(took / 2 + 1), case.owed + took);
        } else {
            (case.at, case.owed) = (ends, 0);
        }
    }
    case.script.ends = case.script.ends.max(ends).max(case.at);
    case.script
}

/// What may be said while nothing is wrong.
const CALM: [VerdictKind; 3] = [VerdictKind::None, VerdictKind::Wait, VerdictKind::Proceed];

fn judge(moment: &Moment<'_>, ends: i64) -> Result<(), String> {
    for (_, release, said) in moment.suites.iter().flat_map(|suite| own(suite)) {
        if !CALM.contains(&said.verdict.kind) {
            return Err(format!("{release} is well, and {} is said", said.verdict.kind));
        }
        let failing: Vec<_> = failing_rows(&said.checks).filter(|row| row.vital).map(|row| row.id).collect();
        if !failing.is_empty() {
            return Err(format!("{release} is well, and {failing:?}"));
        }
        let gated = said.verdict.reasons.contains(&Reason::Named(NamedReason::NextGateClosed));
        if moment.seconds() >= ends && said.verdict.kind == VerdictKind::Wait && !gated {
            return Err(format!("{release} is verified, and is waited for"));
        }
    }
    Ok(())
}

#[test]
fn a_healthy_operation_is_waited_for_and_then_let_go_on() {
    cases::try_all(cases::USUAL, |chance| {
        let script = script(chance);
        play(&script, |held| vec![Watcher::start(held)], |moment| judge(moment, script.ends))
    });
}
