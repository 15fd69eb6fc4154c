//! Who may call from a browser's page.

use std::time::Duration;

use axum::http::header::{
    ACCESS_CONTROL_EXPOSE_HEADERS, AUTHORIZATION, CONTENT_TYPE, HeaderName, RETRY_AFTER,
    WWW_AUTHENTICATE,
};
use axum::http::{HeaderValue, Method};
use axum::response::Response;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::dpop::{DPOP, DPOP_NONCE};
use crate::origin::Origins;

/// How long a browser may remember a preflight.
const PREFLIGHT_AGE: Duration = Duration::from_secs(600);

/// Public documents: any origin, never with credentials.
pub(crate) fn anyone() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::any())
        .allow_methods([Method::GET, Method::HEAD])
}

/// Endpoints for the origins of registered public clients, and no other.
pub(crate) fn registered(origins: &Origins) -> CorsLayer {
    let origins = origins.clone();
    for_clients()
        .allow_methods([Method::GET, Method::POST])
        .allow_origin(AllowOrigin::predicate(move |origin: &HeaderValue, _| {
            origins.is_registered(origin.as_bytes())
        }))
}

/// The resource API, for the same origins.
pub(crate) fn registered_api(origins: &Origins) -> CorsLayer {
    registered(origins).allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
}

fn for_clients() -> CorsLayer {
    CorsLayer::new()
        .allow_headers([AUTHORIZATION, CONTENT_TYPE, DPOP])
        // Without these a page cannot see why it was refused, or when to come again.
        .expose_headers([WWW_AUTHENTICATE, RETRY_AFTER, DPOP_NONCE])
        .max_age(PREFLIGHT_AGE)
}

/// The demo's controls, for the demo's own apps.
pub(crate) fn demo_apps(origins: &Origins) -> CorsLayer {
    let origins = origins.clone();
    CorsLayer::new()
        .allow_methods([Method::GET, Method::PATCH])
        .allow_headers([CONTENT_TYPE])
        .max_age(PREFLIGHT_AGE)
        .allow_origin(AllowOrigin::predicate(move |origin: &HeaderValue, _| {
            origins.is_app(origin.as_bytes())
        }))
}

/// Marks a response that a fault sends without CORS headers.
#[derive(Clone, Copy)]
pub(crate) struct WithoutCors;

/// Headers that a fault hides from pages, in a response's extensions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hidden(Vec<HeaderName>);

/// Marks a response whose header of that name no page may read.
pub(crate) fn hide(response: &mut Response, name: HeaderName) {
    response
        .extensions_mut()
        .get_or_insert_default::<Hidden>()
        .0
        .push(name);
}

/// Takes the CORS headers out of a marked response, or hidden ones out of those that pages may read.
pub(crate) async fn take_out(mut response: Response) -> Response {
    if response.extensions().get::<WithoutCors>().is_some() {
        let cors: Vec<HeaderName> = response
            .headers()
            .keys()
            .filter(|name| name.as_str().starts_with("access-control-"))
            .cloned()
            .collect();
        for name in cors {
            response.headers_mut().remove(name);
        }
    } else if let Some(Hidden(hidden)) = response.extensions().get::<Hidden>() {
        let exposed = response.headers().get(ACCESS_CONTROL_EXPOSE_HEADERS);
        let exposed = exposed.and_then(|exposed| exposed.to_str().ok());
        let others: Vec<&str> = exposed
            .unwrap_or_default()
            .split(',')
            .filter(|exposed| {
                let is_exposed =
                    |name: &HeaderName| exposed.trim().eq_ignore_ascii_case(name.as_str());
                !hidden.iter().any(is_exposed)
            })
            .collect();
        if let Ok(others) = HeaderValue::from_str(&others.join(",")) {
            response
                .headers_mut()
                .insert(ACCESS_CONTROL_EXPOSE_HEADERS, others);
        }
    }
    response
}
