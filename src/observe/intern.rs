//! Interning: one copy of each text that many objects repeat, such as an image or a namespace.
//!
//! Each watch has an interner of its own, so that nothing is locked. Not for texts that are unique, such as UIDs: they
//! would only take room here.

use std::collections::HashSet;

use crate::model::names::Name;

/// The most texts that are kept; beyond it texts are still correct, only not shared. A cluster of 1,000 suites has
/// about 10,000 that repeat.
const MAX_TEXTS: usize = 32_768;

/// The texts seen so far.
#[derive(Debug, Default)]
pub struct Interner {
    texts: HashSet<Name>,
    sweep_at: usize,
}

impl Interner {
    /// The shared copy of `text`.
    pub fn name(&mut self, text: &str) -> Name {
        if let Some(name) = self.texts.get(text) {
            return Name::clone(name);
        }
        if self.texts.len() >= self.sweep_at.clamp(MAX_TEXTS / 8, MAX_TEXTS) {
            self.texts.retain(|name| Name::strong_count(name) > 1);
            self.sweep_at = self.texts.len().saturating_mul(2);
        }
        let name = Name::from(text);
        if self.texts.len() < MAX_TEXTS {
            self.texts.insert(Name::clone(&name));
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_are_one() {
        let mut interner = Interner::default();
        let (one, two) = (interner.name("gim"), interner.name("gim"));
        assert!(Name::ptr_eq(&one, &two));
    }

    #[test]
    fn texts_that_nobody_holds_make_room() {
        let mut interner = Interner::default();
        let held = interner.name("held");
        for number in 0..MAX_TEXTS * 3 {
            let _ = interner.name(&number.to_string());
        }
        assert!(interner.texts.len() <= MAX_TEXTS);
        assert!(Name::ptr_eq(&held, &interner.name("held")));
    }

    #[test]
    fn a_full_interner_still_answers() {
        let mut interner = Interner::default();
        let held: Vec<Name> = (0..MAX_TEXTS + 10).map(|number| interner.name(&number.to_string())).collect();
        assert_eq!(&**held.last().unwrap(), (MAX_TEXTS + 9).to_string().as_str());
        assert!(interner.texts.len() <= MAX_TEXTS);
    }
}
