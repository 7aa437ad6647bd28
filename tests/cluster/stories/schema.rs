//! The Info Mart's schema after an upgrade: rule 15 of the guide, and rule 10 as far as the database tells.

use anyhow::{Result, ensure};
use serde_json::json;

use crate::{
    charts::GIM_NEXT,
    cluster::Cluster,
    database::{Database, INFO_MART, PASSWORD, READER},
    exporter::Times,
    helm::Major,
    questions::Answer,
    scene::{SOON, Scene},
};

/// The new build's schema, as GIM itself names it.
const NEXT_SCHEMA: &str = "8.5.116.30";

/// The new GIM migrates a real database: until that is done it is waited for; then it is verified, and the export views,
/// which stay as they were until somebody makes them anew, are an advisory.
pub fn export_views(cluster: &Cluster, major: Major) -> Result<()> {
    let mut scene = Scene::with_gim(cluster, major, "schema", Times::default())?;
    let namespace = scene.place.namespace("gim");
    let database = Database::start(&scene.place)?;
    database.run("create table interaction_fact (id integer); insert into interaction_fact values (1)")?;
    database.run("create view export_interaction_fact as select id from interaction_fact")?;
    let password = scene.place.file("password", PASSWORD)?;
    scene.setup.config = json!({ "suites": [{
        "gim": { "target": GIM_NEXT },
        "database": {
            "host": "127.0.0.1", "port": database.port(), "database": INFO_MART, "user": READER,
            "password_file": password, "tls": false,
        },
        "schema": {
            "version": NEXT_SCHEMA,
            "columns": ["interaction_fact.media_origin"],
            "export_views": ["export_interaction_fact"],
            "export_columns": ["export_interaction_fact.media_origin"],
        },
    }], "policy": { "database_interval": "1s" } });
    scene.restart_exporter()?;
    // What the target needs is not held against the build that is still there.
    scene.answers("gim", "schema_migrated", Answer::Pending)?;
    scene.trace.until("gim", "still verified", SOON, |seen| seen.stage == "verified")?;
    scene.gate("gim", &[])?;
    scene.gate("gsp", &["gim_below_target"])?;

    scene.as_the_guide_does("gim", GIM_NEXT, &[])?;
    scene.answers("gim", "pods_ready", Answer::Pass)?;
    scene.answers("gim", "schema_migrated", Answer::Pending)?;
    scene.verdict("gim", "wait")?;
    // Job_MigrateGIM.
    database.run("alter table interaction_fact add column media_origin text")?;
    cluster.metrics.change(&namespace, |values| values.schema = NEXT_SCHEMA);
    scene.answers("gim", "schema_migrated", Answer::Pending)?;
    database.run("insert into interaction_fact values (2, 'voice')")?;
    scene.answers("gim", "schema_migrated", Answer::Pass)?;

    let seen = scene.verified("gim", "proceed")?;
    ensure!(seen.operation == "upgrade", "{seen}");
    scene.answers("gim", "export_views_current", Answer::Fail)?;
    scene.advises("gim", "export_views_current", true)?;
    // ./entrypoint.sh -job Job_MigrateGIM -make-export-views (upgrade guide, Update export views)
    database.run("create or replace view export_interaction_fact as select id, media_origin from interaction_fact")?;
    scene.answers("gim", "export_views_current", Answer::Pass)?;
    scene.advises("gim", "export_views_current", false)?;
    scene.agrees("gim")
}
