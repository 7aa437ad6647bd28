//! Kafka: whether a broker answers. The question is `ApiVersions`, version 0, which a broker answers before anybody has
//! authenticated; a TCP connection alone would be accepted by any proxy in front of a dead broker.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::ProbeError;

/// Number of the request in Kafka's protocol.
const API_VERSIONS: i16 = 18;
/// What connects the answer with the question: any number will do.
const CORRELATION: i32 = 0x6769_6d75;
/// By this name the broker's log may know us.
const CLIENT: &str = "gim-upgrade-exporter";
/// The largest answer: brokers know fewer than 100 requests, 6 bytes each.
const MAX_ANSWER_BYTES: usize = 16 * 1024;
/// Correlation, error code and count of requests.
const HEAD_BYTES: usize = 10;
/// Number, least and greatest version of a request.
const ENTRY_BYTES: usize = 6;
/// Error code of a broker that speaks other versions of the question: it lives.
const UNSUPPORTED_VERSION: i16 = 35;

/// Asks a broker.
pub async fn ask<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) -> Result<(), ProbeError> {
    stream.write_all(&question()).await?;
    stream.flush().await?;
    let mut size = [0; 4];
    stream.read_exact(&mut size).await?;
    let size = usize::try_from(i32::from_be_bytes(size)).unwrap_or(usize::MAX);
    if !(HEAD_BYTES..=MAX_ANSWER_BYTES).contains(&size) {
        return Err(ProbeError::protocol("no answer of Kafka's protocol"));
    }
    let mut answer = vec![0; size];
    stream.read_exact(&mut answer).await?;
    check(&answer)
}

fn question() -> Vec<u8> {
    let mut body = Vec::with_capacity(64);
    body.extend_from_slice(&API_VERSIONS.to_be_bytes());
    body.extend_from_slice(&0_i16.to_be_bytes());
    body.extend_from_slice(&CORRELATION.to_be_bytes());
    let length = i16::try_from(CLIENT.len()).unwrap_or_default();
    body.extend_from_slice(&length.to_be_bytes());
    body.extend_from_slice(CLIENT.as_bytes());
    let size = i32::try_from(body.len()).unwrap_or_default();
    [&size.to_be_bytes()[..], &body].concat()
}

/// Checks an answer, without the size in front of it.
fn check(answer: &[u8]) -> Result<(), ProbeError> {
    let not_kafka = || ProbeError::protocol("no answer of Kafka's protocol");
    let (head, entries) = answer.split_first_chunk::<HEAD_BYTES>().ok_or_else(not_kafka)?;
    let [c0, c1, c2, c3, e0, e1, n0, n1, n2, n3] = *head;
    if i32::from_be_bytes([c0, c1, c2, c3]) != CORRELATION {
        return Err(not_kafka());
    }
    let count = usize::try_from(i32::from_be_bytes([n0, n1, n2, n3])).map_err(|_| not_kafka())?;
    match i16::from_be_bytes([e0, e1]) {
        0 if count > 0 && count.checked_mul(ENTRY_BYTES) == Some(entries.len()) => Ok(()),
        0 => Err(not_kafka()),
        // Such an answer may have no entries.
        UNSUPPORTED_VERSION => Ok(()),
        code => Err(ProbeError::protocol(format!("Kafka error {code}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::dependency::ProbeFailure;
    use crate::observe::dependencies::tests::{answered, silent};

    fn answer(correlation: i32, error: i16, count: i32, entries: usize) -> Vec<u8> {
        let mut body = Vec::new();
        body.extend_from_slice(&correlation.to_be_bytes());
        body.extend_from_slice(&error.to_be_bytes());
        body.extend_from_slice(&count.to_be_bytes());
        body.extend_from_slice(&vec![0; entries * ENTRY_BYTES]);
        [&i32::try_from(body.len()).unwrap().to_be_bytes()[..], &body].concat()
    }

    #[test]
    fn the_question_is_what_brokers_read() {
        let question = question();
        assert_eq!(question[..4], 30_i32.to_be_bytes());
        assert_eq!(question.len(), 34);
        assert_eq!(question[4..8], [0, 18, 0, 0]);
        assert_eq!(&question[14..], b"gim-upgrade-exporter");
    }

    #[tokio::test]
    async fn answers() {
        let good = answer(CORRELATION, 0, 3, 3);
        let cases: Vec<(&str, Vec<u8>, Option<ProbeFailure>)> = vec![
            ("a broker", good.clone(), None),
            ("a broker of other versions", answer(CORRELATION, 35, 0, 0), None),
            ("another correlation", answer(7, 0, 3, 3), Some(ProbeFailure::Protocol)),
            ("an error", answer(CORRELATION, 42, 0, 0), Some(ProbeFailure::Protocol)),
            ("fewer entries than told", answer(CORRELATION, 0, 4, 3), Some(ProbeFailure::Protocol)),
            ("no entries", answer(CORRELATION, 0, 0, 0), Some(ProbeFailure::Protocol)),
            ("a negative count", answer(CORRELATION, 0, -1, 0), Some(ProbeFailure::Protocol)),
            ("HTTP", b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), Some(ProbeFailure::Protocol)),
            ("a negative size", vec![0xff; 40], Some(ProbeFailure::Protocol)),
            ("a size too small", vec![0, 0, 0, 4, 0, 0, 0, 0], Some(ProbeFailure::Protocol)),
            ("half an answer", good[..12].to_vec(), Some(ProbeFailure::Other)),
            ("nothing", Vec::new(), Some(ProbeFailure::Other)),
        ];
        for (what, bytes, failure) in cases {
            let said = ask(answered(bytes)).await;
            assert_eq!(said.err().map(|error| error.failure), failure, "{what}");
        }
        let patience = std::time::Duration::from_millis(50);
        assert!(tokio::time::timeout(patience, ask(silent())).await.is_err(), "silence is the caller's to end");
    }
}
