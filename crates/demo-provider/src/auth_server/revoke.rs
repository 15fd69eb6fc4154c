//! Revocation (RFC 7009).

use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::error::{Code, OAuthError, failure_response, read_form};
use super::{AuthServer, ServerState, client_auth};
use crate::dpop::DPOP;
use crate::feed::{EventKind, EventServer};
use crate::keys::AcceptKeys;
use crate::lock;
use crate::params::Params;

#[derive(Deserialize)]
struct AccessToken {
    jti: String,
}

/// `POST /revoke`.
pub(crate) async fn revoke(
    State(server): State<ServerState>,
    headers: HeaderMap,
    body: Result<axum::body::Bytes, BytesRejection>,
) -> Response {
    server
        .shared
        .tally
        .count(|counters| &mut counters.revocation_requests);
    let faults = server.shared.faults.clone();
    // Neither RFC 7009 nor RFC 9449 asks for a proof here: a token that its thief revokes is revoked.
    let proof = if headers.contains_key(DPOP) {
        "a proof came"
    } else {
        "no proof"
    };
    tell(&server, EventKind::Received, None, &[("dpop", proof)]);
    faults.pause(|_| 0, |f| f.hold_revocation_requests).await;
    if let Some(failure) = faults.fails(|f| &mut f.revocation_failure) {
        return failure_response(&failure);
    }
    match read_form(&headers, body).and_then(|params| answer(&server, &headers, &params)) {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => {
            tell(
                &server,
                EventKind::Refused,
                None,
                &[("error", error.code.name())],
            );
            error.into_response()
        }
    }
}

fn answer(server: &AuthServer, headers: &HeaderMap, params: &Params) -> Result<(), OAuthError> {
    let client = client_auth::authenticate(server, headers, params)?;
    let token = params
        .get("token")
        .ok_or_else(|| OAuthError::new(Code::InvalidRequest, "token is missing"))?;
    let others = "the token was issued to another client";
    let refuse = || OAuthError::new(Code::UnauthorizedClient, others);

    // The hint would only tell where to look first, and both are looked at (RFC 7009 2.1).
    let mut grants = lock(&server.grants);
    if let Some(grant) = grants.grant_of_refresh_token(token) {
        if grant.client_id != client.id {
            return Err(refuse());
        }
        let grant = grant.id.clone();
        grants.revoke_grant(&grant);
        drop(grants);
        tell(
            server,
            EventKind::Checked,
            Some(&client.id),
            &[("revoked", "refresh_token")],
        );
        return Ok(());
    }
    let issuer = &server.shared.urls.issuer;
    if let Some((_, claims)) =
        server
            .keys
            .verify::<AccessToken>(token, issuer, AcceptKeys::AlsoRetired)
    {
        match grants.client_of_access_token(&claims.jti) {
            Some(owner) if owner != client.id => return Err(refuse()),
            Some(_) => grants.revoke_access_token(&claims.jti),
            None => {}
        }
        drop(grants);
        tell(
            server,
            EventKind::Checked,
            Some(&client.id),
            &[("revoked", "access_token")],
        );
    }
    // A token that nobody knows is as good as revoked (RFC 7009 2.2).
    Ok(())
}

fn tell(server: &AuthServer, kind: EventKind, client: Option<&str>, details: &[(&str, &str)]) {
    let event = server
        .shared
        .feed
        .event(EventServer::AuthorizationServer, kind, "/revoke");
    let event = event.maybe_client(client);
    details
        .iter()
        .fold(event, |event, (name, value)| event.detail(name, value))
        .record();
}
