use super::*;
use crate::encoding::form_parse;
use crate::http::{Body, HttpResponse};
use crate::url::HttpUrl;
use proptest::prelude::*;
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://id.example/realm";
const ORIGIN: &str = "https://app.example";

pub(crate) fn now() -> Timestamp {
    Timestamp::from_seconds(1_700_000_000)
}

pub(crate) fn metadata_document() -> Value {
    json!({
        "issuer": ISSUER,
        "authorization_endpoint": "https://id.example/authorize",
        "token_endpoint": "https://id.example/token",
        "jwks_uri": "https://id.example/jwks",
        "authorization_response_iss_parameter_supported": true,
    })
}

pub(crate) fn metadata_with(name: &str, value: Value) -> ProviderMetadata {
    let mut document = metadata_document();
    document[name] = value;
    ProviderMetadata::restore(&document.to_string()).unwrap()
}

pub(crate) fn metadata() -> ProviderMetadata {
    ProviderMetadata::restore(&metadata_document().to_string()).unwrap()
}

fn page() -> HttpUrl {
    HttpUrl::parse("https://app.example/").unwrap()
}

fn provider() -> ProviderConfig {
    ProviderConfig::builder("local", ISSUER, "spa & co")
        .scope("openid profile offline_access")
        .resource("https://api.example/a")
        .resource("https://api.example/b?x=1")
        .build(&page())
        .unwrap()
}

fn entropy() -> Entropy {
    let mut octets = [0; 96];
    for (index, octet) in octets.iter_mut().enumerate() {
        *octet = u8::try_from(index).unwrap();
    }
    Entropy::new(octets)
}

pub(crate) fn transaction_of(metadata: &ProviderMetadata) -> Transaction {
    begin(&provider(), metadata, SignInOptions::default()).0
}

fn begin(
    provider: &ProviderConfig,
    metadata: &ProviderMetadata,
    options: SignInOptions,
) -> (Transaction, String) {
    let (transaction, url) =
        Transaction::begin(provider, metadata, options, entropy(), now()).unwrap();
    (transaction, url.expose().to_owned())
}

fn query_of(url: &str) -> Vec<(String, String)> {
    form_parse(HttpUrl::parse(url).unwrap().query().unwrap())
}

fn value_of(url: &str, name: &str) -> Option<String> {
    let pairs = query_of(url);
    let mut found = pairs
        .into_iter()
        .filter(|(key, _)| key == name)
        .map(|(_, value)| value);
    let value = found.next();
    assert_eq!(found.next(), None, "{name} twice");
    value
}

#[test]
fn the_request_has_exactly_its_parameters() {
    // RFC 6749 4.1.1, RFC 7636 4.3, Core 3.1.2.1, RFC 8707 2
    let (transaction, url) = begin(&provider(), &metadata(), SignInOptions::default());
    assert!(url.starts_with("https://id.example/authorize?"), "{url}");
    let challenge = code_challenge(&transaction.verifier);
    let expected = [
        ("response_type", "code"),
        ("client_id", "spa & co"),
        ("redirect_uri", "https://app.example/callback"),
        ("scope", "openid profile offline_access"),
        ("state", transaction.state.expose()),
        ("nonce", transaction.nonce.expose()),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
        ("resource", "https://api.example/a"),
        ("resource", "https://api.example/b?x=1"),
    ];
    let expected: Vec<_> = expected
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    assert_eq!(query_of(&url), expected);
}

#[test]
fn the_challenge_is_that_of_rfc_7636_appendix_b() {
    let verifier = CodeVerifier::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").unwrap();
    assert_eq!(
        code_challenge(&verifier),
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    );
}

#[test]
fn verifier_state_and_nonce_are_43_characters_of_base64url_and_differ() {
    // RFC 7636 4.1, protocol rules 2 and 3
    let (transaction, _) = begin(&provider(), &metadata(), SignInOptions::default());
    let values = [
        transaction.verifier.expose(),
        transaction.state.expose(),
        transaction.nonce.expose(),
    ];
    for value in values {
        assert_eq!(value.len(), 43);
        assert!(
            value
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        );
    }
    assert_ne!(values[0], values[1]);
    assert_ne!(values[1], values[2]);
    assert_ne!(values[0], values[2]);
}

#[test]
fn every_octet_of_the_entropy_counts() {
    let values = |octets: [u8; 96]| {
        let (verifier, state, nonce) = Entropy::new(octets).split().unwrap();
        [
            verifier.expose().to_owned(),
            state.expose().to_owned(),
            nonce.expose().to_owned(),
        ]
    };
    let base = values([7; 96]);
    for index in 0..96 {
        let mut octets = [7; 96];
        octets[index] = 8;
        let changed = values(octets);
        for which in 0..3 {
            assert_eq!(
                changed[which] != base[which],
                which == index / 32,
                "{index} {which}"
            );
        }
    }
}

