//! When a renewal that fails stops, to the millisecond.

use super::provider::Kind;
use super::world::{OFFLINE, World};
use crate::session::{Event, Renewal};
use serde_json::json;

/// A tab that cannot renew, begun so many milliseconds after its token of so many seconds came, at
/// the moment of the tenth failure; and how old the token is then.
fn ten_failures(lifetime: i64, begun_after: i64) -> (World, usize, i64) {
    let mut world = World::new();
    world.provider.expires_in = Some(json!(lifetime));
    let tab = world.open("/");
    world.sign_in(tab);
    let received_at = world.session(tab).received_at.as_millis();
    world.run(received_at + begun_after - world.now);
    world.default_fate = OFFLINE;
    world.tell(tab, Event::Refresh);
    while world.count(Kind::Refresh) < 10 {
        world.run(1);
    }
    world.run(50);
    let age = world.now - received_at;
    (world, tab, age)
}

#[test]
fn many_failures_stop_the_renewal_in_the_moment_when_the_token_expires() {
    let (.., age) = ten_failures(36_000, 5000);
    let lifetime = age / 1000 + 1;
    let begun_after = 5000 + lifetime * 1000 - age;
    let (world, tab, age) = ten_failures(lifetime, begun_after - 1);
    assert_eq!(age, lifetime * 1000 - 1);
    assert!(matches!(world.renewal(tab), Renewal::Retrying { .. }));
    let (world, tab, age) = ten_failures(lifetime, begun_after);
    assert_eq!(age, lifetime * 1000);
    assert!(matches!(world.renewal(tab), Renewal::Stopped { .. }));
}
