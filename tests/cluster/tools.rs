//! Finds the real components (etcd, the control plane, Helm, Prometheus, Alertmanager) in the tools cache that
//! `tests/tools/build` fills.
//!
//! Which version of each is wanted stands in `tests/tools/go.mod` alone, except of what is built outside that module; this
//! file reads it as the build script does, so that both agree on the folder. A tool that is missing is an error that tells
//! how to build it, never a skipped test.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

/// Each tool and the Go module whose version names its folder, or that version itself: the table of `tests/tools/build`
/// once more.
const TOOLS: [(&str, &str); 13] = [
    ("helm3", "helm.sh/helm/v3"),
    ("helm4", "helm.sh/helm/v4"),
    ("etcd", "go.etcd.io/etcd/server/v3"),
    ("kube-apiserver", "k8s.io/kubernetes"),
    ("kube-controller-manager", "k8s.io/kubernetes"),
    ("kube-scheduler", "k8s.io/kubernetes"),
    ("kwok", "sigs.k8s.io/kwok"),
    ("promtool", "github.com/prometheus/prometheus"),
    ("prometheus", "github.com/prometheus/prometheus"),
    ("amtool", "v0.31.1"),
    ("alertmanager", "v0.31.1"),
    ("amtool-old", "v0.25.0"),
    ("alertmanager-old", "v0.25.0"),
];

/// The version of Python's `prometheus_client` that tests/tools/build installs.
const PROMETHEUS_CLIENT: &str = "0.26.0";

/// The tools cache.
#[derive(Clone, Debug)]
pub struct Tools {
    cache: PathBuf,
    go_mod: String,
}

impl Tools {
    /// Reads which versions are wanted and where the cache is. Finds no tool yet.
    pub fn open() -> Result<Self> {
        let go_mod = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tools/go.mod");
        let go_mod = fs::read_to_string(&go_mod).with_context(|| format!("reading {}", go_mod.display()))?;
        Ok(Self { cache: cache_folder()?, go_mod })
    }

    /// A folder of the cache that holds no program.
    pub fn folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.cache.join(name);
        if !folder.is_dir() {
            bail!("{} is not there: run `make e2e`, or `tests/tools/build`", folder.display());
        }
        Ok(folder)
    }

    /// The folder of Python's `prometheus_client`, for `PYTHONPATH`.
    pub fn python(&self) -> Result<PathBuf> {
        self.folder(&format!("prometheus_client-{PROMETHEUS_CLIENT}"))
    }

    /// The path of a program, `prometheus` or `promtool`, of Debian's Prometheus.
    pub fn of_debian(&self, program: &str) -> Result<PathBuf> {
        let binary = self.cache.join("prometheus-old/usr/bin").join(program);
        if !binary.is_file() {
            bail!("{} is not there: run `make e2e`, or `tests/tools/build prometheus-old`", binary.display());
        }
        Ok(binary)
    }

    /// The path of one tool's binary.
    pub fn path(&self, tool: &str) -> Result<PathBuf> {
        let Some((_, module)) = TOOLS.iter().find(|(name, _)| *name == tool) else {
            bail!("{tool} is not one of the tools of tests/tools/build");
        };
        let version = match module.strip_prefix('v') {
            Some(_) => module,
            None => version_of(&self.go_mod, module)
                .with_context(|| format!("tests/tools/go.mod names no version of {module}"))?,
        };
        let binary = self.cache.join(format!("{tool}-{version}")).join(tool);
        if !binary.is_file() {
            bail!("{} is not there: run `make e2e`, or `tests/tools/build {tool}`", binary.display());
        }
        Ok(binary)
    }
}

/// The first `MODULE vVERSION` of a go.mod, `require`d in a block or on a line of its own.
fn version_of<'a>(go_mod: &'a str, module: &str) -> Option<&'a str> {
    go_mod.lines().find_map(|line| {
        let mut words = line.split_whitespace().skip_while(|word| *word == "require");
        (words.next() == Some(module)).then(|| words.next()).flatten().filter(|version| version.starts_with('v'))
    })
}

fn cache_folder() -> Result<PathBuf> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(folder) = set("GIM_UPGRADE_TOOLS") {
        return Ok(folder);
    }
    let caches = match set("XDG_CACHE_HOME") {
        Some(folder) => folder,
        None => set("HOME").context("neither XDG_CACHE_HOME nor HOME is set")?.join(".cache"),
    };
    Ok(caches.join("gim-upgrade-exporter/tools"))
}
