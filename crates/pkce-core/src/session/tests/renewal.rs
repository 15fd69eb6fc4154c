//! When and how tokens are renewed (protocol rules 18, 24, 25).

use super::provider::{Kind, json_answer};
use super::world::{ANSWER_LOST, Fate, OFFLINE, START, World};
use crate::error::ErrorCode;
use crate::session::{Event, Renewal};
use serde_json::{Value, json};

/// A signed-in tab whose tokens live so long, and the second of sign-in.
fn with_lifetime(expires_in: Value) -> (World, usize, i64) {
    let mut world = World::new();
    world.provider.expires_in = Some(expires_in);
    let tab = world.open("/");
    world.sign_in(tab);
    let at = world.session(tab).received_at.as_millis();
    (world, tab, at)
}

#[test]
fn tokens_are_renewed_before_they_expire_with_a_lead_that_suits_them() {
    for (seconds, earliest, latest) in [
        (1, 500, 1000),
        (2, 1300, 1500),
        (20, 13_700, 15_000),
        (60, 41_200, 45_000),
        (3600, 3_450_000, 3_480_000),
        (86_400, 86_250_000, 86_280_000),
    ] {
        let (mut world, tab, at) = with_lifetime(json!(seconds));
        let before = world.session(tab).generation;
        assert!(before <= 1);
        let sent = world.count(Kind::Refresh);
        while world.count(Kind::Refresh) == sent {
            world.run(10);
            assert!(
                world.now < at + (seconds + 1) * 1000,
                "{seconds} s: not renewed"
            );
        }
        if sent == 0 {
            let after = world.sent.last().unwrap().at - at;
            assert!(
                (earliest..=latest).contains(&after),
                "{seconds} s: after {after} ms"
            );
        }
        world.run(100);
        assert_eq!(world.session(tab).generation, before + 1);
        assert_eq!(world.renewal(tab), Renewal::Idle);
        assert_eq!(world.notice(tab), None);
    }
}

#[test]
fn tabs_do_not_renew_at_the_same_moment() {
    let mut moments = std::collections::BTreeSet::new();
    for seed in 0..20 {
        let mut world = World::new();
        world.provider.expires_in = Some(json!(3600));
        let tab = world.open("/");
        for _ in 0..seed {
            world.reload(tab);
        }
        world.sign_in(tab);
        world.run_secs(3500);
        let refresh = world
            .sent
            .iter()
            .find(|sent| sent.kind == Kind::Refresh)
            .unwrap();
        moments.insert((refresh.at - world.session(tab).signed_in_at.as_millis()) / 100);
    }
    assert!(moments.len() > 15, "{moments:?}");
}

#[test]
fn every_lifetime_is_one_request() {
    let (mut world, tab, _) = with_lifetime(json!(60));
    world.run_secs(3600);
    let renewals = world.count(Kind::Refresh);
    assert!((80..=88).contains(&renewals), "{renewals}");
    assert_eq!(world.session(tab).generation, renewals as u64);
    assert_eq!(world.provider.reuses, 0);
    // Neither is the timer a clock that ticks.
    assert!(
        world.tabs[tab].timers_fired <= renewals + 2,
        "{}",
        world.tabs[tab].timers_fired
    );
}

#[test]
fn an_unknown_lifetime_is_renewed_on_refusal_only() {
    // Rule 18
    for unknown in [json!(null), json!(0), json!(-5), json!("soon")] {
        let (mut world, tab, _) = with_lifetime(unknown);
        world.run_secs(86_400);
        assert_eq!(world.count(Kind::Refresh), 0);
        assert_eq!(world.session(tab).expires_at, None);
        assert!(world.tabs[tab].timers_fired <= 1);
        let reader = world.want_token(tab, 300, None);
        assert!(world.token(tab, reader).unwrap().is_ok());
        let reader = world.want_token(tab, 0, Some(0));
        world.run(1000);
        assert!(world.token(tab, reader).unwrap().is_ok());
        assert_eq!(world.count(Kind::Refresh), 1);
    }
}

#[test]
fn a_huge_lifetime_is_clamped_and_sets_no_timer_that_overflows() {
    let (mut world, tab, at) = with_lifetime(json!(u64::MAX));
    let timer = world.tabs[tab].timer.unwrap();
    assert!(timer > at && timer - at < 11 * 365 * 86_400_000);
    // Called early, as a timer beyond 2^31 ms is.
    world.now += 0x7fff_ffff;
    world.tell(tab, Event::Timer);
    assert_eq!(world.tabs[tab].timer, Some(timer));
    assert_eq!(world.count(Kind::Refresh), 0);
}