#[test]
fn the_endpoint_keeps_a_query_of_its_own() {
    // RFC 6749 3.1
    let metadata = metadata_with(
        "authorization_endpoint",
        json!("https://id.example/a?p=b2c%20x&q"),
    );
    let (_, url) = begin(&provider(), &metadata, SignInOptions::default());
    assert!(
        url.starts_with("https://id.example/a?p=b2c%20x&q&response_type=code&"),
        "{url}"
    );
    assert_eq!(url.matches('?').count(), 1, "{url}");
}

#[test]
fn what_this_sign_in_asks_for_goes_before_what_is_configured_and_nothing_is_repeated() {
    let configured = ProviderConfig::builder("local", ISSUER, "spa")
        .authorization_param("prompt", "consent")
        .authorization_param("ui_locales", "en")
        .authorization_param("login_hint", "configured")
        .authorization_param("max_age", "300")
        .authorization_param("acr_values", "gold silver")
        .authorization_param("audience", "https://api.example/?a=b&c")
        .build(&page())
        .unwrap();
    let options = SignInOptions {
        prompt: Some("login".into()),
        ui_locales: Some("ko en".into()),
        ..SignInOptions::default()
    };
    let (transaction, url) = begin(&configured, &metadata(), options);
    for (name, value) in [
        ("prompt", "login"),
        ("ui_locales", "ko en"),
        ("login_hint", "configured"),
        ("max_age", "300"),
        ("acr_values", "gold silver"),
        ("audience", "https://api.example/?a=b&c"),
    ] {
        assert_eq!(value_of(&url, name).as_deref(), Some(value), "{name}");
    }
    // Rule 20: what is asked for is checked in the ID token.
    assert_eq!(transaction.max_age, Some(300));
    assert_eq!(transaction.acr_values.as_deref(), Some("gold silver"));
}

#[test]
fn empty_options_are_as_good_as_absent() {
    let options = SignInOptions {
        prompt: Some(String::new()),
        ui_locales: Some(String::new()),
        login_hint: Some(String::new()),
        ..SignInOptions::default()
    };
    let (_, url) = begin(&provider(), &metadata(), options);
    for name in ["prompt", "ui_locales", "login_hint"] {
        assert_eq!(value_of(&url, name), None, "{name}");
    }
}

#[test]
fn a_provider_that_wants_pushed_requests_is_refused_before_the_redirect() {
    // RFC 9126 5: no silent fall-back.
    let metadata = metadata_with("require_pushed_authorization_requests", json!(true));
    let begun = Transaction::begin(
        &provider(),
        &metadata,
        SignInOptions::default(),
        entropy(),
        now(),
    );
    assert_eq!(
        begun.err().map(|e| e.code()),
        Some(ErrorCode::ConfigUnsupported)
    );
}

#[test]
fn the_apps_value_is_bounded() {
    let begin_with = |length: usize| {
        let options = SignInOptions {
            app_state: Some("x".repeat(length)),
            ..SignInOptions::default()
        };
        Transaction::begin(&provider(), &metadata(), options, entropy(), now())
            .map_err(|error| error.code())
    };
    assert_eq!(APP_STATE_LIMIT, 16_384);
    assert!(begin_with(APP_STATE_LIMIT).is_ok());
    assert_eq!(
        begin_with(APP_STATE_LIMIT + 1).map(|_| ()),
        Err(ErrorCode::ConfigInvalidValue)
    );
}

#[test]
fn a_transaction_survives_storage_whole() {
    let options = SignInOptions {
        return_to: ReturnTo::parse("/notes/7?view=all#end", ORIGIN),
        app_state: Some("한글 \"{}\" \u{0}".into()),
        ..SignInOptions::default()
    };
    let configured = ProviderConfig::builder("local", ISSUER, "spa")
        .authorization_param("max_age", "0")
        .authorization_param("acr_values", "gold")
        .resource("https://api.example/")
        .build(&page())
        .unwrap();
    let (before, _) = begin(&configured, &metadata(), options);
    let after = Transaction::from_json(before.to_json().expose(), ORIGIN).unwrap();
    assert_eq!(after.provider, "local");
    assert_eq!(after.client_id, "spa");
    assert_eq!(after.metadata, before.metadata);
    assert_eq!(after.redirect_uri.as_str(), "https://app.example/callback");
    assert_eq!(after.state.expose(), before.state.expose());
    assert_eq!(after.nonce.expose(), before.nonce.expose());
    assert_eq!(after.verifier.expose(), before.verifier.expose());
    assert_eq!(after.scope, "openid profile");
    assert_eq!(after.resource, ["https://api.example/"]);
    assert_eq!(after.max_age, Some(0));
    assert_eq!(after.acr_values.as_deref(), Some("gold"));
    assert_eq!(after.return_to.as_str(), "/notes/7?view=all#end");
    assert_eq!(after.app_state, before.app_state);
    assert_eq!(after.created_at, now());
}

