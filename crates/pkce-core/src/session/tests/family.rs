//! Several tabs of one sign-in (protocol rule 36).

use super::provider::{Kind, error};
use super::world::{ANSWER_LOST, Fate, OFFLINE, World};
use crate::error::ErrorCode;
use crate::secret::SecretText;
use crate::session::{Event, Renewal, SessionState};
use serde_json::json;
use std::collections::BTreeSet;

/// Two tabs with one sign-in.
fn pair() -> (World, usize, usize) {
    let (mut world, tab) = World::signed_in();
    let copy = world.duplicate(tab);
    world.run(100);
    (world, tab, copy)
}

fn assert_no_token_was_sent_twice(world: &World) {
    let sent = world.refresh_tokens_sent();
    let distinct: BTreeSet<&String> = sent.iter().collect();
    assert_eq!(distinct.len(), sent.len(), "{sent:?}");
    assert_eq!(world.provider.reuses, 0);
}

#[test]
fn a_duplicated_tab_joins_its_family_instead_of_spending_the_copied_token() {
    for is_local_denied in [false, true] {
        let (mut world, tab, copy) = pair();
        world.is_local_denied = is_local_denied;
        world.run_secs(600);
        assert!(world.is_signed_in(tab) && world.is_signed_in(copy));
        assert_no_token_was_sent_twice(&world);
        // As many requests as generations: no more than one tab alone would need.
        let renewals = world.count(Kind::Refresh);
        assert!((12..=15).contains(&renewals), "{renewals}");
        let generation = world.session(tab).generation;
        assert_eq!(generation, renewals as u64);
        assert_eq!(world.session(copy).generation, generation);
        assert_eq!(
            world.stored_member(tab, "refresh_token"),
            world.stored_member(copy, "refresh_token")
        );
    }
}

#[test]
fn ten_tabs_over_twenty_lifetimes_need_as_many_requests_as_generations() {
    for (local_lag, message_lag, is_local_denied) in [
        (0, 1, false),
        (40, 1, false),
        (0, 90, false),
        (60, 90, false),
        (0, 5, true),
    ] {
        let (mut world, tab) = World::signed_in();
        world.is_watchful = false;
        world.local_lag = local_lag;
        world.message_lag = message_lag;
        world.is_local_denied = is_local_denied;
        let mut tabs = vec![tab];
        for _ in 0..9 {
            tabs.push(world.duplicate(tab));
            world.run(200);
        }
        world.run_secs(20 * 60);
        let generation = world.session(tab).generation;
        assert_eq!(world.count(Kind::Refresh) as u64, generation);
        assert_eq!(
            world.provider.refresh_tokens_issued() as u64,
            generation + 1
        );
        assert_no_token_was_sent_twice(&world);
        for tab in tabs {
            assert_eq!(world.session(tab).generation, generation);
        }
    }
}

#[test]
fn tabs_whose_renewals_fall_together_send_one_request() {
    for (local_lag, message_lag) in [(0, 1), (50, 1), (0, 100), (100, 100)] {
        let (mut world, tab, copy) = pair();
        world.local_lag = local_lag;
        world.message_lag = message_lag;
        world.tell(tab, Event::Refresh);
        world.tell(copy, Event::Refresh);
        let readers = [
            world.want_token(tab, 0, Some(0)),
            world.want_token(copy, 0, Some(0)),
        ];
        world.run_secs(3);
        assert_eq!(world.count(Kind::Refresh), 1, "{local_lag} {message_lag}");
        assert_eq!(world.token(tab, readers[0]), Some(Ok("canary-at-5".into())));
        assert_eq!(
            world.token(copy, readers[1]),
            Some(Ok("canary-at-5".into()))
        );
    }
}

#[test]
fn a_stale_copy_gets_the_newest_from_a_sibling() {
    for is_local_denied in [false, true] {
        let (mut world, tab) = World::signed_in();
        world.is_local_denied = is_local_denied;
        let old = world.tabs[tab].storage.clone();
        world.run_secs(200);
        let generation = world.session(tab).generation;
        // A copy of a storage of long ago.
        let copy = world.open_with("/", old);
        world.run_secs(3);
        assert_eq!(world.session(copy).generation, generation);
        world.run_secs(200);
        assert_no_token_was_sent_twice(&world);
        assert!(world.is_signed_in(tab) && world.is_signed_in(copy));
    }
}

