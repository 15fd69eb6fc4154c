//! The user's calendar: a resource of its own (RFC 8707), so a token for the rest of the API does
//! not open it, and its token opens nothing else.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::gate::{Caller, Needs, Resource};
use super::{ApiState, Refusal, json_answer};
use crate::users::find_by_sub;

const EVENTS: Needs = Needs::token_for("/calendar/events", Resource::Calendar);

/// `GET /calendar/events`: any access token for the calendar will do.
pub(crate) async fn events(
    State(api): State<ApiState>,
    caller: Caller,
) -> Result<Response, Refusal> {
    let token = api.authorize(&caller, &EVENTS).await?;
    let korean = find_by_sub(&token.sub).is_some_and(|user| user.locale == "ko");
    let titles = if korean {
        ["팀 회의", "치과 예약"]
    } else {
        ["Team meeting", "Dentist"]
    };
    let today = api.shared.clock.now() / 86_400 * 86_400;
    // Tomorrow at nine, and the day after.
    let events: Vec<Value> = (1_u64..)
        .zip(titles)
        .map(|(day, title)| {
            let starts_at = today.saturating_add(day * 86_400).saturating_add(9 * 3_600);
            json!({"id": day, "title": title, "starts_at": starts_at.saturating_mul(1_000)})
        })
        .collect();
    Ok(json_answer(StatusCode::OK, &json!({"events": events})))
}
