//! An HTTP client for one request after the other on one connection, which costs as little as can be, so that what is
//! measured is the server.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

/// How much is taken from the socket at once.
const BUFFER_BYTES: usize = 256 * 1024;
/// Longer than any answer of a program that works.
const TIMEOUT: Duration = Duration::from_secs(30);
/// What Prometheus 3 asks for.
const ACCEPT: &str = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
    application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
    text/plain;version=0.0.4;q=0.3,*/*;q=0.2";

/// How a body comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Compressed, as Prometheus asks for it.
    Gzip,
    /// As it is.
    Identity,
}

impl Encoding {
    /// As HTTP spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Identity => "identity",
        }
    }
}

/// A connection to a server.
pub struct Client {
    stream: BufReader<TcpStream>,
    address: SocketAddr,
}

/// What the head of an answer tells.
#[derive(Debug, Default)]
struct Head {
    status: u16,
    length: Option<usize>,
    chunked: bool,
    gzip: bool,
}

impl Client {
    /// Connects.
    pub fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        Ok(Self { stream: BufReader::with_capacity(BUFFER_BYTES, stream), address })
    }

    /// Asks for a path and gives the status, its body thrown away.
    pub fn status(&mut self, path: &str) -> Result<u16> {
        let head = self.send(path, Encoding::Identity)?;
        self.body(&head, |_| {})?;
        Ok(head.status)
    }

    /// Reads a page that must be there, in this encoding, and throws it away.
    pub fn read(&mut self, path: &str, encoding: Encoding) -> Result<()> {
        let head = self.page(path, encoding)?;
        self.body(&head, |_| {})
    }

    /// Reads a page that must be there, in this encoding, and keeps its bytes as they came.
    pub fn keep(&mut self, path: &str, encoding: Encoding) -> Result<Vec<u8>> {
        let head = self.page(path, encoding)?;
        let mut body = Vec::with_capacity(head.length.unwrap_or_default());
        self.body(&head, |bytes| body.extend_from_slice(bytes))?;
        Ok(body)
    }

    fn page(&mut self, path: &str, encoding: Encoding) -> Result<Head> {
        let head = self.send(path, encoding)?;
        ensure!(head.status == 200, "{path} of {} is answered {}", self.address, head.status);
        ensure!(head.gzip == (encoding == Encoding::Gzip), "{path} of {} is not {}", self.address, encoding.as_str());
        Ok(head)
    }

    fn send(&mut self, path: &str, encoding: Encoding) -> Result<Head> {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nUser-Agent: Prometheus/3.5.0\r\nAccept: {ACCEPT}\r\n\
             Accept-Encoding: {}\r\nX-Prometheus-Scrape-Timeout-Seconds: 10\r\n\r\n",
            self.address,
            encoding.as_str(),
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        self.head()
    }

    fn head(&mut self) -> Result<Head> {
        let mut head = Head::default();
        let first = self.line()?;
        head.status = first.split(' ').nth(1).and_then(|status| status.parse().ok()).context("not an HTTP answer")?;
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(':') else { return Ok(head) };
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "content-length" => head.length = Some(value.parse()?),
                "transfer-encoding" => head.chunked = value == "chunked",
                "content-encoding" => head.gzip = value == "gzip",
                _ => {}
            }
        }
    }

    /// One line without its end.
    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        ensure!(self.stream.read_line(&mut line)? > 0, "{} closed the connection", self.address);
        line.truncate(line.trim_end().len());
        Ok(line)
    }

    fn body(&mut self, head: &Head, mut take: impl FnMut(&[u8])) -> Result<()> {
        if !head.chunked {
            return self.bytes(head.length.context("an answer without length")?, &mut take);
        }
        loop {
            let length = usize::from_str_radix(&self.line()?, 16)?;
            self.bytes(length, &mut take)?;
            self.line()?;
            if length == 0 {
                return Ok(());
            }
        }
    }

    fn bytes(&mut self, mut left: usize, take: &mut impl FnMut(&[u8])) -> Result<()> {
        while left > 0 {
            let buffer = self.stream.fill_buf()?;
            if buffer.is_empty() {
                bail!("{} closed the connection in the middle of a body", self.address);
            }
            let piece = buffer.get(..left.min(buffer.len())).unwrap_or_default();
            take(piece);
            let taken = piece.len();
            self.stream.consume(taken);
            left -= taken;
        }
        Ok(())
    }
}
