//! A scenario in the making: lines of a scenario file, so that a case that fails can be kept as one.

use std::fmt::Write as _;

use gim_upgrade_exporter::model::names::Component;
use gim_upgrade_exporter::sim::scenario::Scenario;

use super::chance::Chance;

/// A scenario in the making. Instants and spans are seconds.
#[derive(Clone, Debug)]
pub struct Script {
    head: String,
    configured: String,
    history: String,
    behaviours: String,
    steps: Vec<(i64, String)>,
    /// When it ends.
    pub ends: i64,
}

/// The build that runs at the start, and those that may follow it.
pub fn versions(component: Component) -> [&'static str; 4] {
    match component {
        Component::Gim => ["100.0.116+2900", "100.0.116+4200", "100.0.117+1000", "100.0.118+700"],
        Component::Gsp => ["100.0.100+1400", "100.0.100+3700", "100.0.101+900", "100.0.102+300"],
        Component::Gca => ["100.0.100+2300", "100.0.100+3200", "100.0.101+150", "100.0.103+80"],
    }
}

/// The image tag of a version.
pub fn tag(version: &str) -> String {
    version.replace('+', ".")
}

/// The workloads of a component.
pub fn workloads(component: Component) -> &'static [&'static str] {
    match component {
        Component::Gim => &["gim"],
        Component::Gsp => &["gsp-jm", "gsp-tm"],
        Component::Gca => &["gca"],
    }
}

impl Script {
    /// A cluster that has run for a month, but for the components in `without`; Helm's version and all clocks by chance.
    pub fn new(chance: &mut Chance, without: &[Component]) -> Self {
        let helm = chance.pick(&[3, 4]);
        let (mut kubelet, mut client) = (0, 0);
        if chance.once_in(4) {
            (kubelet, client) = (chance.between(-600, 600), chance.between(-600, 600));
        }
        let (base, jitter) = (chance.between(1, 60), chance.between(0, 60));
        let at_start = if chance.once_in(4) { chance.between(0, 150) } else { 0 };
        let head = format!(
            "helm: {helm}\nclocks: {{ kubelet: {kubelet}s, helm: {client}s }}\n\
             latency: {{ base: {base}s, jitter: {jitter}s, at_start: {at_start}s }}\n"
        );
        let mut history = String::new();
        if !without.contains(&Component::Gim) && chance.once_in(2) {
            history += "  - { at: -75d, do: { upgrade: { release: gim, version: 100.0.114+2100, wait: true, timeout: 15m } } }\n";
        }
        for component in Component::ALL.iter().filter(|component| !without.contains(component)) {
            let version = versions(*component)[0];
            let _ = writeln!(
                history,
                "  - {{ at: -30d, do: {{ upgrade: {{ release: {component}, version: {version}, wait: true, timeout: 15m }} }} }}"
            );
        }
        Self { head, configured: String::new(), history, behaviours: String::new(), steps: Vec::new(), ends: 0 }
    }

    /// The exporter is told so; `field` as under `configured` in a scenario file.
    pub fn configure(&mut self, field: &str) {
        let _ = writeln!(self.configured, "  {field}");
    }

    /// GIM and GCA have their monitoring beside them.
    pub fn accompany(&mut self) {
        for component in [Component::Gim, Component::Gca] {
            self.had(&format!("{component}-monitoring"), versions(component)[0]);
        }
    }

    /// Another tenant, whose suite is `t200`, shares the GSP.
    pub fn share(&mut self) {
        self.head.push_str("tenants: [\"200\"]\n");
        for component in [Component::Gim, Component::Gca] {
            self.had(&format!("{component}-t200"), versions(component)[0]);
        }
    }

    fn had(&mut self, release: &str, version: &str) {
        let _ = writeln!(
            self.history,
            "  - {{ at: -29d, do: {{ upgrade: {{ release: {release}, version: {version}, wait: true, timeout: 15m }} }} }}"
        );
    }

    /// How pods behave from the start; `fields` as in a scenario file.
    pub fn behave(&mut self, fields: &str) {
        let _ = writeln!(self.behaviours, "  - {{ {fields} }}");
    }

    /// Somebody does something.
    pub fn act(&mut self, at: i64, action: &str) {
        self.ends = self.ends.max(at + 1);
        self.steps.push((at, action.to_owned()));
    }

    /// The file.
    pub fn text(&self) -> String {
        let mut text = format!(
            "name: by-chance\ntitle: Made by chance\nstory: Made by chance.\nshows: {{}}\n{}{}history: {}\n",
            self.head,
            if self.configured.is_empty() { String::new() } else { format!("configured:\n{}", self.configured) },
            if self.history.is_empty() { "[]" } else { "" }
        );
        text += &self.history;
        if !self.behaviours.is_empty() {
            let _ = write!(text, "behaviours:\n{}", self.behaviours);
        }
        text += if self.steps.is_empty() { "steps: []\n" } else { "steps:\n" };
        let mut steps = self.steps.clone();
        steps.sort_by_key(|(at, _)| *at);
        for (at, action) in steps {
            let _ = writeln!(text, "  - {{ at: {at}s, do: {{ {action} }} }}");
        }
        let _ = write!(text, "expect: []\nends: {}s\n", self.ends);
        text
    }

    /// What it makes.
    pub fn scenario(&self) -> Scenario {
        let text = self.text();
        Scenario::parse("by-chance.yaml", &text).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }
}
