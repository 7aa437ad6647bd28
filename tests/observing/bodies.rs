//! Bodies: read once when wanted, refused when they are no good, and never shown.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gim_upgrade_exporter::model::release::BodyState;
use gim_upgrade_exporter::model::source::{ErrorKind, SourceCondition, SourceKind};
use gim_upgrade_exporter::model::wants::BodyWant;
use gim_upgrade_exporter::sim::faults::{Fault, On, Verb};
use gim_upgrade_exporter::sim::store::Kind;
use tracing_subscriber::fmt::MakeWriter;

use super::{Heard, House, secret};

const CANARY: &str = "canary-that-nobody-may-see";

/// `data.release` of a Secret that holds this release, without gzip, as a body may be.
fn encoded(release: &str) -> String {
    STANDARD.encode(STANDARD.encode(release))
}

fn want(heard: &Heard, object: &str) -> BodyWant {
    let revision = heard.revisions.values().find(|revision| revision.object_name().ends_with(object)).unwrap().clone();
    BodyWant {
        object: revision.object_name(),
        namespace: revision.namespace,
        uid: revision.uid,
        resource_version: revision.resource_version,
    }
}

#[tokio::test]
async fn a_wanted_body_is_read_once() {
    let mut house = House::build().await;
    let release = r#"{"chart":{"metadata":{"name":"gim","version":"100.0.116+2900"}}}"#;
    house.apply(Kind::Secrets, secret("gim", "gim", 1, &encoded(release)));
    house.until("the revision", |heard| heard.revisions.len() == 1).await;
    let first = want(&house.heard, "gim.v1");
    house.bodies.send_replace(vec![first.clone()].into());
    house.until("read", |heard| heard.bodies.len() == 1).await;
    // Wanted anew, with and without others: still the same body.
    house.bodies.send_replace(vec![first.clone(), BodyWant { object: "gone".into(), ..first.clone() }].into());
    house.listen(Duration::from_millis(1_500)).await;
    assert_eq!(house.heard.bodies.len(), 1);
    let (told, BodyState::Read(body)) = &house.heard.bodies[0] else { panic!("{:?}", house.heard.bodies) };
    assert_eq!((told, &*body.chart_version), (&first, "100.0.116+2900"));
    assert_eq!(house.heard.errors, [], "an object that is gone is no error");

    // Another version of the object is another body.
    house.apply(Kind::Secrets, secret("gim", "gim", 1, &encoded("{}")));
    let old = first.resource_version.clone();
    house.until("changed", |heard| want(heard, "gim.v1").resource_version != old).await;
    let second = want(&house.heard, "gim.v1");
    house.bodies.send_replace(vec![second.clone()].into());
    house.until("read anew", |heard| heard.bodies.len() == 2).await;
    assert_eq!(house.heard.bodies[1].0, second);
}

#[tokio::test]
async fn a_body_is_told_under_the_version_that_was_read() {
    let mut house = House::build().await;
    house.apply(Kind::Secrets, secret("gim", "gim", 1, &encoded("{}")));
    house.until("the revision", |heard| heard.revisions.len() == 1).await;
    let present = want(&house.heard, "gim.v1");
    house.bodies.send_replace(vec![BodyWant { resource_version: "1".into(), ..present.clone() }].into());
    house.until("read", |heard| heard.bodies.len() == 1).await;
    assert_eq!(house.heard.bodies[0].0, present);
}

#[tokio::test]
async fn permission_for_bodies_is_told_by_itself() {
    let mut house = House::build().await;
    house.apply(Kind::Secrets, secret("gim", "gim", 1, &encoded("{}")));
    house.until_synced().await;
    let fault = house.server.faults().set(On::verb(Verb::Get), Fault::Forbidden);
    house.until("the revision", |heard| heard.revisions.len() == 1).await;
    house.bodies.send_replace(vec![want(&house.heard, "gim.v1")].into());
    let forbidden = Some(SourceCondition::Forbidden);
    house.until("told", |heard| heard.condition(SourceKind::HelmBodies, None) == forbidden).await;
    assert_eq!(house.heard.condition(SourceKind::Helm, None), Some(SourceCondition::Synced));
    house.server.faults().unset(fault);
    house.until("read", |heard| heard.bodies.len() == 1).await;
    house.until_synced().await;
}

