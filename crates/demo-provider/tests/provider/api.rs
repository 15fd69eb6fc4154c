use std::time::Duration;

use demo_provider::{Demo, FaultAction, SigningAlgorithm};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::*;

async fn token_with(demo: &Demo, user: &demo_provider::DemoUser, scope: &str) -> String {
    let answer = sign_in_with(demo, user, &Request::new(demo).with("scope", scope)).await;
    text(&answer, "access_token").to_owned()
}

async fn send(demo: &Demo, method: Method, path: &str, token: &str, body: Option<Value>) -> Reply {
    let mut request = http()
        .request(method, format!("{}{path}", demo.api_url()))
        .bearer_auth(token);
    if let Some(body) = body {
        request = request.json(&body);
    }
    Reply::read(request.send().await.unwrap()).await
}

#[tokio::test]
async fn me_tells_whom_the_token_speaks_for() {
    let demo = start().await;
    let token = token_with(&demo, alice(), "openid").await;
    let reply = call(&demo, "/api/me", &token).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("cache-control"), "no-store");
    let me = reply.json();
    assert_eq!(me["sub"], alice().sub);
    assert_eq!(me["name"], "Alice Liddell");
    assert_eq!(me["client_id"], "demo-spa");
    assert_eq!(me["scope"], "openid");
    assert_eq!(me["token_expires_in"], 60);
    assert_eq!(me["server_time"], NOW);
    assert_eq!(demo.counters().api_answers(200), 1);
}

#[tokio::test]
async fn without_a_token_the_challenge_names_no_error() {
    let demo = start().await;
    let url = format!("{}/api/me", demo.api_url());
    let reply = get(&url).await;
    assert_eq!(reply.status, 401);
    let challenge = reply.header("www-authenticate");
    assert!(
        challenge.starts_with("Bearer realm=\"demo-api\""),
        "{challenge}"
    );
    assert!(!challenge.contains("error"), "{challenge}");
    let metadata = challenge
        .split("resource_metadata=\"")
        .nth(1)
        .unwrap()
        .trim_end_matches('"');
    let document = get(metadata).await.json();
    assert_eq!(document["resource"], demo.urls().api_resource());
    assert_eq!(document["authorization_servers"], json!([demo.issuer()]));
    // Another scheme is no bearer token either.
    let basic = http()
        .get(&url)
        .basic_auth("alice", Some("x"))
        .send()
        .await
        .unwrap();
    assert_eq!(basic.status(), 401);
}

#[tokio::test]
async fn what_is_not_a_good_access_token_is_invalid() {
    let demo = start().await;
    let answer = sign_in(&demo, alice()).await;
    let good = text(&answer, "access_token").to_owned();
    let no_resource = Request::new(&demo).without("resource");
    let elsewhere = sign_in_with(&demo, alice(), &no_resource).await;
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let mut parts = good.split('.');
    let (header, _, _) = (parts.next().unwrap(), parts.next(), parts.next());
    let other_claims = {
        let mut claims = peek(&good);
        claims["sub"] = json!(bob().sub);
        use base64::Engine as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims.to_string())
    };
    let unsigned = {
        use base64::Engine as _;
        let header = base64::engine::general_purpose::URL_SAFE_NO_PAD
            .encode(r#"{"alg":"none","typ":"at+jwt"}"#);
        format!("{header}.{}.", good.split('.').nth(1).unwrap())
    };
    let bad = [
        text(&answer, "id_token").to_owned(),
        text(&answer, "refresh_token").to_owned(),
        text(&elsewhere, "access_token").to_owned(),
        format!("{signed}.{}", signature.chars().rev().collect::<String>()),
        format!("{header}.{other_claims}.{signature}"),
        unsigned,
        signed.to_owned(),
        "no-jwt-at-all".to_owned(),
        "...".to_owned(),
    ];
    for token in bad {
        let reply = call(&demo, "/api/me", &token).await;
        assert_eq!(reply.status, 401, "{token}");
        let challenge = reply.header("www-authenticate");
        assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
        assert!(
            token == "..." || !reply.text.contains(&token),
            "a token is never shown again"
        );
    }
    assert_eq!(call(&demo, "/api/me", &good).await.status, 200);
}

