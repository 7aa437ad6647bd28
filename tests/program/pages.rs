//! Metrics endpoints under one address, a path for each suite's GIM, whose answers a test changes.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What an endpoint answers.
#[derive(Clone)]
pub enum Answer {
    /// This page.
    Page(String),
    /// A page that never ends, of lines without a fault.
    Endless,
}

#[derive(Clone)]
pub struct Pages {
    address: SocketAddr,
    answers: Arc<Mutex<HashMap<String, Answer>>>,
}

impl Pages {
    /// Serves these pages for as long as the process lives.
    pub fn serve(pages: &[(&str, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let answers = pages.iter().map(|(suite, page)| ((*suite).to_owned(), Answer::Page((*page).to_owned())));
        let answers = Arc::new(Mutex::new(answers.collect::<HashMap<_, _>>()));
        let pages = Self { address, answers };
        let served = pages.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let pages = served.clone();
                // A client that goes away is what an endless page ends with.
                std::thread::spawn(move || pages.answer(&stream));
            }
        });
        pages
    }

    pub fn url(&self, suite: &str) -> String {
        format!("http://{}/{suite}", self.address)
    }

    /// Changes what a suite's endpoint answers, and gives what it answered.
    pub fn set(&self, suite: &str, answer: Answer) -> Answer {
        self.answers.lock().unwrap().insert(suite.to_owned(), answer).unwrap()
    }

    fn answer(&self, stream: &TcpStream) -> std::io::Result<()> {
        let mut lines = BufReader::new(stream).lines();
        let request = lines.next().transpose()?.unwrap_or_default();
        // The rest of the head: a connection that is closed with bytes unread is reset, and its answer lost.
        for line in lines {
            if line?.is_empty() {
                break;
            }
        }
        let suite = request.split(['/', ' ']).nth(2).unwrap_or_default().to_owned();
        let answer = self.answers.lock().unwrap().get(&suite).cloned();
        let mut stream = stream;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nConnection: close\r\n\r\n")?;
        match answer {
            Some(Answer::Page(page)) => stream.write_all(page.as_bytes()),
            Some(Answer::Endless) => {
                let block = format!("# {}\n", "never ".repeat(100)).repeat(100);
                loop {
                    stream.write_all(block.as_bytes())?;
                }
            }
            None => Ok(()),
        }
    }
}
