//! Bearer tokens in requests, and how their absence or failure is told (RFC 6750).

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::scope::Scope;

/// Why a request to a protected resource is refused (RFC 6750 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// It carries no token.
    NoToken,
    /// It carries tokens in two ways, or something that is no token.
    InvalidRequest,
    /// The token is malformed, expired, revoked, or meant for somebody else.
    InvalidToken,
    /// The token is good, and does not reach this far.
    InsufficientScope(Scope),
}

impl Challenge {
    /// The error code, or what stands for it in the feed.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::NoToken => "no_token",
            Self::InvalidRequest => "invalid_request",
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope(_) => "insufficient_scope",
        }
    }

    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::NoToken | Self::InvalidToken => StatusCode::UNAUTHORIZED,
            Self::InvalidRequest => StatusCode::BAD_REQUEST,
            Self::InsufficientScope(_) => StatusCode::FORBIDDEN,
        }
    }

    /// The answer, with its `WWW-Authenticate`. `metadata` is the address of the resource's
    /// metadata (RFC 9728 5.1).
    pub(crate) fn respond(self, realm: &str, metadata: Option<&str>) -> Response {
        let description = match self {
            Self::NoToken => "an access token is needed",
            Self::InvalidRequest => "the access token is sent in a wrong way",
            Self::InvalidToken => "the access token is expired, revoked, or not for this resource",
            Self::InsufficientScope(_) => "the access token's scope does not reach this far",
        };
        let mut challenge = format!("Bearer realm=\"{realm}\"");
        // A request without a token is told no error (RFC 6750 3.1).
        if self != Self::NoToken {
            let error = self.name();
            challenge += &format!(", error=\"{error}\", error_description=\"{description}\"");
        }
        if let Self::InsufficientScope(scope) = self {
            challenge += &format!(", scope=\"{}\"", scope.name());
        }
        if let Some(metadata) = metadata {
            challenge += &format!(", resource_metadata=\"{metadata}\"");
        }
        let body = json!({"error": self.name(), "message": description});
        let headers = [
            (header::CONTENT_TYPE, "application/json"),
            (header::CACHE_CONTROL, "no-store"),
        ];
        let mut response = (self.status(), headers, body.to_string()).into_response();
        if let Ok(challenge) = HeaderValue::from_str(&challenge) {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// The token in the `Authorization` header; `None` when there is none (RFC 6750 2.1).
pub(crate) fn read(headers: &HeaderMap) -> Result<Option<&str>, Challenge> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(Challenge::InvalidRequest);
    }
    let value = value.to_str().map_err(|_| Challenge::InvalidRequest)?;
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Ok(None);
    }
    let token = token.trim();
    let is_token_char = |c: char| c.is_ascii_alphanumeric() || "-._~+/=".contains(c);
    if token.is_empty() || !token.chars().all(is_token_char) {
        return Err(Challenge::InvalidRequest);
    }
    Ok(Some(token))
}
