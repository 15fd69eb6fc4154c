//! The authorization endpoint (RFC 6749 3.1).

use axum::extract::rejection::BytesRejection;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;

use super::authorization_request::{AuthorizationRequest, Prompt, Refusal, Unanswerable, check};
use super::error::{Code, OAuthError, read_any_form};
use super::interaction::{Purpose, Step};
use super::session::Visitor;
use super::{AuthServer, ServerState, interaction, pages};
use crate::feed::{EventKind, EventServer};
use crate::params::Params;

/// `GET /authorize`.
pub(crate) async fn authorize(
    State(server): State<ServerState>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let params = Params::parse(query.unwrap_or_default().as_bytes());
    respond(&server, &headers, params.ok())
}

/// `POST /authorize` (OpenID Connect Core 3.1.2.1 asks for both).
pub(crate) async fn authorize_by_form(
    State(server): State<ServerState>,
    headers: HeaderMap,
    body: Result<axum::body::Bytes, BytesRejection>,
) -> Response {
    respond(&server, &headers, read_any_form(&headers, body).ok())
}

fn respond(server: &AuthServer, headers: &HeaderMap, params: Option<Params>) -> Response {
    server
        .shared
        .tally
        .count(|counters| &mut counters.authorization_requests);
    let visitor = server.visitor(headers);
    let Some(params) = params else {
        return unanswerable(server, &visitor, Unanswerable::TooManyParameters);
    };
    match check(server, &params) {
        Ok(request) => begin(server, &visitor, request),
        Err(Refusal::Page(problem)) => unanswerable(server, &visitor, problem),
        Err(Refusal::Client(address, error)) => address.refuse(server, &error),
    }
}

fn unanswerable(server: &AuthServer, visitor: &Visitor, problem: Unanswerable) -> Response {
    server
        .shared
        .feed
        .event(
            EventServer::AuthorizationServer,
            EventKind::Refused,
            "/authorize",
        )
        .detail("error", problem.code())
        .record();
    pages::unanswerable(server, visitor, problem)
}

fn begin(server: &AuthServer, visitor: &Visitor, request: AuthorizationRequest) -> Response {
    server
        .shared
        .feed
        .event(
            EventServer::AuthorizationServer,
            EventKind::Received,
            "/authorize",
        )
        .client(&request.client.id)
        .detail("scope", request.scopes.to_string())
        .detail("resource", request.resources.join(" "))
        .detail("code_challenge_method", "S256")
        .detail("acr", request.level.acr())
        .record();
    if request.prompt == Prompt::None {
        let step = server.next_step(&request, visitor.user.as_ref(), None);
        let (code, description) = match (step, &visitor.user) {
            (Step::Grant, Some(signed_in)) => return server.grant(&request, signed_in),
            (Step::Consent, _) => (
                Code::ConsentRequired,
                "the user has not consented to this yet",
            ),
            (Step::SecondFactor, _) => (
                Code::InteractionRequired,
                "the user must give a one-time code",
            ),
            _ => (Code::LoginRequired, "the user must sign in"),
        };
        return request.refuse(server, &OAuthError::new(code, description));
    }
    let interaction = server.start_interaction(visitor, Purpose::Authorize(Box::new(request)));
    interaction::proceed(server, visitor, interaction)
}