#[test]
fn a_new_refresh_token_replaces_the_old_one() {
    let (mut world, tab, _) = with_lifetime(json!(60));
    world.run_secs(200);
    let sent = world.refresh_tokens_sent();
    assert!(sent.len() >= 4);
    let mut distinct = sent.clone();
    distinct.dedup();
    assert_eq!(sent, distinct);
    let stored = world.stored_member(tab, "refresh_token").unwrap();
    assert!(!sent.contains(&stored.as_str().unwrap().to_owned()));
}

#[test]
fn an_absent_refresh_token_keeps_the_old_one() {
    let mut world = World::new();
    world.provider.rotates = false;
    let tab = world.open("/");
    world.sign_in(tab);
    world.run_secs(200);
    let sent = world.refresh_tokens_sent();
    assert!(sent.len() >= 4);
    assert!(sent.iter().all(|token| *token == sent[0]));
    assert_eq!(world.session(tab).generation, sent.len() as u64);
}

#[test]
fn scope_and_lifetime_of_the_answer_are_taken_and_absent_ones_mean_as_before() {
    let (mut world, tab, _) = with_lifetime(json!(60));
    let narrower = json!({
        "access_token": "canary-x", "token_type": "bearer", "expires_in": "30", "scope": "openid",
        "refresh_token": "canary-y",
    });
    world.script(Kind::Refresh, [Fate::Instead(json_answer(200, &narrower))]);
    world.tell(tab, Event::Refresh);
    world.run(100);
    let session = world.session(tab);
    assert_eq!(session.scope, "openid");
    let lifetime = session.received_at.until(session.expires_at.unwrap());
    assert_eq!(lifetime.as_secs(), 30);
    let same = json!({"access_token": "canary-z", "token_type": "Bearer"});
    world.script(Kind::Refresh, [Fate::Instead(json_answer(200, &same))]);
    world.tell(tab, Event::Refresh);
    world.run(100);
    assert_eq!(world.session(tab).scope, "openid");
    assert_eq!(world.session(tab).expires_at, None);
    assert_eq!(
        world.stored_member(tab, "refresh_token"),
        Some(json!("canary-y"))
    );
    assert_eq!(
        world.stored_member(tab, "access_token"),
        Some(json!("canary-z"))
    );
}

#[test]
fn the_refresh_request_has_its_parameters_and_goes_to_the_token_endpoint() {
    // RFC 6749 6, RFC 8707 2.2
    let mut world = World::with_config(super::world::config_with(|config| {
        config["providers"][0]["resource"] = json!(["https://api.example/"]);
    }));
    let tab = world.open("/");
    world.sign_in(tab);
    world.tell(tab, Event::Refresh);
    world.run(100);
    let sent = world.sent.last().unwrap();
    assert_eq!(sent.request.url.as_str(), "https://id.example/token");
    assert_eq!(sent.field("client_id").as_deref(), Some("spa"));
    assert_eq!(
        sent.field("resource").as_deref(),
        Some("https://api.example/")
    );
    assert_eq!(sent.field("scope"), None);
    assert!(!sent.keepalive);
}

#[test]
fn timer_wake_up_refusal_button_and_a_hundred_readers_share_one_request() {
    // Rule 24, and the hostile-inputs table
    let (mut world, tab, at) = with_lifetime(json!(60));
    world.sleep(at + 50_000 - world.now);
    let mut readers = Vec::new();
    for _ in 0..50 {
        readers.push(world.want_token(tab, 30, None));
        readers.push(world.want_token(tab, 0, Some(0)));
        world.wake(tab, true);
        world.tell(tab, Event::Refresh);
    }
    world.tell(tab, Event::Timer);
    world.run(1000);
    assert_eq!(world.count(Kind::Refresh), 1);
    let tokens: Vec<_> = readers
        .iter()
        .map(|id| world.token(tab, *id).unwrap().unwrap())
        .collect();
    let newest = world.stored_member(tab, "access_token").unwrap();
    assert!(
        tokens.iter().all(|token| *token == newest),
        "{tokens:?} {newest}"
    );
}

#[test]
fn the_button_renews_at_once_and_shows_it() {
    let (mut world, tab, _) = with_lifetime(json!(3600));
    world.tell(tab, Event::Refresh);
    assert_eq!(world.renewal(tab), Renewal::Refreshing);
    world.run(100);
    assert_eq!(world.renewal(tab), Renewal::Idle);
    assert_eq!(world.session(tab).generation, 1);
    assert_eq!(
        world.session(tab).signed_in_at.as_seconds(),
        START / 1000 + 1
    );
}

