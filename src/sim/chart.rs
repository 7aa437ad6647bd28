//! The stand-in charts: what `helm upgrade` renders for GIM, GSP, GCA and their monitoring.
//!
//! The template files are those of the chart in the release's Secret, so that a release is made of what it says.
//! Rendering knows just the placeholders that these files use; this is no template language.

use serde_json::{Value, json};

/// A chart without a version: its name and its template files.
#[derive(Debug)]
pub(super) struct Chart {
    /// Its name, and that of its release.
    pub(super) name: &'static str,
    /// The namespace where it is installed.
    pub(super) namespace: &'static str,
    /// Path and text of its templates, in the order in which Helm applies what they render.
    pub(super) templates: &'static [(&'static str, &'static str)],
    /// Path and text of its hooks' templates.
    hooks: &'static [(&'static str, &'static str)],
}

macro_rules! template {
    ($folder:literal, $name:literal) => {
        (concat!("templates/", $name), include_str!(concat!("charts/", $folder, "/", $name)))
    };
}

/// All charts.
static CHARTS: [Chart; 5] = [
    Chart {
        name: "gim",
        namespace: "gim",
        templates: &[
            template!("gim", "configmap.yaml"),
            template!("gim", "service.yaml"),
            template!("gim", "statefulset.yaml"),
        ],
        hooks: &[],
    },
    Chart { name: "gim-monitoring", namespace: "gim", templates: MONITORING, hooks: &[] },
    Chart {
        name: "gsp",
        namespace: "gsp",
        templates: &[
            template!("gsp", "configmap.yaml"),
            template!("gsp", "deployment-jm.yaml"),
            template!("gsp", "deployment-tm.yaml"),
        ],
        hooks: &[template!("gsp", "job-savepoint.yaml"), template!("gsp", "job-cleanup.yaml")],
    },
    Chart {
        name: "gca",
        namespace: "gca",
        templates: &[template!("gca", "configmap.yaml"), template!("gca", "deployment.yaml")],
        hooks: &[],
    },
    Chart { name: "gca-monitoring", namespace: "gca", templates: MONITORING, hooks: &[] },
];

const MONITORING: &[(&str, &str)] =
    &[template!("monitoring", "configmap.yaml"), template!("monitoring", "podmonitor.yaml")];

/// The values of `--set` that the charts know besides `image.tag` and `replicaCount`, with their defaults.
pub(super) const SETTABLE: [(&str, &str); 3] =
    [("updateStrategy", "RollingUpdate"), ("logLevel", "INFO"), ("retentionDays", "400")];

/// The values that a release is rendered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Values {
    pub(super) tag: String,
    pub(super) replicas: u32,
    /// Other values that were set, by name.
    pub(super) set: std::collections::BTreeMap<String, String>,
}

/// What a chart and values make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rendered {
    /// The manifest as Helm stores it.
    pub(super) manifest: String,
    /// The hooks.
    pub(super) hooks: Vec<Hook>,
}

/// A hook of a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hook {
    pub(super) name: String,
    pub(super) path: String,
    pub(super) manifest: String,
    pub(super) event: String,
    pub(super) weight: i32,
}

impl Values {
    /// The user's values as Helm stores them.
    pub(super) fn config(&self) -> Value {
        let mut config = json!({
            "image": { "registry": REGISTRY, "tag": self.tag, "pullSecrets": ["genesys-registry"] },
            "replicaCount": self.replicas,
            "kafka": { "bootstrap": "kafka-0.kafka.infra:9092,kafka-1.kafka.infra:9092", "tls": true },
            "database": { "host": "infomart-db.infra", "port": 5432, "name": "gim", "sslMode": "require" },
            "tenant": { "sid": 100, "timezone": "Etc/UTC" },
        });
        if let Some(config) = config.as_object_mut() {
            config.extend(self.set.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))));
        }
        config
    }
}

const REGISTRY: &str = "registry.example.com";

