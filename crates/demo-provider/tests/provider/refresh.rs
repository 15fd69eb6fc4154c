use std::time::Duration;

use demo_provider::NewClient;

use crate::support::*;

#[tokio::test]
async fn a_refresh_rotates_the_token_and_gives_a_new_id_token_without_nonce() {
    let demo = start().await;
    let first = sign_in(&demo, alice()).await;
    demo.clock().advance(Duration::from_secs(50));
    let reply = refresh(&demo, text(&first, "refresh_token")).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(reply.header("cache-control"), "no-store");
    let second = reply.json();
    for token in ["access_token", "refresh_token", "id_token"] {
        assert_ne!(second[token], first[token], "{token}");
    }
    let (_, id_token) = verified(&demo, text(&second, "id_token")).await;
    assert_eq!(id_token["sub"], alice().sub);
    assert_eq!(id_token["iat"], NOW + 50);
    assert_eq!(id_token["auth_time"], NOW);
    assert!(id_token.get("nonce").is_none());
    assert_eq!(
        call(&demo, "/api/me", text(&second, "access_token"))
            .await
            .status,
        200
    );
    assert_eq!(demo.counters().token_results("refresh_token", "ok"), 1);
}

#[tokio::test]
async fn a_reused_refresh_token_revokes_its_family_and_no_other() {
    let demo = start().await;
    let other = sign_in(&demo, alice()).await;
    let first = sign_in(&demo, alice()).await;
    let second = refresh(&demo, text(&first, "refresh_token")).await.json();

    let reused = refresh(&demo, text(&first, "refresh_token")).await;
    assert_eq!(
        (reused.status.as_u16(), reused.error().as_str()),
        (400, "invalid_grant")
    );
    assert_eq!(demo.counters().refresh_reuses, 1);

    assert_eq!(
        refresh(&demo, text(&second, "refresh_token")).await.error(),
        "invalid_grant"
    );
    assert_eq!(
        userinfo(&demo, text(&second, "access_token")).await.status,
        401
    );
    // That was a revoked token, not another reuse.
    assert_eq!(demo.counters().refresh_reuses, 1);
    assert_eq!(
        refresh(&demo, text(&other, "refresh_token")).await.status,
        200
    );
}

#[tokio::test]
async fn of_many_refreshes_at_once_one_succeeds() {
    let demo = start().await;
    let tokens = sign_in(&demo, alice()).await;
    let token = text(&tokens, "refresh_token");
    let (a, b, c) = tokio::join!(
        refresh(&demo, token),
        refresh(&demo, token),
        refresh(&demo, token)
    );
    let succeeded = [&a, &b, &c]
        .into_iter()
        .filter(|reply| reply.status == 200)
        .count();
    assert_eq!(succeeded, 1);
    assert_eq!(
        demo.counters()
            .token_results("refresh_token", "invalid_grant"),
        2
    );
}

#[tokio::test]
async fn within_the_leeway_a_replaced_token_is_still_taken() {
    let demo = builder()
        .refresh_leeway(Duration::from_secs(10))
        .start()
        .await
        .unwrap();
    let first = sign_in(&demo, alice()).await;
    let token = text(&first, "refresh_token");
    assert_eq!(refresh(&demo, token).await.status, 200);
    demo.clock().advance(Duration::from_secs(9));
    assert_eq!(refresh(&demo, token).await.status, 200);
    demo.clock().advance(Duration::from_secs(1));
    assert_eq!(refresh(&demo, token).await.error(), "invalid_grant");
    assert_eq!(demo.counters().refresh_reuses, 1);
}

#[tokio::test]
async fn a_family_ends_a_day_after_its_sign_in_however_often_it_rotated() {
    let demo = start().await;
    let first = sign_in(&demo, alice()).await;
    demo.clock().advance(Duration::from_secs(86_399));
    let second = refresh(&demo, text(&first, "refresh_token")).await.json();
    demo.clock().advance(Duration::from_secs(1));
    assert_eq!(
        refresh(&demo, text(&second, "refresh_token")).await.error(),
        "invalid_grant"
    );
}

#[tokio::test]
async fn a_refresh_may_ask_for_less_and_never_for_more() {
    let demo = start().await;
    let request = Request::new(&demo).with("scope", "openid notes:read");
    let first = sign_in_with(&demo, alice(), &request).await;
    let token = text(&first, "refresh_token");
    let resource = demo.urls().api_resource();
    for (name, value, error) in [
        ("scope", "openid notes:write", "invalid_scope"),
        ("scope", "unheard-of", "invalid_scope"),
        ("resource", "https://elsewhere.example/", "invalid_target"),
    ] {
        let reply = refresh_with(&demo, token, &[(name, value)]).await;
        assert_eq!(reply.error(), error, "{name}={value}");
    }
    // A refused narrowing has not spent the token.
    let less = [("scope", "notes:read"), ("resource", resource.as_str())];
    let answer = refresh_with(&demo, token, &less).await.json();
    assert_eq!(answer["scope"], "notes:read");
    assert_eq!(peek(text(&answer, "access_token"))["scope"], "notes:read");
    // Less once is not less for ever.
    let answer = refresh(&demo, text(&answer, "refresh_token")).await.json();
    assert_eq!(answer["scope"], "openid notes:read");
}

#[tokio::test]
async fn a_refresh_token_serves_only_its_client() {
    let client = NewClient::public("Other")
        .client_id("other")
        .redirect_uri(REDIRECT_URI);
    let demo = builder().client(client).start().await.unwrap();
    let tokens = sign_in(&demo, alice()).await;
    let token = text(&tokens, "refresh_token");
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", "other"),
        ("refresh_token", token),
    ];
    assert_eq!(post(&demo, "/token", &form).await.error(), "invalid_grant");
    assert_eq!(refresh(&demo, token).await.status, 200);
    assert_eq!(refresh(&demo, "made-up").await.error(), "invalid_grant");
    assert_eq!(
        refresh(&demo, text(&tokens, "access_token")).await.error(),
        "invalid_grant"
    );
    assert_eq!(refresh(&demo, "").await.error(), "invalid_request");
}
