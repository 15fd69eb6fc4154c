//! The resource API: a server of its own, which believes nobody and verifies every access token.

pub(crate) mod jwks;
pub(crate) mod me;
pub(crate) mod notes;
pub(crate) mod verify;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::auth_server::cors::{self, WithoutCors};
use crate::auth_server::error::failure_response;
use crate::bearer::{self, Challenge};
use crate::feed::{EventKind, EventServer};
use crate::scope::{Scope, ScopeSet};
use crate::shared::Shared;
use jwks::KeyCache;
use notes::Notebook;
use verify::AccessToken;

/// The largest request body that is read.
const LARGEST_BODY: usize = 64 * 1024;

/// Everything the API holds.
pub(crate) struct Api {
    pub(crate) shared: Shared,
    pub(crate) keys: KeyCache,
    pub(crate) notes: Mutex<Notebook>,
}

/// What handlers get.
pub(crate) type ApiState = Arc<Api>;

impl Api {
    pub(crate) fn new(shared: Shared) -> Result<Self, reqwest::Error> {
        let keys = KeyCache::new(&shared.urls.issuer, shared.clock.clone())?;
        let notes = Mutex::new(Notebook::seeded(shared.clock.now_ms()));
        Ok(Self {
            shared,
            keys,
            notes,
        })
    }

    fn metadata_url(&self) -> String {
        format!(
            "{}/.well-known/oauth-protected-resource",
            self.shared.urls.api
        )
    }

    /// The token of a request that may go on, or its refusal.
    pub(crate) async fn authorize(
        &self,
        headers: &HeaderMap,
        endpoint: &str,
        needed: Option<Scope>,
    ) -> Result<AccessToken, Refusal> {
        let checked = self.check(headers, needed).await;
        let feed = &self.shared.feed;
        match checked {
            Ok(token) => {
                feed.event(EventServer::ResourceServer, EventKind::Checked, endpoint)
                    .client(&token.client_id)
                    .detail("what", "signature, issuer, audience, expiry, scope")
                    .detail("scope", token.scopes.to_string())
                    .record();
                Ok(token)
            }
            Err((challenge, reason)) => {
                feed.event(EventServer::ResourceServer, EventKind::Refused, endpoint)
                    .detail("error", challenge.name())
                    .detail("reason", reason)
                    .record();
                Err(challenge
                    .respond("demo-api", Some(&self.metadata_url()))
                    .into())
            }
        }
    }

    async fn check(
        &self,
        headers: &HeaderMap,
        needed: Option<Scope>,
    ) -> Result<AccessToken, (Challenge, &'static str)> {
        let token = bearer::read(headers)
            .map_err(|challenge| (challenge, "malformed Authorization header"))?
            .ok_or((Challenge::NoToken, "no access token"))?;
        let token = verify::verify(self, token)
            .await
            .map_err(|rejection| (Challenge::InvalidToken, rejection.reason()))?;
        if self.shared.faults.strikes(|f| &mut f.api_unauthorized) {
            return Err((Challenge::InvalidToken, "switched on in the fault panel"));
        }
        match needed {
            Some(scope) if !token.scopes.contains(scope) => Err((
                Challenge::InsufficientScope(scope),
                "the token lacks a scope",
            )),
            _ => Ok(token),
        }
    }
}

/// An answer that ends a request early. Boxed, since a response is large.
pub(crate) struct Refusal(Box<Response>);

impl From<Response> for Refusal {
    fn from(response: Response) -> Self {
        Self(Box::new(response))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        *self.0
    }
}

/// JSON that no cache may keep.
pub(crate) fn json_answer(status: StatusCode, body: &Value) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (status, headers, body.to_string()).into_response()
}

/// An error that is not about the token.
pub(crate) fn error_answer(status: StatusCode, error: &str, message: &str) -> Response {
    json_answer(status, &json!({"error": error, "message": message}))
}

/// Every endpoint of the API.
pub(crate) fn router(api: ApiState) -> Router {
    let resources = Router::new()
        .route("/api/me", get(me::me))
        .route("/api/notes", get(notes::list).post(notes::create))
        .route(
            "/api/notes/{id}",
            get(notes::read).put(notes::update).delete(notes::delete),
        )
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(not_found)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(axum::middleware::from_fn_with_state(api.clone(), watch))
        .layer(cors::registered_api(&api.shared.origins));
    let public = Router::new()
        .route("/.well-known/oauth-protected-resource", get(metadata))
        .layer(cors::anyone());
    let nosniff = SetResponseHeaderLayer::if_not_present(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    public
        .merge(resources)
        .layer(axum::middleware::map_response(cors::take_out))
        .layer(nosniff)
        .with_state(api)
}

/// Tells the feed, counts, and lets faults strike. Preflights are answered before they come here.
async fn watch(State(api): State<ApiState>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let feed = &api.shared.feed;
    feed.event(EventServer::ResourceServer, EventKind::Received, &path)
        .detail("method", request.method().as_str())
        .record();
    let faults = &api.shared.faults;
    faults
        .pause(|f| f.api_delay_ms, |f| f.hold_api_requests)
        .await;
    let mut response = match faults.fails(|f| &mut f.api_failure) {
        Some(failure) => failure_response(&failure),
        None => next.run(request).await,
    };
    let status = response.status();
    api.shared
        .tally
        .count(|counters| counters.api_requests.entry(status.as_u16()).or_default());
    let kind = if status.is_success() {
        EventKind::Issued
    } else {
        EventKind::Refused
    };
    feed.event(EventServer::ResourceServer, kind, &path)
        .detail("status", status.as_str())
        .record();
    if faults.strikes(|f| &mut f.api_without_cors) {
        response.extensions_mut().insert(WithoutCors);
    }
    response
}

/// RFC 9728: who issues tokens for this resource, and with which scopes.
async fn metadata(State(api): State<ApiState>) -> Response {
    let scopes: ScopeSet = [Scope::NotesRead, Scope::NotesWrite].into_iter().collect();
    let scopes: Vec<&str> = scopes.iter().map(Scope::name).collect();
    let body = json!({
        "resource": api.shared.urls.api_resource(),
        "authorization_servers": [api.shared.urls.issuer],
        "scopes_supported": scopes,
        "bearer_methods_supported": ["header"],
        "resource_name": "Demo API",
    });
    json_answer(StatusCode::OK, &body)
}

async fn not_found() -> Response {
    error_answer(
        StatusCode::NOT_FOUND,
        "not_found",
        "there is nothing at this address",
    )
}

async fn method_not_allowed() -> Response {
    let message = "this address does not take that method";
    error_answer(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        message,
    )
}
