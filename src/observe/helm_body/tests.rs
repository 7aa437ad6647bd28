//! Bodies: real ones that Helm 3 and 4 wrote, and made ones that are wrong in every way that can be thought of.

use std::io::Write;

use base64::Engine;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::*;
use crate::model::names::Name;
use crate::model::release::HookPhase;
use crate::model::workload::WorkloadKind;

/// The password in the values of the captured releases and of the made ones.
const CANARY: &str = "a-value-that-nobody-may-see";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A Secret around bytes that Helm would have stored.
fn secret(stored: &[u8]) -> Vec<u8> {
    let outer = STANDARD.encode(STANDARD.encode(stored));
    serde_json::to_vec(&json!({"metadata": {"name": "s"}, "data": {"release": outer}})).unwrap()
}

fn read(stored: &[u8]) -> Result<ReleaseBody, BodyError> {
    release_body(&secret(stored), HelmDriver::Secret)
}

fn release() -> Value {
    json!({
        "name": "gim", "version": 3, "namespace": "gim",
        "info": {
            "first_deployed": "2026-01-02T03:04:05.123456789+02:00", "last_deployed": "2026-01-02T03:09:05Z",
            "deleted": "", "description": "Upgrade complete", "status": "deployed", "notes": CANARY
        },
        "chart": {
            "metadata": {"name": "gim", "version": "100.0.116+2900", "appVersion": "100.0.116.2900", "keywords": ["x"]},
            "templates": [{"name": "templates/a.yaml", "data": STANDARD.encode(CANARY)}],
            "values": {"password": CANARY}, "schema": null, "files": [], "lock": null
        },
        "config": {"password": CANARY},
        "manifest": "kind: StatefulSet\nmetadata: {name: gim}\nspec: {template: {spec: {containers: [{image: r/gim:1}]}}}\n",
        "hooks": [
            {"name": "pre", "kind": "Job", "path": "p", "manifest": CANARY, "events": ["pre-upgrade", "pre-install"],
             "last_run": {"started_at": "2026-01-02T03:04:06Z", "completed_at": "2026-01-02T03:04:09Z", "phase": "Failed"}},
            {"name": "tests", "events": ["test", "test-success"]},
            {"name": "post", "events": ["post-upgrade"], "last_run": {"started_at": "", "completed_at": "", "phase": ""}}
        ]
    })
}

#[test]
fn what_is_kept_of_a_release() {
    let body = read(&gzip(release().to_string().as_bytes())).unwrap();
    assert_eq!((&*body.chart, &*body.chart_version, &*body.app_version), ("gim", "100.0.116+2900", "100.0.116.2900"));
    assert_eq!(&*body.description, "Upgrade complete");
    assert_eq!(body.first_deployed, Some("2026-01-02T01:04:05.123456789Z".parse().unwrap()));
    assert_eq!(body.last_deployed, Some("2026-01-02T03:09:05Z".parse().unwrap()));
    assert_eq!(body.rollback_revision, None);
    let hooks: Vec<_> = body.hooks.iter().map(|hook| (&*hook.name, &*hook.event, hook.phase)).collect();
    assert_eq!(
        hooks,
        [
            ("pre", "pre-upgrade", HookPhase::Failed),
            ("pre", "pre-install", HookPhase::Failed),
            ("post", "post-upgrade", HookPhase::Unknown),
        ]
    );
    assert_eq!(body.hooks[0].completed, Some("2026-01-02T03:04:09Z".parse().unwrap()));
    assert_eq!(body.hooks[2].started, None);
    assert_eq!(body.workloads.len(), 1);
    assert_eq!((body.workloads[0].kind, &*body.workloads[0].images[0]), (WorkloadKind::StatefulSet, "r/gim:1"));
    assert!(!format!("{body:?}").contains(CANARY));
}

#[test]
fn a_body_may_lack_gzip_or_one_base64() {
    let text = release().to_string();
    let expected = read(&gzip(text.as_bytes()));
    assert_eq!(read(text.as_bytes()), expected);
    let stored = STANDARD.encode(gzip(text.as_bytes()));
    let map = serde_json::to_vec(&json!({"data": {"release": stored}})).unwrap();
    assert_eq!(release_body(&map, HelmDriver::Configmap), expected);
    assert_eq!(release_body(&map, HelmDriver::Secret), Err(BodyError::Encoding), "a Secret has two");
}

