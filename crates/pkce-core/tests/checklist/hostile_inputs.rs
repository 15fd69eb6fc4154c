//! Section 2 of the checklist: each row of "Hostile inputs, and what each gets".

use crate::support::page::{Page, config};
use crate::support::{
    answer, at, begin, client, metadata, now, only, query, refusal, response, url,
};
use pkce_core::api::www_authenticate;
use pkce_core::authorization::SignInOptions;
use pkce_core::callback::{CALLBACK_LIMIT, Callback};
use pkce_core::config::PageConfig;
use pkce_core::http::TransportFault;
use pkce_core::session::{Event, SessionState};
use pkce_core::{Error, ErrorCode};
use serde_json::json;
use std::time::{Duration, Instant};

/// Opens an answer made of the state of a sign-in that was begun.
fn opened(make: impl FnOnce(&str) -> String) -> Page {
    let mut page = Page::new();
    let asked = page.leave(SignInOptions::default());
    let address = make(only(&asked, "state"));
    page.open(&address);
    page
}

fn other_state() -> String {
    begin(&client(), &metadata())
        .0
        .state()
        .expose()
        .replace(char::is_numeric, "A")
}

/// Row: unknown, missing or foreign `state`. RFC 6749 10.12.
#[test]
fn an_unknown_missing_or_foreign_state_sends_nothing() {
    for (address, expected) in [
        ("/callback?code=c".to_owned(), ErrorCode::StateMissing),
        (
            "/callback?code=c&state=".to_owned(),
            ErrorCode::StateMissing,
        ),
        (
            "/callback?code=c&state=x".to_owned(),
            ErrorCode::StateUnknown,
        ),
        (
            format!("/callback?code=c&state={}", other_state()),
            ErrorCode::StateUnknown,
        ),
        (
            format!("/callback?error=access_denied&state={}", other_state()),
            ErrorCode::StateUnknown,
        ),
    ] {
        let mut page = Page::new();
        page.open(&address);
        assert_eq!(page.notice(), Some(expected), "{address}");
        assert_eq!(page.engine.state(), SessionState::SignedOut);
        assert!(page.sent.is_empty() && page.left_for.is_none());
        // A session that is there is not touched.
        let mut page = Page::signed_in();
        let before = page.stored("access_token");
        page.open(&address);
        assert_eq!(page.notice(), Some(expected), "{address}");
        assert!(page.is_signed_in() && page.sent.is_empty());
        assert_eq!(page.stored("access_token"), before);
    }
}

/// Row: wrong `iss`, mix-up. RFC 9207 2.4, BCP 4.4.
#[test]
fn a_mix_up_sends_no_code() {
    let page = opened(|state| {
        let iss = "https%3A%2F%2Fevil.example";
        format!("/callback?code=canary-code&state={state}&iss={iss}")
    });
    assert_eq!(page.notice(), Some(ErrorCode::IssMismatch));
    assert!(page.sent.is_empty());
    assert!(!page.log.contains("canary"));
}

/// Row: injected code. BCP 4.5, RFC 6749 5.2: the provider refuses it, and a retry is offered.
#[test]
fn an_injected_code_is_invalid_grant_with_a_retry() {
    let mut page = Page::new();
    page.come_back();
    page.reply("/token", refusal(400, "invalid_grant"));
    assert_eq!(page.notice(), Some(ErrorCode::InvalidGrant));
    assert!(page.engine.notice().is_some_and(Error::needs_sign_in));
    assert_eq!(page.engine.state(), SessionState::SignedOut);
    page.sign_in();
}

/// Row: reload, back button, replayed callback.
#[test]
fn a_reload_of_the_callback_never_loops() {
    let mut page = Page::new();
    page.come_back();
    let mut tokens = page.tokens(0);
    let callback = page.sent[0].field("code");
    page.open("/callback");
    // The reload of the tidied address is an ordinary page load.
    assert_eq!((page.notice(), page.sent.len()), (None, 0));
    assert_eq!(callback, "canary-code");
    tokens["id_token"] = json!(null);
    for _ in 0..5 {
        page.open("/callback?code=canary-code&state=x");
        assert!(page.sent.is_empty() && page.left_for.is_none());
        assert!(page.notice().is_some());
    }
}

