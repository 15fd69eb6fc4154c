//! From the button to the session.

use super::provider::{ISSUER, Kind, error, html, json_answer};
use super::world::{ANSWER_LOST, Fate, OFFLINE, START, World, config_with};
use crate::authorization::SignInOptions;
use crate::error::ErrorCode;
use crate::return_to::ReturnTo;
use crate::session::SessionState;
use serde_json::json;

fn at_provider() -> (World, usize, String) {
    let mut world = World::new();
    let tab = world.open("/");
    let url = world.go_to_provider(tab);
    let callback = world.provider.authorize(&url);
    (world, tab, callback)
}

#[test]
fn the_whole_journey_ends_with_a_user_at_home() {
    let (mut world, tab, callback) = at_provider();
    assert!(matches!(world.state(tab), SessionState::SigningIn { .. }));
    world.visit(tab, &callback);
    assert_eq!(world.state(tab), SessionState::Loading);
    // Before anything else the address is clean (BCP 4.3.1).
    assert_eq!(
        world.tabs[tab].effects.first().map(String::as_str),
        Some("ReplaceUrl")
    );
    assert_eq!(world.tabs[tab].address, "/callback");
    world.run(1000);
    let session = world.session(tab);
    assert_eq!(
        (session.user.sub(), session.user.display_name()),
        ("u1", "Ann")
    );
    assert_eq!(session.user.issuer(), ISSUER);
    assert_eq!(session.provider, "local");
    assert_eq!(session.scope, "openid profile offline_access");
    assert!(session.can_refresh);
    assert_eq!(session.generation, 0);
    assert_eq!(world.tabs[tab].routed, ["/"]);
    assert_eq!(world.notice(tab), None);
    // A used code, verifier or state is kept nowhere.
    for (key, value) in &world.tabs[tab].storage {
        assert!(!key.starts_with("t.tx."), "{key}");
        assert!(
            !value.contains("verifier") && !value.contains("canary-code"),
            "{key}"
        );
    }
}

#[test]
fn between_callback_and_session_only_the_code_is_sent() {
    let (mut world, tab, callback) = at_provider();
    assert_eq!(world.kinds(), [Kind::Discovery, Kind::Jwks]);
    world.sent.clear();
    world.visit(tab, &callback);
    world.run(1000);
    assert!(world.is_signed_in(tab));
    assert_eq!(world.kinds(), [Kind::Code]);
    // Nor is anything asked for again after a reload, or for another sign-in soon after.
    world.reload(tab);
    world.run(1000);
    world.go_to_provider(tab);
    assert_eq!(world.kinds(), [Kind::Code]);
}

#[test]
fn metadata_and_keys_of_five_minutes_ago_are_asked_for_again() {
    let mut world = World::new();
    let tab = world.open("/");
    world.go_to_provider(tab);
    world.visit(tab, "/");
    world.sleep(299_000);
    world.go_to_provider(tab);
    assert_eq!(world.kinds(), [Kind::Discovery, Kind::Jwks]);
    world.visit(tab, "/");
    world.sleep(2000);
    world.go_to_provider(tab);
    assert_eq!(
        world.kinds(),
        [Kind::Discovery, Kind::Jwks, Kind::Discovery, Kind::Jwks]
    );
}

#[test]
fn metadata_from_the_future_is_not_believed() {
    let mut world = World::new();
    let tab = world.open("/");
    world.go_to_provider(tab);
    world.now -= 3_600_000;
    world.visit(tab, "/");
    world.go_to_provider(tab);
    assert_eq!(world.count(Kind::Discovery), 2);
}

#[test]
fn two_providers_keep_their_keys_apart() {
    let other = "https://other.example";
    let mut world = World::with_config(config_with(|config| {
        let second = json!({
            "id": "other", "name": "Other", "issuer": other, "client_id": "spa",
            "metadata": {
                "issuer": other, "authorization_endpoint": format!("{other}/a"),
                "token_endpoint": format!("{other}/t"), "jwks_uri": format!("{other}/jwks"),
            },
        });
        config["providers"].as_array_mut().unwrap().push(second);
    }));
    let tab = world.open("/");
    let url = world.go_to_provider(tab);
    let callback = world.provider.authorize(&url);
    // A page that also learned another provider's keys does not use them.
    let known = world.tabs[tab]
        .storage
        .keys()
        .filter(|key| key.starts_with("t.provider."))
        .count();
    assert_eq!(known, 1);
    world.sent.clear();
    world.visit(tab, &callback);
    world.run(1000);
    assert!(world.is_signed_in(tab));
    assert_eq!(world.kinds(), [Kind::Code]);
}

