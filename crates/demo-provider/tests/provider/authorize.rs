use std::time::Duration;

use demo_provider::{NewClient, Scope};

use crate::support::*;

/// A request that must end on a page of the provider and never lead anywhere.
async fn stays_here(request: &Request, demo: &demo_provider::Demo) -> String {
    let reply = Browser::new(demo).get(&request.url(), &[]).await;
    assert_eq!(reply.status, 400, "{request:?}");
    assert!(!reply.headers.contains_key("location"), "{request:?}");
    reply.page_error().to_owned()
}

#[tokio::test]
async fn a_good_request_ends_with_code_state_and_issuer() {
    let demo = start().await;
    let reply = Browser::new(&demo)
        .authorize(&Request::new(&demo), alice())
        .await;
    let mut params = reply.callback();
    assert_eq!(params.remove("state").as_deref(), Some("the state"));
    assert_eq!(params.remove("iss").as_deref(), Some(demo.issuer()));
    assert!(params.remove("code").unwrap().len() >= 43);
    assert!(params.is_empty(), "{params:?}");
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!(reply.header("referrer-policy"), "no-referrer");
    assert_eq!(demo.counters().authorization_requests, 1);
}

#[tokio::test]
async fn a_client_or_redirect_uri_that_is_not_registered_never_redirects() {
    let demo = start().await;
    let good = Request::new(&demo);
    let cases = [
        (good.clone().without("client_id"), "missing_client_id"),
        (good.clone().with("client_id", ""), "missing_client_id"),
        (good.clone().with("client_id", "nobody"), "unknown_client"),
        (
            good.clone().and("client_id", "demo-spa"),
            "missing_client_id",
        ),
        (good.clone().without("redirect_uri"), "missing_redirect_uri"),
        (
            good.clone().and("redirect_uri", REDIRECT_URI),
            "missing_redirect_uri",
        ),
    ];
    for (request, problem) in cases {
        assert_eq!(stays_here(&request, &demo).await, problem, "{request:?}");
    }
    for uri in [
        "http://localhost:8080/callback/",
        "http://localhost:8080/callback?x=1",
        "http://localhost:8080/Callback",
        "http://localhost:8081/callback",
        "http://127.0.0.1:8080/callback",
        "https://localhost:8080/callback",
        "http://localhost:8080/callback#",
        "http://localhost:8080/%63allback",
        "http://localhost:8080@evil.example/callback",
        "javascript:alert(1)",
        "//evil.example",
    ] {
        let request = good.clone().with("redirect_uri", uri);
        assert_eq!(
            stays_here(&request, &demo).await,
            "unregistered_redirect_uri",
            "{uri}"
        );
    }
}

#[tokio::test]
async fn other_mistakes_are_told_to_the_client_with_state_and_issuer() {
    let demo = start().await;
    let good = Request::new(&demo);
    let cases = [
        (good.clone().without("response_type"), "invalid_request"),
        (
            good.clone().with("response_type", "token"),
            "unsupported_response_type",
        ),
        (
            good.clone().with("response_type", "code id_token"),
            "unsupported_response_type",
        ),
        (
            good.clone().with("response_mode", "fragment"),
            "invalid_request",
        ),
        (good.clone().without("code_challenge"), "invalid_request"),
        (
            good.clone().without("code_challenge_method"),
            "invalid_request",
        ),
        (
            good.clone().with("code_challenge_method", "plain"),
            "invalid_request",
        ),
        (
            good.clone().with("code_challenge", "short"),
            "invalid_request",
        ),
        (
            good.clone().with("code_challenge", &"=".repeat(43)),
            "invalid_request",
        ),
        (good.clone().without("scope"), "invalid_scope"),
        (good.clone().with("scope", "nothing known"), "invalid_scope"),
        (
            good.clone().with("resource", "https://elsewhere.example/"),
            "invalid_target",
        ),
        (
            good.clone().and("resource", "https://elsewhere.example/"),
            "invalid_target",
        ),
        (good.clone().with("prompt", "none login"), "invalid_request"),
        (good.clone().with("prompt", "login none"), "invalid_request"),
        (good.clone().with("prompt", "dance"), "invalid_request"),
        (good.clone().with("max_age", "soon"), "invalid_request"),
        (good.clone().with("max_age", "-1"), "invalid_request"),
        (
            good.clone().with("id_token_hint", "no token"),
            "invalid_request",
        ),
        (good.clone().with("request", "x"), "request_not_supported"),
        (
            good.clone().with("request_uri", "urn:x"),
            "request_uri_not_supported",
        ),
        (
            good.clone().with("registration", "{}"),
            "registration_not_supported",
        ),
        (good.clone().and("nonce", "another"), "invalid_request"),
        (good.clone().and("scope", "openid"), "invalid_request"),
        (good.clone().with("prompt", "none"), "login_required"),
    ];
    for (request, error) in cases {
        let reply = Browser::new(&demo).get(&request.url(), &[]).await;
        let params = reply.callback();
        assert_eq!(params["error"], error, "{request:?}");
        assert_eq!(params["state"], "the state", "{request:?}");
        assert_eq!(params["iss"], demo.issuer(), "{request:?}");
        assert!(!params.contains_key("code"));
    }
    // A state that came twice is nobody's.
    let twice = good.clone().and("state", "another");
    let params = Browser::new(&demo).get(&twice.url(), &[]).await.callback();
    assert_eq!(params["error"], "invalid_request");
    assert!(!params.contains_key("state"));
}

