//! Tokens that are bound to a key (RFC 9449), at the token endpoint, UserInfo and the API.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use demo_provider::{DpopSupport, NewClient, Times};
use jsonwebtoken::Algorithm;
use reqwest::Method;
use serde_json::{Value, json};

use crate::proofs::*;
use crate::support::*;

#[tokio::test]
async fn a_proof_gives_tokens_that_are_bound_to_its_key() {
    let demo = start().await;
    let key = Key::es256();
    let tokens = sign_in_bound(&demo, alice(), &key).await;
    // RFC 9449 5 and 6.1.
    assert_eq!(tokens["token_type"], "DPoP");
    let token = text(&tokens, "access_token");
    let (_, claims) = verified(&demo, token).await;
    assert_eq!(claims["cnf"], json!({"jkt": key.thumbprint}));

    let me = format!("{}/api/me", demo.api_url());
    let reply = get_bound(&demo, &me, token, &key).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(reply.json()["token_type"], "DPoP");
    let userinfo = format!("{}/userinfo", demo.issuer());
    let reply = get_bound(&demo, &userinfo, token, &key).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let proof = key.proof(&demo, "POST", &userinfo).token(token).sign();
    let reply = send(Method::POST, &userinfo, "dpop", token, Some(&proof)).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(demo.counters().dpop_proofs, 4);
}

#[tokio::test]
async fn every_advertised_algorithm_proves() {
    let demo = start().await;
    let url = format!("{}/.well-known/openid-configuration", demo.issuer());
    let document = get(&url).await.json();
    let advertised = &document["dpop_signing_alg_values_supported"];
    assert_eq!(*advertised, json!(["ES256", "EdDSA", "PS256"]));
    let resource = format!("{}/.well-known/oauth-protected-resource", demo.api_url());
    let resource = get(&resource).await.json();
    assert_eq!(resource["dpop_signing_alg_values_supported"], *advertised);
    assert_eq!(resource["dpop_bound_access_tokens_required"], false);
    let me = format!("{}/api/me", demo.api_url());
    for key in [
        Key::es256(),
        Key::eddsa(),
        Key::rsa(2048, Algorithm::PS256, "PS256"),
    ] {
        let tokens = sign_in_bound(&demo, alice(), &key).await;
        let reply = get_bound(&demo, &me, text(&tokens, "access_token"), &key).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
    }
    // One that is not advertised, and one that is too small.
    for key in [
        Key::rsa(2048, Algorithm::RS256, "RS256"),
        Key::rsa(1024, Algorithm::PS256, "PS256"),
    ] {
        let code = code(&demo, alice()).await;
        let proof = key.proof(&demo, "POST", &token_url(&demo)).sign();
        let reply = redeem_with(&demo, &code, &proof).await;
        assert_eq!(reply.error(), "invalid_dpop_proof");
    }
}

#[tokio::test]
async fn without_a_proof_all_is_as_before() {
    let demo = start().await;
    let tokens = sign_in(&demo, alice()).await;
    assert_eq!(tokens["token_type"], "Bearer");
    assert!(peek(text(&tokens, "access_token")).get("cnf").is_none());
    assert_eq!(
        refresh(&demo, text(&tokens, "refresh_token")).await.status,
        200
    );
    assert_eq!(demo.counters().dpop_proofs, 0);
}

