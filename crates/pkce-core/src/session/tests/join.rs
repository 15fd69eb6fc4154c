//! New tabs that take over the session of the open ones (no redirect, no request).

use super::provider::Kind;
use super::world::{World, config_with};
use crate::error::ErrorCode;
use crate::session::{Event, SessionState, Tabs};
use serde_json::json;

/// A fresh tab, after the time that joining may take.
fn open(world: &mut World) -> usize {
    let tab = world.open("/");
    world.run(500);
    tab
}

fn is_signed_out(world: &World, tab: usize) -> bool {
    world.state(tab) == SessionState::SignedOut
}

#[test]
fn a_new_tab_joins_the_family_of_an_open_one_without_a_request() {
    for is_local_denied in [false, true] {
        let (mut world, tab) = World::signed_in();
        world.is_local_denied = is_local_denied;
        assert_eq!(world.session(tab).tabs, Tabs::Alone);
        let sent = world.sent.len();
        let new = world.open("/notes?x=1");
        assert_eq!(world.state(new), SessionState::Loading);
        world.run(500);
        assert_eq!(world.sent.len(), sent);
        assert_eq!(world.tabs[new].left_for, None);
        assert_eq!(world.tabs[new].address, "/notes?x=1");
        assert_eq!(world.session(new).user.sub(), "u1");
        for tab in [tab, new] {
            assert_eq!(world.session(tab).tabs, Tabs::Family);
        }
        // From now on it is one of them: who renews, renews for both.
        world.run_secs(600);
        let generation = world.session(tab).generation;
        assert!(generation >= 12);
        assert_eq!(world.count(Kind::Refresh) as u64, generation);
        assert_eq!(world.session(new).generation, generation);
        world.reload(new);
        assert!(world.is_signed_in(new));
        world.sign_out(new);
        world.run(100);
        assert_eq!(world.end(tab), Some(ErrorCode::SessionEndedElsewhere));
    }
}

#[test]
fn a_tab_that_was_reloaded_lets_others_in_and_stays_sure_of_its_token() {
    for is_local_denied in [false, true] {
        let (mut world, tab) = World::signed_in();
        world.is_local_denied = is_local_denied;
        world.reload(tab);
        world.run(100);
        let new = open(&mut world);
        assert!(world.is_signed_in(new));
        world.run_secs(200);
        assert!(world.is_signed_in(tab) && world.is_signed_in(new));
    }
}

#[test]
fn where_nobody_can_be_there_a_new_tab_knows_at_once() {
    let mut world = World::new();
    let tab = world.open("/");
    assert!(is_signed_out(&world, tab));
    assert_eq!(world.broadcasts, 0);
    // Nor does it wait after everybody has signed out.
    world.sign_in(tab);
    world.sign_out(tab);
    let new = world.open("/");
    assert!(is_signed_out(&world, new));
    // Where local storage is denied it has to ask.
    world.is_local_denied = true;
    let new = world.open("/");
    assert_eq!(world.state(new), SessionState::Loading);
    world.run(299);
    assert_eq!(world.state(new), SessionState::Loading);
    world.run(1);
    assert!(is_signed_out(&world, new));
}

#[test]
fn one_that_asks_tabs_that_are_gone_is_signed_out_soon() {
    let (mut world, tab) = World::signed_in();
    world.close(tab);
    let new = world.open("/");
    world.run(299);
    assert_eq!(world.state(new), SessionState::Loading);
    world.run(1);
    assert!(is_signed_out(&world, new));
    assert_eq!(world.notice(new), None);
}

#[test]
fn it_waits_no_longer_than_for_those_that_may_answer() {
    let (mut world, _) = World::signed_in();
    let new = world.open("/");
    world.run(10);
    assert!(world.is_signed_in(new));
}

#[test]
fn where_two_families_are_open_it_joins_none() {
    for is_local_denied in [false, true] {
        let (mut world, _) = World::signed_in();
        world.is_local_denied = is_local_denied;
        // A second sign-in of its own, by another user.
        let other = open(&mut world);
        world.provider.user = "u2".into();
        world.sign_in(other);
        assert_eq!(world.session(other).user.sub(), "u2");
        let new = open(&mut world);
        assert!(is_signed_out(&world, new));
        // Several tabs of one family are one.
        world.sign_out(other);
        world.run(100);
        let new = open(&mut world);
        let newer = open(&mut world);
        assert_eq!(world.session(newer).user.sub(), "u1");
        assert!(world.is_signed_in(new));
    }
}

