//! The manifest of a release: its hash, and the workloads that it declares with their images. The text itself is let go.
//!
//! A document that is not understood is left out, never the whole body: charts declare things that nobody here has seen.

use serde::de::{Deserialize, Deserializer, Error, Visitor};

use super::release::bounded;
use crate::model::release::ManifestWorkload;
use crate::model::workload::WorkloadKind;

/// The most workloads that are kept.
const MAX_WORKLOADS: usize = 64;
/// The most images of one workload that are kept.
const MAX_IMAGES: usize = 32;
/// The longest name of a workload or image that is kept, in bytes.
const MAX_NAME_BYTES: usize = 512;
/// The longest document that is read as YAML, in bytes. A workload's has a few KiB.
const MAX_DOCUMENT_BYTES: usize = 256 * 1024;
/// Offset basis and prime of FNV-1a with 64 bits: a hash that is the same in every build and on every machine.
const FNV: (u64, u64) = (0xcbf2_9ce4_8422_2325, 0x0100_0000_01b3);

/// A manifest, read.
#[derive(Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Hash of its text.
    pub hash: u64,
    /// Its workloads, in its order.
    pub workloads: Vec<ManifestWorkload>,
}

impl Default for Manifest {
    fn default() -> Self {
        Self::read("")
    }
}

impl Manifest {
    /// Reads the text.
    pub fn read(text: &str) -> Self {
        let workloads = documents(text).filter_map(workload).take(MAX_WORKLOADS).collect();
        Self { hash: hash(text.as_bytes()), workloads }
    }
}

impl<'de> Deserialize<'de> for Manifest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Manifest;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("the text of a manifest")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Manifest, E> {
                Ok(Manifest::read(text))
            }
        }

        deserializer.deserialize_str(Text)
    }
}

fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(FNV.0, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(FNV.1))
}

/// The documents of a YAML stream: `---` at the beginning of a line parts them.
fn documents(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut end = 0;
        for line in text.split_inclusive('\n') {
            let after = line.strip_prefix("---");
            if end > 0 && after.is_some_and(|after| after.is_empty() || after.starts_with(char::is_whitespace)) {
                rest = text.get(end..);
                return text.get(..end);
            }
            end += line.len();
        }
        rest = None;
        Some(text)
    })
}

/// The kind that a document says it is, by a look at its unindented lines: most documents need not be parsed at all.
fn kind_of(document: &str) -> Option<WorkloadKind> {
    let value = document.lines().find_map(|line| line.strip_prefix("kind:"))?;
    let value = value.split(" #").next().unwrap_or_default().trim().trim_matches(['"', '\'']);
    match value {
        "StatefulSet" => Some(WorkloadKind::StatefulSet),
        "Deployment" => Some(WorkloadKind::Deployment),
        "Job" => Some(WorkloadKind::Job),
        _ => None,
    }
}

#[derive(serde::Deserialize)]
struct Document {
    metadata: Metadata,
    spec: Option<Spec>,
}

#[derive(serde::Deserialize)]
struct Metadata {
    name: String,
}

#[derive(serde::Deserialize)]
struct Spec {
    template: Option<Template>,
}

#[derive(serde::Deserialize)]
struct Template {
    spec: Option<PodSpec>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct PodSpec {
    init_containers: Option<Vec<Container>>,
    containers: Option<Vec<Container>>,
}

#[derive(serde::Deserialize)]
struct Container {
    image: Option<String>,
}

fn workload(document: &str) -> Option<ManifestWorkload> {
    let kind = kind_of(document)?;
    if document.len() > MAX_DOCUMENT_BYTES {
        return None;
    }
    let Document { metadata, spec } = serde_saphyr::from_str(document).ok()?;
    let pods = spec.and_then(|spec| spec.template?.spec);
    let (init, main) = pods.map_or((None, None), |pods| (pods.init_containers, pods.containers));
    let containers = init.unwrap_or_default().into_iter().chain(main.unwrap_or_default());
    let images = containers.filter_map(|container| container.image).take(MAX_IMAGES);
    Some(ManifestWorkload {
        kind,
        name: bounded(&metadata.name, MAX_NAME_BYTES),
        images: images.map(|image| bounded(&image, MAX_NAME_BYTES)).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "\
---
# Source: gim/templates/configmap.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: gim
data:
  text: |
    kind: Job
    ---
    not a document
---
# Source: gim/templates/statefulset.yaml
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: gim
  labels: {app: gim}
spec:
  replicas: 1
  template:
    spec:
      initContainers:
        - name: wait
          image: \"busybox:1.36\"
      containers:
        - name: gim
          image: registry/gim:100.0.116.2900
          resources: {limits: {cpu: 2}}
        - name: bare
--- # another
kind: \"Deployment\" # quoted
metadata: {name: 12}
spec: null
---
kind: Deployment
metadata:
  name: [broken
---
kind: Job
metadata:
  name: migrate
spec:
  template:
    spec:
      containers:
        - image: registry/migrate:1
";

    #[test]
    fn workloads_and_their_images_in_order() {
        let workload = |kind, name: &str, images: &[&str]| ManifestWorkload {
            kind,
            name: name.into(),
            images: images.iter().map(|&image| image.into()).collect(),
        };
        assert_eq!(
            Manifest::read(MANIFEST).workloads,
            [
                workload(WorkloadKind::StatefulSet, "gim", &["busybox:1.36", "registry/gim:100.0.116.2900"]),
                workload(WorkloadKind::Deployment, "12", &[]),
                workload(WorkloadKind::Job, "migrate", &["registry/migrate:1"]),
            ]
        );
    }

    #[test]
    fn the_hash_never_changes() {
        // The published test vectors of FNV-1a.
        assert_eq!(hash(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(hash(b"foobar"), 0x8594_4171_f739_67e8);
        assert_ne!(Manifest::read("a: 1\n").hash, Manifest::read("a: 1").hash);
    }

    #[test]
    fn the_number_of_workloads_is_bounded() {
        let text = "---\nkind: Job\nmetadata: {name: job}\n".repeat(100);
        assert_eq!(Manifest::read(&text).workloads.len(), MAX_WORKLOADS);
        let long = format!("kind: Job\nmetadata: {{name: long}}\n#{}\n", "x".repeat(MAX_DOCUMENT_BYTES));
        assert_eq!(Manifest::read(&long).workloads, []);
    }
}
