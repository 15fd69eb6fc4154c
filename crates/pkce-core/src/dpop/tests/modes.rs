use crate::authorization::tests::{metadata, metadata_with};
use crate::config::DpopMode::{Auto, Off, Require};
use crate::dpop::KeyStorage::{Available, Unavailable};
use crate::dpop::dpop_mode;
use crate::error::{ErrorCode, Phase};
use crate::token::TokenBinding;
use serde_json::json;

/// RFC 9449 5.1, protocol rules 16 and 34.
#[test]
fn tokens_are_bound_where_provider_and_browser_can() {
    let announced = metadata_with(
        "dpop_signing_alg_values_supported",
        json!(["RS256", "ES256"]),
    );
    let other = metadata_with("dpop_signing_alg_values_supported", json!(["ES384"]));
    let silent = metadata();
    for (mode, metadata, storage, expected) in [
        (Auto, &announced, Available, TokenBinding::Offered),
        (Auto, &announced, Unavailable, TokenBinding::Bearer),
        (Auto, &other, Available, TokenBinding::Bearer),
        (Auto, &silent, Available, TokenBinding::Bearer),
        (Off, &announced, Available, TokenBinding::Bearer),
        (Off, &silent, Unavailable, TokenBinding::Bearer),
        (Require, &announced, Available, TokenBinding::Required),
    ] {
        let chosen = dpop_mode(mode, metadata, storage);
        assert_eq!(chosen, Ok(expected), "{mode:?} {storage:?}");
    }
}

/// Protocol rule 34: `require` is an error before the redirect.
#[test]
fn what_is_required_and_cannot_be_is_an_error() {
    let announced = metadata_with("dpop_signing_alg_values_supported", json!(["ES256"]));
    let other = metadata_with(
        "dpop_signing_alg_values_supported",
        json!(["ES384", "EdDSA"]),
    );
    let error = dpop_mode(Require, &announced, Unavailable).unwrap_err();
    assert_eq!(error.code(), ErrorCode::DpopKeyUnavailable);
    assert_eq!(error.phase(), Phase::Environment);
    assert!(error.what_was_expected().contains("IndexedDB"), "{error}");
    for storage in [Available, Unavailable] {
        let error = dpop_mode(Require, &other, storage).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ConfigUnsupported);
        assert_eq!(error.what_came(), "ES384, EdDSA");
        let error = dpop_mode(Require, &metadata(), storage).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ConfigUnsupported);
        assert_eq!(error.what_came(), "no such member");
    }
}

#[test]
fn a_session_that_was_bound_stays_bound() {
    use crate::token::TokenType;
    assert_eq!(
        TokenBinding::of_session(TokenType::DPoP),
        TokenBinding::Required
    );
    assert_eq!(
        TokenBinding::of_session(TokenType::Bearer),
        TokenBinding::Bearer
    );
    assert!(TokenBinding::Offered.sends_proof());
    assert!(TokenBinding::Required.sends_proof());
    assert!(!TokenBinding::Bearer.sends_proof());
}
