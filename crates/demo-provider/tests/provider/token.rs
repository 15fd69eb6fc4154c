use std::time::Duration;

use demo_provider::{NewClient, RefreshPolicy, SigningAlgorithm};
use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn a_code_gives_verifiable_tokens() {
    let demo = start().await;
    let reply = redeem(&demo, &code(&demo, alice()).await).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!(reply.header("pragma"), "no-cache");
    let answer = reply.json();
    assert_eq!(answer["token_type"], "Bearer");
    assert_eq!(answer["expires_in"], 60);
    assert_eq!(
        answer["scope"],
        "openid profile email offline_access notes:read notes:write"
    );
    assert!(answer["refresh_token"].is_string());

    let (header, id_token) = verified(&demo, text(&answer, "id_token")).await;
    assert_eq!(header.alg, jsonwebtoken::Algorithm::RS256);
    assert_eq!(id_token["iss"], demo.issuer());
    assert_eq!(id_token["aud"], "demo-spa");
    assert_eq!(id_token["sub"], alice().sub);
    assert_eq!(id_token["nonce"], "the-nonce");
    assert_eq!(id_token["iat"], NOW);
    assert_eq!(id_token["exp"], NOW + 300);
    assert_eq!(id_token["auth_time"], NOW);
    assert_eq!(id_token["name"], "Alice Liddell");
    assert_eq!(id_token["preferred_username"], "alice");
    assert_eq!(id_token["email"], "alice@example.com");
    assert_eq!(id_token["email_verified"], true);
    assert_eq!(id_token["locale"], "en");

    let (header, access_token) = verified(&demo, text(&answer, "access_token")).await;
    assert_eq!(header.typ.as_deref(), Some("at+jwt"));
    assert_eq!(access_token["aud"], demo.urls().api_resource());
    assert_eq!(access_token["client_id"], "demo-spa");
    assert_eq!(access_token["sub"], alice().sub);
    assert_eq!(access_token["exp"], NOW + 60);
    assert!(access_token["jti"].is_string());
    assert_eq!(demo.counters().token_results("authorization_code", "ok"), 1);
}

#[tokio::test]
async fn claims_follow_the_scopes_and_the_audience_follows_the_resource() {
    let demo = start().await;
    let request = Request::new(&demo)
        .with("scope", "openid")
        .without("resource")
        .without("nonce");
    let answer = sign_in_with(&demo, alice(), &request).await;
    let id_token = peek(text(&answer, "id_token"));
    for absent in ["name", "email", "nonce", "locale"] {
        assert!(id_token.get(absent).is_none(), "{absent}");
    }
    let access_token = peek(text(&answer, "access_token"));
    assert_eq!(access_token["aud"], format!("{}/userinfo", demo.issuer()));

    let oauth_only = Request::new(&demo).with("scope", "notes:read");
    let answer = sign_in_with(&demo, alice(), &oauth_only).await;
    assert!(answer.get("id_token").is_none());
}

#[tokio::test]
async fn the_id_token_is_signed_as_the_client_is_registered() {
    let client = NewClient::public("EC")
        .client_id("ec")
        .redirect_uri(REDIRECT_URI)
        .id_token_algorithm(SigningAlgorithm::Es256);
    let demo = builder()
        .client(client)
        .access_token_algorithm(SigningAlgorithm::Rs256)
        .start()
        .await
        .unwrap();
    let code = code_for(&demo, alice(), &Request::new(&demo).with("client_id", "ec")).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", "ec"),
        ("code", &code),
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", VERIFIER),
    ];
    let answer = post(&demo, "/token", &form).await.json();
    let (id_header, _) = verified(&demo, text(&answer, "id_token")).await;
    assert_eq!(id_header.alg, jsonwebtoken::Algorithm::ES256);
    let access_token = text(&answer, "access_token");
    assert_eq!(
        verified(&demo, access_token).await.0.alg,
        jsonwebtoken::Algorithm::RS256
    );
    assert_eq!(call(&demo, "/api/me", access_token).await.status, 200);
}

#[tokio::test]
async fn what_does_not_fit_the_code_is_refused() {
    let demo = builder()
        .client(
            NewClient::public("Other")
                .client_id("other")
                .redirect_uri(REDIRECT_URI),
        )
        .start()
        .await
        .unwrap();
    let wrong = "a".repeat(43);
    for (change, error) in [
        (("client_id", "other"), "invalid_grant"),
        (
            ("redirect_uri", "http://localhost:8080/other"),
            "invalid_grant",
        ),
        (("code_verifier", wrong.as_str()), "invalid_grant"),
        (("code", "made-up"), "invalid_grant"),
        (("resource", "https://elsewhere.example/"), "invalid_target"),
        (("code_verifier", "short"), "invalid_request"),
        (("grant_type", "password"), "unsupported_grant_type"),
        (("client_id", "nobody"), "invalid_client"),
        (
            ("client_secret", "a-public-client-has-none"),
            "invalid_client",
        ),
    ] {
        let code = code(&demo, alice()).await;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("client_id", "demo-spa"),
            ("code", &code),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", VERIFIER),
        ];
        form.retain(|(name, _)| *name != change.0);
        form.push(change);
        let reply = post(&demo, "/token", &form).await;
        assert_eq!(reply.error(), error, "{change:?}");
        let status = if error == "invalid_client" { 401 } else { 400 };
        assert_eq!(reply.status, status, "{change:?}");
        assert_eq!(reply.header("cache-control"), "no-store");
        assert!(!reply.text.contains(&code));
    }
}

