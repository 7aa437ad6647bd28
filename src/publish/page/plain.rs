//! The page uncompressed, written as the client takes it: at no time is more of it held than a stretch.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::Clockwork;
use super::piece::{Piece, View, plan, write_contacts, write_own};
use crate::exposition::Format;
use crate::model::time::between;
use crate::publish::own::OwnMetrics;

/// A stretch is sent once it is this long, in bytes. A page of one suite is one stretch.
const STRETCH_BYTES: usize = 64 * 1024;

/// A page, stretch by stretch.
#[derive(Debug)]
pub struct Plain {
    view: View,
    own: Arc<OwnMetrics>,
    clock: Clockwork,
    format: Format,
    pieces: std::vec::IntoIter<Piece>,
    is_done: bool,
    took: Duration,
}

impl Plain {
    pub(super) fn new(view: View, own: Arc<OwnMetrics>, clock: Clockwork, format: Format) -> Self {
        let pieces = plan(view.suites.len()).into_iter();
        Self { view, own, clock, format, pieces, is_done: false, took: Duration::ZERO }
    }
}

impl Iterator for Plain {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        if self.is_done {
            return None;
        }
        let began = self.clock.0.now();
        let mut text = String::new();
        while text.len() < STRETCH_BYTES {
            let Some(piece) = self.pieces.next() else {
                write_contacts(&mut text, self.format, &self.view.sources);
                write_own(&mut text, self.format, &self.own);
                self.is_done = true;
                break;
            };
            piece.write(&mut text, self.format, &self.view);
        }
        self.took += between(began, self.clock.0.now());
        if self.is_done {
            self.own.scrape(self.took);
        }
        Some(text.into())
    }
}
