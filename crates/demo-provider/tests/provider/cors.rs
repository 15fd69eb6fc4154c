use reqwest::Method;

use crate::support::*;

async fn preflight(url: &str, origin: &str, method: &str, headers: &str) -> Reply {
    let request = http()
        .request(Method::OPTIONS, url)
        .header("origin", origin)
        .header("access-control-request-method", method)
        .header("access-control-request-headers", headers);
    Reply::read(request.send().await.unwrap()).await
}

const ALLOW: &str = "access-control-allow-origin";
const STRANGERS: [&str; 5] = [
    "http://localhost:8081",
    "https://localhost:8080",
    "http://localhost:8080.evil.example",
    "http://127.0.0.1:8080",
    "null",
];

#[tokio::test]
async fn public_documents_are_for_any_origin_and_without_credentials() {
    let demo = start().await;
    for path in [
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
        "/jwks",
    ] {
        let url = format!("{}{path}", demo.issuer());
        let request = http().get(&url).header("origin", "https://anyone.example");
        let reply = Reply::read(request.send().await.unwrap()).await;
        assert_eq!(reply.header(ALLOW), "*", "{path}");
        assert!(
            !reply
                .headers
                .contains_key("access-control-allow-credentials")
        );
    }
    let metadata = format!("{}/.well-known/oauth-protected-resource", demo.api_url());
    let request = http()
        .get(metadata)
        .header("origin", "https://anyone.example");
    assert_eq!(
        Reply::read(request.send().await.unwrap())
            .await
            .header(ALLOW),
        "*"
    );
}

#[tokio::test]
async fn endpoints_with_tokens_let_exactly_registered_origins_in() {
    let demo = start().await;
    let (issuer, api) = (demo.issuer(), demo.api_url());
    for (url, method) in [
        (format!("{issuer}/token"), "POST"),
        (format!("{issuer}/par"), "POST"),
        (format!("{issuer}/userinfo"), "GET"),
        (format!("{issuer}/revoke"), "POST"),
        (format!("{api}/api/me"), "GET"),
        (format!("{api}/calendar/events"), "GET"),
        (format!("{api}/api/notes/1"), "PUT"),
        (format!("{api}/api/notes/1"), "DELETE"),
    ] {
        let reply = preflight(&url, APP, method, "authorization,content-type,dpop").await;
        assert_eq!(reply.status, 200, "{url}");
        assert_eq!(reply.header(ALLOW), APP, "{url}");
        assert!(
            reply
                .header("access-control-allow-methods")
                .contains(method),
            "{url}"
        );
        let headers = reply.header("access-control-allow-headers").to_lowercase();
        assert!(
            ["authorization", "content-type", "dpop"]
                .iter()
                .all(|name| headers.contains(name)),
            "{url}"
        );
        assert_eq!(reply.header("access-control-max-age"), "600");
        assert!(
            reply.header("vary").to_lowercase().contains("origin"),
            "{url}"
        );
        assert!(
            !reply
                .headers
                .contains_key("access-control-allow-credentials")
        );
        for stranger in STRANGERS {
            let reply = preflight(&url, stranger, method, "authorization").await;
            assert!(!reply.headers.contains_key(ALLOW), "{url} {stranger}");
        }
    }
}

#[tokio::test]
async fn errors_can_be_read_by_the_app_too_with_their_challenge() {
    let demo = start().await;
    for url in [
        format!("{}/userinfo", demo.issuer()),
        format!("{}/token", demo.issuer()),
        format!("{}/api/me", demo.api_url()),
        format!("{}/api/unheard-of", demo.api_url()),
    ] {
        for origin in std::iter::once(APP).chain(STRANGERS) {
            let request = http()
                .post(&url)
                .header("origin", origin)
                .form(&[("a", "b")]);
            let reply = Reply::read(request.send().await.unwrap()).await;
            assert!(reply.status.is_client_error());
            let expected = if origin == APP { APP } else { "" };
            assert_eq!(reply.header(ALLOW), expected, "{url} {origin}");
            let exposed = reply.header("access-control-expose-headers").to_lowercase();
            for header in ["www-authenticate", "retry-after", "dpop-nonce"] {
                assert!(exposed.contains(header), "{url}");
            }
        }
    }
}

#[tokio::test]
async fn pages_and_registration_are_for_no_origin() {
    let demo = start().await;
    for path in [
        "/",
        "/authorize",
        "/account",
        "/register",
        "/developers",
        "/logout",
    ] {
        let url = format!("{}{path}", demo.issuer());
        let request = http().get(&url).header("origin", APP);
        let reply = Reply::read(request.send().await.unwrap()).await;
        assert!(!reply.headers.contains_key(ALLOW), "{path}");
    }
}
