use demo_provider::{
    Demo, EventKind, ExpiresIn, Failure, FailureBody, FaultAction, FaultSettings, Times,
};
use serde_json::{Value, json};

use crate::support::*;

async fn callback(demo: &Demo) -> std::collections::HashMap<String, String> {
    Browser::new(demo)
        .authorize(&Request::new(demo), alice())
        .await
        .callback()
}

#[tokio::test]
async fn the_token_endpoint_fails_as_told_and_recovers() {
    let demo = start().await;
    let first = sign_in(&demo, alice()).await;
    let token = text(&first, "refresh_token");
    demo.faults()
        .set(|f| f.token_failure = Some(Failure::status(503).next(2).retry_after(7)));
    for _ in 0..2 {
        let reply = refresh(&demo, token).await;
        assert_eq!(
            (reply.status.as_u16(), reply.header("retry-after")),
            (503, "7")
        );
        assert_eq!(reply.error(), "temporarily_unavailable");
    }
    assert_eq!(refresh(&demo, token).await.status, 200);
    assert_eq!(demo.faults().get(), FaultSettings::default());
    assert_eq!(
        demo.counters().token_results("refresh_token", "fault_503"),
        2
    );

    for (body, starts_with) in [
        (FailureBody::Html, "<!doctype html>"),
        (FailureBody::Empty, ""),
        (FailureBody::TruncatedJson, "{\"error\":\"server_er"),
    ] {
        demo.faults()
            .set(|f| f.token_failure = Some(Failure::status(502).next(1).body(body)));
        let reply = refresh(&demo, token).await;
        assert_eq!(reply.status, 502);
        assert!(
            reply.text.starts_with(starts_with) && reply.text.is_empty() == starts_with.is_empty()
        );
        assert!(serde_json::from_str::<Value>(&reply.text).is_err());
    }
}

#[tokio::test]
async fn a_held_token_endpoint_answers_when_released() {
    let demo = start().await;
    let first = sign_in(&demo, alice()).await;
    let token = text(&first, "refresh_token").to_owned();
    let mark = demo.feed().newest();
    demo.faults().set(|f| f.hold_token_requests = true);
    let held = async { refresh(&demo, &token).await };
    let release = async {
        let received = demo
            .feed()
            .wait_for(mark, PATIENCE, |event| {
                event.endpoint == "/token" && event.kind == EventKind::Received
            })
            .await;
        assert_eq!(
            received.unwrap().detail("grant_type"),
            Some("refresh_token")
        );
        assert_eq!(demo.counters().token_requests_of("refresh_token"), 0);
        demo.faults().set(|f| f.hold_token_requests = false);
    };
    let (reply, ()) = tokio::join!(held, release);
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn a_lost_answer_has_done_its_work() {
    let demo = start().await;
    let first = sign_in(&demo, alice()).await;
    let token = text(&first, "refresh_token");
    demo.faults().set(|f| f.drop_token_answer = Times::Next(1));
    let url = format!("{}/token", demo.issuer());
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", "demo-spa"),
        ("refresh_token", token),
    ];
    assert!(http().post(url).form(&form).send().await.is_err());
    assert_eq!(demo.counters().token_results("refresh_token", "ok"), 1);
    // The token was rotated, so sending it again is reuse.
    assert_eq!(refresh(&demo, token).await.error(), "invalid_grant");
    assert_eq!(demo.counters().refresh_reuses, 1);
}

#[tokio::test]
async fn the_refresh_knobs_do_what_they_say() {
    let demo = start().await;
    let first = sign_in(&demo, alice()).await;
    let token = text(&first, "refresh_token");

    demo.faults().set(|f| f.keep_refresh_token = Times::Next(1));
    let answer = refresh(&demo, token).await.json();
    assert!(answer.get("refresh_token").is_none());

    demo.faults()
        .set(|f| f.omit_id_token_on_refresh = Times::Next(1));
    let answer = refresh(&demo, token).await.json();
    assert!(answer.get("id_token").is_none() && answer.get("refresh_token").is_some());
    let token = text(&answer, "refresh_token");

    demo.faults().set(|f| f.refuse_refresh = Times::Next(1));
    assert_eq!(refresh(&demo, token).await.error(), "invalid_grant");
    // Refused is over: the family is gone.
    assert_eq!(refresh(&demo, token).await.error(), "invalid_grant");

    demo.faults().set(|f| f.omit_refresh_token = Times::Next(1));
    let answer = sign_in(&demo, alice()).await;
    assert!(answer.get("refresh_token").is_none());
}

#[tokio::test]
async fn expires_in_is_told_in_every_odd_way() {
    let demo = start().await;
    for (fault, expected) in [
        (ExpiresIn::Honest, json!(60)),
        (ExpiresIn::Text, json!("60")),
        (ExpiresIn::Zero, json!(0)),
        (ExpiresIn::Negative, json!(-1)),
        (ExpiresIn::Null, Value::Null),
    ] {
        demo.faults().set(|f| f.expires_in = fault);
        assert_eq!(
            sign_in(&demo, alice()).await.get("expires_in"),
            Some(&expected)
        );
    }
    demo.faults().set(|f| f.expires_in = ExpiresIn::Omitted);
    assert_eq!(sign_in(&demo, alice()).await.get("expires_in"), None);
}