#[test]
fn without_a_refresh_token_nothing_is_renewed_and_the_session_ends_with_its_token() {
    let mut world = World::new();
    world.provider.issues_refresh_token = false;
    let tab = world.open("/");
    world.sign_in(tab);
    assert!(!world.session(tab).can_refresh);
    world.tell(tab, Event::Refresh);
    let reader = world.want_token(tab, 0, Some(0));
    assert_eq!(
        world.token(tab, reader),
        Some(Err(ErrorCode::SessionExpired))
    );
    world.run_secs(58);
    assert!(world.is_signed_in(tab));
    world.run_secs(3);
    assert_eq!(world.end(tab), Some(ErrorCode::SessionExpired));
    assert_eq!(world.notice(tab), Some(ErrorCode::SessionExpired));
    assert_eq!(world.count(Kind::Refresh), 0);
    assert!(!world.tabs[tab].storage.contains_key("t.session"));
}

#[test]
fn the_session_is_marked_in_storage_before_the_request_is_sent() {
    // Rule 26
    let (mut world, tab, _) = with_lifetime(json!(60));
    assert_eq!(world.stored_member(tab, "unanswered"), Some(json!(false)));
    world.tell(tab, Event::Refresh);
    world.tabs[tab].effects.clear();
    world.run(1);
    let effects: Vec<&str> = world.tabs[tab].effects.iter().map(String::as_str).collect();
    let position = |name: &str| effects.iter().position(|effect| *effect == name).unwrap();
    assert!(position("Store") < position("Http"), "{effects:?}");
    assert!(position("Share") < position("Http"), "{effects:?}");
    assert_eq!(world.stored_member(tab, "unanswered"), Some(json!(true)));
    world.run(100);
    assert_eq!(world.stored_member(tab, "unanswered"), Some(json!(false)));
}

// ---- the ID token of a renewal (Core 12.2, protocol rule 25) ----

fn with_id_tokens() -> (World, usize) {
    let mut world = World::new();
    world.provider.id_token_on_refresh = true;
    let tab = world.open("/");
    world.sign_in(tab);
    (world, tab)
}

#[test]
fn a_renewed_id_token_is_verified_before_the_new_access_token_is_used() {
    let (mut world, tab) = with_id_tokens();
    let first = world.stored_member(tab, "id_token");
    world.run(1000);
    world.tell(tab, Event::Refresh);
    // Sent after 1 ms, answered after 51, verified after 53.
    world.run(52);
    assert_eq!(world.renewal(tab), Renewal::Refreshing);
    assert_eq!(world.session(tab).generation, 0);
    let stored = world.stored_member(tab, "refresh_token").unwrap();
    assert_eq!(
        stored,
        json!("canary-rt-4"),
        "what is spent is replaced at once"
    );
    assert_eq!(
        world.stored_member(tab, "access_token"),
        Some(json!("canary-at-3"))
    );
    let reader = world.want_token(tab, 0, None);
    assert_eq!(world.token(tab, reader), Some(Ok("canary-at-3".into())));
    world.run(50);
    assert_eq!(world.session(tab).generation, 1);
    assert_eq!(
        world.stored_member(tab, "access_token"),
        Some(json!("canary-at-5"))
    );
    // The hint for sign-out, and what later ones are compared with, is the first.
    assert_eq!(world.stored_member(tab, "id_token"), first);
    assert_eq!(world.count(Kind::Jwks), 1);
}

#[test]
fn a_renewed_id_token_that_is_not_good_ends_the_session_and_drops_the_tokens() {
    for (name, value, code) in [
        ("sub", json!("u2"), ErrorCode::IdTokenSubject),
        (
            "iss",
            json!("https://evil.example"),
            ErrorCode::IdTokenIssuer,
        ),
        ("aud", json!("other"), ErrorCode::IdTokenAudience),
        ("nonce", json!("other"), ErrorCode::IdTokenNonce),
        ("exp", json!(START / 1000 - 3600), ErrorCode::IdTokenExpired),
    ] {
        let (mut world, tab) = with_id_tokens();
        let copy = world.duplicate(tab);
        world.provider.claims.insert(name, value);
        let reader = world.want_token(tab, 0, Some(0));
        world.run(1000);
        assert_eq!(world.end(tab), Some(code), "{name}");
        assert_eq!(world.notice(tab), Some(code), "{name}");
        assert_eq!(world.token(tab, reader), Some(Err(code)));
        assert_eq!(world.end(copy), Some(code), "the copy as well: {name}");
        for tab in [tab, copy] {
            let kept = format!("{:?}", world.tabs[tab].storage);
            assert!(!kept.contains("canary"), "{kept}");
        }
        world.run_secs(600);
        assert_eq!(world.count(Kind::Refresh), 1);
    }
    let (mut world, tab) = with_id_tokens();
    world.provider.signs_badly = true;
    world.tell(tab, Event::Refresh);
    world.run(1000);
    assert_eq!(world.end(tab), Some(ErrorCode::IdTokenSignature));
    let (mut world, tab) = with_id_tokens();
    let answer = json!({"access_token": "canary", "token_type": "Bearer", "id_token": "a.b"});
    world.script(Kind::Refresh, [Fate::Instead(json_answer(200, &answer))]);
    world.tell(tab, Event::Refresh);
    world.run(1000);
    assert_eq!(world.end(tab), Some(ErrorCode::IdTokenMalformed));
}

