//! A gzip page put together from blocks that are compressed one by one and kept, so that a page of which little has
//! changed costs little. It knows bytes, not what they say; what goes into a block and when it is made anew is decided
//! elsewhere.
//!
//! Each block is raw deflate that ends on a byte and looks back at nothing before itself (RFC 1951, an empty stored
//! block after a full flush). So blocks can stand in any order in one gzip member (RFC 1952), whose checksum follows
//! from theirs. One member, because some clients read no more than the first.

use bytes::{Bytes, BytesMut};
use crc32fast::Hasher;
use flate2::{Compress, CompressError, Compression, FlushCompress, Status};

/// Fast rather than small: blocks are made at each change, and metrics compress to a twentieth anyway.
const LEVEL: Compression = Compression::fast();

/// RFC 1952: magic, deflate, no flags, no time, no hint, system unknown.
const GZIP_HEADER: &[u8] = &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// The last deflate block of a page: final, and empty.
const LAST_DEFLATE_BLOCK: [u8; 2] = [0x03, 0x00];

/// A part of a page, compressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    deflated: Bytes,
    crc: u32,
    text_bytes: u64,
}

impl Block {
    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text_bytes == 0
    }

    /// Joins blocks to one. Afterwards each of them is a part of the same memory, so that nothing is held twice.
    #[must_use]
    pub fn join(blocks: &mut [Self]) -> Self {
        let mut all = BytesMut::with_capacity(blocks.iter().map(Self::compressed_bytes).sum());
        let (mut whole, mut text_bytes) = (Hasher::new(), 0);
        for block in blocks.iter().filter(|block| !block.is_empty()) {
            all.extend_from_slice(&block.deflated);
            whole.combine(&Hasher::new_with_initial_len(block.crc, block.text_bytes));
            text_bytes += block.text_bytes;
        }
        let all = all.freeze();
        let mut begin = 0;
        for block in blocks.iter_mut().filter(|block| !block.is_empty()) {
            let end = begin + block.deflated.len();
            block.deflated = all.slice(begin..end);
            begin = end;
        }
        Self { deflated: all, crc: whole.finalize(), text_bytes }
    }

    /// What it takes in memory, in bytes.
    #[must_use]
    pub fn compressed_bytes(&self) -> usize {
        self.deflated.len()
    }

    /// What it reads as, in bytes.
    #[must_use]
    pub fn text_bytes(&self) -> u64 {
        self.text_bytes
    }
}

/// Makes blocks, one after the other; its window and tables (some 300 KiB) are made once.
#[derive(Debug)]
pub struct Deflater {
    compress: Compress,
    scratch: Vec<u8>,
}

impl Default for Deflater {
    fn default() -> Self {
        Self { compress: Compress::new(LEVEL, false), scratch: Vec::new() }
    }
}

impl Deflater {
    /// Compresses `text`. It fails only if the compressor is broken.
    pub fn block(&mut self, text: &[u8]) -> Result<Block, CompressError> {
        /// Room for the first try; metrics compress far better than to a quarter.
        const MARGIN_BYTES: usize = 1024;
        self.compress.reset();
        self.scratch.clear();
        let mut left = text;
        loop {
            self.scratch.reserve(left.len() / 4 + MARGIN_BYTES);
            let before = self.compress.total_in();
            let status = self.compress.compress_vec(left, &mut self.scratch, FlushCompress::Full)?;
            let taken = usize::try_from(self.compress.total_in() - before).unwrap_or(usize::MAX);
            left = left.get(taken..).unwrap_or_default();
            // Room that is left over says that nothing waits inside; no progress says that nothing ever did.
            let has_room = self.scratch.len() < self.scratch.capacity();
            if left.is_empty() && (has_room || status == Status::BufError) {
                break;
            }
        }
        let mut hasher = Hasher::new();
        hasher.update(text);
        Ok(Block {
            deflated: Bytes::copy_from_slice(&self.scratch),
            crc: hasher.finalize(),
            text_bytes: text.len() as u64,
        })
    }
}

