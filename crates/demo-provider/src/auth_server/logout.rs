//! The end-session endpoint (OpenID Connect RP-Initiated Logout 1.0).

use std::sync::Arc;

use axum::extract::rejection::BytesRejection;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use maud::html;
use serde::Deserialize;

use super::error::read_form;
use super::lang::Lang;
use super::pages::{self, Page};
use super::session::{Visitor, is_from_own_page};
use super::{AuthServer, ServerState};
use crate::client::Client;
use crate::feed::{EventKind, EventServer};
use crate::keys::AcceptKeys;
use crate::params::Params;

/// What a sign-out request asks for, checked.
#[derive(Debug)]
struct LogoutRequest {
    client: Option<Arc<Client>>,
    /// The user whom a valid `id_token_hint` names.
    hinted_sub: Option<String>,
    /// One of the client's registered ones.
    return_to: Option<String>,
    state: Option<String>,
    lang: Option<Lang>,
}

impl LogoutRequest {
    /// Where the browser goes afterwards.
    fn location(&self) -> Option<String> {
        let uri = self.return_to.as_deref()?;
        let Some(state) = &self.state else {
            return Some(uri.to_owned());
        };
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("state", state)
            .finish();
        let separator = if uri.contains('?') { '&' } else { '?' };
        Some(format!("{uri}{separator}{query}"))
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
struct Hint {
    sub: String,
    aud: Audience,
}

/// Checks a request; the error is a code for its page.
fn check(server: &AuthServer, params: &Params) -> Result<LogoutRequest, &'static str> {
    if params.first_repeated().is_some() {
        return Err("repeated_parameter");
    }
    let issuer = &server.shared.urls.issuer;
    let hint = match params.get("id_token_hint") {
        // An expired one is good: a user signs out when it is late (RP-Initiated Logout 4).
        Some(token) => {
            let hint = server
                .keys
                .verify::<Hint>(token, issuer, AcceptKeys::AlsoRetired);
            Some(hint.map(|(_, hint)| hint).ok_or("invalid_id_token_hint")?)
        }
        None => None,
    };
    let hinted_client = hint.as_ref().and_then(|hint| match &hint.aud {
        Audience::One(client_id) => Some(client_id.as_str()),
        Audience::Many(client_ids) => client_ids.first().map(String::as_str),
    });
    let client_id = match (params.get("client_id"), hinted_client) {
        (Some(named), Some(hinted)) if named != hinted => return Err("client_id_mismatch"),
        (named, hinted) => named.or(hinted),
    };
    let client = match client_id {
        Some(client_id) => Some(server.clients.find(client_id).ok_or("unknown_client")?),
        None => None,
    };
    let return_to = match (params.get("post_logout_redirect_uri"), &client) {
        (Some(uri), Some(client)) if client.post_logout_redirect_uris.iter().any(|r| r == uri) => {
            Some(uri.to_owned())
        }
        (Some(_), Some(_)) => return Err("unregistered_post_logout_redirect_uri"),
        (Some(_), None) => return Err("missing_client_id"),
        (None, _) => None,
    };
    Ok(LogoutRequest {
        client,
        hinted_sub: hint.map(|hint| hint.sub),
        return_to,
        state: params.get("state").map(str::to_owned),
        lang: params.get("ui_locales").and_then(Lang::from_ui_locales),
    })
}

/// `GET /logout`.
pub(crate) async fn logout(
    State(server): State<ServerState>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = query.unwrap_or_default();
    begin(&server, &headers, Params::parse(query.as_bytes()).ok())
}

/// `POST /logout` (RP-Initiated Logout 2 asks for both).
pub(crate) async fn logout_by_form(
    State(server): State<ServerState>,
    headers: HeaderMap,
    body: Result<axum::body::Bytes, BytesRejection>,
) -> Response {
    begin(&server, &headers, read_form(&headers, body).ok())
}

fn begin(server: &AuthServer, headers: &HeaderMap, params: Option<Params>) -> Response {
    server
        .shared
        .tally
        .count(|counters| &mut counters.logout_requests);
    let mut visitor = server.visitor(headers);
    let checked = match &params {
        Some(params) => check(server, params),
        None => Err("malformed_request"),
    };
    let request = match checked {
        Ok(request) => request,
        Err(code) => {
            told(server, EventKind::Refused, None, code);
            return pages::bad_logout(server, &visitor, code);
        }
    };
    visitor.lang = request.lang.unwrap_or(visitor.lang);
    let client_id = request.client.as_ref().map(|client| client.id.as_str());
    told(server, EventKind::Received, client_id, "sign-out");
    match &visitor.user {
        // Nothing to end, and so nothing to ask.
        None => finish(server, &visitor, &request),
        Some(signed_in) if request.hinted_sub.as_deref() == Some(signed_in.user.sub) => {
            finish(server, &visitor, &request)
        }
        // Any page could send a user here, so the user is asked.
        Some(_) => confirmation(server, &visitor, &request),
    }
}

/// Ends the session and leads back.
fn finish(server: &AuthServer, visitor: &Visitor, request: &LogoutRequest) -> Response {
    let client_id = request.client.as_ref().map(|client| client.id.as_str());
    if visitor.user.is_some() {
        server.sign_out(visitor);
        told(
            server,
            EventKind::Checked,
            client_id,
            "the session at the provider has ended",
        );
    }
    if let Some(location) = request.location() {
        return pages::redirect_to(&location);
    }
    let m = visitor.lang.messages();
    let body = html! {
        h1 data-testid="signed-out" { (m.logout_done) }
        p { (m.logout_done_text) }
    };
    Page::new(m.logout_done, body).respond(server, visitor)
}

fn confirmation(server: &AuthServer, visitor: &Visitor, request: &LogoutRequest) -> Response {
    let m = visitor.lang.messages();
    let name = visitor
        .user
        .as_ref()
        .map_or("", |signed_in| signed_in.user.name);
    let hidden = [
        (
            "client_id",
            request.client.as_ref().map(|client| client.id.as_str()),
        ),
        ("post_logout_redirect_uri", request.return_to.as_deref()),
        ("state", request.state.as_deref()),
    ];
    let body = html! {
        h1 { (m.logout_title) }
        p.lead { (pages::with_name(m.logout_question, name)) }
        @if let Some(client) = &request.client {
            p { (pages::with_name(m.logout_asked_by, &client.name)) }
        }
        form.actions method="post" action="/logout/confirm" {
            input type="hidden" name="csrf" value=(visitor.csrf.expose());
            @for (name, value) in hidden {
                @if let Some(value) = value { input type="hidden" name=(name) value=(value); }
            }
            button.primary type="submit" data-testid="logout-confirm" { (m.logout_confirm) }
            a.button.secondary href="/" { (m.logout_stay) }
        }
    };
    Page::new(m.logout_title, body)
        .form_target(request.return_to.as_deref())
        .respond(server, visitor)
}

/// `POST /logout/confirm`: the user's yes.
pub(crate) async fn confirm(
    State(server): State<ServerState>,
    headers: HeaderMap,
    body: Result<axum::body::Bytes, BytesRejection>,
) -> Response {
    let visitor = server.visitor(&headers);
    let params = read_form(&headers, body).unwrap_or_default();
    if !is_from_own_page(&headers) || !visitor.csrf.is(params.get("csrf").unwrap_or_default()) {
        return pages::stale_form(&server, &visitor);
    }
    match check(&server, &params) {
        Ok(request) => finish(&server, &visitor, &request),
        Err(code) => pages::bad_logout(&server, &visitor, code),
    }
}

fn told(server: &AuthServer, kind: EventKind, client_id: Option<&str>, what: &str) {
    server
        .shared
        .feed
        .event(EventServer::AuthorizationServer, kind, "/logout")
        .maybe_client(client_id)
        .detail("what", what)
        .record();
}
