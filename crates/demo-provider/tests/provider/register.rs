use serde_json::{Value, json};

use crate::support::*;

async fn register(demo: &demo_provider::Demo, metadata: &Value) -> Reply {
    let url = format!("{}/register", demo.issuer());
    Reply::read(http().post(url).json(metadata).send().await.unwrap()).await
}

/// A code for a registered client.
async fn code_of(demo: &demo_provider::Demo, client_id: &str) -> String {
    let request = Request::new(demo)
        .with("client_id", client_id)
        .with("redirect_uri", CALLBACK);
    Browser::new(demo)
        .authorize(&request, alice())
        .await
        .callback()
        .remove("code")
        .unwrap()
}

const CALLBACK: &str = "http://localhost:8080/app/callback";

#[tokio::test]
async fn a_public_client_gets_an_id_alone_and_signs_in_with_it() {
    let demo = start().await;
    let metadata = json!({
        "client_name": "My app",
        "redirect_uris": [CALLBACK],
        "token_endpoint_auth_method": "none",
        "id_token_signed_response_alg": "ES256",
        "unheard_of": true
    });
    let reply = register(&demo, &metadata).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    assert_eq!(reply.header("cache-control"), "no-store");
    let registered = reply.json();
    assert!(registered.get("client_secret").is_none());
    assert_eq!(registered["client_name"], "My app");
    assert_eq!(registered["client_id_issued_at"], NOW);
    assert_eq!(registered["redirect_uris"], json!([CALLBACK]));
    let client_id = text(&registered, "client_id");

    let code = code_of(&demo, client_id).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", client_id),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let answer = post(&demo, "/token", &form).await.json();
    let (header, claims) = verified(&demo, text(&answer, "id_token")).await;
    assert_eq!(claims["aud"], client_id);
    assert_eq!(header.alg, jsonwebtoken::Algorithm::ES256);
}