/// Proofs that are each wrong in one way, by what is wrong; made for `method` and `url`.
fn wrong_proofs(
    demo: &demo_provider::Demo,
    key: &Key,
    method: &str,
    url: &str,
    token: Option<&str>,
) -> Vec<(&'static str, String)> {
    let good = || {
        let proof = key.proof(demo, method, url);
        match token {
            Some(token) => proof.token(token),
            None => proof,
        }
    };
    let other = Key::es256();
    let now = demo.clock().now();
    let unsigned = {
        let proof = good().header("alg", json!("none")).sign();
        format!("{}.", proof.rsplit_once('.').unwrap().0)
    };
    let symmetric = good()
        .header("alg", json!("HS256"))
        .header("jwk", json!({"kty": "oct", "k": "c2VjcmV0"}));
    let private_member = |member: &str| {
        let mut jwk = key.jwk.clone();
        jwk[member] = json!("AAAA");
        good().header("jwk", jwk).sign()
    };
    let point_off_the_curve = {
        let mut jwk = key.jwk.clone();
        jwk["y"] = json!(URL_SAFE_NO_PAD.encode([7_u8; 32]));
        good().header("jwk", jwk).sign()
    };
    let padded = {
        let proof = good().sign();
        let (rest, signature) = proof.rsplit_once('.').unwrap();
        format!("{rest}.{signature}==")
    };
    let elsewhere = url.replace("localhost", "127.0.0.1");
    let mut wrong = vec![
        // RFC 9449 4.3, in its order.
        ("not a JWT", "no-jwt-at-all".to_owned()),
        ("empty parts", "..".to_owned()),
        ("no jti", good().without("jti").sign()),
        ("an empty jti", good().claim("jti", json!("")).sign()),
        (
            "a huge jti",
            good().claim("jti", json!("a".repeat(300))).sign(),
        ),
        ("no htm", good().without("htm").sign()),
        ("no htu", good().without("htu").sign()),
        ("no iat", good().without("iat").sign()),
        (
            "iat as text",
            good().claim("iat", json!(now.to_string())).sign(),
        ),
        ("another typ", good().header("typ", json!("JWT")).sign()),
        ("no typ", good().header("typ", Value::Null).sign()),
        ("alg none", unsigned),
        ("a symmetric alg", symmetric.sign()),
        ("another alg", good().header("alg", json!("PS256")).sign()),
        ("crit", good().header("crit", json!(["exp"])).sign()),
        ("no jwk", good().header("jwk", Value::Null).sign()),
        ("a private key in the header", private_member("d")),
        ("a symmetric key in the header", private_member("k")),
        (
            "an embedded key that differs",
            good().header("jwk", other.jwk.clone()).sign(),
        ),
        ("a point off the curve", point_off_the_curve),
        ("padding", padded),
        ("another method", good().claim("htm", json!("PUT")).sign()),
        (
            "a method in lower case",
            good().claim("htm", json!(method.to_lowercase())).sign(),
        ),
        (
            "another path",
            good().claim("htu", json!(format!("{url}/more"))).sign(),
        ),
        ("another host", good().claim("htu", json!(elsewhere)).sign()),
        (
            "another server",
            good()
                .claim("htu", json!("https://evil.example/token"))
                .sign(),
        ),
        ("a path alone", good().claim("htu", json!("/token")).sign()),
        ("too old", good().claim("iat", json!(now - 61)).sign()),
        ("too far ahead", good().claim("iat", json!(now + 61)).sign()),
    ];
    if token.is_some() {
        wrong.push(("no ath", good().without("ath").sign()));
        wrong.push(("ath of another token", good().token("another").sign()));
    }
    wrong
}

#[tokio::test]
async fn a_wrong_proof_is_refused_at_the_token_endpoint_and_spends_nothing() {
    let demo = start().await;
    let key = Key::es256();
    let url = token_url(&demo);
    let code = code(&demo, alice()).await;
    for (what, proof) in wrong_proofs(&demo, &key, "POST", &url, None) {
        let reply = redeem_with(&demo, &code, &proof).await;
        assert_eq!(reply.status, 400, "{what}: {}", reply.text);
        assert_eq!(reply.error(), "invalid_dpop_proof", "{what}");
        assert!(!reply.text.contains(&proof), "{what}");
    }
    let two = http()
        .post(&url)
        .header("dpop", key.proof(&demo, "POST", &url).sign())
        .header("dpop", key.proof(&demo, "POST", &url).sign())
        .form(&[("grant_type", "refresh_token"), ("client_id", "demo-spa")]);
    let reply = Reply::read(two.send().await.unwrap()).await;
    assert_eq!(reply.error(), "invalid_dpop_proof");
    // At the edge of the window, with a query in htu that does not count.
    let proof = key
        .proof(&demo, "POST", &format!("{url}?x=y"))
        .claim("iat", json!(demo.clock().now() - 60));
    let reply = redeem_with(&demo, &code, &proof.sign()).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
}

