//! Writes Helm's release Secrets, as the real Helm 3 and 4 leave them on the real API server, as test data.
//!
//! The decoder and the simulator's encoder are both held against these files: without them the two would merely agree
//! with each other. `tests/testdata/helm/README.md` tells what each file shows.

use std::{fs, path::Path, time::Duration};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::{
    charts::{GCA_FORMER, GIM_FORMER, GIM_NEXT, GSP_FORMER, GSP_NEXT, SECRET_VALUE},
    cluster::{Cluster, Place},
    helm::Major,
    process::eventually,
};

/// How long a killed Helm may take to have written its revision.
const PENDING_LIMIT: Duration = Duration::from_secs(30);

/// Runs operations of every kind with both Helms and writes the Secrets they leave into `folder`.
pub fn capture(cluster: &Cluster, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    for major in [Major::Three, Major::Four] {
        let place = cluster.place(major, "capture")?;
        gim(&place, folder)?;
        gsp(&place, folder)?;
        gca(&place, folder)?;
    }
    Ok(())
}

fn gim(place: &Place, folder: &Path) -> Result<()> {
    let wait = ["--wait", "--timeout", "60s", "--set", SECRET_VALUE];
    place.helm.run(&place.upgrade("gim", GIM_FORMER, &wait)?)?;
    keep(place, "gim", folder)?;
    place.helm.run(&place.upgrade("gim", GIM_NEXT, &wait)?)?;
    killed(place, "gim", &place.upgrade("gim", GIM_NEXT, &["--wait", "--set", "behaviour=never-ready"])?, 3)?;
    place.helm.run(&place.words("rollback", "gim", &["2"]))?;
    keep(place, "gim", folder)?;

    place.cluster.api().delete(&place.pod("gim", "gim-0"))?;
    let short = ["--wait", "--timeout", "3s", "--set", "behaviour=image-missing"];
    place.helm.must_fail(&place.upgrade("gim", GIM_NEXT, &short)?, "deadline")?;
    place.helm.must_fail(&place.words("rollback", "gim", &["4", "--wait", "--timeout", "3s"]), "deadline")?;
    keep(place, "gim", folder)
}

fn gsp(place: &Place, folder: &Path) -> Result<()> {
    place.helm.run(&place.upgrade("gsp", GSP_FORMER, &[])?)?;
    place.helm.must_fail(&place.upgrade("gsp", GSP_NEXT, &["--set", "hook.behaviour=hook-fail"])?, "hooks failed")?;
    place.helm.run(&place.upgrade("gsp", GSP_NEXT, &["--description", "an operation by another name"])?)?;
    keep(place, "gsp", folder)
}

fn gca(place: &Place, folder: &Path) -> Result<()> {
    killed(place, "gca", &place.upgrade("gca", GCA_FORMER, &["--wait", "--set", "behaviour=never-ready"])?, 1)?;
    keep(place, "gca", folder)?;
    place.helm.run(&place.words("uninstall", "gca", &[]))?;
    place.helm.run(&place.upgrade("gca", GCA_FORMER, &["--wait", "--timeout", "60s"])?)?;
    place.helm.run(&place.words("uninstall", "gca", &["--keep-history"]))?;
    keep(place, "gca", folder)
}

/// Starts Helm and kills it as soon as its revision is there.
fn killed(place: &Place, release: &str, arguments: &[String], revision: u32) -> Result<()> {
    let mut helm = place.helm.spawn(arguments)?;
    let secret = secret_path(place, release, revision);
    eventually("the revision of the helm to be killed", PENDING_LIMIT, || {
        helm.check()?;
        Ok(place.cluster.api().find(&secret)?.is_some())
    })?;
    helm.kill().map(drop)
}

fn secret_path(place: &Place, release: &str, revision: u32) -> String {
    let namespace = place.namespace(release);
    format!("/api/v1/namespaces/{namespace}/secrets/sh.helm.release.v1.{release}.v{revision}")
}

/// Writes each of a release's Secrets into a file of its own.
fn keep(place: &Place, release: &str, folder: &Path) -> Result<()> {
    let namespace = place.namespace(release);
    let selector = format!("labelSelector=owner%3Dhelm%2Cname%3D{release}");
    for mut secret in place.cluster.api().list(&format!("/api/v1/namespaces/{namespace}/secrets?{selector}"))? {
        // A list leaves out the kind of its items; a Secret that is read by itself has it.
        if let Some(object) = secret.as_object_mut() {
            object.insert("apiVersion".to_owned(), "v1".into());
            object.insert("kind".to_owned(), "Secret".into());
        }
        let label = |name: &str| -> Result<&str> {
            secret.pointer(&format!("/metadata/labels/{name}")).and_then(Value::as_str).context("a label is missing")
        };
        let file = format!("{}-{release}-v{}-{}.json", place.helm.major, label("version")?, label("status")?);
        fs::write(folder.join(&file), serde_json::to_string_pretty(&secret)? + "\n")?;
        println!("captured {file}");
    }
    Ok(())
}