#[tokio::test]
async fn the_callbacks_issuer_can_be_wrong_or_missing() {
    let demo = start().await;
    demo.faults().set(|f| f.callback_wrong_iss = Times::Next(1));
    assert_eq!(callback(&demo).await["iss"], "https://issuer.invalid");
    demo.faults().set(|f| f.callback_omit_iss = Times::Next(1));
    assert!(!callback(&demo).await.contains_key("iss"));
    assert_eq!(callback(&demo).await["iss"], demo.issuer());
}

#[tokio::test]
async fn each_id_token_fault_spoils_its_claim_and_nothing_else() {
    let demo = start().await;
    let good = peek(text(&sign_in(&demo, alice()).await, "id_token"));
    type Knob = fn(&mut FaultSettings) -> &mut Times;
    let knobs: [(&str, Knob); 6] = [
        ("iss", |f| &mut f.id_token_wrong_iss),
        ("aud", |f| &mut f.id_token_wrong_aud),
        ("nonce", |f| &mut f.id_token_wrong_nonce),
        ("sub", |f| &mut f.id_token_wrong_sub),
        ("at_hash", |f| &mut f.id_token_wrong_at_hash),
        ("exp", |f| &mut f.id_token_expired),
    ];
    for (claim, knob) in knobs {
        demo.faults().set(|f| *knob(f) = Times::Next(1));
        let answer = sign_in(&demo, alice()).await;
        let (_, spoilt) = verified(&demo, text(&answer, "id_token")).await;
        for (name, value) in good.as_object().unwrap() {
            // at_hash belongs to its access token, and an expired token was issued earlier.
            let same = &spoilt[name] == value;
            let differs = name == claim || name == "at_hash" || (claim == "exp" && name == "iat");
            assert_eq!(same, !differs, "{claim}: {name}");
        }
    }
    let at_hash = |answer: &Value| peek(text(answer, "id_token"))["at_hash"].clone();
    let expected = |answer: &Value| {
        use base64::Engine as _;
        use sha2::Digest as _;
        let digest = sha2::Sha256::digest(text(answer, "access_token"));
        json!(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&digest[..16]))
    };
    let honest = sign_in(&demo, alice()).await;
    assert_eq!(at_hash(&honest), expected(&honest));
    demo.faults()
        .set(|f| f.id_token_wrong_at_hash = Times::Next(1));
    let spoilt = sign_in(&demo, alice()).await;
    assert_ne!(at_hash(&spoilt), expected(&spoilt));
}

#[tokio::test]
async fn signatures_are_spoilt_or_left_out() {
    let demo = start().await;
    demo.faults()
        .set(|f| f.id_token_bad_signature = Times::Next(1));
    let answer = sign_in(&demo, alice()).await;
    let error = try_verify(&demo, text(&answer, "id_token"))
        .await
        .unwrap_err();
    assert_eq!(
        *error.kind(),
        jsonwebtoken::errors::ErrorKind::InvalidSignature
    );
    // The access token beside it is sound.
    verified(&demo, text(&answer, "access_token")).await;

    demo.faults().set(|f| f.id_token_alg_none = Times::Next(1));
    let answer = sign_in(&demo, alice()).await;
    let id_token = text(&answer, "id_token");
    assert!(
        id_token.ends_with('.') && id_token.starts_with("eyJhbGciOiJub25lI"),
        "{id_token}"
    );
}

#[tokio::test]
async fn rotated_keys_are_other_keys() {
    let demo = start().await;
    let tokens = sign_in(&demo, alice()).await;
    let before = jwks(&demo).await;
    demo.perform(FaultAction::RotateKeys).await.unwrap();
    let after = jwks(&demo).await;
    for key in &before.keys {
        assert!(after.find(key.common.key_id.as_deref().unwrap()).is_none());
    }
    let answer = refresh(&demo, text(&tokens, "refresh_token")).await.json();
    verified(&demo, text(&answer, "id_token")).await;
}

