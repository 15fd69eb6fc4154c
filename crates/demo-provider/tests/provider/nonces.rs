//! Nonces in DPoP proofs (RFC 9449 8 and 9).

use std::time::Duration;

use demo_provider::{Demo, DpopNonces, Times};
use reqwest::Method;

use crate::proofs::*;
use crate::support::*;

async fn with_nonces(issuer: DpopNonces, api: DpopNonces) -> Demo {
    let builder = builder().access_token_lifetime(Duration::from_secs(3_600));
    builder
        .policy(|policy| {
            policy.issuer_nonces = issuer;
            policy.api_nonces = api;
        })
        .start()
        .await
        .unwrap()
}

/// Reads the API's `/api/me` with a nonce.
async fn me(demo: &Demo, token: &str, key: &Key, nonce: Option<&str>) -> Reply {
    let url = format!("{}/api/me", demo.api_url());
    let proof = key.proof(demo, "GET", &url).token(token);
    let proof = match nonce {
        Some(nonce) => proof.nonce(nonce),
        None => proof,
    };
    send(Method::GET, &url, "DPoP", token, Some(&proof.sign())).await
}

#[tokio::test]
async fn the_token_endpoint_asks_for_its_nonce_and_spends_nothing() {
    let demo = with_nonces(DpopNonces::Required, DpopNonces::Off).await;
    let key = Key::es256();
    let code = code(&demo, alice()).await;
    let url = token_url(&demo);
    // RFC 9449 8.
    let proof = key.proof(&demo, "POST", &url).sign();
    let reply = redeem_with(&demo, &code, &proof).await;
    assert_eq!(reply.status, 400);
    assert_eq!(reply.error(), "use_dpop_nonce");
    assert_eq!(reply.header("cache-control"), "no-store");
    let nonce = reply.header("dpop-nonce").to_owned();
    assert!(nonce.len() >= 22, "{nonce}");
    assert_eq!(
        demo.counters()
            .token_results("authorization_code", "use_dpop_nonce"),
        1
    );
    let wrong = key.proof(&demo, "POST", &url).nonce("made-up").sign();
    let reply = redeem_with(&demo, &code, &wrong).await;
    assert_eq!(reply.error(), "use_dpop_nonce");
    let right = key.proof(&demo, "POST", &url).nonce(&nonce).sign();
    let reply = redeem_with(&demo, &code, &right).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(reply.header("dpop-nonce"), nonce);
    assert_eq!(demo.counters().dpop_nonce_challenges, 2);
    // Who sends no proof needs no nonce.
    let bearer = sign_in(&demo, alice()).await;
    let reply = refresh(&demo, text(&bearer, "refresh_token")).await;
    assert_eq!(reply.status, 200);
    assert!(!reply.headers.contains_key("dpop-nonce"));
}

#[tokio::test]
async fn each_server_has_nonces_of_its_own() {
    let demo = with_nonces(DpopNonces::Required, DpopNonces::Required).await;
    let key = Key::es256();
    let code = code(&demo, alice()).await;
    let url = token_url(&demo);
    let proof = key.proof(&demo, "POST", &url).sign();
    let reply = redeem_with(&demo, &code, &proof).await;
    let issuers = reply.header("dpop-nonce").to_owned();
    let proof = key.proof(&demo, "POST", &url).nonce(&issuers).sign();
    let tokens = redeem_with(&demo, &code, &proof).await.json();
    let token = text(&tokens, "access_token");

    // RFC 9449 9.
    let reply = me(&demo, token, &key, Some(&issuers)).await;
    assert_eq!(reply.status, 401);
    let challenge = &challenges(&reply)[0];
    assert!(challenge.starts_with("DPoP "), "{challenge}");
    assert!(
        challenge.contains("error=\"use_dpop_nonce\""),
        "{challenge}"
    );
    let apis = reply.header("dpop-nonce").to_owned();
    assert_ne!(apis, issuers);
    let reply = me(&demo, token, &key, Some(&apis)).await;
    assert_eq!(reply.status, 200, "{}", reply.text);

    let userinfo = format!("{}/userinfo", demo.issuer());
    for (nonce, status) in [(&apis, 401), (&issuers, 200)] {
        let proof = key.proof(&demo, "GET", &userinfo).token(token).nonce(nonce);
        let reply = send(Method::GET, &userinfo, "DPoP", token, Some(&proof.sign())).await;
        assert_eq!(reply.status, status, "{}", reply.text);
        assert!(reply.headers.contains_key("dpop-nonce"));
    }
}

