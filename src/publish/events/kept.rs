//! What listeners share: since which snapshot each suite is as it is, and the events that were made of it.
//!
//! Bounded, and empty while nobody listens.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;

use super::{Topic, frame};
use crate::assess::snapshot::{Snapshot, SuiteSnapshot};
use crate::model::names::Name;
use crate::publish::html::{self, Look, Which};
use crate::publish::status::{SuiteStatus, to_json};

/// Events that are kept, in bytes: a hundred suites' pages. Beyond this the oldest are made again.
pub(super) const MAX_BYTES: usize = 4 * 1024 * 1024;
/// Suites that are remembered to be gone. Whoever was slower than so many does not hear of the others.
const MAX_GONE: usize = 1024;

/// What is kept.
#[derive(Debug, Default)]
pub struct Kept {
    listeners: usize,
    known: Option<Known>,
    made: VecDeque<Made>,
    bytes: usize,
}

/// A snapshot, and since when its parts are as they are: by the numbers of the snapshots.
#[derive(Debug)]
struct Known {
    snapshot: Arc<Snapshot>,
    suites: HashMap<Name, u64>,
    /// Sources, policy and readiness, which every page shows something of.
    around: u64,
    /// Anything.
    whole: u64,
    /// Those that are watched no more, in the order in which they went: since when, and a place among those that went at once.
    gone: VecDeque<(u64, usize, Name)>,
}

/// An event that was made.
#[derive(Debug)]
struct Made {
    topic: Topic,
    /// The number of what it was made of.
    of: u64,
    /// The number at which it was first as it is.
    since: u64,
    frame: Bytes,
}

/// How far a listener was told.
#[derive(Clone, Copy, Debug)]
pub struct Cursor {
    /// The newest that it was told, and among suites that changed at once, how many.
    told: Option<(u64, usize)>,
    /// The departures that it knows of: those up to this number, and of the next ones how many.
    gone: (u64, usize),
}

impl Kept {
    /// How many listen.
    #[cfg(test)]
    pub fn listeners(&self) -> usize {
        self.listeners
    }

    /// The size of what is kept.
    #[cfg(test)]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// One more listens.
    pub fn come(&mut self) {
        self.listeners += 1;
    }

    /// One less listens.
    pub fn go(&mut self) {
        self.listeners -= 1;
        if self.listeners == 0 {
            *self = Self::default();
        }
    }

    /// Where a listener begins that is to be told how things stand.
    pub fn begin(&mut self, snapshot: &Arc<Snapshot>) -> Cursor {
        self.take_in(snapshot);
        Cursor { told: None, gone: (snapshot.sequence, usize::MAX) }
    }

    /// Notes what changed up to this snapshot. An older one than is known changes nothing.
    pub fn take_in(&mut self, snapshot: &Arc<Snapshot>) {
        match &mut self.known {
            Some(known) => {
                if known.take_in(snapshot) {
                    // One that comes again is to be told again, though it looks as it did.
                    self.made.clear();
                }
            }
            None => self.known = Some(Known::new(snapshot)),
        }
    }

    /// What is new on a topic for whoever was told so far; its cursor is moved.
    pub fn news(&mut self, topic: &Topic, cursor: &mut Cursor, base: &str) -> Option<Bytes> {
        let known = self.known.as_ref()?;
        if let Some((number, place, name)) = known.departure(topic, cursor.gone) {
            cursor.gone = (number, place);
            return Some(frame::event(number, "gone", name));
        }
        loop {
            let (number, place, of) = self.known.as_ref()?.change(topic, cursor.told)?;
            let (since, frame) = self.event(&of, number, base)?;
            let told = cursor.told.replace((number, place));
            // Where it is as it was when the listener was told of it, there is nothing to tell.
            if told.is_none_or(|told| (since, place) > told) {
                return Some(frame);
            }
        }
    }

    /// The event of a topic that last changed at `number`, made only where it is not there, and since when it is as it is.
    fn event(&mut self, topic: &Topic, number: u64, base: &str) -> Option<(u64, Bytes)> {
        let place = self.made.iter().position(|made| made.topic == *topic);
        let former = place.and_then(|place| self.made.remove(place));
        let made = match former {
            Some(former) if former.of >= number => former,
            former => {
                let frame = make(&self.known.as_ref()?.snapshot, topic, number, base)?;
                match former {
                    Some(former) if frame::content(&former.frame) == frame::content(&frame) => {
                        Made { of: number, ..former }
                    }
                    _ => Made { topic: topic.clone(), of: number, since: number, frame },
                }
            }
        };
        let answer = (made.since, made.frame.clone());
        self.made.push_back(made);
        self.trim();
        Some(answer)
    }