#[tokio::test]
async fn a_wrong_proof_is_refused_with_a_challenge_at_the_api_and_at_userinfo() {
    let demo = builder()
        .access_token_lifetime(Duration::from_secs(600))
        .start()
        .await
        .unwrap();
    let key = Key::es256();
    let tokens = sign_in_bound(&demo, alice(), &key).await;
    let token = text(&tokens, "access_token");
    for url in [
        format!("{}/api/me", demo.api_url()),
        format!("{}/userinfo", demo.issuer()),
    ] {
        for (what, proof) in wrong_proofs(&demo, &key, "GET", &url, Some(token)) {
            let reply = send(Method::GET, &url, "DPoP", token, Some(&proof)).await;
            assert_eq!(reply.status, 401, "{url} {what}: {}", reply.text);
            let challenges = challenges(&reply);
            assert_eq!(challenges.len(), 1, "{challenges:?}");
            assert!(challenges[0].starts_with("DPoP "), "{challenges:?}");
            assert!(
                challenges[0].contains("error=\"invalid_dpop_proof\""),
                "{what}: {challenges:?}"
            );
            assert!(challenges[0].contains("algs=\"ES256 EdDSA PS256\""));
        }
        // No proof at all, and one by another key with all else right (RFC 9449 7.1).
        let without = send(Method::GET, &url, "DPoP", token, None).await;
        assert!(challenges(&without)[0].contains("error=\"invalid_dpop_proof\""));
        let thief = get_bound(&demo, &url, token, &Key::es256()).await;
        assert_eq!(thief.status, 401);
        assert!(challenges(&thief)[0].contains("DPoP"), "{thief:?}");
        assert!(challenges(&thief)[0].contains("error=\"invalid_token\""));
        assert_eq!(get_bound(&demo, &url, token, &key).await.status, 200);
    }
}

#[tokio::test]
async fn a_proof_works_once() {
    // RFC 9449 11.1.
    let demo = builder()
        .access_token_lifetime(Duration::from_secs(600))
        .start()
        .await
        .unwrap();
    let key = Key::es256();
    let tokens = sign_in_bound(&demo, alice(), &key).await;
    let token = text(&tokens, "access_token");
    let url = format!("{}/api/me", demo.api_url());
    let early = demo.clock().now() + 60;
    let proof = key
        .proof(&demo, "GET", &url)
        .token(token)
        .claim("iat", json!(early));
    let proof = proof.sign();
    let send_it = || send(Method::GET, &url, "DPoP", token, Some(&proof));
    assert_eq!(send_it().await.status, 200);
    // As long as its iat would do, which here is two minutes.
    for pause in [0, 60, 60] {
        demo.clock().advance(Duration::from_secs(pause));
        let again = send_it().await;
        assert_eq!(again.status, 401);
        assert!(challenges(&again)[0].contains("used before"), "{again:?}");
    }
    demo.clock().advance(Duration::from_secs(1));
    assert!(challenges(&send_it().await)[0].contains("behind"));
    assert_eq!(demo.counters().dpop_replays, 3);

    let refresh_token = text(&tokens, "refresh_token");
    let proof = key.proof(&demo, "POST", &token_url(&demo)).sign();
    let second = refresh_with_proof(&demo, refresh_token, &proof).await;
    assert_eq!(second.status, 200, "{}", second.text);
    let refresh_token = second.json()["refresh_token"].as_str().unwrap().to_owned();
    let again = refresh_with_proof(&demo, &refresh_token, &proof).await;
    assert_eq!(again.error(), "invalid_dpop_proof");
}

#[tokio::test]
async fn a_bound_token_is_worth_nothing_as_a_bearer_token() {
    // RFC 9449 7.2.
    let demo = start().await;
    let key = Key::es256();
    let tokens = sign_in_bound(&demo, alice(), &key).await;
    let token = text(&tokens, "access_token");
    for url in [
        format!("{}/api/me", demo.api_url()),
        format!("{}/userinfo", demo.issuer()),
    ] {
        let proof = key.proof(&demo, "GET", &url).token(token).sign();
        for proof in [None, Some(proof.as_str())] {
            let reply = send(Method::GET, &url, "Bearer", token, proof).await;
            assert_eq!(reply.status, 401, "{url}");
            let challenges = challenges(&reply);
            assert!(challenges[0].starts_with("Bearer "));
            assert!(challenges[0].contains("error=\"invalid_token\""));
            assert!(challenges[1].starts_with("DPoP "), "{challenges:?}");
            assert!(challenges[1].contains("algs=\"ES256"), "{challenges:?}");
        }
    }
    let form = http()
        .post(format!("{}/userinfo", demo.issuer()))
        .form(&[("access_token", token)]);
    assert_eq!(form.send().await.unwrap().status(), 401);
    // And a bearer token is no bound one.
    let bearer = sign_in(&demo, alice()).await;
    let me = format!("{}/api/me", demo.api_url());
    let reply = get_bound(&demo, &me, text(&bearer, "access_token"), &key).await;
    assert_eq!(reply.status, 401);
    assert!(challenges(&reply)[0].contains("error=\"invalid_token\""));
}

