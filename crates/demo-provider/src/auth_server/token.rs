//! The token endpoint (RFC 6749 3.2).

use std::collections::BTreeSet;

use axum::Extension;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::cors::WithoutCors;
use super::error::{Code, OAuthError, failure_response, json_response, read_form};
use super::grants::{Grant, RefreshRefusal};
use super::issue::{self, IdTokenFor};
use super::prover::{self, Prover};
use super::{AuthServer, ServerState, client_auth};
use crate::client::{Client, RefreshPolicy};
use crate::clock::to_ms;
use crate::faults::ExpiresIn;
use crate::feed::{EventKind, EventServer};
use crate::lock;
use crate::net::Connection;
use crate::params::Params;
use crate::scope::{Scope, ScopeSet};
use crate::secret::Secret;

/// `POST /token`.
pub(crate) async fn token(
    State(server): State<ServerState>,
    Extension(connection): Extension<Connection>,
    headers: HeaderMap,
    body: Result<axum::body::Bytes, BytesRejection>,
) -> Response {
    let params = read_form(&headers, body);
    let grant_type = match params
        .as_ref()
        .ok()
        .and_then(|params| params.get("grant_type"))
    {
        Some("authorization_code") => "authorization_code",
        Some("refresh_token") => "refresh_token",
        _ => "other",
    };
    let faults = server.shared.faults.clone();
    let client_id = params
        .as_ref()
        .ok()
        .and_then(|params| known_client(&server, params));
    tell(
        &server,
        EventKind::Received,
        client_id.as_deref(),
        &[("grant_type", grant_type)],
    );

    faults
        .pause(|f| f.token_delay_ms, |f| f.hold_token_requests)
        .await;
    let mut response = if let Some(failure) = faults.fails(|f| &mut f.token_failure) {
        let result = format!("fault_{}", failure.status);
        server.shared.tally.token_request(grant_type, &result);
        tell(
            &server,
            EventKind::Refused,
            client_id.as_deref(),
            &[("error", &result)],
        );
        failure_response(&failure)
    } else if faults.strikes(|f| &mut f.redirect_token_request) {
        server
            .shared
            .tally
            .token_request(grant_type, "fault_redirect");
        let location = format!("{}/token", server.shared.urls.issuer);
        (
            StatusCode::TEMPORARY_REDIRECT,
            [(header::LOCATION, location)],
        )
            .into_response()
    } else {
        let outcome = params.and_then(|params| answer(&server, &headers, &params));
        let result = outcome
            .as_ref()
            .map_or_else(|error| error.code.name(), |_| "ok");
        server.shared.tally.token_request(grant_type, result);
        match outcome {
            Ok(answer) => json_response(StatusCode::OK, &Value::Object(answer)),
            Err(error) => {
                let details = [
                    ("error", error.code.name()),
                    ("reason", &*error.description),
                ];
                tell(&server, EventKind::Refused, client_id.as_deref(), &details);
                error.into_response()
            }
        }
    };
    if faults.strikes(|f| &mut f.drop_token_answer) {
        tell(
            &server,
            EventKind::Refused,
            client_id.as_deref(),
            &[("what", "the answer is lost")],
        );
        match connection.drop_without_answer().await {}
    }
    if faults.strikes(|f| &mut f.token_without_cors) {
        response.extensions_mut().insert(WithoutCors);
    }
    response
}

/// The client that a form names, if it is registered: nothing else is told in the feed.
fn known_client(server: &AuthServer, params: &Params) -> Option<String> {
    server
        .clients
        .find(params.get("client_id")?)
        .map(|client| client.id.clone())
}

fn tell(server: &AuthServer, kind: EventKind, client: Option<&str>, details: &[(&str, &str)]) {
    let event = server
        .shared
        .feed
        .event(EventServer::AuthorizationServer, kind, "/token");
    let event = event.maybe_client(client);
    details
        .iter()
        .fold(event, |event, (name, value)| event.detail(name, value))
        .record();
}

type Answer = Map<String, Value>;

fn answer(server: &AuthServer, headers: &HeaderMap, params: &Params) -> Result<Answer, OAuthError> {
    let grant_type = params
        .get("grant_type")
        .ok_or_else(|| OAuthError::new(Code::InvalidRequest, "grant_type is missing"))?;
    let client = client_auth::authenticate(server, headers, params)?;
    let prover = server.prover(headers, "/token")?;
    let needs_proof = server.shared.policy.get().require_dpop || client.require_dpop;
    if needs_proof && prover == Prover::Nobody {
        return Err(prover::missing());
    }
    match grant_type {
        "authorization_code" => redeem_code(server, &client, &prover, params),
        "refresh_token" => refresh(server, &client, &prover, params),
        _ => {
            let description = "grant_type must be authorization_code or refresh_token";
            Err(OAuthError::new(Code::UnsupportedGrantType, description))
        }
    }
}

