//! What is stored, and what comes of it when it is old, damaged or refused (protocol rule 37).

use super::provider::Kind;
use super::world::{World, config_with};
use crate::error::ErrorCode;
use crate::session::{Event, SessionState};
use serde_json::{Value, json};

fn stored(world: &World, tab: usize) -> Value {
    serde_json::from_str(&world.tabs[tab].storage["t.session"]).unwrap()
}

fn reload_with(world: &mut World, tab: usize, session: &str) {
    world.visit(tab, "/other");
    let left = world.tabs[tab].storage.clone();
    world.tabs[tab].storage = left;
    world.tabs[tab]
        .storage
        .insert("t.session".into(), session.into());
    world.load(tab, "/");
}

#[test]
fn a_reload_keeps_the_session() {
    let (mut world, tab) = World::signed_in();
    let before = world.session(tab);
    world.reload(tab);
    // Known at once, without a request.
    let after = world.session(tab);
    assert_eq!(after.user.sub(), "u1");
    assert_eq!(after.user.display_name(), "Ann");
    assert_eq!(after.user.id_token(), before.user.id_token());
    assert_eq!(
        (
            after.signed_in_at,
            after.received_at,
            after.expires_at,
            after.scope
        ),
        (
            before.signed_in_at,
            before.received_at,
            before.expires_at,
            before.scope
        )
    );
    let reader = world.want_token(tab, 0, None);
    assert_eq!(world.token(tab, reader), Some(Ok("canary-at-3".into())));
    world.run_secs(120);
    assert!(world.session(tab).generation >= 2);
    world.reload(tab);
    world.run_secs(120);
    assert_eq!(world.provider.reuses, 0);
}

#[test]
fn an_expired_session_with_a_refresh_token_is_renewed_at_the_page_load() {
    let (mut world, tab) = World::signed_in();
    world.visit(tab, "/");
    world.freeze(tab);
    world.sleep(3_600_000);
    world.reload(tab);
    let reader = world.want_token(tab, 0, None);
    assert_eq!(world.token(tab, reader), None);
    world.run(100);
    assert!(world.token(tab, reader).unwrap().is_ok());
    assert_eq!(world.count(Kind::Refresh), 1);
}

#[test]
fn an_expired_session_without_a_refresh_token_is_over_at_the_page_load() {
    let mut world = World::new();
    world.provider.issues_refresh_token = false;
    let tab = world.open("/");
    world.sign_in(tab);
    world.freeze(tab);
    world.sleep(61_000);
    world.crash(tab);
    assert_eq!(world.end(tab), Some(ErrorCode::SessionExpired));
    assert_eq!(world.notice(tab), Some(ErrorCode::SessionExpired));
    assert!(!world.tabs[tab].storage.contains_key("t.session"));
    world.reload(tab);
    assert_eq!(world.state(tab), SessionState::SignedOut);
}

#[test]
fn a_sign_in_that_fails_says_more_than_an_old_session_that_expired() {
    let mut world = World::new();
    world.provider.issues_refresh_token = false;
    let tab = world.open("/");
    world.sign_in(tab);
    world.sleep(61_000);
    world.end_quietly(tab);
    world.load(tab, "/callback?error=access_denied&state=x");
    assert_eq!(world.notice(tab), Some(ErrorCode::StateUnknown));
}

#[test]
fn a_damaged_session_is_discarded_without_a_word() {
    let (mut world, tab) = World::signed_in();
    let good = stored(&world, tab);
    let mut damaged: Vec<String> = ["", "{", "null", "[]", "{}", "\u{0}", "{\"v\":1}"]
        .map(str::to_owned)
        .into();
    let spoil = |name: &str, value: Value| {
        let mut session = good.clone();
        session[name] = value;
        session.to_string()
    };
    for name in [
        "v",
        "provider",
        "client_id",
        "metadata",
        "family",
        "generation",
        "access_generation",
        "access_token",
        "token_type",
        "received_at",
        "unanswered",
        "scope",
        "resource",
        "id_token",
        "signed_in_at",
        "active_at",
        "has_siblings",
    ] {
        let mut session = good.clone();
        session.as_object_mut().unwrap().remove(name);
        damaged.push(session.to_string());
        damaged.push(spoil(name, json!(null)));
        damaged.push(spoil(name, json!({})));
    }
    damaged.extend([
        spoil("v", json!(0)),
        spoil("v", json!(2)),
        spoil("token_type", json!("DPoP")),
        spoil("generation", json!(-1)),
        spoil("access_token", json!("")),
        spoil("refresh_token", json!("\n")),
        spoil("id_token", json!("a.b.c")),
        spoil("resource", json!([1])),
        spoil("metadata", json!({"issuer": "https://id.example"})),
    ]);
    for text in damaged {
        reload_with(&mut world, tab, &text);
        assert_eq!(world.state(tab), SessionState::SignedOut, "{text}");
        assert_eq!(world.notice(tab), None, "{text}");
        assert!(!world.tabs[tab].storage.contains_key("t.session"), "{text}");
    }
    reload_with(&mut world, tab, &good.to_string());
    assert!(world.is_signed_in(tab));
    // What is optional may be absent.
    for name in ["lifetime", "refresh_token"] {
        let mut session = good.clone();
        session.as_object_mut().unwrap().remove(name);
        reload_with(&mut world, tab, &session.to_string());
        assert!(world.is_signed_in(tab), "{name}");
    }
}