#[test]
fn metadata_and_keys_by_hand_leave_nothing_to_ask_for() {
    let mut world = World::new();
    let mut metadata = world.provider.metadata.clone();
    metadata["jwks"] = world.provider.jwks();
    world.set_config(config_with(|config| {
        config["providers"][0]["metadata"] = metadata
    }));
    let tab = world.open("/");
    world.sign_in(tab);
    assert_eq!(world.kinds(), [Kind::Code]);
}

#[test]
fn keys_of_metadata_by_hand_are_fetched_before_the_redirect_and_remembered() {
    let mut world = World::new();
    let metadata = world.provider.metadata.clone();
    world.set_config(config_with(|config| {
        config["providers"][0]["metadata"] = metadata
    }));
    let tab = world.open("/");
    world.sign_in(tab);
    assert_eq!(world.kinds(), [Kind::Jwks, Kind::Code]);
}

#[test]
fn a_sign_in_leaves_without_keys_that_do_not_come_in_time() {
    for (fate, latest) in [
        (Fate::Hangs, 3100),
        (
            Fate::Answered {
                there: 20,
                back: 5000,
            },
            3100,
        ),
        (OFFLINE, 200),
        (Fate::Instead(html(502)), 200),
    ] {
        let mut world = World::new();
        let tab = world.open("/");
        world.script(Kind::Jwks, [fate]);
        world.click_sign_in(tab);
        world.run(latest);
        let url = world.tabs[tab]
            .left_for
            .clone()
            .expect("left without the keys");
        world.run(10_000);
        let callback = world.provider.authorize(&url);
        world.visit(tab, &callback);
        world.run(1000);
        assert!(world.is_signed_in(tab));
        assert_eq!(
            world.kinds(),
            [Kind::Discovery, Kind::Jwks, Kind::Code, Kind::Jwks]
        );
    }
}

#[test]
fn a_discovery_that_fails_ends_on_a_notice_before_any_redirect() {
    for (fate, code) in [
        (OFFLINE, ErrorCode::NetworkError),
        (Fate::Hangs, ErrorCode::Timeout),
        (Fate::Instead(html(502)), ErrorCode::ServiceUnavailable),
        (Fate::Instead(html(200)), ErrorCode::UnexpectedContentType),
        (
            Fate::Instead(json_answer(200, &json!({"issuer": "https://evil.example"}))),
            ErrorCode::IssuerMismatch,
        ),
        (
            Fate::Instead(json_answer(200, &json!({"issuer": ISSUER}))),
            ErrorCode::MetadataInvalid,
        ),
    ] {
        let mut world = World::new();
        let tab = world.open("/");
        world.script(Kind::Discovery, [fate]);
        world.click_sign_in(tab);
        world.run(31_000);
        assert_eq!(world.notice(tab), Some(code));
        assert_eq!(world.state(tab), SessionState::SignedOut);
        assert_eq!(world.tabs[tab].left_for, None);
        // The next try is a fresh one.
        world.sign_in(tab);
        assert_eq!(world.notice(tab), None);
    }
}

#[test]
fn a_provider_that_is_not_configured_is_refused() {
    let mut world = World::new();
    let tab = world.open("/");
    world.tell(
        tab,
        crate::session::Event::SignIn {
            provider: "other".into(),
            options: SignInOptions::default(),
            entropy: crate::authorization::Entropy::new([1; 96]),
        },
    );
    assert_eq!(world.notice(tab), Some(ErrorCode::ConfigInvalidValue));
    assert!(world.sent.is_empty());
}

