//! The page uncompressed: what is kept of it is inflated as the client takes it, so that at no time more of it is held than a
//! stretch, and however many read, it is made once.

use std::io::{self, BufRead, Read};

use bytes::{Buf as _, Bytes};
use flate2::bufread::GzDecoder;

/// A stretch is sent once it is this long, in bytes. A page of one suite is one stretch.
const STRETCH_BYTES: usize = 64 * 1024;

/// A page, stretch by stretch.
#[derive(Debug)]
pub struct Plain {
    page: GzDecoder<Pieces>,
    is_done: bool,
}

impl Plain {
    /// The page that these pieces of gzip make.
    pub(super) fn new(pieces: Vec<Bytes>) -> Self {
        Self { page: GzDecoder::new(Pieces { piece: Bytes::new(), rest: pieces.into_iter() }), is_done: false }
    }
}

impl Iterator for Plain {
    type Item = io::Result<Bytes>;

    fn next(&mut self) -> Option<io::Result<Bytes>> {
        if self.is_done {
            return None;
        }
        let mut text = Vec::with_capacity(STRETCH_BYTES);
        let read = self.page.by_ref().take(STRETCH_BYTES as u64).read_to_end(&mut text);
        self.is_done = !matches!(read, Ok(STRETCH_BYTES));
        match read {
            Ok(0) => None,
            Ok(_) => Some(Ok(text.into())),
            Err(error) => Some(Err(error)),
        }
    }
}

/// Pieces of gzip, read one after the other.
#[derive(Debug)]
struct Pieces {
    piece: Bytes,
    rest: std::vec::IntoIter<Bytes>,
}

impl BufRead for Pieces {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.piece.is_empty() {
            let Some(next) = self.rest.next() else { break };
            self.piece = next;
        }
        Ok(&self.piece)
    }

    fn consume(&mut self, bytes: usize) {
        self.piece.advance(bytes);
    }
}

impl Read for Pieces {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let bytes = self.fill_buf()?.read(into)?;
        self.consume(bytes);
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::blocks::{Deflater, gzip};

    /// What comes back, and in how many stretches.
    fn read(pieces: Vec<Bytes>) -> io::Result<(Vec<u8>, usize)> {
        let stretches = Plain::new(pieces).collect::<io::Result<Vec<_>>>()?;
        Ok((stretches.concat(), stretches.len()))
    }

    #[test]
    fn it_reads_as_what_was_compressed() {
        let mut deflater = Deflater::default();
        for (bytes, stretches) in
            [(0, 0), (1, 1), (STRETCH_BYTES, 1), (STRETCH_BYTES + 1, 2), (5 * STRETCH_BYTES / 2, 3)]
        {
            let text: Vec<u8> = (b'a'..=b'z').flat_map(|letter| [letter; 7]).cycle().take(bytes).collect();
            let (begin, end) = text.split_at(bytes / 3);
            let blocks = [begin, end].map(|text| deflater.block(text).unwrap());
            assert_eq!(read(gzip(&blocks)).unwrap(), (text, stretches), "{bytes}");
        }
    }

    #[test]
    fn a_page_that_is_cut_short_or_changed_is_an_error() {
        let whole = gzip(&[Deflater::default().block(&[b'a'; 1000]).unwrap()]).concat();
        let mut changed = whole.clone();
        *changed.iter_mut().nth_back(7).unwrap() ^= 1;
        for broken in [whole[..whole.len() - 4].to_vec(), changed] {
            assert!(read(vec![broken.into()]).is_err());
        }
        assert!(read(vec![whole.into()]).is_ok());
    }
}
