//! Pushed authorization requests (RFC 9126).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use demo_provider::{Demo, Failure, NewClient};
use serde_json::json;

use crate::support::*;

/// Pushes a request as the demo app does.
async fn push(demo: &Demo, request: &Request) -> Reply {
    let form: Vec<(&str, &str)> = request
        .params
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    post(demo, "/par", &form).await
}

/// A pushed request's `request_uri`.
async fn pushed(demo: &Demo, request: &Request) -> String {
    let reply = push(demo, request).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    text(&reply.json(), "request_uri").to_owned()
}

/// The address that a browser is sent to with a pushed request.
fn by_reference(demo: &Demo, client_id: &str, request_uri: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("client_id", client_id)
        .append_pair("request_uri", request_uri)
        .finish();
    format!("{}/authorize?{query}", demo.issuer())
}

async fn sign_in_at(browser: &Browser, url: &str) -> Reply {
    let page = browser.open(url).await;
    let page = browser
        .submit_login(&page, alice().username, alice().password)
        .await;
    browser.decide(&page, "allow").await
}

#[tokio::test]
async fn a_pushed_request_leads_to_a_code_by_its_reference_alone() {
    let demo = start().await;
    let reply = push(&demo, &Request::new(&demo)).await;
    // RFC 9126 2.2.
    assert_eq!(reply.status, 201, "{}", reply.text);
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!(reply.header("content-type"), "application/json");
    let answer = reply.json();
    assert_eq!(answer["expires_in"], 90);
    let request_uri = text(&answer, "request_uri");
    let reference = request_uri
        .strip_prefix("urn:ietf:params:oauth:request_uri:")
        .unwrap();
    assert!(reference.len() >= 43, "{reference}");

    let url = by_reference(&demo, "demo-spa", request_uri);
    let callback = sign_in_at(&Browser::new(&demo), &url).await.callback();
    assert_eq!(callback["state"], "the state");
    assert_eq!(callback["iss"], demo.issuer());
    let tokens = redeem(&demo, &callback["code"]).await.json();
    let id_token = peek(text(&tokens, "id_token"));
    assert_eq!(id_token["nonce"], "the-nonce");
    let access_token = peek(text(&tokens, "access_token"));
    assert_eq!(access_token["aud"], demo.urls().api_resource());
    assert_eq!(demo.counters().par_requests, 1);
}

#[tokio::test]
async fn what_else_stands_in_the_address_does_not_count() {
    // RFC 9126 4 with RFC 9101 5: only what was pushed is used.
    let demo = start().await;
    let request_uri = pushed(&demo, &Request::new(&demo).with("scope", "openid")).await;
    let url = by_reference(&demo, "demo-spa", &request_uri)
        + "&scope=openid+notes%3Awrite&state=forged&redirect_uri=https%3A%2F%2Fevil.example%2F";
    let callback = sign_in_at(&Browser::new(&demo), &url).await.callback();
    assert_eq!(callback["state"], "the state");
    let tokens = redeem(&demo, &callback["code"]).await.json();
    assert_eq!(tokens["scope"], "openid");
}

#[tokio::test]
async fn a_reference_works_once() {
    // RFC 9126 7.3.
    let demo = start().await;
    let url = by_reference(
        &demo,
        "demo-spa",
        &pushed(&demo, &Request::new(&demo)).await,
    );
    let browser = Browser::new(&demo);
    assert!(browser.open(&url).await.shows("login-submit"));
    let again = browser.open(&url).await;
    assert_eq!(again.status, 400);
    assert_eq!(again.page_error(), "invalid_request_uri");
    let other = Browser::new(&demo).open(&url).await;
    assert_eq!(other.page_error(), "invalid_request_uri");
}

#[tokio::test]
async fn a_reference_is_its_clients_alone_and_is_not_spent_by_another() {
    let client = NewClient::public("Other")
        .client_id("other")
        .redirect_uri(REDIRECT_URI);
    let demo = builder().client(client).start().await.unwrap();
    let request_uri = pushed(&demo, &Request::new(&demo)).await;
    let browser = Browser::new(&demo);
    let foreign = browser
        .open(&by_reference(&demo, "other", &request_uri))
        .await;
    assert_eq!(foreign.page_error(), "invalid_request_uri");
    let own = browser
        .open(&by_reference(&demo, "demo-spa", &request_uri))
        .await;
    assert!(own.shows("login-submit"));
}