#[tokio::test]
async fn each_parameter_must_come_and_come_once() {
    let demo = start().await;
    let code = code(&demo, alice()).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", "demo-spa"),
        ("code", code.as_str()),
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", VERIFIER),
    ];
    for (name, value) in form {
        let without: Vec<_> = form
            .into_iter()
            .filter(|(other, _)| *other != name)
            .collect();
        let error = if name == "client_id" {
            "invalid_client"
        } else {
            "invalid_request"
        };
        assert_eq!(
            post(&demo, "/token", &without).await.error(),
            error,
            "without {name}"
        );
        let mut twice = form.to_vec();
        twice.push((name, value));
        assert_eq!(
            post(&demo, "/token", &twice).await.error(),
            "invalid_request",
            "{name} twice"
        );
    }
    // None of that spent the code.
    assert_eq!(post(&demo, "/token", &form).await.status, 200);
}

#[tokio::test]
async fn a_body_that_is_no_form_or_too_large_is_refused() {
    let demo = start().await;
    let url = format!("{}/token", demo.issuer());
    let json = http()
        .post(&url)
        .json(&json!({"grant_type": "authorization_code"}));
    let reply = Reply::read(json.send().await.unwrap()).await;
    assert_eq!(
        (reply.status.as_u16(), reply.error().as_str()),
        (400, "invalid_request")
    );
    let large = "a".repeat(100_000);
    let reply = post(&demo, "/token", &[("code", &large)]).await;
    assert_eq!(
        (reply.status.as_u16(), reply.error().as_str()),
        (413, "invalid_request")
    );
    assert_eq!(get(&url).await.status, 405);
}

#[tokio::test]
async fn a_used_code_is_refused_and_revokes_its_tokens() {
    let demo = start().await;
    let code = code(&demo, alice()).await;
    let answer = redeem(&demo, &code).await.json();
    let access_token = text(&answer, "access_token");
    assert_eq!(userinfo(&demo, access_token).await.status, 200);

    assert_eq!(redeem(&demo, &code).await.error(), "invalid_grant");

    assert_eq!(
        refresh(&demo, text(&answer, "refresh_token")).await.error(),
        "invalid_grant"
    );
    assert_eq!(userinfo(&demo, access_token).await.status, 401);
}

#[tokio::test]
async fn a_code_tried_with_a_wrong_verifier_is_spent() {
    let demo = start().await;
    let code = code(&demo, alice()).await;
    let wrong = "a".repeat(43);
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", "demo-spa"),
        ("code", &code),
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", &wrong),
    ];
    assert_eq!(post(&demo, "/token", &form).await.error(), "invalid_grant");
    assert_eq!(redeem(&demo, &code).await.error(), "invalid_grant");
}

#[tokio::test]
async fn a_code_expires_after_a_minute() {
    let demo = start().await;
    let early = code(&demo, alice()).await;
    demo.clock().advance(Duration::from_secs(59));
    assert_eq!(redeem(&demo, &early).await.status, 200);
    let late = code(&demo, alice()).await;
    demo.clock().advance(Duration::from_secs(60));
    assert_eq!(redeem(&demo, &late).await.error(), "invalid_grant");
}

#[tokio::test]
async fn a_resource_at_the_token_endpoint_must_be_one_that_was_granted() {
    let demo = start().await;
    let resource = demo.urls().api_resource();
    let code = code_for(&demo, alice(), &Request::new(&demo).without("resource")).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", "demo-spa"),
        ("code", &code),
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", VERIFIER),
        ("resource", &resource),
    ];
    assert_eq!(post(&demo, "/token", &form).await.error(), "invalid_target");
}

#[tokio::test]
async fn who_gets_a_refresh_token_is_the_clients_policy() {
    for (policy, scope, expected) in [
        (RefreshPolicy::Always, "openid", true),
        (RefreshPolicy::WithOfflineAccess, "openid", false),
        (
            RefreshPolicy::WithOfflineAccess,
            "openid offline_access",
            true,
        ),
        (RefreshPolicy::Never, "openid offline_access", false),
    ] {
        let client = NewClient::public("X")
            .client_id("x")
            .redirect_uri(REDIRECT_URI)
            .refresh(policy);
        let demo = builder().client(client).start().await.unwrap();
        let request = Request::new(&demo)
            .with("client_id", "x")
            .with("scope", scope);
        let code = code_for(&demo, alice(), &request).await;
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", "x"),
            ("code", &code),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", VERIFIER),
        ];
        let answer = post(&demo, "/token", &form).await.json();
        assert_eq!(
            answer.get("refresh_token").is_some(),
            expected,
            "{policy:?} {scope}"
        );
    }
}