#[test]
fn a_stale_copy_that_nobody_answers_asks_the_user_to_sign_in() {
    for is_local_denied in [false, true] {
        let (mut world, tab) = World::signed_in();
        world.is_local_denied = is_local_denied;
        let old = world.tabs[tab].storage.clone();
        world.run_secs(200);
        world.close(tab);
        let sent = world.count(Kind::Refresh);
        let copy = world.open_with("/", old);
        let reader = world.want_token(copy, 0, None);
        world.run_secs(5);
        assert_eq!(world.end(copy), Some(ErrorCode::SessionCopyStale));
        assert_eq!(world.notice(copy), Some(ErrorCode::SessionCopyStale));
        assert_eq!(
            world.token(copy, reader),
            Some(Err(ErrorCode::SessionCopyStale))
        );
        assert_eq!(world.count(Kind::Refresh), sent, "never sent");
        world.sign_in(copy);
    }
}

#[test]
fn a_frozen_copy_that_wakes_later_learns_that_it_is_stale_before_it_could_spend_it() {
    for (is_local_denied, is_alone) in [(false, false), (false, true), (true, false), (true, true)]
    {
        let (mut world, tab, copy) = pair();
        world.is_local_denied = is_local_denied;
        world.hide(copy);
        world.run_secs(600);
        if is_alone {
            world.close(tab);
        }
        world.show(copy);
        world.run_secs(10);
        if is_alone {
            assert_eq!(world.end(copy), Some(ErrorCode::SessionCopyStale));
        } else {
            assert_eq!(
                world.session(copy).generation,
                world.session(tab).generation
            );
        }
        assert_no_token_was_sent_twice(&world);
    }
}

#[test]
fn a_single_tab_without_local_storage_survives_reloads_and_the_cache() {
    // Rule 36 holds where localStorage is denied, and costs an honest tab nothing.
    let mut world = World::new();
    world.is_local_denied = true;
    let tab = world.open("/");
    world.sign_in(tab);
    for _ in 0..5 {
        world.run_secs(100);
        world.reload(tab);
        world.run_secs(100);
        world.hide(tab);
        world.sleep(5000);
        world.show(tab);
    }
    assert!(world.is_signed_in(tab));
    assert_no_token_was_sent_twice(&world);
    // Without waiting for siblings that it never had.
    world.tell(tab, Event::Refresh);
    world.run(100);
    assert_eq!(world.renewal(tab), Renewal::Idle);
}

#[test]
fn a_crashed_tab_with_local_storage_goes_on() {
    let (mut world, tab) = World::signed_in();
    world.run_secs(100);
    world.crash(tab);
    world.run_secs(100);
    assert!(world.is_signed_in(tab));
    assert_no_token_was_sent_twice(&world);
}

#[test]
fn a_living_sibling_vouches_for_a_copy() {
    let (mut world, tab) = World::signed_in();
    world.is_local_denied = true;
    let copy = world.duplicate(tab);
    world.run(100);
    world.tell(copy, Event::Refresh);
    world.run_secs(1);
    assert_eq!(world.session(copy).generation, 1);
    assert_eq!(world.session(tab).generation, 1);
    assert_eq!(world.count(Kind::Refresh), 1);
}

#[test]
fn without_rotation_copies_share_the_token_and_the_renewals() {
    let mut world = World::new();
    world.provider.rotates = false;
    let tab = world.open("/");
    world.sign_in(tab);
    let copy = world.duplicate(tab);
    world.run_secs(300);
    let generation = world.session(tab).generation;
    assert_eq!(world.count(Kind::Refresh) as u64, generation);
    assert_eq!(world.session(copy).generation, generation);
    // A copy from before, alone: its token is as good as ever.
    let old = {
        let mut storage = world.tabs[tab].storage.clone();
        let mut session: serde_json::Value = serde_json::from_str(&storage["t.session"]).unwrap();
        session["generation"] = json!(0);
        session["access_generation"] = json!(0);
        storage.insert("t.session".into(), session.to_string());
        storage
    };
    world.close(tab);
    world.close(copy);
    let late = world.open_with("/", old);
    world.tell(late, Event::Refresh);
    world.run_secs(3);
    assert_eq!(world.session(late).generation, generation + 1);
}