#[test]
fn where_sharing_is_off_nobody_asks_and_nobody_answers() {
    let (mut world, _) = World::signed_in();
    let said = world.broadcasts;
    let new = world.open_unsharing("/");
    assert!(is_signed_out(&world, new));
    world.run(500);
    assert!(is_signed_out(&world, new));
    assert_eq!(world.broadcasts, said);

    let mut world = World::new();
    let tab = world.open_unsharing("/");
    world.sign_in(tab);
    let new = open(&mut world);
    assert!(is_signed_out(&world, new));
    // A copy is family all the same: it has the tokens already.
    let copy = world.duplicate(tab);
    world.run_secs(200);
    assert!(world.is_signed_in(copy));
    assert_eq!(world.provider.reuses, 0);
}

#[test]
fn a_tab_that_had_a_session_joins_nobody() {
    // It signed out, and another family is open elsewhere.
    let (mut world, tab) = World::signed_in();
    let other = open(&mut world);
    world.provider.user = "u2".into();
    world.sign_in(other);
    world.sign_out(tab);
    for _ in 0..2 {
        world.reload(tab);
        world.run(500);
        assert!(is_signed_out(&world, tab));
    }
    // Nor does a copy of it.
    let copy = world.duplicate(tab);
    world.run(500);
    assert!(is_signed_out(&world, copy));

    // Its session ended by itself.
    let (mut world, tab) = World::signed_in();
    world.provider.revoke_everything();
    world.run_secs(100);
    assert!(world.end(tab).is_some());
    let other = world.open("/");
    world.provider.user = "u2".into();
    world.sign_in(other);
    world.reload(tab);
    world.run(500);
    assert!(is_signed_out(&world, tab));

    // Its stored session was damaged.
    let (mut world, tab) = World::signed_in();
    let other = open(&mut world);
    world.end_quietly(other);
    world.tabs[other]
        .storage
        .insert("t.session".into(), "{".into());
    world.load(other, "/");
    world.run(500);
    assert!(is_signed_out(&world, other));
    world.reload(other);
    world.run(500);
    assert!(is_signed_out(&world, other) && world.is_signed_in(tab));
}

#[test]
fn a_callback_that_failed_does_not_join() {
    let (mut world, _) = World::signed_in();
    for query in ["error=access_denied&state=x", "code=a&state=unknown"] {
        let new = world.open(&format!("/callback?{query}"));
        world.run(500);
        assert!(is_signed_out(&world, new), "{query}");
        assert!(world.notice(new).is_some());
    }
}

#[test]
fn the_user_can_sign_in_at_any_moment_of_it() {
    for pause in [0, 1, 3, 5, 100, 299, 300] {
        for is_local_denied in [false, true] {
            let (mut world, tab) = World::signed_in();
            world.is_local_denied = is_local_denied;
            let new = world.open("/");
            world.run(pause);
            if world.is_signed_in(new) {
                continue;
            }
            world.provider.user = "u2".into();
            world.sign_in(new);
            assert_eq!(world.session(new).user.sub(), "u2");
            assert_eq!(world.session(tab).user.sub(), "u1");
        }
    }
}

#[test]
fn a_sign_out_in_the_midst_of_it_lets_nobody_in() {
    for is_local_denied in [false, true] {
        for pause in (0..500).step_by(7) {
            let (mut world, tab) = World::signed_in();
            world.is_local_denied = is_local_denied;
            world.is_watchful = false;
            (world.message_lag, world.local_lag) = (40, 60);
            let copy = world.duplicate(tab);
            world.run(200);
            let new = world.open("/");
            world.run(pause);
            world.sign_out(if pause % 2 == 0 { tab } else { copy });
            world.run_secs(2);
            assert!(!world.is_signed_in(new), "{pause}");
        }
    }
}

