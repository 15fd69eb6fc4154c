use std::time::Duration;

use crate::support::*;

#[tokio::test]
async fn it_tells_what_the_scopes_allow() {
    let demo = start().await;
    let answer = sign_in(&demo, bob()).await;
    let reply = userinfo(&demo, text(&answer, "access_token")).await;
    assert_eq!(reply.status, 200);
    let claims = reply.json();
    assert_eq!(claims["sub"], bob().sub);
    assert_eq!(claims["name"], "Bob Mason");
    assert_eq!(claims["email_verified"], false);

    let small = Request::new(&demo).with("scope", "openid");
    let answer = sign_in_with(&demo, bob(), &small).await;
    let claims = userinfo(&demo, text(&answer, "access_token")).await.json();
    assert_eq!(claims, serde_json::json!({"sub": bob().sub}));
}

#[tokio::test]
async fn the_token_may_come_by_post_in_the_header_or_the_form_and_not_in_both() {
    let demo = start().await;
    let answer = sign_in(&demo, alice()).await;
    let token = text(&answer, "access_token");
    let url = format!("{}/userinfo", demo.issuer());
    let by_header = http().post(&url).bearer_auth(token).send().await.unwrap();
    assert_eq!(by_header.status(), 200);
    let by_form = http()
        .post(&url)
        .form(&[("access_token", token)])
        .send()
        .await
        .unwrap();
    assert_eq!(by_form.status(), 200);
    let both = http()
        .post(&url)
        .bearer_auth(token)
        .form(&[("access_token", token)]);
    let reply = Reply::read(both.send().await.unwrap()).await;
    assert_eq!(reply.status, 400);
    assert!(
        reply
            .header("www-authenticate")
            .contains("error=\"invalid_request\"")
    );
    let in_query = get(&format!("{url}?access_token={token}")).await;
    assert_eq!(in_query.status, 401);
}

#[tokio::test]
async fn what_is_no_valid_access_token_is_refused_with_a_challenge() {
    let demo = start().await;
    let answer = sign_in(&demo, alice()).await;
    let access_token = text(&answer, "access_token").to_owned();
    let without = get(&format!("{}/userinfo", demo.issuer())).await;
    assert_eq!(without.status, 401);
    assert_eq!(
        without.header("www-authenticate"),
        "Bearer realm=\"demo-provider\""
    );

    for token in [
        text(&answer, "id_token"),
        text(&answer, "refresh_token"),
        "made.up.token",
    ] {
        let reply = userinfo(&demo, token).await;
        assert_eq!(reply.status, 401);
        assert!(
            reply
                .header("www-authenticate")
                .contains("error=\"invalid_token\""),
            "{token}"
        );
    }
    let oauth_only = Request::new(&demo).with("scope", "notes:read");
    let other = sign_in_with(&demo, alice(), &oauth_only).await;
    let reply = userinfo(&demo, text(&other, "access_token")).await;
    assert_eq!(reply.status, 403);
    assert!(
        reply
            .header("www-authenticate")
            .contains("insufficient_scope")
    );
    assert!(
        reply
            .header("www-authenticate")
            .contains("scope=\"openid\"")
    );

    demo.clock().advance(Duration::from_secs(60));
    assert_eq!(userinfo(&demo, &access_token).await.status, 401);
}