#[test]
fn a_sign_out_reaches_the_whole_family_and_nobody_else() {
    let (mut world, tab, copy) = pair();
    let stranger = world.open("/");
    world.provider.user = "u2".into();
    world.sign_in(stranger);
    world.sign_out(tab);
    world.run(100);
    assert_eq!(world.state(tab), SessionState::SignedOut);
    assert_eq!(world.end(copy), Some(ErrorCode::SessionEndedElsewhere));
    assert_eq!(world.notice(copy), Some(ErrorCode::SessionEndedElsewhere));
    assert!(!world.tabs[copy].storage.contains_key("t.session"));
    assert_eq!(world.session(stranger).user.sub(), "u2");
    world.run_secs(200);
    assert!(world.session(stranger).generation >= 2);
}

#[test]
fn a_copy_that_missed_the_sign_out_does_not_bring_the_session_back() {
    for is_local_denied in [false, true] {
        let (mut world, tab, copy) = pair();
        // Even where the provider cannot revoke.
        world.is_local_denied = is_local_denied;
        world.script(Kind::Revoke, [OFFLINE]);
        world.hide(copy);
        world.sign_out(tab);
        world.run_secs(100);
        let sent = world.count(Kind::Refresh);
        world.show(copy);
        world.run(100);
        if is_local_denied {
            world.run_secs(10);
            assert_eq!(world.end(copy), Some(ErrorCode::SessionCopyStale));
        } else {
            assert_eq!(
                world.end(copy),
                Some(ErrorCode::SessionEndedElsewhere),
                "at once"
            );
        }
        assert_eq!(world.count(Kind::Refresh), sent);
    }
}

#[test]
fn a_closed_tab_that_is_opened_again_after_the_sign_out_is_signed_out_too() {
    // Even where there is nothing to renew.
    for has_refresh_token in [false, true] {
        let mut world = World::new();
        world.provider.issues_refresh_token = has_refresh_token;
        let tab = world.open("/");
        world.sign_in(tab);
        let copy = world.duplicate(tab);
        world.run(100);
        world.close(copy);
        world.sign_out(tab);
        world.run(100);
        let again = world.open_with("/", world.tabs[copy].storage.clone());
        world.run(100);
        assert_eq!(world.end(again), Some(ErrorCode::SessionEndedElsewhere));
        assert!(!world.tabs[again].storage.contains_key("t.session"));
    }
}

#[test]
fn local_storage_that_cannot_be_read_is_no_sign_out() {
    let (mut world, tab) = World::signed_in();
    world.reload(tab);
    world.run(100);
    world.is_local_denied = true;
    world.hide(tab);
    world.show(tab);
    world.run(100);
    assert!(world.is_signed_in(tab));
    world.reload(tab);
    world.run_secs(100);
    assert!(world.is_signed_in(tab));
}

#[test]
fn a_final_refusal_reaches_the_whole_family_and_is_asked_for_once() {
    let (mut world, tab, copy) = pair();
    world.provider.revoke_everything();
    world.run_secs(120);
    for tab in [tab, copy] {
        assert_eq!(world.end(tab), Some(ErrorCode::SessionRefused));
        assert_eq!(world.notice(tab), Some(ErrorCode::SessionRefused));
    }
    assert_eq!(world.count(Kind::Refresh), 1);
}

#[test]
fn an_end_that_is_older_than_this_tabs_tokens_is_no_end_for_it() {
    let (mut world, tab) = World::signed_in();
    world.run_secs(200);
    let family = world.stored_member(tab, "family").unwrap();
    let generation = world.session(tab).generation;
    let end = |generation: u64| {
        let text = json!({
            "v": 1, "family": family, "type": "refused", "generation": generation,
            "code": "session_refused",
        });
        Event::Message(SecretText::new(text.to_string()))
    };
    let older = end(generation - 1);
    world.tell(tab, older);
    assert!(world.is_signed_in(tab));
    let same = end(generation);
    world.tell(tab, same);
    assert_eq!(world.end(tab), Some(ErrorCode::SessionRefused));
}

#[test]
fn what_is_no_message_of_this_family_is_ignored() {
    let (mut world, tab) = World::signed_in();
    let family = world.stored_member(tab, "family").unwrap();
    let before = world.tabs[tab].storage.clone();
    let broadcasts = world.broadcasts;
    for text in [
        String::new(),
        "null".into(),
        "{}".into(),
        json!({"v": 1, "family": "another", "type": "over", "code": "session_idle"}).to_string(),
        json!({"v": 1, "family": "another", "type": "ask", "generation": 0, "question": 7})
            .to_string(),
        json!({"v": 2, "family": family, "type": "over", "code": "session_idle"}).to_string(),
        json!({"v": 1, "family": family, "type": "unheard_of"}).to_string(),
        json!({"v": 1, "family": family, "type": "refused", "generation": 9, "code": "x"}).to_string(),
        json!({"v": 1, "family": family, "type": "refused", "generation": -1, "code": "session_refused"})
            .to_string(),
        json!({"v": 1, "family": family, "type": "tokens"}).to_string(),
    ] {
        world.tell(tab, Event::Message(SecretText::new(text.clone())));
        assert!(world.is_signed_in(tab), "{text}");
        assert_eq!(world.tabs[tab].storage, before, "{text}");
    }
    assert_eq!(world.broadcasts, broadcasts);
}

