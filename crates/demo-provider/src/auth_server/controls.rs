//! The demo's fault panel and feed, over HTTP.

use axum::extract::rejection::BytesRejection;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::error::json_response;
use super::{AuthServer, ServerState};
use crate::faults::FaultAction;
use crate::lock;
use crate::params::Params;

/// `GET /demo/controls`.
pub(crate) async fn show(State(server): State<ServerState>, headers: HeaderMap) -> Response {
    if !is_allowed(&server, &headers, Origin::Required) {
        return not_allowed();
    }
    json_response(StatusCode::OK, &state(&server))
}

/// `PATCH /demo/controls`: a merge patch (RFC 7396) of the settings, with `policy`, a patch of the
/// policy, and `actions` to perform.
pub(crate) async fn change(
    State(server): State<ServerState>,
    headers: HeaderMap,
    body: Result<axum::body::Bytes, BytesRejection>,
) -> Response {
    if !is_allowed(&server, &headers, Origin::Required) {
        return not_allowed();
    }
    let refuse = |message: String| {
        let body = json!({"error": "invalid_controls", "message": message});
        json_response(StatusCode::BAD_REQUEST, &body)
    };
    let body = body.unwrap_or_default();
    let mut patch: Map<String, Value> = match serde_json::from_slice(&body) {
        Ok(patch) => patch,
        Err(_) => return refuse("the body must be a JSON object".to_owned()),
    };
    let actions = patch.remove("actions").unwrap_or_else(|| json!([]));
    let actions: Vec<FaultAction> = match serde_json::from_value(actions) {
        Ok(actions) => actions,
        Err(error) => return refuse(format!("actions: {error}")),
    };
    let policy = match patch.remove("policy").unwrap_or_else(|| json!({})) {
        Value::Object(policy) => policy,
        _ => return refuse("policy must be an object".to_owned()),
    };
    // Actions first, so that a reset can be followed by new settings in one request.
    for action in actions {
        if let Err(message) = perform(&server, action).await {
            return refuse(message);
        }
    }
    // Looked at first, so that of two halves neither is changed when one is nonsense.
    if let Err(error) = server.shared.policy.patched(&policy) {
        return refuse(error.to_string());
    }
    if let Err(error) = server.shared.faults.patch(&patch) {
        return refuse(error.to_string());
    }
    if let Err(error) = server.shared.policy.patch(&policy) {
        return refuse(error.to_string());
    }
    json_response(StatusCode::OK, &state(&server))
}

/// Does what a panel's button says.
pub(crate) async fn perform(server: &ServerState, action: FaultAction) -> Result<(), String> {
    match action {
        FaultAction::RotateKeys => {
            let server = server.clone();
            let rotated = tokio::task::spawn_blocking(move || server.keys.rotate()).await;
            return match rotated {
                Ok(Ok(())) => Ok(()),
                Ok(Err(error)) => Err(error.to_string()),
                Err(_) => Err("the server is shutting down".to_owned()),
            };
        }
        FaultAction::ExpireAccessTokens => server.expire_access_tokens(),
        FaultAction::RevokeEverything => server.revoke_everything(),
        FaultAction::ForgetOneTimeCodes => lock(&server.one_time_codes).forget(),
        FaultAction::Reset => {
            server.shared.faults.reset();
            server.shared.policy.reset();
        }
    }
    Ok(())
}

fn state(server: &AuthServer) -> Value {
    json!({
        "settings": server.shared.faults.get(),
        "policy": server.shared.policy.get(),
        "actions": FaultAction::ALL,
        "access_token_seconds": server.settings.access_token_lifetime.as_secs(),
        "now_ms": server.shared.clock.now_ms(),
    })
}

/// `GET /demo/feed?after=N`.
pub(crate) async fn feed(
    State(server): State<ServerState>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    if !is_allowed(&server, &headers, Origin::IfSent) {
        return not_allowed();
    }
    let params = Params::parse(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let after = match params.get("after").map_or(Ok(0), str::parse) {
        Ok(after) => after,
        Err(_) => {
            let body = json!({"error": "invalid_request", "message": "after must be a number"});
            return json_response(StatusCode::BAD_REQUEST, &body);
        }
    };
    json_response(StatusCode::OK, &json!(server.shared.feed.after(after)))
}

/// Whether a request must say that it comes from one of the demo's apps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// What changes or tells how the server behaves.
    Required,
    /// What is harmless to read, as from a terminal.
    IfSent,
}

/// Whether the request may go on.
fn is_allowed(server: &AuthServer, headers: &HeaderMap, origin: Origin) -> bool {
    match headers.get(header::ORIGIN) {
        Some(sent) => server.shared.origins.is_app(sent.as_bytes()),
        None => origin == Origin::IfSent,
    }
}

fn not_allowed() -> Response {
    let message = "the demo's controls answer only to pages of the demo's own apps";
    let body = json!({"error": "origin_not_allowed", "message": message});
    json_response(StatusCode::FORBIDDEN, &body)
}
