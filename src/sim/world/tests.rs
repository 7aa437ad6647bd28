use super::*;

#[test]
fn plays() {
    let scenario = Scenario::find("healthy-upgrade").unwrap();
    let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let began = std::time::Instant::now();
    let mut world = World::new(&scenario, start, 1.0).unwrap();
    let mut store = Store::new();
    world.advance(&mut store, start);
    eprintln!("{:?} {}", began.elapsed(), store.revision());
    world.advance(&mut store, world.ends());
    eprintln!("{:?} {}", began.elapsed(), store.revision());
    for (at, line) in world.log() {
        eprintln!("{at} {line}");
    }
}
