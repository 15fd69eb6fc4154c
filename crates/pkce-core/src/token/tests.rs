use super::*;
use crate::authorization::tests::{metadata, now, transaction_of};
use crate::callback::{Callback, PageAddress};
use crate::encoding::form_parse;
use crate::http::{Body, HttpResponse, Method, TransportFault};
use proptest::prelude::*;
use serde_json::{Value, json};

fn answer(status: u16, content_type: &str, body: &str) -> Exchange {
    Ok(HttpResponse {
        status,
        content_type: Some(content_type.into()),
        retry_after: None,
        body: Body(body.as_bytes().to_vec()),
    })
}

fn ok(body: &Value) -> Exchange {
    answer(200, "application/json", &body.to_string())
}

fn tokens() -> Value {
    json!({"access_token": "canary-at", "token_type": "Bearer"})
}

fn with(name: &str, value: Value) -> Value {
    let mut body = tokens();
    body[name] = value;
    body
}

fn judge_body(body: &Value) -> Result<TokenResponse, ErrorCode> {
    judge(&ok(body), Phase::Token).map_err(|error| error.code())
}

fn refusal(exchange: &Exchange) -> ErrorCode {
    judge(exchange, Phase::Token).unwrap_err().code()
}

#[test]
fn a_code_is_exchanged_with_all_that_proves_it_ours() {
    // RFC 6749 4.1.3, RFC 7636 4.5, RFC 8707 2.2, protocol rule 4
    let transaction = transaction_of(&metadata());
    let verifier = transaction.verifier.expose().to_owned();
    let query = format!(
        "code=a%2Bb%26c&iss=https%3A%2F%2Fid.example%2Frealm&state={}",
        transaction.state.expose()
    );
    let address = PageAddress {
        path: "/callback",
        query: &query,
        fragment: "",
    };
    let grant = Callback::read(address)
        .unwrap()
        .judge(transaction, now())
        .unwrap();
    let (request, _) = exchange_request(grant);
    assert_eq!(request.method, Method::Post);
    assert_eq!(request.url.as_str(), "https://id.example/token");
    assert!(request.authorization.is_none());
    assert!(!request.follow_redirects);
    let sent = form_parse(request.form.as_ref().unwrap().expose());
    let expected = [
        ("grant_type", "authorization_code"),
        ("code", "a+b&c"),
        ("redirect_uri", "https://app.example/callback"),
        ("client_id", "spa & co"),
        ("code_verifier", &verifier),
        ("resource", "https://api.example/a"),
        ("resource", "https://api.example/b?x=1"),
    ];
    let expected: Vec<_> = expected
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    assert_eq!(sent, expected);
}

#[test]
fn a_refresh_token_is_form_encoded() {
    // RFC 6749 6 and appendix B: a token with + or & does not break.
    let endpoint = HttpUrl::parse("https://id.example/token").unwrap();
    let token = RefreshToken::new("a+b&c=d e%").unwrap();
    let request = refresh_request(
        &endpoint,
        "spa",
        &token,
        &[Resource::parse("https://api.example/").unwrap()],
    );
    assert_eq!(
        (request.method, request.follow_redirects),
        (Method::Post, false)
    );
    let sent = form_parse(request.form.unwrap().expose());
    let expected = [
        ("grant_type", "refresh_token"),
        ("refresh_token", "a+b&c=d e%"),
        ("client_id", "spa"),
        ("resource", "https://api.example/"),
    ];
    let expected: Vec<_> = expected
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    assert_eq!(sent, expected);
}

#[test]
fn the_least_that_a_response_has_to_say_suffices() {
    // RFC 6749 5.1, protocol rule 17
    let response = judge_body(&tokens()).unwrap();
    assert_eq!(response.access_token.expose(), "canary-at");
    assert_eq!(response.token_type, TokenType::Bearer);
    assert!(response.expires_in.is_none());
    assert!(response.refresh_token.is_none());
    assert!(response.scope.is_none());
    assert!(response.id_token.is_none());
}

