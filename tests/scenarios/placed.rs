//! Where a scenario that is played over HTTP is found: its pods' metrics, and what stands around it.

use gim_upgrade_exporter::model::dependency::AskAt;
use gim_upgrade_exporter::model::suite::{Endpoint, Suite};
use gim_upgrade_exporter::sim::player::Player;
use gim_upgrade_exporter::sim::scenario::Surrounding;

/// Has a suite find the played pods' metrics and what stands around them where they are.
pub fn place(suite: &mut Suite, player: &Player) {
    let (port, members) = (player.metrics_port(), &mut suite.members);
    for member in [&mut members.gim, &mut members.gsp] {
        member.endpoint = Some(Endpoint::Pods { port, path: "/metrics".into() });
    }
    let address = |of| player.address(of).unwrap();
    let around = &mut suite.surroundings;
    for (asked, of) in [(&mut around.kafka, Surrounding::Kafka), (&mut around.database, Surrounding::Database)] {
        let addresses = || vec![address(of).to_string().into()];
        *asked = asked.take().map(|_| AskAt::Addresses { addresses: addresses(), tls: false });
    }
    let url = |of, path: &str| AskAt::Url(format!("http://{}{path}", address(of)).into());
    around.object_storage = around.object_storage.take().map(|_| url(Surrounding::ObjectStorage, "/"));
    if let Some(aggregation) = &mut around.aggregation {
        aggregation.at = url(Surrounding::Aggregation, "/metrics");
    }
}
