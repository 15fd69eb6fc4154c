//! Rules 36 and 37, RFC 10017 8: what is stored, by whom it is believed, and what cannot be stored.

use crate::support::page::{GOOD, Page, config};
use crate::support::{answer, refusal};
use pkce_core::ErrorCode;
use pkce_core::secret::SecretText;
use pkce_core::session::{Environment, Event, SessionState};
use serde_json::{Value, json};

/// Rule 37: an error before any redirect, and nothing sent.
#[test]
fn a_browser_that_cannot_sign_in_is_told_before_the_redirect() {
    for (environment, expected) in [
        (
            Environment {
                web_crypto: false,
                ..GOOD
            },
            ErrorCode::InsecureContext,
        ),
        (
            Environment {
                session_storage: false,
                ..GOOD
            },
            ErrorCode::StorageUnavailable,
        ),
        (
            Environment {
                foreign_frame: true,
                ..GOOD
            },
            ErrorCode::ForeignFrame,
        ),
        (
            Environment {
                web_crypto: false,
                session_storage: false,
                foreign_frame: true,
                ..GOOD
            },
            ErrorCode::ForeignFrame,
        ),
    ] {
        let mut page = Page::unopened(config(|_| ()));
        page.environment = environment;
        page.open("/");
        page.click_sign_in();
        assert_eq!(page.notice(), Some(expected));
        assert!(page.sent.is_empty() && page.left_for.is_none());
        assert_eq!(page.engine.state(), SessionState::SignedOut);
    }
}

/// Rule 37: a transaction that cannot be stored is no sign-in.
#[test]
fn full_storage_is_an_error_before_the_redirect() {
    let mut page = Page::new();
    page.click_sign_in();
    page.is_full = true;
    let document = crate::support::document(|_| ());
    page.reply("/.well-known/openid-configuration", answer(200, &document));
    page.reply("/jwks", answer(200, &crate::support::keys::default_jwks()));
    assert_eq!(page.notice(), Some(ErrorCode::StorageFull));
    assert!(page.left_for.is_none());
}

/// Rule 37: storage that fills up later leaves the session in memory, and says so.
#[test]
fn a_session_that_cannot_be_stored_lives_as_long_as_the_page() {
    let mut page = Page::signed_in();
    page.is_full = true;
    page.seconds(5);
    page.refresh();
    let tokens = page.tokens(1);
    page.reply("/token", answer(200, &tokens));
    assert!(page.is_signed_in());
    assert_eq!(page.notice(), Some(ErrorCode::StorageFull));
    // The spent refresh token is not left behind.
    assert!(!page.session.contains_key("t.session"));
}

/// Rule 37: what is damaged, older or foreign is discarded, never a panic.
#[test]
fn a_damaged_session_is_discarded() {
    let good = Page::signed_in();
    let text = good.session["t.session"].clone();
    let edit = |change: &dyn Fn(&mut Value)| {
        let mut value: Value = serde_json::from_str(&text).unwrap();
        change(&mut value);
        value.to_string()
    };
    let without = |name: &'static str| {
        edit(&move |session| drop(session.as_object_mut().unwrap().remove(name)))
    };
    let with =
        |name: &'static str, value: Value| edit(&move |session| session[name] = value.clone());
    let load = |session: String| {
        let mut page = Page::unopened(config(|_| ()));
        page.session = good.session.clone();
        page.local = good.local.clone();
        page.session.insert("t.session".to_owned(), session);
        page.open("/");
        page
    };
    for kept in [
        text.clone(),
        without("refresh_token"),
        without("lifetime"),
        with("something", json!("new")),
        with("userinfo", json!("{\"sub\":\"another\"}")),
        with("lifetime", json!(-5)),
    ] {
        let page = load(kept.clone());
        assert!(page.is_signed_in(), "{kept}");
        assert_eq!(page.shown().user.sub(), "u1");
    }
    for damaged in [
        String::new(),
        "null".to_owned(),
        text[..text.len() / 2].to_owned(),
        format!("{text}{text}"),
        with("v", json!(0)),
        with("v", json!(2)),
        with("v", json!("1")),
        with("provider", json!("another")),
        with("client_id", json!("another")),
        with("metadata", json!({})),
        with("token_type", json!("mac")),
        with("access_token", json!("a\nb")),
        with("access_token", json!("")),
        with("refresh_token", json!("a\u{0}")),
        with("id_token", json!("a.b.c")),
        with("generation", json!(-1)),
        with("received_at", json!("now")),
        with("unanswered", json!(null)),
        without("access_token"),
        without("id_token"),
        without("metadata"),
        without("family"),
        without("scope"),
        without("has_siblings"),
        edit(&|session| session["metadata"]["issuer"] = json!("https://evil.example")),
        edit(&|session| session["metadata"]["token_endpoint"] = json!("http://evil.example/t")),
    ] {
        let page = load(damaged.clone());
        assert_eq!(page.engine.state(), SessionState::SignedOut, "{damaged}");
        assert!(!page.session.contains_key("t.session"));
        assert_eq!(page.notice(), None);
        assert!(page.sent.is_empty());
    }
}