#[test]
fn everything_that_a_response_says_is_taken() {
    let body = json!({
        "access_token": "at", "token_type": "bearer", "expires_in": 60, "refresh_token": "rt",
        "scope": "openid notes:read", "id_token": "h.p.s", "not_before_policy": 0, "x": [{}],
    });
    let response = judge_body(&body).unwrap();
    assert_eq!(response.expires_in, Some(Duration::from_secs(60)));
    assert_eq!(response.refresh_token.unwrap().expose(), "rt");
    assert_eq!(
        response.scope.as_ref().map(Scope::as_str),
        Some("openid notes:read")
    );
    assert_eq!(response.id_token.unwrap().expose(), "h.p.s");
}

#[test]
fn the_token_type_is_required_and_bearer_in_any_case() {
    // RFC 6749 5.1, 7.1, protocol rule 16
    for good in ["Bearer", "bearer", "BEARER", "bEaReR"] {
        let response = judge_body(&with("token_type", json!(good))).unwrap();
        assert_eq!(response.token_type.as_str(), "Bearer");
    }
    for unsupported in ["DPoP", "mac", "N_A", "Bearer ", "bearer token", ""] {
        let judged = judge_body(&with("token_type", json!(unsupported)));
        assert_eq!(
            judged.err(),
            Some(ErrorCode::TokenTypeUnsupported),
            "{unsupported}"
        );
    }
    for odd in [json!(null), json!(1), json!(["Bearer"])] {
        let judged = judge_body(&with("token_type", odd.clone()));
        assert_eq!(judged.err(), Some(ErrorCode::TokenResponseInvalid), "{odd}");
    }
    let without = json!({"access_token": "at"});
    assert_eq!(
        judge_body(&without).err(),
        Some(ErrorCode::TokenResponseInvalid)
    );
}

#[test]
fn a_token_is_printable_ascii_of_any_size() {
    // RFC 6750 2.1
    let large = "x".repeat(100_000);
    let response = judge_body(&with("access_token", json!(large))).unwrap();
    assert_eq!(response.access_token.expose().len(), 100_000);
    for bad in [
        json!(""),
        json!("a\n"),
        json!("a\r\nX: y"),
        json!("é"),
        json!(null),
        json!(7),
    ] {
        let judged = judge_body(&with("access_token", bad.clone()));
        assert_eq!(judged.err(), Some(ErrorCode::TokenResponseInvalid), "{bad}");
    }
    let without = json!({"token_type": "Bearer"});
    assert_eq!(
        judge_body(&without).err(),
        Some(ErrorCode::TokenResponseInvalid)
    );
    for name in ["refresh_token", "id_token"] {
        for bad in [json!("a\n"), json!(7), json!({})] {
            let judged = judge_body(&with(name, bad.clone()));
            assert_eq!(
                judged.err(),
                Some(ErrorCode::TokenResponseInvalid),
                "{name}: {bad}"
            );
        }
    }
}

#[test]
fn null_and_empty_texts_say_nothing() {
    for nothing in [json!(null), json!("")] {
        assert!(
            judge_body(&with("refresh_token", nothing.clone()))
                .unwrap()
                .refresh_token
                .is_none()
        );
        assert!(
            judge_body(&with("id_token", nothing.clone()))
                .unwrap()
                .id_token
                .is_none()
        );
        assert!(
            judge_body(&with("scope", nothing.clone()))
                .unwrap()
                .scope
                .is_none()
        );
        assert!(judge_body(&with("error", nothing)).is_ok());
    }
    assert!(judge_body(&with("error", json!(false))).is_ok());
    assert!(
        judge_body(&with("scope", json!(["openid"])))
            .unwrap()
            .scope
            .is_none()
    );
}

#[test]
fn the_lifetime_is_read_in_every_form_that_servers_send() {
    // Protocol rule 18
    let limit = 10 * 365 * 24 * 3600;
    for (came, seconds) in [
        (json!(1), Some(1)),
        (json!(3600), Some(3600)),
        (json!("3600"), Some(3600)),
        (json!(" 3600 "), Some(3600)),
        (json!("007"), Some(7)),
        (json!(3599.9), Some(3599)),
        (json!(limit), Some(limit)),
        (json!(limit + 1), Some(limit)),
        (json!(i64::MAX), Some(limit)),
        (json!(u64::MAX), Some(limit)),
        (json!(1e300), Some(limit)),
        (json!("99999999999999999999999999"), Some(limit)),
        (json!(0), None),
        (json!(0.5), None),
        (json!("0"), None),
        (json!(-1), None),
        (json!("-1"), None),
        (json!("+1"), None),
        (json!(i64::MIN), None),
        (json!(-1e300), None),
        (json!(""), None),
        (json!(" "), None),
        (json!("1h"), None),
        (json!("3600.5"), None),
        (json!("١"), None),
        (json!(null), None),
        (json!(true), None),
        (json!([60]), None),
        (json!({}), None),
    ] {
        let response = judge_body(&with("expires_in", came.clone())).unwrap();
        assert_eq!(
            response.expires_in.map(|lifetime| lifetime.as_secs()),
            seconds,
            "{came}"
        );
    }
}

