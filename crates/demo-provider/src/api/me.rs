//! Who the token speaks for.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::gate::{Caller, Needs, Resource};
use super::{ApiState, Refusal, json_answer};
use crate::lock;
use crate::users::find_by_sub;

const ME: Needs = Needs::token_for("/api/me", Resource::Main);

/// `GET /api/me`: any access token for this API will do.
pub(crate) async fn me(State(api): State<ApiState>, caller: Caller) -> Result<Response, Refusal> {
    let token = api.authorize(&caller, &ME).await?;
    // The API keeps its own book of people; the token brings nothing but their `sub`.
    let name = find_by_sub(&token.sub).map(|user| user.name);
    let now = api.shared.clock.now();
    let body = json!({
        "sub": token.sub,
        "name": name,
        "client_id": token.client_id,
        "scope": token.scopes.to_string(),
        "token_type": if token.bound_to.is_some() { "DPoP" } else { "Bearer" },
        "notes": lock(&api.notes).count(&token.sub),
        "token_issued_at": token.issued,
        "token_expires_at": token.expires,
        "token_expires_in": token.expires.saturating_sub(now),
        "server_time": now,
    });
    Ok(json_answer(StatusCode::OK, &body))
}
