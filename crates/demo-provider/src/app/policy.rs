//! The Content Security Policy that the app is served under.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::html::scripts;
use crate::origin::origin_of;

/// The policy for a document: hashes for its inline scripts, and the origins it may call.
pub(crate) fn content_security_policy(html: &str, connect: &BTreeSet<String>) -> String {
    let hashes: String = scripts(html)
        .iter()
        .filter(|script| script.is_inline_executable())
        .filter_map(|script| html.get(script.text.clone()))
        .map(|text| format!(" 'sha256-{}'", hash(text)))
        .collect();
    let connect: String = connect.iter().map(|origin| format!(" {origin}")).collect();
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{hashes}; style-src 'self'; \
         img-src 'self' data:; connect-src 'self'{connect}; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'; require-trusted-types-for 'script'"
    )
}

/// Browsers hash a script's text after they have made its line ends uniform.
fn hash(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    STANDARD.encode(Sha256::digest(text.as_bytes()))
}

/// The origins that an app with this configuration calls: each provider's issuer and the endpoints
/// given by hand, the APIs, and the demo's controls.
pub(crate) fn connect_origins(config: &Value) -> BTreeSet<String> {
    let mut urls: Vec<&Value> = vec![&config["resource_api"], &config["demo_controls"]];
    for provider in config["providers"].as_array().into_iter().flatten() {
        urls.push(&provider["issuer"]);
        for (name, value) in provider["metadata"].as_object().into_iter().flatten() {
            if name == "jwks_uri" || name.ends_with("_endpoint") {
                urls.push(value);
            }
        }
    }
    for api in config["apis"].as_array().into_iter().flatten() {
        urls.push(&api["url"]);
    }
    urls.into_iter()
        .filter_map(Value::as_str)
        .filter_map(origin_of)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_policy_is_the_contracts_with_hashes_and_origins() {
        let html = "<script type=module>alert('Hello, world.');</script>\
                    <script type=\"application/json\">{}</script><script src=a.js></script>";
        let connect = ["http://localhost:9000".to_owned()].into();
        assert_eq!(
            content_security_policy(html, &connect),
            "default-src 'none'; script-src 'self' 'wasm-unsafe-eval' \
             'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='; style-src 'self'; \
             img-src 'self' data:; connect-src 'self' http://localhost:9000; base-uri 'none'; \
             form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
        );
    }

    #[test]
    fn line_ends_do_not_change_a_hash() {
        assert_eq!(hash("a\r\nb\rc"), hash("a\nb\nc"));
    }

    #[test]
    fn every_place_that_the_app_calls_is_an_origin_once() {
        let config = json!({
            "providers": [
                {"issuer": "http://localhost:9000"},
                {"issuer": "https://id.example/realms/a", "metadata": {
                    "issuer": "https://elsewhere.example",
                    "token_endpoint": "https://tokens.example/t",
                    "jwks_uri": "https://keys.example:8443/k",
                    "jwks": {"keys": []}
                }}
            ],
            "resource_api": "http://localhost:9001/api/me",
            "apis": [{"url": "http://localhost:9001/api/notes"}, {"url": "not a url"}],
            "demo_controls": "http://localhost:9000/demo/controls"
        });
        let origins: Vec<String> = connect_origins(&config).into_iter().collect();
        assert_eq!(
            origins,
            [
                "http://localhost:9000",
                "http://localhost:9001",
                "https://id.example",
                "https://keys.example:8443",
                "https://tokens.example"
            ]
        );
        assert!(connect_origins(&json!(["no", "object"])).is_empty());
    }
}
