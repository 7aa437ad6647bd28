use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::*;
use crate::sim::scenario::Scenario;
use crate::sim::store::{Kind, Store};

fn pod_ip(store: &SharedStore) -> Option<String> {
    let pod = store.read(|store| store.get(Kind::Pods, "gim", "gim-0").map(|pod| pod.to_value()))?;
    pod.pointer("/status/podIP").and_then(|ip| ip.as_str()).map(str::to_owned)
}

async fn scrape(ip: &str, port: u16) -> io::Result<String> {
    let stream = TcpStream::connect((ip, port)).await?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    tokio::spawn(connection);
    let request = http::Request::get("/metrics").header("host", ip).body(Empty::<bytes::Bytes>::new()).unwrap();
    let response = sender.send_request(request).await.map_err(io::Error::other)?;
    let body = response.into_body().collect().await.map_err(io::Error::other)?;
    Ok(String::from_utf8(body.to_bytes().to_vec()).unwrap())
}

/// The clock is held: what the player does follows from it alone, however slow the machine is.
#[tokio::test]
async fn the_endpoint_opens_and_closes_with_its_pod() {
    let scenario = Scenario::find("upgrade-without-wait").unwrap();
    let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let held = Arc::new(Mutex::new(start));
    let clock: Clock = {
        let held = Arc::clone(&held);
        Arc::new(move || *held.lock().unwrap())
    };
    let store = SharedStore::new(Store::new());
    let player = Player::start(World::new(&scenario, start, 1.0).unwrap(), store.clone(), clock).await.unwrap();
    let old = pod_ip(&store).unwrap();
    let page = scrape(&old, player.metrics_port()).await.unwrap();
    assert!(page.contains("gim_kafka_timestamp_behind{pod=\"gim-0\""), "{page}");

    *held.lock().unwrap() = start + SignedDuration::from_mins(3);
    // The player looks at its clock by itself; wait for what it does, not for a time.
    while pod_ip(&store).is_none_or(|ip| ip == old) {
        tokio::time::sleep(SHORTEST_SLEEP).await;
    }
    let new = pod_ip(&store).unwrap();
    let page = loop {
        if let Ok(page) = scrape(&new, player.metrics_port()).await {
            break page;
        }
        tokio::time::sleep(SHORTEST_SLEEP).await;
    };
    assert!(page.contains("gim_server_state"), "{page}");
    assert!(scrape(&old, player.metrics_port()).await.is_err(), "nothing listens for a pod that is gone");
    assert!(player.log().iter().any(|(_, line)| line.contains("gim 4 is deployed")));
}