#[test]
fn a_session_of_a_provider_that_is_not_configured_any_more_is_discarded() {
    for (key, value) in [
        ("id", json!("another")),
        ("client_id", json!("another")),
        ("issuer", json!("https://another.example")),
    ] {
        let (mut world, tab) = World::signed_in();
        world.set_config(config_with(|config| config["providers"][0][key] = value));
        world.reload(tab);
        assert_eq!(world.state(tab), SessionState::SignedOut, "{key}");
        assert!(!world.tabs[tab].storage.contains_key("t.session"), "{key}");
        assert!(world.sent.iter().all(|sent| sent.kind != Kind::Refresh));
    }
}

#[test]
fn what_was_learned_of_a_provider_may_be_damaged_too() {
    let mut world = World::new();
    let tab = world.open("/");
    let url = world.go_to_provider(tab);
    let callback = world.provider.authorize(&url);
    let key = world.tabs[tab]
        .storage
        .keys()
        .find(|key| key.starts_with("t.provider."))
        .cloned();
    let key = key.unwrap();
    let good: Value = serde_json::from_str(&world.tabs[tab].storage[&key]).unwrap();
    let mut texts: Vec<String> = ["", "{", "[]", "{}"].map(str::to_owned).into();
    for (name, value) in [
        ("v", json!(2)),
        ("issuer", json!("https://evil.example")),
        ("jwks", json!({"keys": 1})),
        ("jwks_at", json!(null)),
    ] {
        let mut spoiled = good.clone();
        spoiled[name] = value;
        texts.push(spoiled.to_string());
    }
    let before = world.tabs[tab].storage.clone();
    for text in texts {
        let mut storage = before.clone();
        storage.insert(key.clone(), text.clone());
        world.sent.clear();
        let copy = world.open_with(&callback, storage);
        world.run(1000);
        // The keys are asked for again, and that is all.
        if world.is_signed_in(copy) {
            assert_eq!(world.kinds(), [Kind::Code, Kind::Jwks], "{text}");
        } else {
            assert_eq!(world.notice(copy), Some(ErrorCode::StateConsumed), "{text}");
        }
    }
}

#[test]
fn a_session_that_storage_does_not_take_is_told_once_and_left_in_no_older_form() {
    let (mut world, tab) = World::signed_in();
    world.tabs[tab].is_full = true;
    world.tell(tab, Event::Refresh);
    world.run(100);
    // It goes on in this page.
    assert_eq!(world.session(tab).generation, 1);
    assert_eq!(world.notice(tab), Some(ErrorCode::StorageFull));
    // But a token that was spent is not left for the next page.
    assert!(!world.tabs[tab].storage.contains_key("t.session"));
    world.tell(tab, Event::DismissNotice);
    world.run_secs(300);
    assert_eq!(world.notice(tab), None);
    assert!(world.session(tab).generation >= 5);
    world.tabs[tab].is_full = false;
    world.run_secs(60);
    assert!(world.tabs[tab].storage.contains_key("t.session"));
    world.reload(tab);
    assert!(world.is_signed_in(tab));
}

#[test]
fn a_sign_in_that_storage_does_not_take_signs_in_all_the_same() {
    let mut world = World::new();
    let tab = world.open("/");
    let url = world.go_to_provider(tab);
    let callback = world.provider.authorize(&url);
    world.visit(tab, &callback);
    world.tabs[tab].is_full = true;
    world.run(1000);
    assert!(world.is_signed_in(tab));
    assert_eq!(world.notice(tab), Some(ErrorCode::StorageFull));
    world.reload(tab);
    world.run(400);
    assert_eq!(world.state(tab), SessionState::SignedOut);
}

