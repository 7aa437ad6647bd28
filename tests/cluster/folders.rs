//! Where files of a run lie: what it reads, what it leaves for whoever looks into a failure, and what it removes.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Result;

/// Where this test's own files lie (charts, stages).
pub fn source_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster")
}

/// `target/cluster`: logs that outlive the run, for whoever looks into a failure.
pub fn logs_folder() -> PathBuf {
    let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
    tmp.parent().unwrap_or(tmp).join("cluster")
}

/// A folder of this run, removed at its end; those that killed runs left behind are removed at the next start.
#[derive(Debug)]
pub struct RunFolder(PathBuf);

impl RunFolder {
    /// Creates it in `parent`.
    pub fn create(parent: &Path) -> Result<Self> {
        for entry in fs::read_dir(parent)?.flatten() {
            let name = entry.file_name();
            let Some(pid) = name.to_str().and_then(|name| name.strip_prefix("run-")) else { continue };
            if !Path::new("/proc").join(pid).exists() {
                fs::remove_dir_all(entry.path())?;
            }
        }
        let folder = parent.join(format!("run-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("cluster: {} is left behind: {error}", self.0.display());
        }
    }
}
