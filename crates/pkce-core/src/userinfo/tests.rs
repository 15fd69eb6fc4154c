use super::*;
use crate::http::{Body, HttpResponse, TransportFault};

fn answer(status: u16, content_type: &str, body: &str) -> Exchange {
    Ok(HttpResponse {
        status,
        content_type: Some(content_type.into()),
        retry_after: None,
        body: Body(body.as_bytes().to_vec()),
    })
}

fn refusal(exchange: &Exchange) -> ErrorCode {
    judge(exchange, "u1").unwrap_err().code()
}

#[test]
fn the_token_travels_in_the_authorization_header_alone() {
    // RFC 6750 2.1, protocol rule 29
    let endpoint = HttpUrl::parse("https://id.example/userinfo").unwrap();
    let token = AccessToken::new("canary-at").unwrap();
    let request = userinfo_request(endpoint, TokenType::Bearer, &token);
    assert_eq!(request.method, Method::Get);
    assert_eq!(
        request.authorization.as_ref().unwrap().expose(),
        "Bearer canary-at"
    );
    assert!(request.form.is_none());
    assert!(!request.follow_redirects);
    assert_eq!(request.url.as_str(), "https://id.example/userinfo");
    assert!(!format!("{request:?}").contains("canary"));
}

#[test]
fn the_claims_of_the_same_user_are_taken() {
    // Core 5.3.2
    let (claims, text) = judge(
        &answer(
            200,
            "application/json",
            r#"{"sub":"u1","name":"Ann","x":[1]}"#,
        ),
        "u1",
    )
    .unwrap();
    assert_eq!(claims.str("name"), Some("Ann"));
    assert_eq!(Json::parse(&text), Some(claims));
}

#[test]
fn the_claims_of_another_user_are_discarded() {
    // Core 5.3.2, protocol rule 23
    for body in [
        r#"{"sub":"u2","name":"Eve"}"#,
        r#"{"name":"Eve"}"#,
        r#"{"sub":null}"#,
        r#"{"sub":["u1"]}"#,
        r#"{"sub":"U1"}"#,
        r#"{"sub":"u1 "}"#,
        // Naver wraps it.
        r#"{"response":{"sub":"u1"}}"#,
    ] {
        assert_eq!(
            refusal(&answer(200, "application/json", body)),
            ErrorCode::UserinfoSubject,
            "{body}"
        );
    }
}

#[test]
fn what_is_no_answer_has_a_typed_error() {
    for (exchange, code) in [
        (
            answer(401, "application/json", r#"{"sub":"u1"}"#),
            ErrorCode::UnexpectedStatus,
        ),
        (answer(503, "text/html", ""), ErrorCode::ServiceUnavailable),
        (
            answer(200, "application/jwt", "h.p.s"),
            ErrorCode::UnexpectedContentType,
        ),
        (answer(200, "application/json", "["), ErrorCode::InvalidJson),
        (
            Err(TransportFault::Redirected),
            ErrorCode::UnexpectedRedirect,
        ),
    ] {
        assert_eq!(refusal(&exchange), code, "{exchange:?}");
    }
}
