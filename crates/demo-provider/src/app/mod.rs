//! The app's own origin: its built files, with the headers it has in production.

pub(crate) mod html;
pub(crate) mod policy;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::shared::Urls;

/// The id of the configuration block in `index.html`.
const CONFIG_ID: &str = "auth-config";

/// The app can't be served.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// Its start page can't be read.
    #[error("can't read {}: {source} (build the app first)", path.display())]
    Index {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The start page has no configuration block to fill in.
    #[error("{} has no <script id=\"auth-config\" type=\"application/json\">", .0.display())]
    NoConfigBlock(PathBuf),
    /// Something in the configuration can't stand in a header.
    #[error("the Content Security Policy can't be sent: {0:?}")]
    Policy(String),
}

/// The app as it is served.
#[derive(Debug)]
struct App {
    index: String,
    files: ServeDir,
}

/// The configuration block for the demo: this provider, its API, and the fault panel.
#[must_use]
pub fn default_app_config(urls: &Urls) -> Value {
    json!({
        "providers": [{
            "id": "local",
            "name": "Local demo",
            "issuer": urls.issuer,
            "client_id": crate::DEMO_CLIENT_ID,
            "redirect_uri": "/callback",
            "post_logout_redirect_uri": "/",
            "scope": "openid profile email offline_access notes:read notes:write",
            "resource": [urls.api_resource()],
            "userinfo": false,
            "dpop": "auto",
            "authorization_params": {},
            "metadata": null
        }],
        "resource_api": format!("{}/api/me", urls.api),
        "apis": [{
            "url": format!("{}/api/notes", urls.api),
            "resource": urls.api_resource(),
            "scope": "notes:read notes:write"
        }],
        "demo_controls": format!("{}/demo/controls", urls.issuer)
    })
}

/// Reads the app's start page, fills in its configuration where one is given, and makes the server.
pub(crate) fn router(
    dist: &Path,
    config: Option<&Value>,
    connect_also: &BTreeSet<String>,
) -> Result<Router, AppError> {
    let path = dist.join("index.html");
    let built = std::fs::read_to_string(&path).map_err(|source| AppError::Index {
        path: path.clone(),
        source,
    })?;
    let index = match config {
        Some(config) => {
            fill_in(&built, config).ok_or_else(|| AppError::NoConfigBlock(path.clone()))?
        }
        None => built,
    };
    let mut connect = policy::connect_origins(&config_of(&index));
    connect.extend(connect_also.iter().cloned());
    let policy = policy::content_security_policy(&index, &connect);
    let policy = HeaderValue::from_str(&policy).map_err(|_| AppError::Policy(policy))?;

    let header = |name, value: &'static str| {
        SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
    };
    let files = ServeDir::new(dist).append_index_html_on_directories(false);
    let app = Arc::new(App { index, files });
    Ok(Router::new()
        .fallback(serve)
        // The built-in level for Brotli is its slowest.
        .layer(CompressionLayer::new().quality(CompressionLevel::Precise(5)))
        .layer(SetResponseHeaderLayer::overriding(
            header::CONTENT_SECURITY_POLICY,
            policy,
        ))
        .layer(header(header::REFERRER_POLICY, "no-referrer"))
        .layer(header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header(
            header::HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ))
        .with_state(app))
}

/// The text of the configuration block, as JSON; `null` where there is none.
fn config_of(index: &str) -> Value {
    config_block(index)
        .and_then(|text| serde_json::from_str(index.get(text)?).ok())
        .unwrap_or(Value::Null)
}

fn config_block(index: &str) -> Option<std::ops::Range<usize>> {
    let scripts = html::scripts(index);
    let block = scripts
        .iter()
        .find(|script| script.attribute("id") == Some(CONFIG_ID))?;
    Some(block.text.clone())
}

/// Puts a configuration into the block.
fn fill_in(index: &str, config: &Value) -> Option<String> {
    let text = config_block(index)?;
    let (before, after) = (index.get(..text.start)?, index.get(text.end..)?);
    // Nothing in a value may end the element.
    let json = config.to_string().replace('<', "\\u003c");
    Some(format!("{before}{json}{after}"))
}

async fn serve(State(app): State<Arc<App>>, request: Request) -> Response {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        let allow = [(header::ALLOW, "GET, HEAD")];
        return (StatusCode::METHOD_NOT_ALLOWED, allow).into_response();
    }
    let path = request.uri().path().to_owned();
    let file_name = path.rsplit('/').next().unwrap_or_default();
    // A path without an extension is one of the app's own addresses, which it reads itself.
    if path == "/index.html" || !file_name.contains('.') {
        return index(&app);
    }
    let caching = if is_hashed(&path) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let Ok(answer) = app.files.clone().oneshot(request).await;
    let mut response = answer.map(axum::body::Body::new);
    if response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED {
        let caching = HeaderValue::from_static(caching);
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, caching);
    }
    response
}

fn index(app: &App) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, app.index.clone()).into_response()
}

/// Whether a path carries a hash of its content (`app-1a2b3c4d5e6f7a8b_bg.wasm`), so that it never
/// changes what it means.
fn is_hashed(path: &str) -> bool {
    path.split(['/', '-', '_', '.'])
        .any(|part| part.len() >= 8 && part.chars().all(|c| c.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_cannot_break_out_of_its_block() {
        let index = "<script id=\"auth-config\" type=\"application/json\">old</script><p>";
        let config = json!({"name": "</script><script>alert(1)"});
        let filled = fill_in(index, &config).unwrap();
        assert_eq!(html::scripts(&filled).len(), 1);
        assert_eq!(config_of(&filled), config);
        assert!(filled.ends_with("</script><p>"));
        assert_eq!(fill_in("<p>", &config), None);
    }

    #[test]
    fn only_names_with_a_hash_are_immutable() {
        assert!(is_hashed("/app-1a2b3c4d5e6f7a8b_bg.wasm"));
        assert!(is_hashed("/snippets/leptos-0a1b2c3d4e5f6a7b/inline0.js"));
        assert!(!is_hashed("/app.js"));
        assert!(!is_hashed("/style-main.css"));
    }
}
