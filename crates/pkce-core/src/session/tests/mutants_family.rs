//! What the tabs of a family may believe of one another (protocol rule 36).

use super::provider::Kind;
use super::world::{World, config_with};
use crate::error::ErrorCode;
use crate::secret::SecretText;
use crate::session::Event;
use serde_json::{Value, json};

/// A tab and its copy, where local storage may be denied from the start.
fn pair(is_local_denied: bool) -> (World, usize, usize) {
    let mut world = World::new();
    world.is_local_denied = is_local_denied;
    let tab = world.open("/");
    world.sign_in(tab);
    let copy = world.duplicate(tab);
    world.run(100);
    (world, tab, copy)
}

/// The stored session of a tab with newer tokens and these changes.
fn newer_record(world: &World, tab: usize, changes: &[(&str, Value)]) -> Value {
    let mut record: Value = serde_json::from_str(&world.tabs[tab].storage["t.session"]).unwrap();
    record["generation"] = json!(5);
    record["access_generation"] = json!(5);
    record["access_token"] = json!("canary-new");
    for (name, value) in changes {
        record[*name] = value.clone();
    }
    record
}

/// A sibling's message with a record, and what it says of it beside.
fn tokens(record: &Value, beside: &[(&str, Value)]) -> Event {
    let mut message = json!({
        "v": 1, "family": record["family"], "type": "tokens", "record": record.to_string(),
        "new": true, "generation": 5, "access_generation": 5,
    });
    for (name, value) in beside {
        message[*name] = value.clone();
    }
    Event::Message(SecretText::new(message.to_string()))
}

#[test]
fn tokens_that_are_said_to_be_no_newer_are_not_read() {
    let (mut world, tab) = World::signed_in();
    let record = newer_record(&world, tab, &[]);
    let said = [("generation", json!(0)), ("access_generation", json!(0))];
    let event = tokens(&record, &said);
    world.tell(tab, event);
    assert_eq!(world.session(tab).generation, 0);
    let said = [("generation", json!(0)), ("access_generation", json!(1))];
    let event = tokens(&record, &said);
    world.tell(tab, event);
    assert_eq!(world.session(tab).generation, 5);
}

#[test]
fn a_siblings_tokens_are_no_younger_than_now_and_leave_it_a_sibling() {
    for (ahead, expected) in [(3_600_000, 0), (1, 0), (0, 0), (-1, -1), (-5000, -5000)] {
        let (mut world, tab) = World::signed_in();
        let now = world.now;
        let record = newer_record(
            &world,
            tab,
            &[
                ("received_at", json!(now + ahead)),
                ("has_siblings", json!(false)),
            ],
        );
        let event = tokens(&record, &[]);
        world.tell(tab, event);
        assert_eq!(
            world.stored_member(tab, "received_at"),
            Some(json!(now + expected)),
            "{ahead}"
        );
        assert_eq!(world.stored_member(tab, "has_siblings"), Some(json!(true)));
    }
}

#[test]
fn a_tab_that_hears_late_of_the_sign_out_sends_nothing_meanwhile() {
    // The family's record is gone at once, the message takes its time.
    let (mut world, tab, copy) = pair(false);
    // A page that saw from its start that there is local storage.
    world.reload(tab);
    world.run_secs(3);
    world.tell(tab, Event::Refresh);
    world.run_secs(3);
    let sent = world.count(Kind::Refresh);
    world.message_lag = 900;
    world.sign_out(copy);
    world.tell(tab, Event::Refresh);
    world.run_secs(5);
    assert_eq!(world.end(tab), Some(ErrorCode::SessionEndedElsewhere));
    assert_eq!(world.count(Kind::Refresh), sent);
}

#[test]
fn a_stale_copy_waits_two_seconds_for_newer_tokens() {
    for (message_lag, is_in_time) in [(900, true), (1100, false)] {
        let (mut world, tab) = World::signed_in();
        let old = world.tabs[tab].storage.clone();
        world.run_secs(200);
        let sent = world.count(Kind::Refresh);
        world.message_lag = message_lag;
        let copy = world.open_with("/", old);
        world.run_secs(5);
        if is_in_time {
            assert_eq!(
                world.session(copy).generation,
                world.session(tab).generation
            );
        } else {
            assert_eq!(world.end(copy), Some(ErrorCode::SessionCopyStale));
        }
        assert_eq!(world.count(Kind::Refresh), sent);
    }
}

