//! No sign-in that is given up keeps a lock that another tab waits for.

use super::provider::Kind;
use super::world::World;
use crate::error::ErrorCode;

/// A tab at its callback; another page may have the lock and not move.
fn completing(is_lock_taken: bool) -> (World, usize) {
    let mut world = World::new();
    let tab = world.open("/");
    let url = world.go_to_provider(tab);
    let callback = world.provider.authorize(&url);
    if is_lock_taken {
        let frozen = world.duplicate(tab);
        world.visit(frozen, &callback);
        world.tabs[frozen].is_frozen = true;
    }
    world.visit(tab, &callback);
    (world, tab)
}

#[test]
fn a_sign_out_during_the_exchange_lets_the_lock_go() {
    let (mut world, tab) = completing(false);
    while world.count(Kind::Code) == 0 {
        world.run(1);
    }
    assert!(world.is_busy(tab));
    world.sign_out(tab);
    assert!(!world.is_busy(tab));
}

#[test]
fn a_sign_out_while_a_lock_is_waited_for_leaves_the_queue() {
    let (mut world, tab) = completing(true);
    world.run(100);
    assert!(world.is_busy(tab));
    world.sign_out(tab);
    assert!(!world.is_busy(tab));
}

#[test]
fn a_lock_that_was_waited_for_in_vain_is_not_wanted_any_more() {
    let (mut world, tab) = completing(true);
    world.run_secs(36);
    assert_eq!(world.notice(tab), Some(ErrorCode::Timeout));
    assert!(!world.is_busy(tab));
}
