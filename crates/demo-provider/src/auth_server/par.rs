//! Pushed authorization requests (RFC 9126).

use std::collections::HashMap;

use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::authorization_request::{self, AuthorizationRequest, Refusal};
use super::error::{Code, OAuthError, failure_response, json_response, read_any_form};
use super::{AuthServer, ServerState, client_auth, prover};
use crate::dpop::{Problem, Refused};
use crate::feed::{EventKind, EventServer};
use crate::lock;
use crate::secret::{Fingerprint, random_text};

/// What every `request_uri` of this server starts with (RFC 9126 2.2).
pub(crate) const REQUEST_URI_PREFIX: &str = "urn:ietf:params:oauth:request_uri:";
/// The largest request that may be pushed: twice what fits into most servers' request line.
pub(crate) const LARGEST: usize = 16 * 1024;
/// How many requests of one client may wait for their users.
const MOST_OF_ONE_CLIENT: usize = 1_000;
/// How many may wait in all.
const MOST: usize = 5_000;

#[derive(Debug)]
struct Pushed {
    request: AuthorizationRequest,
    expires_ms: u64,
}

/// Every pushed request that waits for its user, by the fingerprint of its `request_uri`.
#[derive(Debug, Default)]
pub(crate) struct PushedRequests(HashMap<Fingerprint, Pushed>);

/// More requests wait than are kept.
struct Full;

impl PushedRequests {
    /// Keeps a request; its `request_uri`.
    fn keep(
        &mut self,
        request: AuthorizationRequest,
        now_ms: u64,
        lifetime_ms: u64,
    ) -> Result<String, Full> {
        self.0.retain(|_, waiting| now_ms < waiting.expires_ms);
        let of_this_client = self
            .0
            .values()
            .filter(|waiting| waiting.request.client.id == request.client.id)
            .count();
        if self.0.len() >= MOST || of_this_client >= MOST_OF_ONE_CLIENT {
            return Err(Full);
        }
        let request_uri = format!("{REQUEST_URI_PREFIX}{}", random_text());
        let expires_ms = now_ms.saturating_add(lifetime_ms);
        self.0.insert(
            Fingerprint::of(&request_uri),
            Pushed {
                request,
                expires_ms,
            },
        );
        Ok(request_uri)
    }

    /// The request behind a `request_uri`, once, and for its client alone (RFC 9126 4 and 7.3).
    /// One that comes with another client's name is left to its own.
    pub(crate) fn take(
        &mut self,
        request_uri: &str,
        client_id: &str,
        now_ms: u64,
    ) -> Option<AuthorizationRequest> {
        let name = Fingerprint::of(request_uri);
        if self.0.get(&name)?.request.client.id != client_id {
            return None;
        }
        let pushed = self.0.remove(&name)?;
        (now_ms < pushed.expires_ms).then_some(pushed.request)
    }
}

/// `POST /par`.
pub(crate) async fn push(
    State(server): State<ServerState>,
    headers: HeaderMap,
    body: Result<axum::body::Bytes, BytesRejection>,
) -> Response {
    server
        .shared
        .tally
        .count(|counters| &mut counters.par_requests);
    tell(&server, EventKind::Received, None, &[]);
    if let Some(failure) = server.shared.faults.fails(|f| &mut f.par_failure) {
        return failure_response(&failure);
    }
    match answer(&server, &headers, body) {
        Ok((request_uri, expires_in)) => {
            let body = json!({"request_uri": request_uri, "expires_in": expires_in});
            json_response(StatusCode::CREATED, &body)
        }
        Err(error) => {
            let details = [
                ("error", error.code.name()),
                ("reason", &*error.description),
            ];
            tell(&server, EventKind::Refused, None, &details);
            let is_full = error.code == Code::TemporarilyUnavailable;
            let mut response = error.into_response();
            if is_full {
                let seconds = HeaderValue::from(server.shared.policy.get().par_seconds);
                response.headers_mut().insert(header::RETRY_AFTER, seconds);
            }
            response
        }
    }
}

fn answer(
    server: &AuthServer,
    headers: &HeaderMap,
    body: Result<axum::body::Bytes, BytesRejection>,
) -> Result<(String, u64), OAuthError> {
    let invalid = |description: &'static str| OAuthError::new(Code::InvalidRequest, description);
    let policy = server.shared.policy.get();
    if !policy.par {
        return Err(
            invalid("this server takes no pushed requests").with_status(StatusCode::NOT_FOUND)
        );
    }
    let params = read_any_form(headers, body)?;
    // A second client_id would name two, and authentication looks at one.
    if params.first_repeated().is_some() {
        return Err(invalid("a parameter came more than once"));
    }
    let client = client_auth::authenticate(server, headers, &params)?;
    // RFC 9126 2.1.
    if params.get("request_uri").is_some() {
        return Err(invalid("request_uri must not be pushed itself"));
    }
    let prover = server.prover(headers, "/par")?;
    let client_id = client.id.clone();
    let mut request =
        authorization_request::check_of(server, &params, client).map_err(|refusal| {
            match refusal {
                // Nobody is redirected here, so everything can be told to the client.
                Refusal::Page(_) => invalid("redirect_uri is missing or not one of this client's"),
                Refusal::Client(_, error) => error,
            }
        })?;
    // The proof binds the code as dpop_jkt does, and where both come they must agree (RFC 9449 10.1).
    match (&request.dpop_jkt, prover.key()) {
        (Some(named), Some(_)) if !prover.may_use(Some(named)) => {
            return Err(prover::refusal(Refused::Invalid(Problem::OtherKey)));
        }
        (None, Some(key)) => request.dpop_jkt = Some(key.to_owned()),
        _ => {}
    }
    let details = [
        ("dpop", prover.told()),
        ("scope", request.scopes.to_string()),
        ("resource", request.resources.join(" ")),
        ("expires_in", policy.par_seconds.to_string()),
    ];
    let request_uri = lock(&server.pushed)
        .keep(
            request,
            server.shared.clock.now_ms(),
            policy.par_seconds.saturating_mul(1_000),
        )
        .map_err(|Full| {
            OAuthError::new(Code::TemporarilyUnavailable, "too many requests wait")
                .with_status(StatusCode::TOO_MANY_REQUESTS)
        })?;
    let mut details = details
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()))
        .to_vec();
    details.push(("issued", "request_uri"));
    tell(server, EventKind::Issued, Some(&client_id), &details);
    Ok((request_uri, policy.par_seconds))
}

fn tell(server: &AuthServer, kind: EventKind, client: Option<&str>, details: &[(&str, &str)]) {
    let event = server
        .shared
        .feed
        .event(EventServer::AuthorizationServer, kind, "/par");
    details
        .iter()
        .fold(event.maybe_client(client), |event, (name, value)| {
            event.detail(name, value)
        })
        .record();
}
