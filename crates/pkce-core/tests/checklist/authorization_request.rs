//! Rules 1 to 5 and 7: the authorization request, and what the token request repeats of it.

use crate::support::{
    CALLBACK, CLIENT, ISSUER, all, begin, begin_with, builder, built, client, document, form,
    granted, judge_metadata, metadata, only, params,
};
use pkce_core::ErrorCode;
use pkce_core::authorization::{SignInOptions, code_challenge};
use pkce_core::callback::Callback;
use pkce_core::http::Method;
use pkce_core::return_to::ReturnTo;
use pkce_core::secret::{CodeVerifier, RefreshToken};
use pkce_core::token::{exchange_request, refresh_request};
use serde_json::json;
use std::collections::BTreeSet;

fn is_url_safe(text: &str) -> bool {
    text.bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// Rule 1: BCP 2.1.1 and 2.4, RFC 10017 6.3.2.1, RFC 6749 4.1.1.
#[test]
fn the_request_asks_for_a_code_by_query_and_for_nothing_else() {
    let (_, url) = begin(&client(), &metadata());
    let asked = params(&url);
    assert_eq!(only(&asked, "response_type"), "code");
    for (name, _) in &asked {
        let known = [
            "response_type",
            "client_id",
            "redirect_uri",
            "scope",
            "state",
            "nonce",
            "code_challenge",
            "code_challenge_method",
        ];
        assert!(known.contains(&name.as_str()), "{name}");
    }
}

/// Rules 1 to 4: BCP 2.1.1, RFC 6749 4.1.1. No configuration turns the request into another one.
#[test]
fn no_configured_parameter_can_replace_what_the_client_sets() {
    for good in [
        "prompt",
        "login_hint",
        "ui_locales",
        "max_age",
        "acr_values",
        "access_type",
        "audience",
        "kc_idp_hint",
        "display",
        "claims",
        "id_token_hint",
    ] {
        let client = built(builder().authorization_param(good, "1"));
        let (_, url) = begin(&client.unwrap(), &metadata());
        assert_eq!(only(&params(&url), good), "1", "{good}");
    }
    for bad in [
        "response_type",
        "RESPONSE_TYPE",
        "response_mode",
        "client_id",
        "redirect_uri",
        "Redirect_Uri",
        "scope",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
        "code_verifier",
        "request",
        "request_uri",
        "registration",
        "resource",
        "dpop_jkt",
        "client_secret",
        "client_assertion",
        "grant_type",
        "access_token",
        "id_token",
        "refresh_token",
        "code",
    ] {
        assert_eq!(
            built(builder().authorization_param(bad, "x")).map(drop),
            Err(ErrorCode::ConfigReservedParameter),
            "{bad}"
        );
    }
}

/// Rule 2: RFC 7636 4.2, 7.2 and appendix B; rule 10: PKCE whatever the metadata says.
#[test]
fn pkce_is_s256_whatever_the_provider_announces() {
    let verifier = CodeVerifier::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").unwrap();
    assert_eq!(
        code_challenge(&verifier),
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    );
    for announced in [
        json!(null),
        json!([]),
        json!(["plain"]),
        json!(["S256", "plain"]),
        json!("S256"),
        json!(5),
    ] {
        let metadata = judge_metadata(&document(|document| {
            document["code_challenge_methods_supported"] = announced.clone();
        }))
        .unwrap();
        let (transaction, url) = begin(&client(), &metadata);
        let asked = params(&url);
        assert_eq!(only(&asked, "code_challenge_method"), "S256", "{announced}");
        let (request, _) = exchange_request(granted(transaction));
        let sent = form(&request);
        let verifier = CodeVerifier::new(only(&sent, "code_verifier")).unwrap();
        assert_eq!(
            only(&asked, "code_challenge"),
            code_challenge(&verifier),
            "{announced}"
        );
    }
}

/// Rule 2: RFC 7636 4.1 and 7.1; rule 3: BCP 2.1 and 4.7.1.
#[test]
fn verifier_state_and_nonce_are_43_characters_and_fresh_each_time() {
    let mut seen = BTreeSet::new();
    for number in 0..20 {
        let (transaction, url) =
            begin_with(&client(), &metadata(), SignInOptions::default(), number);
        let asked = params(&url);
        let state = only(&asked, "state").to_owned();
        assert_eq!(state, transaction.state().expose());
        let (request, _) = exchange_request(granted(transaction));
        let sent = form(&request);
        let values = [
            state,
            only(&asked, "nonce").to_owned(),
            only(&sent, "code_verifier").to_owned(),
        ];
        for value in values {
            assert_eq!(value.len(), 43);
            assert!(is_url_safe(&value), "{value}");
            assert!(!url.contains(only(&sent, "code_verifier")));
            assert!(seen.insert(value), "a value comes twice");
        }
    }
}

/// Rule 3: BCP 4.7.1. The one-time values are there for any provider.
#[test]
fn state_and_nonce_are_sent_whatever_the_provider_supports() {
    let bare = judge_metadata(&document(|document| {
        document["scopes_supported"] = json!([]);
        document["response_types_supported"] = json!(["token"]);
        document["claims_supported"] = json!([]);
    }));
    for metadata in [metadata(), bare.unwrap()] {
        let asked = params(&begin(&client(), &metadata).1);
        assert!(!only(&asked, "state").is_empty() && !only(&asked, "nonce").is_empty());
    }
}

/// Rule 4: RFC 6749 4.1.3, RFC 10017 6.3.3.1, RFC 9700 2.1.
#[test]
fn the_code_is_exchanged_with_the_same_redirect_uri_and_no_secret() {
    for redirect_uri in [
        CALLBACK,
        "https://app.example/a%20b/?x=1&y=%26",
        "/callback",
    ] {
        let client = built(builder().redirect_uri(redirect_uri)).unwrap();
        let (transaction, url) = begin(&client, &metadata());
        let asked = params(&url);
        let absolute = only(&asked, "redirect_uri").to_owned();
        assert_eq!(absolute, client.redirect_uri().as_str());
        let (request, _) = exchange_request(granted(transaction));
        let sent = form(&request);
        assert_eq!(only(&sent, "redirect_uri"), absolute);
        assert_eq!(only(&sent, "grant_type"), "authorization_code");
        assert_eq!(only(&sent, "client_id"), CLIENT);
        assert_eq!(only(&sent, "code"), "c1");
        assert_eq!(request.method, Method::Post);
        assert!(request.authorization.is_none());
        assert!(!request.follow_redirects);
        assert!(all(&sent, "client_secret").is_empty());
        assert_eq!(sent.len(), 5);
    }
}

/// Rule 4: RFC 6749 3.1.2, BCP 2.1 (exact matching), BCP 4.11.1 (no open redirector).
#[test]
fn a_redirect_uri_is_an_address_of_this_page_without_a_fragment() {
    for good in [
        "/callback",
        "/",
        "https://app.example/callback",
        "https://app.example:443/callback",
        "https://app.example/callback?tenant=7",
    ] {
        assert!(built(builder().redirect_uri(good)).is_ok(), "{good}");
    }
    for (bad, code) in [
        ("", ErrorCode::ConfigInvalidValue),
        ("callback", ErrorCode::ConfigInvalidValue),
        ("//evil.example/callback", ErrorCode::ConfigInvalidValue),
        ("/\\evil.example", ErrorCode::ConfigInvalidValue),
        ("/a/../callback", ErrorCode::ConfigInvalidValue),
        ("/callback#x", ErrorCode::ConfigInvalidValue),
        ("/callback?code=1", ErrorCode::ConfigInvalidValue),
        ("/callback?st%61te=1", ErrorCode::ConfigInvalidValue),
        (
            "https://evil.example/callback",
            ErrorCode::ConfigInvalidValue,
        ),
        ("https://app.example.evil/", ErrorCode::ConfigInvalidValue),
        ("https://app.example:8443/", ErrorCode::ConfigInvalidValue),
        ("https://user@app.example/", ErrorCode::ConfigInvalidValue),
        ("http://app.example/callback", ErrorCode::ConfigInsecureUrl),
        ("javascript:alert(1)", ErrorCode::ConfigInvalidValue),
        ("com.example.app:/callback", ErrorCode::ConfigInvalidValue),
    ] {
        assert_eq!(
            built(builder().redirect_uri(bad)).map(drop),
            Err(code),
            "{bad}"
        );
    }
}

/// Rule 4: RFC 6749 2.3 and A.1.
#[test]
fn a_client_id_is_sent_as_it_is_registered() {
    for good in ["spa", "a b&c=d+e%", "https://app.example/client.json", "~"] {
        let client = pkce_core::config::ProviderConfig::builder("main", ISSUER, good);
        let (_, url) = begin(&built(client).unwrap(), &metadata());
        assert_eq!(only(&params(&url), "client_id"), good);
    }
    for bad in ["", " spa", "spa\n", "spä", "a\0"] {
        let client = pkce_core::config::ProviderConfig::builder("main", ISSUER, bad);
        assert_eq!(
            built(client).map(drop),
            Err(ErrorCode::ConfigInvalidValue),
            "{bad:?}"
        );
    }
}

/// Rule 5: RFC 8707 2, 2.1 and 2.2.
#[test]
fn a_resource_is_an_absolute_uri_and_goes_to_both_endpoints() {
    let good = [
        "https://api.example/",
        "https://api.example/v1?x=1&y=a%20b",
        "urn:example:api",
        "api:calendar",
    ];
    let client = good
        .iter()
        .fold(builder(), |client, resource| client.resource(resource));
    let client = built(client).unwrap();
    let (transaction, url) = begin(&client, &metadata());
    assert_eq!(all(&params(&url), "resource"), good);
    let (request, _) = exchange_request(granted(transaction));
    assert_eq!(all(&form(&request), "resource"), good);
    let token = RefreshToken::new("rt").unwrap();
    let resources = client.resources();
    let request = refresh_request(metadata().token_endpoint(), CLIENT, &token, resources);
    assert_eq!(all(&form(&request), "resource"), good);

    for bad in [
        "",
        "/v1",
        "api.example/v1",
        "https:",
        "https://api.example/#",
        "https://api.example/#x",
        "https://api.example/ x",
        "https://api.example/%zz",
        "https://api.example/ü",
        "1a:b",
        "://x",
    ] {
        assert_eq!(
            built(builder().resource(bad)).map(drop),
            Err(ErrorCode::ConfigInvalidValue),
            "{bad}"
        );
    }
}

/// Rule 7: Core 3.1.2.1.
#[test]
fn prompt_max_age_and_acr_values_are_checked_before_they_are_sent() {
    for (name, good) in [
        ("prompt", "login"),
        ("prompt", "login consent"),
        ("prompt", "none"),
        ("max_age", "0"),
        ("max_age", "3600"),
        ("acr_values", "urn:a urn:b"),
        ("login_hint", "ann@example.org"),
        ("ui_locales", "ko en-GB"),
    ] {
        let client = built(builder().authorization_param(name, good)).unwrap();
        let (_, url) = begin(&client, &metadata());
        assert_eq!(only(&params(&url), name), good);
    }
    for (name, bad) in [
        ("prompt", ""),
        ("prompt", " "),
        ("prompt", "none login"),
        ("max_age", ""),
        ("max_age", "-1"),
        ("max_age", "+1"),
        ("max_age", "1.5"),
        ("max_age", "1e3"),
        ("max_age", " 1"),
        ("max_age", "99999999999999999999"),
        ("acr_values", ""),
        ("", "x"),
    ] {
        assert_eq!(
            built(builder().authorization_param(name, bad)).map(drop),
            Err(ErrorCode::ConfigInvalidValue),
            "{name} {bad:?}"
        );
    }
}

/// Rule 7: Core 3.1.2.1, RFC 6749 3.1 (no parameter more than once).
#[test]
fn what_one_sign_in_asks_for_replaces_what_is_configured_for_all() {
    let client = built(
        builder()
            .authorization_param("prompt", "consent")
            .authorization_param("ui_locales", "de")
            .authorization_param("login_hint", "bob"),
    )
    .unwrap();
    let options = SignInOptions {
        prompt: Some("login".to_owned()),
        ui_locales: Some("ko en".to_owned()),
        login_hint: Some(String::new()),
        ..SignInOptions::default()
    };
    let asked = params(&begin_with(&client, &metadata(), options, 1).1);
    assert_eq!(only(&asked, "prompt"), "login");
    assert_eq!(only(&asked, "ui_locales"), "ko en");
    // An empty wish is none.
    assert_eq!(only(&asked, "login_hint"), "bob");
}

/// RFC 6749 3.1 and 3.2: an endpoint's own query is retained.
#[test]
fn the_endpoints_own_queries_are_kept() {
    let metadata = judge_metadata(&document(|document| {
        document["authorization_endpoint"] = json!("https://id.example/authorize?p=a%2Fb&q");
        document["token_endpoint"] = json!("https://id.example//token?p=1");
    }))
    .unwrap();
    let (transaction, url) = begin(&client(), &metadata);
    assert!(url.starts_with("https://id.example/authorize?p=a%2Fb&q&response_type=code&"));
    assert_eq!(only(&params(&url), "p"), "a/b");
    let (request, _) = exchange_request(granted(transaction));
    assert_eq!(request.url.as_str(), "https://id.example//token?p=1");
}

/// Rule 15, BCP 4.11.1: neither where to go afterwards nor the app's own value is sent out.
#[test]
fn return_to_and_the_apps_value_stay_in_the_transaction() {
    let options = SignInOptions {
        return_to: ReturnTo::parse("/canary-place?x=1", "https://app.example"),
        app_state: Some("canary-value".to_owned()),
        ..SignInOptions::default()
    };
    let (transaction, url) = begin_with(&client(), &metadata(), options, 1);
    assert!(!url.contains("canary"), "{url}");
    assert_eq!(transaction.return_to().as_str(), "/canary-place?x=1");
    let too_long = SignInOptions {
        app_state: Some("x".repeat(pkce_core::authorization::APP_STATE_LIMIT + 1)),
        ..SignInOptions::default()
    };
    let refused = pkce_core::authorization::Transaction::begin(
        &client(),
        &metadata(),
        too_long,
        crate::support::entropy(1),
        crate::support::now(),
    );
    assert_eq!(
        refused.map(drop).map_err(|error| error.code()),
        Err(ErrorCode::ConfigInvalidValue)
    );
}

/// Rule 12: BCP 4.4.2. The code goes to the token endpoint of the issuer that was asked.
#[test]
fn the_code_goes_to_the_token_endpoint_of_the_transactions_issuer() {
    let mine = judge_metadata(&document(|document| {
        document["token_endpoint"] = json!("https://tokens.id.example/t");
    }))
    .unwrap();
    let (transaction, _) = begin(&client(), &mine);
    let query = crate::support::query(&[
        ("code", "c1"),
        ("state", transaction.state().expose()),
        ("token_endpoint", "https://evil.example/token"),
    ]);
    let callback = Callback::read(crate::support::at("/callback", &query, "")).unwrap();
    let grant = callback.judge(transaction, crate::support::now()).unwrap();
    let (request, transaction) = exchange_request(grant);
    assert_eq!(request.url.as_str(), "https://tokens.id.example/t");
    assert_eq!(transaction.metadata(), &mine);
}
