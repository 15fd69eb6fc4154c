//! Section 3 of the checklist: what real providers do, and that it works or says why not.

use crate::support::keys::{jwks, public, signed, token};
use crate::support::page::{Page, config};
use crate::support::{
    CLIENT, ISSUER, all, answer, begin, builder, built, code, document, form, judge_metadata, only,
    params, refusal, response, url,
};
use pkce_core::config::{PageConfig, ProviderConfig};
use pkce_core::http::{Exchange, TransportFault};
use pkce_core::jose::SignatureAlgorithm;
use pkce_core::token::judge;
use pkce_core::{ErrorCode, Phase};
use serde_json::{Value, json};
use std::time::Duration;

fn token_error(exchange: &Exchange) -> ErrorCode {
    judge(exchange, Phase::Token).unwrap_err().code()
}

/// Google: refresh tokens only with access_type=offline; iss comes unadvertised.
#[test]
fn google_gets_its_extra_parameters_and_no_secret() {
    let client = built(
        builder()
            .authorization_param("access_type", "offline")
            .authorization_param("prompt", "consent"),
    )
    .unwrap();
    let asked = params(&begin(&client, &crate::support::metadata()).1);
    assert_eq!(only(&asked, "access_type"), "offline");
    // It wants a secret of web clients: a configuration error that is named.
    assert_eq!(
        token_error(&refusal(401, "invalid_client")),
        ErrorCode::InvalidClient
    );
    let with_secret = config(|config| config["providers"][0]["client_secret"] = json!("s"));
    let parsed = PageConfig::parse(&with_secret.to_string(), &url("https://app.example/"));
    assert_eq!(code(parsed), Err(ErrorCode::ConfigClientSecret));
    // Sent unadvertised and equal, it is accepted (rule 13).
    Page::new().sign_in();
}

/// Kakao: its own codes come before the generic ones.
#[test]
fn kakaos_codes_say_more_than_its_error() {
    for (own, expected) in [
        ("KOE320", ErrorCode::InvalidGrant),
        ("KOE322", ErrorCode::InvalidGrant),
        ("KOE237", ErrorCode::TemporarilyUnavailable),
        ("KOE003", ErrorCode::ServerError),
        ("KOE101", ErrorCode::InvalidClient),
        ("KOE303", ErrorCode::UnauthorizedClient),
        ("KOE010", ErrorCode::InvalidClient),
    ] {
        for (status, error) in [
            (400, "invalid_request"),
            (401, "invalid_client"),
            (500, "x"),
        ] {
            let body = json!({"error": error, "error_code": own, "error_description": "d"});
            assert_eq!(
                token_error(&answer(status, &body)),
                expected,
                "{own} {status}"
            );
        }
    }
    for (own, expected) in [
        (json!("KOE999"), ErrorCode::InvalidGrant),
        (json!("koe322"), ErrorCode::InvalidGrant),
        (json!(322), ErrorCode::InvalidGrant),
        (json!(null), ErrorCode::InvalidGrant),
    ] {
        let body = json!({"error": "invalid_grant", "error_code": own});
        assert_eq!(token_error(&answer(400, &body)), expected);
    }
}

/// Kakao: metadata by hand, where a browser cannot read the discovery document.
#[test]
fn metadata_by_hand_needs_no_discovery() {
    let by_hand = document(|document| {
        document.as_object_mut().unwrap().remove("jwks_uri");
        document["jwks"] = crate::support::keys::default_jwks();
    });
    let mut page = Page::with(config(|config| {
        config["providers"][0]["metadata"] = by_hand
    }));
    page.click_sign_in();
    assert!(page.sent.is_empty() && page.left_for.is_some());
    page.open("/");
    page.sign_in();
}

/// Naver: `expires_in` is a string.
#[test]
fn navers_lifetime_is_a_string() {
    let body = json!({"access_token": "at", "token_type": "bearer", "expires_in": "3600"});
    let tokens = judge(&answer(200, &body), Phase::Token).unwrap();
    assert_eq!(tokens.expires_in, Some(Duration::from_secs(3600)));
}