/// RFC 6749 4.1.3 with RFC 7636 4.5.
fn redeem_code(
    server: &AuthServer,
    client: &Client,
    prover: &Prover,
    params: &Params,
) -> Result<Answer, OAuthError> {
    let required = |name: &'static str| {
        let missing = || OAuthError::new(Code::InvalidRequest, format!("{name} is missing"));
        params.get(name).ok_or_else(missing)
    };
    let code = required("code")?;
    let redirect_uri = required("redirect_uri")?;
    let verifier = required("code_verifier")?;
    let is_unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    if !(43..=128).contains(&verifier.len()) || !verifier.chars().all(is_unreserved) {
        let description = "code_verifier must be 43 to 128 unreserved characters";
        return Err(OAuthError::new(Code::InvalidRequest, description));
    }
    let now_ms = server.shared.clock.now_ms();
    let grant = lock(&server.grants)
        .redeem_code(code, &client.id, redirect_uri, verifier, prover, now_ms)
        .map_err(|refusal| OAuthError::new(Code::InvalidGrant, refusal.reason()))?;
    tell(
        server,
        EventKind::Checked,
        Some(&client.id),
        &[("what", "code and PKCE verifier"), ("dpop", &prover.told())],
    );
    let key = binding(server, prover);
    // A confidential client's refresh tokens are bound to its secret (RFC 9449 5).
    if let (Some(key), true) = (key, client.is_public()) {
        lock(&server.grants).bind(&grant.id, key);
    }

    let resources = narrow_resources(params, &grant)?;
    let wants_refresh = match client.refresh {
        RefreshPolicy::Never => false,
        RefreshPolicy::WithOfflineAccess => grant.scopes.contains(Scope::OfflineAccess),
        RefreshPolicy::Always => true,
    };
    let omitted = server.shared.faults.strikes(|f| &mut f.omit_refresh_token);
    let refresh_token =
        (wants_refresh && !omitted).then(|| lock(&server.grants).issue_refresh_token(&grant.id));
    compose(
        server,
        client,
        &grant,
        &grant.scopes,
        &resources,
        Tokens {
            refresh_token,
            bound_to: key,
            purpose: IdTokenFor::Code,
        },
    )
}

/// RFC 6749 6, with rotation (RFC 9700 4.14.2).
fn refresh(
    server: &AuthServer,
    client: &Client,
    prover: &Prover,
    params: &Params,
) -> Result<Answer, OAuthError> {
    let invalid_grant = |reason: &'static str| OAuthError::new(Code::InvalidGrant, reason);
    let token = params
        .get("refresh_token")
        .ok_or_else(|| OAuthError::new(Code::InvalidRequest, "refresh_token is missing"))?;
    let faults = &server.shared.faults;
    let now_ms = server.shared.clock.now_ms();
    let leeway_ms = to_ms(server.settings.refresh_leeway);

    // One lock from the check to the rotation: of two requests with one token, one is the second.
    let mut grants = lock(&server.grants);
    let grant = match grants.check_refresh_token(token, &client.id, prover, now_ms, leeway_ms) {
        Ok(grant) => grant,
        Err(refusal) => {
            if refusal == RefreshRefusal::Reused {
                server
                    .shared
                    .tally
                    .count(|counters| &mut counters.refresh_reuses);
            }
            return Err(match refusal {
                RefreshRefusal::NoProof => {
                    OAuthError::new(Code::InvalidDpopProof, refusal.reason())
                }
                _ => invalid_grant(refusal.reason()),
            });
        }
    };
    if faults.strikes(|f| &mut f.refuse_refresh) {
        grants.revoke_grant(&grant.id);
        return Err(invalid_grant(
            "this refusal was switched on in the demo's fault panel",
        ));
    }
    let scopes = narrow_scopes(params, &grant)?;
    let resources = narrow_resources(params, &grant)?;
    let keep = faults.strikes(|f| &mut f.keep_refresh_token);
    let refresh_token = (!keep).then(|| grants.rotate(token, &grant.id, now_ms));
    let key = binding(server, prover);
    // A family that began without a key is bound to the first that is proven (RFC 9449 5).
    if let (Some(key), None, true) = (key, &grant.refresh_jkt, client.is_public())
        && refresh_token.is_some()
    {
        grants.bind(&grant.id, key);
    }
    drop(grants);
    tell(
        server,
        EventKind::Checked,
        Some(&client.id),
        &[("what", "refresh token"), ("dpop", &prover.told())],
    );
    compose(
        server,
        client,
        &grant,
        &scopes,
        &resources,
        Tokens {
            refresh_token,
            bound_to: key,
            purpose: IdTokenFor::Refresh,
        },
    )
}

