//! Who gets which token when, to the millisecond.

use super::provider::Kind;
use super::world::{Fate, OFFLINE, World};
use crate::error::ErrorCode;
use crate::session::Event;

/// A tab whose token of 60 s has 25 s left, and whose next renewal meets this fate.
fn renewing_late(fate: Fate) -> (World, usize) {
    let (mut world, tab) = World::signed_in();
    let received_at = world.session(tab).received_at.as_millis();
    world.run(received_at + 35_000 - world.now);
    world.script(Kind::Refresh, [fate]);
    world.tell(tab, Event::Refresh);
    (world, tab)
}

#[test]
fn in_a_pause_a_valid_token_serves_also_those_who_wished_for_a_better_one() {
    let (mut world, tab) = renewing_late(OFFLINE);
    world.run(60);
    let choosy = world.want_token(tab, 30, None);
    assert_eq!(world.token(tab, choosy), Some(Ok("canary-at-3".into())));
}

#[test]
fn a_clock_that_is_set_back_does_not_prolong_the_wait_for_a_better_token() {
    let (mut world, tab) = renewing_late(Fate::Hangs);
    let choosy = world.want_token(tab, 30, None);
    assert_eq!(world.token(tab, choosy), None);
    world.now -= 86_400_000;
    world.wake(tab, true);
    world.run(4900);
    assert_eq!(world.token(tab, choosy), None);
    world.run(200);
    assert_eq!(world.token(tab, choosy), Some(Ok("canary-at-3".into())));
}

/// Refuses the token of this generation so many milliseconds after it came; whether that causes a
/// renewal.
fn refuse(world: &mut World, tab: usize, generation: u64, age: i64) -> bool {
    assert_eq!(world.session(tab).generation, generation);
    let received_at = world.session(tab).received_at.as_millis();
    world.run(received_at + age - world.now);
    let before = world.count(Kind::Refresh);
    let reader = world.want_token(tab, 0, Some(generation));
    world.run(200);
    let is_heard = world.count(Kind::Refresh) > before;
    match world.token(tab, reader).unwrap() {
        Ok(_) => assert!(is_heard),
        Err(code) => assert_eq!((is_heard, code), (false, ErrorCode::ApiUnauthorized)),
    }
    is_heard
}

#[test]
fn the_fruit_of_a_refusal_is_refused_in_vain_within_its_first_second() {
    for (age, is_heard) in [(999, false), (1000, true)] {
        let (mut world, tab) = World::signed_in();
        assert!(refuse(&mut world, tab, 0, 1500));
        assert_eq!(refuse(&mut world, tab, 1, age), is_heard, "{age}");
    }
}

#[test]
fn refusals_that_are_far_apart_are_not_in_a_row() {
    // Within ten pauses the next pause is twice as long.
    for (apart, is_heard) in [(9_000, false), (10_000, false), (10_001, true)] {
        let (mut world, tab) = World::signed_in();
        let first = world.session(tab).received_at.as_millis() + 1500;
        assert!(refuse(&mut world, tab, 0, 1500));
        let age = first + apart - world.session(tab).received_at.as_millis();
        assert!(refuse(&mut world, tab, 1, age));
        assert_eq!(refuse(&mut world, tab, 2, 1500), is_heard, "{apart}");
    }
}