#[test]
fn a_body_may_lack_almost_everything() {
    let bare = json!({});
    let mut nulls = release();
    for (_, value) in nulls.as_object_mut().unwrap() {
        *value = Value::Null;
    }
    let shells = json!({"info": {}, "chart": {"metadata": null}, "hooks": [null, {"events": null}], "manifest": ""});
    for value in [bare, nulls, shells] {
        let body = read(value.to_string().as_bytes()).unwrap();
        assert_eq!((&*body.chart, &*body.description, body.last_deployed), ("", "", None), "{value}");
        assert!(body.hooks.is_empty() && body.workloads.is_empty());
    }
}

#[test]
fn times_that_are_none() {
    for time in [json!(""), json!("0001-01-01T00:00:00Z"), json!("yesterday"), Value::Null] {
        let mut value = release();
        value["info"]["last_deployed"] = time.clone();
        assert_eq!(read(value.to_string().as_bytes()).unwrap().last_deployed, None, "{time}");
    }
}

#[test]
fn texts_and_lists_are_bounded() {
    let mut value = release();
    value["info"]["description"] = json!("ü".repeat(10_000));
    value["hooks"] = json!(vec![json!({"name": "h", "events": ["pre-upgrade"]}); 1_000]);
    let body = read(value.to_string().as_bytes()).unwrap();
    assert_eq!(body.description.len(), 4 * 1024);
    assert_eq!(body.hooks.len(), 64);
}

#[test]
fn rubbish_is_refused_and_not_repeated() {
    let good = gzip(release().to_string().as_bytes());
    let (half, _) = good.split_at(good.len() / 2);
    let mut flipped = good.clone();
    for byte in flipped.iter_mut().skip(20) {
        *byte ^= 0x55;
    }
    let wrong_type = json!({"info": CANARY}).to_string();
    let object = |value: Value| release_body(&serde_json::to_vec(&value).unwrap(), HelmDriver::Secret);
    let cases = [
        ("empty", read(b""), BodyError::Empty),
        ("text", read(CANARY.as_bytes()), BodyError::Json { line: 1, column: 1 }),
        ("truncated gzip", read(half), BodyError::Encoding),
        ("damaged gzip", read(&flipped), BodyError::Encoding),
        ("wrong type", read(wrong_type.as_bytes()), BodyError::Json { line: 1, column: 37 }),
        ("no data", object(json!({"metadata": {}})), BodyError::Empty),
        ("null data", object(json!({"data": null})), BodyError::Empty),
        ("other data", object(json!({"data": {"password": CANARY}})), BodyError::Empty),
        ("no base64", object(json!({"data": {"release": CANARY}})), BodyError::Encoding),
        ("one base64", object(json!({"data": {"release": STANDARD.encode(CANARY)}})), BodyError::Encoding),
        ("no text", object(json!({"data": {"release": [CANARY]}})), BodyError::Object),
        ("no object", release_body(CANARY.as_bytes(), HelmDriver::Secret), BodyError::Object),
    ];
    for (name, got, expected) in cases {
        let error = got.unwrap_err();
        assert_eq!(error, expected, "{name}");
        assert!(!format!("{error} {error:?}").contains(CANARY), "{name}");
    }
}

/// Gzip of 4 MiB of one repeated text.
fn bomb(begin: &str, repeated: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(begin.as_bytes()).unwrap();
    let block = repeated.repeat(1024 * 1024 / repeated.len());
    for _ in 0..4 {
        encoder.write_all(&block).unwrap();
    }
    encoder.finish().unwrap()
}

#[test]
fn what_inflates_beyond_the_limit_is_refused_there() {
    let limit = 2 * IN_MEMORY_BYTES;
    for stored in [bomb(r#"{"config":{"filler":""#, b"a"), bomb(r#"{"config":["#, b"1,"), bomb("", b" ")] {
        let object = secret(&stored);
        assert!(object.len() < 128 * 1024, "{}", object.len());
        assert_eq!(release_body_up_to(&object, HelmDriver::Secret, limit), Err(BodyError::TooLarge));
    }
}

/// A stream that never ends.
struct Endless(usize);

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        buffer.fill(b' ');
        self.0 += buffer.len();
        assert!(self.0 < 4 * 1024 * 1024, "read on beyond the limit");
        Ok(buffer.len())
    }
}