/// Joins blocks to a gzip page: its pieces, in order, the blocks' own bytes shared and not copied.
#[must_use]
pub fn gzip<'a>(blocks: impl IntoIterator<Item = &'a Block>) -> Vec<Bytes> {
    let mut pieces = vec![Bytes::from_static(GZIP_HEADER)];
    let mut whole = Hasher::new();
    let mut text_bytes = 0;
    for block in blocks {
        if !block.is_empty() {
            pieces.push(block.deflated.clone());
            whole.combine(&Hasher::new_with_initial_len(block.crc, block.text_bytes));
            text_bytes += block.text_bytes;
        }
    }
    let [b0, b1, b2, b3, ..] = text_bytes.to_le_bytes();
    let mut end = LAST_DEFLATE_BLOCK.to_vec();
    end.extend(whole.finalize().to_le_bytes());
    // RFC 1952: the length modulo 2^32.
    end.extend([b0, b1, b2, b3]);
    pieces.push(end.into());
    pieces
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::bufread::GzDecoder;
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Reads one gzip member and insists that nothing follows.
    fn gunzip(pieces: &[Bytes]) -> Vec<u8> {
        let page = pieces.concat();
        let mut decoder = GzDecoder::new(page.as_slice());
        let mut text = Vec::new();
        decoder.read_to_end(&mut text).unwrap();
        assert!(decoder.into_inner().is_empty(), "one member");
        text
    }

    fn page_of(texts: &[Vec<u8>]) -> Vec<Bytes> {
        let mut deflater = Deflater::default();
        let blocks: Vec<_> = texts.iter().map(|text| deflater.block(text).unwrap()).collect();
        gzip(&blocks)
    }

    fn metrics(series: usize) -> Vec<u8> {
        let line =
            |i| format!("gim_upgrade_check{{suite=\"suite-{i:04}\",component=\"gim\",check=\"pods_ready\"}} 1\n");
        (0..series).map(line).collect::<Vec<_>>().concat().into_bytes()
    }

    #[test]
    fn pages_read_whole() {
        // No repetition in it, so that it grows when compressed and needs the scratch space more than once.
        let noise: Vec<u8> = (0u32..200_000).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        for texts in [
            vec![],
            vec![vec![]],
            vec![b"a".to_vec()],
            vec![metrics(1000)],
            vec![metrics(1000), vec![], metrics(3), noise, metrics(1000)],
        ] {
            assert_eq!(gunzip(&page_of(&texts)), texts.concat());
        }
    }

    #[test]
    fn an_empty_page_is_as_small_as_gzip_gets() {
        assert_eq!(page_of(&[]).concat().len(), 20);
    }

    #[test]
    fn a_block_stands_anywhere_and_can_be_replaced() {
        let mut deflater = Deflater::default();
        let [one, two, other] = [metrics(10), metrics(100), b"other\n".to_vec()];
        let [a, b, c] = [&one, &two, &other].map(|text| deflater.block(text).unwrap());
        assert_eq!(gunzip(&gzip([&a, &b, &a])), [&one[..], &two, &one].concat());
        assert_eq!(gunzip(&gzip([&c, &b, &a])), [&other[..], &two, &one].concat());
        assert_eq!(a, deflater.block(&one).unwrap(), "the same text makes the same block");
        assert_eq!((b.text_bytes(), b.is_empty()), (two.len() as u64, false));
        assert!(b.compressed_bytes() * 10 < two.len());
    }

    #[test]
    fn joined_blocks_read_as_one_and_stay_what_they_were() {
        let mut deflater = Deflater::default();
        let texts = [metrics(10), vec![], metrics(100), b"other\n".to_vec()];
        let mut blocks = texts.each_ref().map(|text| deflater.block(text).unwrap());
        let apart = blocks.clone();
        let joined = Block::join(&mut blocks);
        assert_eq!(blocks, apart);
        assert_eq!(gunzip(&gzip([&joined, &apart[3]])), [&texts.concat()[..], b"other\n"].concat());
        assert_eq!(blocks[2].deflated.as_ptr(), joined.deflated[blocks[0].compressed_bytes()..].as_ptr());
        assert!(Block::join(&mut []).is_empty());
    }

    #[test]
    fn a_gzip_page_copies_nothing() {
        let block = Deflater::default().block(&metrics(100)).unwrap();
        let pieces = gzip([&block]);
        assert_eq!(pieces.len(), 3);
        assert_eq!(pieces[1].as_ptr(), block.deflated.as_ptr());
    }

    proptest! {
        #[test]
        fn any_blocks_read_back(texts in vec(prop_oneof![vec(any::<u8>(), 0..3000), vec(0u8..3, 0..3000)], 0..8)) {
            prop_assert_eq!(gunzip(&page_of(&texts)), texts.concat());
        }
    }
}