#[tokio::test]
async fn a_reference_ends_after_its_time() {
    let demo = start().await;
    let early = pushed(&demo, &Request::new(&demo)).await;
    demo.clock().advance(Duration::from_secs(89));
    let page = Browser::new(&demo)
        .open(&by_reference(&demo, "demo-spa", &early))
        .await;
    assert!(page.shows("login-submit"));
    let late = pushed(&demo, &Request::new(&demo)).await;
    demo.clock().advance(Duration::from_secs(90));
    let page = Browser::new(&demo)
        .open(&by_reference(&demo, "demo-spa", &late))
        .await;
    assert_eq!(page.page_error(), "invalid_request_uri");
}

#[tokio::test]
async fn a_bad_request_is_told_when_it_is_pushed() {
    // RFC 9126 2.3: the errors of the authorization endpoint, without a redirect.
    let demo = start().await;
    let good = Request::new(&demo);
    for (request, error) in [
        (good.clone().without("code_challenge"), "invalid_request"),
        (
            good.clone().with("response_type", "token"),
            "unsupported_response_type",
        ),
        (good.clone().with("scope", "unheard-of"), "invalid_scope"),
        (
            good.clone().with("resource", "https://elsewhere.example/"),
            "invalid_target",
        ),
        (
            good.clone()
                .with("redirect_uri", "https://evil.example/callback"),
            "invalid_request",
        ),
        (good.clone().without("redirect_uri"), "invalid_request"),
        (good.clone().and("state", "again"), "invalid_request"),
        // A reference can't be pushed (RFC 9126 2.1).
        (
            good.clone()
                .with("request_uri", "urn:ietf:params:oauth:request_uri:x"),
            "invalid_request",
        ),
        (
            good.clone().with("request", "a.b.c"),
            "request_not_supported",
        ),
        (good.clone().with("dpop_jkt", "short"), "invalid_request"),
    ] {
        let reply = push(&demo, &request).await;
        assert_eq!(reply.status, 400, "{request:?}");
        assert_eq!(reply.error(), error, "{request:?}");
        assert_eq!(reply.header("cache-control"), "no-store");
    }
    let unknown = push(&demo, &good.clone().with("client_id", "nobody")).await;
    assert_eq!(
        (unknown.status.as_u16(), unknown.error().as_str()),
        (401, "invalid_client")
    );
    let large = push(&demo, &good.clone().with("state", &"a".repeat(17_000))).await;
    assert_eq!(
        (large.status.as_u16(), large.error().as_str()),
        (413, "invalid_request")
    );
    assert_eq!(get(&format!("{}/par", demo.issuer())).await.status, 405);
    let json = http()
        .post(format!("{}/par", demo.issuer()))
        .json(&json!({}));
    assert_eq!(json.send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn a_confidential_client_authenticates_as_at_the_token_endpoint() {
    let demo = start().await;
    let client = NewClient::confidential("Server")
        .client_id("server")
        .redirect_uri(REDIRECT_URI);
    let secret = demo.register_client(client).unwrap().client_secret.unwrap();
    let request = Request::new(&demo).with("client_id", "server");
    assert_eq!(push(&demo, &request).await.error(), "invalid_client");
    let form: Vec<_> = request.params.clone();
    for (secret, status) in [("wrong", 401), (secret.expose(), 201)] {
        let credentials = STANDARD.encode(format!("server:{secret}"));
        let request = http()
            .post(format!("{}/par", demo.issuer()))
            .header("authorization", format!("Basic {credentials}"))
            .form(&form);
        let reply = Reply::read(request.send().await.unwrap()).await;
        assert_eq!(reply.status, status, "{}", reply.text);
        assert_eq!(
            reply.headers.contains_key("www-authenticate"),
            status == 401
        );
    }
}

#[tokio::test]
async fn the_metadata_says_whether_pushing_is_possible_and_required() {
    let demo = start().await;
    let url = format!("{}/.well-known/openid-configuration", demo.issuer());
    let document = get(&url).await.json();
    assert_eq!(
        document["pushed_authorization_request_endpoint"],
        format!("{}/par", demo.issuer())
    );
    assert_eq!(document["require_pushed_authorization_requests"], false);

    demo.policy().set(|p| p.require_par = true).unwrap();
    let document = get(&url).await.json();
    assert_eq!(document["require_pushed_authorization_requests"], true);

    let off = |p: &mut demo_provider::Policy| (p.par, p.require_par) = (false, false);
    demo.policy().set(off).unwrap();
    let document = get(&url).await.json();
    assert!(
        document
            .get("pushed_authorization_request_endpoint")
            .is_none()
    );
    assert_eq!(push(&demo, &Request::new(&demo)).await.status, 404);
}

#[tokio::test]
async fn where_pushing_is_required_a_plain_request_ends_on_a_page_that_says_so() {
    // RFC 9126 5 (the server) and 6 (one client).
    let client = NewClient::public("Careful")
        .client_id("careful")
        .redirect_uri(REDIRECT_URI)
        .require_par();
    let demo = builder().client(client).start().await.unwrap();
    let (spa, careful) = (
        Request::new(&demo),
        Request::new(&demo).with("client_id", "careful"),
    );
    let browser = Browser::new(&demo);
    assert!(browser.open(&spa.url()).await.shows("login-submit"));
    let refused = browser.open(&careful.url()).await;
    assert_eq!(refused.status, 400);
    assert_eq!(
        refused.page_error(),
        "pushed_authorization_request_required"
    );
    assert!(
        refused
            .text
            .contains("pushed_authorization_request_endpoint")
    );
    let korean = browser
        .get(&careful.url(), &[("accept-language", "ko")])
        .await;
    assert!(korean.text.contains("로그인 요청을"), "{}", korean.text);
    let url = by_reference(&demo, "careful", &pushed(&demo, &careful).await);
    assert!(browser.open(&url).await.shows("login-submit"));

    demo.policy().set(|p| p.require_par = true).unwrap();
    let refused = browser.open(&spa.url()).await;
    assert_eq!(
        refused.page_error(),
        "pushed_authorization_request_required"
    );
}

#[tokio::test]
async fn a_client_registers_itself_as_one_that_pushes() {
    // RFC 9126 6, RFC 9449 5.2.
    let demo = start().await;
    let metadata = json!({
        "client_name": "Careful",
        "redirect_uris": [REDIRECT_URI],
        "token_endpoint_auth_method": "none",
        "require_pushed_authorization_requests": true,
    });
    let request = http()
        .post(format!("{}/register", demo.issuer()))
        .json(&metadata);
    let registered = Reply::read(request.send().await.unwrap()).await.json();
    assert_eq!(registered["require_pushed_authorization_requests"], true);
    assert_eq!(registered["dpop_bound_access_tokens"], false);
    let request = Request::new(&demo).with("client_id", text(&registered, "client_id"));
    let refused = Browser::new(&demo).open(&request.url()).await;
    assert_eq!(
        refused.page_error(),
        "pushed_authorization_request_required"
    );
}

#[tokio::test]
async fn no_client_keeps_more_than_a_thousand_requests_waiting() {
    // RFC 9126 2.3: 429.
    let client = NewClient::public("Other")
        .client_id("other")
        .redirect_uri(REDIRECT_URI);
    let demo = builder().client(client).start().await.unwrap();
    let request = Request::new(&demo);
    let http = http();
    let url = format!("{}/par", demo.issuer());
    for _ in 0..1_000 {
        let reply = http.post(&url).form(&request.params).send().await.unwrap();
        assert_eq!(reply.status(), 201);
    }
    let refused = push(&demo, &request).await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.error(), "temporarily_unavailable");
    assert_eq!(refused.header("retry-after"), "90");
    pushed(&demo, &request.clone().with("client_id", "other")).await;
    demo.clock().advance(Duration::from_secs(90));
    pushed(&demo, &request).await;
}

#[tokio::test]
async fn the_endpoint_fails_when_told_and_the_feed_holds_no_reference() {
    let demo = start().await;
    demo.faults()
        .set(|f| f.par_failure = Some(Failure::status(503).next(1)));
    assert_eq!(push(&demo, &Request::new(&demo)).await.status, 503);
    let before = demo.feed().newest();
    let request_uri = pushed(&demo, &Request::new(&demo)).await;
    let told = json!(demo.feed().after(before)).to_string();
    assert!(told.contains("\"/par\"") && told.contains("request_uri"));
    assert!(!told.contains(&request_uri));
}