#[test]
fn no_more_is_read_than_the_limit() {
    assert_eq!(parse(Endless(0), 2 * IN_MEMORY_BYTES), Err(BodyError::TooLarge));
    assert_eq!(parse(Endless(0), IN_MEMORY_BYTES / 2), Err(BodyError::TooLarge));
}

#[test]
fn a_release_larger_than_the_buffer_is_read_as_a_stream() {
    let mut value = release();
    value["config"]["filler"] = json!("x".repeat(2 * 1024 * 1024));
    let text = value.to_string();
    assert_eq!(read(&gzip(text.as_bytes())), read(release().to_string().as_bytes()));
    let (cut, _) = text.split_at(text.len() - 1);
    assert!(matches!(read(&gzip(cut.as_bytes())), Err(BodyError::Json { .. })));
}

// === Captured from real Helm 3.22 and 4.3 on a real API server ===

fn captured(helm: &str, name: &str) -> ReleaseBody {
    let path = format!("{}/tests/testdata/helm/{helm}-{name}.json", env!("CARGO_MANIFEST_DIR"));
    let object = std::fs::read(&path).unwrap();
    let body = release_body(&object, HelmDriver::Secret).unwrap();
    let revision = crate::observe::objects::revision(&object).unwrap();
    assert!(!format!("{body:?} {revision:?}").contains(CANARY), "{path}");
    assert!(revision.written >= revision.created, "{path}");
    assert!(path.contains(&format!("{}-v{}-{}", revision.release, revision.revision, revision.status)), "{path}");
    body
}

#[test]
fn real_releases_are_read() {
    for helm in ["helm3", "helm4"] {
        let body = captured(helm, "gim-v2-superseded");
        assert_eq!(&*body.chart, "gim", "{helm}");
        assert!(body.chart_version.starts_with("100.0."), "{helm}");
        assert_eq!(&*body.description, "Upgrade complete", "{helm}");
        assert!(body.first_deployed.is_some() && body.last_deployed > body.first_deployed, "{helm}");
        let kinds: Vec<WorkloadKind> = body.workloads.iter().map(|workload| workload.kind).collect();
        assert_eq!(kinds, [WorkloadKind::StatefulSet], "{helm}");
        assert_eq!(body.workloads[0].images.len(), 1, "{helm}");
        assert!(body.build().is_ordered(), "{helm}");
    }
}

#[test]
fn a_rollback_has_the_manifest_of_the_revision_it_went_back_to() {
    for helm in ["helm3", "helm4"] {
        let hash = |name: &str| captured(helm, name).manifest_hash;
        assert_eq!(hash("gim-v4-deployed"), hash("gim-v2-superseded"), "{helm}");
        assert_eq!(hash("gim-v1-deployed"), hash("gim-v1-superseded"), "{helm}");
        assert_ne!(hash("gim-v1-deployed"), hash("gim-v2-superseded"), "{helm}");
    }
    assert_eq!(captured("helm3", "gim-v4-deployed").rollback_revision, None);
    assert_eq!(captured("helm4", "gim-v4-deployed").rollback_revision, Some(2));
}

#[test]
fn real_descriptions_and_hooks() {
    for helm in ["helm3", "helm4"] {
        let failed: Name = captured(helm, "gim-v6-failed").description;
        assert!(failed.contains("\"gim\" failed") && !failed.to_lowercase().contains("rollback"), "{helm}: {failed}");
        let phases = |name: &str| {
            let body = captured(helm, name);
            body.hooks.iter().map(|hook| (hook.event.to_string(), hook.phase)).collect::<Vec<_>>()
        };
        let hook = |phase| vec![("pre-upgrade".to_owned(), phase)];
        assert_eq!(phases("gsp-v1-superseded"), hook(HookPhase::Unknown), "{helm}");
        assert_eq!(phases("gsp-v2-failed"), hook(HookPhase::Failed), "{helm}");
        assert_eq!(phases("gsp-v3-deployed"), hook(HookPhase::Succeeded), "{helm}");
    }
}

#[test]
fn every_captured_secret_is_read() {
    let folder = format!("{}/tests/testdata/helm", env!("CARGO_MANIFEST_DIR"));
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some((helm, rest)) = name.strip_suffix(".json").and_then(|name| name.split_once('-')) else { continue };
        captured(helm, rest);
        count += 1;
    }
    assert!(count >= 20, "{count}");
}