#[tokio::test]
async fn access_tokens_expire_on_demand_and_new_ones_are_good() {
    let demo = start().await;
    let tokens = sign_in(&demo, alice()).await;
    demo.perform(FaultAction::ExpireAccessTokens).await.unwrap();
    assert_eq!(
        call(&demo, "/api/me", text(&tokens, "access_token"))
            .await
            .status,
        401
    );
    assert_eq!(
        userinfo(&demo, text(&tokens, "access_token")).await.status,
        401
    );
    let answer = refresh(&demo, text(&tokens, "refresh_token")).await.json();
    assert_eq!(
        call(&demo, "/api/me", text(&answer, "access_token"))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn everything_is_revoked_on_demand() {
    let demo = start().await;
    let browser = Browser::new(&demo);
    let reply = browser.authorize(&Request::new(&demo), alice()).await;
    let tokens = redeem(&demo, &reply.callback()["code"]).await.json();
    let unused = code(&demo, bob()).await;
    demo.perform(FaultAction::RevokeEverything).await.unwrap();
    assert_eq!(
        call(&demo, "/api/me", text(&tokens, "access_token"))
            .await
            .status,
        401
    );
    assert_eq!(
        refresh(&demo, text(&tokens, "refresh_token")).await.error(),
        "invalid_grant"
    );
    assert_eq!(redeem(&demo, &unused).await.error(), "invalid_grant");
    let silent = Request::new(&demo).with("prompt", "none");
    assert_eq!(
        browser.get(&silent.url(), &[]).await.callback_error(),
        "login_required"
    );
}

#[tokio::test]
async fn cors_headers_disappear_on_demand_while_the_preflight_passes() {
    let demo = start().await;
    demo.faults().set(|f| f.token_without_cors = Times::Next(1));
    demo.faults().set(|f| f.api_without_cors = Times::Next(1));
    for url in [
        format!("{}/token", demo.issuer()),
        format!("{}/api/me", demo.api_url()),
    ] {
        let preflight = http()
            .request(reqwest::Method::OPTIONS, &url)
            .header("origin", APP)
            .header("access-control-request-method", "POST");
        let preflight = Reply::read(preflight.send().await.unwrap()).await;
        assert_eq!(preflight.header("access-control-allow-origin"), APP);
        for expected in ["", APP] {
            let request = http().post(&url).header("origin", APP).form(&[("a", "b")]);
            let reply = Reply::read(request.send().await.unwrap()).await;
            assert_eq!(reply.header("access-control-allow-origin"), expected);
        }
    }
}

#[tokio::test]
async fn discovery_jwks_userinfo_revocation_and_api_fail_as_told() {
    let demo = start().await;
    let tokens = sign_in(&demo, alice()).await;
    let access_token = text(&tokens, "access_token");
    let discovery = format!("{}/.well-known/openid-configuration", demo.issuer());
    demo.faults().set(|f| {
        f.discovery_failure = Some(Failure::status(500).next(1));
        f.jwks_failure = Some(Failure::status(503).next(1));
        f.userinfo_failure = Some(Failure::status(500).next(1));
        f.revocation_failure = Some(Failure::status(503).next(1));
        f.api_failure = Some(Failure::status(503).next(1).retry_after(1));
    });
    assert_eq!(get(&discovery).await.status, 500);
    assert_eq!(get(&format!("{}/jwks", demo.issuer())).await.status, 503);
    assert_eq!(userinfo(&demo, access_token).await.status, 500);
    assert_eq!(post(&demo, "/revoke", &[("token", "x")]).await.status, 503);
    assert_eq!(call(&demo, "/api/me", access_token).await.status, 503);
    assert_eq!(demo.faults().get(), FaultSettings::default());

    demo.faults().set(|f| {
        f.discovery_wrong_issuer = Times::Next(1);
        f.userinfo_wrong_sub = Times::Next(1);
        f.api_unauthorized = Times::Next(1);
    });
    assert_eq!(
        get(&discovery).await.json()["issuer"],
        "https://issuer.invalid"
    );
    assert_eq!(get(&discovery).await.json()["issuer"], demo.issuer());
    assert_eq!(
        userinfo(&demo, access_token).await.json()["sub"],
        "another-user"
    );
    assert_eq!(call(&demo, "/api/me", access_token).await.status, 401);
    assert_eq!(call(&demo, "/api/me", access_token).await.status, 200);

    demo.faults().set(|f| {
        f.metadata
            .insert("revocation_endpoint".to_owned(), Value::Null);
        f.metadata
            .insert("token_endpoint".to_owned(), json!("http://localhost:1/t"));
    });
    let document = get(&discovery).await.json();
    assert!(document.get("revocation_endpoint").is_none());
    assert_eq!(document["token_endpoint"], "http://localhost:1/t");
}

#[tokio::test]
async fn a_redirected_token_request_is_not_answered() {
    let demo = start().await;
    let code = code(&demo, alice()).await;
    demo.faults()
        .set(|f| f.redirect_token_request = Times::Next(1));
    assert_eq!(redeem(&demo, &code).await.status, 307);
    assert_eq!(redeem(&demo, &code).await.status, 200);
}

#[tokio::test]
async fn slowness_is_measured_in_real_time() {
    let demo = start().await;
    demo.faults().set(|f| {
        f.token_delay_ms = 150;
        f.api_delay_ms = 150;
    });
    for url in [
        format!("{}/token", demo.issuer()),
        format!("{}/api/me", demo.api_url()),
    ] {
        let started = std::time::Instant::now();
        http().post(url).form(&[("a", "b")]).send().await.unwrap();
        assert!(started.elapsed().as_millis() >= 150);
    }
}
