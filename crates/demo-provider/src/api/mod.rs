//! The resource API: a server of its own, which believes nobody and verifies every access token.

pub(crate) mod calendar;
pub(crate) mod gate;
pub(crate) mod jwks;
pub(crate) mod me;
pub(crate) mod notes;
pub(crate) mod vault;
pub(crate) mod verify;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::auth_server::cors::{self, WithoutCors};
use crate::auth_server::error::failure_response;
use crate::dpop::{self, DPOP, Guard};
use crate::feed::{EventKind, EventServer};
use crate::scope::{Scope, ScopeSet};
use crate::shared::Shared;
use gate::Resource;
use jwks::KeyCache;
use notes::Notebook;

/// The largest request body that is read.
const LARGEST_BODY: usize = 64 * 1024;

const METADATA: &str = "/.well-known/oauth-protected-resource";
const CALENDAR_METADATA: &str = "/.well-known/oauth-protected-resource/calendar/";

/// Everything the API holds.
pub(crate) struct Api {
    pub(crate) shared: Shared,
    pub(crate) keys: KeyCache,
    pub(crate) notes: Mutex<Notebook>,
    dpop: Guard,
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
            dpop: Guard::default(),
        })
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
        .route("/api/vault", get(vault::open))
        .route("/api/notes", get(notes::list).post(notes::create))
        .route(
            "/api/notes/{id}",
            get(notes::read).put(notes::update).delete(notes::delete),
        )
        .route("/calendar/events", get(calendar::events))
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(not_found)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(axum::middleware::from_fn_with_state(api.clone(), watch))
        .layer(cors::registered_api(&api.shared.origins));
    let public = Router::new()
        .route(METADATA, get(metadata))
        .route(CALENDAR_METADATA, get(calendar_metadata))
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
    let proof_came = request.headers().contains_key(DPOP);
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
    if proof_came {
        let wanted = api.shared.policy.get().api_nonces;
        api.dpop.give_nonce(&api.shared, wanted, &mut response);
    }
    if response.headers().contains_key(header::WWW_AUTHENTICATE)
        && faults.strikes(|f| &mut f.api_challenge_hidden)
    {
        cors::hide(&mut response, header::WWW_AUTHENTICATE);
    }
    if faults.strikes(|f| &mut f.api_without_cors) {
        response.extensions_mut().insert(WithoutCors);
    }
    response
}

async fn metadata(State(api): State<ApiState>) -> Response {
    let scopes: ScopeSet = [Scope::NotesRead, Scope::NotesWrite].into_iter().collect();
    document(&api, Resource::Main, "Demo API", &scopes)
}

async fn calendar_metadata(State(api): State<ApiState>) -> Response {
    let none = ScopeSet::default();
    document(&api, Resource::Calendar, "Demo calendar", &none)
}

/// RFC 9728: who issues tokens for this resource, and with which scopes.
fn document(api: &Api, resource: Resource, name: &str, scopes: &ScopeSet) -> Response {
    let scopes: Vec<&str> = scopes.iter().map(Scope::name).collect();
    let body = json!({
        "resource": resource.indicator(&api.shared.urls),
        "authorization_servers": [api.shared.urls.issuer],
        "scopes_supported": scopes,
        "bearer_methods_supported": ["header"],
        "resource_name": name,
        "dpop_signing_alg_values_supported": dpop::ALGORITHMS,
        "dpop_bound_access_tokens_required": api.shared.policy.get().api_requires_dpop,
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
