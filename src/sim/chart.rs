//! The stand-in charts: what `helm upgrade` renders for GIM, GSP, GCA and their monitoring.
//!
//! The template files are those of the chart in the release's Secret, so that a release is made of what it says.
//! Rendering knows just the placeholders that these files use; this is no template language.

use serde_json::{Value, json};

/// A chart without a version: its name and its template files.
#[derive(Debug)]
pub(super) struct Chart {
    /// Its name, and that of the first tenant's release.
    pub(super) name: &'static str,
    /// The namespace where the first tenant's release is.
    namespace: &'static str,
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
    /// The chart that a release of this name is made of: that of `gim-t200-monitoring` is `gim-monitoring`.
    pub(super) fn of(release: &str) -> Option<&'static Self> {
        let name: Vec<&str> = release.split('-').filter(|part| !is_tenant(part)).collect();
        let name = name.join("-");
        CHARTS.iter().find(|chart| chart.name == name)
    }

    /// The namespace of a release, where each component of each tenant has one of its own.
    pub(super) fn namespace_of(&self, release: &str) -> String {
        match release.split('-').find(|part| is_tenant(part)) {
            Some(tenant) => format!("{}-{tenant}", self.namespace),
            None => self.namespace.to_owned(),
        }
    }

    /// The manifest and hooks of one version with these values, as a release of this name.
    pub(super) fn render(&self, release: &str, version: &str, values: &Values) -> Rendered {
        let mut manifest = String::new();
        for (path, text) in self.templates {
            manifest.push_str("---\n# Source: ");
            manifest.push_str(self.name);
            manifest.push('/');
            manifest.push_str(path);
            manifest.push('\n');
            manifest.push_str(&self.fill(text, release, version, values));
        }
        let hooks = self.hooks.iter().map(|(path, text)| {
            let manifest = self.fill(text, release, version, values);
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

    fn fill(&self, text: &str, release: &str, version: &str, values: &Values) -> String {
        let mut filled = text
            .replace("{{ .Release.Name }}", release)
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

/// Whether a part of a release's name names a tenant: `t200`.
fn is_tenant(part: &str) -> bool {
    part.strip_prefix('t').is_some_and(|sid| !sid.is_empty() && sid.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The component that a release installs; `None` for its monitoring.
pub(super) fn component_of(release: &str) -> Option<&'static str> {
    Chart::of(release).map(|chart| chart.name).filter(|name| !name.ends_with("-monitoring"))
}

/// The tenant that a release belongs to; the first's is 100.
pub(super) fn tenant_of(release: &str) -> &str {
    release.split('-').find(|part| is_tenant(part)).and_then(|part| part.strip_prefix('t')).unwrap_or(FIRST_TENANT)
}

/// The tenant whose releases are called after their charts.
const FIRST_TENANT: &str = "100";

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
            let rendered = chart.render(chart.name, "100.0.116+4200", &values());
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
    fn a_release_of_another_tenant_is_made_of_the_same_chart() {
        let cases = [
            ("gim", "gim", "gim", Some("gim"), "100"),
            ("gca-t200", "gca", "gca-t200", Some("gca"), "200"),
            ("gim-t200-monitoring", "gim-monitoring", "gim-t200", None, "200"),
        ];
        for (release, name, namespace, component, tenant) in cases {
            let chart = Chart::of(release).unwrap();
            assert_eq!((chart.name, chart.namespace_of(release).as_str()), (name, namespace), "{release}");
            assert_eq!((component_of(release), tenant_of(release)), (component, tenant), "{release}");
        }
        assert!(Chart::of("gim-test").is_none());
        let manifest = Chart::of("gca-t200").unwrap().render("gca-t200", "100.0.100+2300", &values()).manifest;
        assert!(manifest.contains("helm.sh/chart: gca-100.0.100_2300\n") && manifest.contains("name: gca-t200\n"));
    }

    #[test]
    fn image_tag_and_chart_label_have_their_own_forms() {
        let manifest = Chart::of("gim").unwrap().render("gim", "100.0.116+4200", &values()).manifest;
        assert!(manifest.contains("image: registry.example.com/gim/gim:100.0.116.4200\n"), "{manifest}");
        assert!(manifest.contains("helm.sh/chart: gim-100.0.116_4200\n"), "{manifest}");
    }

    #[test]
    fn hooks_carry_their_event_and_weight() {
        let hooks = Chart::of("gsp").unwrap().render("gsp", "100.0.100+1400", &values()).hooks;
        let read: Vec<_> = hooks.iter().map(|h| (h.name.as_str(), h.event.as_str(), h.weight)).collect();
        assert_eq!(read, [("gsp-savepoint", "pre-upgrade", 0), ("gsp-cleanup", "post-upgrade", 5)]);
    }
}
