use super::*;
use crate::http::Body;
use serde_json::{Value, json};

fn response(status: u16, body: &Value) -> HttpResponse {
    HttpResponse {
        status,
        content_type: Some("application/json;charset=UTF-8".into()),
        retry_after: None,
        body: Body(body.to_string().into_bytes()),
    }
}

fn code(status: u16, body: Value) -> ErrorCode {
    of_response(&response(status, &body), Phase::Refresh).code()
}

#[test]
fn every_code_of_the_standards_is_known() {
    // RFC 6749 4.1.2.1 and 5.2, Core 3.1.2.6, RFC 8707 2
    for (word, expected) in STANDARD {
        let found = error(word, Phase::Token);
        assert_eq!(found.code(), expected, "{word}");
        if expected.as_str() != word {
            // The one alias.
            assert_eq!((word, expected), ("invalid_token", ErrorCode::InvalidGrant));
        }
        assert_eq!(found.phase(), Phase::Token);
        assert_eq!(found.what_came(), format!("error {word}"));
    }
    for odd in ["", "Invalid_Grant", "invalid_grant ", "something"] {
        assert_eq!(
            error(odd, Phase::Token).code(),
            ErrorCode::ProviderError,
            "{odd}"
        );
    }
}

#[test]
fn the_providers_own_code_goes_before_the_standards() {
    // Protocol rule 26, provider facts: Kakao
    for (own, expected) in [
        ("KOE320", ErrorCode::InvalidGrant),
        ("KOE322", ErrorCode::InvalidGrant),
        ("KOE237", ErrorCode::TemporarilyUnavailable),
        ("KOE003", ErrorCode::ServerError),
        ("KOE101", ErrorCode::InvalidClient),
        ("KOE303", ErrorCode::UnauthorizedClient),
        ("KOE010", ErrorCode::InvalidClient),
    ] {
        for status in [400, 401, 503] {
            let body = json!({"error": "invalid_request", "error_code": own});
            assert_eq!(code(status, body), expected, "{own} {status}");
        }
    }
    for odd in [json!("KOE999"), json!(320), json!(null), json!("")] {
        let body = json!({"error": "invalid_grant", "error_code": odd});
        assert_eq!(code(400, body), ErrorCode::InvalidGrant);
    }
}

#[test]
fn the_standards_code_goes_before_the_status() {
    for status in [200, 400, 401, 403, 500, 503] {
        for (word, expected) in [
            ("invalid_grant", ErrorCode::InvalidGrant),
            ("invalid_client", ErrorCode::InvalidClient),
            ("temporarily_unavailable", ErrorCode::TemporarilyUnavailable),
            ("server_error", ErrorCode::ServerError),
        ] {
            assert_eq!(
                code(status, json!({"error": word})),
                expected,
                "{word} {status}"
            );
        }
    }
}

#[test]
fn a_word_that_says_nothing_certain_yields_to_a_server_in_trouble() {
    for word in ["something_odd", "invalid_request"] {
        for status in [408, 429, 500, 502, 503, 599] {
            let found = code(status, json!({"error": word}));
            assert_eq!(found, ErrorCode::ServiceUnavailable, "{word} {status}");
        }
    }
    for status in [200, 400, 403, 407, 409, 428, 430, 499] {
        assert_eq!(
            code(status, json!({"error": "something_odd"})),
            ErrorCode::ProviderError
        );
        assert_eq!(
            code(status, json!({"error": "invalid_request"})),
            ErrorCode::InvalidRequest
        );
    }
}

#[test]
fn without_a_code_the_status_tells() {
    for (status, expected) in [
        (400, ErrorCode::UnexpectedStatus),
        (403, ErrorCode::UnexpectedStatus),
        (408, ErrorCode::ServiceUnavailable),
        (429, ErrorCode::ServiceUnavailable),
        (500, ErrorCode::ServiceUnavailable),
    ] {
        assert_eq!(code(status, json!({})), expected, "{status}");
        assert_eq!(code(status, json!({"error": 7})), expected, "{status}");
        assert_eq!(code(status, json!([])), expected, "{status}");
    }
    let html = HttpResponse {
        status: 502,
        content_type: Some("text/html".into()),
        retry_after: Some("7".into()),
        body: Body(b"<h1>invalid_grant</h1>".to_vec()),
    };
    let found = of_response(&html, Phase::Refresh);
    assert_eq!(found.code(), ErrorCode::ServiceUnavailable);
    assert_eq!(found.wait_ms(), Some(7000));
}

#[test]
fn the_description_is_kept_and_the_uri_is_not() {
    let body = json!({
        "error": "invalid_grant", "error_description": "<i>gone</i>",
        "error_uri": "https://evil.example/",
    });
    let mut answer = response(400, &body);
    answer.retry_after = Some("3".into());
    let found = of_response(&answer, Phase::Refresh);
    assert_eq!(found.provider_description(), Some("<i>gone</i>"));
    assert_eq!(found.wait_ms(), Some(3000));
    assert!(!format!("{found:?}").contains("evil"));
}

#[test]
fn status_200_with_an_error_that_is_no_text_is_an_error_of_the_provider() {
    let found = of_response(
        &response(200, &json!({"error": {"message": "no"}})),
        Phase::Token,
    );
    assert_eq!(found.code(), ErrorCode::ProviderError);
    for said in [json!("x"), json!(1), json!(true), json!({}), json!([])] {
        assert!(
            is_said(&Json::parse(&json!({"error": said}).to_string()).unwrap()),
            "{said}"
        );
    }
    for unsaid in [
        "{}",
        r#"{"error":null}"#,
        r#"{"error":""}"#,
        r#"{"error":false}"#,
    ] {
        assert!(!is_said(&Json::parse(unsaid).unwrap()), "{unsaid}");
    }
}
