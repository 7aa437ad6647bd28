use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use http_body_util::BodyExt as _;

use super::*;
use crate::model::time::{Timestamp, after};
use crate::model::web::{Access, PasswordHash, RateLimit, ResponseHeader};

/// A clock that stands until it is moved.
#[derive(Default)]
pub(in crate::server) struct HeldClock(AtomicU64);

impl HeldClock {
    pub(in crate::server) fn advance(&self, by: Duration) {
        self.0.fetch_add(u64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for HeldClock {
    fn now(&self) -> Timestamp {
        after(Timestamp::UNIX_EPOCH, Duration::from_millis(self.0.load(Ordering::SeqCst)))
    }
}

fn settings() -> WebSettings {
    let hash = |password: &str| PasswordHash { text: bcrypt::hash(password, 4).unwrap().into(), cost: 4 };
    let users = [("alice", hash("open sesame")), ("böb", hash("a:b"))];
    WebSettings { users: users.into_iter().map(|(user, hash)| (user.into(), hash)).collect(), ..WebSettings::default() }
}

fn door(settings: &WebSettings, open: &[&str], reviewer: Option<Reviewer>, clock: &Arc<HeldClock>) -> Door {
    let access = WebAccess { kubernetes_auth: false, open_paths: open.iter().map(|&path| path.into()).collect() };
    let clock: Arc<dyn Clock> = Arc::<HeldClock>::clone(clock);
    Door::new(settings, &access, reviewer, &clock, Arc::default()).unwrap()
}

async fn asked(door: &Door, path: &str, authorization: &[&str]) -> u16 {
    let mut request = http::Request::builder().uri(path);
    for value in authorization {
        request = request.header(AUTHORIZATION, *value);
    }
    let request = request.body(()).unwrap();
    door.admit(&request).await.map_or_else(|response| response.status().as_u16(), |()| 200)
}

fn basic(user_and_password: &str) -> String {
    format!("Basic {}", STANDARD.encode(user_and_password))
}

#[tokio::test]
async fn an_open_door_asks_nobody() {
    assert_eq!(asked(&Door::open(), "/metrics", &[]).await, 200);
    assert_eq!(asked(&Door::open(), "/metrics", &["nonsense"]).await, 200);
}

#[tokio::test]
async fn only_the_right_password_of_a_known_user_comes_in() {
    let clock = Arc::new(HeldClock::default());
    let door = door(&settings(), &["/livez"], None, &clock);
    let right = basic("alice:open sesame");
    for (authorization, expected) in [
        (vec![], 401),
        (vec![&*right], 200),
        (vec![&*right], 200),
        (vec![&*basic("böb:a:b")], 200),
        (vec![&*right.replace("Basic", "bASIC")], 200),
        (vec![&*basic("alice:open sesam")], 401),
        (vec![&*basic("alice:a:b")], 401),
        (vec![&*basic("carol:open sesame")], 401),
        (vec![&*basic("alice")], 401),
        (vec!["Basic"], 401),
        (vec!["Basic !!!"], 401),
        (vec!["Bearer x"], 401),
        (vec![&*right, &*right], 401),
    ] {
        assert_eq!(asked(&door, "/metrics", &authorization).await, expected, "{authorization:?}");
    }
    assert_eq!(asked(&door, "/livez", &[]).await, 200);
    assert_eq!(asked(&door, "/livez/", &[]).await, 401, "open is what is named and nothing below it");
    assert_eq!(door.rejections.so_far(Rejection::Unauthenticated), 10);

    let request = http::Request::builder().uri("/metrics").body(()).unwrap();
    let refusal = door.admit(&request).await.unwrap_err();
    assert_eq!(refusal.headers()[WWW_AUTHENTICATE], "Basic realm=\"gim-upgrade-exporter\"");
    assert_eq!(refusal.into_body().collect().await.unwrap().to_bytes(), "unauthorized\n");
}

#[tokio::test]
async fn tokens_are_judged_by_the_reviewer_and_remembered_for_a_while() {
    let clock = Arc::new(HeldClock::default());
    let times = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&times);
    let reviewer: Reviewer = Arc::new(move |access: Access| {
        counted.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            match (&*access.token, access.verb, &*access.path) {
                ("good", "get", "/metrics" | "/gim-upgrade-exporter/api/v1/status") => Ok(Permission::Allowed),
                // As to everybody who is known.
                ("known", "get", path) if path.starts_with("/api/") => Ok(Permission::Allowed),

                ("good" | "known", ..) => Ok(Permission::Forbidden),
                ("away", ..) => Err("no connection".to_owned()),
                _ => Ok(Permission::Unauthenticated),
            }
        })
    });
    let door = door(&settings(), &[], Some(reviewer), &clock);
    for (token, path, expected) in [
        ("Bearer good", "/metrics", 200),
        ("bearer good", "/metrics?x=y", 200),
        ("Bearer good", "/", 403),
        ("Bearer good", "/api/v1/status", 200),
        ("Bearer known", "/api/v1/status", 403),
        ("Bearer bad", "/metrics", 401),
        ("Bearer bad", "/metrics", 401),
        ("Bearer away", "/metrics", 503),
        ("Bearer away", "/metrics", 503),
        ("Bearer ", "/metrics", 401),
    ] {
        assert_eq!(asked(&door, path, &[token]).await, expected, "{token} {path}");
    }
    assert_eq!(times.load(Ordering::SeqCst), 7, "what is decided is remembered, what is not is asked again");
    assert_eq!(asked(&door, "/metrics", &[&*basic("alice:open sesame")]).await, 200, "passwords count beside tokens");
    clock.advance(Duration::from_mins(1));
    assert_eq!(asked(&door, "/metrics", &["Bearer good"]).await, 200);
    assert_eq!(times.load(Ordering::SeqCst), 8, "and asked again in the end");
}