/// Rule 37: the same for all else that is stored.
#[test]
fn other_damaged_entries_are_as_good_as_absent() {
    for damaged in [
        "",
        "null",
        "[]",
        "{",
        "{\"v\":1}",
        "{\"v\":9,\"states\":[]}",
        "\u{0}",
        "{\"states\":[5]}",
    ] {
        let mut page = Page::signed_in();
        let keys: Vec<String> = page
            .session
            .keys()
            .filter(|key| *key != "t.session")
            .cloned()
            .collect();
        for key in keys {
            page.session.insert(key, damaged.to_owned());
        }
        page.session.insert("t.tx.x".to_owned(), damaged.to_owned());
        page.session
            .insert("t.something".to_owned(), damaged.to_owned());
        for value in page.local.values_mut() {
            damaged.clone_into(value);
        }
        page.open("/");
        assert!(page.is_signed_in(), "{damaged}");
        assert!(!page.session.contains_key("t.tx.x"));
        page.sign_in();
    }
}

/// Rule 36: what all tabs can read tells a fingerprint, never a token.
#[test]
fn no_token_is_shared_with_other_tabs_storage() {
    let mut page = Page::signed_in();
    page.seconds(5);
    page.refresh();
    let tokens = page.tokens(1);
    page.reply("/token", answer(200, &tokens));
    for (key, value) in &page.local {
        assert!(
            !key.contains("canary") && !value.contains("canary"),
            "{key}"
        );
    }
    let family = page
        .local
        .iter()
        .find(|(key, _)| key.starts_with("t.family."))
        .unwrap();
    let record: Value = serde_json::from_str(family.1).unwrap();
    let token = pkce_core::secret::RefreshToken::new("canary-rt-1").unwrap();
    assert_eq!(record["fingerprint"], json!(token.fingerprint()));
    assert_eq!(record["generation"], json!(1));
}

/// Rule 36: a copy that may hold a spent refresh token never sends it.
#[test]
fn a_copy_of_a_tab_does_not_send_a_token_that_another_tab_spent() {
    let mut original = Page::signed_in();
    let mut copy = Page::unopened(config(|_| ()));
    copy.session = original.session.clone();
    original.seconds(5);
    original.refresh();
    let tokens = original.tokens(1);
    original.reply("/token", answer(200, &tokens));
    // Nobody hears the copy ask.
    copy.local = original.local.clone();
    copy.now = original.now;
    copy.open("/");
    copy.refresh();
    copy.seconds(5);
    assert!(copy.sent.is_empty());
    assert_eq!(copy.ended(), Some(ErrorCode::SessionCopyStale));

    // With local storage cleared, a copy cannot know, and does not send either.
    let mut copy = Page::unopened(config(|_| ()));
    copy.session = Page::signed_in().session.clone();
    copy.open("/");
    copy.refresh();
    copy.seconds(5);
    assert!(copy.sent.is_empty());
    assert_eq!(copy.ended(), Some(ErrorCode::SessionCopyStale));

    // With the sibling's answer it goes on.
    let mut copy = Page::unopened(config(|_| ()));
    copy.session = Page::signed_in().session.clone();
    copy.local = original.local.clone();
    copy.now = original.now;
    copy.open("/");
    copy.refresh();
    let handed_over = original.broadcasts.last().unwrap().clone();
    copy.tell(Event::Message(SecretText::new(handed_over)));
    assert_eq!(copy.stored("refresh_token"), Some(json!("canary-rt-1")));
    assert!(copy.sent.is_empty() && copy.is_signed_in());
}