#[test]
fn what_would_fail_after_the_redirect_fails_before_it() {
    // Rule 37, and the hostile-inputs table: page in a foreign frame
    type Spoil = fn(&mut World);
    let cases: [(Spoil, ErrorCode); 3] = [
        (
            |world| world.environment.web_crypto = false,
            ErrorCode::InsecureContext,
        ),
        (
            |world| world.environment.session_storage = false,
            ErrorCode::StorageUnavailable,
        ),
        (
            |world| world.environment.foreign_frame = true,
            ErrorCode::ForeignFrame,
        ),
    ];
    for (spoil, code) in cases {
        let mut world = World::new();
        spoil(&mut world);
        let tab = world.open("/");
        // Told at once, and again at the click.
        assert_eq!(world.notice(tab), Some(code));
        world.tell(tab, crate::session::Event::DismissNotice);
        assert_eq!(world.notice(tab), None);
        world.click_sign_in(tab);
        world.run(1000);
        assert_eq!(world.notice(tab), Some(code));
        assert_eq!(world.state(tab), SessionState::SignedOut);
        assert!(world.sent.is_empty());
        assert_eq!(world.tabs[tab].left_for, None);
    }
}

#[test]
fn full_storage_is_an_error_before_the_redirect() {
    let mut world = World::new();
    let tab = world.open("/");
    world.tabs[tab].is_full = true;
    world.click_sign_in(tab);
    world.run(1000);
    assert_eq!(world.notice(tab), Some(ErrorCode::StorageFull));
    assert_eq!(world.tabs[tab].left_for, None);
    assert_eq!(world.state(tab), SessionState::SignedOut);
}

#[test]
fn a_second_click_changes_nothing() {
    let mut world = World::new();
    let tab = world.open("/");
    world.click_sign_in(tab);
    world.click_sign_in(tab);
    world.run(1000);
    world.click_sign_in(tab);
    world.run(1000);
    assert_eq!(world.kinds(), [Kind::Discovery, Kind::Jwks]);
    let transactions = world.tabs[tab]
        .storage
        .keys()
        .filter(|key| key.starts_with("t.tx."));
    assert_eq!(transactions.count(), 1);
}

#[test]
fn a_page_that_did_not_leave_is_usable_again() {
    // The redirect failed, or the page came back from the back/forward cache.
    let mut world = World::new();
    let tab = world.open("/");
    world.go_to_provider(tab);
    world.hide(tab);
    world.sleep(5000);
    world.show(tab);
    assert_eq!(world.state(tab), SessionState::SignedOut);
    world.sign_in(tab);

    let mut world = World::new();
    let tab = world.open("/");
    world.go_to_provider(tab);
    world.run(18_000);
    assert!(matches!(world.state(tab), SessionState::SigningIn { .. }));
    world.run(3000);
    assert_eq!(world.state(tab), SessionState::SignedOut);
    // The answer to the first attempt is still good.
    let url = world.tabs[tab].left_for.clone().unwrap();
    let callback = world.provider.authorize(&url);
    world.visit(tab, &callback);
    world.run(1000);
    assert!(world.is_signed_in(tab));
}

#[test]
fn the_place_and_the_apps_value_come_back() {
    let mut world = World::new();
    let tab = world.open("/notes/7");
    let options = SignInOptions {
        return_to: ReturnTo::parse("/notes/7?view=all#end", "https://app.example"),
        app_state: Some("draft".into()),
        ..SignInOptions::default()
    };
    world.click_sign_in_with(tab, options);
    world.run(1000);
    let url = world.tabs[tab].left_for.clone().unwrap();
    assert!(!url.contains("notes") && !url.contains("draft"), "{url}");
    let callback = world.provider.authorize(&url);
    world.visit(tab, &callback);
    world.run(1000);
    assert_eq!(world.tabs[tab].routed, ["/notes/7?view=all#end"]);
    assert_eq!(world.tabs[tab].engine.app_state(), Some("draft"));
    world.sign_out(tab);
    assert_eq!(world.tabs[tab].engine.app_state(), None);
}

#[test]
fn another_try_after_a_failure_ends_where_the_first_would_have() {
    let mut world = World::new();
    let tab = world.open("/notes/7");
    let options = SignInOptions {
        return_to: ReturnTo::parse("/notes/7", "https://app.example"),
        ..SignInOptions::default()
    };
    world.click_sign_in_with(tab, options);
    world.run(1000);
    let url = world.tabs[tab].left_for.clone().unwrap();
    let callback = world.provider.authorize(&url);
    let refused = callback.replace("code=canary-code-1", "error=access_denied");
    world.visit(tab, &refused);
    assert_eq!(world.notice(tab), Some(ErrorCode::AccessDenied));
    world.sign_in(tab);
    assert_eq!(world.tabs[tab].routed, ["/notes/7"]);
}

// ---- the callback ----

