//! Sign-out wins, whatever else goes on (protocol rules 28 and 35).

use super::provider::Kind;
use super::world::{ANSWER_LOST, Fate, OFFLINE, World, config_with};
use crate::encoding::form_parse;
use crate::error::ErrorCode;
use crate::session::{Event, SessionState};
use crate::url::HttpUrl;
use serde_json::json;

fn assert_signed_out(world: &World, tab: usize) {
    assert_eq!(world.state(tab), SessionState::SignedOut);
    assert_eq!(world.notice(tab), None);
    let kept = format!("{:?}", world.tabs[tab].storage);
    assert!(!kept.contains("canary"), "{kept}");
    assert!(!world.tabs[tab].storage.contains_key("t.session"));
}

#[test]
fn local_state_goes_first_then_the_token_then_the_providers_session() {
    let (mut world, tab) = World::signed_in();
    world.click_sign_in(tab);
    world.run(1000);
    world.hide(tab);
    world.show(tab);
    world.tabs[tab].effects.clear();
    world.sign_out(tab);
    // At once, before any answer.
    assert_signed_out(&world, tab);
    let effects: Vec<&str> = world.tabs[tab].effects.iter().map(String::as_str).collect();
    assert_eq!(effects.first(), Some(&"Delete"));
    let position = |name: &str| effects.iter().position(|effect| *effect == name).unwrap();
    assert!(position("DeleteAll") < position("Http"), "{effects:?}");
    assert!(position("Http") < position("Navigate"), "{effects:?}");
    assert!(
        !world.tabs[tab]
            .storage
            .keys()
            .any(|key| key.starts_with("t.tx."))
    );
    let revocation = world.sent.last().unwrap();
    assert_eq!(revocation.kind, Kind::Revoke);
    assert_eq!(revocation.field("token").as_deref(), Some("canary-rt-2"));
    assert!(revocation.keepalive, "the page is about to leave");
    let url = HttpUrl::parse(world.tabs[tab].left_for.as_ref().unwrap()).unwrap();
    assert_eq!(url.without_query(), "https://id.example/logout");
    let names: Vec<String> = form_parse(url.query().unwrap())
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(
        names,
        [
            "id_token_hint",
            "client_id",
            "post_logout_redirect_uri",
            "state"
        ]
    );
}

#[test]
fn the_return_from_the_provider_is_tidied_and_no_error() {
    let (mut world, tab) = World::signed_in();
    world.sign_out(tab);
    world.visit(tab, "/?a=1&state=BwcHBwcHBwcHBwcHBwcHBw#top");
    assert_eq!(world.tabs[tab].address, "/?a=1#top");
    assert_signed_out(&world, tab);
    // The app's own state is not ours to take.
    world.visit(tab, "/?state=CA");
    assert_eq!(world.tabs[tab].address, "/?state=CA");
    assert_signed_out(&world, tab);
}

#[test]
fn a_post_logout_uri_that_is_the_redirect_uri_works_too() {
    let mut world = World::with_config(config_with(|config| {
        config["providers"][0]["redirect_uri"] = json!("/");
    }));
    let tab = world.open("/");
    world.sign_in(tab);
    world.sign_out(tab);
    world.visit(tab, "/?state=BwcHBwcHBwcHBwcHBwcHBw");
    assert_signed_out(&world, tab);
    world.sign_in(tab);
}

#[test]
fn a_provider_without_either_endpoint_still_signs_out() {
    for (revocation, end_session) in [(false, true), (true, false), (false, false)] {
        let mut world = World::new();
        let metadata = world.provider.metadata.as_object_mut().unwrap();
        if !revocation {
            metadata.remove("revocation_endpoint");
        }
        if !end_session {
            metadata.remove("end_session_endpoint");
        }
        let tab = world.open("/");
        world.sign_in(tab);
        world.sign_out(tab);
        assert_signed_out(&world, tab);
        assert_eq!(world.count(Kind::Revoke), usize::from(revocation));
        assert_eq!(world.tabs[tab].left_for.is_some(), end_session);
        world.run_secs(60);
        assert_signed_out(&world, tab);
    }
}

