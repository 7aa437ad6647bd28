//! What is kept of a page between scrapes: its compressed pieces, and what they were made of.
//!
//! The suites a page was made of are held until the next scrape, to compare with: mostly they are the same as those of
//! the newest snapshot. Not for what is in a piece: see `piece`.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use flate2::CompressError;

use super::piece::{Piece, View, plan, write_contacts, write_own};
use crate::assess::snapshot::{Snapshot, SourceSnapshot};
use crate::exposition::Format;
use crate::model::time::Timestamp;
use crate::publish::blocks::{self, Block, Deflater};
use crate::publish::own::OwnMetrics;
use crate::publish::parts::{Changed, Part};

/// Pages up to this size, in compressed bytes, are joined to one piece, which costs less than sending many.
const JOINED_BYTES: usize = 64 * 1024;

/// What is kept: a page for each format that was asked for.
#[derive(Debug, Default)]
pub(super) struct Kept {
    deflater: Deflater,
    text: Option<Form>,
    openmetrics: Option<Form>,
}

/// The page in one format.
#[derive(Debug)]
struct Form {
    view: View,
    pieces: Vec<Piece>,
    blocks: Vec<Block>,
    /// All blocks, to be sent at once: many small writes cost more than the page.
    joined: Block,
    contacts: Option<Contacts>,
}

/// What the page says of when sources were last heard, which may be new though the snapshot is not.
#[derive(Debug)]
struct Contacts {
    heard: Vec<Option<Timestamp>>,
    block: Block,
}

impl Kept {
    /// Whether the page of this snapshot is kept, so that giving it costs next to nothing.
    pub(super) fn is_of(&self, snapshot: &Snapshot, format: Format) -> bool {
        let form = match format {
            Format::Text => &self.text,
            Format::OpenMetrics => &self.openmetrics,
        };
        form.as_ref().is_some_and(|form| form.view.sequence == snapshot.sequence)
    }

    /// The page of this snapshot.
    pub(super) fn gzip(
        &mut self,
        snapshot: &Snapshot,
        own: &OwnMetrics,
        format: Format,
    ) -> Result<Vec<Bytes>, CompressError> {
        let kept = match format {
            Format::Text => &mut self.text,
            Format::OpenMetrics => &mut self.openmetrics,
        };
        // Taken out, so that a page that failed half-way is made from the beginning next time.
        let mut form = match kept.take() {
            Some(form) if form.view.sequence == snapshot.sequence => form,
            Some(form) => form.renewed(View::of(snapshot), format, &mut self.deflater)?,
            None => Form::new(View::of(snapshot), format, &mut self.deflater)?,
        };
        let contacts = Contacts::renewed(form.contacts.take(), &form.view.sources, format, &mut self.deflater)?;
        let mut text = String::new();
        write_own(&mut text, format, own);
        let rest = self.deflater.block(text.as_bytes())?;
        let pieces = blocks::gzip([&form.joined, &contacts.block, &rest]);
        form.contacts = Some(contacts);
        *kept = Some(form);
        Ok(joined(pieces))
    }
}

impl Contacts {
    fn renewed(
        former: Option<Self>,
        sources: &[SourceSnapshot],
        format: Format,
        deflater: &mut Deflater,
    ) -> Result<Self, CompressError> {
        let heard: Vec<_> = sources.iter().map(|source| source.contact.last()).collect();
        if let Some(former) = former.filter(|former| former.heard == heard) {
            return Ok(former);
        }
        let mut text = String::new();
        write_contacts(&mut text, format, sources);
        Ok(Self { heard, block: deflater.block(text.as_bytes())? })
    }
}

impl Form {
    fn new(view: View, format: Format, deflater: &mut Deflater) -> Result<Self, CompressError> {
        let pieces = plan(view.suites.len());
        let mut text = String::new();
        let mut blocks = Vec::with_capacity(pieces.len());
        for piece in &pieces {
            text.clear();
            piece.write(&mut text, format, &view);
            blocks.push(deflater.block(text.as_bytes())?);
        }
        let joined = Block::join(&mut blocks);
        Ok(Self { view, pieces, blocks, joined, contacts: None })
    }

    /// The same page of a newer view: pieces of which nothing changed stay.
    fn renewed(mut self, view: View, format: Format, deflater: &mut Deflater) -> Result<Self, CompressError> {
        let Some(dirty) = self.dirty(&view) else {
            return Self::new(view, format, deflater);
        };
        let mut text = String::new();
        for ((piece, block), is_dirty) in self.pieces.iter().zip(&mut self.blocks).zip(&dirty) {
            if *is_dirty {
                text.clear();
                piece.write(&mut text, format, &view);
                *block = deflater.block(text.as_bytes())?;
            }
        }
        if dirty.contains(&true) {
            self.joined = Block::join(&mut self.blocks);
        }
        // Other sources may have been heard at the same moments.
        if !Arc::ptr_eq(&self.view.sources, &view.sources) {
            self.contacts = None;
        }
        self.view = view;
        Ok(self)
    }

