//! The errors of the standards, and how each endpoint tells them.

use std::borrow::Cow;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::dpop::NonceChallenge;
use crate::faults::{Failure, FailureBody};
use crate::params::{Params, TooMany};

/// An error code of OAuth 2.0, OpenID Connect or one of their extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    // RFC 6749 4.1.2.1 and 5.2
    InvalidRequest,
    InvalidClient,
    InvalidGrant,
    UnauthorizedClient,
    UnsupportedGrantType,
    UnsupportedResponseType,
    InvalidScope,
    AccessDenied,
    ServerError,
    TemporarilyUnavailable,
    // OpenID Connect Core 3.1.2.6
    LoginRequired,
    ConsentRequired,
    InteractionRequired,
    // RFC 9470 5
    UnmetAuthenticationRequirements,
    RequestNotSupported,
    RequestUriNotSupported,
    RegistrationNotSupported,
    // RFC 9449 5 and 8
    InvalidDpopProof,
    UseDpopNonce,
    // RFC 8707 2
    InvalidTarget,
    // RFC 7591 3.2.2
    InvalidRedirectUri,
    InvalidClientMetadata,
}

impl Code {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::AccessDenied => "access_denied",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::LoginRequired => "login_required",
            Self::ConsentRequired => "consent_required",
            Self::InteractionRequired => "interaction_required",
            Self::UnmetAuthenticationRequirements => "unmet_authentication_requirements",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
            Self::RegistrationNotSupported => "registration_not_supported",
            Self::InvalidDpopProof => "invalid_dpop_proof",
            Self::UseDpopNonce => "use_dpop_nonce",
            Self::InvalidTarget => "invalid_target",
            Self::InvalidRedirectUri => "invalid_redirect_uri",
            Self::InvalidClientMetadata => "invalid_client_metadata",
        }
    }
}

/// An error with its explanation. The explanation is for developers, in the characters that
/// `error_description` may have, and never repeats what was sent.
#[derive(Clone, Debug)]
pub(crate) struct OAuthError {
    pub(crate) code: Code,
    pub(crate) description: Cow<'static, str>,
    /// The request tried HTTP Basic, so the answer must too (RFC 6749 5.2).
    pub(crate) challenge_basic: bool,
    status: StatusCode,
}

impl OAuthError {
    pub(crate) fn new(code: Code, description: impl Into<Cow<'static, str>>) -> Self {
        let status = match code {
            Code::InvalidClient => StatusCode::UNAUTHORIZED,
            Code::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        Self {
            code,
            description: description.into(),
            challenge_basic: false,
            status,
        }
    }

    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let body = json!({"error": self.code.name(), "error_description": self.description});
        let mut response = json_response(self.status, &body);
        if self.code == Code::UseDpopNonce {
            response.extensions_mut().insert(NonceChallenge);
        }
        if self.challenge_basic {
            let challenge = HeaderValue::from_static("Basic realm=\"token endpoint\"");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// JSON that no cache may keep (RFC 6749 5.1).
pub(crate) fn json_response(status: StatusCode, body: &serde_json::Value) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
        (header::PRAGMA, "no-cache"),
    ];
    (status, headers, body.to_string()).into_response()
}

/// Reads a form body in which no parameter may come twice.
pub(crate) fn read_form(
    headers: &HeaderMap,
    body: Result<axum::body::Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Params, OAuthError> {
    let params = read_any_form(headers, body)?;
    match params.first_repeated() {
        // The name is the request's own text, so it is not repeated here.
        Some(_) => Err(OAuthError::new(
            Code::InvalidRequest,
            "a parameter came more than once",
        )),
        None => Ok(params),
    }
}

/// Reads a form body.
pub(crate) fn read_any_form(
    headers: &HeaderMap,
    body: Result<axum::body::Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Params, OAuthError> {
    let refuse = |description: &'static str| OAuthError::new(Code::InvalidRequest, description);
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let media_type = content_type
        .and_then(|value| value.split(';').next())
        .unwrap_or_default();
    if !media_type
        .trim()
        .eq_ignore_ascii_case("application/x-www-form-urlencoded")
    {
        return Err(refuse("the body must be application/x-www-form-urlencoded"));
    }
    let body = body.map_err(|_| {
        refuse("the body is too large or was cut off").with_status(StatusCode::PAYLOAD_TOO_LARGE)
    })?;
    Params::parse(&body).map_err(|TooMany| refuse("too many parameters"))
}

/// The answer of an endpoint that a fault makes fail.
pub(crate) fn failure_response(failure: &Failure) -> Response {
    let status = StatusCode::from_u16(failure.status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let error = failure.error.clone().unwrap_or_else(|| {
        let by_status = match failure.status {
            503 | 429 => "temporarily_unavailable",
            500..=599 => "server_error",
            _ => "invalid_request",
        };
        by_status.to_owned()
    });
    let mut response = match failure.body {
        FailureBody::OauthError => {
            let description = "this failure was switched on in the demo's fault panel";
            json_response(
                status,
                &json!({"error": error, "error_description": description}),
            )
        }
        FailureBody::Html => {
            let page = "<!doctype html><title>Bad gateway</title><h1>Bad gateway</h1>";
            (
                status,
                [(header::CONTENT_TYPE, "text/html; charset=utf-8")],
                page,
            )
                .into_response()
        }
        FailureBody::Empty => status.into_response(),
        FailureBody::TruncatedJson => {
            let half = "{\"error\":\"server_er";
            (status, [(header::CONTENT_TYPE, "application/json")], half).into_response()
        }
    };
    if let Some(seconds) = failure.retry_after_seconds {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
