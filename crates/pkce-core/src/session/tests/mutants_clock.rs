//! Clocks that are set back while something waits.

use super::provider::Kind;
use super::world::{World, config_with};
use crate::error::ErrorCode;
use serde_json::json;

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

#[test]
fn a_clock_that_is_set_back_does_not_prolong_a_session() {
    let limits = config_with(|config| config["session"] = json!({"max_age_seconds": 600}));
    let mut world = World::with_config(limits);
    let tab = world.open("/");
    world.sign_in(tab);
    let signed_in_at = world.session(tab).signed_in_at.as_millis();
    world.run(signed_in_at + 100_000 - world.now);
    world.wake(tab, true);
    world.now -= 3_600_000;
    world.wake(tab, true);
    world.run(499_999);
    assert!(world.is_signed_in(tab));
    world.run(1);
    assert_eq!(world.end(tab), Some(ErrorCode::SessionMaxAge));
}