#[test]
fn the_first_nonce_again_and_none_at_all_are_both_fine() {
    // Seen with real servers; Core 12.2
    let (mut world, tab) = with_id_tokens();
    world.tell(tab, Event::Refresh);
    world.run(200);
    assert_eq!(world.session(tab).generation, 1);
    let url = world.tabs[tab].storage["t.session"].clone();
    let session: Value = serde_json::from_str(&url).unwrap();
    let payload = session["id_token"]
        .as_str()
        .unwrap()
        .split('.')
        .nth(1)
        .unwrap()
        .to_owned();
    let claims = crate::encoding::base64url_decode(&payload).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    world
        .provider
        .claims
        .insert("nonce", claims["nonce"].clone());
    world.tell(tab, Event::Refresh);
    world.run(200);
    assert_eq!(world.session(tab).generation, 2);
}

#[test]
fn keys_that_rotated_are_fetched_for_a_renewal() {
    let (mut world, tab) = with_id_tokens();
    world.provider.kid = "k2".into();
    world.tell(tab, Event::Refresh);
    world.run(200);
    assert_eq!(world.session(tab).generation, 1);
    assert_eq!(world.count(Kind::Jwks), 2);
    world.tell(tab, Event::Refresh);
    world.run(200);
    assert_eq!(world.session(tab).generation, 2);
    assert_eq!(world.count(Kind::Jwks), 2);
    // Not forgotten with the page.
    world.reload(tab);
    world.tell(tab, Event::Refresh);
    world.run(200);
    assert_eq!(world.count(Kind::Jwks), 2);
}

#[test]
fn where_the_keys_cannot_be_had_the_new_tokens_are_withheld_and_the_check_is_repeated() {
    let (mut world, tab) = with_id_tokens();
    world.provider.kid = "k2".into();
    world.script(Kind::Jwks, [OFFLINE, ANSWER_LOST, OFFLINE, OFFLINE]);
    world.tell(tab, Event::Refresh);
    let refused = world.want_token(tab, 0, Some(0));
    world.run(200);
    assert!(matches!(world.renewal(tab), Renewal::Retrying { .. }));
    // The new refresh token is kept, the new access token is not handed out.
    assert_eq!(
        world.stored_member(tab, "refresh_token"),
        Some(json!("canary-rt-4"))
    );
    assert_eq!(
        world.stored_member(tab, "access_token"),
        Some(json!("canary-at-3"))
    );
    assert_eq!(world.stored_member(tab, "unanswered"), Some(json!(false)));
    assert_eq!(
        world.token(tab, refused),
        Some(Err(ErrorCode::NetworkError))
    );
    let reader = world.want_token(tab, 0, None);
    assert_eq!(world.token(tab, reader), Some(Ok("canary-at-3".into())));
    // With pauses that grow.
    world.run_secs(20);
    let asked: Vec<i64> = world
        .sent
        .iter()
        .filter(|sent| sent.kind == Kind::Jwks)
        .map(|sent| sent.at)
        .collect();
    let pauses: Vec<i64> = asked
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .skip(1)
        .collect();
    assert_eq!(pauses.len(), 4, "{pauses:?}");
    for (pause, (least, most)) in
        pauses
            .iter()
            .zip([(750, 1400), (1500, 2600), (3000, 5100), (6000, 10_100)])
    {
        assert!((least..=most).contains(pause), "{pauses:?}");
    }
    assert_eq!(world.session(tab).generation, 1);
    assert_eq!(world.count(Kind::Refresh), 1);
    assert_eq!(world.renewal(tab), Renewal::Idle);
}

