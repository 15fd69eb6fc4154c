//! Clocks that are set back while something waits.

use super::provider::Kind;
use super::world::World;
use crate::error::ErrorCode;

#[test]
fn a_clock_that_is_set_back_does_not_prolong_the_wait_for_a_sign_ins_lock() {
    let mut world = World::new();
    let tab = world.open("/");
    let url = world.go_to_provider(tab);
    let callback = world.provider.authorize(&url);
    // Another page has the lock and does not move.
    let frozen = world.duplicate(tab);
    world.visit(frozen, &callback);
    world.tabs[frozen].is_frozen = true;
    world.visit(tab, &callback);
    world.run(100);
    world.now -= 86_400_000;
    world.wake(tab, true);
    world.run_secs(36);
    assert_eq!(world.notice(tab), Some(ErrorCode::Timeout));
    assert_eq!(world.count(Kind::Code), 0);
}