#[tokio::test]
async fn whoever_must_use_dpop_gets_nothing_without_a_proof() {
    // RFC 9449 5.2, for one client and for all; RFC 9728 2 for the API.
    let client = NewClient::public("Careful")
        .client_id("careful")
        .redirect_uri(REDIRECT_URI)
        .require_dpop();
    let demo = builder().client(client).start().await.unwrap();
    let request = Request::new(&demo).with("client_id", "careful");
    let code = code_for(&demo, alice(), &request).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", "careful"),
        ("code", &code),
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", VERIFIER),
    ];
    let reply = post(&demo, "/token", &form).await;
    assert_eq!(reply.error(), "invalid_dpop_proof");
    let bearer = sign_in(&demo, alice()).await;
    demo.policy().set(|p| p.require_dpop = true).unwrap();
    let reply = refresh(&demo, text(&bearer, "refresh_token")).await;
    assert_eq!(reply.error(), "invalid_dpop_proof");

    demo.policy().set(|p| p.api_requires_dpop = true).unwrap();
    let reply = call(&demo, "/api/me", text(&bearer, "access_token")).await;
    assert_eq!(reply.status, 401);
    assert!(challenges(&reply).iter().all(|c| c.starts_with("DPoP ")));
    let metadata = format!("{}/.well-known/oauth-protected-resource", demo.api_url());
    let metadata = get(&metadata).await.json();
    assert_eq!(metadata["dpop_bound_access_tokens_required"], true);
}

#[tokio::test]
async fn dpop_can_be_unadvertised_or_unknown() {
    let demo = start().await;
    let key = Key::es256();
    let url = format!("{}/.well-known/openid-configuration", demo.issuer());
    let advertised = async || {
        let document = get(&url).await.json();
        document.get("dpop_signing_alg_values_supported").is_some()
    };
    assert!(advertised().await);
    let set = |support| demo.policy().set(|p| p.dpop = support).unwrap();
    set(DpopSupport::Unadvertised);
    assert!(!advertised().await);
    assert_eq!(
        sign_in_bound(&demo, alice(), &key).await["token_type"],
        "DPoP"
    );
    set(DpopSupport::Off);
    assert!(!advertised().await);
    let tokens = sign_in_bound(&demo, alice(), &key).await;
    assert_eq!(tokens["token_type"], "Bearer");
    assert!(peek(text(&tokens, "access_token")).get("cnf").is_none());
    let reply = refresh(&demo, text(&tokens, "refresh_token")).await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn a_provider_can_be_told_to_answer_bearer_to_a_proof() {
    let demo = start().await;
    let key = Key::es256();
    demo.faults().set(|f| f.dpop_answer_bearer = Times::Next(1));
    let tokens = sign_in_bound(&demo, alice(), &key).await;
    assert_eq!(tokens["token_type"], "Bearer");
    let token = text(&tokens, "access_token");
    assert_eq!(call(&demo, "/api/me", token).await.status, 200);

    let bound = sign_in_bound(&demo, alice(), &key).await;
    demo.faults().set(|f| f.dpop_answer_bearer = Times::Next(1));
    let proof = key.proof(&demo, "POST", &token_url(&demo)).sign();
    let reply = refresh_with_proof(&demo, text(&bound, "refresh_token"), &proof).await;
    assert_eq!(reply.json()["token_type"], "Bearer");
}

#[tokio::test]
async fn the_feed_tells_of_proofs_and_holds_none() {
    let demo = start().await;
    let key = Key::es256();
    let request = Request::new(&demo).with("dpop_jkt", &key.thumbprint);
    let code = code_for(&demo, alice(), &request).await;
    let before = demo.feed().newest();
    let proof = key.proof(&demo, "POST", &token_url(&demo)).sign();
    redeem_with(&demo, &code, &proof).await;
    let told = json!(demo.feed().after(before)).to_string();
    assert!(told.contains("proof by key"), "{told}");
    assert!(told.contains("\"token_type\":\"DPoP\""), "{told}");
    assert!(!told.contains(&proof) && !told.contains(&key.thumbprint));
}