#[test]
fn a_check_that_waits_is_repeated_when_the_page_wakes_or_the_user_asks() {
    for by_hand in [false, true] {
        let (mut world, tab) = with_id_tokens();
        world.provider.kid = "k2".into();
        world.script(Kind::Jwks, std::iter::repeat_n(OFFLINE, 6));
        world.tell(tab, Event::Refresh);
        world.run_secs(35);
        let before = world.count(Kind::Jwks);
        assert!(matches!(world.renewal(tab), Renewal::Retrying { .. }));
        world.fates.clear();
        if by_hand {
            world.tell(tab, Event::Refresh);
        } else {
            world.wake(tab, true);
        }
        world.run(1200);
        assert_eq!(world.count(Kind::Jwks), before + 1);
        assert_eq!(world.session(tab).generation, 1);
        assert_eq!(
            world.count(Kind::Refresh),
            1,
            "the refresh token is not spent for it"
        );
    }
}

#[test]
fn a_reload_while_tokens_are_withheld_goes_on_with_the_new_refresh_token() {
    let (mut world, tab) = with_id_tokens();
    world.provider.kid = "k2".into();
    world.script(Kind::Jwks, [OFFLINE]);
    world.tell(tab, Event::Refresh);
    world.run(200);
    world.reload(tab);
    world.run_secs(60);
    assert!(world.is_signed_in(tab));
    assert_eq!(world.provider.reuses, 0);
    assert!(world.session(tab).generation >= 1);
}

#[test]
fn an_id_token_that_expired_while_its_keys_could_not_be_had_is_still_good() {
    // It was when it came; what was slow is this device's network.
    let (mut world, tab) = with_id_tokens();
    world.provider.kid = "k2".into();
    world.script(Kind::Jwks, std::iter::repeat_n(OFFLINE, 16));
    world.tell(tab, Event::Refresh);
    world.run_secs(600);
    assert!(world.is_signed_in(tab));
    assert!(matches!(world.renewal(tab), Renewal::Retrying { .. }));
    assert_eq!(
        world.notice(tab),
        Some(ErrorCode::NetworkError),
        "no token is valid"
    );
    world.run_secs(600);
    assert!(world.session(tab).generation >= 2, "{:?}", world.state(tab));
    assert_eq!(world.notice(tab), None);
    assert_eq!(world.provider.reuses, 0);
}

#[test]
fn an_answer_that_is_looked_at_after_a_sleep_is_as_old_as_it_is() {
    let (mut world, tab) = with_id_tokens();
    world.tell(tab, Event::Refresh);
    world.run(30);
    world.freeze(tab);
    world.run(100);
    world.sleep(3_600_000);
    world.thaw(tab);
    world.run(10);
    // Verified as of then, so the session goes on; but the token of an hour ago is not handed out.
    assert!(world.is_signed_in(tab));
    let reader = world.want_token(tab, 0, None);
    assert_eq!(world.token(tab, reader), None);
    world.run(1000);
    assert!(world.token(tab, reader).unwrap().is_ok());
    assert_eq!(world.session(tab).generation, 2);
}

#[test]
fn nothing_is_renewed_while_a_sign_in_may_be_about_to_take_the_place() {
    // Else the answer would be lost for the old session's other tabs.
    let (mut world, tab) = with_id_tokens();
    let copy = world.duplicate(tab);
    world.run(1000);
    let url = world.go_to_provider(tab);
    let callback = world.provider.authorize(&url);
    world.hide(copy);
    world.sleep(300_000);
    let sent = world.count(Kind::Refresh);
    world.script(
        Kind::Code,
        [Fate::Answered {
            there: 20,
            back: 3000,
        }],
    );
    world.visit(tab, &callback);
    world.tell(tab, Event::Refresh);
    let timers = world.tabs[tab].timers_fired;
    world.run(2000);
    assert_eq!(world.count(Kind::Refresh), sent);
    assert!(
        world.tabs[tab].timers_fired - timers < 5,
        "nor does it spin"
    );
    world.run(2000);
    assert!(world.is_signed_in(tab));
    world.show(copy);
    world.run_secs(10);
    assert_eq!(world.session(copy).generation, 1);

    // Where the sign-in fails, the old session goes on.
    let (mut world, tab) = with_id_tokens();
    let url = world.go_to_provider(tab);
    let callback = world.provider.authorize(&url);
    world.sleep(300_000);
    world.script(Kind::Code, [OFFLINE]);
    world.visit(tab, &callback);
    world.run_secs(2);
    assert_eq!(world.notice(tab), Some(ErrorCode::NetworkError));
    assert_eq!(world.session(tab).generation, 1);
}
