//! What waits: until when, and what a clock, a wake-up or a click changes about it.

use super::provider::{Kind, html};
use super::world::{Fate, OFFLINE, START, World, config_with};
use crate::error::ErrorCode;
use crate::session::{Event, Renewal};
use crate::time::Timestamp;
use serde_json::json;

const HOUR: i64 = 3_600_000;

fn with_id_tokens() -> (World, usize) {
    let mut world = World::new();
    world.provider.id_token_on_refresh = true;
    let tab = world.open("/");
    world.sign_in(tab);
    (world, tab)
}

/// A tab whose renewal failed so often, in the moment of the last failure.
fn failing(fate: Fate, times: usize) -> (World, usize) {
    let (mut world, tab) = World::signed_in();
    world.default_fate = fate;
    world.tell(tab, Event::Refresh);
    while world.count(Kind::Refresh) < times {
        world.run(1);
    }
    world.run(50);
    (world, tab)
}

/// How long until a renewal that failed is tried again, in milliseconds.
fn pause(world: &World, tab: usize) -> i64 {
    match world.renewal(tab) {
        Renewal::Retrying { at, .. } => at.as_millis() - world.now,
        other => panic!("{other:?}"),
    }
}

/// New tokens that are withheld, since no keys can be had.
fn withheld(failures: usize) -> (World, usize) {
    let (mut world, tab) = with_id_tokens();
    world.provider.kid = "k2".into();
    // The provider's clock goes right where this device's is ahead.
    let iat = json!(START / 1000 - 30);
    world.provider.claims.insert("iat", iat);
    world.script(Kind::Jwks, std::iter::repeat_n(OFFLINE, failures));
    world.tell(tab, Event::Refresh);
    while world.count(Kind::Jwks) < 1 + failures {
        world.run(1);
    }
    world.run(50);
    assert!(matches!(world.renewal(tab), Renewal::Retrying { .. }));
    (world, tab)
}

#[test]
fn a_click_while_a_renewal_runs_forgets_no_failure() {
    let (mut world, tab) = failing(OFFLINE, 5);
    assert!((12_000..=20_000).contains(&pause(&world, tab)));
    while world.count(Kind::Refresh) < 6 {
        world.run(1);
    }
    world.tell(tab, Event::Refresh);
    world.run(50);
    assert!((24_000..=40_000).contains(&pause(&world, tab)));
}

#[test]
fn a_wake_up_forgets_failures_of_the_network_and_none_of_the_server() {
    for (fate, expected) in [
        (OFFLINE, 750..=1250),
        (Fate::Instead(html(503)), 24_000..=40_000),
    ] {
        let (mut world, tab) = failing(fate, 5);
        world.run(1000);
        world.wake(tab, true);
        world.run(100);
        assert_eq!(world.count(Kind::Refresh), 6);
        let pause = pause(&world, tab) + 48;
        assert!(expected.contains(&pause), "{pause}");
    }
}

#[test]
fn a_wake_up_tries_what_failed_again_no_sooner_than_a_second_later() {
    for (after, tries) in [(999, 5), (1000, 6)] {
        let (mut world, tab) = failing(OFFLINE, 5);
        world.run(after);
        world.wake(tab, true);
        world.run(100);
        assert_eq!(world.count(Kind::Refresh), tries, "{after}");
    }
}

#[test]
fn keys_that_could_not_be_had_are_asked_for_a_second_after_a_wake_up() {
    let (mut world, tab) = withheld(5);
    let before = world.count(Kind::Jwks);
    world.wake(tab, true);
    world.run(999);
    assert_eq!(world.count(Kind::Jwks), before);
    world.run(1);
    assert_eq!(world.count(Kind::Jwks), before + 1);
}

#[test]
fn what_happens_meanwhile_does_not_bring_the_next_try_for_keys_forward() {
    let (mut world, tab) = withheld(5);
    let before = world.count(Kind::Jwks);
    world.tell(tab, Event::Timer);
    world.wake(tab, false);
    world.run(5000);
    assert_eq!(world.count(Kind::Jwks), before);
}

