//! Rules 16 to 18: the token response.

use crate::support::page::Page;
use crate::support::{answer, response};
use pkce_core::config::Scope;
use pkce_core::http::{ANSWER_LIMIT, Exchange, TransportFault};
use pkce_core::token::{TokenResponse, TokenType, judge};
use pkce_core::{ErrorCode, Phase};
use serde_json::{Value, json};
use std::time::Duration;

fn judged(exchange: &Exchange) -> Result<TokenResponse, ErrorCode> {
    judge(exchange, Phase::Token).map_err(|error| error.code())
}

/// A token response with one member changed; `null` removes none.
fn with(name: &str, value: Value) -> Result<TokenResponse, ErrorCode> {
    let mut body = json!({"access_token": "at", "token_type": "Bearer"});
    body[name] = value;
    judged(&answer(200, &body))
}

/// As text, for numbers that no JSON library writes.
fn with_text(member: &str) -> Result<TokenResponse, ErrorCode> {
    let body = format!(r#"{{"access_token":"at","token_type":"Bearer",{member}}}"#);
    judged(&Ok(response(200, "application/json", &body)))
}

/// Rule 16: RFC 6749 5.1 and 7.1. DPoP is refused where no proof was sent.
#[test]
fn the_token_type_is_bearer_in_any_case() {
    for good in ["Bearer", "bearer", "BEARER", "bEaReR"] {
        let tokens = with("token_type", json!(good)).unwrap();
        assert_eq!(tokens.token_type, TokenType::Bearer);
    }
    for (bad, expected) in [
        (json!("DPoP"), ErrorCode::TokenTypeUnsupported),
        (json!("mac"), ErrorCode::TokenTypeUnsupported),
        (json!("N_A"), ErrorCode::TokenTypeUnsupported),
        (json!(""), ErrorCode::TokenTypeUnsupported),
        (json!("Bearer "), ErrorCode::TokenTypeUnsupported),
        (json!("Bearer\u{0}"), ErrorCode::TokenTypeUnsupported),
        // The Kelvin sign is no k, and a long s no s.
        (json!("Bea\u{17f}er"), ErrorCode::TokenTypeUnsupported),
        (json!(null), ErrorCode::TokenResponseInvalid),
        (json!(["Bearer"]), ErrorCode::TokenResponseInvalid),
        (json!(1), ErrorCode::TokenResponseInvalid),
    ] {
        assert_eq!(
            with("token_type", bad.clone()).map(drop),
            Err(expected),
            "{bad}"
        );
    }
    let absent = judged(&answer(200, &json!({"access_token": "at"})));
    assert_eq!(absent.map(drop), Err(ErrorCode::TokenResponseInvalid));
}

/// Rule 16: RFC 6749 A.12 and A.17, RFC 6750 2.1: what is put into a header is printable ASCII.
#[test]
fn a_token_is_printable_ascii() {
    let long = "x".repeat(100_000);
    for good in ["a", "a.b-c_d~e+f/g==", "a b", "!\"#$%&'()*", &long] {
        let tokens = with("access_token", json!(good)).unwrap();
        assert_eq!(tokens.access_token.expose(), good);
        let tokens = with("refresh_token", json!(good)).unwrap();
        assert_eq!(tokens.refresh_token.unwrap().expose(), good);
    }
    for bad in [
        "\n",
        "a\r\nX-Evil: 1",
        "a\u{0}",
        " a",
        "a ",
        "tökén",
        "\u{7f}",
        "a\u{2028}",
    ] {
        for name in ["access_token", "refresh_token", "id_token"] {
            assert_eq!(
                with(name, json!(bad)).map(drop),
                Err(ErrorCode::TokenResponseInvalid),
                "{name} {bad:?}"
            );
        }
    }
    for bad in [
        json!(null),
        json!(""),
        json!(5),
        json!(["a"]),
        json!({"a": 1}),
        json!(true),
    ] {
        assert_eq!(
            with("access_token", bad.clone()).map(drop),
            Err(ErrorCode::TokenResponseInvalid),
            "{bad}"
        );
    }
    // Some servers say nothing with null or an empty text.
    for nothing in [json!(null), json!("")] {
        let tokens = with("refresh_token", nothing.clone()).unwrap();
        assert!(tokens.refresh_token.is_none());
        assert!(with("id_token", nothing).unwrap().id_token.is_none());
    }
    for bad in [json!(5), json!(["a"]), json!(false)] {
        assert!(with("refresh_token", bad.clone()).is_err(), "{bad}");
        assert!(with("id_token", bad).is_err());
    }
}

/// Rule 17: RFC 6749 5.1 and 3.3.
#[test]
fn unknown_members_are_ignored_and_an_absent_scope_is_the_one_asked_for() {
    let tokens = with("something_new", json!({"a": [1, {"b": null}]})).unwrap();
    assert!(tokens.scope.is_none());
    for (scope, seen) in [
        (json!("openid"), Some("openid")),
        (json!("openid profile"), Some("openid profile")),
        (json!("b a"), Some("b a")),
        (json!("read:user,repo"), Some("read:user,repo")),
        // Odd white space is none of the scope's.
        (json!(" openid   profile "), Some("openid profile")),
        (json!("openid openid"), Some("openid")),
        (json!(""), None),
        (json!(" "), None),
        (json!(null), None),
        (json!(["openid"]), None),
        (json!("openid\u{0}"), None),
        (json!("open\nid"), None),
        (json!("\u{202e}openid"), None),
    ] {
        let tokens = with("scope", scope.clone()).unwrap();
        assert_eq!(tokens.scope.as_ref().map(Scope::as_str), seen, "{scope}");
    }
    let mut page = Page::new();
    page.sign_in_with(|body| body["scope"] = json!("openid"));
    assert_eq!(page.shown().scope, "openid");
    let mut page = Page::new();
    page.sign_in();
    assert_eq!(page.shown().scope, "openid profile");
}

/// Rule 18: RFC 6749 5.1, A.14, and what real servers send.
#[test]
fn a_lifetime_is_read_in_every_form_that_says_one() {
    let ten_years = Some(10 * 365 * 24 * 3600);
    for (member, seconds) in [
        (r#""expires_in":3600"#, Some(3600)),
        (r#""expires_in":1"#, Some(1)),
        (r#""expires_in":"3600""#, Some(3600)),
        (r#""expires_in":" 3600 ""#, Some(3600)),
        (r#""expires_in":"007""#, Some(7)),
        (r#""expires_in":3600.0"#, Some(3600)),
        (r#""expires_in":3600.9"#, Some(3600)),
        (r#""expires_in":1e3"#, Some(1000)),
        (r#""expires_in":315360000"#, ten_years),
        (r#""expires_in":315360001"#, ten_years),
        (r#""expires_in":9223372036854775807"#, ten_years),
        (r#""expires_in":18446744073709551616"#, ten_years),
        (r#""expires_in":1e300"#, ten_years),
        (r#""expires_in":"99999999999999999999999""#, ten_years),
        (r#""expires_in":0"#, None),
        (r#""expires_in":-0"#, None),
        (r#""expires_in":0.9"#, None),
        (r#""expires_in":-1"#, None),
        (r#""expires_in":-1e300"#, None),
        (r#""expires_in":-9223372036854775808"#, None),
        (r#""expires_in":"0""#, None),
        (r#""expires_in":"-1""#, None),
        (r#""expires_in":"+1""#, None),
        (r#""expires_in":"1e3""#, None),
        (r#""expires_in":"3600.0""#, None),
        (r#""expires_in":"0x10""#, None),
        (r#""expires_in":"１""#, None),
        (r#""expires_in":"""#, None),
        (r#""expires_in":" ""#, None),
        (r#""expires_in":"soon""#, None),
        (r#""expires_in":null"#, None),
        (r#""expires_in":true"#, None),
        (r#""expires_in":[3600]"#, None),
        (r#""expires_in":{}"#, None),
        (r#""x":1"#, None),
    ] {
        let tokens = with_text(member).unwrap_or_else(|code| panic!("{member}: {code}"));
        assert_eq!(
            tokens.expires_in,
            seconds.map(Duration::from_secs),
            "{member}"
        );
    }
}

/// Rule 18: no lifetime makes a tight loop, and none a timer that a browser cannot hold.
#[test]
fn no_lifetime_makes_a_tight_loop() {
    for lifetime in [
        json!(1),
        json!(0),
        json!(-1),
        json!(null),
        json!(1e300),
        json!("9".repeat(30)),
    ] {
        let mut page = Page::new();
        page.sign_in_with(|body| body["expires_in"] = lifetime.clone());
        let (before, sent) = (page.now, page.count);
        if let Some(at) = page.timer {
            assert!(at > before, "{lifetime}");
        }
        if page.shown().expires_at.is_none() {
            // Unknown: renewed when an API refuses the token, and never by the clock.
            page.seconds(86_400);
            assert_eq!(page.count, sent, "{lifetime}");
        }
    }
}

/// RFC 6749 5.1, RFC 8259 4, hostile inputs: what is no token response at all.
#[test]
fn what_is_no_json_object_with_status_200_is_an_error_with_its_code() {
    let good = r#"{"access_token":"at","token_type":"Bearer"}"#;
    for content_type in [
        "application/json",
        "application/json;charset=UTF-8",
        "APPLICATION/JSON ; charset=\"utf-8\"",
        "application/vnd.example+json",
    ] {
        assert!(judged(&Ok(response(200, content_type, good))).is_ok());
    }
    let repeated = r#"{"access_token":"at","\u0061ccess_token":"b","token_type":"Bearer"}"#;
    let deep_repeated = r#"{"access_token":"at","token_type":"Bearer","x":[{"a":1,"\u0061":2}]}"#;
    let surrogate = r#"{"access_token":"\ud800","token_type":"Bearer"}"#;
    let marked = format!("\u{feff}{good}");
    let behind = format!("{good} {good}");
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for (content_type, body, expected) in [
        ("text/html", good, ErrorCode::UnexpectedContentType),
        ("text/json", good, ErrorCode::UnexpectedContentType),
        ("text/plain", good, ErrorCode::UnexpectedContentType),
        ("application/jwt", good, ErrorCode::UnexpectedContentType),
        (
            "application/x-www-form-urlencoded",
            "access_token=at",
            ErrorCode::UnexpectedContentType,
        ),
        ("", good, ErrorCode::UnexpectedContentType),
        ("application/json", "", ErrorCode::InvalidJson),
        ("application/json", "null", ErrorCode::InvalidJson),
        ("application/json", "[]", ErrorCode::InvalidJson),
        ("application/json", "\"at\"", ErrorCode::InvalidJson),
        ("application/json", &good[..20], ErrorCode::InvalidJson),
        ("application/json", repeated, ErrorCode::InvalidJson),
        ("application/json", deep_repeated, ErrorCode::InvalidJson),
        ("application/json", surrogate, ErrorCode::InvalidJson),
        ("application/json", &marked, ErrorCode::InvalidJson),
        ("application/json", &behind, ErrorCode::InvalidJson),
        ("application/json", &deep, ErrorCode::InvalidJson),
        (
            "application/json",
            "{'access_token':'at'}",
            ErrorCode::InvalidJson,
        ),
        (
            "application/json",
            "{\"expires_in\":1e999}",
            ErrorCode::InvalidJson,
        ),
        (
            "application/json",
            "{\"expires_in\":01}",
            ErrorCode::InvalidJson,
        ),
        (
            "application/json",
            "{\"expires_in\":NaN}",
            ErrorCode::InvalidJson,
        ),
        ("application/json", "{}", ErrorCode::TokenResponseInvalid),
    ] {
        assert_eq!(
            judged(&Ok(response(200, content_type, body))).map(drop),
            Err(expected),
            "{content_type} {body:.60}"
        );
    }
    for (status, expected) in [
        (201, ErrorCode::UnexpectedStatus),
        (204, ErrorCode::UnexpectedStatus),
        (302, ErrorCode::UnexpectedStatus),
        (400, ErrorCode::UnexpectedStatus),
        (408, ErrorCode::ServiceUnavailable),
        (429, ErrorCode::ServiceUnavailable),
        (500, ErrorCode::ServiceUnavailable),
        (599, ErrorCode::ServiceUnavailable),
    ] {
        let exchange = Ok(response(status, "application/json", good));
        assert_eq!(judged(&exchange).map(drop), Err(expected), "{status}");
    }
    for (fault, expected) in [
        (
            TransportFault::Network { online: true },
            ErrorCode::NetworkError,
        ),
        (
            TransportFault::Network { online: false },
            ErrorCode::NetworkError,
        ),
        (TransportFault::Timeout, ErrorCode::Timeout),
        (TransportFault::TooLarge, ErrorCode::ResponseTooLarge),
        (TransportFault::Redirected, ErrorCode::UnexpectedRedirect),
    ] {
        assert_eq!(judged(&Err(fault)).map(drop), Err(expected));
    }
}

/// Hostile inputs: an answer over 1 MB is given up, whoever carries it.
#[test]
fn an_answer_over_the_limit_is_not_read() {
    let of = |len: usize| {
        let frame = r#"{"access_token":"at","token_type":"Bearer","x":""}"#.len();
        let body = format!(
            r#"{{"access_token":"at","token_type":"Bearer","x":"{}"}}"#,
            "y".repeat(len - frame)
        );
        assert_eq!(body.len(), len);
        judged(&Ok(response(200, "application/json", &body))).map(drop)
    };
    assert_eq!(of(ANSWER_LIMIT), Ok(()));
    assert_eq!(of(ANSWER_LIMIT + 1), Err(ErrorCode::ResponseTooLarge));
}

/// RFC 9110 10.2.3: how long to wait is a number of seconds; a date depends on clocks.
#[test]
fn retry_after_is_a_bounded_number_of_seconds() {
    for (header, wait) in [
        ("0", Some(0)),
        ("2", Some(2000)),
        (" 2 ", Some(2000)),
        ("3600", Some(3_600_000)),
        ("3601", Some(3_600_000)),
        ("-1", None),
        ("+5", None),
        ("1.5", None),
        ("", None),
        ("soon", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
    ] {
        let mut response = response(503, "text/html", "");
        response.retry_after = Some(header.to_owned());
        let error = judge(&Ok(response), Phase::Token).unwrap_err();
        assert_eq!(error.wait_ms(), wait, "{header}");
        assert!(error.is_transient());
    }
}
