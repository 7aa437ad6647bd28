//! The Info Mart database read from a real PostgreSQL, and its startup exchange as a probe: `make e2e` runs it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

mod server;

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use gim_upgrade_exporter::index::change::Change;
use gim_upgrade_exporter::model::database::{
    DatabaseAt, DatabaseReading, ObjectState, SchemaExpectation, SchemaObject,
};
use gim_upgrade_exporter::model::dependency::{AskAt, ProbeFailure};
use gim_upgrade_exporter::model::names::Name;
use gim_upgrade_exporter::model::source::{ClockOffset, ErrorKind, SourceKind};
use gim_upgrade_exporter::model::suite::Suite;
use gim_upgrade_exporter::model::time::{Clock, Timestamp};
use gim_upgrade_exporter::net::trust::Trust;
use gim_upgrade_exporter::net::web::Web;
use gim_upgrade_exporter::observe::Ended;
use gim_upgrade_exporter::observe::dependencies::{self, Questions};
use gim_upgrade_exporter::observe::hearing::ServerClock;
use gim_upgrade_exporter::observe::info_mart::{self, Databases};
use server::Server;
use tokio::sync::mpsc::{Receiver, channel};
use tokio::task::JoinHandle;

/// The password that may show nowhere.
const CANARY: &str = "canary-Pa55w0rd";
/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

struct Machine;