#[tokio::test]
async fn a_scope_that_the_client_may_not_have_is_refused_and_an_unknown_one_ignored() {
    let demo = builder()
        .client(
            NewClient::public("Small")
                .client_id("small")
                .redirect_uri(REDIRECT_URI)
                .scopes([Scope::OpenId].into_iter().collect())
                .resources(Vec::new()),
        )
        .start()
        .await
        .unwrap();
    let small = Request::new(&demo)
        .with("client_id", "small")
        .without("resource");
    let refused = small.clone().with("scope", "openid email");
    assert_eq!(
        Browser::new(&demo)
            .get(&refused.url(), &[])
            .await
            .callback_error(),
        "invalid_scope"
    );
    let target = small.clone().with("resource", &demo.urls().api_resource());
    let target = target.with("scope", "openid");
    assert_eq!(
        Browser::new(&demo)
            .get(&target.url(), &[])
            .await
            .callback_error(),
        "invalid_target"
    );
    let accepted = small.with("scope", "openid made:up");
    assert!(
        Browser::new(&demo)
            .authorize(&accepted, alice())
            .await
            .callback()
            .contains_key("code")
    );
}

#[tokio::test]
async fn a_redirect_uri_keeps_the_query_it_was_registered_with() {
    let uri = "http://localhost:8080/callback?tenant=a%20b";
    let client = NewClient::public("Tenant")
        .client_id("tenant")
        .redirect_uri(uri);
    let demo = builder().client(client).start().await.unwrap();
    let request = Request::new(&demo)
        .with("client_id", "tenant")
        .with("redirect_uri", uri);
    let reply = Browser::new(&demo).authorize(&request, alice()).await;
    assert!(
        reply.location().starts_with(&format!("{uri}&code=")),
        "{reply:?}"
    );
}

#[tokio::test]
async fn the_request_may_be_posted_too() {
    let demo = start().await;
    let request = Request::new(&demo);
    let form: Vec<(&str, &str)> = request
        .params
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let page = Browser::new(&demo).post("/authorize", &form).await;
    assert!(page.shows("login-submit"), "{page:?}");
}

#[tokio::test]
async fn a_state_comes_back_as_it_was_whatever_it_holds() {
    let demo = start().await;
    let browser = Browser::new(&demo);
    browser.authorize(&Request::new(&demo), alice()).await;
    for state in ["a b+c&d=e%20", "<script>", "한국어", "\r\nSet-Cookie: x=1"] {
        let reply = browser
            .open(&Request::new(&demo).with("state", state).url())
            .await;
        assert_eq!(reply.callback()["state"], state);
        assert!(!reply.header("set-cookie").contains("x=1"));
    }
}