/// Every way in which an answer can be wrong, and what comes of it.
fn spoiled(callback: &str) -> Vec<(String, ErrorCode)> {
    let without_code = callback.replace("code=canary-code-1&", "");
    vec![
        (
            callback.replace("state=", "state=x"),
            ErrorCode::StateUnknown,
        ),
        (callback.replace("state=", "sate="), ErrorCode::StateMissing),
        (
            format!("{callback}&state=x"),
            ErrorCode::CallbackRepeatedParameter,
        ),
        (
            format!("{callback}&code=x"),
            ErrorCode::CallbackRepeatedParameter,
        ),
        (
            callback.replace("id.example", "evil.example"),
            ErrorCode::IssMismatch,
        ),
        (callback.replace("&iss=", "&is="), ErrorCode::IssMissing),
        (
            format!("{callback}&error=access_denied"),
            ErrorCode::CallbackInvalid,
        ),
        (
            format!("{without_code}&error=access_denied"),
            ErrorCode::AccessDenied,
        ),
        (
            format!("{without_code}&error=login_required"),
            ErrorCode::LoginRequired,
        ),
        (
            format!("{without_code}&error=server_error"),
            ErrorCode::ServerError,
        ),
        (without_code, ErrorCode::CallbackInvalid),
        (
            callback.replacen('?', "#", 1),
            ErrorCode::CallbackInFragment,
        ),
        (
            format!("{callback}#access_token=canary"),
            ErrorCode::CallbackInFragment,
        ),
        (
            format!("{callback}&x={}", "x".repeat(1 << 20)),
            ErrorCode::CallbackTooLarge,
        ),
        (
            "/callback?error=access_denied".to_owned(),
            ErrorCode::StateMissing,
        ),
    ]
}

#[test]
fn a_wrong_answer_ends_on_a_notice_and_sends_no_code() {
    let count = spoiled(&at_provider().2).len();
    for index in 0..count {
        let (mut world, tab, callback) = at_provider();
        let (spoiled, code) = spoiled(&callback).remove(index);
        world.sent.clear();
        world.visit(tab, &spoiled);
        world.run(1000);
        let shown = spoiled.chars().take(200).collect::<String>();
        assert_eq!(world.notice(tab), Some(code), "{shown}");
        assert_eq!(world.state(tab), SessionState::SignedOut, "{shown}");
        assert!(world.sent.is_empty(), "{shown}");
        let address = world.tabs[tab].address.clone();
        assert!(
            !address.contains("state=") && !address.contains("canary"),
            "{address}"
        );
        // It never goes round by itself, and the way back in is open.
        assert_eq!(world.tabs[tab].left_for, None);
        world.sign_in(tab);
    }
}

#[test]
fn a_wrong_answer_leaves_a_session_that_was_there_untouched() {
    let count = spoiled(&at_provider().2).len();
    for index in 0..count {
        let (mut world, tab) = World::signed_in();
        let before = world.tabs[tab].storage["t.session"].clone();
        world.click_sign_in(tab);
        world.run(1000);
        let url = world.tabs[tab].left_for.clone().unwrap();
        let callback = world
            .provider
            .authorize(&url)
            .replace("canary-code-4", "canary-code-1");
        let (spoiled, code) = spoiled(&callback).remove(index);
        world.visit(tab, &spoiled);
        world.run(1000);
        assert_eq!(world.notice(tab), Some(code));
        assert_eq!(world.session(tab).user.sub(), "u1");
        assert_eq!(world.tabs[tab].storage["t.session"], before);
    }
}