/// Everything that was logged, whatever its target and level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn no_content_of_a_secret_is_in_a_log_or_an_error() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).finish();
    let _logging = tracing::subscriber::set_default(subscriber);
    let mut house = House::build().await;
    // Good base64 around rubbish, rubbish itself, and a release whose fields have the wrong types.
    let wrong = format!(r#"{{"info":"{CANARY}"}}"#);
    for (version, data) in [(1, encoded(CANARY)), (2, CANARY.to_owned()), (3, encoded(&wrong))] {
        house.apply(Kind::Secrets, secret("gim", "gim", version, &data));
    }
    house.until("the revisions", |heard| heard.revisions.len() == 3).await;
    let wants = ["gim.v1", "gim.v2", "gim.v3"].map(|object| want(&house.heard, object));
    house.bodies.send_replace(wants.to_vec().into());
    house.until("refused", |heard| heard.bodies.len() == 3).await;
    assert!(house.heard.bodies.iter().all(|(_, state)| *state == BodyState::Refused));
    assert_eq!(house.heard.count(SourceKind::HelmBodies, ErrorKind::Decode), 3);

    // Lists and watches of Secrets, and a GET, that are malformed and full of canaries.
    let faults = house.server.faults().clone();
    let list = format!(r#"{{"metadata":{{"resourceVersion":"5"}},"items":[{{"data":"{CANARY}"}}, {CANARY}"#);
    faults.set(On::verb(Verb::List).kind(Kind::Secrets), Fault::Body(list.into()));
    let event = format!(
        "{{\"type\":\"ADDED\",\"object\":{{\"metadata\":{{\"labels\":\"{CANARY}\"}}}}}}\n{{\"type\":\"{CANARY}\",\"object\":1}}\n{CANARY}\n"
    );
    faults.set(On::verb(Verb::Watch).kind(Kind::Secrets), Fault::Body(event.into()));
    faults.set(On::verb(Verb::Get).kind(Kind::Secrets), Fault::Body(format!("{{\"data\":{CANARY}").into()));
    house.bodies.send_replace(vec![BodyWant { resource_version: "9".into(), ..wants[0].clone() }].into());
    house.until("counted", |heard| heard.count(SourceKind::Helm, ErrorKind::Decode) >= 6).await;
    house.until("counted", |heard| heard.count(SourceKind::HelmBodies, ErrorKind::Decode) >= 4).await;
    faults.clear();
    house.until_synced().await;

    let errors = format!("{:?}", house.heard.errors);
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("sh.helm.release.v1.gim.v1"), "the object is named:\n{logged}");
    for text in [&errors, &logged] {
        for secret in [CANARY.to_owned(), STANDARD.encode(CANARY), encoded(CANARY)] {
            assert!(!text.contains(&secret), "{text}");
        }
    }
}

#[tokio::test]
async fn an_object_that_never_ends_is_refused() {
    let mut house = House::build().await;
    house.apply(Kind::Secrets, secret("gim", "gim", 1, "eA=="));
    house.until("the revision", |heard| heard.revisions.len() == 1).await;
    let body = vec![b' '; 5 * 1024 * 1024];
    house.server.faults().set(On::verb(Verb::Get), Fault::Body(body.into()));
    house.bodies.send_replace(vec![want(&house.heard, "gim.v1")].into());
    house.until("refused", |heard| heard.bodies.len() == 1).await;
    assert_eq!(house.heard.bodies[0].1, BodyState::Refused);
    assert_eq!(house.heard.count(SourceKind::HelmBodies, ErrorKind::TooLarge), 1);
}
