//! Backups: a Job's completion is told to the suite whose backup it makes, again and again while the watch is heard.

use gim_upgrade_exporter::model::dependency::BackupAt;
use serde_json::json;

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_completes_is_told_and_one_that_goes_is_none() {
    let mut suite = Suite::default_suite();
    suite.surroundings.backup = Some(BackupAt::Job { namespace: "db".into(), name: "backup".into() });
    let mut house = House::watching(suite).await;
    house.until("nothing is there", |heard| heard.backups.iter().any(|backup| backup.last_success.is_none())).await;
    let job = |name: &str, status: Value| json!({"metadata": {"namespace": "db", "name": name}, "status": status});
    house.apply(Kind::Jobs, job("other", json!({"completionTime": "2026-01-01T00:00:00Z"})));
    house.apply(Kind::Jobs, job("backup", json!({"active": 1})));
    house.apply(Kind::Jobs, job("backup", json!({"completionTime": "2026-01-02T03:04:05Z", "succeeded": 1})));
    let success: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
    let told = |heard: &Heard| heard.backups.iter().filter(|backup| backup.last_success == Some(success)).count();
    house.until("it is told again", |heard| told(heard) > 3).await;
    let others = |heard: &Heard| heard.backups.iter().filter_map(|backup| backup.last_success).all(|at| at == success);
    assert!(others(&house.heard), "the other Job is nobody's");
    house.delete(Kind::Jobs, "db", "backup");
    let gone = |heard: &Heard| heard.backups.last().is_some_and(|backup| backup.last_success.is_none());
    house.until("it is gone", gone).await;
    assert_eq!(house.heard.kinds(SourceKind::Backups), [Some("db")].into());
}