    fn trim(&mut self) {
        self.bytes = self.made.iter().map(|made| made.frame.len()).sum();
        while self.bytes > MAX_BYTES && self.made.len() > 1 {
            self.bytes -= self.made.pop_front().map_or(0, |made| made.frame.len());
        }
    }
}

impl Known {
    fn new(snapshot: &Arc<Snapshot>) -> Self {
        let number = snapshot.sequence;
        Self {
            suites: snapshot.suites.iter().map(|suite| (suite.suite.name.clone(), number)).collect(),
            snapshot: Arc::clone(snapshot),
            around: number,
            whole: number,
            gone: VecDeque::new(),
        }
    }

    /// Notes what changed, and tells whether other suites are watched than before.
    fn take_in(&mut self, snapshot: &Arc<Snapshot>) -> bool {
        let number = snapshot.sequence;
        if number <= self.snapshot.sequence {
            return false;
        }
        let former = std::mem::replace(&mut self.snapshot, Arc::clone(snapshot));
        self.whole = number;
        let same_around = Arc::ptr_eq(&former.sources, &snapshot.sources)
            && Arc::ptr_eq(&former.policy, &snapshot.policy)
            && former.ready == snapshot.ready;
        if !same_around {
            self.around = number;
        }
        let same_names = former.suites.len() == snapshot.suites.len()
            && former.suites.iter().zip(&snapshot.suites).all(|(former, suite)| former.suite.name == suite.suite.name);
        if same_names {
            for (former, suite) in former.suites.iter().zip(&snapshot.suites) {
                if !Arc::ptr_eq(former, suite) {
                    self.suites.insert(suite.suite.name.clone(), number);
                }
            }
            return false;
        }
        // Suites come, go and move only with another configuration, which makes all of them anew.
        let suites: HashMap<Name, u64> =
            snapshot.suites.iter().map(|suite| (suite.suite.name.clone(), number)).collect();
        let gone = former.suites.iter().map(|suite| &suite.suite.name).filter(|name| !suites.contains_key(*name));
        self.gone.extend(gone.enumerate().map(|(place, name)| (number, place, name.clone())));
        self.gone.drain(..self.gone.len().saturating_sub(MAX_GONE));
        self.suites = suites;
        true
    }

    /// The first change of a topic after `told`: its number, the place among suites that changed at once, and of what it is.
    fn change(&self, topic: &Topic, told: Option<(u64, usize)>) -> Option<(u64, usize, Topic)> {
        let is_unheard = |at: (u64, usize)| told.is_none_or(|told| at > told);
        let number = match topic {
            Topic::Suites => {
                let suites = self.snapshot.suites.iter().map(|suite| &suite.suite.name).enumerate();
                let changed = suites.filter_map(|(place, name)| Some(((*self.suites.get(name)?, place), name)));
                let ((number, place), name) = changed.filter(|(at, _)| is_unheard(*at)).min_by_key(|(at, _)| *at)?;
                return Some((number, place, Topic::Suite(name.clone())));
            }
            Topic::Suite(name) => *self.suites.get(name)?,
            Topic::Page(Which::Suite(name)) => (*self.suites.get(name)?).max(self.around),
            Topic::Page(Which::Fleet { .. }) => self.whole,
        };
        is_unheard((number, 0)).then(|| (number, 0, topic.clone()))
    }

    /// The first departure after `told` that concerns a topic.
    fn departure(&self, topic: &Topic, told: (u64, usize)) -> Option<(u64, usize, &Name)> {
        let concerns = |name: &Name| match topic {
            Topic::Suites => true,
            Topic::Suite(own) | Topic::Page(Which::Suite(own)) => own == name,
            Topic::Page(Which::Fleet { .. }) => false,
        };
        let mut unheard = self.gone.iter().filter(|(number, place, _)| (*number, *place) > told);
        unheard.find(|(_, _, name)| concerns(name)).map(|(number, place, name)| (*number, *place, name))
    }
}

fn make(snapshot: &Snapshot, topic: &Topic, number: u64, base: &str) -> Option<Bytes> {
    let (name, data) = match topic {
        Topic::Page(which) => ("page", html::main(Look { snapshot, now: None, base }, which)?),
        Topic::Suite(name) => ("suite", json(snapshot.suites.iter().find(|suite| suite.suite.name == *name)?)),
        // It is told suite by suite.
        Topic::Suites => return None,
    };
    Some(frame::event(number, name, &data))
}

fn json(suite: &SuiteSnapshot) -> String {
    // JSON is UTF-8.
    String::from_utf8(to_json(&SuiteStatus::of(suite))).unwrap_or_default()
}