/// Rule 36: the channel is heard by all pages of the origin; rubbish on it changes nothing.
#[test]
fn foreign_messages_are_ignored() {
    let mut page = Page::signed_in();
    let own = page.stored("family").unwrap();
    let before = page.session.clone();
    for message in [
        String::new(),
        "null".to_owned(),
        "{}".to_owned(),
        json!({"v": 1, "family": "another", "type": "over", "code": "session_max_age"}).to_string(),
        json!({"v": 2, "family": own, "type": "over", "code": "session_max_age"}).to_string(),
        json!({"v": 1, "family": own, "type": "over", "code": "no_such_code"}).to_string(),
        json!({"v": 1, "family": own, "type": "over"}).to_string(),
        json!({"v": 1, "family": own, "type": "refused", "generation": -1, "code": "invalid_grant"})
            .to_string(),
        json!({"v": 1, "family": own, "type": "unheard-of"}).to_string(),
        json!({"v": 1, "family": own, "type": "tokens", "record": "{}", "generation": 9,
            "access_generation": 9, "new": true})
        .to_string(),
        format!("{{\"v\":1,\"family\":{own},\"family\":{own},\"type\":\"active\"}}"),
    ] {
        page.tell(Event::Message(SecretText::new(message.clone())));
        assert!(page.is_signed_in(), "{message}");
        // Whoever names the family is one of it, whatever else is said.
        let after = page.session["t.session"]
            .replace("\"has_siblings\":true", "\"has_siblings\":false");
        assert_eq!(after, before["t.session"], "{message}");
    }
    // A record of another user is not taken over.
    let mut record: Value = serde_json::from_str(&before["t.session"]).unwrap();
    record["generation"] = json!(9);
    let claims = json!({"iss": crate::support::ISSUER, "aud": "spa", "sub": "u2",
        "iat": 1, "exp": 2});
    record["id_token"] = json!(crate::support::keys::token(&claims));
    let message = json!({"v": 1, "family": own, "type": "tokens", "record": record.to_string(),
        "generation": 9, "access_generation": 0, "new": true});
    page.tell(Event::Message(SecretText::new(message.to_string())));
    assert_eq!(page.shown().user.sub(), "u1");
}

/// Hostile inputs, canary secrets: nothing that could be logged shows a secret.
#[test]
fn nothing_that_can_be_logged_shows_a_secret() {
    let mut page = Page::new();
    let nonce = page.come_back();
    let transaction = page.log.clone();
    assert!(!transaction.contains("canary") && !transaction.contains(&nonce));
    page.open("/");
    page.sign_in();
    page.want_token(None);
    page.seconds(5);
    page.refresh();
    page.reply("/token", refusal(400, "invalid_grant"));
    page.sign_in();
    page.sign_out();
    let jwt = base64_head();
    for secret in ["canary", nonce.as_str(), jwt.as_str()] {
        assert!(!page.log.contains(secret), "{secret}");
    }
    assert!(page.log.contains("redacted"));
}

/// How every token of these tests begins.
fn base64_head() -> String {
    pkce_core::encoding::base64url(br#"{"alg":"EdDSA"#)[..16].to_owned()
}
