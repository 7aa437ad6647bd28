//! A folder of its own for a test, gone with it.

use std::path::PathBuf;

pub struct Folder(PathBuf);

impl Folder {
    pub fn new(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("gim-upgrade-program-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    /// Where a file of this name is, or would be.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file, so that who looks meanwhile sees the former one or all of it, and gives its path.
    pub fn write(&self, name: &str, text: &str) -> String {
        let (file, unfinished) = (self.0.join(name), self.0.join(format!("{name}.unfinished")));
        std::fs::write(&unfinished, text).unwrap();
        std::fs::rename(unfinished, &file).unwrap();
        file.to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