#[tokio::test]
async fn a_confidential_client_gets_a_secret_and_must_use_it() {
    let demo = start().await;
    for method in ["client_secret_basic", "client_secret_post"] {
        let metadata = json!({
            "client_name": "Server app",
            "redirect_uris": [CALLBACK],
            "token_endpoint_auth_method": method
        });
        let registered = register(&demo, &metadata).await.json();
        let (id, secret) = (
            text(&registered, "client_id"),
            text(&registered, "client_secret"),
        );
        assert_eq!(registered["client_secret_expires_at"], 0);
        let code = code_of(&demo, id).await;
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        let with = |more: &[(&'static str, String)]| -> Vec<(&str, String)> {
            let mut all: Vec<_> = form
                .iter()
                .map(|(name, value)| (*name, (*value).to_owned()))
                .collect();
            all.extend(more.iter().cloned());
            all
        };
        let url = format!("{}/token", demo.issuer());
        let id_only = with(&[("client_id", id.to_owned())]);
        let in_form = with(&[
            ("client_id", id.to_owned()),
            ("client_secret", secret.to_owned()),
        ]);
        let wrong = with(&[
            ("client_id", id.to_owned()),
            ("client_secret", "wrong".to_owned()),
        ]);
        let basic = |secret: &str| {
            http()
                .post(&url)
                .basic_auth(id, Some(secret))
                .form(&with(&[]))
        };
        let plain = |form: &[(&str, String)]| http().post(&url).form(form);

        let (good, other_way) = match method {
            "client_secret_basic" => (basic(secret), plain(&in_form)),
            _ => (plain(&in_form), basic(secret)),
        };
        for refused in [plain(&id_only), plain(&wrong), basic("wrong"), other_way] {
            let reply = Reply::read(refused.send().await.unwrap()).await;
            assert_eq!(
                (reply.status.as_u16(), reply.error().as_str()),
                (401, "invalid_client")
            );
        }
        let twice = basic(secret).form(&in_form);
        assert_eq!(
            Reply::read(twice.send().await.unwrap()).await.error(),
            "invalid_request"
        );
        let challenged = Reply::read(basic("wrong").send().await.unwrap()).await;
        assert!(challenged.header("www-authenticate").starts_with("Basic "));
        // No refusal spent the code.
        let reply = Reply::read(good.send().await.unwrap()).await;
        assert_eq!(reply.status, 200, "{method}: {}", reply.text);
    }
}

#[tokio::test]
async fn metadata_that_cannot_be_registered_is_refused_by_name() {
    let demo = start().await;
    let uris = |uris: Value| json!({"redirect_uris": uris});
    for (metadata, error) in [
        (json!({}), "invalid_redirect_uri"),
        (uris(json!([])), "invalid_redirect_uri"),
        (
            uris(json!(["http://app.example/cb"])),
            "invalid_redirect_uri",
        ),
        (
            uris(json!(["https://app.example/cb#f"])),
            "invalid_redirect_uri",
        ),
        (uris(json!(["javascript:alert(1)"])), "invalid_redirect_uri"),
        (uris(json!(["/relative"])), "invalid_redirect_uri"),
        (
            uris(json!("https://app.example/cb")),
            "invalid_client_metadata",
        ),
        (json!([]), "invalid_client_metadata"),
        (
            json!({"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "private_key_jwt"}),
            "invalid_client_metadata",
        ),
        (
            json!({"redirect_uris": [CALLBACK], "grant_types": ["implicit"]}),
            "invalid_client_metadata",
        ),
        (
            json!({"redirect_uris": [CALLBACK], "response_types": ["token"]}),
            "invalid_client_metadata",
        ),
        (
            json!({"redirect_uris": [CALLBACK], "id_token_signed_response_alg": "none"}),
            "invalid_client_metadata",
        ),
        (
            json!({"redirect_uris": [CALLBACK], "scope": "unheard-of"}),
            "invalid_client_metadata",
        ),
        (
            json!({"redirect_uris": [CALLBACK], "client_name": " "}),
            "invalid_client_metadata",
        ),
    ] {
        let reply = register(&demo, &metadata).await;
        assert_eq!(
            (reply.status.as_u16(), reply.error().as_str()),
            (400, error),
            "{metadata}"
        );
    }
    // A page elsewhere can send this without a preflight, so it is refused.
    let url = format!("{}/register", demo.issuer());
    let body = json!({"redirect_uris": [CALLBACK]}).to_string();
    let disguised = http()
        .post(url)
        .header("content-type", "text/plain")
        .body(body);
    let reply = Reply::read(disguised.send().await.unwrap()).await;
    assert_eq!(
        (reply.status.as_u16(), reply.error().as_str()),
        (400, "invalid_client_metadata")
    );
}

#[tokio::test]
async fn a_developer_registers_on_the_page() {
    let demo = start().await;
    let browser = Browser::new(&demo);
    let page = browser.open("/developers").await;
    assert!(page.text.contains("demo-spa"));
    let csrf = page.hidden("csrf");
    let form = |name, kind, uris| {
        vec![
            ("csrf", csrf.as_str()),
            ("name", name),
            ("type", kind),
            ("redirect_uris", uris),
        ]
    };
    let public = browser
        .post("/developers", &form("Page app", "public", CALLBACK))
        .await;
    assert!(public.shows("no-secret") && !public.shows("client-secret"));
    let public_id = public.text_of("client-id");

    let uris = "http://localhost:8080/a\r\n\r\n  http://localhost:8080/b  \r\n";
    let confidential = browser
        .post("/developers", &form("Server", "confidential", uris))
        .await;
    let secret = confidential.text_of("client-secret");
    assert!(secret.len() >= 43);
    let list = browser.open("/developers").await;
    assert!(list.text.contains(&public_id) && list.text.contains("http://localhost:8080/b"));
    assert!(!list.text.contains(&secret), "a secret is shown once");

    for (form, shown) in [
        (form("", "public", CALLBACK), "1 to 100"),
        (form("X", "public", ""), "1 to 20 redirect URIs"),
        (
            form("X", "public", "http://app.example/cb"),
            "must use https",
        ),
        (form("X", "public", "\"><script>"), "not an absolute URL"),
    ] {
        let reply = browser.post("/developers", &form).await;
        assert_eq!(reply.status, 400);
        assert!(
            reply.shows("register-error") && reply.text.contains(shown),
            "{shown}"
        );
        assert!(!reply.text.contains("<script"));
    }
    let unguarded = browser
        .post("/developers", &form("X", "public", CALLBACK)[1..])
        .await;
    assert_eq!(unguarded.status, 403);
}

#[tokio::test]
async fn a_registered_public_clients_origin_may_call_and_a_confidential_ones_may_not() {
    let demo = start().await;
    let allowed = async |origin: &str| {
        let request = http()
            .request(reqwest::Method::OPTIONS, format!("{}/token", demo.issuer()))
            .header("origin", origin)
            .header("access-control-request-method", "POST");
        let reply = Reply::read(request.send().await.unwrap()).await;
        reply.header("access-control-allow-origin") == origin
    };
    for (method, origin, expected) in [
        ("none", "https://spa.example", true),
        ("client_secret_basic", "https://server.example", false),
    ] {
        assert!(!allowed(origin).await);
        let metadata = json!({
            "redirect_uris": [format!("{origin}/callback")],
            "token_endpoint_auth_method": method
        });
        assert_eq!(register(&demo, &metadata).await.status, 201);
        assert_eq!(allowed(origin).await, expected, "{method}");
    }
}