#[tokio::test]
async fn a_malformed_header_is_a_bad_request() {
    let demo = start().await;
    let token = token_with(&demo, alice(), "openid").await;
    let url = format!("{}/api/me", demo.api_url());
    for value in ["Bearer", "Bearer ", "Bearer a b", "Bearer \"x\""] {
        let reply = Reply::read(
            http()
                .get(&url)
                .header("authorization", value)
                .send()
                .await
                .unwrap(),
        )
        .await;
        assert_eq!(reply.status, 400, "{value}");
        assert!(
            reply
                .header("www-authenticate")
                .contains("error=\"invalid_request\"")
        );
    }
    let twice = http()
        .get(&url)
        .bearer_auth(&token)
        .bearer_auth(&token)
        .send()
        .await
        .unwrap();
    assert_eq!(twice.status(), 400);
    let lower_case = http()
        .get(&url)
        .header("authorization", format!("bearer {token}"));
    assert_eq!(lower_case.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_token_is_good_until_the_second_it_expires() {
    let demo = start().await;
    let token = token_with(&demo, alice(), "openid").await;
    demo.clock().advance(Duration::from_secs(59));
    assert_eq!(call(&demo, "/api/me", &token).await.status, 200);
    demo.clock().advance(Duration::from_secs(1));
    assert_eq!(call(&demo, "/api/me", &token).await.status, 401);
}

#[tokio::test]
async fn notes_are_made_read_changed_and_deleted() {
    let demo = start().await;
    let token = token_with(&demo, alice(), "openid notes:read notes:write").await;
    let listed = call(&demo, "/api/notes", &token).await.json();
    assert_eq!(listed["notes"].as_array().unwrap().len(), 2);

    let body = json!({"title": "한글 제목", "text": "<b>x</b>"});
    let created = send(&demo, Method::POST, "/api/notes", &token, Some(body)).await;
    assert_eq!(created.status, 201);
    let path = created.header("location").to_owned();
    let note = call(&demo, &path, &token).await.json();
    assert_eq!(note, created.json());
    assert_eq!(note["title"], "한글 제목");
    assert!(note.get("owner").is_none());

    demo.clock().advance(Duration::from_secs(1));
    let changed = json!({"title": "New"});
    let reply = send(&demo, Method::PUT, &path, &token, Some(changed)).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json()["text"], "");
    assert_eq!(reply.json()["updated_at"], (NOW + 1) * 1000);

    assert_eq!(
        send(&demo, Method::DELETE, &path, &token, None)
            .await
            .status,
        204
    );
    assert_eq!(call(&demo, &path, &token).await.status, 404);
    assert_eq!(
        send(&demo, Method::DELETE, &path, &token, None)
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn anothers_note_does_not_exist() {
    let demo = start().await;
    let scope = "openid notes:read notes:write";
    let alices = token_with(&demo, alice(), scope).await;
    let bobs = token_with(&demo, bob(), scope).await;
    let listed = call(&demo, "/api/notes", &alices).await.json();
    let path = format!("/api/notes/{}", listed["notes"][0]["id"]);
    let missing = call(&demo, "/api/notes/9999", &bobs).await;
    for reply in [
        call(&demo, &path, &bobs).await,
        send(
            &demo,
            Method::PUT,
            &path,
            &bobs,
            Some(json!({"title": "mine"})),
        )
        .await,
        send(&demo, Method::DELETE, &path, &bobs, None).await,
    ] {
        assert_eq!((reply.status, &reply.text), (missing.status, &missing.text));
        assert_eq!(reply.status, 404);
    }
    assert_eq!(call(&demo, &path, &alices).await.json(), listed["notes"][0]);
    assert_eq!(
        call(&demo, "/api/notes/not-a-number", &alices).await.status,
        404
    );
}

#[tokio::test]
async fn each_method_needs_its_scope() {
    let demo = start().await;
    let note = || Some(json!({"title": "x"}));
    let none = token_with(&demo, alice(), "openid").await;
    let read = token_with(&demo, alice(), "openid notes:read").await;
    let write = token_with(&demo, alice(), "openid notes:write").await;
    for (method, path, body, scope, allowed, refused) in [
        (
            Method::GET,
            "/api/notes",
            None,
            "notes:read",
            &read,
            vec![&none, &write],
        ),
        (
            Method::GET,
            "/api/notes/1",
            None,
            "notes:read",
            &read,
            vec![&none, &write],
        ),
        (
            Method::POST,
            "/api/notes",
            note(),
            "notes:write",
            &write,
            vec![&none, &read],
        ),
        (
            Method::PUT,
            "/api/notes/1",
            note(),
            "notes:write",
            &write,
            vec![&none, &read],
        ),
        (
            Method::DELETE,
            "/api/notes/1",
            None,
            "notes:write",
            &write,
            vec![&none, &read],
        ),
    ] {
        for token in refused {
            let reply = send(&demo, method.clone(), path, token, body.clone()).await;
            assert_eq!(reply.status, 403, "{method} {path}");
            let challenge = reply.header("www-authenticate");
            assert!(
                challenge.contains("error=\"insufficient_scope\""),
                "{challenge}"
            );
            assert!(
                challenge.contains(&format!("scope=\"{scope}\"")),
                "{challenge}"
            );
        }
        let reply = send(&demo, method.clone(), path, allowed, body).await;
        assert!(reply.status.is_success(), "{method} {path}: {}", reply.text);
    }
}

#[tokio::test]
async fn a_note_that_is_none_is_refused() {
    let demo = start().await;
    let token = token_with(&demo, alice(), "notes:write").await;
    let long_title = "x".repeat(201);
    let long_text = "x".repeat(10_001);
    for (body, status) in [
        (json!({}), 400),
        (json!(["title", "text"]), 400),
        (json!({"title": 1}), 400),
        (json!({"title": "x", "owner": "bob"}), 400),
        (json!({"title": "  "}), 422),
        (json!({"title": long_title}), 422),
        (json!({"title": "x", "text": long_text}), 422),
        (json!({"title": "x", "text": "x".repeat(100_000)}), 413),
    ] {
        let reply = send(&demo, Method::POST, "/api/notes", &token, Some(body)).await;
        assert_eq!(
            (reply.status.as_u16(), reply.error().as_str()),
            (status, "invalid_note")
        );
    }
    let url = format!("{}/api/notes", demo.api_url());
    let no_json = http()
        .post(&url)
        .bearer_auth(&token)
        .body("{\"title\":\"x\"}");
    assert_eq!(no_json.send().await.unwrap().status(), 415);
    assert_eq!(
        send(&demo, Method::PATCH, "/api/notes", &token, None)
            .await
            .status,
        405
    );
    assert_eq!(
        call(&demo, "/api/unheard-of", &token).await.error(),
        "not_found"
    );
}

#[tokio::test]
async fn the_api_learns_new_keys_by_itself_and_asks_no_more_than_it_must() {
    let demo = start().await;
    let before = sign_in(&demo, alice()).await;
    for _ in 0..3 {
        assert_eq!(
            call(&demo, "/api/me", text(&before, "access_token"))
                .await
                .status,
            200
        );
    }
    assert_eq!(demo.counters().jwks_requests, 1);
    demo.perform(FaultAction::RotateKeys).await.unwrap();
    let after = refresh(&demo, text(&before, "refresh_token")).await.json();
    assert_eq!(
        call(&demo, "/api/me", text(&after, "access_token"))
            .await
            .status,
        200
    );
    assert_eq!(demo.counters().jwks_requests, 2);
    // The old key is gone now.
    assert_eq!(
        call(&demo, "/api/me", text(&before, "access_token"))
            .await
            .status,
        401
    );

    let other = builder()
        .access_token_algorithm(SigningAlgorithm::Es256)
        .start()
        .await
        .unwrap();
    let foreign = sign_in(&other, alice()).await;
    for _ in 0..20 {
        assert_eq!(
            call(&demo, "/api/me", text(&foreign, "access_token"))
                .await
                .status,
            401
        );
    }
    assert!(
        demo.counters().jwks_requests <= 6,
        "{}",
        demo.counters().jwks_requests
    );
}
