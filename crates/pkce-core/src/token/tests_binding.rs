//! Which token types are accepted (RFC 6749 7.1, RFC 9449 5, protocol rule 16).

use super::*;
use crate::http::{Body, HttpResponse};

fn judged(token_type: &str, binding: TokenBinding) -> Result<TokenType, ErrorCode> {
    let body = format!("{{\"access_token\":\"at\",\"token_type\":\"{token_type}\"}}");
    let exchange = Ok(HttpResponse {
        status: 200,
        content_type: Some("application/json".into()),
        body: Body(body.into_bytes()),
        ..HttpResponse::default()
    });
    judge_bound(&exchange, Phase::Refresh, binding)
        .map(|response| response.token_type)
        .map_err(|error| error.code())
}

#[test]
fn a_bound_token_needs_a_proof_and_a_bound_session_accepts_nothing_else() {
    use TokenBinding::{Bearer, Offered, Required};
    let refused = Err(ErrorCode::TokenTypeUnsupported);
    for (name, token_type) in [
        ("Bearer", TokenType::Bearer),
        ("BEARER", TokenType::Bearer),
        ("DPoP", TokenType::DPoP),
        ("dpop", TokenType::DPoP),
        ("DPOP", TokenType::DPoP),
    ] {
        let is_bearer = token_type == TokenType::Bearer;
        for (binding, accepted) in [(Bearer, is_bearer), (Offered, true), (Required, !is_bearer)] {
            let expected = if accepted { Ok(token_type) } else { refused };
            assert_eq!(judged(name, binding), expected, "{name} {binding:?}");
        }
    }
    for binding in [Bearer, Offered, Required] {
        for odd in ["", "mac", "N_A", "DPoP ", "DPoP Bearer"] {
            assert_eq!(judged(odd, binding), refused, "{odd} {binding:?}");
        }
    }
}

#[test]
fn a_refused_type_says_what_was_expected() {
    let expected = |binding| {
        let body = br#"{"access_token":"at","token_type":"mac"}"#.to_vec();
        let exchange = Ok(HttpResponse {
            status: 200,
            content_type: Some("application/json".into()),
            body: Body(body),
            ..HttpResponse::default()
        });
        let error = judge_bound(&exchange, Phase::Token, binding).unwrap_err();
        assert_eq!(error.what_came(), "token_type mac");
        error.what_was_expected().to_owned()
    };
    assert_eq!(expected(TokenBinding::Bearer), "token_type Bearer");
    assert_eq!(expected(TokenBinding::Offered), "token_type DPoP or Bearer");
    assert!(expected(TokenBinding::Required).starts_with("token_type DPoP, for"));
}

/// RFC 6749 3.3, 5.1: a text that is no scope says nothing of what was granted.
#[test]
fn a_scope_is_a_scope() {
    let granted = |scope: &str| {
        let body = serde_json::json!({"access_token": "a", "token_type": "Bearer", "scope": scope});
        let exchange = Ok(HttpResponse {
            status: 200,
            content_type: Some("application/json".into()),
            body: Body(body.to_string().into_bytes()),
            ..HttpResponse::default()
        });
        judge(&exchange, Phase::Token)
            .unwrap()
            .scope
            .map(|scope| scope.to_string())
    };
    assert_eq!(granted("a  b a").as_deref(), Some("a b"));
    assert_eq!(granted("read:user,repo").as_deref(), Some("read:user,repo"));
    for nothing in ["", " ", "a\"b", "a\\b", "a\tb", "é"] {
        assert_eq!(granted(nothing), None, "{nothing:?}");
    }
}
