//! Rule 35: sign-out (RFC 7009, RP-Initiated Logout 1.0).

use crate::support::page::{Page, config};
use crate::support::{
    CLIENT, all, answer, at, document, form, only, params, refusal, response, url,
};
use pkce_core::callback::CALLBACK_LIMIT;
use pkce_core::encoding::base64url;
use pkce_core::http::{Exchange, Method, TransportFault};
use pkce_core::secret::{AccessToken, RawIdToken, RefreshToken};
use pkce_core::session::SessionState;
use pkce_core::sign_out::{end_session_url, revocation_request};
use serde_json::json;

/// Rule 35: RFC 7009 2.1. The refresh token where there is one: it ends the whole grant.
#[test]
fn what_is_revoked_is_the_refresh_token_else_the_access_token() {
    let access = AccessToken::new("a t&").unwrap();
    let refresh = RefreshToken::new("r=t+").unwrap();
    for (token, sent, hint) in [
        (Some(&refresh), "r=t+", "refresh_token"),
        (None, "a t&", "access_token"),
    ] {
        let endpoint = url("https://id.example/revoke?x=1");
        let request = revocation_request(endpoint, CLIENT, token, &access);
        let pairs = form(&request);
        assert_eq!(only(&pairs, "token"), sent);
        assert_eq!(only(&pairs, "token_type_hint"), hint);
        assert_eq!(only(&pairs, "client_id"), CLIENT);
        assert!(all(&pairs, "client_secret").is_empty());
        assert_eq!(request.method, Method::Post);
        assert_eq!(request.url.as_str(), "https://id.example/revoke?x=1");
        assert!(request.authorization.is_none() && !request.follow_redirects);
        assert!(!format!("{request:?}").contains("a t&"));
    }
}

/// Rule 35: RP-Initiated Logout 2. All four parameters, behind the endpoint's own query.
#[test]
fn the_end_session_request_names_user_client_return_and_state() {
    let hint = RawIdToken::new("a.b.c").unwrap();
    for (endpoint, own) in [
        ("https://id.example/logout", None),
        ("https://id.example/logout?p=x%26y", Some("x&y")),
        ("https://id.example//logout/", None),
    ] {
        let target = url("https://app.example/bye?x=1&y=2");
        let address = end_session_url(&url(endpoint), &hint, CLIENT, &target, [7; 16]);
        let asked = params(address.expose());
        assert!(address.expose().starts_with(endpoint));
        assert_eq!(only(&asked, "id_token_hint"), "a.b.c");
        assert_eq!(only(&asked, "client_id"), CLIENT);
        assert_eq!(
            only(&asked, "post_logout_redirect_uri"),
            "https://app.example/bye?x=1&y=2"
        );
        assert_eq!(only(&asked, "state"), base64url(&[7; 16]));
        assert_eq!(all(&asked, "p"), own.into_iter().collect::<Vec<_>>());
        assert!(!format!("{address:?}").contains("a.b.c"));
    }
}

/// Rule 35: local state goes first; what the network does changes nothing.
#[test]
fn the_session_is_gone_before_any_answer() {
    let answers: [Exchange; 6] = [
        Ok(response(200, "text/html", "")),
        refusal(400, "unsupported_token_type"),
        refusal(401, "invalid_client"),
        Ok(response(503, "text/html", "")),
        Err(TransportFault::Network { online: false }),
        Err(TransportFault::Timeout),
    ];
    for exchange in answers {
        let mut page = Page::signed_in();
        page.effects.clear();
        page.sign_out();
        assert_eq!(page.effects[0], "delete");
        assert_eq!(page.engine.state(), SessionState::SignedOut);
        assert!(!page.session.contains_key("t.session"));
        let left_for = page.left_for.clone().unwrap();
        assert_eq!(
            only(&params(&left_for), "post_logout_redirect_uri"),
            "https://app.example/"
        );
        // It outlives the page, and delays nothing.
        assert!(page.sent[0].keepalive);
        assert_eq!(page.sent[0].field("token"), "canary-rt-0");
        page.reply("/revoke", exchange);
        assert_eq!(page.engine.state(), SessionState::SignedOut);
        assert_eq!(page.notice(), None);
        assert!(page.sent.is_empty());
    }
}

/// Rule 35: a provider without the endpoints gets a local sign-out.
#[test]
fn without_endpoints_a_sign_out_is_local() {
    let bare = document(|document| document["issuer"] = json!(crate::support::ISSUER));
    let mut page = Page::with(config(|config| config["providers"][0]["metadata"] = bare));
    page.click_sign_in();
    page.reply("/jwks", answer(200, &crate::support::keys::default_jwks()));
    page.open("/");
    page.sign_in();
    page.sign_out();
    assert_eq!(page.engine.state(), SessionState::SignedOut);
    assert!(page.sent.is_empty() && page.left_for.is_none());
}

/// Rule 35: other tabs follow, and a copy of this one finds no record.
#[test]
fn other_tabs_are_told() {
    let mut page = Page::signed_in();
    assert!(page.local.keys().any(|key| key.starts_with("t.family.")));
    page.sign_out();
    assert!(page.broadcasts.iter().any(|text| text.contains("\"over\"")));
    assert!(!page.local.keys().any(|key| key.starts_with("t.family.")));
}

/// Rule 35: RP-Initiated Logout 3. A returning state leaves the address bar and is no error.
#[test]
fn a_state_that_returns_is_tidied_away() {
    let state = base64url(&[7; 16]);
    let target = url("https://app.example/bye");
    for good in [format!("state={state}"), format!("?x=1&st%61te={state}")] {
        assert!(at("/bye", &good, "").is_sign_out_return(&target), "{good}");
    }
    for (path, query, fragment) in [
        ("/other", format!("state={state}"), ""),
        ("/bye", String::new(), ""),
        ("/bye", "state=KR".to_owned(), ""),
        ("/bye", "state=".to_owned(), ""),
        ("/bye", format!("state={state}A"), ""),
        ("/bye", format!("state={state}&code=c"), ""),
        ("/bye", format!("state={state}&error=e"), ""),
        ("/bye", format!("state={state}&iss=i"), ""),
        ("/bye", format!("state={state}"), "#access_token=t"),
        (
            "/bye",
            format!("state={state}&x={}", "y".repeat(CALLBACK_LIMIT)),
            "",
        ),
    ] {
        assert!(
            !at(path, &query, fragment).is_sign_out_return(&target),
            "{query:.60}"
        );
    }
    let mut page = Page::new();
    page.open(&format!("/?state={state}&lang=ko"));
    assert_eq!((page.address.as_str(), page.notice()), ("/?lang=ko", None));
    // A state of the app's own stays.
    page.open("/?state=KR");
    assert_eq!(page.address, "/?state=KR");
    assert_eq!(page.notice(), None);
}