#[tokio::test]
async fn who_asks_too_often_waits_and_probes_do_not() {
    let clock = Arc::new(HeldClock::default());
    let limit = RateLimit { interval: Duration::from_secs(1), burst: 1 };
    let settings = WebSettings { rate_limit: Some(limit), ..WebSettings::default() };
    let door = door(&settings, &["/livez"], None, &clock);
    assert_eq!(asked(&door, "/metrics", &[]).await, 200);
    assert_eq!(asked(&door, "/metrics", &[]).await, 429);
    assert_eq!(asked(&door, "/livez", &[]).await, 200);
    clock.advance(Duration::from_secs(1));
    assert_eq!(asked(&door, "/metrics", &[]).await, 200);
}

#[test]
fn headers_of_the_configuration_stand_over_ours() {
    let headers = [(ResponseHeader::FrameOptions, "deny".into())].into();
    let door = door(&WebSettings { headers, ..WebSettings::default() }, &[], None, &Arc::default());
    let mut response = text(StatusCode::OK, "");
    response.headers_mut().insert("x-frame-options", HeaderValue::from_static("sameorigin"));
    door.dress(&mut response);
    assert_eq!(response.headers().get_all("x-frame-options").iter().collect::<Vec<_>>(), ["deny"]);
}

#[tokio::test]
async fn a_new_door_knows_the_passwords_of_the_former_one() {
    let clock = Arc::new(HeldClock::default());
    let settings = settings();
    let former = door(&settings, &[], None, &clock);
    let right = basic("alice:open sesame");
    assert_eq!(asked(&former, "/metrics", &[&right]).await, 200);
    // From here on nothing can be compared any more.
    former.passwords.as_ref().unwrap().turns.close();
    let after = door(&settings, &[], None, &clock).after(&former);
    assert_eq!(asked(&after, "/metrics", &[&right]).await, 200);
    assert_eq!(asked(&after, "/metrics", &[&basic("alice:guessed")]).await, 503);
    assert_eq!(asked(&door(&settings, &[], None, &clock).after(&Door::open()), "/metrics", &[&right]).await, 200);
}
