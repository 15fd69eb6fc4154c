//! Discovery (OpenID Connect Discovery 1.0, RFC 8414) and the JWKS (RFC 7517).

use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::error::{failure_response, json_response};
use super::{AuthServer, ServerState};
use crate::acr::Level;
use crate::client::AuthMethod;
use crate::dpop;
use crate::feed::{EventKind, EventServer};
use crate::keys::SigningAlgorithm;
use crate::policy::DpopSupport;
use crate::scope::Scope;

/// The document of both well-known addresses.
pub(crate) async fn discovery(State(server): State<ServerState>, uri: Uri) -> Response {
    server
        .shared
        .tally
        .count(|counters| &mut counters.discovery_requests);
    if let Some(failure) = server.shared.faults.fails(|f| &mut f.discovery_failure) {
        return failure_response(&failure);
    }
    let mut document = document(&server);
    for (name, value) in server.shared.faults.get().metadata {
        match value {
            Value::Null => document.remove(&name),
            value => document.insert(name, value),
        };
    }
    if server
        .shared
        .faults
        .strikes(|f| &mut f.discovery_wrong_issuer)
    {
        document.insert("issuer".to_owned(), json!("https://issuer.invalid"));
    }
    let feed = &server.shared.feed;
    feed.event(
        EventServer::AuthorizationServer,
        EventKind::Issued,
        uri.path(),
    )
    .record();
    json_response(StatusCode::OK, &Value::Object(document))
}

fn document(server: &AuthServer) -> Map<String, Value> {
    let issuer = &server.shared.urls.issuer;
    let at = |path: &str| json!(format!("{issuer}{path}"));
    let auth_methods = [
        AuthMethod::None,
        AuthMethod::ClientSecretBasic,
        AuthMethod::ClientSecretPost,
    ]
    .map(AuthMethod::name);
    [
        ("issuer", json!(issuer)),
        ("authorization_endpoint", at("/authorize")),
        ("token_endpoint", at("/token")),
        ("userinfo_endpoint", at("/userinfo")),
        ("jwks_uri", at("/jwks")),
        ("registration_endpoint", at("/register")),
        ("revocation_endpoint", at("/revoke")),
        ("end_session_endpoint", at("/logout")),
        ("service_documentation", at("/developers")),
        ("scopes_supported", json!(Scope::ALL.map(Scope::name))),
        ("response_types_supported", json!(["code"])),
        ("response_modes_supported", json!(["query"])),
        (
            "grant_types_supported",
            json!(["authorization_code", "refresh_token"]),
        ),
        ("subject_types_supported", json!(["public"])),
        (
            "id_token_signing_alg_values_supported",
            json!([
                SigningAlgorithm::Rs256.name(),
                SigningAlgorithm::Es256.name()
            ]),
        ),
        ("token_endpoint_auth_methods_supported", json!(auth_methods)),
        (
            "revocation_endpoint_auth_methods_supported",
            json!(auth_methods),
        ),
        ("code_challenge_methods_supported", json!(["S256"])),
        (
            "authorization_response_iss_parameter_supported",
            json!(true),
        ),
        (
            "prompt_values_supported",
            json!(["none", "login", "consent", "select_account"]),
        ),
        ("ui_locales_supported", json!(["en", "ko"])),
        (
            "claims_supported",
            json!([
                "sub",
                "iss",
                "aud",
                "exp",
                "iat",
                "auth_time",
                "acr",
                "amr",
                "nonce",
                "at_hash",
                "name",
                "preferred_username",
                "locale",
                "email",
                "email_verified"
            ]),
        ),
        ("acr_values_supported", json!(Level::ALL.map(Level::acr))),
        ("claims_parameter_supported", json!(false)),
        ("request_parameter_supported", json!(false)),
        // The default of this one is true (Discovery 3).
        ("request_uri_parameter_supported", json!(false)),
        (
            "protected_resources",
            json!([
                server.shared.urls.api_resource(),
                server.shared.urls.calendar_resource()
            ]),
        ),
    ]
    .into_iter()
    .chain(extensions(server))
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

/// What depends on the policy.
fn extensions(server: &AuthServer) -> Vec<(&'static str, Value)> {
    let policy = server.shared.policy.get();
    let mut members = Vec::new();
    if policy.par {
        let endpoint = format!("{}/par", server.shared.urls.issuer);
        members.push(("pushed_authorization_request_endpoint", json!(endpoint)));
        // RFC 9126 5.
        members.push((
            "require_pushed_authorization_requests",
            json!(policy.require_par),
        ));
    }
    if policy.dpop == DpopSupport::Advertised {
        // RFC 9449 5.1.
        members.push(("dpop_signing_alg_values_supported", json!(dpop::ALGORITHMS)));
    }
    members
}

/// The public keys.
pub(crate) async fn jwks(State(server): State<ServerState>) -> Response {
    server
        .shared
        .tally
        .count(|counters| &mut counters.jwks_requests);
    if let Some(failure) = server.shared.faults.fails(|f| &mut f.jwks_failure) {
        return failure_response(&failure);
    }
    let feed = &server.shared.feed;
    feed.event(EventServer::AuthorizationServer, EventKind::Issued, "/jwks")
        .record();
    let keys = serde_json::to_string(&server.keys.jwks()).unwrap_or_default();
    let headers = [
        (header::CONTENT_TYPE, "application/jwk-set+json"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, keys).into_response()
}
