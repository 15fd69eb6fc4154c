//! What is bound to a key beside access tokens: codes, pushed requests and refresh tokens
//! (RFC 9449 5 and 10).

use demo_provider::NewClient;

use crate::proofs::*;
use crate::support::*;

#[tokio::test]
async fn a_code_is_bound_to_the_key_that_the_request_named() {
    // RFC 9449 10.
    let demo = start().await;
    let (key, thief) = (Key::es256(), Key::es256());
    let request = Request::new(&demo).with("dpop_jkt", &key.thumbprint);
    let url = token_url(&demo);
    let stolen = code_for(&demo, alice(), &request).await;
    let proof = thief.proof(&demo, "POST", &url).sign();
    let reply = redeem_with(&demo, &stolen, &proof).await;
    assert_eq!(reply.error(), "invalid_grant");
    let proof = key.proof(&demo, "POST", &url).sign();
    let spent = redeem_with(&demo, &stolen, &proof).await;
    assert_eq!(spent.error(), "invalid_grant");
    let stolen = code_for(&demo, alice(), &request).await;
    assert_eq!(redeem(&demo, &stolen).await.error(), "invalid_grant");

    for wrong in ["short", &"!".repeat(43), &"a".repeat(44)] {
        let request = Request::new(&demo).with("dpop_jkt", wrong);
        let reply = Browser::new(&demo).open(&request.url()).await;
        assert_eq!(reply.callback_error(), "invalid_request", "{wrong}");
    }
}

#[tokio::test]
async fn a_proof_at_the_pushed_request_binds_the_code_too() {
    // RFC 9449 10.1.
    let demo = start().await;
    let (key, other) = (Key::es256(), Key::es256());
    let par = format!("{}/par", demo.issuer());
    let push = async |request: &Request, proof: String| {
        let form: Vec<(&str, &str)> = request
            .params
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        post_with(&demo, "/par", &form, &proof).await
    };
    let named = Request::new(&demo).with("dpop_jkt", &key.thumbprint);
    let proof = other.proof(&demo, "POST", &par).sign();
    assert_eq!(push(&named, proof).await.error(), "invalid_dpop_proof");
    let proof = key.proof(&demo, "POST", &token_url(&demo)).sign();
    assert_eq!(push(&named, proof).await.error(), "invalid_dpop_proof");

    for request in [named, Request::new(&demo)] {
        let reply = push(&request, key.proof(&demo, "POST", &par).sign()).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        let reference = reply.json()["request_uri"].as_str().unwrap().to_owned();
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("client_id", "demo-spa")
            .append_pair("request_uri", &reference)
            .finish();
        let browser = Browser::new(&demo);
        let page = browser
            .open(&format!("{}/authorize?{query}", demo.issuer()))
            .await;
        let user = alice();
        let mut page = browser
            .submit_login(&page, user.username, user.password)
            .await;
        if page.shows("consent-allow") {
            assert!(page.shows("consent-dpop"));
            page = browser.decide(&page, "allow").await;
        }
        let code = page.callback().remove("code").unwrap();
        let proof = other.proof(&demo, "POST", &token_url(&demo)).sign();
        let reply = redeem_with(&demo, &code, &proof).await;
        assert_eq!(reply.error(), "invalid_grant");
    }
}

#[tokio::test]
async fn a_public_clients_refresh_token_is_bound_and_a_thief_can_neither_use_nor_revoke_it() {
    // RFC 9449 5.
    let demo = start().await;
    let (key, thief) = (Key::es256(), Key::es256());
    let url = token_url(&demo);
    let first = sign_in_bound(&demo, alice(), &key).await;
    let token = text(&first, "refresh_token");
    let reply = refresh(&demo, token).await;
    assert_eq!(reply.error(), "invalid_dpop_proof");
    let proof = thief.proof(&demo, "POST", &url).sign();
    let reply = refresh_with_proof(&demo, token, &proof).await;
    assert_eq!(reply.error(), "invalid_grant");

    let proof = key.proof(&demo, "POST", &url).sign();
    let second = refresh_with_proof(&demo, token, &proof).await.json();
    assert_eq!(second["token_type"], "DPoP");
    let claims = peek(text(&second, "access_token"));
    assert_eq!(claims["cnf"]["jkt"], key.thumbprint);
    // Even a token that was replaced revokes nothing without the key.
    let proof = thief.proof(&demo, "POST", &url).sign();
    assert_eq!(
        refresh_with_proof(&demo, token, &proof).await.error(),
        "invalid_grant"
    );
    assert_eq!(refresh(&demo, token).await.error(), "invalid_dpop_proof");
    assert_eq!(demo.counters().refresh_reuses, 0);
    let token = text(&second, "refresh_token");
    let proof = key.proof(&demo, "POST", &url).sign();
    assert_eq!(refresh_with_proof(&demo, token, &proof).await.status, 200);
    // With the key it is a reuse as ever.
    let proof = key.proof(&demo, "POST", &url).sign();
    assert_eq!(
        refresh_with_proof(&demo, token, &proof).await.error(),
        "invalid_grant"
    );
    assert_eq!(demo.counters().refresh_reuses, 1);
}

#[tokio::test]
async fn a_family_that_began_without_a_key_is_bound_to_the_first_one() {
    let demo = start().await;
    let key = Key::es256();
    let bearer = sign_in(&demo, alice()).await;
    let proof = key.proof(&demo, "POST", &token_url(&demo)).sign();
    let bound = refresh_with_proof(&demo, text(&bearer, "refresh_token"), &proof).await;
    let bound = bound.json();
    assert_eq!(bound["token_type"], "DPoP");
    let without = refresh(&demo, text(&bound, "refresh_token")).await;
    assert_eq!(without.error(), "invalid_dpop_proof");
    let proof = key.proof(&demo, "POST", &token_url(&demo)).sign();
    let with = refresh_with_proof(&demo, text(&bound, "refresh_token"), &proof).await;
    assert_eq!(with.status, 200);
}

#[tokio::test]
async fn a_confidential_clients_refresh_token_is_bound_to_its_secret_alone() {
    // RFC 9449 5.
    let demo = start().await;
    let client = NewClient::confidential("Server")
        .client_id("server")
        .redirect_uri(REDIRECT_URI)
        .auth_method(demo_provider::AuthMethod::ClientSecretPost);
    let secret = demo.register_client(client).unwrap().client_secret.unwrap();
    let request = Request::new(&demo).with("client_id", "server");
    let code = code_for(&demo, alice(), &request).await;
    let (one, other) = (Key::es256(), Key::es256());
    let url = token_url(&demo);
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", "server"),
        ("client_secret", secret.expose()),
        ("code", &code),
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", VERIFIER),
    ];
    let proof = one.proof(&demo, "POST", &url).sign();
    let tokens = post_with(&demo, "/token", &form, &proof).await.json();
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", "server"),
        ("client_secret", secret.expose()),
        ("refresh_token", text(&tokens, "refresh_token")),
    ];
    let proof = other.proof(&demo, "POST", &url).sign();
    let tokens = post_with(&demo, "/token", &form, &proof).await.json();
    let claims = peek(text(&tokens, "access_token"));
    assert_eq!(claims["cnf"]["jkt"], other.thumbprint);
}
