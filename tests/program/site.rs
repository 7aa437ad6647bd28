//! What the exporter says over HTTP, and how a test waits for it to say something.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::Value;

/// Far longer than anything here takes, on the slowest machine.
pub const PATIENCE: Duration = Duration::from_mins(1);
/// How often it is looked again.
const LOOK: Duration = Duration::from_millis(20);

/// `Accept` of each format.
pub const PLAIN: &str = "text/plain;version=0.0.4";
pub const OPEN_METRICS: &str = "application/openmetrics-text;version=1.0.0";

/// A running exporter's address.
#[derive(Clone, Debug)]
pub struct Site(pub String);

/// Series with their labels as they are written, and their values.
pub type Series = BTreeMap<String, String>;

impl Site {
    /// The status code and the body.
    pub fn get(&self, path: &str, accept: &str) -> (u16, String) {
        self.ask("GET", path, &format!("Accept: {accept}\r\n"))
    }

    /// The same by another method, with these lines of the head.
    pub fn ask(&self, method: &str, path: &str, head: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.0).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // With HTTP/1.0 a body ends with its connection.
        write!(stream, "{method} {path} HTTP/1.0\r\nHost: exporter\r\n{head}\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// The page of metrics in text 0.0.4.
    pub fn series(&self) -> Series {
        series(&self.get("/metrics", PLAIN).1)
    }

    pub fn status(&self) -> Value {
        serde_json::from_str(&self.get("/api/v1/status", "*/*").1).unwrap()
    }

    pub fn is_ready(&self) -> bool {
        self.get("/readyz", "*/*").0 == 200
    }

    /// What the status says of a source: the first of its kind, or that of `namespace`.
    pub fn source(&self, kind: &str, namespace: Option<&str>) -> Value {
        let status = self.status();
        let sources = status["sources"].as_array().unwrap();
        let is_it = |source: &&Value| {
            source["source"] == kind && namespace.is_none_or(|namespace| source["target_namespace"] == namespace)
        };
        sources.iter().find(is_it).cloned().unwrap_or(Value::Null)
    }

    /// The verdict on a component, with its reasons: `unknown pods_stale`.
    pub fn verdict(&self, suite: &str, component: &str) -> String {
        let status = self.status();
        let suites = status["suites"].as_array().unwrap();
        let suite = suites.iter().find(|found| found["name"] == suite).unwrap();
        let verdict = &suite["components"][component]["verdict"];
        let reasons = verdict["reasons"].as_array().unwrap().iter().map(|reason| reason["reason"].as_str().unwrap());
        std::iter::once(verdict["verdict"].as_str().unwrap()).chain(reasons).collect::<Vec<_>>().join(" ")
    }

    /// Waits until the exporter says that all is well: every verdict `none`.
    pub fn wait_until_well(&self) {
        let verdicts =
            || crate::cluster::SUITES.map(|(suite, _)| ["gim", "gsp", "gca"].map(|c| self.verdict(suite, c)));
        eventually("all is well", verdicts, |verdicts| verdicts.iter().flatten().all(|verdict| verdict == "none"));
    }
}

/// The series of a page.
pub fn series(page: &str) -> Series {
    let lines = page.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines.map(|line| line.rsplit_once(' ').unwrap()).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Looks until what is seen is what is waited for, and gives it.
pub fn eventually<T: std::fmt::Debug>(what: &str, mut look: impl FnMut() -> T, mut is_it: impl FnMut(&T) -> bool) -> T {
    let began = Instant::now();
    loop {
        let seen = look();
        if is_it(&seen) {
            return seen;
        }
        assert!(began.elapsed() < PATIENCE, "{what}: still {seen:#?}");
        std::thread::sleep(LOOK);
    }
}