#[test]
fn an_exchange_that_fails_ends_on_a_notice_and_keeps_the_session_that_was_there() {
    for (fate, code) in [
        (
            Fate::Instead(error(400, "invalid_grant")),
            ErrorCode::InvalidGrant,
        ),
        (
            Fate::Instead(error(401, "invalid_client")),
            ErrorCode::InvalidClient,
        ),
        (Fate::Instead(html(502)), ErrorCode::ServiceUnavailable),
        (Fate::Instead(html(200)), ErrorCode::UnexpectedContentType),
        (
            Fate::Instead(json_answer(200, &json!([]))),
            ErrorCode::InvalidJson,
        ),
        (
            Fate::Instead(json_answer(200, &json!({}))),
            ErrorCode::TokenResponseInvalid,
        ),
        (
            Fate::Instead(json_answer(
                200,
                &json!({"access_token": "x", "token_type": "DPoP"}),
            )),
            ErrorCode::TokenTypeUnsupported,
        ),
        (
            Fate::Instead(json_answer(
                200,
                &json!({"access_token": "x", "token_type": "Bearer"}),
            )),
            ErrorCode::IdTokenMissing,
        ),
        (
            Fate::Instead(json_answer(
                200,
                &json!({"access_token": "x", "token_type": "Bearer", "id_token": "a.b"}),
            )),
            ErrorCode::IdTokenMalformed,
        ),
        (OFFLINE, ErrorCode::NetworkError),
        (ANSWER_LOST, ErrorCode::NetworkError),
        (Fate::Hangs, ErrorCode::Timeout),
    ] {
        for was_signed_in in [false, true] {
            let (mut world, tab, callback) = if was_signed_in {
                let (mut world, tab) = World::signed_in();
                world.provider.expires_in = Some(json!(3600));
                let url = world.go_to_provider(tab);
                let callback = world.provider.authorize(&url);
                (world, tab, callback)
            } else {
                at_provider()
            };
            world.script(Kind::Code, [fate.clone()]);
            let before = world.tabs[tab].storage.get("t.session").cloned();
            let sent = world.count(Kind::Code);
            world.visit(tab, &callback);
            world.run(31_000);
            assert_eq!(world.notice(tab), Some(code));
            assert_eq!(world.is_signed_in(tab), was_signed_in);
            assert_eq!(world.tabs[tab].storage.get("t.session").cloned(), before);
            assert_eq!(world.count(Kind::Code), sent + 1);
        }
    }
}

#[test]
fn an_id_token_that_is_not_good_ends_on_a_notice() {
    for (name, value, code) in [
        (
            "iss",
            json!("https://evil.example"),
            ErrorCode::IdTokenIssuer,
        ),
        ("aud", json!("other"), ErrorCode::IdTokenAudience),
        ("nonce", json!("other"), ErrorCode::IdTokenNonce),
        ("sub", json!(""), ErrorCode::IdTokenSubject),
        ("exp", json!(START / 1000 - 3600), ErrorCode::IdTokenExpired),
        (
            "iat",
            json!(START / 1000 + 3600),
            ErrorCode::IdTokenNotYetValid,
        ),
        ("at_hash", json!("x"), ErrorCode::IdTokenAccessTokenHash),
    ] {
        let (mut world, tab, callback) = at_provider();
        world.provider.claims.insert(name, value);
        world.visit(tab, &callback);
        world.run(1000);
        assert_eq!(world.notice(tab), Some(code), "{name}");
        assert_eq!(world.state(tab), SessionState::SignedOut);
        assert!(!world.tabs[tab].storage.contains_key("t.session"));
    }
}

#[test]
fn what_the_configuration_asked_for_is_checked_in_the_id_token() {
    // Rule 20
    for (name, value, code) in [
        ("max_age", "60", ErrorCode::IdTokenAuthTime),
        ("acr_values", "gold", ErrorCode::IdTokenAcr),
    ] {
        let mut world = World::with_config(config_with(|config| {
            config["providers"][0]["authorization_params"] = json!({name: value});
        }));
        world
            .provider
            .claims
            .insert("auth_time", json!(START / 1000 - 3600));
        let tab = world.open("/");
        let url = world.go_to_provider(tab);
        let callback = world.provider.authorize(&url);
        world.visit(tab, &callback);
        world.run(1000);
        assert_eq!(world.notice(tab), Some(code), "{name}");
    }
}

#[test]
fn keys_are_fetched_again_once_for_an_unknown_kid() {
    // Rule 22: a sign-in moments after a key rotation succeeds.
    let (mut world, tab, callback) = at_provider();
    world.provider.kid = "k2".into();
    world.sent.clear();
    world.visit(tab, &callback);
    world.run(1000);
    assert!(world.is_signed_in(tab));
    assert_eq!(world.kinds(), [Kind::Code, Kind::Jwks]);
    // They are remembered.
    world.sign_in(tab);
    assert_eq!(world.kinds(), [Kind::Code, Kind::Jwks, Kind::Code]);
}

