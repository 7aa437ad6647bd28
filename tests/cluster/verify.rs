//! The command `verify`, run beside a story as a pipeline runs it: by its own observers, and from the story's exporter.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{folders::logs_folder, process::eventually, scene::Scene};

/// How long it may take to start, or to end, on a machine that runs a whole control plane and other stories beside it.
const LIMIT: Duration = Duration::from_secs(90);

/// Both ways of looking at one component at once.
pub struct Verifies([Verify; 2]);

/// One `verify`; dropping it kills it.
struct Verify {
    way: &'static str,
    child: Child,
    output: PathBuf,
}

impl Verifies {
    /// Starts both, to look for the same.
    pub fn start(scene: &Scene, component: &str, further: &[&str]) -> Result<Self> {
        let server = [format!("--server=http://{}", scene.exporter.address())];
        let start = |way: &'static str, place: &[String]| {
            let output = logs_folder().join(format!("verify-{way}-{}.json", scene.place.name));
            let child = Command::new(Path::new(env!("CARGO_BIN_EXE_gim-upgrade-exporter")))
                .args(["verify", component, "--output=json"])
                .args(place)
                .args(further)
                .stdin(Stdio::null())
                .stdout(File::create(&output)?)
                .stderr(Stdio::inherit())
                .spawn()?;
            anyhow::Ok(Verify { way, child, output })
        };
        Ok(Self([start("own", scene.exporter.where_it_looks())?, start("server", &server)?]))
    }

    /// Waits until both have told of this change.
    pub fn told(&mut self, change: &str) -> Result<()> {
        self.0.iter_mut().try_for_each(|verify| {
            eventually(&format!("verify ({}) tells {change}", verify.way), LIMIT, || {
                let told = verify.objects()?.iter().any(|object| object["change"] == change);
                ensure!(told || verify.child.try_wait()?.is_none(), "it ended: {}", verify.text()?);
                Ok(told)
            })
        })
    }

    /// Waits for the end of both, which must have this exit code and this outcome; gives their summaries.
    pub fn end(mut self, code: i32, outcome: &str) -> Result<Vec<Value>> {
        self.0.iter_mut().map(|verify| verify.end(code, outcome)).collect()
    }
}

impl Verify {
    fn end(&mut self, code: i32, outcome: &str) -> Result<Value> {
        let mut ended = None;
        eventually(&format!("verify ({}) ends", self.way), LIMIT, || {
            ended = self.child.try_wait()?;
            Ok(ended.is_some())
        })?;
        let said = self.text()?;
        let summary = self.objects()?.pop().with_context(|| format!("verify ({}) told nothing", self.way))?;
        let found = ended.and_then(|status| status.code());
        let is_it = found == Some(code) && summary["outcome"] == outcome && summary["exit_code"] == code;
        ensure!(is_it, "verify ({}) ended with {found:?} and not {code}, {outcome}:\n{said}", self.way);
        Ok(summary)
    }

    fn text(&self) -> Result<String> {
        Ok(fs::read_to_string(&self.output)?)
    }

    /// What it told; a line that is not whole yet is left out.
    fn objects(&self) -> Result<Vec<Value>> {
        let text = self.text()?;
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole.lines().map(|line| serde_json::from_str(line).with_context(|| line.to_owned())).collect()
    }
}

impl Drop for Verify {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
