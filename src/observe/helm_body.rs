//! Bodies of Helm's storage objects: from the JSON of a Secret or `ConfigMap` to the few fields of a release that are used.
//!
//! Base64 in base64 in gzip in JSON, read as a stream of capped length; templates, values and notes are skipped. An error
//! names the step that failed and nothing of the content: this is where Secrets are open. Pure.

mod manifest;
mod release;
#[cfg(test)]
mod tests;

use std::io::{BufReader, Cursor, Read};

use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::STANDARD;
use base64::read::DecoderReader;
use flate2::read::MultiGzDecoder;
use thiserror::Error;

use super::objects::Text;
use crate::model::release::ReleaseBody;
use crate::model::scope::HelmDriver;
use crate::model::source::ErrorKind;

/// The largest storage object that is read, as JSON. etcd takes no more than 1.5 MiB by default.
pub const MAX_OBJECT_BYTES: usize = 4 * 1024 * 1024;
/// The largest release that is read, inflated. Real ones stay below 10 MiB, whatever gzip would allow.
pub const MAX_INFLATED_BYTES: u64 = 64 * 1024 * 1024;
/// Releases up to this size are read from memory, which is several times faster; larger ones as a stream.
const IN_MEMORY_BYTES: u64 = 1024 * 1024;
/// The magic number of gzip with deflate, by which Helm itself tells a compressed body from a bare one.
const GZIP: [u8; 3] = [0x1f, 0x8b, 0x08];

/// Why a body was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BodyError {
    /// The object is not JSON of the API server.
    #[error("object is not understood")]
    Object,
    /// It has no `data.release`.
    #[error("object has no release in it")]
    Empty,
    /// Not base64, or not gzip, or cut short.
    #[error("release cannot be decoded")]
    Encoding,
    /// It inflates to more than [`MAX_INFLATED_BYTES`].
    #[error("release inflates to more bytes than are taken")]
    TooLarge,
    /// It is not JSON of Helm.
    #[error("release is not understood at line {line} column {column}")]
    Json {
        /// Line, 1 first.
        line: usize,
        /// Column, 1 first.
        column: usize,
    },
}

impl BodyError {
    /// What kind of error it is, for counting.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::TooLarge => ErrorKind::TooLarge,
            _ => ErrorKind::Decode,
        }
    }
}

/// Reads the body of a storage object from the object's JSON.
pub fn release_body(object: &[u8], driver: HelmDriver) -> Result<ReleaseBody, BodyError> {
    release_body_up_to(object, driver, MAX_INFLATED_BYTES)
}

fn release_body_up_to(object: &[u8], driver: HelmDriver, limit: u64) -> Result<ReleaseBody, BodyError> {
    let stored = stored(object)?;
    let outer = DecoderReader::new(Cursor::new(stored.as_str().as_bytes()), &STANDARD);
    match driver {
        // The API's own base64 around that of Helm.
        HelmDriver::Secret => inflate(DecoderReader::new(BufReader::new(outer), &STANDARD), limit),
        HelmDriver::Configmap => inflate(outer, limit),
    }
}

/// The text of `data.release`, borrowed from the object.
fn stored(object: &[u8]) -> Result<Text<'_>, BodyError> {
    #[derive(serde::Deserialize)]
    struct Object<'a> {
        #[serde(borrow)]
        data: Option<Data<'a>>,
    }

    #[derive(serde::Deserialize)]
    struct Data<'a> {
        #[serde(borrow)]
        release: Option<Text<'a>>,
    }

    let object: Object = serde_json::from_slice(object).map_err(|_| BodyError::Object)?;
    let release = object.data.and_then(|data| data.release);
    release.filter(|text| !text.as_str().is_empty()).ok_or(BodyError::Empty)
}

/// Opens gzip where there is any.
fn inflate<R: Read>(mut encoded: DecoderReader<'_, GeneralPurpose, R>, limit: u64) -> Result<ReleaseBody, BodyError> {
    let mut head = Vec::with_capacity(GZIP.len());
    let magic = GZIP.len() as u64;
    encoded.by_ref().take(magic).read_to_end(&mut head).map_err(|_| BodyError::Encoding)?;
    let compressed = head == GZIP;
    let whole = Cursor::new(head).chain(encoded);
    if compressed { parse(MultiGzDecoder::new(BufReader::new(whole)), limit) } else { parse(whole, limit) }
}

/// Reads the release's JSON from a stream that may never end.
fn parse(stream: impl Read, limit: u64) -> Result<ReleaseBody, BodyError> {
    let mut capped = stream.take(limit.saturating_add(1));
    let mut start = Vec::new();
    capped.by_ref().take(IN_MEMORY_BYTES).read_to_end(&mut start).map_err(|_| BodyError::Encoding)?;
    let release = if (start.len() as u64) < IN_MEMORY_BYTES {
        serde_json::from_slice(&start)
    } else {
        serde_json::from_reader(BufReader::new(Cursor::new(start).chain(capped.by_ref())))
    };
    if capped.limit() == 0 {
        return Err(BodyError::TooLarge);
    }
    release.map(release::Release::into_body).map_err(|error| match error.classify() {
        serde_json::error::Category::Io => BodyError::Encoding,
        _ => BodyError::Json { line: error.line(), column: error.column() },
    })
}
