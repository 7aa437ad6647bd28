//! How the exporter itself could be reached: whether `serve` would start with the web configuration, and could judge tokens.
//! Not for whether anybody reaches it.

use std::path::PathBuf;

use super::Finding;
use crate::cli::exporter::Outlet;
use crate::cli::web::Entrance;
use crate::config::Config;
use crate::model::web::{self, WebAccess};
use crate::observe::client::Access;
use crate::observe::review::review;
use crate::observe::timing::Timing;

/// Whether the exporter could be served so.
pub(super) async fn web(file: PathBuf) -> Finding {
    let name = file.display().to_string();
    let mut entrance = Entrance::new(Some(file), Outlet::new(&Config::default()), Access::Infer);
    match entrance.door(&WebAccess::default()).await {
        Ok(_) => Finding::well(format!("web configuration: {name}")),
        Err(error) => Finding::ill(format!("web configuration: {error:#}"), "mend it: serve does not start with it"),
    }
}

/// Whether the API server says who has a token: nobody has this one.
pub(super) async fn tokens(access: Access) -> Finding {
    let asked = async {
        let api = Outlet::new(&Config::default()).client(access, Timing::default()).await?;
        let nobody = web::Access { token: "nobody".to_owned(), verb: "get", path: "/metrics".to_owned() };
        anyhow::Ok(review(&api, &nobody).await?)
    };
    match asked.await {
        Ok(_) => Finding::well("tokens: the API server says whose they are".to_owned()),
        Err(error) => Finding::ill(
            format!("tokens: {error:#}"),
            "bind the ClusterRole system:auth-delegator to the exporter's ServiceAccount: nobody with a token is let in before",
        ),
    }
}
