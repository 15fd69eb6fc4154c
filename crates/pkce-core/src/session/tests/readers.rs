//! Who asks for an access token, and what they get (protocol rules 24 and 30).

use super::provider::Kind;
use super::world::{Fate, OFFLINE, World};
use crate::error::ErrorCode;
use crate::session::Event;
use serde_json::json;

#[test]
fn a_token_that_is_good_for_long_enough_is_had_at_once() {
    let (mut world, tab) = World::signed_in();
    let reader = world.want_token(tab, 25, None);
    assert_eq!(world.token(tab, reader), Some(Ok("canary-at-3".into())));
    assert_eq!(world.count(Kind::Refresh), 0);
    let grant = world.tabs[tab].tokens[&reader].as_ref().unwrap();
    assert_eq!(grant.generation, 0);
    assert_eq!(grant.token_type.as_str(), "Bearer");
}

#[test]
fn asking_for_a_token_that_is_about_to_end_waits_for_one_renewal() {
    let (mut world, tab) = World::signed_in();
    world.freeze(tab);
    world.run_secs(50);
    world.thaw(tab);
    let reader = world.want_token(tab, 20, None);
    assert_eq!(world.token(tab, reader), None);
    world.run(100);
    assert_eq!(world.token(tab, reader), Some(Ok("canary-at-5".into())));
    assert_eq!(world.count(Kind::Refresh), 1);
}

#[test]
fn nobody_can_ask_for_more_than_half_a_lifetime() {
    // Else every read would renew.
    let (mut world, tab) = World::signed_in();
    for _ in 0..10 {
        let reader = world.want_token(tab, 3600, None);
        assert!(world.token(tab, reader).unwrap().is_ok());
    }
    assert_eq!(world.count(Kind::Refresh), 0);
}

#[test]
fn nobody_who_is_signed_out_gets_a_token() {
    let mut world = World::new();
    let tab = world.open("/");
    let reader = world.want_token(tab, 0, None);
    assert_eq!(world.token(tab, reader), Some(Err(ErrorCode::NotSignedIn)));
}

#[test]
fn a_refused_token_is_renewed_once_and_the_reader_gets_the_new_one() {
    // Rule 30
    let (mut world, tab) = World::signed_in();
    let readers: Vec<u64> = (0..100)
        .map(|_| world.want_token(tab, 0, Some(0)))
        .collect();
    world.run(200);
    assert_eq!(world.count(Kind::Refresh), 1);
    for reader in readers {
        assert_eq!(world.token(tab, reader), Some(Ok("canary-at-5".into())));
    }
    // A refusal that comes late is answered by what is there.
    let late = world.want_token(tab, 0, Some(0));
    assert_eq!(world.token(tab, late), Some(Ok("canary-at-5".into())));
    assert_eq!(world.count(Kind::Refresh), 1);
}

#[test]
fn an_api_that_refuses_every_token_does_not_make_a_loop() {
    let (mut world, tab) = World::signed_in();
    world.provider.expires_in = Some(json!(3600));
    for _ in 0..600 {
        let generation = world.session(tab).generation;
        world.want_token(tab, 0, Some(generation));
        world.run(100);
    }
    let renewals = world.count(Kind::Refresh);
    assert!(
        (2..=8).contains(&renewals),
        "{renewals} renewals in a minute"
    );
    let reader = world.want_token(tab, 0, Some(world.session(tab).generation));
    assert_eq!(
        world.token(tab, reader),
        Some(Err(ErrorCode::ApiUnauthorized))
    );
    // A token that was not refused is still to be had, and after a while so is a renewal.
    let other = world.want_token(tab, 0, None);
    assert!(world.token(tab, other).unwrap().is_ok());
    world.run_secs(600);
    let generation = world.session(tab).generation;
    let reader = world.want_token(tab, 0, Some(generation));
    world.run(200);
    assert!(world.token(tab, reader).unwrap().is_ok());
}

#[test]
fn a_refusal_a_moment_after_a_renewal_by_the_clock_is_heard() {
    let (mut world, tab) = World::signed_in();
    let first = world.want_token(tab, 0, Some(0));
    world.run_secs(5);
    assert!(world.token(tab, first).unwrap().is_ok());
    let second = world.want_token(tab, 0, Some(1));
    world.run(200);
    assert!(world.token(tab, second).unwrap().is_ok());
    assert_eq!(world.count(Kind::Refresh), 2);
}