#[test]
fn tokens_that_are_damaged_another_users_or_not_newer_are_not_taken() {
    let (mut world, tab) = World::signed_in();
    let good: serde_json::Value =
        serde_json::from_str(&world.tabs[tab].storage["t.session"]).unwrap();
    let mut stranger = World::new();
    stranger.provider.user = "u2".into();
    let other = stranger.open("/");
    stranger.sign_in(other);
    let theirs = stranger.stored_member(other, "id_token").unwrap();
    let change = |changes: &[(&str, serde_json::Value)]| {
        let mut record = good.clone();
        record["generation"] = json!(5);
        record["access_generation"] = json!(5);
        record["access_token"] = json!("canary-new");
        for (name, value) in changes {
            record[*name] = value.clone();
        }
        record.to_string()
    };
    let family = good["family"].clone();
    let send = |world: &mut World, record: String| {
        let text = json!({"v": 1, "family": family, "type": "tokens", "record": record, "new": true, "generation": 5, "access_generation": 5});
        world.tell(tab, Event::Message(SecretText::new(text.to_string())));
        world.session(tab).generation
    };
    for record in [
        "{".to_owned(),
        change(&[("generation", json!(0)), ("access_generation", json!(0))]),
        change(&[("id_token", theirs)]),
        change(&[("family", json!("another"))]),
        change(&[("provider", json!("another"))]),
        change(&[("client_id", json!("another"))]),
        change(&[("v", json!(2))]),
    ] {
        assert_eq!(send(&mut world, record.clone()), 0, "{record}");
    }
    let user = world.session(tab).user;
    assert_eq!(send(&mut world, change(&[])), 5);
    assert_eq!(
        world.stored_member(tab, "access_token"),
        Some(json!("canary-new"))
    );
    // The user is the same object: nothing that shows it has to be drawn again.
    assert_eq!(world.session(tab).user, user);
}

#[test]
fn tokens_that_come_while_a_request_is_out_make_its_refusal_harmless() {
    // Where locks are there and refused, two tabs may renew at once.
    let (mut world, tab, copy) = pair();
    world.has_locks = false;
    world.may_collide = true;
    world.script(
        Kind::Refresh,
        [
            Fate::Answered {
                there: 20,
                back: 30,
            },
            Fate::Answered {
                there: 40,
                back: 300,
            },
        ],
    );
    world.tell(tab, Event::Refresh);
    world.tell(copy, Event::Refresh);
    world.provider.has_grace = true;
    world.run_secs(2);
    assert!(world.is_signed_in(tab) && world.is_signed_in(copy));
    let (mut world, tab, copy) = pair();
    world.has_locks = false;
    world.may_collide = true;
    world.script(
        Kind::Refresh,
        [
            Fate::Answered {
                there: 20,
                back: 30,
            },
            Fate::Instead(error(400, "invalid_grant")),
        ],
    );
    world.message_lag = 1;
    world.tell(tab, Event::Refresh);
    world.run(10);
    world.tell(copy, Event::Refresh);
    world.run_secs(2);
    assert!(world.is_signed_in(tab) && world.is_signed_in(copy));
}

#[test]
fn a_lost_answer_of_one_tab_is_known_to_the_next() {
    let (mut world, tab, copy) = pair();
    world.script(Kind::Refresh, [ANSWER_LOST]);
    world.tell(tab, Event::Refresh);
    world.run(400);
    world.close(tab);
    world.tell(copy, Event::Refresh);
    world.run_secs(3);
    assert_eq!(world.end(copy), Some(ErrorCode::RefreshAnswerLost));
    assert_eq!(world.count(Kind::Refresh), 2);
}