    /// Which pieces must be made anew for a newer view; `None` where all must, the plan included.
    fn dirty(&self, view: &View) -> Option<Vec<bool>> {
        let changes = changes(&self.view, view)?;
        let is_dirty = |piece: &Piece| match piece.part {
            Part::Sources => !Arc::ptr_eq(&self.view.sources, &view.sources),
            part => {
                changes.get(piece.suites.clone()).is_none_or(|changes| changes.iter().any(|changed| changed.has(part)))
            }
        };
        Some(self.pieces.iter().map(is_dirty).collect())
    }
}

/// What changed of each suite; `None` where the page must be made from the beginning: other suites, or another policy.
fn changes(old: &View, new: &View) -> Option<Vec<Changed>> {
    let is_same_policy = Arc::ptr_eq(&old.policy, &new.policy) || old.policy == new.policy;
    if !is_same_policy || old.suites.len() != new.suites.len() {
        return None;
    }
    let policy = &new.policy;
    let pairs = old.suites.iter().zip(&new.suites);
    pairs
        .map(|(old, new)| {
            if Arc::ptr_eq(old, new) {
                Some(Changed::default())
            } else if old.suite.name == new.suite.name {
                Some(Changed::between(old, new, policy))
            } else {
                None
            }
        })
        .collect()
}

/// One piece, where the page is small.
fn joined(pieces: Vec<Bytes>) -> Vec<Bytes> {
    let bytes = pieces.iter().map(Bytes::len).sum();
    if bytes > JOINED_BYTES {
        return pieces;
    }
    let mut joined = BytesMut::with_capacity(bytes);
    for piece in pieces {
        joined.extend_from_slice(&piece);
    }
    vec![joined.freeze()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::assessment::Stage;
    use crate::assess::snapshot::Snapshot;
    use crate::publish::fixture::{at, busy, resting, snapshot};

    /// 300 suites: three blocks of each family.
    fn many() -> Snapshot {
        snapshot(1, (0..300).map(|i| if i == 200 { busy("s200") } else { resting(&format!("s{i:03}")) }).collect())
    }

    fn form(snapshot: &Snapshot) -> Form {
        Form::new(View::of(snapshot), Format::Text, &mut Deflater::default()).unwrap()
    }

    /// The dirty pieces by part and first suite.
    fn dirty(old: &Snapshot, new: &Snapshot) -> Vec<(Part, usize)> {
        let form = form(old);
        let mut dirty: Vec<(Part, usize)> = form
            .dirty(&View::of(new))
            .unwrap()
            .into_iter()
            .zip(&form.pieces)
            .filter_map(|(is_dirty, piece)| is_dirty.then_some((piece.part, piece.suites.start)))
            .collect();
        dirty.dedup();
        dirty
    }

    #[test]
    fn only_what_changed_is_dirty() {
        let old = many();
        assert_eq!(dirty(&old, &old), []);

        let mut same_again = old.clone();
        same_again.suites[200] = Arc::new((*old.suites[200]).clone());
        assert_eq!(dirty(&old, &same_again), [], "equal, if not the same");

        let mut stage = old.clone();
        let mut suite = (*old.suites[200]).clone();
        suite.assessment.components.gca.stage = Stage::Verified;
        stage.suites[200] = Arc::new(suite);
        let blocks = dirty(&old, &stage);
        assert!(!blocks.is_empty());
        assert!(blocks.iter().all(|block| *block == (Part::Judgement, 128)), "{blocks:?}");

        let mut sample = old.clone();
        let mut suite = (*old.suites[200]).clone();
        let signals = &mut suite.facts.components.gim.signals.readings;
        let mut reading = (*signals[0]).clone();
        reading.at = at(999);
        signals[0] = Arc::new(reading);
        sample.suites[200] = Arc::new(suite);
        let blocks = dirty(&old, &sample);
        assert!(!blocks.is_empty());
        assert!(blocks.iter().all(|block| *block == (Part::Signals, 128)), "{blocks:?}");

        let mut sources = old.clone();
        sources.sources = Arc::new(Vec::new());
        assert_eq!(dirty(&old, &sources), [(Part::Sources, 0)]);
    }

    #[test]
    fn other_suites_make_all_of_it_dirty() {
        let old = many();
        let mut fewer = old.clone();
        fewer.suites.pop();
        let mut renamed = old.clone();
        renamed.suites[7] = Arc::new(resting("another"));
        for new in [fewer, renamed] {
            assert_eq!(form(&old).dirty(&View::of(&new)), None);
        }
        let mut shuffled = old.clone();
        shuffled.suites.reverse();
        assert_eq!(dirty(&old, &shuffled), [], "their order in the configuration does not matter");
    }
}