#[test]
fn what_happens_meanwhile_does_not_end_the_wait_for_siblings() {
    let (mut world, tab) = World::signed_in();
    let old = world.tabs[tab].storage.clone();
    world.run_secs(200);
    world.message_lag = 900;
    let copy = world.open_with("/", old);
    world.run(100);
    world.tell(copy, Event::Timer);
    world.run_secs(3);
    assert_eq!(
        world.session(copy).generation,
        world.session(tab).generation
    );
}

#[test]
fn a_network_that_is_off_holds_back_the_next_try_too() {
    let (mut world, tab) = failing(OFFLINE, 1);
    assert!(pause(&world, tab) < 3000);
    world.wake(tab, false);
    world.run(2999);
    assert_eq!(world.count(Kind::Refresh), 1);
    world.run(10);
    assert_eq!(world.count(Kind::Refresh), 2);
    // One that is far off is not held back, and its turn to be is not used up.
    let (mut world, tab) = failing(OFFLINE, 5);
    world.wake(tab, false);
    let rest = pause(&world, tab) - 1000;
    world.run(rest);
    world.wake(tab, false);
    world.run(2999);
    assert_eq!(world.count(Kind::Refresh), 5);
}

#[test]
fn a_timer_is_after_a_sleep_when_it_is_later_than_a_background_tabs() {
    for (late, held) in [(90_000, false), (90_001, true)] {
        let (mut world, tab) = World::signed_in();
        let due = world.tabs[tab].timer.unwrap();
        world.tabs[tab].is_frozen = true;
        world.sleep(due + late - world.now);
        world.tabs[tab].is_frozen = false;
        world.run(100);
        assert_eq!(world.count(Kind::Refresh) == 0, held, "{late}");
    }
}

// ---- a clock that is set back ----

/// Sets the clock back between two looks of the page at it.
fn set_back(world: &mut World, tab: usize, by: i64) {
    world.tell(tab, Event::Timer);
    world.now -= by;
    world.tell(tab, Event::Timer);
}

#[test]
fn a_clock_that_is_set_back_does_not_keep_the_lock_of_a_sign_in() {
    let mut world = World::new();
    let tab = world.open("/");
    let url = world.go_to_provider(tab);
    let callback = world.provider.authorize(&url);
    world.visit(tab, &callback);
    while !world.is_signed_in(tab) {
        world.run(1);
    }
    assert!(world.is_busy(tab));
    set_back(&mut world, tab, HOUR);
    world.run(600);
    assert!(!world.is_busy(tab));
}

#[test]
fn a_clock_that_is_set_back_does_not_prolong_the_wait_for_a_lock() {
    let (mut world, tab) = World::signed_in();
    let copy = world.duplicate(tab);
    world.run(100);
    world.tell(tab, Event::Refresh);
    world.run(2);
    world.tabs[tab].is_frozen = true;
    world.tell(copy, Event::Refresh);
    world.run(100);
    set_back(&mut world, copy, HOUR);
    world.run(45_000);
    assert!(matches!(world.renewal(copy), Renewal::Retrying { .. }));
}

#[test]
fn a_clock_that_is_set_back_does_not_prolong_the_wait_for_siblings() {
    let (mut world, tab) = World::signed_in();
    let old = world.tabs[tab].storage.clone();
    world.run_secs(200);
    world.close(tab);
    let copy = world.open_with("/", old);
    world.run(1000);
    set_back(&mut world, copy, HOUR);
    world.run(1100);
    assert_eq!(world.end(copy), Some(ErrorCode::SessionCopyStale));
}

#[test]
fn a_clock_that_is_set_back_does_not_make_a_wake_up_come_too_soon() {
    let (mut world, tab) = failing(OFFLINE, 6);
    world.run(1000);
    set_back(&mut world, tab, 20_000);
    world.wake(tab, true);
    world.run(100);
    assert_eq!(world.count(Kind::Refresh), 7);
}

#[test]
fn a_clock_that_is_set_back_does_not_postpone_the_next_try_for_keys() {
    let (mut world, tab) = withheld(5);
    let rest = pause(&world, tab);
    let before = world.count(Kind::Jwks);
    set_back(&mut world, tab, HOUR);
    world.run(rest - 1);
    assert_eq!(world.count(Kind::Jwks), before);
    world.run(1);
    assert_eq!(world.count(Kind::Jwks), before + 1);
}

