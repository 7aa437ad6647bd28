//! Somebody who listens to `/api/v1/events`, as a browser or `curl` would.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::time::Instant;

use crate::site::{PATIENCE, Site};

/// An open stream of events.
pub struct Listener {
    stream: BufReader<TcpStream>,
    /// Signs of life must not keep a test waiting for what does not come.
    deadline: Instant,
    /// The head of the answer.
    pub head: String,
}

impl Listener {
    /// Opens one; `query` begins with `?` or is empty.
    pub fn open(site: &Site, query: &str) -> Self {
        let mut stream = TcpStream::connect(&site.0).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // With HTTP/1.0 nothing stands between the lines.
        write!(stream, "GET /api/v1/events{query} HTTP/1.0\r\nHost: exporter\r\n\r\n").unwrap();
        let mut stream = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(stream.read_line(&mut head).unwrap() > 0, "no answer: {head}");
        }
        Self { stream, deadline: Instant::now() + PATIENCE, head }
    }

    /// The next line, without its end; `None` at the end of the stream.
    pub fn line(&mut self) -> Option<String> {
        assert!(Instant::now() < self.deadline, "what is waited for did not come");
        let mut line = String::new();
        (self.stream.read_line(&mut line).unwrap() > 0).then(|| line.trim_end_matches('\n').to_owned())
    }

    /// The next event that has data: its name and its data.
    pub fn event(&mut self) -> (String, String) {
        let (mut name, mut data) = (String::new(), Vec::new());
        loop {
            let line = self.line().unwrap();
            match line.split_once(": ") {
                Some(("event", value)) => value.clone_into(&mut name),
                Some(("data", value)) => data.push(value.to_owned()),
                None if line.is_empty() && !data.is_empty() => return (name, data.join("\n")),
                _ => {}
            }
        }
    }
}
