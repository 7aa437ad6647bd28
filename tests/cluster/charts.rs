//! The stand-in charts of `charts/`, packaged with version numbers of the real form.
//!
//! Each package is made once a run, by `helm package`: a chart's version is no part of its folder, as in the real
//! ones a build sets it.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Result, ensure};

use crate::{folders::source_folder, process::output, tools::Tools};

/// The former build of GIM, which the stories begin with.
pub const GIM_FORMER: &str = "100.0.116+2900";
/// The build that GIM is upgraded to.
pub const GIM_NEXT: &str = "100.0.116+4200";
/// The build of GSP at rest, and the one that it is upgraded to.
pub const GSP_FORMER: &str = "100.0.100+1400";
/// See [`GSP_FORMER`].
pub const GSP_NEXT: &str = "100.0.100+3700";
/// The build of GCA at rest, and the one that it is upgraded to.
pub const GCA_FORMER: &str = "100.0.100+2300";
/// See [`GCA_FORMER`].
pub const GCA_NEXT: &str = "100.0.100+3200";

/// A value as users keep them in releases, as an argument of `--set`.
pub const SECRET_VALUE: &str = "database.password=a-value-that-nobody-may-see";
/// What must never be seen in a log or on a page.
pub const SECRET: &str = "a-value-that-nobody-may-see";

const PACKAGES: [(&str, &str); 10] = [
    ("gim", GIM_FORMER),
    ("gim", GIM_NEXT),
    ("gim-monitoring", GIM_FORMER),
    ("gim-monitoring", GIM_NEXT),
    ("gsp", GSP_FORMER),
    ("gsp", GSP_NEXT),
    ("gca", GCA_FORMER),
    ("gca", GCA_NEXT),
    ("gca-monitoring", GCA_FORMER),
    ("gca-monitoring", GCA_NEXT),
];

/// How long `helm package` may take on a busy machine.
const PACKAGE_LIMIT: Duration = Duration::from_mins(1);

/// The packaged charts.
#[derive(Debug)]
pub struct Charts(PathBuf);

impl Charts {
    /// Packages every chart into `folder`.
    pub fn package(tools: &Tools, folder: &Path) -> Result<Self> {
        let helm = tools.path("helm3")?;
        for (chart, version) in PACKAGES {
            let mut command = Command::new(&helm);
            command
                .arg("package")
                .arg(source_folder().join("charts").join(chart))
                .args(["--version", version, "--app-version", version, "--destination"])
                .arg(folder);
            let done = output(&mut command, PACKAGE_LIMIT)?;
            ensure!(done.status.success(), "helm package {chart}: {}", String::from_utf8_lossy(&done.stderr));
        }
        Ok(Self(folder.to_owned()))
    }

    /// The package of one chart at one version.
    pub fn path(&self, chart: &str, version: &str) -> Result<PathBuf> {
        let package = self.0.join(format!("{chart}-{version}.tgz"));
        ensure!(package.is_file(), "{} is not there: is it in PACKAGES?", package.display());
        Ok(package)
    }
}
