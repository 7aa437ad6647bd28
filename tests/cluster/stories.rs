//! The stories, each a file's function; see [`ALL`] for what there is.

use anyhow::{Result, ensure};

use crate::{
    charts::{GCA_FORMER, GIM_FORMER, GSP_FORMER},
    cluster::Cluster,
    helm::Major,
    runner::Story,
};

/// All stories.
pub const ALL: &[Story] = &[Story { name: "install_all", run: install_all, alone: false }];

fn install_all(cluster: &Cluster, major: Major) -> Result<()> {
    let place = cluster.place(major, "install")?;
    for (release, version) in [
        ("gim", GIM_FORMER),
        ("gim-monitoring", GIM_FORMER),
        ("gsp", GSP_FORMER),
        ("gca", GCA_FORMER),
        ("gca-monitoring", GCA_FORMER),
    ] {
        place.helm.run(&place.upgrade(release, version, &["--wait", "--timeout", "60s"])?)?;
        let status = place.helm.status(&place.namespace(crate::cluster::component_of(release)), release)?;
        ensure!(status == (1, "deployed".to_owned()), "{release}: {status:?}");
    }
    Ok(())
}
