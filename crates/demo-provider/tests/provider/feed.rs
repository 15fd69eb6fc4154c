use demo_provider::{EventKind, EventServer};

use crate::support::*;

#[tokio::test]
async fn the_feed_tells_a_sign_in_in_order_and_without_secrets() {
    let demo = start().await;
    let code = code(&demo, alice()).await;
    let first = redeem(&demo, &code).await.json();
    let second = refresh(&demo, text(&first, "refresh_token")).await.json();
    call(&demo, "/api/me", text(&second, "access_token")).await;
    refresh(&demo, text(&first, "refresh_token")).await;

    let events = demo.feed().after(0);
    let ids: Vec<u64> = events.iter().map(|event| event.id).collect();
    assert_eq!(ids, (1..=events.len() as u64).collect::<Vec<_>>());
    let told: Vec<(EventServer, EventKind, &str)> = events
        .iter()
        .filter(|event| ["/authorize", "/token", "/api/me"].contains(&event.endpoint.as_str()))
        .map(|event| (event.server, event.kind, event.endpoint.as_str()))
        .collect();
    use EventKind::{Checked, Issued, Received, Refused};
    use EventServer::{AuthorizationServer as As, ResourceServer as Rs};
    assert_eq!(
        told,
        [
            (As, Received, "/authorize"),
            (As, Issued, "/authorize"),
            (As, Received, "/token"),
            (As, Checked, "/token"),
            (As, Issued, "/token"),
            (As, Received, "/token"),
            (As, Checked, "/token"),
            (As, Issued, "/token"),
            (Rs, Received, "/api/me"),
            (Rs, Checked, "/api/me"),
            (Rs, Issued, "/api/me"),
            (As, Received, "/token"),
            (As, Refused, "/token"),
        ]
    );
    assert!(events.iter().all(|event| event.at == NOW * 1000));
    assert!(
        events
            .iter()
            .any(|event| event.client_id.as_deref() == Some("demo-spa"))
    );

    let all = serde_json::to_string(&events).unwrap();
    let mut secrets = vec![
        code,
        VERIFIER.to_owned(),
        challenge(VERIFIER),
        "the state".to_owned(),
    ];
    secrets.push("the-nonce".to_owned());
    secrets.push(alice().password.to_owned());
    for answer in [&first, &second] {
        for token in ["access_token", "refresh_token", "id_token"] {
            secrets.push(text(answer, token).to_owned());
        }
    }
    for secret in secrets {
        assert!(!all.contains(&secret), "{secret} is in the feed");
    }
}

#[tokio::test]
async fn secrets_in_the_wrong_place_stay_out_of_the_feed() {
    let demo = start().await;
    let canary = "canary-0123456789";
    let browser = Browser::new(&demo);
    let page = browser.open(&Request::new(&demo).url()).await;
    browser.submit_login(&page, canary, canary).await;
    browser
        .get(
            &format!("/authorize?client_id={canary}&redirect_uri={canary}"),
            &[],
        )
        .await;
    browser
        .get(&Request::new(&demo).with("prompt", canary).url(), &[])
        .await;
    browser
        .get(&format!("/logout?client_id={canary}"), &[])
        .await;
    post(
        &demo,
        "/token",
        &[
            ("grant_type", canary),
            ("client_id", canary),
            (canary, canary),
        ],
    )
    .await;
    post(&demo, "/token", &[(canary, "1"), (canary, "2")]).await;
    post(
        &demo,
        "/revoke",
        &[("token", canary), ("client_id", canary)],
    )
    .await;
    call(&demo, "/api/me", canary).await;
    userinfo(&demo, canary).await;
    let events = serde_json::to_string(&demo.feed().after(0)).unwrap();
    assert!(!events.contains(canary), "{events}");
    assert!(events.contains("\"unknown\""));
}

#[tokio::test]
async fn waiting_for_an_event_ends_with_it_or_with_patience() {
    let demo = start().await;
    let mark = demo.feed().newest();
    let jwks = |event: &demo_provider::FeedEvent| event.endpoint == "/jwks";
    let (event, _) = tokio::join!(
        demo.feed().wait_for(mark, PATIENCE, jwks),
        jwks_request(&demo)
    );
    let event = event.unwrap();
    // It is found afterwards too, and not after itself.
    assert_eq!(
        demo.feed().wait_for(mark, PATIENCE, jwks).await,
        Some(event.clone())
    );
    let short = std::time::Duration::from_millis(10);
    assert_eq!(demo.feed().wait_for(event.id, short, jwks).await, None);
}

async fn jwks_request(demo: &demo_provider::Demo) -> Reply {
    get(&format!("{}/jwks", demo.issuer())).await
}