#[tokio::test]
async fn a_required_nonce_is_renewed_in_time_and_ends_after_five_minutes() {
    let demo = with_nonces(DpopNonces::Off, DpopNonces::Required).await;
    let key = Key::es256();
    let tokens = sign_in_bound(&demo, alice(), &key).await;
    let token = text(&tokens, "access_token");
    let first = me(&demo, token, &key, None).await;
    let first = first.header("dpop-nonce").to_owned();
    demo.clock().advance(Duration::from_secs(150));
    let reply = me(&demo, token, &key, Some(&first)).await;
    assert_eq!(reply.status, 200);
    let second = reply.header("dpop-nonce").to_owned();
    assert_ne!(second, first);
    demo.clock().advance(Duration::from_secs(150));
    assert_eq!(me(&demo, token, &key, Some(&first)).await.status, 401);
    assert_eq!(me(&demo, token, &key, Some(&second)).await.status, 200);
}

#[tokio::test]
async fn a_rotating_nonce_is_new_in_every_answer() {
    let demo = with_nonces(DpopNonces::Off, DpopNonces::Rotating).await;
    demo.policy().set(|p| p.dpop_nonces_accepted = 2).unwrap();
    let key = Key::es256();
    let tokens = sign_in_bound(&demo, alice(), &key).await;
    let token = text(&tokens, "access_token");
    let mut nonces = vec![
        me(&demo, token, &key, None)
            .await
            .header("dpop-nonce")
            .to_owned(),
    ];
    for _ in 0..4 {
        let reply = me(&demo, token, &key, nonces.last().map(String::as_str)).await;
        assert_eq!(reply.status, 200);
        let next = reply.header("dpop-nonce").to_owned();
        assert!(!nonces.contains(&next));
        nonces.push(next);
    }
    assert_eq!(demo.counters().dpop_nonce_challenges, 1);
    // The newest two are taken, and each answer moves on.
    assert_eq!(me(&demo, token, &key, Some(&nonces[3])).await.status, 200);
    assert_eq!(me(&demo, token, &key, Some(&nonces[3])).await.status, 401);
}

#[tokio::test]
async fn a_challenge_can_be_made_endless() {
    let demo = start().await;
    let key = Key::es256();
    let tokens = sign_in_bound(&demo, alice(), &key).await;
    let token = text(&tokens, "access_token");
    demo.faults().set(|f| {
        f.api_nonce_challenge = Times::Always;
        f.issuer_nonce_challenge = Times::Next(2);
    });
    let mut nonce = None;
    for _ in 0..5 {
        let reply = me(&demo, token, &key, nonce.as_deref()).await;
        assert_eq!(reply.status, 401);
        assert!(challenges(&reply)[0].contains("use_dpop_nonce"));
        let next = Some(reply.header("dpop-nonce").to_owned());
        assert_ne!(next, nonce);
        nonce = next;
    }
    let bearer = sign_in(&demo, alice()).await;
    assert_eq!(
        call(&demo, "/api/me", text(&bearer, "access_token"))
            .await
            .status,
        200
    );
    for expected in [400, 400, 200] {
        let proof = key.proof(&demo, "POST", &token_url(&demo)).sign();
        let reply = refresh_with_proof(&demo, text(&tokens, "refresh_token"), &proof).await;
        assert_eq!(reply.status, expected);
    }
}

#[tokio::test]
async fn a_nonce_can_be_hidden_from_pages() {
    let demo = with_nonces(DpopNonces::Required, DpopNonces::Required).await;
    let exposed = async |url: &str| {
        let key = Key::es256();
        let request = http()
            .post(url)
            .header("origin", APP)
            .header("dpop", key.proof(&demo, "POST", url).sign())
            .form(&[("grant_type", "refresh_token"), ("client_id", "demo-spa")]);
        let reply = Reply::read(request.send().await.unwrap()).await;
        assert!(reply.headers.contains_key("dpop-nonce"), "{reply:?}");
        assert_eq!(reply.header("access-control-allow-origin"), APP);
        let exposed = reply.header("access-control-expose-headers").to_lowercase();
        assert!(exposed.contains("www-authenticate"), "{exposed}");
        exposed.contains("dpop-nonce")
    };
    let api = format!("{}/api/notes", demo.api_url());
    for url in [token_url(&demo), api] {
        assert!(exposed(&url).await);
        demo.faults().set(|f| f.dpop_nonce_hidden = Times::Next(1));
        assert!(!exposed(&url).await);
        assert!(exposed(&url).await);
    }
}

#[tokio::test]
async fn a_challenge_of_the_api_can_be_hidden_from_pages() {
    let demo = start().await;
    demo.faults()
        .set(|f| f.api_challenge_hidden = Times::Next(1));
    for readable in [false, true] {
        let request = http()
            .get(format!("{}/api/vault", demo.api_url()))
            .header("origin", APP);
        let reply = Reply::read(request.send().await.unwrap()).await;
        assert_eq!(challenges(&reply).len(), 2);
        let exposed = reply.header("access-control-expose-headers").to_lowercase();
        assert_eq!(exposed.contains("www-authenticate"), readable);
        assert!(exposed.contains("dpop-nonce"), "{exposed}");
    }
}
