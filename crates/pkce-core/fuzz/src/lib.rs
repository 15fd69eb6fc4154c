//! The fuzz targets, each a function of octets that panics where something is wrong, and what they
//! share: a fixed deployment, a canary that no error may quote, and a shell that carries the engine's
//! events and effects as a browser would.
//!
//! libFuzzer calls them from `fuzz_targets`; `tests/corpus.rs` of the core replays the kept corpus
//! with them in the ordinary tests.

pub mod callback;
pub mod configuration;
pub mod discovery;
pub mod engine;
pub mod id_token;
pub mod jwks;
mod shell;
pub mod stored_state;
pub mod token_response;
pub mod www_authenticate;

pub use shell::{Pending, Shell};

use pkce_core::Error;
use pkce_core::authorization::Entropy;
use pkce_core::config::{Config, Issuer, PageConfig};
use pkce_core::encoding::base64url;
use pkce_core::http::{Body, Exchange, HttpResponse};
use pkce_core::metadata::ProviderMetadata;
use pkce_core::time::Timestamp;
use pkce_core::url::HttpUrl;

/// Stands in secrets. No error text and no `Debug` may show it.
pub const CANARY: &str = "cAnArY7x";
pub const ORIGIN: &str = "https://app.example";
pub const ISSUER: &str = "https://id.example";
pub const CLIENT: &str = "spa";
/// 2026-01-01T00:00:00Z
pub const NOW: i64 = 1_767_225_600;

pub const METADATA: &str = r#"{
    "issuer": "https://id.example",
    "authorization_endpoint": "https://id.example/authorize",
    "token_endpoint": "https://id.example/token",
    "jwks_uri": "https://id.example/jwks",
    "userinfo_endpoint": "https://id.example/userinfo",
    "revocation_endpoint": "https://id.example/revoke",
    "end_session_endpoint": "https://id.example/logout"
}"#;

/// The public keys of RFC 7515 A.2, A.3 and RFC 8037 A.2.
pub const JWKS: &str = r#"{"keys":[
    {"kty":"OKP","crv":"Ed25519","kid":"k1","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
    {"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
    {"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}
]}"#;

pub fn now() -> Timestamp {
    Timestamp::from_seconds(NOW)
}

pub fn issuer() -> Issuer {
    Issuer::parse(ISSUER).expect("the issuer")
}

pub fn metadata() -> ProviderMetadata {
    ProviderMetadata::restore(METADATA).expect("the metadata")
}

pub fn config() -> Config {
    let text = format!(
        r#"{{"providers":[{{"id":"local","name":"Local","issuer":"{ISSUER}","client_id":"{CLIENT}",
            "scope":"openid profile offline_access"}}],
            "resource_api":"https://api.example/me",
            "session":{{"idle_limit_seconds":600,"max_age_seconds":36000}}}}"#
    );
    let page = HttpUrl::parse("https://app.example/").expect("the page");
    PageConfig::parse(&text, &page)
        .expect("the configuration")
        .into_config()
}

/// Randomness for one sign-in; verifier, state and nonce differ.
pub fn entropy(seed: u8) -> Entropy {
    let mut octets = [seed; 96];
    for (octet, part) in octets.iter_mut().zip(0_u8..) {
        *octet = octet.wrapping_add(part);
    }
    Entropy::new(octets)
}

pub fn json_answer(status: u16, body: &[u8]) -> Exchange {
    Ok(HttpResponse {
        status,
        content_type: Some("application/json".to_owned()),
        retry_after: None,
        body: Body(body.to_vec()),
    })
}

/// An ID token with this nonce in Ed25519's form; its signature is nothing.
pub fn id_token(nonce: &str, issued_at: i64) -> String {
    let claims = format!(
        r#"{{"iss":"{ISSUER}","aud":"{CLIENT}","sub":"u1","iat":{issued_at},"exp":{},"nonce":"{nonce}","name":"Kim"}}"#,
        issued_at.saturating_add(3600)
    );
    let header = base64url(br#"{"alg":"EdDSA","kid":"k1"}"#);
    let payload = base64url(claims.as_bytes());
    format!("{header}.{payload}.{}", base64url(&[0; 64]))
}

/// An error is bounded and tells no secret, in either of its forms.
pub fn check_error(error: &Error) {
    let (shown, debugged) = (error.to_string(), format!("{error:?}"));
    for text in [&shown, &debugged] {
        assert!(!text.contains(CANARY), "a secret in {text}");
    }
    // The longest quotation is 200 characters; an expectation may name an issuer or URL.
    assert!(error.what_came().chars().count() <= 300, "{shown}");
    assert!(
        error
            .provider_description()
            .is_none_or(|text| text.chars().count() <= 200)
    );
    assert!(!shown.chars().any(char::is_control), "{shown:?}");
    let kinds = [
        error.is_transient(),
        error.needs_sign_in(),
        error.is_configuration(),
    ];
    assert!(kinds.iter().filter(|kind| **kind).count() <= 1);
}

/// Puts the canary in front of the values of these parameters.
pub fn canary_in_query(query: &str, names: &[&str]) -> String {
    let parts = query.split('&').map(|part| match part.split_once('=') {
        Some((name, value)) if names.contains(&name) => format!("{name}={CANARY}{value}"),
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("&")
}

/// Puts the canary in front of the string values of these members.
pub fn canary_in_json(text: &str, names: &[&str]) -> String {
    names.iter().fold(text.to_owned(), |text, name| {
        text.replace(&format!(r#""{name}":""#), &format!(r#""{name}":"{CANARY}"#))
    })
}
