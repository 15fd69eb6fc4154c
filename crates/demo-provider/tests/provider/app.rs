use std::path::PathBuf;

use demo_provider::{Demo, StartError, default_app_config};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::*;

/// A built app in a folder of its own.
struct Dist(PathBuf);

impl Dist {
    fn new(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("{name}-{}", std::process::id()));
        std::fs::create_dir_all(path.join("dist")).unwrap();
        let dist = Self(path);
        dist.write("dist/index.html", INDEX);
        dist.write("dist/app-0123456789abcdef.js", "export default 1;");
        dist.write("dist/app-0123456789abcdef_bg.wasm", &"\0asm".repeat(1_000));
        dist.write("dist/robots.txt", "hello");
        dist.write("secret.txt", "out of reach");
        dist
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.join(name), text).unwrap();
    }

    async fn serve(&self) -> Demo {
        builder()
            .app_dist(self.0.join("dist"))
            .app_config(default_app_config)
            .start()
            .await
            .unwrap()
    }
}

impl Drop for Dist {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const INDEX: &str = "<!doctype html><html><head>\
    <script type=\"module\">alert('Hello, world.');</script>\
    <script id=\"auth-config\" type=\"application/json\">{\"old\": true}</script>\
    </head><body></body></html>";

#[tokio::test]
async fn the_start_page_carries_the_configuration_and_the_production_headers() {
    let dist = Dist::new("start-page");
    let demo = dist.serve().await;
    let (issuer, api, app) = (demo.issuer(), demo.api_url(), demo.app_url().unwrap());
    let reply = get(app).await;
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.header("content-security-policy"),
        format!(
            "default-src 'none'; script-src 'self' 'wasm-unsafe-eval' \
             'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='; style-src 'self'; \
             img-src 'self' data:; connect-src 'self' {}; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'none'; require-trusted-types-for 'script'",
            {
                let mut both = [issuer, api];
                both.sort_unstable();
                both.join(" ")
            }
        )
    );
    assert_eq!(reply.header("referrer-policy"), "no-referrer");
    assert_eq!(reply.header("x-content-type-options"), "nosniff");
    assert_eq!(reply.header("cross-origin-opener-policy"), "same-origin");
    assert_eq!(reply.header("cache-control"), "no-cache");
    assert_eq!(reply.header("content-type"), "text/html; charset=utf-8");

    let block = reply
        .text
        .split("application/json\">")
        .nth(1)
        .unwrap()
        .split("</script>")
        .next();
    let config: Value = serde_json::from_str(block.unwrap()).unwrap();
    assert_eq!(config["providers"][0]["issuer"], issuer);
    assert_eq!(
        config["providers"][0]["resource"],
        json!([format!("{api}/")])
    );
    assert_eq!(config["resource_api"], format!("{api}/api/me"));
    assert_eq!(config["demo_controls"], format!("{issuer}/demo/controls"));
    assert!(!reply.text.contains("\"old\""));
}

#[tokio::test]
async fn the_apps_own_addresses_show_it_and_missing_files_do_not() {
    let dist = Dist::new("addresses");
    let demo = dist.serve().await;
    let app = demo.app_url().unwrap();
    let index = get(app).await.text;
    for path in [
        "/callback?code=x&state=y",
        "/notes/1",
        "/index.html",
        "/deep/er",
    ] {
        let reply = get(&format!("{app}{path}")).await;
        assert_eq!(
            (reply.status.as_u16(), &reply.text),
            (200, &index),
            "{path}"
        );
        assert_eq!(reply.header("cache-control"), "no-cache");
    }
    for path in ["/missing.js", "/favicon.ico", "/a/b.wasm"] {
        let reply = get(&format!("{app}{path}")).await;
        assert_eq!(reply.status, 404, "{path}");
        assert!(
            !reply.header("cache-control").contains("immutable"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn files_have_their_types_and_only_hashed_ones_are_kept_for_ever() {
    let dist = Dist::new("types");
    let demo = dist.serve().await;
    let app = demo.app_url().unwrap();
    for (path, content_type, immutable) in [
        ("/app-0123456789abcdef.js", "text/javascript", true),
        ("/app-0123456789abcdef_bg.wasm", "application/wasm", true),
        ("/robots.txt", "text/plain", false),
    ] {
        let reply = get(&format!("{app}{path}")).await;
        assert_eq!(reply.status, 200, "{path}");
        assert!(
            reply.header("content-type").starts_with(content_type),
            "{path}"
        );
        assert_eq!(
            reply.header("cache-control").contains("immutable"),
            immutable,
            "{path}"
        );
        assert!(
            reply
                .header("content-security-policy")
                .starts_with("default-src 'none'")
        );
    }
}

#[tokio::test]
async fn answers_are_compressed_as_the_browser_can() {
    let dist = Dist::new("compressed");
    let demo = dist.serve().await;
    let url = format!("{}/app-0123456789abcdef_bg.wasm", demo.app_url().unwrap());
    for (accepted, encoding) in [
        ("gzip, deflate, br", "br"),
        ("gzip", "gzip"),
        ("identity", ""),
    ] {
        let reply = http()
            .get(&url)
            .header("accept-encoding", accepted)
            .send()
            .await
            .unwrap();
        let used = reply
            .headers()
            .get("content-encoding")
            .map_or("", |value| value.to_str().unwrap());
        assert_eq!(used, encoding);
        let vary = reply
            .headers()
            .get("vary")
            .map_or("", |value| value.to_str().unwrap())
            .to_owned();
        assert!(vary.contains("accept-encoding") || encoding.is_empty());
        let length = reply.bytes().await.unwrap().len();
        assert_eq!(length < 4_000, !encoding.is_empty(), "{accepted}: {length}");
    }
}

#[tokio::test]
async fn only_get_and_head_and_nothing_outside_the_folder() {
    let dist = Dist::new("outside");
    let demo = dist.serve().await;
    let app = demo.app_url().unwrap();
    for path in ["/", "/robots.txt", "/callback"] {
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
            let reply = http()
                .request(method, format!("{app}{path}"))
                .send()
                .await
                .unwrap();
            assert_eq!(reply.status(), 405, "{path}");
        }
        assert_eq!(
            http()
                .head(format!("{app}{path}"))
                .send()
                .await
                .unwrap()
                .status(),
            200
        );
    }
    // An HTTP client would tidy these up, so they are written by hand.
    let address = app.trim_start_matches("http://");
    for path in [
        "/../secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e/secret.txt",
        "/a/../../secret.txt",
        "/..\\secret.txt",
        "//secret.txt",
    ] {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(!answer.contains("out of reach"), "{path}: {answer}");
        assert!(answer.starts_with("HTTP/1.1 4"), "{path}: {answer}");
    }
}

#[tokio::test]
async fn an_app_that_is_not_built_or_has_no_block_says_so() {
    let dist = Dist::new("not-built");
    let missing = builder()
        .app_dist(dist.0.join("nowhere"))
        .start()
        .await
        .unwrap_err();
    assert!(
        missing.to_string().contains("build the app first"),
        "{missing}"
    );
    dist.write("dist/index.html", "<!doctype html>");
    let path = dist.0.join("dist");
    let no_block = builder()
        .app_dist(&path)
        .app_config(default_app_config)
        .start()
        .await;
    assert!(matches!(no_block, Err(StartError::App(_))));
    assert!(builder().app_dist(&path).start().await.is_ok());
    for origin in ["localhost:8080", "http://localhost:8080/", "null"] {
        let error = builder().app_origin(origin).start().await.unwrap_err();
        assert!(matches!(error, StartError::Origin(_)), "{origin}");
    }
}