/// GitHub: errors with status 200, form-encoded answers, no ID token.
#[test]
fn an_error_with_status_200_is_an_error() {
    for (error, expected) in [
        (json!("bad_verification_code"), ErrorCode::ProviderError),
        (json!("invalid_grant"), ErrorCode::InvalidGrant),
        (json!({"message": "x"}), ErrorCode::ProviderError),
        (json!(["x"]), ErrorCode::ProviderError),
        (json!(1), ErrorCode::ProviderError),
        (json!(true), ErrorCode::ProviderError),
    ] {
        let body = json!({"error": error, "access_token": "at", "token_type": "bearer"});
        assert_eq!(token_error(&answer(200, &body)), expected, "{error}");
    }
    // Some servers write an empty error into a success.
    for nothing in [json!(null), json!(""), json!(false)] {
        let body = json!({"error": nothing, "access_token": "at", "token_type": "bearer"});
        assert!(
            judge(&answer(200, &body), Phase::Token).is_ok(),
            "{nothing}"
        );
    }
    let form = Ok(response(
        200,
        "application/x-www-form-urlencoded",
        "access_token=at",
    ));
    assert_eq!(token_error(&form), ErrorCode::UnexpectedContentType);
    let mut page = Page::new();
    page.come_back();
    let tokens = page.tokens(0);
    page.reply("/token", answer(200, &tokens));
    assert_eq!(page.notice(), Some(ErrorCode::IdTokenMissing));
    assert!(!page.is_signed_in() && !page.session.contains_key("t.session"));
}

/// Keycloak: an error without CORS headers looks like a network failure, and is not the end.
#[test]
fn an_error_that_cors_hides_is_told_as_both() {
    let error = TransportFault::Network { online: true }.into_error(Phase::Token);
    assert_eq!(error.code(), ErrorCode::NetworkError);
    assert!(error.what_came().contains("CORS") && error.what_came().contains("connection"));
    assert!(error.is_transient());
    let offline = TransportFault::Network { online: false }.into_error(Phase::Token);
    assert!(offline.what_came().contains("offline") && offline.what_came().contains("CORS"));
}

/// Sign-in with a provider of this issuer, whose documents are where it says.
fn sign_in_at(issuer: &str) -> Page {
    let change = |config: &mut Value| {
        config["providers"][0]["issuer"] = json!(issuer);
        config["providers"][0]["metadata"] = json!({
            "issuer": issuer,
            "authorization_endpoint": "https://id.example//authorize",
            "token_endpoint": "https://id.example//token",
            "jwks": crate::support::keys::default_jwks(),
        });
    };
    let mut page = Page::with(config(change));
    page.click_sign_in();
    let asked = params(&page.left_for.clone().unwrap());
    let answered = crate::support::query(&[
        ("code", "c"),
        ("state", only(&asked, "state")),
        ("iss", issuer),
    ]);
    page.open(&format!("/callback?{answered}"));
    let mut claims = page.claims(Some(only(&asked, "nonce")));
    claims["iss"] = json!(issuer);
    let mut tokens = page.tokens(0);
    tokens["id_token"] = json!(token(&claims));
    page.reply("//token", answer(200, &tokens));
    page
}

/// Auth0, Keycloak, Zitadel: a terminating slash, a path; endpoints with `//`.
#[test]
fn issuers_with_a_slash_or_a_path_work_as_they_are() {
    for issuer in [
        "https://tenant.eu.auth0.com/",
        "https://id.example/realms/demo",
        "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0",
        "http://localhost:9000",
    ] {
        let page = sign_in_at(issuer);
        assert_eq!(page.shown().user.issuer(), issuer, "{:?}", page.notice());
    }
}

/// Auth0: the API is named with `audience`.
#[test]
fn auth0s_audience_is_an_extra_parameter() {
    let client = built(builder().authorization_param("audience", "https://api.example")).unwrap();
    let asked = params(&begin(&client, &crate::support::metadata()).1);
    assert_eq!(only(&asked, "audience"), "https://api.example");
}