#[test]
fn an_error_is_an_error_whatever_its_status() {
    // GitHub answers 200.
    for status in [200, 400] {
        let body = json!({"error": "bad_verification_code", "error_description": "it is"});
        let error = judge(
            &answer(status, "application/json", &body.to_string()),
            Phase::Token,
        )
        .unwrap_err();
        assert_eq!(error.code(), ErrorCode::ProviderError);
        assert_eq!(error.provider_description(), Some("it is"));
    }
    let both = with("error", json!("invalid_grant"));
    assert_eq!(judge_body(&both).err(), Some(ErrorCode::InvalidGrant));
    assert_eq!(
        judge_body(&with("error", json!({"a": 1}))).err(),
        Some(ErrorCode::ProviderError)
    );
}

#[test]
fn what_is_no_answer_of_the_protocol_has_a_typed_error() {
    // The hostile-inputs table
    let json = "application/json";
    for (exchange, code) in [
        (
            answer(502, "text/html", "<h1>Bad Gateway</h1>"),
            ErrorCode::ServiceUnavailable,
        ),
        (answer(429, "text/plain", ""), ErrorCode::ServiceUnavailable),
        (
            answer(403, "text/html", "<h1>"),
            ErrorCode::UnexpectedStatus,
        ),
        (answer(404, json, "{}"), ErrorCode::UnexpectedStatus),
        (answer(204, json, ""), ErrorCode::UnexpectedStatus),
        (
            answer(200, "text/html", "<html>"),
            ErrorCode::UnexpectedContentType,
        ),
        (
            answer(200, "text/plain", &tokens().to_string()),
            ErrorCode::UnexpectedContentType,
        ),
        (answer(200, json, ""), ErrorCode::InvalidJson),
        (
            answer(200, json, "{\"access_token\":"),
            ErrorCode::InvalidJson,
        ),
        (answer(200, json, "[]"), ErrorCode::InvalidJson),
        (
            answer(200, json, "{\"access_token\":\"a\",\"access_token\":\"b\"}"),
            ErrorCode::InvalidJson,
        ),
        (
            Err(TransportFault::Network { online: true }),
            ErrorCode::NetworkError,
        ),
        (Err(TransportFault::Timeout), ErrorCode::Timeout),
        (Err(TransportFault::TooLarge), ErrorCode::ResponseTooLarge),
        (
            Err(TransportFault::Redirected),
            ErrorCode::UnexpectedRedirect,
        ),
    ] {
        assert_eq!(refusal(&exchange), code, "{exchange:?}");
    }
    let charset = answer(200, "application/json;charset=UTF-8", &tokens().to_string());
    assert!(judge(&charset, Phase::Token).is_ok());
}

#[test]
fn no_error_tells_a_token() {
    for body in [
        with("token_type", json!("odd")),
        with("refresh_token", json!("canary\n")),
        with("id_token", json!(["canary"])),
        with("error", json!("invalid_grant")),
        json!({"access_token": "canary\u{e9}", "token_type": "Bearer"}),
    ] {
        let error = judge(&ok(&body), Phase::Token).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
    }
    assert!(!format!("{:?}", judge_body(&tokens())).contains("canary"));
}

proptest! {
    #[test]
    fn no_answer_makes_the_judge_panic(status in 0u16..700, body in any::<String>(), json in any::<bool>()) {
        let content_type = if json { "application/json" } else { "text/html" };
        let _ = judge(&answer(status, content_type, &body), Phase::Refresh);
    }

    #[test]
    fn no_lifetime_is_zero_or_beyond_the_limit(seconds in any::<f64>()) {
        let body = with("expires_in", json!(seconds));
        if let Some(lifetime) = judge_body(&body).unwrap().expires_in {
            prop_assert!((1..=315_360_000).contains(&lifetime.as_secs()));
        }
    }
}
