//! Bodies of answers, and how faults spoil them.
//!
//! Small pieces are gathered, large ones (bodies that many Secrets share) are passed on without a copy.

use std::convert::Infallible;

use bytes::Bytes;
use futures::stream::{self, Stream, StreamExt as _};
use http::{HeaderValue, Response, header};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};

use super::super::faults::Fault;

/// The body of any answer.
pub(super) type Body = UnsyncBoxBody<Bytes, Infallible>;

/// Pieces from this size on are passed on as they are.
const LARGE_BYTES: usize = 4096;

/// Gathered small pieces are sent at this size.
const FRAME_BYTES: usize = 64 * 1024;

/// A body put together from pieces.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    frames: Vec<Bytes>,
    tail: Vec<u8>,
}

impl Pieces {
    pub(super) fn push(&mut self, text: impl AsRef<[u8]>) {
        self.tail.extend_from_slice(text.as_ref());
        if self.tail.len() >= FRAME_BYTES {
            self.flush();
        }
    }

    pub(super) fn push_shared(&mut self, piece: &Bytes) {
        if piece.len() < LARGE_BYTES {
            self.push(piece);
        } else {
            self.flush();
            self.frames.push(piece.clone());
        }
    }

    pub(super) fn finish(mut self) -> Vec<Bytes> {
        self.flush();
        self.frames
    }

    fn flush(&mut self) {
        if !self.tail.is_empty() {
            self.frames.push(std::mem::take(&mut self.tail).into());
        }
    }
}

/// An answer of JSON known whole.
pub(super) fn json(text: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Full::new(text.into()).boxed_unsync());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// An answer whose frames come one by one.
pub(super) fn streamed(frames: impl Stream<Item = Bytes> + Send + 'static) -> Response<Body> {
    let frames = frames.map(|frame| Ok::<_, Infallible>(Frame::data(frame)));
    let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// An answer of JSON in frames, spoiled where a fault wants it.
pub(super) fn frames(frames: Vec<Bytes>, fault: Option<&Fault>) -> Response<Body> {
    match fault {
        Some(Fault::SilentAfterHead) => streamed(stream::pending()),
        Some(Fault::SilentMidway) => streamed(stream::iter(first_half(frames)).chain(stream::pending())),
        Some(Fault::Malformed) => streamed(stream::iter(first_half(frames))),
        _ => streamed(stream::iter(frames)),
    }
}

fn first_half(mut frames: Vec<Bytes>) -> Vec<Bytes> {
    let mut left = frames.iter().map(Bytes::len).sum::<usize>() / 2;
    for frame in &mut frames {
        frame.truncate(left);
        left -= frame.len();
    }
    frames.retain(|frame| !frame.is_empty());
    frames
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_keep_their_order_and_large_ones_their_memory() {
        let large = Bytes::from(vec![b'x'; LARGE_BYTES]);
        let mut pieces = Pieces::default();
        pieces.push("a");
        pieces.push_shared(&Bytes::from_static(b"b"));
        pieces.push_shared(&large);
        pieces.push("c");
        let frames = pieces.finish();
        assert_eq!(frames.len(), 3);
        assert_eq!(frames[0], "ab");
        assert_eq!(frames[1].as_ptr(), large.as_ptr());
        assert_eq!(frames[2], "c");
    }

    #[test]
    fn half_of_a_body_is_half_of_its_bytes() {
        let cases = [(vec!["abcd", "efgh"], "abcd"), (vec!["abc", "defgh"], "abcd"), (vec![], ""), (vec!["a"], "")];
        for (frames, expected) in cases {
            let frames = frames.into_iter().map(Bytes::from).collect();
            assert_eq!(first_half(frames).concat(), expected.as_bytes());
        }
    }
}
