//! Several resources, and tokens for one or more of them (RFC 8707).

use demo_provider::{Demo, NewClient};
use serde_json::json;

use crate::support::*;

/// A request for tokens of the API and of the calendar.
fn for_both(demo: &Demo) -> Request {
    Request::new(demo).and("resource", &demo.urls().calendar_resource())
}

async fn statuses(demo: &Demo, token: &str) -> (u16, u16) {
    let main = call(demo, "/api/me", token).await;
    let calendar = call(demo, "/calendar/events", token).await;
    (main.status.as_u16(), calendar.status.as_u16())
}

#[tokio::test]
async fn a_token_opens_the_resources_in_its_audience_and_no_other() {
    let demo = start().await;
    let (api, calendar) = (demo.urls().api_resource(), demo.urls().calendar_resource());
    let both = sign_in_with(&demo, alice(), &for_both(&demo)).await;
    let token = text(&both, "access_token");
    assert_eq!(peek(token)["aud"], json!([api, calendar]));
    assert_eq!(statuses(&demo, token).await, (200, 200));

    let one = sign_in(&demo, alice()).await;
    assert_eq!(
        statuses(&demo, text(&one, "access_token")).await,
        (200, 401)
    );

    let request = Request::new(&demo).with("resource", &calendar);
    let other = sign_in_with(&demo, alice(), &request).await;
    let token = text(&other, "access_token");
    assert_eq!(peek(token)["aud"], calendar);
    assert_eq!(statuses(&demo, token).await, (401, 200));
    let refused = call(&demo, "/api/me", token).await;
    assert!(
        refused
            .header("www-authenticate")
            .contains("error=\"invalid_token\"")
    );
}

#[tokio::test]
async fn one_refresh_token_gives_a_token_for_each_resource() {
    // RFC 8707 2.2.
    let demo = start().await;
    let mut tokens = sign_in_with(&demo, alice(), &for_both(&demo)).await;
    let (api, calendar) = (demo.urls().api_resource(), demo.urls().calendar_resource());
    for (resource, opens) in [(&api, (200, 401)), (&calendar, (401, 200))] {
        let reply = refresh_with(
            &demo,
            text(&tokens, "refresh_token"),
            &[("resource", resource)],
        )
        .await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        tokens = reply.json();
        assert_eq!(peek(text(&tokens, "access_token"))["aud"], **resource);
        assert_eq!(statuses(&demo, text(&tokens, "access_token")).await, opens);
    }
    // Narrowing once does not narrow what was granted.
    let all = refresh(&demo, text(&tokens, "refresh_token")).await.json();
    assert_eq!(
        statuses(&demo, text(&all, "access_token")).await,
        (200, 200)
    );
    let twice = [("resource", api.as_str()), ("resource", api.as_str())];
    let all = refresh_with(&demo, text(&all, "refresh_token"), &twice)
        .await
        .json();
    assert_eq!(peek(text(&all, "access_token"))["aud"], api);
}

#[tokio::test]
async fn a_code_is_narrowed_too() {
    let demo = start().await;
    let calendar = demo.urls().calendar_resource();
    let code = code_for(&demo, alice(), &for_both(&demo)).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", "demo-spa"),
        ("code", &code),
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", VERIFIER),
        ("resource", &calendar),
    ];
    let tokens = post(&demo, "/token", &form).await.json();
    assert_eq!(
        statuses(&demo, text(&tokens, "access_token")).await,
        (401, 200)
    );
}

#[tokio::test]
async fn an_unknown_resource_is_an_invalid_target_wherever_it_is_named() {
    let client = NewClient::public("Small")
        .client_id("small")
        .redirect_uri(REDIRECT_URI);
    let demo = start().await;
    let small = client.resources(vec![demo.urls().api_resource()]);
    demo.register_client(small).unwrap();
    for resource in [
        "https://elsewhere.example/",
        "calendar",
        &format!("{}#x", demo.urls().calendar_resource()),
        demo.urls().calendar_resource().trim_end_matches('/'),
    ] {
        let request = for_both(&demo).and("resource", resource);
        let reply = Browser::new(&demo).open(&request.url()).await;
        assert_eq!(reply.callback_error(), "invalid_target", "{resource}");
        let tokens = sign_in(&demo, alice()).await;
        let refused = refresh_with(
            &demo,
            text(&tokens, "refresh_token"),
            &[("resource", resource)],
        )
        .await;
        assert_eq!(refused.error(), "invalid_target", "{resource}");
    }
    // One that exists, and that this client may not ask for.
    let request = for_both(&demo).with("client_id", "small");
    let request = request.and("resource", &demo.urls().calendar_resource());
    let reply = Browser::new(&demo).open(&request.url()).await;
    assert_eq!(reply.callback_error(), "invalid_target");
    // One that was not granted in the first place.
    let tokens = sign_in(&demo, alice()).await;
    let calendar = demo.urls().calendar_resource();
    let more = [("resource", calendar.as_str())];
    let refused = refresh_with(&demo, text(&tokens, "refresh_token"), &more).await;
    assert_eq!(refused.error(), "invalid_target");
}

#[tokio::test]
async fn consent_names_each_resource_and_asks_again_for_another() {
    let demo = start().await;
    let browser = Browser::new(&demo);
    let page = browser.open(&Request::new(&demo).url()).await;
    let page = browser
        .submit_login(&page, alice().username, alice().password)
        .await;
    assert!(page.text.contains("Your notes and profile"));
    assert!(!page.text.contains("Your calendar"));
    browser.decide(&page, "allow").await;
    let page = browser.open(&for_both(&demo).url()).await;
    assert!(page.shows("consent-resources") && page.text.contains("Your calendar"));
    browser.decide(&page, "allow").await.callback();
    let granted = browser.open("/account").await;
    assert!(granted.text.contains("Your calendar"));
}

#[tokio::test]
async fn each_resource_has_metadata_where_its_challenge_says() {
    // RFC 9728 3.1 and 5.1.
    let demo = start().await;
    for (path, resource) in [
        ("/api/me", demo.urls().api_resource()),
        ("/calendar/events", demo.urls().calendar_resource()),
    ] {
        let reply = get(&format!("{}{path}", demo.api_url())).await;
        assert_eq!(reply.status, 401);
        let challenge = reply.header("www-authenticate").to_owned();
        let metadata = challenge.split("resource_metadata=\"").nth(1).unwrap();
        let document = get(metadata.split('"').next().unwrap()).await.json();
        assert_eq!(document["resource"], resource);
        assert_eq!(document["authorization_servers"], json!([demo.issuer()]));
    }
    let url = format!("{}/.well-known/openid-configuration", demo.issuer());
    assert_eq!(
        get(&url).await.json()["protected_resources"],
        json!([demo.urls().api_resource(), demo.urls().calendar_resource()])
    );
}
