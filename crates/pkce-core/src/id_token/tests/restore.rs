//! A stored identity, and what an identity says.

use super::*;
use crate::Phase;
use serde::Deserialize;

#[test]
fn a_stored_token_is_restored_without_its_moment() {
    // Expired, of another nonce, and with a signature that no one checks.
    let stored = Claims::new()
        .with("exp", IAT - 5000)
        .with("nonce", "x")
        .raw();
    let token = VerifiedIdToken::restore(&stored, ISSUER, CLIENT).unwrap();
    assert_eq!((token.sub(), token.issuer()), ("u1", ISSUER));
    assert_eq!(token.raw().expose(), stored.expose());
    let verified = Claims::new().sign_in().unwrap();
    assert_eq!(
        VerifiedIdToken::restore(verified.raw(), ISSUER, CLIENT).unwrap(),
        verified
    );
    assert_ne!(token, verified);
}

#[test]
fn a_stored_token_of_another_issuer_client_or_of_no_one_is_refused() {
    let stored = Claims::new().raw();
    let code = |raw: &RawIdToken, issuer: &str, client: &str| {
        let error = VerifiedIdToken::restore(raw, issuer, client).unwrap_err();
        assert_eq!(error.phase(), Phase::Storage);
        error.code()
    };
    assert_eq!(
        code(&stored, "https://other.example", CLIENT),
        ErrorCode::IdTokenIssuer
    );
    assert_eq!(code(&stored, ISSUER, "other"), ErrorCode::IdTokenAudience);
    let nobody = Claims::new().without("sub").raw();
    assert_eq!(code(&nobody, ISSUER, CLIENT), ErrorCode::IdTokenSubject);
    assert_eq!(
        code(&Claims::new().without("exp").raw(), ISSUER, CLIENT),
        ErrorCode::IdTokenMalformed
    );
    for damaged in ["x", "a.b.c", stored.expose().trim_start_matches('e')] {
        let raw = RawIdToken::new(damaged).unwrap();
        assert_eq!(
            code(&raw, ISSUER, CLIENT),
            ErrorCode::IdTokenMalformed,
            "{damaged}"
        );
    }
    let list = raw(SignatureAlgorithm::Es256, r#"{"alg":"ES256"}"#, "[]");
    assert_eq!(code(&list, ISSUER, CLIENT), ErrorCode::IdTokenMalformed);
}

/// Core 5.1
#[test]
fn an_identity_shows_the_standard_claims() {
    let token = Claims::new()
        .with("name", "Kim 민수")
        .with("preferred_username", "kim")
        .with("email", "kim@example.com")
        .with("picture", "https://op.example/kim.png")
        .with("acr", "mfa")
        .with("auth_time", IAT - 7)
        .sign_in()
        .unwrap();
    assert_eq!(token.name(), Some("Kim 민수"));
    assert_eq!(token.preferred_username(), Some("kim"));
    assert_eq!(token.email(), Some("kim@example.com"));
    assert_eq!(token.picture(), Some("https://op.example/kim.png"));
    assert_eq!(token.acr(), Some("mfa"));
    assert_eq!(token.auth_time(), Some(Timestamp::from_seconds(IAT - 7)));
    assert_eq!(token.issued_at(), Timestamp::from_seconds(IAT));
    assert_eq!(token.expires_at(), Timestamp::from_seconds(IAT + LIFETIME));
}

#[test]
fn a_claim_that_is_missing_empty_or_no_text_is_none() {
    let bare = Claims::new().sign_in().unwrap();
    let odd = [
        "name",
        "preferred_username",
        "email",
        "picture",
        "acr",
        "auth_time",
    ]
    .into_iter()
    .fold(Claims::new(), |claims, name| {
        claims.json(name, if name == "name" { "7" } else { r#""""# })
    })
    .sign_in()
    .unwrap();
    for token in [bare, odd] {
        assert_eq!((token.name(), token.preferred_username()), (None, None));
        assert_eq!(
            (token.email(), token.picture(), token.acr()),
            (None, None, None)
        );
        assert_eq!(token.auth_time(), None);
    }
}

#[derive(Debug, Deserialize, PartialEq)]
struct Own {
    groups: Vec<String>,
    level: Option<u8>,
}

#[test]
fn claims_are_read_as_a_type_of_the_apps_own() {
    let token = Claims::new().json("groups", r#"["a"]"#).sign_in().unwrap();
    assert_eq!(
        token.claims::<Own>().unwrap(),
        Own {
            groups: vec!["a".into()],
            level: None
        }
    );
    assert!(token.payload_json().contains(r#""groups":["a"]"#));
    let error = Claims::new()
        .sign_in()
        .unwrap()
        .claims::<Own>()
        .unwrap_err();
    assert_eq!(
        (error.code(), error.phase()),
        (ErrorCode::InvalidJson, Phase::IdToken)
    );
    assert!(
        error.what_came().contains("missing field `groups`"),
        "{error}"
    );
}

#[derive(Debug, Deserialize)]
#[allow(dead_code)]
struct Odd {
    nonce: u64,
}

#[test]
fn a_type_that_does_not_fit_never_quotes_the_nonce() {
    let error = Claims::new()
        .sign_in()
        .unwrap()
        .claims::<Odd>()
        .unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidJson);
    assert!(!error.to_string().contains(NONCE), "{error}");
}