/// A tab whose renewal hangs, so many seconds after its token of 60 s came.
fn hanging_after(seconds: i64) -> (World, usize) {
    let (mut world, tab) = World::signed_in();
    let received_at = world.session(tab).received_at.as_millis();
    world.script(Kind::Refresh, [Fate::Hangs]);
    world.freeze(tab);
    world.run(received_at + seconds * 1000 - world.now);
    world.thaw(tab);
    world.tell(tab, Event::Refresh);
    (world, tab)
}

#[test]
fn a_valid_token_stays_usable_while_a_renewal_hangs() {
    // Rule 24
    let (mut world, tab) = hanging_after(10);
    let content = world.want_token(tab, 10, None);
    assert_eq!(world.token(tab, content), Some(Ok("canary-at-3".into())));
    world.run_secs(25);
    // 25 s are left, this one wants 30: it waits a little for the better one.
    let choosy = world.want_token(tab, 30, None);
    assert_eq!(world.token(tab, choosy), None);
    world.run(4900);
    assert_eq!(world.token(tab, choosy), None);
    world.run(200);
    assert_eq!(world.token(tab, choosy), Some(Ok("canary-at-3".into())));
}

#[test]
fn a_token_is_handed_out_right_before_it_expires_rather_than_left_to() {
    let (mut world, tab) = hanging_after(57);
    let reader = world.want_token(tab, 30, None);
    assert_eq!(world.token(tab, reader), None);
    world.run(2700);
    assert_eq!(world.token(tab, reader), None);
    world.run(200);
    assert_eq!(world.token(tab, reader), Some(Ok("canary-at-3".into())));
}

#[test]
fn a_reader_without_a_valid_token_waits_for_the_renewal_within_bounds() {
    let (mut world, tab) = hanging_after(61);
    let reader = world.want_token(tab, 0, None);
    let refused = world.want_token(tab, 0, Some(0));
    world.run_secs(29);
    assert_eq!(
        (world.token(tab, reader), world.token(tab, refused)),
        (None, None)
    );
    world.run_secs(2);
    assert_eq!(world.token(tab, reader), Some(Err(ErrorCode::Timeout)));
    assert_eq!(world.token(tab, refused), Some(Err(ErrorCode::Timeout)));
}

#[test]
fn a_reader_waits_no_longer_than_its_patience() {
    // The shell gives the request 30 s; should it not, the reader still gets an answer.
    let (mut world, tab) = World::signed_in();
    world.script(
        Kind::Refresh,
        [Fate::Answered {
            there: 20,
            back: 120_000,
        }],
    );
    let reader = world.want_token(tab, 0, Some(0));
    world.run(34_900);
    assert_eq!(world.token(tab, reader), None);
    world.run(200);
    assert_eq!(world.token(tab, reader), Some(Err(ErrorCode::Timeout)));
}

#[test]
fn a_renewal_that_failed_leaves_readers_what_is_valid() {
    let (mut world, tab) = World::signed_in();
    world.script(Kind::Refresh, [OFFLINE]);
    world.tell(tab, Event::Refresh);
    let refused = world.want_token(tab, 0, Some(0));
    world.run(60);
    assert_eq!(
        world.token(tab, refused),
        Some(Err(ErrorCode::NetworkError))
    );
    // While the next try is waited for, a valid token is handed out at once.
    let choosy = world.want_token(tab, 30, None);
    assert_eq!(world.token(tab, choosy), Some(Ok("canary-at-3".into())));
}

#[test]
fn a_reader_that_comes_in_a_pause_gets_the_token_of_the_next_try() {
    let (mut world, tab) = World::signed_in();
    world.script(Kind::Refresh, [OFFLINE]);
    world.tell(tab, Event::Refresh);
    world.run(60);
    let reader = world.want_token(tab, 0, Some(0));
    assert_eq!(world.token(tab, reader), None);
    world.run(2000);
    assert_eq!(world.token(tab, reader), Some(Ok("canary-at-5".into())));
    assert_eq!(world.count(Kind::Refresh), 2);
}

#[test]
fn a_reader_that_would_wait_in_vain_is_told_why_at_once() {
    let (mut world, tab) = World::signed_in();
    let mut busy = super::provider::html(503);
    busy.retry_after = Some("600".into());
    world.script(Kind::Refresh, [Fate::Instead(busy)]);
    world.tell(tab, Event::Refresh);
    world.run(60);
    let reader = world.want_token(tab, 0, Some(0));
    assert_eq!(
        world.token(tab, reader),
        Some(Err(ErrorCode::ServiceUnavailable))
    );
}
