//! What opens only to a user who proved more than a password, and lately (RFC 9470).

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::gate::{Caller, Needs};
use super::{ApiState, Refusal, json_answer};
use crate::users::find_by_sub;

const VAULT: Needs = Needs::step_up("/api/vault");

/// `GET /api/vault`: any access token for this API whose user signed in with a second factor, not
/// long ago.
pub(crate) async fn open(State(api): State<ApiState>, caller: Caller) -> Result<Response, Refusal> {
    let token = api.authorize(&caller, &VAULT).await?;
    let korean = find_by_sub(&token.sub).is_some_and(|user| user.locale == "ko");
    let title = if korean {
        "비상금 위치"
    } else {
        "Where the spare key is"
    };
    let text = if korean {
        "책장 셋째 칸, 파란 책 뒤"
    } else {
        "Third shelf, behind the blue book"
    };
    let body = json!({
        "items": [{"title": title, "text": text}],
        "acr": token.acr,
        "auth_time": token.auth_time,
        "server_time": api.shared.clock.now(),
    });
    Ok(json_answer(StatusCode::OK, &body))
}