#[test]
fn keys_are_fetched_again_once_for_a_signature_that_remembered_keys_do_not_fit() {
    let (mut world, tab, callback) = at_provider();
    // The provider changed the key in place.
    world.provider.omits_kid = true;
    world.provider.kid = "k2".into();
    world.sent.clear();
    world.visit(tab, &callback);
    world.run(1000);
    assert!(world.is_signed_in(tab));
    assert_eq!(world.kinds(), [Kind::Code, Kind::Jwks]);

    let (mut world, tab, callback) = at_provider();
    world.provider.signs_badly = true;
    world.sent.clear();
    world.visit(tab, &callback);
    world.run(1000);
    assert_eq!(world.notice(tab), Some(ErrorCode::IdTokenSignature));
    assert_eq!(
        world.kinds(),
        [Kind::Code, Kind::Jwks],
        "asked for once, not for ever"
    );
}

#[test]
fn a_kid_that_stays_unknown_is_an_error() {
    let (mut world, tab, callback) = at_provider();
    let old = world.provider.jwks();
    world.provider.kid = "k2".into();
    world.sent.clear();
    world.script(Kind::Jwks, [Fate::Instead(json_answer(200, &old))]);
    world.visit(tab, &callback);
    world.run(1000);
    assert_eq!(world.notice(tab), Some(ErrorCode::IdTokenKeyUnknown));
    assert_eq!(world.kinds(), [Kind::Code, Kind::Jwks]);
}

#[test]
fn keys_that_cannot_be_had_at_sign_in_are_an_error_and_the_tokens_are_dropped() {
    let (mut world, tab, callback) = at_provider();
    world.provider.kid = "k2".into();
    world.script(Kind::Jwks, [OFFLINE]);
    world.visit(tab, &callback);
    world.run(1000);
    assert_eq!(world.notice(tab), Some(ErrorCode::NetworkError));
    assert_eq!(world.state(tab), SessionState::SignedOut);
    let kept = format!("{:?}", world.tabs[tab].storage);
    assert!(!kept.contains("canary"), "{kept}");
}

#[test]
fn an_algorithm_that_the_browser_lacks_is_named() {
    let (mut world, tab, callback) = at_provider();
    world.outcome = Some(crate::jose::SignatureOutcome::Unsupported);
    world.visit(tab, &callback);
    world.run(1000);
    assert_eq!(world.notice(tab), Some(ErrorCode::IdTokenAlgorithm));
    assert_eq!(world.count(Kind::Jwks), 1);
}

// ---- once ----

#[test]
fn reload_back_and_replay_lead_home_when_signed_in() {
    let (mut world, tab, callback) = at_provider();
    world.visit(tab, &callback);
    world.run(1000);
    world.sent.clear();
    world.visit(tab, &callback);
    world.run(1000);
    assert!(world.is_signed_in(tab));
    assert_eq!(world.notice(tab), None);
    assert_eq!(world.tabs[tab].routed, ["/"]);
    assert_eq!(world.tabs[tab].address, "/");
    assert!(world.sent.is_empty());
}

#[test]
fn a_replayed_callback_after_sign_out_says_so_and_never_loops() {
    for is_local_denied in [false, true] {
        let (mut world, tab, callback) = at_provider();
        world.is_local_denied = is_local_denied;
        world.visit(tab, &callback);
        world.run(1000);
        world.sign_out(tab);
        world.sent.clear();
        world.visit(tab, &callback);
        world.run(1000);
        assert_eq!(world.notice(tab), Some(ErrorCode::StateConsumed));
        assert_eq!(world.state(tab), SessionState::SignedOut);
        assert!(world.sent.is_empty());
        assert_eq!(world.tabs[tab].left_for, None);
    }
}

#[test]
fn a_callback_that_another_tab_consumed_is_known_here_too() {
    let (mut world, tab, callback) = at_provider();
    world.visit(tab, &callback);
    world.run(1000);
    let other = world.open(&callback);
    world.run(1000);
    assert_eq!(world.notice(other), Some(ErrorCode::StateConsumed));
    let foreign = world.open(&callback.replace("state=", "state=A"));
    assert_eq!(world.notice(foreign), Some(ErrorCode::StateUnknown));
}

#[test]
fn reload_in_mid_exchange_does_not_send_the_code_again() {
    for after in [0, 1, 5, 30] {
        let (mut world, tab, callback) = at_provider();
        world.visit(tab, &callback);
        world.run(after);
        // Its address was cleaned: the reload is no callback any more.
        world.reload(tab);
        world.run(1000);
        assert_eq!(world.state(tab), SessionState::SignedOut);
        assert!(world.count(Kind::Code) <= 1);
        // Nor if somebody goes back to the address as it came.
        world.visit(tab, &callback);
        world.run(1000);
        assert_eq!(world.notice(tab), Some(ErrorCode::StateConsumed));
        assert!(world.count(Kind::Code) <= 1);
    }
}