#[test]
fn tokens_are_as_old_as_they_are_whatever_the_clock_does_while_they_are_checked() {
    // While the keys are fetched.
    let (mut world, tab) = with_id_tokens();
    world.provider.kid = "k2".into();
    let late = Fate::Answered {
        there: 20,
        back: 5000,
    };
    world.script(Kind::Jwks, [late]);
    world.tell(tab, Event::Refresh);
    while world.count(Kind::Jwks) < 2 {
        world.run(1);
    }
    let came_at = world.now;
    set_back(&mut world, tab, 20_000);
    world.run_secs(30);
    assert_eq!(world.session(tab).generation, 1);
    assert_eq!(
        world.session(tab).received_at,
        Timestamp::from_millis(came_at - 20_000)
    );
    // While they are withheld.
    let (mut world, tab) = withheld(1);
    let mut sent = world.sent.iter();
    let sent = sent.rfind(|sent| sent.kind == Kind::Refresh).unwrap();
    let came_at = sent.at + 50;
    set_back(&mut world, tab, 20_000);
    world.run_secs(5);
    assert_eq!(world.session(tab).generation, 1);
    assert_eq!(
        world.session(tab).received_at,
        Timestamp::from_millis(came_at - 20_000)
    );
    // While the request is out, and its answer is looked at after a sleep.
    let (mut world, tab) = World::signed_in();
    world.tell(tab, Event::Refresh);
    world.run(10);
    let sent_at = world.sent.last().unwrap().at;
    set_back(&mut world, tab, 20_000);
    world.tabs[tab].is_frozen = true;
    world.run_secs(80);
    world.tabs[tab].is_frozen = false;
    world.run(1);
    assert_eq!(world.session(tab).generation, 1);
    assert_eq!(
        world.session(tab).received_at,
        Timestamp::from_millis(sent_at - 20_000 + 30_000)
    );
}

// ---- a wait for siblings whose end came late ----

/// A stale copy that is asking, while nobody is there to answer.
fn asking() -> (World, usize) {
    let (mut world, tab) = World::signed_in();
    let old = world.tabs[tab].storage.clone();
    world.run_secs(200);
    world.close(tab);
    let copy = world.open_with("/", old);
    world.run(1000);
    (world, copy)
}

/// The page is frozen and goes on so long after its timer was due.
fn go_on_late(world: &mut World, tab: usize, late: i64) {
    let due = world.tabs[tab].timer.unwrap();
    world.tabs[tab].is_frozen = true;
    world.sleep(due + late - world.now);
    world.tabs[tab].is_frozen = false;
    world.run(0);
}

#[test]
fn an_end_within_a_fifth_of_a_second_is_on_time() {
    for (late, is_over) in [(0, true), (200, true), (201, false)] {
        let (mut world, copy) = asking();
        go_on_late(&mut world, copy, late);
        assert_eq!(world.end(copy).is_some(), is_over, "{late}");
    }
}

#[test]
fn a_wait_is_prolonged_five_times_at_most() {
    let (mut world, copy) = asking();
    for _ in 0..5 {
        go_on_late(&mut world, copy, 1000);
        assert_eq!(world.end(copy), None);
    }
    go_on_late(&mut world, copy, 1000);
    assert_eq!(world.end(copy), Some(ErrorCode::SessionCopyStale));
}

#[test]
fn what_happens_meanwhile_does_not_end_the_wait_for_a_tab_where_the_user_is_at_work() {
    let mut world = World::with_config(config_with(|config| {
        config["session"] = json!({"idle_limit_seconds": 300})
    }));
    world.provider.expires_in = Some(json!(3600));
    let tab = world.open("/");
    world.sign_in(tab);
    let other = world.duplicate(tab);
    world.run(100);
    world.hide(tab);
    for _ in 0..4 {
        world.run_secs(100);
        world.tell(other, Event::Activity);
    }
    world.message_lag = 400;
    world.show(tab);
    world.run(100);
    world.tell(tab, Event::Timer);
    assert!(world.is_signed_in(tab));
    world.run_secs(2);
    assert!(world.is_signed_in(tab));
}
