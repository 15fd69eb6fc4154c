use demo_provider::NewClient;

use crate::support::*;

async fn revoke(demo: &demo_provider::Demo, token: &str, more: &[(&str, &str)]) -> Reply {
    let mut form = vec![("token", token)];
    form.extend_from_slice(more);
    if !more.iter().any(|(name, _)| *name == "client_id") {
        form.push(("client_id", "demo-spa"));
    }
    post(demo, "/revoke", &form).await
}

#[tokio::test]
async fn revoking_a_refresh_token_ends_its_family() {
    let demo = start().await;
    for hint in [
        None,
        Some("refresh_token"),
        Some("access_token"),
        Some("unheard_of"),
    ] {
        let tokens = sign_in(&demo, alice()).await;
        let token = text(&tokens, "refresh_token");
        let hints: Vec<_> = hint.iter().map(|hint| ("token_type_hint", *hint)).collect();
        let reply = revoke(&demo, token, &hints).await;
        assert_eq!(
            (reply.status.as_u16(), reply.text.as_str()),
            (200, ""),
            "{hint:?}"
        );
        assert_eq!(refresh(&demo, token).await.error(), "invalid_grant");
        assert_eq!(
            userinfo(&demo, text(&tokens, "access_token")).await.status,
            401
        );
        // Once more changes nothing.
        assert_eq!(revoke(&demo, token, &hints).await.status, 200);
    }
}

#[tokio::test]
async fn revoking_an_access_token_ends_it_alone() {
    let demo = start().await;
    let tokens = sign_in(&demo, alice()).await;
    let access_token = text(&tokens, "access_token");
    assert_eq!(revoke(&demo, access_token, &[]).await.status, 200);
    assert_eq!(userinfo(&demo, access_token).await.status, 401);
    assert_eq!(
        refresh(&demo, text(&tokens, "refresh_token")).await.status,
        200
    );
}

#[tokio::test]
async fn an_unknown_token_is_as_good_as_revoked_and_anothers_is_refused() {
    let client = NewClient::public("Other")
        .client_id("other")
        .redirect_uri(REDIRECT_URI);
    let demo = builder().client(client).start().await.unwrap();
    assert_eq!(revoke(&demo, "made-up", &[]).await.status, 200);
    let tokens = sign_in(&demo, alice()).await;
    for token in ["access_token", "refresh_token"] {
        let reply = revoke(&demo, text(&tokens, token), &[("client_id", "other")]).await;
        assert_eq!(
            (reply.status.as_u16(), reply.error().as_str()),
            (400, "unauthorized_client")
        );
    }
    assert_eq!(
        userinfo(&demo, text(&tokens, "access_token")).await.status,
        200
    );
    assert_eq!(
        refresh(&demo, text(&tokens, "refresh_token")).await.status,
        200
    );
}

#[tokio::test]
async fn a_request_must_name_its_client_and_token() {
    let demo = start().await;
    let reply = revoke(&demo, "x", &[("client_id", "nobody")]).await;
    assert_eq!(
        (reply.status.as_u16(), reply.error().as_str()),
        (401, "invalid_client")
    );
    let reply = post(&demo, "/revoke", &[("client_id", "demo-spa")]).await;
    assert_eq!(
        (reply.status.as_u16(), reply.error().as_str()),
        (400, "invalid_request")
    );
    let twice = [("client_id", "demo-spa"), ("token", "a"), ("token", "b")];
    assert_eq!(
        post(&demo, "/revoke", &twice).await.error(),
        "invalid_request"
    );
}
