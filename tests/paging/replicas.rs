//! Two replicas of the exporter of which one is cut off from the API server: no page is lost, none is doubled, and the blind one is
//! told of.

use std::time::Duration;

use gim_upgrade_exporter::observe::timing::Timing;

use crate::heard::{lines, told};
use crate::stage::{Cluster, free_address, pager, undisturbed};

/// Waits that are short enough to be blind within some minutes of the scenario.
fn impatient() -> Timing {
    Timing {
        watch: Duration::from_secs(1),
        silence: Duration::from_secs(2),
        watch_stale_after: Duration::from_secs(2),
        bodies_stale_after: Duration::from_secs(2),
        backoff_first: Duration::from_millis(100),
        backoff_longest: Duration::from_millis(400),
        ..Timing::default()
    }
}

async fn one_cut_off(speed: u32) -> Result<(), String> {
    let (alertmanager, receiver) = pager(speed).await;
    let (addresses, to) = ([free_address(), free_address()], [alertmanager.server.address()]);
    let cluster = Cluster::play("image-missing", speed).await;
    let sees = cluster.watched(&addresses[0], &to, impatient()).await;
    let mut blind = cluster.watched(&addresses[1], &to, impatient()).await;
    let _prometheus = cluster.prometheus(&addresses, &to).await;
    cluster.reaches(2.0).await;
    drop(blind.api.take());
    cluster.reaches(15.0).await;
    let heard = receiver.notifications();
    blind.stop().await;
    sees.stop().await;
    let pages = lines(&heard, "page");
    let besides: Vec<_> = told(&heard).into_iter().filter(|told| !told.starts_with("page ")).collect();
    if pages == ["page gim RollBackAdvised"] && besides == ["ticket - ExporterBlind"] {
        return Ok(());
    }
    Err(format!("pages {pages:#?}\nbesides {besides:#?}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blind_replica_neither_hides_nor_doubles_a_page() {
    undisturbed(one_cut_off).await.unwrap();
}