#[test]
fn a_revocation_that_fails_or_hangs_is_nobodys_business() {
    for fate in [
        OFFLINE,
        ANSWER_LOST,
        Fate::Hangs,
        Fate::Instead(super::provider::html(401)),
    ] {
        let (mut world, tab) = World::signed_in();
        world.script(Kind::Revoke, [fate]);
        world.sign_out(tab);
        assert!(world.tabs[tab].left_for.is_some());
        world.run_secs(60);
        assert_signed_out(&world, tab);
    }
}

#[test]
fn without_a_refresh_token_the_access_token_is_revoked() {
    let mut world = World::new();
    world.provider.issues_refresh_token = false;
    let tab = world.open("/");
    world.sign_in(tab);
    world.sign_out(tab);
    assert_eq!(
        world.sent.last().unwrap().field("token").as_deref(),
        Some("canary-at-2")
    );
}

#[test]
fn a_sign_out_during_any_phase_of_a_renewal_wins() {
    // 0: waiting for the lock; 1: sent; 30: at the provider; 51: checking the ID token
    for after in [0, 1, 30, 52] {
        let mut world = World::new();
        world.provider.id_token_on_refresh = true;
        let tab = world.open("/");
        world.sign_in(tab);
        world.tell(tab, Event::Refresh);
        let reader = world.want_token(tab, 0, Some(0));
        world.run(after);
        world.sign_out(tab);
        assert_signed_out(&world, tab);
        assert_eq!(world.token(tab, reader), Some(Err(ErrorCode::NotSignedIn)));
        world.run_secs(120);
        assert_signed_out(&world, tab);
        // The lock was let go.
        world.sign_in(tab);
        world.tell(tab, Event::Refresh);
        world.run(200);
        assert_eq!(world.session(tab).generation, 1, "after {after} ms");
    }
}

#[test]
fn a_sign_out_while_a_renewal_waits_or_stopped_wins() {
    for after in [200, 700_000] {
        let (mut world, tab) = World::signed_in();
        world.default_fate = OFFLINE;
        world.tell(tab, Event::Refresh);
        world.run(after);
        world.sign_out(tab);
        assert_signed_out(&world, tab);
        let sent = world.count(Kind::Refresh);
        world.run_secs(600);
        world.wake(tab, true);
        world.run_secs(600);
        assert_eq!(world.count(Kind::Refresh), sent);
        assert_signed_out(&world, tab);
    }
}

#[test]
fn a_sign_out_while_tokens_are_withheld_wins() {
    let mut world = World::new();
    world.provider.id_token_on_refresh = true;
    let tab = world.open("/");
    world.sign_in(tab);
    world.provider.kid = "k2".into();
    world.script(Kind::Jwks, [OFFLINE]);
    world.tell(tab, Event::Refresh);
    world.run(200);
    world.sign_out(tab);
    world.run_secs(60);
    assert_signed_out(&world, tab);
    // It is the newest refresh token that is revoked.
    let revoked = world
        .sent
        .iter()
        .find(|sent| sent.kind == Kind::Revoke)
        .unwrap();
    assert_eq!(revoked.field("token").as_deref(), Some("canary-rt-4"));
}

#[test]
fn signing_out_when_nobody_is_signed_in_does_nothing_much() {
    let mut world = World::new();
    let tab = world.open("/");
    world.sign_out(tab);
    assert_signed_out(&world, tab);
    assert!(world.sent.is_empty());
    assert_eq!(world.tabs[tab].left_for, None);
    // A session that ended is dismissed by it.
    let (mut world, tab) = World::signed_in();
    world.provider.revoke_everything();
    world.tell(tab, Event::Refresh);
    world.run(100);
    assert_eq!(world.end(tab), Some(ErrorCode::SessionRefused));
    world.sign_out(tab);
    assert_signed_out(&world, tab);
}

#[test]
fn a_sign_out_before_the_redirect_of_a_sign_in_calls_it_off() {
    let mut world = World::new();
    let tab = world.open("/");
    world.click_sign_in(tab);
    world.sign_out(tab);
    world.run_secs(40);
    assert_signed_out(&world, tab);
    assert_eq!(world.tabs[tab].left_for, None);
}