#[test]
fn a_code_is_sent_once_though_the_tab_was_copied_in_mid_sign_in() {
    // Rule 11: a lock and a spent mark that all tabs can read, if a moment late.
    for (local_lag, pause) in [(0, 0), (0, 1), (0, 30), (40, 0), (40, 1), (40, 100)] {
        let (mut world, tab, callback) = at_provider();
        world.local_lag = local_lag;
        let copy = world.duplicate(tab);
        world.visit(tab, &callback);
        world.run(pause);
        world.visit(copy, &callback);
        world.run(1000);
        assert_eq!(world.count(Kind::Code), 1);
        assert_eq!(world.provider.code_reuses, 0);
        assert!(world.is_signed_in(tab));
        assert_eq!(world.notice(copy), Some(ErrorCode::StateConsumed));
        // No lock is left behind.
        world.run(1000);
        assert!(!world.is_busy(tab) && !world.is_busy(copy));
    }
}

#[test]
fn a_tab_that_dies_with_the_code_in_hand_leaves_no_lock_behind() {
    let (mut world, tab, callback) = at_provider();
    let copy = world.duplicate(tab);
    world.visit(tab, &callback);
    world.run(10);
    assert_eq!(world.count(Kind::Code), 1);
    world.close(tab);
    world.visit(copy, &callback);
    world.run(1000);
    assert_eq!(world.notice(copy), Some(ErrorCode::StateConsumed));
    assert_eq!(world.count(Kind::Code), 1);
}

#[test]
fn many_tabs_sign_in_at_once_and_each_succeeds_by_itself() {
    let mut world = World::new();
    let tabs: Vec<usize> = (0..10).map(|_| world.open("/")).collect();
    for tab in &tabs {
        world.click_sign_in(*tab);
    }
    world.run(1000);
    let callbacks: Vec<String> = tabs
        .iter()
        .map(|tab| {
            world
                .provider
                .authorize(&world.tabs[*tab].left_for.clone().unwrap())
        })
        .collect();
    for (tab, callback) in tabs.iter().zip(&callbacks) {
        world.visit(*tab, callback);
    }
    world.run(1000);
    for tab in &tabs {
        assert!(world.is_signed_in(*tab));
    }
    assert_eq!(world.count(Kind::Code), 10);
    // All ten marks were kept: no tab overwrote another's.
    for callback in &callbacks {
        let late = world.open(callback);
        assert_eq!(world.notice(late), Some(ErrorCode::StateConsumed));
    }
}

#[test]
fn a_lock_that_never_comes_is_an_error_and_not_a_page_that_waits_for_ever() {
    let (mut world, tab, callback) = at_provider();
    let frozen = world.duplicate(tab);
    world.visit(frozen, &callback);
    world.freeze(frozen);
    world.visit(tab, &callback);
    world.run(36_000);
    assert_eq!(world.notice(tab), Some(ErrorCode::Timeout));
    assert_eq!(world.count(Kind::Code), 0);
}

#[test]
fn several_attempts_of_one_tab_do_not_overwrite_one_another() {
    // Rule 11
    let mut world = World::new();
    let tab = world.open("/");
    let first = world.go_to_provider(tab);
    world.visit(tab, "/");
    let second = world.go_to_provider(tab);
    let (first, second) = (
        world.provider.authorize(&first),
        world.provider.authorize(&second),
    );
    world.visit(tab, &first);
    world.run(1000);
    assert!(world.is_signed_in(tab));
    world.visit(tab, &second);
    world.run(1000);
    assert!(world.is_signed_in(tab));
    assert_eq!(world.count(Kind::Code), 2);
}

#[test]
fn old_and_damaged_transactions_are_purged_at_any_page_load() {
    let mut world = World::new();
    let tab = world.open("/");
    let url = world.go_to_provider(tab);
    let callback = world.provider.authorize(&url);
    world.tabs[tab]
        .storage
        .insert("t.tx.damaged".into(), "{".into());
    world.visit(tab, "/");
    let count = |world: &World| {
        world.tabs[tab]
            .storage
            .keys()
            .filter(|key| key.starts_with("t.tx."))
            .count()
    };
    assert_eq!(count(&world), 1);
    world.sleep(601_000);
    world.visit(tab, "/");
    assert_eq!(count(&world), 0);
    world.visit(tab, &callback);
    assert_eq!(world.notice(tab), Some(ErrorCode::StateUnknown));
}

