//! Rule 23: UserInfo (Core 5.3).

use crate::support::page::{Page, config};
use crate::support::{answer, code, response, url};
use pkce_core::http::TransportFault;
use pkce_core::secret::AccessToken;
use pkce_core::token::TokenType;
use pkce_core::userinfo::{judge, userinfo_request};
use pkce_core::{ErrorCode, Phase};
use serde_json::{Value, json};

/// Rule 23: Core 5.3.2. The sub is there, and the ID token's.
#[test]
fn userinfo_of_another_user_is_discarded() {
    let of = |claims: Value| code(judge(&answer(200, &claims), "u1"));
    assert_eq!(of(json!({"sub": "u1", "name": "Ann"})), Ok(()));
    for bad in [
        json!({"sub": "u2"}),
        json!({"sub": "U1"}),
        json!({"sub": "u1 "}),
        json!({"sub": "u1\u{0}"}),
        json!({"sub": ""}),
        json!({"sub": ["u1"]}),
        json!({"sub": null}),
        json!({"name": "Ann"}),
        // Naver wraps it.
        json!({"response": {"sub": "u1"}}),
    ] {
        assert_eq!(of(bad.clone()), Err(ErrorCode::UserinfoSubject), "{bad}");
    }
    for (exchange, expected) in [
        (
            Ok(response(200, "application/jwt", "a.b.c")),
            ErrorCode::UnexpectedContentType,
        ),
        (
            Ok(response(200, "application/json", "[]")),
            ErrorCode::InvalidJson,
        ),
        (
            Ok(response(
                200,
                "application/json",
                r#"{"sub":"u2","\u0073ub":"u1"}"#,
            )),
            ErrorCode::InvalidJson,
        ),
        (
            Ok(response(401, "application/json", "{}")),
            ErrorCode::UnexpectedStatus,
        ),
        (
            Ok(response(204, "application/json", "")),
            ErrorCode::UnexpectedStatus,
        ),
        (
            Ok(response(503, "text/html", "")),
            ErrorCode::ServiceUnavailable,
        ),
        (
            Err(TransportFault::Redirected),
            ErrorCode::UnexpectedRedirect,
        ),
    ] {
        assert_eq!(code(judge(&exchange, "u1")), Err(expected));
    }
}

/// Core 5.3.1, RFC 6750 2.1: the token travels in the header, and follows no redirect.
#[test]
fn userinfo_is_asked_with_the_header_alone() {
    let token = AccessToken::new("at").unwrap();
    let request = userinfo_request(
        url("https://id.example/userinfo"),
        TokenType::Bearer,
        &token,
    );
    assert_eq!(request.authorization.unwrap().expose(), "Bearer at");
    assert_eq!(request.url.as_str(), "https://id.example/userinfo");
    assert!(request.form.is_none() && !request.follow_redirects);
}

/// Rule 23: the session stands on the ID token; a foreign UserInfo is told, and not used.
#[test]
fn a_foreign_userinfo_leaves_the_session_as_it_was() {
    for (claims, name, notice) in [
        (json!({"sub": "u1", "name": "Ann"}), "Ann", None),
        (
            json!({"sub": "u2", "name": "Eve"}),
            "u1",
            Some(ErrorCode::UserinfoSubject),
        ),
    ] {
        let mut page = Page::with(config(|config| {
            config["providers"][0]["userinfo"] = json!(true)
        }));
        page.sign_in();
        page.reply("/userinfo", answer(200, &claims));
        assert_eq!(page.shown().user.display_name(), name);
        assert_eq!(page.notice(), notice);
        if let Some(error) = page.engine.notice() {
            assert_eq!(error.phase(), Phase::Userinfo);
        }
        assert!(!page.session["t.session"].contains("Eve"));
    }
}