/// Row: N tabs signing in at once. Each tab has its own storage; a shared one holds them apart too.
#[test]
fn many_sign_ins_at_once_each_succeed() {
    let mut tabs: Vec<Page> = (0..5).map(|_| Page::new()).collect();
    let asked: Vec<_> = tabs
        .iter_mut()
        .map(|tab| tab.leave(SignInOptions::default()))
        .collect();
    for (tab, asked) in tabs.iter_mut().zip(asked).rev() {
        tab.open(&format!("/callback?code=c&state={}", only(&asked, "state")));
        let mut tokens = tab.tokens(0);
        let claims = tab.claims(Some(only(&asked, "nonce")));
        tokens["id_token"] = json!(crate::support::keys::token(&claims));
        tab.reply("/token", answer(200, &tokens));
        assert!(tab.is_signed_in());
    }
}

/// Row: `code` and `error` together, repeated parameters, fragment parameters, 1 MB query.
#[test]
fn a_malformed_answer_is_rejected_whatever_else_it_says() {
    let long = "x".repeat(1 << 20);
    type Make<'a> = &'a dyn Fn(&str) -> String;
    let table: [(Make<'_>, ErrorCode); 9] = [
        (
            &|s| format!("code=c&error=access_denied&state={s}"),
            ErrorCode::CallbackInvalid,
        ),
        (
            &|s| format!("code=c&error=&state={s}"),
            ErrorCode::CallbackInvalid,
        ),
        (&|s| format!("state={s}"), ErrorCode::CallbackInvalid),
        (
            &|s| format!("code=c&code=d&state={s}"),
            ErrorCode::CallbackRepeatedParameter,
        ),
        (
            &|s| format!("code=c&state={s}&state={s}"),
            ErrorCode::CallbackRepeatedParameter,
        ),
        (
            &|s| format!("x=1#code=c&state={s}"),
            ErrorCode::CallbackInFragment,
        ),
        (
            &|s| format!("code=c&state={s}#access_token=t"),
            ErrorCode::CallbackInFragment,
        ),
        (
            &|s| format!("code=c&state={s}&x={long}"),
            ErrorCode::CallbackTooLarge,
        ),
        (
            &|s| format!("code=c&state={s}#{long}"),
            ErrorCode::CallbackTooLarge,
        ),
    ];
    for (make, expected) in table {
        let page = opened(|state| format!("/callback?{}", make(state)));
        assert_eq!(page.notice(), Some(expected), "{:.80}", make("s"));
        assert!(page.sent.is_empty() && !page.is_signed_in());
        assert!(page.address.len() < 100, "{:.80}", page.address);
    }
    // The limit to the octet.
    let (transaction, _) = begin(&client(), &metadata());
    let state = transaction.state().expose().to_owned();
    let of = |length: usize| {
        let start = format!("state={state}&code=c&x=");
        let query = format!("{start}{}", "y".repeat(length - start.len()));
        Callback::read(at("/callback", &query, ""))
            .map(drop)
            .map_err(|error| error.code())
    };
    assert_eq!(of(CALLBACK_LIMIT), Ok(()));
    assert_eq!(of(CALLBACK_LIMIT + 1), Err(ErrorCode::CallbackTooLarge));
}

/// Rows: `access_denied`, the OpenID codes, the passing ones, the configuration's.
/// RFC 6749 4.1.2.1, Core 3.1.2.6, RFC 8707 2.
#[test]
fn each_error_of_the_provider_has_its_way_on() {
    #[derive(Debug, PartialEq)]
    enum Way {
        SignIn,
        Retry,
        Configure,
    }
    for (error, expected, way) in [
        ("access_denied", ErrorCode::AccessDenied, Way::SignIn),
        ("login_required", ErrorCode::LoginRequired, Way::SignIn),
        (
            "interaction_required",
            ErrorCode::InteractionRequired,
            Way::SignIn,
        ),
        ("consent_required", ErrorCode::ConsentRequired, Way::SignIn),
        (
            "account_selection_required",
            ErrorCode::AccountSelectionRequired,
            Way::SignIn,
        ),
        (
            "temporarily_unavailable",
            ErrorCode::TemporarilyUnavailable,
            Way::Retry,
        ),
        ("server_error", ErrorCode::ServerError, Way::Retry),
        ("invalid_request", ErrorCode::InvalidRequest, Way::Configure),
        (
            "unauthorized_client",
            ErrorCode::UnauthorizedClient,
            Way::Configure,
        ),
        (
            "unsupported_response_type",
            ErrorCode::UnsupportedResponseType,
            Way::Configure,
        ),
        ("invalid_scope", ErrorCode::InvalidScope, Way::Configure),
        ("invalid_target", ErrorCode::InvalidTarget, Way::Configure),
        ("Access_Denied", ErrorCode::ProviderError, Way::SignIn),
        (
            "registration_required",
            ErrorCode::ProviderError,
            Way::SignIn,
        ),
        (
            "<script>alert(1)</script>",
            ErrorCode::ProviderError,
            Way::SignIn,
        ),
    ] {
        let page =
            opened(|state| format!("/callback?{}", query(&[("error", error), ("state", state)])));
        let notice = page.engine.notice().unwrap();
        assert_eq!(notice.code(), expected, "{error}");
        let seen = if notice.is_transient() {
            Way::Retry
        } else if notice.needs_sign_in() {
            Way::SignIn
        } else {
            assert!(notice.is_configuration());
            Way::Configure
        };
        assert_eq!(seen, way, "{error}");
        assert!(page.sent.is_empty() && page.left_for.is_none());
    }
}

/// Row: HTML 502, truncated JSON, array, empty body, 200 with `error`, wrong content type.
#[test]
fn a_bad_answer_to_the_code_is_a_typed_error() {
    for (exchange, expected) in [
        (
            Ok(response(502, "text/html", "<h1>")),
            ErrorCode::ServiceUnavailable,
        ),
        (
            Ok(response(200, "application/json", "{\"access_token\":\"a")),
            ErrorCode::InvalidJson,
        ),
        (
            Ok(response(200, "application/json", "[]")),
            ErrorCode::InvalidJson,
        ),
        (
            Ok(response(200, "application/json", "")),
            ErrorCode::InvalidJson,
        ),
        (refusal(200, "invalid_grant"), ErrorCode::InvalidGrant),
        (
            Ok(response(200, "text/html", "{}")),
            ErrorCode::UnexpectedContentType,
        ),
        (Err(TransportFault::TooLarge), ErrorCode::ResponseTooLarge),
        (Err(TransportFault::Timeout), ErrorCode::Timeout),
        (
            Err(TransportFault::Redirected),
            ErrorCode::UnexpectedRedirect,
        ),
        (
            Err(TransportFault::Network { online: true }),
            ErrorCode::NetworkError,
        ),
        (refusal(401, "invalid_client"), ErrorCode::InvalidClient),
    ] {
        let mut page = Page::new();
        page.come_back();
        page.reply("/token", exchange);
        assert_eq!(page.notice(), Some(expected));
        // Whatever it was, the code is not sent again.
        page.seconds(3600);
        page.tell(Event::Woke {
            online: true,
            restored: false,
        });
        assert!(page.sent.is_empty() && !page.is_signed_in());
        assert_eq!(page.engine.state(), SessionState::SignedOut);
    }
    let mut page = Page::new();
    let nonce = page.come_back();
    let mut tokens = page.tokens(0);
    tokens["id_token"] = json!(crate::support::keys::token(&page.claims(Some(&nonce))));
    let body = tokens.to_string();
    page.reply(
        "/token",
        Ok(response(200, "application/json;charset=UTF-8", &body)),
    );
    assert!(page.is_signed_in());
}

/// Row: redirect from the token endpoint. The body is never sent again.
#[test]
fn no_request_with_a_secret_follows_a_redirect() {
    let mut page = Page::with(config(|config| {
        config["providers"][0]["userinfo"] = json!(true)
    }));
    page.come_back();
    assert!(!page.sent[0].request.follow_redirects);
    let mut page = Page::with(config(|config| {
        config["providers"][0]["userinfo"] = json!(true)
    }));
    page.sign_in();
    assert_eq!(page.sent[0].path(), "/userinfo");
    assert!(!page.sent[0].request.follow_redirects);
    page.reply("/userinfo", Err(TransportFault::Redirected));
    assert_eq!(page.notice(), Some(ErrorCode::UnexpectedRedirect));
    page.seconds(5);
    page.refresh();
    assert!(!page.sent[0].request.follow_redirects);
    page.reply("/token", Err(TransportFault::Redirected));
    page.seconds(55);
    assert!(page.sent.is_empty());
    page.sign_out();
    assert!(!page.sent[0].request.follow_redirects);
}

/// Row: CORS failure, offline. The session stays.
#[test]
fn a_network_failure_leaves_the_session() {
    for online in [true, false] {
        let mut page = Page::signed_in();
        page.seconds(5);
        page.refresh();
        page.reply("/token", Err(TransportFault::Network { online }));
        assert!(page.is_signed_in());
        let reader = page.want_token(None);
        assert_eq!(page.tokens[&reader], Ok("canary-at-0".to_owned()));
    }
}

/// Row: `error_description` with markup is text; `error_uri` is not followed, nor even kept.
#[test]
fn markup_in_a_description_is_text_and_error_uri_is_left_alone() {
    let page = opened(|state| {
        let answer = [
            ("error", "access_denied"),
            (
                "error_description",
                "<img src=x onerror=alert(1)>\r\n\u{0}\u{202e}\u{2066}",
            ),
            ("error_uri", "https://evil.example/"),
            ("state", state),
        ];
        format!("/callback?{}", query(&answer))
    });
    let notice = page.engine.notice().unwrap();
    assert_eq!(
        notice.provider_description(),
        Some("<img src=x onerror=alert(1)>")
    );
    assert!(!page.log.contains("evil.example") && page.left_for.is_none());
    let long = "y".repeat(10_000);
    let page = opened(|state| format!("/callback?error=e&error_description={long}&state={state}"));
    assert!(
        page.engine
            .notice()
            .unwrap()
            .provider_description()
            .unwrap()
            .len()
            <= 200
    );
}

/// Row: 100 parallel 401s, timer and wake-up at once.
#[test]
fn a_hundred_refusals_and_a_wake_up_make_one_token_request() {
    let mut page = Page::signed_in();
    page.seconds(50);
    let before = page.count;
    for _ in 0..100 {
        page.want_token(Some(0));
    }
    page.tell(Event::Timer);
    page.tell(Event::Woke {
        online: true,
        restored: false,
    });
    page.refresh();
    assert!(page.count - before <= 1);
    let tokens = page.tokens(1);
    page.reply("/token", answer(200, &tokens));
    assert!(
        page.tokens
            .values()
            .all(|token| *token == Ok("canary-at-1".to_owned()))
    );
    assert_eq!(page.tokens.len(), 100);
}

/// Cost grows with the input, not with its square: what is hostile is judged in little time.
#[test]
fn large_hostile_inputs_are_judged_quickly() {
    let began = Instant::now();
    let members: Vec<String> = (0..60_000)
        .map(|number| format!("\"m{number}\":0"))
        .collect();
    let body = format!("{{{}}}", members.join(","));
    assert!(body.len() < 1 << 20);
    let exchange = Ok(response(200, "application/json", &body));
    assert!(pkce_core::token::judge(&exchange, pkce_core::Phase::Token).is_err());
    let many = "a=b&".repeat(250_000);
    let redirect_uri = url("https://app.example/callback");
    assert!(!at("/callback", &many, &many).is_callback(&redirect_uri));
    let text = format!("{{\"providers\":{}", "[".repeat(60_000));
    assert!(PageConfig::parse(&text, &url("https://app.example/")).is_err());
    let header = "Bearer \"".repeat(100_000);
    assert!(www_authenticate::parse(&header).len() <= www_authenticate::CHALLENGE_LIMIT);
    let target = "/..;".repeat(250_000);
    assert!(pkce_core::return_to::ReturnTo::parse(&target, "https://app.example").is_none());
    // Generous: a quadratic reading of any of these takes minutes.
    assert!(began.elapsed() < Duration::from_secs(30));
    assert_eq!(now().as_seconds(), crate::support::NOW);
}