/// Entra: `common` has a templated issuer, so a concrete tenant is required; 24 hours are the end.
#[test]
fn entras_templated_issuer_is_a_configuration_error() {
    let template = "https://login.microsoftonline.com/{tenantid}/v2.0";
    let document = document(|document| document["issuer"] = json!(template));
    assert_eq!(
        judge_metadata(&document).map(drop),
        Err(ErrorCode::IssuerMismatch)
    );
    let configured = ProviderConfig::builder("main", template, CLIENT);
    assert_eq!(
        built(configured).map(drop),
        Err(ErrorCode::ConfigInvalidValue)
    );
    let mut page = Page::signed_in();
    page.seconds(5);
    page.refresh();
    let body = json!({"error": "invalid_grant", "error_description": "AADSTS700084: ..."});
    page.reply("/token", answer(400, &body));
    assert_eq!(page.ended(), Some(ErrorCode::SessionRefused));
    assert!(page.engine.notice().unwrap().needs_sign_in());
}

/// Zitadel and others: offline_access is asked for by scope.
#[test]
fn offline_access_is_a_scope_like_any_other() {
    let client = built(builder().scope("openid  offline_access openid")).unwrap();
    let asked = params(&begin(&client, &crate::support::metadata()).1);
    assert_eq!(only(&asked, "scope"), "openid offline_access");
    for bad in [
        "",
        "profile",
        "OpenID",
        "openid \"x\"",
        "openid\tprofile",
        "openid\\",
    ] {
        assert_eq!(
            built(builder().scope(bad)).map(drop),
            Err(ErrorCode::ConfigInvalidValue),
            "{bad}"
        );
    }
}

/// Seen: ID tokens of every allowed algorithm, and without at_hash.
#[test]
fn a_provider_signs_with_any_of_the_four() {
    for algorithm in SignatureAlgorithm::ALL {
        let mut page = Page::new();
        let nonce = page.come_back();
        let header = format!(r#"{{"alg":"{}","kid":"new"}}"#, algorithm.name());
        let mut tokens = page.tokens(0);
        tokens["id_token"] = json!(signed(
            algorithm,
            &header,
            &page.claims(Some(&nonce)).to_string()
        ));
        page.reply("/token", answer(200, &tokens));
        let mut key = public(algorithm);
        key["kid"] = json!("new");
        page.reply("/jwks", answer(200, &jwks(&[key])));
        assert!(
            page.is_signed_in(),
            "{} {:?}",
            algorithm.name(),
            page.notice()
        );
    }
}

/// Seen: the refresh answer has no ID token, or one with the first nonce; no refresh token; a
/// scope that differs; `offline_access` ignored.
#[test]
fn a_refresh_answer_may_have_less_than_the_first() {
    let mut page = Page::new();
    page.sign_in_with(|body| body["scope"] = json!("openid offline_access"));
    page.seconds(5);
    page.refresh();
    let body = json!({"access_token": "canary-at-1", "token_type": "bearer", "scope": "openid"});
    page.reply("/token", answer(200, &body));
    let shown = page.shown();
    assert_eq!((shown.generation, shown.scope.as_str()), (1, "openid"));
    assert!(shown.can_refresh && shown.expires_at.is_none());
    // Without a lifetime nothing is renewed by the clock.
    let count = page.count;
    page.seconds(100_000);
    assert_eq!(page.count, count);

    let mut page = Page::new();
    let nonce = page.come_back();
    let mut tokens = page.tokens(0);
    tokens["id_token"] = json!(token(&page.claims(Some(&nonce))));
    page.reply("/token", answer(200, &tokens));
    page.seconds(5);
    page.refresh();
    let mut tokens = page.tokens(1);
    tokens["id_token"] = json!(token(&page.claims(Some(&nonce))));
    page.reply("/token", answer(200, &tokens));
    assert_eq!(page.shown().generation, 1);
}

/// Seen: two refreshes in one second are answered with a 500.
#[test]
fn a_500_for_a_second_refresh_is_waited_out() {
    let mut page = Page::signed_in();
    page.seconds(5);
    page.refresh();
    page.reply("/token", Ok(response(500, "text/html", "<h1>")));
    assert!(page.sent.is_empty());
    page.seconds(3);
    let tokens = page.tokens(1);
    let request = page.reply("/token", answer(200, &tokens));
    assert_eq!(all(&form(&request), "refresh_token"), ["canary-rt-0"]);
    assert_eq!(page.shown().generation, 1);
    assert_eq!(ISSUER, page.shown().user.issuer());
}
