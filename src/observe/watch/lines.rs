//! Lines of a watch: an event each, cut from the pieces that a connection delivers, with a cap on how long one may be.

use bytes::{Bytes, BytesMut};

/// The longest event that is read. etcd holds no object above 1.5 MiB; JSON with managed fields may double that.
pub const MAX_LINE_BYTES: usize = 4 * 1024 * 1024;

/// Cuts lines.
#[derive(Debug, Default)]
pub struct Lines {
    buffer: BytesMut,
    /// How much of the buffer is known to hold no end of line.
    scanned: usize,
}

/// A line that is longer than [`MAX_LINE_BYTES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

impl Lines {
    /// Takes the next piece.
    pub fn push(&mut self, piece: &[u8]) {
        self.buffer.extend_from_slice(piece);
    }

    /// The next whole line, without its end; `None` until more comes.
    pub fn next(&mut self) -> Result<Option<Bytes>, TooLong> {
        let rest = self.buffer.get(self.scanned..).unwrap_or_default();
        let Some(end) = rest.iter().position(|&byte| byte == b'\n') else {
            self.scanned = self.buffer.len();
            return if self.scanned > MAX_LINE_BYTES { Err(TooLong) } else { Ok(None) };
        };
        let mut line = self.buffer.split_to(self.scanned + end + 1).freeze();
        self.scanned = 0;
        line.truncate(line.len().saturating_sub(1));
        if line.len() > MAX_LINE_BYTES { Err(TooLong) } else { Ok(Some(line)) }
    }

    /// Whether a line has begun and not ended.
    pub fn is_partial(&self) -> bool {
        !self.buffer.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(lines: &mut Lines) -> Vec<String> {
        std::iter::from_fn(|| lines.next().unwrap()).map(|line| String::from_utf8(line.to_vec()).unwrap()).collect()
    }

    #[test]
    fn lines_are_cut_wherever_the_pieces_are() {
        let text = b"{\"a\":1}\n\n{\"b\":2}\n{\"c\"";
        for size in 1..=text.len() {
            let mut lines = Lines::default();
            let mut got = Vec::new();
            for piece in text.chunks(size) {
                lines.push(piece);
                got.extend(drain(&mut lines));
            }
            assert_eq!(got, ["{\"a\":1}", "", "{\"b\":2}"], "pieces of {size}");
            assert!(lines.is_partial());
        }
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let mut lines = Lines::default();
        let piece = vec![b'x'; MAX_LINE_BYTES / 2 + 1];
        lines.push(&piece);
        assert_eq!(lines.next(), Ok(None));
        lines.push(&piece);
        assert_eq!(lines.next(), Err(TooLong));
    }
}