impl Clock for Machine {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

fn clock() -> Arc<ServerClock> {
    Arc::new(ServerClock::new(Arc::new(Machine), Arc::new(ClockOffset::default())))
}

/// Everything that is logged, at the finest level.
fn log() -> &'static Mutex<Vec<u8>> {
    static LOG: OnceLock<&'static Mutex<Vec<u8>>> = OnceLock::new();
    LOG.get_or_init(|| {
        struct Writer(&'static Mutex<Vec<u8>>);

        impl io::Write for Writer {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0.lock().unwrap().extend_from_slice(bytes);
                Ok(bytes.len())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }

        let log: &'static Mutex<Vec<u8>> = Box::leak(Box::default());
        let finest = tracing_subscriber::filter::LevelFilter::TRACE;
        tracing_subscriber::fmt().with_max_level(finest).with_writer(move || Writer(log)).init();
        log
    })
}

fn at(server: &Server, user: &str, password_file: Option<&Path>) -> DatabaseAt {
    let name = |path: &Path| Name::from(path.to_str().unwrap());
    DatabaseAt {
        host: "127.0.0.1".into(),
        port: server.port(),
        database: "postgres".into(),
        user: user.into(),
        password_file: password_file.map(name),
        tls: false,
        ca_file: None,
    }
}

fn object(table: &str, column: Option<&str>) -> SchemaObject {
    SchemaObject { table: table.into(), column: column.map(Name::from) }
}

/// A reader at work.
struct Reader {
    heard: Receiver<Change>,
    task: JoinHandle<Ended>,
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Reader {
    fn start(at: DatabaseAt, objects: Vec<SchemaObject>, export_views: Vec<SchemaObject>) -> Self {
        let mut suite = Suite::default_suite();
        suite.surroundings.info_mart = Some(at);
        suite.schema = SchemaExpectation { version: None, objects, export_views };
        let (changes, heard) = channel(1);
        let (interval, trust) = (Duration::from_millis(500), Arc::new(Trust::default()));
        let settings = info_mart::Settings { interval, clock: clock(), trust, changes };
        Self { heard, task: tokio::spawn(info_mart::keep_reading(settings, Databases::of(&[suite]))) }
    }

    async fn change(&mut self) -> Change {
        let change = tokio::time::timeout(PATIENCE, self.heard.recv()).await.expect("something is heard").unwrap();
        assert!(!format!("{change:?}").contains(CANARY));
        change
    }

    /// The next reading that is as it should be.
    async fn until(&mut self, what: &str, good: impl Fn(&DatabaseReading) -> bool) -> DatabaseReading {
        let mut last = None;
        for _ in 0..200 {
            if let Change::Database(reading) = self.change().await {
                if good(&reading) {
                    return reading;
                }
                last = Some(reading);
            }
        }
        panic!("{what}: {last:?}")
    }

    async fn error(&mut self) -> (ErrorKind, String) {
        loop {
            match self.change().await {
                Change::SourceError { source, kind, detail } => {
                    assert_eq!(source.kind, SourceKind::InfoMart);
                    return (kind, detail.to_string());
                }
                Change::Database(reading) => panic!("a reading: {reading:?}"),
                _ => {}
            }
        }
    }
}

fn states(reading: &DatabaseReading) -> Vec<ObjectState> {
    reading.objects.iter().map(|(_, state)| *state).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_exists_and_is_being_populated() {
    use ObjectState::{Empty, Missing, Populated, Unknown};

    let server = Server::start();
    let admin = server.administrator().await;
    let sql = async |text: &str| admin.batch_execute(text).await.unwrap();
    sql(&format!("create role reader login password '{CANARY}'; grant usage on schema public to reader")).await;
    let password = server.file("password", &format!("{CANARY}\n"));
    let objects = vec![
        object("new_fact", None),
        object("new_fact", Some("new_column")),
        object("gim.\"Odd.One\"", None),
        object("secret_fact", None),
        object("hidden", None),
    ];
    let views = vec![object("export_fact", None), object("export_fact", Some("new_column")), object("hidden", None)];
    let mut reader = Reader::start(at(&server, "reader", Some(&password)), objects, views);

    let nothing = reader.until("nothing is there", |_| true).await;
    assert_eq!(states(&nothing), [Missing; 5]);
    assert_eq!(nothing.export_views.iter().map(|(_, there)| *there).collect::<Vec<_>>(), [false; 3]);
    assert_eq!((nothing.building_index, nothing.transform), (false, None));

    sql("create table new_fact (id int); grant select on new_fact to reader").await;
    reader.until("the table is empty, its column missing", |reading| states(reading)[..2] == [Empty, Missing]).await;
    sql("alter table new_fact add new_column text").await;
    reader.until("the column is there", |reading| states(reading)[..2] == [Empty, Empty]).await;
    sql("insert into new_fact values (1, null)").await;
    reader.until("rows, but no values", |reading| states(reading)[..2] == [Populated, Empty]).await;
    sql("insert into new_fact values (2, 'x')").await;
    reader.until("being populated", |reading| states(reading)[..2] == [Populated, Populated]).await;

    // One that may not be read, and one in a schema that was not named, hide nothing else.
    sql("create table secret_fact (id int); create schema gim; create table gim.hidden (id int)").await;
    sql("create table gim.\"Odd.One\" (id int); insert into gim.\"Odd.One\" values (1)").await;
    sql("grant usage on schema gim to reader; grant select on gim.\"Odd.One\" to reader").await;
    let expected = [Populated, Populated, Populated, Unknown, Unknown];
    let reading = reader.until("the rest goes on", |reading| states(reading) == expected).await;
    assert_eq!(reading.export_views.len(), 2, "of the view elsewhere nothing is known");
    let (kind, detail) = loop {
        if let Change::SourceError { kind, detail, .. } = reader.change().await {
            break (kind, detail);
        }
    };
    assert_eq!(kind, ErrorKind::Value);
    assert!(detail.contains("secret_fact: permission denied for table secret_fact (SQLSTATE 42501)"), "{detail}");

    sql("create view export_fact as select id from new_fact").await;
    let there = |reading: &DatabaseReading| reading.export_views.iter().map(|(_, there)| *there).collect::<Vec<_>>();
    reader.until("the view lacks the column", |reading| there(reading) == [true, false]).await;
    sql("create or replace view export_fact as select id, new_column from new_fact").await;
    reader.until("the view is current", |reading| there(reading) == [true, true]).await;

    sql("create table CTL_TRANSFORM_HISTORY (JOB_ID text, TRANSFORM_START_TIME timestamp, \
         TRANSFORM_END_TIME timestamp, ROW_COUNT numeric); grant select on ctl_transform_history to reader; \
         insert into ctl_transform_history values ('a', '2026-01-02 03:00', '2026-01-02 03:05', 7), \
         ('b', '2026-01-02 04:00', null, null), ('c', null, null, null)")
    .await;
    let transform = reader.until("a transformation", |reading| reading.transform.is_some()).await.transform.unwrap();
    assert_eq!(transform.started, Some("2026-01-02T04:00:00Z".parse().unwrap()));
    assert_eq!((transform.ended, transform.rows), (None, None));

    let writable = admin.query("select application_name from pg_stat_activity where usename = 'reader'", &[]).await;
    let names: Vec<String> = writable.unwrap().iter().map(|row| row.get(0)).collect();
    assert_eq!(names, ["gim-upgrade-exporter"], "one connection, kept");
    // Behind a pooler a session is another client's next.
    let written = server.log();
    let sets: Vec<&str> =
        written.match_indices("set ").map(|(at, _)| &written[at..written.len().min(at + 10)]).collect();
    assert!(!sets.is_empty() && sets.iter().all(|set| *set == "set local "), "{sets:?}");
    drop(reader);
    let logged = String::from_utf8_lossy(&log().lock().unwrap()).into_owned();
    assert!(!logged.contains(CANARY));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn columns_that_are_looked_for_too_long_cost_only_themselves() {
    use ObjectState::{Empty, Missing, Unknown};

    let server = Server::start();
    let admin = server.administrator().await;
    let columns: Vec<String> = (0..8).map(|number| format!("c{number}")).collect();
    // A policy that sleeps is looked through as slowly as a large table.
    let sql = format!(
        "create role reader login password '{CANARY}'; grant usage on schema public to reader; \
         create function slow() returns bool language sql as 'select pg_sleep(20) is null'; \
         create table wide ({} int default 1); insert into wide default values; grant select on wide to reader; \
         alter table wide enable row level security; create policy slow on wide using (slow()); \
         create view slow_view as select slow() as id; grant select on slow_view to reader",
        columns.join(" int default 1, ")
    );
    admin.batch_execute(&sql).await.unwrap();
    let password = server.file("password", CANARY);
    let mut objects = vec![object("slow_view", Some("id"))];
    objects.extend(columns.iter().map(|column| object("wide", Some(column))));
    objects.push(object("nowhere", None));
    let mut reader = Reader::start(at(&server, "reader", Some(&password)), objects, vec![object("slow_view", None)]);
    let reading = reader.until("it is read all the same", |_| true).await;
    let [view, columns @ .., nowhere] = &states(&reading)[..] else { panic!("{reading:?}") };
    assert_eq!((*view, *nowhere), (Unknown, Missing), "a view holds nothing itself; what is missing is always found");
    assert_eq!(columns[..4], [Empty; 4]);
    assert_eq!(columns[6..], [Unknown; 2], "no time was left");
    assert_eq!(reading.export_views, [(object("slow_view", None), true)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hosts_that_do_not_answer_keep_no_other_waiting() {
    let server = Server::start();
    drop(server.administrator().await);
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let suite = |name: &str, at: DatabaseAt| {
        let mut suite = Suite::default_suite();
        suite.name = name.into();
        suite.surroundings.info_mart = Some(at);
        suite
    };
    let good = at(&server, "postgres", None);
    let mut suites: Vec<Suite> =
        (0..8).map(|number| suite(&format!("silent-{number}"), DatabaseAt { port, ..good.clone() })).collect();
    suites.push(suite("good", good));
    let (changes, mut heard) = channel(1);
    let (interval, trust) = (Duration::from_secs(1), Arc::new(Trust::default()));
    let settings = info_mart::Settings { interval, clock: clock(), trust, changes };
    let reading = tokio::spawn(info_mart::keep_reading(settings, Databases::of(&suites)));
    loop {
        match heard.recv().await.unwrap() {
            Change::Database(reading) => break assert_eq!(&*reading.suite, "good"),
            Change::SourceError { detail, .. } => panic!("it waited until the silent ones were given up: {detail}"),
            _ => {}
        }
    }
    reading.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_in_mid_query_and_comes_back() {
    let mut server = Server::start();
    let admin = server.administrator().await;
    let view = "create table here (id int); insert into here values (1); \
                create function slow() returns int language sql as 'select 1 from pg_sleep(3)'; \
                create view slow_view as select slow() as id";
    admin.batch_execute(view).await.unwrap();
    let objects = vec![object("here", None), object("slow_view", Some("id"))];
    let mut reader = Reader::start(at(&server, "postgres", None), objects, Vec::new());
    reader.until("it is read", |reading| states(reading) == [ObjectState::Populated; 2]).await;
    let running = "select count(*) from pg_stat_activity where query like '%slow_view%' and state = 'active' \
                   and pid <> pg_backend_pid()";
    while admin.query_one(running, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    server.kill();
    let (kind, detail) = reader.error().await;
    assert_eq!(kind, ErrorKind::Connect, "{detail}");
    server.restart().await;
    reader.until("it is read again", |reading| states(reading) == [ObjectState::Populated; 2]).await;
    admin_settings(&server).await;
}

/// The connection cannot write, whoever the user is.
async fn admin_settings(server: &Server) {
    let admin = server.administrator().await;
    admin.batch_execute("create table written (id int)").await.unwrap();
    let writes = "create function writes() returns int language sql as 'insert into written values (1) returning 1'; \
                  create view writing as select writes() as id";
    admin.batch_execute(writes).await.unwrap();
    let mut reader = Reader::start(at(server, "postgres", None), vec![object("writing", Some("id"))], Vec::new());
    reader.until("it may not write", |reading| states(reading) == [ObjectState::Unknown]).await;
    let count = admin.query_one("select count(*) from written", &[]).await.unwrap().get::<_, i64>(0);
    assert_eq!(count, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passwords_tls_and_probes() {
    log();
    let mut server = Server::start();
    let admin = server.administrator().await;
    for role in ["reader", "encrypted"] {
        admin.batch_execute(&format!("create role {role} login password '{CANARY}'")).await.unwrap();
    }
    let password = server.file("password", "wrong-canary");
    let mut reader = Reader::start(at(&server, "reader", Some(&password)), Vec::new(), Vec::new());
    let (kind, detail) = reader.error().await;
    assert_eq!(kind, ErrorKind::Forbidden, "{detail}");
    assert!(detail.contains("password authentication failed for user \"reader\" (SQLSTATE 28P01)"), "{detail}");
    assert!(!detail.contains("wrong-canary"), "{detail}");
    server.file("password", CANARY);
    while !matches!(reader.change().await, Change::Database(_)) {}
    drop(reader);

    let encrypted = at(&server, "encrypted", Some(&password));
    let mut reader = Reader::start(encrypted.clone(), Vec::new(), Vec::new());
    assert_eq!(reader.error().await.0, ErrorKind::Forbidden, "it wants TLS");
    let authority = |file: &str| {
        let path = server.authority().with_file_name(file);
        DatabaseAt { tls: true, ca_file: Some(path.to_str().unwrap().into()), ..encrypted.clone() }
    };
    let mut reader = Reader::start(authority("other.crt"), Vec::new(), Vec::new());
    let (_, detail) = reader.error().await;
    assert!(detail.contains("TLS") && detail.contains("certificate"), "{detail}");
    let mut reader = Reader::start(authority("ca.crt"), Vec::new(), Vec::new());
    reader.until("it is read over TLS", |_| true).await;
    let over_tls =
        "select count(*) from pg_stat_ssl join pg_stat_activity using (pid) where ssl and usename = 'encrypted'";
    assert_eq!(admin.query_one(over_tls, &[]).await.unwrap().get::<_, i64>(0), 1);

    let (ca, other) = (server.authority(), server.authority().with_file_name("other.crt"));
    let before = server.log().len();
    assert_eq!(probe(&server, false, None).await, Ok(()));
    assert_eq!(probe(&server, true, Some(&ca)).await, Ok(()));
    let probing = "select count(*) from pg_stat_activity where usename = 'gim_upgrade_exporter'";
    while admin.query_one(probing, &[]).await.unwrap().get::<_, i64>(0) > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let written = server.log();
    let is_told = |line: &&str| {
        ["got message type", "could not receive", "unexpected", "connection to client lost"]
            .iter()
            .any(|it| line.contains(it))
    };
    let complaints: Vec<&str> = written[before..].lines().filter(is_told).collect();
    assert!(complaints.is_empty(), "a probe is nothing to complain of: {complaints:?}");
    assert_eq!(probe(&server, true, Some(&other)).await, Err(ProbeFailure::Other));
    server.kill();
    assert_eq!(probe(&server, true, Some(&ca)).await, Err(ProbeFailure::Refused));
    drop(reader);
    let logged = String::from_utf8_lossy(&log().lock().unwrap()).into_owned();
    assert!(logged.contains("28P01") && !logged.contains("canary"), "{logged}");
}

/// What the startup exchange says.
async fn probe(server: &Server, tls: bool, ca_file: Option<&Path>) -> Result<(), ProbeFailure> {
    let mut suite = Suite::default_suite();
    let addresses = vec![format!("127.0.0.1:{}", server.port()).into()];
    suite.surroundings.database = Some(AskAt::Addresses { addresses, tls });
    suite.surroundings.ca_file = ca_file.map(|file| file.to_str().unwrap().into());
    let (changes, mut heard) = channel(8);
    let trust = Arc::new(Trust::default());
    let settings = dependencies::Settings {
        interval: Duration::from_secs(5),
        clock: clock(),
        web: Arc::new(Web::new(Arc::clone(&trust))),
        trust,
        prometheus: None,
        changes,
    };
    let asking = tokio::spawn(dependencies::keep_asking(settings, Questions::of(&[suite])));
    let outcome = loop {
        if let Change::Probe(probe) = heard.recv().await.unwrap() {
            break probe.outcome;
        }
    };
    asking.abort();
    outcome
}
