//! UserInfo (OpenID Connect Core 5.3).

use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{failure_response, json_response, read_form};
use super::issue::user_claims;
use super::{AuthServer, ServerState};
use crate::access::{self, Challenge, Realm, Scheme};
use crate::dpop::Target;
use crate::feed::{EventKind, EventServer};
use crate::keys::AcceptKeys;
use crate::lock;
use crate::policy::DpopSupport;
use crate::scope::{Scope, ScopeSet};

const ENDPOINT: &str = "/userinfo";

#[derive(Deserialize)]
struct AccessToken {
    sub: String,
    jti: String,
    scope: String,
    #[serde(default)]
    cnf: Option<Confirmation>,
}

/// The key that a token is bound to (RFC 9449 6.1).
#[derive(Deserialize)]
struct Confirmation {
    jkt: String,
}

/// `GET` and `POST /userinfo`.
pub(crate) async fn userinfo(
    State(server): State<ServerState>,
    method: Method,
    headers: HeaderMap,
    body: Result<axum::body::Bytes, BytesRejection>,
) -> Response {
    server
        .shared
        .tally
        .count(|counters| &mut counters.userinfo_requests);
    if let Some(failure) = server.shared.faults.fails(|f| &mut f.userinfo_failure) {
        return failure_response(&failure);
    }
    let in_form = match method {
        Method::POST if headers.contains_key(header::CONTENT_TYPE) => read_form(&headers, body)
            .ok()
            .and_then(|form| form.get("access_token").map(str::to_owned)),
        _ => None,
    };
    let feed = &server.shared.feed;
    match answer(&server, &method, &headers, in_form.as_deref()) {
        Ok((client_id, claims)) => {
            feed.event(
                EventServer::AuthorizationServer,
                EventKind::Issued,
                ENDPOINT,
            )
            .client(&client_id)
            .detail("issued", "claims")
            .record();
            json_response(StatusCode::OK, &claims)
        }
        Err(challenge) => {
            feed.event(
                EventServer::AuthorizationServer,
                EventKind::Refused,
                ENDPOINT,
            )
            .detail("error", challenge.name())
            .record();
            let realm = Realm {
                name: "demo-provider",
                metadata: None,
                takes_bearer: true,
                names_dpop: server.shared.policy.get().dpop == DpopSupport::Advertised,
            };
            challenge.respond(access::scheme(&headers), realm)
        }
    }
}

fn answer(
    server: &AuthServer,
    method: &Method,
    headers: &HeaderMap,
    in_form: Option<&str>,
) -> Result<(String, Value), Challenge> {
    let (scheme, text) = match (access::read(headers)?, in_form) {
        (Some(_), Some(_)) => return Err(Challenge::InvalidRequest),
        (Some(presented), None) => presented,
        (None, Some(token)) => (Scheme::Bearer, token),
        (None, None) => return Err(Challenge::NoToken),
    };
    let issuer = &server.shared.urls.issuer;
    let (header, token) = server
        .keys
        .verify::<AccessToken>(text, issuer, AcceptKeys::Current)
        .ok_or(Challenge::InvalidToken)?;
    // An ID token is no access token, though the same keys signed it (RFC 9068 4).
    if header.typ.as_deref() != Some("at+jwt") || server.shared.expired_early.contains(&token.jti) {
        return Err(Challenge::InvalidToken);
    }
    let now = server.shared.clock.now();
    let client_id = lock(&server.grants)
        .grant_of_access_token(&token.jti, now)
        .map(|grant| grant.client_id.clone())
        .ok_or(Challenge::InvalidToken)?;
    let bound_to = token.cnf.as_ref().map(|cnf| cnf.jkt.as_str());
    access::check_binding(scheme, bound_to, || {
        let target = Target {
            method: method.as_str(),
            url: &format!("{issuer}{ENDPOINT}"),
            access_token: Some(text),
        };
        server.check_proof(headers, target)
    })
    .map_err(|(challenge, _)| challenge)?;
    let scopes = ScopeSet::parse(&token.scope);
    if !scopes.contains(Scope::OpenId) {
        return Err(Challenge::InsufficientScope(Scope::OpenId));
    }
    let mut claims = user_claims(&token.sub, &scopes);
    if server.shared.faults.strikes(|f| &mut f.userinfo_wrong_sub) {
        claims.insert("sub".to_owned(), json!("another-user"));
    }
    Ok((client_id, Value::Object(claims)))
}