#[test]
fn nothing_of_a_session_is_in_local_storage_but_fingerprints() {
    // The world asserts that no shared value contains a secret; this is the rest.
    let (mut world, tab) = World::signed_in();
    world.run_secs(120);
    let record = world.family_record().unwrap();
    let token = world.stored_member(tab, "refresh_token").unwrap();
    let fingerprint = crate::encoding::fingerprint(token.as_str().unwrap());
    assert_eq!(record["fingerprint"], json!(fingerprint));
    assert_eq!(record["generation"], json!(world.session(tab).generation));
    assert_eq!(record.as_object().unwrap().len(), 5, "{record}");
}

// ---- the back/forward cache ----

#[test]
fn a_page_that_comes_back_takes_what_the_tab_did_meanwhile() {
    // Signed out when it left, signed in by a later page of this tab.
    let mut world = World::new();
    let tab = world.open("/");
    world.hide(tab);
    let mut storage = world.tabs[tab].storage.clone();
    let other = world.open_with("/", storage);
    world.sign_in(other);
    storage = world.tabs[other].storage.clone();
    world.close(other);
    storage.insert("t.left".into(), "1".into());
    world.tabs[tab].storage = storage;
    world.show(tab);
    assert!(world.is_signed_in(tab));
    world.run_secs(120);
    assert!(world.session(tab).generation >= 2);

    // Signed in when it left, signed out by a later page of this tab.
    let (mut world, tab) = World::signed_in();
    let reader = world.want_token(tab, 0, Some(0));
    world.hide(tab);
    world.tabs[tab].storage.remove("t.session");
    world.show(tab);
    assert_eq!(world.state(tab), SessionState::SignedOut);
    assert_eq!(world.notice(tab), None);
    assert!(world.token(tab, reader).unwrap().is_err());
}

#[test]
fn a_page_that_comes_back_never_sends_a_token_that_a_later_page_spent() {
    for is_local_denied in [false, true] {
        let (mut world, tab) = World::signed_in();
        world.is_local_denied = is_local_denied;
        world.hide(tab);
        let later = world.open_with("/", world.tabs[tab].storage.clone());
        world.run_secs(200);
        let storage = world.tabs[later].storage.clone();
        world.close(later);
        world.tabs[tab].storage = storage;
        world.tabs[tab].storage.insert("t.left".into(), "1".into());
        world.show(tab);
        world.run_secs(200);
        assert!(world.is_signed_in(tab));
        assert_eq!(world.provider.reuses, 0);
        let mut sent = world.refresh_tokens_sent();
        let count = sent.len();
        sent.sort();
        sent.dedup();
        assert_eq!(sent.len(), count);
    }
}

#[test]
fn a_page_with_storage_as_old_as_itself_learns_that_its_tab_signed_out() {
    // Firefox gives a page of the cache, and each reload of it, the storage of the time when it was
    // left.
    for reloads in [false, true] {
        let (mut world, tab) = World::signed_in();
        world.hide(tab);
        let later = world.open_with("/", world.tabs[tab].storage.clone());
        world.sign_out(later);
        world.close(later);
        assert!(world.tabs[tab].storage.contains_key("t.session"));
        if reloads {
            world.load(tab, "/");
        } else {
            world.show(tab);
        }
        world.run(1_000);
        assert_eq!(world.end(tab), Some(ErrorCode::SessionEndedElsewhere));
        assert!(!world.tabs[tab].storage.contains_key("t.session"));
    }
}

#[test]
fn the_mark_of_a_sign_in_that_is_over_goes_with_time() {
    let (mut world, tab) = World::signed_in();
    world.sign_out(tab);
    let marks = |world: &World| world.shared_entries("t.over.");
    assert_eq!(marks(&world), 1);
    world.sleep(89 * 24 * 60 * 60 * 1_000);
    world.open("/");
    assert_eq!(marks(&world), 1);
    world.sleep(24 * 60 * 60 * 1_000);
    world.open("/");
    assert_eq!(marks(&world), 0);
}

#[test]
fn a_page_that_comes_back_unchanged_goes_on() {
    let (mut world, tab) = World::signed_in();
    world.hide(tab);
    world.sleep(20_000);
    world.show(tab);
    assert!(world.is_signed_in(tab));
    assert!(
        !world.tabs[tab].storage.contains_key("t.left"),
        "the mark is for absence"
    );
    world.sleep(600_000);
    world.wake(tab, true);
    world.run(100);
    assert_eq!(world.session(tab).generation, 1);
}

#[test]
fn a_page_that_storage_had_failed_keeps_its_session_when_it_comes_back() {
    let (mut world, tab) = World::signed_in();
    world.tabs[tab].is_full = true;
    world.tell(tab, Event::Refresh);
    world.run(100);
    world.hide(tab);
    world.show(tab);
    assert!(world.is_signed_in(tab));
}