#[tokio::test]
async fn signed_in_with_consent_remembered_the_answer_comes_at_once_even_for_prompt_none() {
    let demo = start().await;
    let browser = Browser::new(&demo);
    browser.authorize(&Request::new(&demo), alice()).await;
    for request in [
        Request::new(&demo),
        Request::new(&demo).with("prompt", "none"),
    ] {
        assert!(
            browser
                .get(&request.url(), &[])
                .await
                .callback()
                .contains_key("code")
        );
    }
}

#[tokio::test]
async fn prompt_none_without_consent_is_consent_required() {
    let demo = start().await;
    let browser = Browser::new(&demo);
    let small = Request::new(&demo)
        .with("scope", "openid")
        .without("resource");
    browser.authorize(&small, alice()).await;
    let more = Request::new(&demo).with("prompt", "none");
    assert_eq!(
        browser.get(&more.url(), &[]).await.callback_error(),
        "consent_required"
    );
}

#[tokio::test]
async fn prompt_login_and_consent_ask_again() {
    let demo = start().await;
    let browser = Browser::new(&demo);
    browser.authorize(&Request::new(&demo), alice()).await;
    for prompt in ["login", "select_account"] {
        let page = browser
            .open(&Request::new(&demo).with("prompt", prompt).url())
            .await;
        assert!(page.shows("login-submit"), "{prompt}");
        let reply = browser.submit_login(&page, "alice", alice().password).await;
        assert!(reply.callback().contains_key("code"), "{prompt}");
    }
    let page = browser
        .open(&Request::new(&demo).with("prompt", "consent").url())
        .await;
    assert!(page.shows("consent-allow"));
}

#[tokio::test]
async fn max_age_asks_for_the_password_again_once_the_sign_in_is_too_old() {
    let demo = start().await;
    let browser = Browser::new(&demo);
    browser.authorize(&Request::new(&demo), alice()).await;
    demo.clock().advance(Duration::from_secs(100));
    let young = browser
        .open(&Request::new(&demo).with("max_age", "100").url())
        .await;
    assert!(young.callback().contains_key("code"));
    // Zero always asks, also within the same second.
    let now = Request::new(&demo).with("max_age", "0");
    assert!(browser.open(&now.url()).await.shows("login-submit"));
    let old = Request::new(&demo).with("max_age", "99");
    let silent = browser
        .get(&old.clone().with("prompt", "none").url(), &[])
        .await;
    assert_eq!(silent.callback_error(), "login_required");
    let page = browser.open(&old.url()).await;
    let reply = browser.submit_login(&page, "alice", alice().password).await;
    let answer = redeem(&demo, &reply.callback()["code"]).await.json();
    assert_eq!(peek(text(&answer, "id_token"))["auth_time"], NOW + 100);
}

#[tokio::test]
async fn an_id_token_hint_of_another_user_asks_for_that_user() {
    let demo = start().await;
    let hint = text(&sign_in(&demo, bob()).await, "id_token").to_owned();
    let browser = Browser::new(&demo);
    browser.authorize(&Request::new(&demo), alice()).await;
    let request = Request::new(&demo).with("id_token_hint", &hint);
    let silent = browser
        .get(&request.clone().with("prompt", "none").url(), &[])
        .await;
    assert_eq!(silent.callback_error(), "login_required");
    assert!(browser.open(&request.url()).await.shows("login-submit"));
}

#[tokio::test]
async fn a_flood_of_parameters_or_a_huge_query_is_refused() {
    let demo = start().await;
    let flood = "a=1&".repeat(100);
    let reply = get(&format!("{}/authorize?{flood}", demo.issuer())).await;
    assert_eq!(
        (reply.status.as_u16(), reply.page_error()),
        (400, "too_many_parameters")
    );
    let huge = "a".repeat(1_000_000);
    let reply = http()
        .get(format!("{}/authorize?state={huge}", demo.issuer()))
        .send()
        .await;
    // The server may answer 431 or hang up on one who still sends.
    assert!(reply.is_err() || reply.unwrap().status() == 431);
    assert_eq!(get(&format!("{}/jwks", demo.issuer())).await.status, 200);
}