/// The key that new tokens are bound to.
fn binding<'a>(server: &AuthServer, prover: &'a Prover) -> Option<&'a str> {
    prover
        .key()
        .filter(|_| !server.shared.faults.strikes(|f| &mut f.dpop_answer_bearer))
}

/// A refresh may ask for less than was granted, never for more (RFC 6749 6).
fn narrow_scopes(params: &Params, grant: &Grant) -> Result<ScopeSet, OAuthError> {
    let Some(wanted) = params.get("scope") else {
        return Ok(grant.scopes.clone());
    };
    let wanted = ScopeSet::parse(wanted);
    if wanted.is_empty() || !grant.scopes.covers(&wanted) {
        let description = "scope must be some of what was granted";
        return Err(OAuthError::new(Code::InvalidScope, description));
    }
    Ok(wanted)
}

/// The same for resources (RFC 8707 2.2).
fn narrow_resources(params: &Params, grant: &Grant) -> Result<Vec<String>, OAuthError> {
    let wanted: BTreeSet<String> = params.all("resource").map(str::to_owned).collect();
    if wanted.is_empty() {
        return Ok(grant.resources.clone());
    }
    if !wanted
        .iter()
        .all(|resource| grant.resources.contains(resource))
    {
        let description = "resource must be one of those that were granted";
        return Err(OAuthError::new(Code::InvalidTarget, description));
    }
    Ok(wanted.into_iter().collect())
}

/// What kind of tokens an answer gives.
struct Tokens<'a> {
    refresh_token: Option<Secret>,
    /// The thumbprint of the key that the access token is bound to.
    bound_to: Option<&'a str>,
    purpose: IdTokenFor,
}

/// The successful answer (RFC 6749 5.1, OpenID Connect Core 3.1.3.3).
fn compose(
    server: &AuthServer,
    client: &Client,
    grant: &Grant,
    scopes: &ScopeSet,
    resources: &[String],
    tokens: Tokens<'_>,
) -> Result<Answer, OAuthError> {
    let faults = &server.shared.faults;
    let Tokens {
        refresh_token,
        bound_to,
        purpose,
    } = tokens;
    let access = issue::access_token(server, grant, scopes, resources, bound_to)?;
    let token_type = if bound_to.is_some() { "DPoP" } else { "Bearer" };
    let mut answer = Answer::new();
    let mut issued = vec!["access_token"];
    let mut member = |name: &str, value: Value| answer.insert(name.to_owned(), value);
    member("access_token", json!(access.token));
    member("token_type", json!(token_type));
    member("scope", json!(scopes.to_string()));
    match faults.get().expires_in {
        ExpiresIn::Honest => member("expires_in", json!(access.lifetime)),
        ExpiresIn::Text => member("expires_in", json!(access.lifetime.to_string())),
        ExpiresIn::Zero => member("expires_in", json!(0)),
        ExpiresIn::Negative => member("expires_in", json!(-1)),
        ExpiresIn::Null => member("expires_in", Value::Null),
        ExpiresIn::Omitted => None,
    };
    if let Some(refresh_token) = refresh_token {
        member("refresh_token", json!(refresh_token.expose()));
        issued.push("refresh_token");
    }
    let omitted =
        purpose == IdTokenFor::Refresh && faults.strikes(|f| &mut f.omit_id_token_on_refresh);
    if grant.scopes.contains(Scope::OpenId) && !omitted {
        let id_token = issue::id_token(server, client, grant, scopes, &access.token, purpose)?;
        member("id_token", json!(id_token));
        issued.push("id_token");
    }
    let details = [
        ("issued", issued.join(" ")),
        ("token_type", token_type.to_owned()),
        ("scope", scopes.to_string()),
        ("resource", resources.join(" ")),
        ("expires_in", access.lifetime.to_string()),
    ];
    let details = details
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    tell(server, EventKind::Issued, Some(&client.id), &details);
    Ok(answer)
}
