//! All that a story stands on: the control plane, the packaged charts, both Helms, the metrics pages.
//!
//! A story gets a [`Place`]: a Helm and namespaces of its own, so that stories can share one control plane.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::symlink,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result};
use serde_json::json;

use crate::{
    api::Api,
    charts::Charts,
    control_plane::ControlPlane,
    helm::{Helm, Major},
    metrics_page::MetricsPages,
    process::eventually,
    tools::Tools,
};

/// What the name of a companion's release ends with.
const COMPANION: &str = "-monitoring";
/// How long the default ServiceAccount of a new namespace may take to be there.
const NAMESPACE_LIMIT: Duration = Duration::from_secs(30);

/// The running cluster, shared by all stories.
pub struct Cluster {
    /// The components' own metrics, dropped before the control plane.
    pub metrics: MetricsPages,
    /// The control plane.
    pub plane: ControlPlane,
    /// The packaged charts.
    pub charts: Charts,
    /// The tools cache.
    pub tools: Tools,
}

impl Cluster {
    /// Starts the control plane and packages the charts.
    pub fn start() -> Result<Self> {
        let tools = Tools::open()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let plane = ControlPlane::start(Arc::new(runtime), &tools)?;
        let charts = Charts::package(&tools, plane.folder())?;
        for major in [Major::Three, Major::Four] {
            // Helm signs what it writes with the name it was called by, so it must be called `helm`.
            let folder = plane.folder().join(major.binary());
            fs::create_dir_all(&folder)?;
            symlink(tools.path(major.binary())?, folder.join("helm"))?;
        }
        let metrics = MetricsPages::serve(plane.api().runtime().handle(), plane.api().client());
        Ok(Self { metrics, plane, charts, tools })
    }

    /// The client with all rights.
    pub fn api(&self) -> &Api {
        self.plane.api()
    }

    /// One of the two Helms.
    pub fn helm(&self, major: Major) -> Helm {
        Helm {
            major,
            binary: self.plane.folder().join(major.binary()).join("helm"),
            kubeconfig: self.plane.admin_kubeconfig(),
            home: self.plane.folder().join("helm"),
            driver: "secret",
        }
    }

    /// A place for one story: namespaces `NAME-gim`, `NAME-gsp` and `NAME-gca`.
    pub fn place(&self, major: Major, name: &str) -> Result<Place<'_>> {
        self.place_of(major, name, &[("gim", "gim"), ("gsp", "gsp"), ("gca", "gca")])
    }

    /// The same with other releases, each with the end of its namespace's name.
    pub fn place_of(&self, major: Major, name: &str, homes: &[(&str, &str)]) -> Result<Place<'_>> {
        let name = format!("{major}-{name}");
        let home = |&(release, home): &(&str, &str)| (release.to_owned(), format!("{name}-{home}"));
        let place = Place { cluster: self, helm: self.helm(major), homes: homes.iter().map(home).collect(), name };
        place.namespaces().into_iter().try_for_each(|namespace| self.create_namespace(namespace))?;
        Ok(place)
    }

    /// Creates a namespace and waits for its default ServiceAccount, without which no pod can be created.
    fn create_namespace(&self, name: &str) -> Result<()> {
        let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
        self.api().create("/api/v1/namespaces", &namespace)?;
        eventually(&format!("the ServiceAccount of namespace {name}"), NAMESPACE_LIMIT, || {
            Ok(self.api().find(&format!("/api/v1/namespaces/{name}/serviceaccounts/default"))?.is_some())
        })
    }
}

/// One story's place on the cluster.
#[derive(Clone)]
pub struct Place<'a> {
    /// The cluster.
    pub cluster: &'a Cluster,
    /// The story's Helm.
    pub helm: Helm,
    /// What the names of its namespaces begin with.
    pub name: String,
    /// The namespace of each release.
    homes: BTreeMap<String, String>,
}

impl Place<'_> {
    /// The namespace of a release, which its companion shares.
    pub fn namespace(&self, release: &str) -> String {
        self.homes.get(main_of(release)).cloned().unwrap_or_else(|| format!("no home for {release}"))
    }

    /// Whether a release of this name has its home here.
    pub fn is_home_of(&self, release: &str) -> bool {
        self.homes.contains_key(release)
    }

    /// All its namespaces.
    pub fn namespaces(&self) -> BTreeSet<&str> {
        self.homes.values().map(String::as_str).collect()
    }

    /// `helm upgrade --install RELEASE` of a chart into its namespace, with further arguments. Returns the arguments, to
    /// be run in the way the story needs.
    pub fn upgrade(&self, release: &str, version: &str, further: &[&str]) -> Result<Vec<String>> {
        let chart = self.cluster.charts.path(&chart_of(release), version)?;
        let mut arguments = self.words("upgrade", release, &["--install"]);
        arguments.insert(2, chart.to_str().context("a path that is no text")?.to_owned());
        arguments.extend(further.iter().map(|&word| word.to_owned()));
        Ok(arguments)
    }

    /// `helm COMMAND RELEASE --namespace …` with further arguments.
    pub fn words(&self, command: &str, release: &str, further: &[&str]) -> Vec<String> {
        let namespace = self.namespace(release);
        let mut arguments = vec![command.to_owned(), release.to_owned(), "--namespace".to_owned(), namespace];
        arguments.extend(further.iter().map(|&word| word.to_owned()));
        arguments
    }

    /// The path of a pod of a release.
    pub fn pod(&self, release: &str, name: &str) -> String {
        format!("/api/v1/namespaces/{}/pods/{name}", self.namespace(release))
    }

    /// A file of this place with these contents, gone with the control plane.
    pub fn file(&self, name: &str, contents: &str) -> Result<String> {
        let path = self.cluster.plane.folder().join(format!("{}-{name}", self.name));
        fs::write(&path, contents)?;
        Ok(path.to_str().context("a path that is no text")?.to_owned())
    }
}

/// The release that a companion stands beside, or the release itself: `gca-t100` for `gca-t100-monitoring`.
fn main_of(release: &str) -> &str {
    release.strip_suffix(COMPANION).unwrap_or(release)
}

/// The component that a release belongs to: `gim` for `gim`, `gim-t100` and `gim-t100-monitoring`.
pub fn component_of(release: &str) -> &str {
    release.split('-').next().unwrap_or(release)
}

/// The name of the chart that a release is of: `gca-monitoring` for `gca-t100-monitoring`.
pub fn chart_of(release: &str) -> String {
    let companion = if release.ends_with(COMPANION) { COMPANION } else { "" };
    format!("{}{companion}", component_of(release))
}
