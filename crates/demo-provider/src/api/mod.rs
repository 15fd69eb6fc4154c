//! The resource API: a server of its own, which believes nobody and verifies every access token.

pub(crate) mod calendar;
pub(crate) mod jwks;
pub(crate) mod me;
pub(crate) mod notes;
pub(crate) mod vault;
pub(crate) mod verify;

use std::borrow::Cow;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::access::{self, Challenge, Realm, Scheme};
use crate::acr::Level;
use crate::auth_server::cors::{self, WithoutCors};
use crate::auth_server::error::failure_response;
use crate::dpop::{self, DPOP, Guard, Target};
use crate::feed::{EventKind, EventServer};
use crate::scope::{Scope, ScopeSet};
use crate::shared::{Shared, Urls};
use jwks::KeyCache;
use notes::Notebook;
use verify::AccessToken;

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

    /// The token of a request that may go on, or its refusal.
    pub(crate) async fn authorize(
        &self,
        caller: &Caller,
        needs: &Needs,
    ) -> Result<AccessToken, Refusal> {
        let checked = self.check(caller, needs).await;
        let endpoint = needs.endpoint;
        let feed = &self.shared.feed;
        match checked {
            Ok(token) => {
                feed.event(EventServer::ResourceServer, EventKind::Checked, endpoint)
                    .client(&token.client_id)
                    .detail("what", what(&token))
                    .detail("scope", token.scopes.to_string())
                    .record();
                Ok(token)
            }
            Err((challenge, reason)) => {
                feed.event(EventServer::ResourceServer, EventKind::Refused, endpoint)
                    .detail("error", challenge.name())
                    .detail("reason", reason)
                    .record();
                let metadata = needs.resource.metadata_url(&self.shared.urls);
                let realm = Realm {
                    name: "demo-api",
                    metadata: Some(&metadata),
                    takes_bearer: !self.shared.policy.get().api_requires_dpop,
                    names_dpop: true,
                };
                Err(challenge
                    .respond(access::scheme(&caller.headers), realm)
                    .into())
            }
        }
    }

    async fn check(
        &self,
        caller: &Caller,
        needs: &Needs,
    ) -> Result<AccessToken, (Challenge, Cow<'static, str>)> {
        let (scheme, text) = access::read(&caller.headers)
            .map_err(|challenge| (challenge, "malformed Authorization header".into()))?
            .ok_or((Challenge::NoToken, "no access token".into()))?;
        let token = verify::verify(self, text, needs.resource)
            .await
            .map_err(|rejection| (Challenge::InvalidToken, rejection.reason().into()))?;
        self.check_binding(caller, scheme, text, &token)?;
        if self.shared.faults.strikes(|f| &mut f.api_unauthorized) {
            return Err((
                Challenge::InvalidToken,
                "switched on in the fault panel".into(),
            ));
        }
        self.check_authentication(needs, &token)?;
        match needs.scope {
            Some(scope) if !token.scopes.contains(scope) => Err((
                Challenge::InsufficientScope(scope),
                "the token lacks a scope".into(),
            )),
            _ => Ok(token),
        }
    }

    /// Whether the token's user signed in surely and lately enough (RFC 9470 3).
    fn check_authentication(
        &self,
        needs: &Needs,
        token: &AccessToken,
    ) -> Result<(), (Challenge, Cow<'static, str>)> {
        let max_age = self.shared.policy.get().vault_max_age_seconds;
        let refuse = |reason: &'static str| {
            self.shared
                .tally
                .count(|counters| &mut counters.step_up_challenges);
            let challenge = Challenge::InsufficientAuthentication { max_age };
            Err((challenge, reason.into()))
        };
        if self.shared.faults.strikes(|f| &mut f.api_step_up) {
            return refuse("switched on in the fault panel");
        }
        if !needs.step_up {
            return Ok(());
        }
        let level = token.acr.as_deref().and_then(Level::named);
        if level < Some(Level::SecondFactor) {
            return refuse("the user did not give a second factor");
        }
        let age = self
            .shared
            .clock
            .now()
            .checked_sub(token.auth_time.unwrap_or(0));
        if age.is_some_and(|age| age > max_age) {
            return refuse("the user signed in too long ago");
        }
        Ok(())
    }

    /// Whether the token came as it must (RFC 9449 7).
    fn check_binding(
        &self,
        caller: &Caller,
        scheme: Scheme,
        text: &str,
        token: &AccessToken,
    ) -> Result<(), (Challenge, Cow<'static, str>)> {
        let policy = self.shared.policy.get();
        if policy.api_requires_dpop && scheme == Scheme::Bearer {
            let reason = "this API takes no bearer tokens now";
            return Err((Challenge::InvalidToken, reason.into()));
        }
        let faults = &self.shared.faults;
        if caller.headers.contains_key(DPOP) && faults.strikes(|f| &mut f.api_nonce_challenge) {
            let reason = "switched on in the fault panel";
            return Err((Challenge::UseNonce, reason.into()));
        }
        access::check_binding(scheme, token.bound_to.as_deref(), || {
            let target = Target {
                method: caller.method.as_str(),
                url: &format!("{}{}", self.shared.urls.api, caller.path),
                access_token: Some(text),
            };
            self.dpop
                .check(&self.shared, policy.api_nonces, &caller.headers, target)
        })
    }
}

/// What was checked of a good token, for the feed.
fn what(token: &AccessToken) -> String {
    let bound = match &token.bound_to {
        Some(key) => format!(", proof by key {}", key.get(..8).unwrap_or_default()),
        None => String::new(),
    };
    format!("signature, issuer, audience, expiry, scope{bound}")
}

/// A resource of this API: what a token's `aud` names (RFC 8707).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resource {
    /// Everything beside the calendar.
    Main,
    /// The calendar.
    Calendar,
}

impl Resource {
    pub(crate) fn indicator(self, urls: &Urls) -> String {
        match self {
            Self::Main => urls.api_resource(),
            Self::Calendar => urls.calendar_resource(),
        }
    }

    /// Where its metadata is (RFC 9728 3.1): a resource's path comes after the well-known one.
    fn metadata_url(self, urls: &Urls) -> String {
        let path = match self {
            Self::Main => METADATA,
            Self::Calendar => CALENDAR_METADATA,
        };
        format!("{}{path}", urls.api)
    }
}

/// What a request must bring to be answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Needs {
    /// The address, as the feed names it.
    endpoint: &'static str,
    resource: Resource,
    scope: Option<Scope>,
    /// A user who gave a second factor, and lately.
    step_up: bool,
}

impl Needs {
    /// Any token for the resource.
    pub(crate) const fn token_for(endpoint: &'static str, resource: Resource) -> Self {
        Self {
            endpoint,
            resource,
            scope: None,
            step_up: false,
        }
    }

    /// A token of this API with a scope.
    pub(crate) const fn scope(endpoint: &'static str, scope: Scope) -> Self {
        Self {
            endpoint,
            resource: Resource::Main,
            scope: Some(scope),
            step_up: false,
        }
    }

    /// A token of this API whose user gave a second factor, and lately.
    pub(crate) const fn step_up(endpoint: &'static str) -> Self {
        Self {
            endpoint,
            resource: Resource::Main,
            scope: None,
            step_up: true,
        }
    }
}

/// Who asks, and for what.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) headers: HeaderMap,
    pub(crate) method: Method,
    pub(crate) path: String,
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self {
            headers: parts.headers.clone(),
            method: parts.method.clone(),
            path: parts.uri.path().to_owned(),
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
