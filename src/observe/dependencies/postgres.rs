//! `PostgreSQL`: whether a server answers. The startup exchange is begun and not finished: no password is needed to learn that
//! a server takes connections. One that starts up or shuts down answers too, and says so.

use std::sync::Arc;

use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use super::ProbeError;
use crate::model::dependency::ProbeFailure;
use crate::net::dial::encrypt;

/// Number of the request for TLS.
const SSL_REQUEST: i32 = 80_877_103;
/// Version 3.0 of the protocol.
const PROTOCOL: i32 = 196_608;
/// The parameters of the exchange. That the role or database may not exist does not matter: the server says so and lives.
const PARAMETERS: &str = "user\0gim_upgrade_exporter\0database\0postgres\0application_name\0gim-upgrade-exporter\0\0";
/// The largest answer that is read: a list of ways to authenticate, or an error's few sentences.
const MAX_ANSWER_BYTES: usize = 16 * 1024;
/// The class of errors of a server that is not there for anybody: shutting down, crashed, starting up.
const OPERATOR_INTERVENTION: &[u8] = b"57P";

/// Asks a server, over TLS where there is a configuration for it.
pub async fn ask(mut stream: TcpStream, host: &str, tls: Option<Arc<ClientConfig>>) -> Result<(), ProbeError> {
    let Some(config) = tls else { return begin(stream).await };
    stream.write_all(&[&8_i32.to_be_bytes()[..], &SSL_REQUEST.to_be_bytes()].concat()).await?;
    match stream.read_u8().await? {
        b'S' => begin(encrypt(stream, host, config).await?).await,
        b'N' => Err(ProbeError::new(ProbeFailure::Other, "the server speaks no TLS; set `tls: false`")),
        // A server that cannot even fork says so without TLS.
        b'E' => Err(ProbeError::protocol("an error instead of TLS")),
        _ => Err(ProbeError::protocol("no answer of PostgreSQL's protocol")),
    }
}

/// Begins the exchange and reads the first answer.
async fn begin<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) -> Result<(), ProbeError> {
    let size = i32::try_from(PARAMETERS.len() + 8).unwrap_or_default();
    let parts = [&size.to_be_bytes()[..], &PROTOCOL.to_be_bytes(), PARAMETERS.as_bytes()];
    stream.write_all(&parts.concat()).await?;
    stream.flush().await?;
    let kind = stream.read_u8().await?;
    let not_postgres = || ProbeError::protocol("no answer of PostgreSQL's protocol");
    if !matches!(kind, b'R' | b'E' | b'v') {
        return Err(not_postgres());
    }
    let size = usize::try_from(stream.read_i32().await?).ok().and_then(|size| size.checked_sub(4));
    let size = size.filter(|size| (4..=MAX_ANSWER_BYTES).contains(size)).ok_or_else(not_postgres)?;
    let mut body = vec![0; size];
    stream.read_exact(&mut body).await?;
    // A good-bye would be logged as an error by a server that waits for the password; the end of the stream is not.
    let _ = stream.shutdown().await;
    if kind == b'E' { error(&body) } else { Ok(()) }
}

/// Judges an error: a server that refuses us lives, unless it refuses everybody.
fn error(body: &[u8]) -> Result<(), ProbeError> {
    let code = body.split(|&byte| byte == 0).find_map(|field| field.strip_prefix(b"C"));
    match code {
        Some(code) if code.starts_with(OPERATOR_INTERVENTION) => Err(ProbeError::protocol(format!(
            "the server starts up or shuts down (SQLSTATE {})",
            String::from_utf8_lossy(code)
        ))),
        Some(code) if code.len() == 5 && code.iter().all(u8::is_ascii_alphanumeric) => Ok(()),
        _ => Err(ProbeError::protocol("no answer of PostgreSQL's protocol")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::dependencies::tests::answered;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let size = i32::try_from(body.len() + 4).unwrap();
        [&[kind], &size.to_be_bytes()[..], body].concat()
    }

    #[tokio::test]
    async fn answers() {
        let error = |code: &str| message(b'E', format!("SFATAL\0VFATAL\0C{code}\0Mcanary\0\0").as_bytes());
        let cases: Vec<(&str, Vec<u8>, Option<ProbeFailure>)> = vec![
            ("no password wanted", message(b'R', &[0, 0, 0, 0]), None),
            ("SCRAM", message(b'R', b"\0\0\0\x0aSCRAM-SHA-256\0\0"), None),
            ("another minor version", message(b'v', &[0, 3, 0, 0, 0, 0, 0, 0]), None),
            ("unknown role", error("28000"), None),
            ("too many connections", error("53300"), None),
            ("starting up", error("57P03"), Some(ProbeFailure::Protocol)),
            ("shutting down", error("57P01"), Some(ProbeFailure::Protocol)),
            ("an error without code", message(b'E', b"SFATAL\0\0"), Some(ProbeFailure::Protocol)),
            ("HTTP", b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), Some(ProbeFailure::Protocol)),
            ("a size too large", vec![b'R', 0x7f, 0xff, 0xff, 0xff], Some(ProbeFailure::Protocol)),
            ("a negative size", vec![b'E', 0xff, 0xff, 0xff, 0xff], Some(ProbeFailure::Protocol)),
            ("half an answer", vec![b'R', 0, 0, 0, 8, 0], Some(ProbeFailure::Other)),
            ("nothing", Vec::new(), Some(ProbeFailure::Other)),
        ];
        for (what, bytes, failure) in cases {
            let said = begin(answered(bytes)).await;
            assert_eq!(said.as_ref().err().map(|error| error.failure), failure, "{what}");
            assert!(!said.err().is_some_and(|error| error.to_string().contains("canary")), "{what}");
        }
    }
}