#[test]
fn who_was_given_the_newest_tokens_goes_on_alone_without_local_storage() {
    // They were told when they came, or handed over on a question of this tab.
    for is_told in [true, false] {
        let (mut world, tab, copy) = pair(true);
        if !is_told {
            world.hide(copy);
        }
        world.tell(tab, Event::Refresh);
        world.run_secs(3);
        if !is_told {
            world.show(copy);
            world.run_secs(3);
        }
        let generation = world.session(tab).generation;
        assert_eq!(world.session(copy).generation, generation);
        world.close(tab);
        world.tell(copy, Event::Refresh);
        world.run_secs(5);
        assert_eq!(
            world.session(copy).generation,
            generation + 1,
            "told: {is_told}"
        );
    }
}

#[test]
fn tokens_that_nobody_calls_the_newest_are_not_sent_without_a_sibling() {
    // An answer to another question, or of a tab that is not sure, does not make a copy the newest.
    for beside in [
        vec![("new", json!(false)), ("question", json!(7))],
        vec![("new", json!(false))],
    ] {
        let (mut world, tab) = World::signed_in();
        world.is_local_denied = true;
        let old = world.tabs[tab].storage.clone();
        let record = newer_record(&world, tab, &[]);
        world.close(tab);
        let copy = world.open_with("/", old);
        let event = tokens(&record, &beside);
        world.tell(copy, event);
        assert_eq!(world.session(copy).generation, 5);
        world.tell(copy, Event::Refresh);
        world.run_secs(5);
        assert_eq!(world.end(copy), Some(ErrorCode::SessionCopyStale));
        assert_eq!(world.count(Kind::Refresh), 0);
    }
}

#[test]
fn tokens_that_are_no_newer_than_ours_are_not_taken_whatever_is_said_of_them() {
    let (mut world, tab) = World::signed_in();
    let ours = world.stored_member(tab, "access_token");
    let old = [("generation", json!(0)), ("access_generation", json!(0))];
    let record = newer_record(&world, tab, &old);
    let event = tokens(&record, &[]);
    world.tell(tab, event);
    assert_eq!(world.stored_member(tab, "access_token"), ours);
    // An access token that is believed since makes it newer.
    let record = newer_record(&world, tab, &[("generation", json!(0))]);
    let event = tokens(&record, &[]);
    world.tell(tab, event);
    assert_ne!(world.stored_member(tab, "access_token"), ours);
}

#[test]
fn a_wait_whose_end_came_late_is_prolonged_so_that_siblings_can_answer() {
    let (mut world, tab) = World::signed_in();
    let old = world.tabs[tab].storage.clone();
    world.run_secs(200);
    world.message_lag = 100;
    world.tabs[tab].is_frozen = true;
    let copy = world.open_with("/", old);
    world.run(10);
    // Its question is out; the machine sleeps.
    world.tabs[copy].is_frozen = true;
    world.run_secs(10);
    world.tabs[tab].is_frozen = false;
    world.tabs[copy].is_frozen = false;
    world.run_secs(2);
    assert_eq!(
        world.session(copy).generation,
        world.session(tab).generation
    );
}

#[test]
fn a_doubt_that_a_sibling_ended_asks_nothing_more() {
    let (mut world, tab, copy) = pair(true);
    let before = world.broadcasts;
    world.tell(copy, Event::Refresh);
    world.run_secs(3);
    assert_eq!(world.session(tab).generation, 1);
    // The question, the answer, the new tokens.
    assert_eq!(world.broadcasts - before, 3);
}

#[test]
fn what_userinfo_said_comes_along_where_nothing_is_known_and_changes_nothing_that_is() {
    let email = |world: &World, tab: usize| {
        let user = world.session(tab).user;
        user.claim("email")
            .and_then(|json| json.as_str())
            .map(str::to_owned)
    };
    let mut elsewhere = World::new();
    elsewhere.provider.claims.insert("name", json!("Another"));
    let other = elsewhere.open("/");
    elsewhere.sign_in(other);
    let id_token = elsewhere.stored_member(other, "id_token").unwrap();
    for (is_known, expected) in [(false, "new@example.org"), (true, "u1@example.org")] {
        let mut world = World::with_config(config_with(|config| {
            config["providers"][0]["userinfo"] = json!(is_known)
        }));
        let tab = world.open("/");
        world.sign_in(tab);
        let userinfo = json!({"sub": "u1", "email": "new@example.org"}).to_string();
        let changes = [
            ("userinfo", json!(userinfo)),
            ("id_token", id_token.clone()),
        ];
        let event = tokens(&newer_record(&world, tab, &changes), &[]);
        world.tell(tab, event);
        assert_eq!(world.session(tab).generation, 5);
        assert_eq!(email(&world, tab).as_deref(), Some(expected));
        assert_eq!(world.session(tab).user.display_name(), "Ann");
    }
}