impl Chart {
    /// The chart that a release of this name is made of.
    pub(super) fn of(release: &str) -> Option<&'static Self> {
        CHARTS.iter().find(|chart| chart.name == release)
    }

    /// The manifest and hooks of one version with these values.
    pub(super) fn render(&self, version: &str, values: &Values) -> Rendered {
        let mut manifest = String::new();
        for (path, text) in self.templates {
            manifest.push_str("---\n# Source: ");
            manifest.push_str(self.name);
            manifest.push('/');
            manifest.push_str(path);
            manifest.push('\n');
            manifest.push_str(&self.fill(text, version, values));
        }
        let hooks = self.hooks.iter().map(|(path, text)| {
            let manifest = self.fill(text, version, values);
            let after = |key: &str| {
                let tail = manifest.split_once(key).map_or("", |(_, tail)| tail);
                tail.lines().next().unwrap_or_default().trim().trim_matches('"').to_owned()
            };
            Hook {
                name: after("name: "),
                path: format!("{}/{path}", self.name),
                event: after("helm.sh/hook: "),
                weight: after("helm.sh/hook-weight: ").parse().unwrap_or_default(),
                manifest,
            }
        });
        Rendered { manifest, hooks: hooks.collect() }
    }

    /// All template files, hooks included.
    pub(super) fn files(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.templates.iter().chain(self.hooks).copied()
    }

    fn fill(&self, text: &str, version: &str, values: &Values) -> String {
        let mut filled = text
            .replace("{{ .Release.Name }}", self.name)
            .replace("{{ .Chart.Name }}", self.name)
            .replace(r#"{{ .Chart.Version | replace "+" "_" }}"#, &version.replace('+', "_"))
            .replace("{{ .Chart.AppVersion }}", &tag_of(version))
            .replace("{{ .Values.image.registry }}", REGISTRY)
            .replace("{{ .Values.image.tag }}", &values.tag)
            .replace("{{ .Values.replicaCount }}", &values.replicas.to_string());
        for (name, default) in SETTABLE {
            let value = values.set.get(name).map_or(default, String::as_str);
            filled = filled.replace(&format!("{{{{ .Values.{name} }}}}"), value);
        }
        filled
    }
}

/// The image tag of a chart's version: `100.0.116+2900` is built as image `100.0.116.2900`.
pub(super) fn tag_of(version: &str) -> String {
    version.replace('+', ".")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> Values {
        Values { tag: "100.0.116.4200".to_owned(), replicas: 1, set: std::collections::BTreeMap::new() }
    }

    #[test]
    fn nothing_is_left_to_fill_and_every_document_is_yaml() {
        for chart in &CHARTS {
            let rendered = chart.render("100.0.116+4200", &values());
            let hooks = rendered.hooks.iter().map(|hook| hook.manifest.as_str());
            for text in hooks.chain([rendered.manifest.as_str()]) {
                assert!(!text.contains("{{"), "{}: {text}", chart.name);
                for document in text.split("---\n").filter(|document| !document.trim().is_empty()) {
                    let value: Value = serde_saphyr::from_str(document).unwrap();
                    assert!(value.pointer("/metadata/name").is_some(), "{document}");
                }
            }
        }
    }

    #[test]
    fn image_tag_and_chart_label_have_their_own_forms() {
        let manifest = Chart::of("gim").unwrap().render("100.0.116+4200", &values()).manifest;
        assert!(manifest.contains("image: registry.example.com/gim/gim:100.0.116.4200\n"), "{manifest}");
        assert!(manifest.contains("helm.sh/chart: gim-100.0.116_4200\n"), "{manifest}");
    }

    #[test]
    fn hooks_carry_their_event_and_weight() {
        let hooks = Chart::of("gsp").unwrap().render("100.0.100+1400", &values()).hooks;
        let read: Vec<_> = hooks.iter().map(|h| (h.name.as_str(), h.event.as_str(), h.weight)).collect();
        assert_eq!(read, [("gsp-savepoint", "pre-upgrade", 0), ("gsp-cleanup", "post-upgrade", 5)]);
    }
}