#[test]
fn a_tab_that_closes_in_mid_refresh_lets_the_others_go_on() {
    let (mut world, tab, copy) = pair();
    world.provider.has_grace = true;
    world.tell(tab, Event::Refresh);
    world.run(330);
    assert_eq!(world.count(Kind::Refresh), 1);
    world.close(tab);
    world.run_secs(120);
    assert!(world.is_signed_in(copy));
    assert!(world.session(copy).generation >= 1);
}

#[test]
fn a_lock_that_is_held_for_ever_is_waited_for_within_bounds() {
    let (mut world, tab, copy) = pair();
    world.tell(tab, Event::Refresh);
    world.run(2);
    world.freeze(tab);
    world.tell(copy, Event::Refresh);
    let reader = world.want_token(copy, 0, Some(0));
    world.run_secs(36);
    assert_eq!(world.token(copy, reader), Some(Err(ErrorCode::Timeout)));
    world.run(9300);
    assert!(matches!(world.renewal(copy), Renewal::Retrying { .. }));
    assert_eq!(world.notice(copy), None);
    world.run_secs(60);
    assert!(world.is_signed_in(copy));
    assert_eq!(
        world.notice(copy),
        Some(ErrorCode::Timeout),
        "its token expired"
    );
    // Thawed, the holder finishes, and all is well.
    world.thaw(tab);
    world.run_secs(120);
    assert_eq!(
        world.session(copy).generation,
        world.session(tab).generation
    );
    assert_eq!(world.notice(copy), None);
    assert_no_token_was_sent_twice(&world);
}

#[test]
fn a_new_sign_in_in_one_tab_leaves_the_family_to_the_others() {
    let (mut world, tab, copy) = pair();
    world.provider.user = "u2".into();
    world.sign_in(tab);
    world.provider.user = "u1".into();
    world.run_secs(200);
    assert_eq!(world.session(tab).user.sub(), "u2");
    assert_eq!(world.session(copy).user.sub(), "u1");
    assert!(world.session(copy).generation >= 2);
    world.sign_out(copy);
    world.run(100);
    assert!(world.is_signed_in(tab));
}

#[test]
fn a_tab_that_only_asked_gets_an_answer_only_if_there_are_newer_tokens() {
    let (mut world, tab) = World::signed_in();
    let family = world.stored_member(tab, "family").unwrap();
    let ask = |generation: u64| {
        let text = json!({"v": 1, "family": family, "type": "ask", "generation": generation, "question": 7});
        Event::Message(SecretText::new(text.to_string()))
    };
    world.tell(tab, Event::Refresh);
    world.run(100);
    let before = world.broadcasts;
    // Newer ones are handed over; else the tab says that it is there; where it is itself behind,
    // it asks too.
    for (asked, answers) in [(0, 1), (1, 1), (2, 2)] {
        let event = ask(asked);
        let count = world.broadcasts;
        world.tell(tab, event);
        assert_eq!(world.broadcasts - count, answers, "{asked}");
    }
    assert_eq!(world.broadcasts, before + 4);
    assert_eq!(world.count(Kind::Refresh), 1);
}

#[test]
fn a_new_copy_does_not_trust_storage_that_may_be_a_moment_late() {
    // The copy is made while the answer is on its way: its own is spent when it looks.
    let (mut world, tab) = World::signed_in();
    world.local_lag = 60;
    world.message_lag = 60;
    world.tell(tab, Event::Refresh);
    world.run(45);
    let copy = world.duplicate(tab);
    world.run_secs(3);
    assert_no_token_was_sent_twice(&world);
    assert_eq!(
        world.session(tab).generation,
        world.session(copy).generation
    );
}

#[test]
fn a_tab_that_slept_while_it_asked_asks_again() {
    let (mut world, tab, copy) = pair();
    world.tell(copy, Event::Refresh);
    world.run(10);
    // Its question is out, and it holds the lock.
    world.freeze(copy);
    world.sign_out(tab);
    world.run_secs(100);
    world.thaw(copy);
    world.run_secs(5);
    assert_eq!(world.end(copy), Some(ErrorCode::SessionEndedElsewhere));
    assert_eq!(world.count(Kind::Refresh), 0);
}