#[test]
fn a_transaction_without_its_options_survives_too() {
    let (before, _) = begin(&provider(), &metadata(), SignInOptions::default());
    let after = Transaction::from_json(before.to_json().expose(), ORIGIN).unwrap();
    assert_eq!(
        (after.max_age, after.acr_values, after.app_state),
        (None, None, None)
    );
    assert_eq!(after.return_to, ReturnTo::home());
    assert_eq!(
        after.resource,
        ["https://api.example/a", "https://api.example/b?x=1"]
    );
}

#[test]
fn damaged_transactions_and_those_of_another_version_are_discarded() {
    // Rule 37
    let (transaction, _) = begin(&provider(), &metadata(), SignInOptions::default());
    let good: Value = serde_json::from_str(transaction.to_json().expose()).unwrap();
    let read = |value: &Value| Transaction::from_json(&value.to_string(), ORIGIN).is_some();
    assert!(read(&good));
    for text in ["", "null", "[]", "{}", "{\"v\":1}", "not json", "\u{0}"] {
        assert!(Transaction::from_json(text, ORIGIN).is_none(), "{text}");
    }
    for required in [
        "v",
        "provider",
        "client_id",
        "metadata",
        "redirect_uri",
        "state",
        "nonce",
        "verifier",
        "scope",
        "resource",
        "return_to",
        "created_at",
    ] {
        let mut damaged = good.clone();
        damaged.as_object_mut().unwrap().remove(required);
        assert!(!read(&damaged), "without {required}");
        damaged[required] = json!(null);
        assert!(!read(&damaged), "null {required}");
    }
    for (name, value) in [
        ("v", json!(0)),
        ("v", json!(2)),
        ("v", json!("1")),
        ("state", json!("")),
        ("verifier", json!("é")),
        ("nonce", json!(7)),
        ("resource", json!([1])),
        ("return_to", json!("https://evil.example/")),
        ("return_to", json!("//evil.example/")),
        ("metadata", json!({"issuer": ISSUER})),
        ("created_at", json!("yesterday")),
    ] {
        let mut damaged = good.clone();
        damaged[name] = value.clone();
        assert!(!read(&damaged), "{name}: {value}");
    }
}

#[test]
fn a_transaction_expires_after_ten_minutes_and_when_the_clock_goes_back_by_as_much() {
    // Rule 11
    let (transaction, _) = begin(&provider(), &metadata(), SignInOptions::default());
    let millisecond = Duration::from_millis(1);
    let (earliest, latest) = (now() - TRANSACTION_LIFETIME, now() + TRANSACTION_LIFETIME);
    assert_eq!(TRANSACTION_LIFETIME, Duration::from_secs(600));
    for good in [now(), earliest, latest] {
        assert!(!transaction.is_expired(good));
    }
    assert!(transaction.is_expired(latest + millisecond));
    assert!(transaction.is_expired(earliest - millisecond));
}

#[test]
fn debug_shows_no_secret() {
    let options = SignInOptions {
        app_state: Some("canary-app".into()),
        login_hint: Some("canary-hint".into()),
        ..SignInOptions::default()
    };
    let shown = format!("{options:?} {:?}", entropy());
    let (transaction, url) = begin(&provider(), &metadata(), options);
    let shown = format!("{shown} {transaction:?} {:?}", SecretText::new(url));
    for secret in [
        "canary",
        transaction.state.expose(),
        transaction.nonce.expose(),
        transaction.verifier.expose(),
    ] {
        assert!(!shown.contains(secret), "{shown}");
    }
    let expected = "SignInOptions([redacted]) Entropy([redacted]) Transaction(local [redacted]) \
                    [redacted]";
    assert_eq!(shown, expected);
}

#[test]
fn metadata_comes_from_the_answer_of_discovery() {
    let answer = HttpResponse {
        status: 200,
        content_type: Some("application/json;charset=UTF-8".into()),
        retry_after: None,
        body: Body(metadata_document().to_string().into_bytes()),
    };
    assert_eq!(
        ProviderMetadata::judge(&Ok(answer), provider().issuer()),
        Ok(metadata())
    );
}

proptest! {
    #[test]
    fn no_stored_text_makes_the_reader_panic(text in any::<String>()) {
        let _ = Transaction::from_json(&text, ORIGIN);
    }

    #[test]
    fn any_entropy_makes_a_transaction_that_survives_storage(octets in prop::collection::vec(any::<u8>(), 96), app in any::<String>()) {
        let options = SignInOptions { app_state: Some(app.clone()), ..SignInOptions::default() };
        let entropy = Entropy::new(octets.try_into().unwrap());
        let begun = Transaction::begin(&provider(), &metadata(), options, entropy, now());
        prop_assume!(app.len() <= APP_STATE_LIMIT);
        let (before, _) = begun.unwrap();
        let after = Transaction::from_json(before.to_json().expose(), ORIGIN).unwrap();
        prop_assert_eq!(after.verifier.expose(), before.verifier.expose());
        prop_assert_eq!(after.app_state, Some(app));
    }
}
