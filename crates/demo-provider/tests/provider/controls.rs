use demo_provider::{Demo, Failure, Times};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::*;

async fn start_with_controls() -> Demo {
    builder().controls(true).start().await.unwrap()
}

async fn send(
    demo: &Demo,
    method: Method,
    path: &str,
    origin: Option<&str>,
    body: Option<&Value>,
) -> Reply {
    let mut request = http().request(method, format!("{}{path}", demo.issuer()));
    if let Some(origin) = origin {
        request = request.header("origin", origin);
    }
    if let Some(body) = body {
        request = request.json(body);
    }
    Reply::read(request.send().await.unwrap()).await
}

#[tokio::test]
async fn the_apps_page_turns_knobs() {
    let demo = start_with_controls().await;
    let patch = json!({"refuse_refresh": 2, "token_failure": {"status": 503, "times": 1}});
    let reply = send(
        &demo,
        Method::PATCH,
        "/demo/controls",
        Some(APP),
        Some(&patch),
    )
    .await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(reply.header("access-control-allow-origin"), APP);
    assert_eq!(reply.json()["settings"]["refuse_refresh"], 2);
    assert_eq!(demo.faults().get().refuse_refresh, Times::Next(2));
    assert_eq!(
        demo.faults().get().token_failure,
        Some(Failure::status(503).next(1))
    );

    let shown = send(&demo, Method::GET, "/demo/controls", Some(APP), None)
        .await
        .json();
    assert_eq!(shown["settings"]["refuse_refresh"], 2);
    assert_eq!(shown["access_token_seconds"], 60);
    assert_eq!(shown["now_ms"], NOW * 1000);

    let reset = json!({"actions": ["reset", "rotate_keys"], "token_delay_ms": 1});
    let before = jwks(&demo).await;
    let reply = send(
        &demo,
        Method::PATCH,
        "/demo/controls",
        Some(APP),
        Some(&reset),
    )
    .await;
    assert_eq!(reply.json()["settings"]["refuse_refresh"], false);
    assert_eq!(reply.json()["settings"]["token_delay_ms"], 1);
    assert_ne!(jwks(&demo).await, before);
}

#[tokio::test]
async fn the_apps_page_changes_what_the_provider_offers_and_demands() {
    let demo = start_with_controls().await;
    let patch = json!({
        "policy": {"require_par": true, "api_nonces": "rotating", "vault_max_age_seconds": 5},
        "dpop_answer_bearer": 1,
    });
    let change = async |patch: &Value| {
        send(
            &demo,
            Method::PATCH,
            "/demo/controls",
            Some(APP),
            Some(patch),
        )
        .await
    };
    let shown = change(&patch).await.json();
    assert_eq!(shown["policy"]["require_par"], true);
    assert_eq!(shown["policy"]["api_nonces"], "rotating");
    assert_eq!(shown["policy"]["par"], true);
    assert_eq!(shown["settings"]["dpop_answer_bearer"], 1);
    assert_eq!(demo.policy().get().vault_max_age_seconds, 5);
    let page = get(&format!("{}/developers", demo.issuer())).await;
    assert!(page.shows("offers"));
    assert!(page.text.contains("data-offer=\"par\">required"));
    assert!(page.text.contains("a new one in every answer"));
    assert!(page.text.contains("no older than 5 s"));

    // Of a patch with one half that makes no sense, nothing is done.
    for nonsense in [
        json!({"policy": {"par": false}, "dpop_answer_bearer": true}),
        json!({"policy": {"require_par": false}, "unheard_of": true}),
        json!({"policy": {"unheard_of": true}}),
        json!({"policy": true}),
    ] {
        let reply = change(&nonsense).await;
        assert_eq!(reply.status, 400, "{nonsense}");
        assert_eq!(reply.error(), "invalid_controls");
    }
    assert!(demo.policy().get().require_par);
    assert_eq!(demo.faults().get().dpop_answer_bearer, Times::Next(1));

    change(&json!({"actions": ["reset"]})).await;
    assert_eq!(demo.policy().get(), demo_provider::Policy::default());
}

#[tokio::test]
async fn every_other_origin_is_refused() {
    let demo = start_with_controls().await;
    let registered = json!({
        "redirect_uris": ["https://spa.example/cb"],
        "token_endpoint_auth_method": "none"
    });
    let url = format!("{}/register", demo.issuer());
    assert_eq!(
        http()
            .post(url)
            .json(&registered)
            .send()
            .await
            .unwrap()
            .status(),
        201
    );
    let patch = json!({"refuse_refresh": true});
    for origin in [
        None,
        Some("null"),
        Some("http://localhost:8081"),
        Some("https://spa.example"),
    ] {
        for (method, body) in [(Method::PATCH, Some(&patch)), (Method::GET, None)] {
            let reply = send(&demo, method, "/demo/controls", origin, body).await;
            assert_eq!(
                (reply.status.as_u16(), reply.error().as_str()),
                (403, "origin_not_allowed")
            );
            assert!(!reply.headers.contains_key("access-control-allow-origin"));
        }
    }
    assert_eq!(demo.faults().get().refuse_refresh, Times::Never);
}

#[tokio::test]
async fn nonsense_changes_nothing() {
    let demo = start_with_controls().await;
    for patch in [
        json!([]),
        json!({"unheard_of": true}),
        json!({"refuse_refresh": "yes"}),
        json!({"token_failure": {"status": 200}}),
        json!({"actions": ["dance"]}),
        json!({"actions": "reset"}),
    ] {
        let reply = send(
            &demo,
            Method::PATCH,
            "/demo/controls",
            Some(APP),
            Some(&patch),
        )
        .await;
        assert_eq!(
            (reply.status.as_u16(), reply.error().as_str()),
            (400, "invalid_controls"),
            "{patch}"
        );
        assert!(reply.json()["message"].is_string());
    }
    assert_eq!(demo.faults().get(), demo_provider::FaultSettings::default());
}

#[tokio::test]
async fn the_feed_is_read_from_where_one_stopped() {
    let demo = start_with_controls().await;
    sign_in(&demo, alice()).await;
    let all = send(&demo, Method::GET, "/demo/feed", Some(APP), None).await;
    assert_eq!(all.header("access-control-allow-origin"), APP);
    let all: Vec<demo_provider::FeedEvent> = serde_json::from_str(&all.text).unwrap();
    assert_eq!(all, demo.feed().after(0));
    let last = all.last().unwrap();
    assert_eq!(json!(last)["server"], "authorization_server");
    assert_eq!(json!(last)["kind"], "issued");
    let path = format!("/demo/feed?after={}", last.id - 1);
    // A terminal sends no origin.
    let rest = send(&demo, Method::GET, &path, None, None).await.json();
    assert_eq!(rest, json!([last]));
    assert_eq!(
        send(&demo, Method::GET, "/demo/feed?after=x", None, None)
            .await
            .status,
        400
    );
    let foreign = send(
        &demo,
        Method::GET,
        "/demo/feed",
        Some("https://evil.example"),
        None,
    )
    .await;
    assert_eq!(foreign.status, 403);
}

#[tokio::test]
async fn without_controls_there_is_nothing_to_turn() {
    let demo = start().await;
    for path in ["/demo/controls", "/demo/feed"] {
        assert_eq!(
            send(&demo, Method::GET, path, Some(APP), None).await.status,
            404
        );
    }
}