#[test]
fn a_sign_out_is_passed_on_by_a_tab_that_slept_over_it() {
    // It wakes with an answer first, hands the new tokens to a tab that had missed the sign-out, and
    // only then hears of it.
    let (mut world, tab, sleeper) = pair();
    let missing = world.duplicate(tab);
    world.run(1000);
    world.hide(missing);
    world.tell(sleeper, Event::Refresh);
    world.run(330);
    assert_eq!(world.count(Kind::Refresh), 1);
    world.freeze(sleeper);
    world.run(100);
    world.script(Kind::Revoke, [OFFLINE]);
    world.sign_out(tab);
    world.run_secs(60);
    world.show(missing);
    world.thaw(sleeper);
    world.run_secs(60);
    for tab in [sleeper, missing] {
        assert!(!world.is_signed_in(tab), "{:?}", world.state(tab));
    }
    assert_eq!(world.family_record(), None);
    assert_eq!(world.count(Kind::Refresh), 1);
}

#[test]
fn a_tab_that_is_itself_behind_vouches_for_nobody() {
    // A copy of a copy, without local storage, and nobody who has listened all the time.
    let (mut world, tab) = World::signed_in();
    world.is_local_denied = true;
    let old = world.tabs[tab].storage.clone();
    world.run_secs(50);
    world.close(tab);
    let first = world.open_with("/", old.clone());
    let second = world.open_with("/", old);
    world.run_secs(10);
    for tab in [first, second] {
        assert_eq!(world.end(tab), Some(ErrorCode::SessionCopyStale));
    }
    assert_no_token_was_sent_twice(&world);
}

#[test]
fn an_answer_to_another_question_ends_no_doubt() {
    let (mut world, tab) = World::signed_in();
    world.is_local_denied = true;
    let copy = world.duplicate(tab);
    world.freeze(tab);
    let family = world.stored_member(tab, "family").unwrap();
    world.tell(copy, Event::Refresh);
    world.run(10);
    let here = json!({
        "v": 1, "family": family, "type": "here", "generation": 0, "question": 7, "sure": true,
        "unanswered": false, "active_at": 0,
    });
    world.tell(copy, Event::Message(SecretText::new(here.to_string())));
    world.run_secs(5);
    assert_eq!(world.end(copy), Some(ErrorCode::SessionCopyStale));
    assert_eq!(world.count(Kind::Refresh), 0);
}

#[test]
fn local_storage_that_is_full_ends_no_session() {
    let (mut world, tab) = World::signed_in();
    world.forget_family_record();
    for _ in 0..3 {
        world.reload(tab);
        world.run_secs(2);
        assert!(world.is_signed_in(tab));
        world.forget_family_record();
        world.tell(tab, Event::Refresh);
        world.run_secs(5);
        assert!(world.is_signed_in(tab));
        world.forget_family_record();
    }
    assert_no_token_was_sent_twice(&world);
}

#[test]
fn what_a_tab_that_was_away_hands_over_is_not_taken_for_the_newest() {
    let mut world = World::new();
    world.is_local_denied = true;
    let tab = world.open("/");
    world.sign_in(tab);
    let middle = world.duplicate(tab);
    let oldest = world.duplicate(tab);
    world.run(100);
    world.hide(oldest);
    world.tell(tab, Event::Refresh);
    world.run_secs(1);
    world.hide(middle);
    world.tell(tab, Event::Refresh);
    world.run_secs(1);
    assert!(world.session(tab).generation > world.session(middle).generation);
    assert!(world.session(middle).generation > world.session(oldest).generation);
    // Who has the newest cannot say so.
    world.freeze(tab);
    world.show(middle);
    world.show(oldest);
    world.run(50);
    assert_eq!(world.session(oldest).generation, 1);
    world.close(middle);
    world.run_secs(100);
    assert_eq!(world.end(oldest), Some(ErrorCode::SessionCopyStale));
    assert_no_token_was_sent_twice(&world);
}

#[test]
fn a_tab_that_crashed_still_knows_that_it_is_not_alone() {
    // Met a sibling; or was a copy whose original slept.
    for is_met in [true, false] {
        let (mut world, tab) = World::signed_in();
        if !is_met {
            world.freeze(tab);
        }
        let copy = world.duplicate(tab);
        world.run(100);
        world.freeze(tab);
        world.crash(copy);
        world.tell(copy, Event::Refresh);
        world.run_secs(1);
        world.reload(copy);
        world.hide(copy);
        let sent = world.count(Kind::Refresh);
        world.thaw(tab);
        world.run_secs(1);
        world.sign_out(tab);
        // It has heard of no sign-out, and finds no record.
        world.sleep(100_000);
        world.show(copy);
        world.run_secs(10);
        assert!(world.end(copy).is_some(), "{is_met}");
        assert_eq!(world.count(Kind::Refresh), sent, "{is_met}");
    }
}
