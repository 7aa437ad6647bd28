//! Changes of files, seen by their content and not by their dates: so a ConfigMap's swapped link counts as an editor's write
//! does, and a file that was only touched does not. Not for what is done then.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::io::Read as _;
use std::path::Path;

/// The most that is read of one file: beyond, it is refused anyway.
const MOST_BYTES: u64 = 8 * 1024 * 1024;

/// What stands for the content of some files, those that cannot be read included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Content(u64);

/// Waits for content to be another and to stay so from one look to the next: files that belong together are not written at once.
#[derive(Debug)]
pub(super) struct Settling {
    known: Content,
    last: Content,
}

impl Content {
    /// Of these files now. Reads them: see `apart`.
    pub(super) fn of(files: impl IntoIterator<Item = impl AsRef<Path>>) -> Self {
        let mut hasher = DefaultHasher::new();
        for file in files {
            let mut bytes = Vec::new();
            let read = std::fs::File::open(&file).and_then(|file| file.take(MOST_BYTES).read_to_end(&mut bytes));
            (file.as_ref(), bytes, read.map_err(|error| error.kind())).hash(&mut hasher);
        }
        Self(hasher.finish())
    }
}

impl Settling {
    /// Nothing is new yet.
    pub(super) const fn new(known: Content) -> Self {
        Self { known, last: known }
    }

    /// Takes a look; whether there is something new. It is known from then on.
    pub(super) fn settled(&mut self, content: Content) -> bool {
        let stays = content == self.last;
        self.last = content;
        let is_new = stays && content != self.known;
        if is_new {
            self.known = content;
        }
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_counts_once_and_when_it_is_over() {
        let [a, b, c] = [1, 2, 3].map(Content);
        let mut settling = Settling::new(a);
        let looks = [a, b, c, c, c, a, c, a, a];
        let told = looks.map(|content| settling.settled(content));
        assert_eq!(told, [false, false, false, true, false, false, false, false, true]);
    }

    #[test]
    fn content_is_what_counts() {
        let folder = std::env::temp_dir().join(format!("gim-upgrade-changes-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let [file, other] = ["a", "b"].map(|name| folder.join(name));
        let missing = Content::of([&file]);
        std::fs::write(&file, "x").unwrap();
        let first = Content::of([&file]);
        std::fs::write(&other, "x").unwrap();
        std::fs::rename(&other, &file).unwrap();
        assert_eq!((first == missing, Content::of([&file]) == first), (false, true));
        std::fs::write(&file, "y").unwrap();
        assert_ne!(Content::of([&file]), first);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
