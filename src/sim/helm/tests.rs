use std::io::Read;

use flate2::read::GzDecoder;

use super::*;

fn decoded(text: &str) -> (Value, usize, usize) {
    let gzip = STANDARD.decode(text).unwrap();
    let mut json = String::new();
    // GzDecoder reads one member and checks its CRC and length.
    GzDecoder::new(&*gzip).read_to_string(&mut json).unwrap();
    (serde_json::from_str(&json).unwrap(), json.len(), gzip.len())
}

fn release(helm: HelmVersion, hooks: Vec<Hook<'_>>) -> Release<'_> {
    Release {
        name: "gsp",
        namespace: "gsp",
        chart_name: "gsp",
        revision: 7,
        chart_version: "100.0.100+1400",
        info: Info {
            first_deployed: HelmTime::At("2024-05-01T10:00:00.000000001Z".to_owned()),
            last_deployed: HelmTime::At("2024-06-01T10:00:00Z".to_owned()),
            deleted: HelmTime::new(helm, None),
            description: "Rollback to 3",
            status: "pending-rollback",
            rollback_revision: if helm == HelmVersion::Four { 3 } else { 0 },
            notes: NOTES,
        },
        config: serde_json::json!({ "replicaCount": 1 }),
        manifest: "---\n# Source: gsp/templates/x.yaml\nkind: X\n",
        hooks,
        helm,
        apply_method: if helm == HelmVersion::Four { "ssa" } else { "" },
    }
}

fn hook(helm: HelmVersion, started: Option<&str>) -> Hook<'static> {
    Hook {
        name: "gsp-savepoint",
        kind: "Job",
        path: "gsp/templates/job-savepoint.yaml",
        manifest: "kind: Job\n",
        events: ["pre-upgrade"],
        last_run: LastRun {
            started_at: HelmTime::new(helm, started.map(str::to_owned)),
            completed_at: HelmTime::new(helm, None),
            phase: if started.is_some() { "Running" } else { "" },
        },
        weight: 0,
        delete_policies: ["before-hook-creation"],
    }
}

#[test]
fn a_release_has_the_size_and_fields_of_a_real_one() {
    let text = encode(&release(HelmVersion::Three, vec![hook(HelmVersion::Three, None)])).unwrap();
    let (value, json, gzip) = decoded(&text);
    assert!((150_000..260_000).contains(&json), "{json} bytes of JSON");
    assert!((14_000..40_000).contains(&gzip), "{gzip} bytes of gzip");
    let fields: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(fields, ["chart", "config", "hooks", "info", "manifest", "name", "namespace", "version"]);
    let chart: Vec<_> = value["chart"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(chart, ["files", "lock", "metadata", "schema", "templates", "values"]);
    assert_eq!(value["chart"]["metadata"]["version"], "100.0.100+1400");
    assert_eq!(value["chart"]["metadata"]["appVersion"], "100.0.100.1400");
    assert_eq!(value["version"], 7);
    let template = value["chart"]["templates"][1]["data"].as_str().unwrap();
    assert!(String::from_utf8(STANDARD.decode(template).unwrap()).unwrap().contains("kind: Deployment"));
}

#[test]
fn times_that_are_not_differ_between_helm_3_and_4() {
    let three = decoded(&encode(&release(HelmVersion::Three, vec![hook(HelmVersion::Three, None)])).unwrap()).0;
    assert_eq!(three["info"]["deleted"], "");
    assert_eq!(three["hooks"][0]["last_run"], serde_json::json!({"started_at":"","completed_at":"","phase":""}));
    assert!(three["info"].get("rollback_revision").is_none());
    assert!(three.get("apply_method").is_none());
    let four = decoded(&encode(&release(HelmVersion::Four, vec![hook(HelmVersion::Four, Some("t"))])).unwrap()).0;
    assert!(four["info"].get("deleted").is_none());
    assert_eq!(four["info"]["rollback_revision"], 3);
    assert_eq!(four["hooks"][0]["last_run"], serde_json::json!({"started_at":"t","phase":"Running"}));
    assert_eq!(four["apply_method"], "ssa");
}

#[test]
fn the_fields_stand_in_helms_order() {
    let text = encode(&release(HelmVersion::Three, Vec::new())).unwrap();
    let mut json = String::new();
    GzDecoder::new(&*STANDARD.decode(text).unwrap()).read_to_string(&mut json).unwrap();
    let places: Vec<_> = [r#"{"name":"#, r#""info":{"first_deployed":"#, r#""chart":{"metadata":"#, r#""config":"#]
        .iter()
        .map(|field| json.find(field).unwrap())
        .collect();
    assert!(places.is_sorted(), "{places:?}");
    assert!(!json.contains("\"hooks\""), "Helm leaves out an empty list");
}

#[test]
fn a_typical_body_weighs_what_a_real_one_does() {
    let decoded = |release: &str, revision| {
        let data = STANDARD.decode(&*typical_body(release, revision)).unwrap();
        decoded(&String::from_utf8(data).unwrap()).0
    };
    assert_eq!(decoded("gsp-12", 4)["version"], 4);
    let length = typical_body("gim", 1).len();
    assert!((18_000..28_000).contains(&length), "{length}");
    for release in crate::sim::fleet::RELEASES {
        let newest = decoded(release.name, crate::sim::fleet::REVISIONS);
        assert_eq!(newest["chart"]["metadata"]["version"], release.chart_version);
        let image = format!("image: {}\n", release.image);
        assert!(newest["manifest"].as_str().unwrap().contains(&image), "{image}");
    }
}