#[test]
fn an_answer_after_ten_minutes_is_too_late() {
    let (mut world, tab, callback) = at_provider();
    world.sleep(601_000);
    world.visit(tab, &callback);
    world.run(1000);
    assert_eq!(world.notice(tab), Some(ErrorCode::StateExpired));
    assert_eq!(world.count(Kind::Code), 0);
}

#[test]
fn a_provider_that_left_the_configuration_gets_no_code() {
    for change in [
        ("client_id", json!("another")),
        ("issuer", json!("https://another.example")),
        ("id", json!("another")),
    ] {
        let (mut world, tab, callback) = at_provider();
        world.set_config(config_with(|config| {
            config["providers"][0][change.0] = change.1
        }));
        world.visit(tab, &callback);
        world.run(1000);
        assert_eq!(world.notice(tab), Some(ErrorCode::StateUnknown));
        assert_eq!(world.count(Kind::Code), 0);
    }
}

#[test]
fn a_sign_in_as_somebody_else_takes_the_place_of_the_session() {
    let (mut world, tab) = World::signed_in();
    world.provider.user = "u2".into();
    let reader = {
        world.script(Kind::Refresh, [Fate::Hangs]);
        world.tell(tab, crate::session::Event::Refresh);
        world.want_token(tab, 0, Some(0))
    };
    world.run(500);
    assert_eq!(world.token(tab, reader), None);
    world.sign_in(tab);
    assert_eq!(world.session(tab).user.sub(), "u2");
    world.run(40_000);
    assert_eq!(world.session(tab).user.sub(), "u2");
    assert_eq!(world.notice(tab), None);
}

#[test]
fn a_sign_out_while_a_sign_in_is_completed_wins() {
    for after in [0, 1, 30, 53] {
        let (mut world, tab, callback) = at_provider();
        world.visit(tab, &callback);
        world.run(after);
        assert_eq!(world.state(tab), SessionState::Loading, "after {after} ms");
        world.sign_out(tab);
        assert_eq!(world.state(tab), SessionState::SignedOut);
        world.run(31_000);
        assert_eq!(world.state(tab), SessionState::SignedOut);
        let kept = format!("{:?}", world.tabs[tab].storage);
        assert!(!kept.contains("canary"), "{kept}");
    }
}

// ---- UserInfo ----

fn with_userinfo() -> World {
    World::with_config(config_with(|config| {
        config["providers"][0]["userinfo"] = json!(true)
    }))
}

#[test]
fn userinfo_adds_its_claims_and_survives_a_reload() {
    let mut world = with_userinfo();
    let tab = world.open("/");
    world.sign_in(tab);
    let email = |world: &World| {
        world
            .session(tab)
            .user
            .claim("email")
            .and_then(|json| json.as_str())
            .map(str::to_owned)
    };
    assert_eq!(email(&world).as_deref(), Some("u1@example.org"));
    world.reload(tab);
    assert_eq!(email(&world).as_deref(), Some("u1@example.org"));
    assert_eq!(world.count(Kind::Userinfo), 1);
}

#[test]
fn userinfo_of_another_user_is_discarded_and_the_session_stays() {
    let mut world = with_userinfo();
    world.provider.userinfo = json!({"sub": "u2", "name": "Eve"});
    let tab = world.open("/");
    world.sign_in(tab);
    assert_eq!(world.notice(tab), Some(ErrorCode::UserinfoSubject));
    assert_eq!(world.session(tab).user.display_name(), "Ann");
}

#[test]
fn userinfo_that_is_huge_is_used_and_not_stored() {
    let mut world = with_userinfo();
    world.provider.userinfo = json!({"sub": "u1", "photo": "x".repeat(100_000)});
    let tab = world.open("/");
    world.sign_in(tab);
    assert!(world.session(tab).user.claim("photo").is_some());
    assert!(world.tabs[tab].storage["t.session"].len() < 10_000);
}

#[test]
fn userinfo_is_not_asked_for_unless_configured() {
    let (world, _) = World::signed_in();
    assert_eq!(world.count(Kind::Userinfo), 0);
}