#[test]
fn who_hands_over_may_have_slept_through_the_sign_out() {
    let (mut world, tab) = World::signed_in();
    let copy = world.duplicate(tab);
    world.run(100);
    world.freeze(copy);
    let new = world.open("/");
    world.freeze(new);
    world.sign_out(tab);
    world.tabs[tab].storage.clear();
    world.close(tab);
    world.run(50);
    // The one that slept answers before it hears.
    world.thaw(new);
    world.thaw(copy);
    world.run_secs(3);
    assert!(!world.is_signed_in(new));
    assert_eq!(world.provider.reuses, 0);
}

#[test]
fn a_page_in_a_foreign_frame_joins_nobody() {
    let (mut world, _) = World::signed_in();
    world.environment.foreign_frame = true;
    let said = world.broadcasts;
    let framed = open(&mut world);
    assert!(is_signed_out(&world, framed));
    assert_eq!(world.broadcasts, said);
}

#[test]
fn a_new_tab_that_freezes_hears_the_answers_when_it_wakes() {
    for is_local_denied in [false, true] {
        let (mut world, _) = World::signed_in();
        world.is_local_denied = is_local_denied;
        let new = world.open("/");
        world.freeze(new);
        world.run_secs(20);
        world.thaw(new);
        world.run_secs(1);
        assert!(world.is_signed_in(new));
    }
}

#[test]
fn a_family_of_another_configuration_is_not_joined() {
    let (mut world, _) = World::signed_in();
    world.set_config(config_with(|config| {
        config["providers"][0]["id"] = json!("another");
    }));
    let new = open(&mut world);
    assert!(is_signed_out(&world, new));
    // The same name, and another client.
    world.set_config(config_with(|config| {
        config["providers"][0]["client_id"] = json!("another");
    }));
    let new = world.open("/");
    world.run_secs(3);
    assert!(is_signed_out(&world, new));
}

#[test]
fn records_of_tabs_that_are_gone_for_good_are_deleted() {
    let (mut world, tab) = World::signed_in();
    world.close(tab);
    let day = 24 * 3_600_000;
    world.sleep(90 * day - 10_000);
    world.open("/");
    assert!(world.family_record().is_some());
    world.sleep(10_000);
    world.open("/");
    assert!(world.family_record().is_none());
    // But for the session's own, whatever its age.
    let (mut world, tab) = World::signed_in();
    world.end_quietly(tab);
    world.sleep(91 * day);
    world.load(tab, "/");
    assert!(world.family_record().is_some());
    world.run_secs(5);
    assert!(world.is_signed_in(tab));
}

#[test]
fn a_session_past_its_limit_is_not_taken_over() {
    let mut world = World::with_config(config_with(|config| {
        config["session"] = json!({"idle_limit_seconds": 300});
    }));
    world.provider.expires_in = Some(json!(3600));
    let tab = world.open("/");
    world.sign_in(tab);
    world.freeze(tab);
    world.sleep(301_000);
    let new = world.open("/");
    world.thaw(tab);
    world.run_secs(3);
    assert_eq!(world.end(tab), Some(ErrorCode::SessionIdle));
    assert!(is_signed_out(&world, new));
    assert_eq!(world.notice(new), None);
}

#[test]
fn a_record_that_is_gone_by_the_time_of_the_look_lets_nobody_in() {
    let mut world = World::new();
    let late = world.open("/");
    let tab = world.open("/");
    world.sign_in(tab);
    let copy = world.duplicate(tab);
    world.run(200);
    (world.message_lag, world.local_lag) = (20, 60);
    // In the cache it hears no sign-out, and comes back before it can read of it.
    world.hide(copy);
    world.sign_out(tab);
    world.show(copy);
    world.reload(late);
    assert_eq!(world.state(late), SessionState::Loading);
    world.run(70);
    assert!(world.is_signed_in(copy), "it answers");
    world.run_secs(3);
    assert!(is_signed_out(&world, late));
}

#[test]
fn tokens_that_were_not_meant_for_it_let_a_new_tab_in_to_nothing() {
    // Whoever said them may be gone, and would not know that it is not alone any more.
    let (mut world, tab) = World::signed_in();
    world.message_lag = 30;
    let new = world.open("/");
    world.run(20);
    world.freeze(new);
    world.tell(tab, Event::Refresh);
    world.run_secs(5);
    world.hide(tab);
    world.thaw(new);
    world.run_secs(5);
    assert!(is_signed_out(&world, new));
}
