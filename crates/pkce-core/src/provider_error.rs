//! Error codes of providers, mapped to ours (RFC 6749 4.1.2.1 and 5.2, Core 3.1.2.6, RFC 8707 2,
//! RFC 9449 5, and what real providers say instead).

use crate::error::{Error, ErrorCode, Phase};
use crate::http::HttpResponse;
use crate::json::Json;

/// The standards' `error` values.
const STANDARD: [(&str, ErrorCode); 20] = [
    ("access_denied", ErrorCode::AccessDenied),
    ("login_required", ErrorCode::LoginRequired),
    ("interaction_required", ErrorCode::InteractionRequired),
    ("consent_required", ErrorCode::ConsentRequired),
    (
        "account_selection_required",
        ErrorCode::AccountSelectionRequired,
    ),
    ("temporarily_unavailable", ErrorCode::TemporarilyUnavailable),
    ("server_error", ErrorCode::ServerError),
    ("invalid_request", ErrorCode::InvalidRequest),
    ("invalid_client", ErrorCode::InvalidClient),
    ("unauthorized_client", ErrorCode::UnauthorizedClient),
    (
        "unsupported_response_type",
        ErrorCode::UnsupportedResponseType,
    ),
    ("unsupported_grant_type", ErrorCode::UnsupportedGrantType),
    ("invalid_scope", ErrorCode::InvalidScope),
    ("invalid_target", ErrorCode::InvalidTarget),
    ("invalid_grant", ErrorCode::InvalidGrant),
    // RFC 9101 7, for a request that was pushed (RFC 9126 4).
    ("invalid_request_uri", ErrorCode::InvalidRequestUri),
    (
        "unmet_authentication_requirements",
        ErrorCode::UnmetAuthenticationRequirements,
    ),
    // RFC 9449 5 and 8.
    ("invalid_dpop_proof", ErrorCode::InvalidDpopProof),
    ("use_dpop_nonce", ErrorCode::UseDpopNonce),
    // RFC 6750 3.1, seen at token endpoints for a dead token.
    ("invalid_token", ErrorCode::InvalidGrant),
];

/// Kakao's `error_code` values, which say more than its `error`.
const KAKAO: [(&str, ErrorCode); 7] = [
    ("KOE320", ErrorCode::InvalidGrant),
    ("KOE322", ErrorCode::InvalidGrant),
    ("KOE237", ErrorCode::TemporarilyUnavailable),
    ("KOE003", ErrorCode::ServerError),
    ("KOE101", ErrorCode::InvalidClient),
    ("KOE303", ErrorCode::UnauthorizedClient),
    ("KOE010", ErrorCode::InvalidClient),
];

/// The error of an `error` value.
#[must_use]
pub fn error(value: &str, phase: Phase) -> Error {
    let code = look_up(&STANDARD, value).unwrap_or(ErrorCode::ProviderError);
    Error::new(code, phase)
        .expected("a successful answer")
        .came(format!("error {value}"))
}

/// The error of an answer with an error status, or with an `error` member in spite of status 200.
/// Precedence: the provider's own code, the standard code, the status.
#[must_use]
pub fn of_response(response: &HttpResponse, phase: Phase) -> Error {
    let json = response.json_object(phase).ok();
    let member = |name| json.as_ref().and_then(|json| json.str(name));
    let own = member("error_code").and_then(|value| Some((value, look_up(&KAKAO, value)?)));
    let by_status = response.status_error(phase);
    let found = if let Some((value, code)) = own {
        Error::new(code, phase)
            .expected("a successful answer")
            .came(format!("error_code {value}"))
    } else {
        match member("error").map(|value| error(value, phase)) {
            // A word that says nothing certain, or that is none of this endpoint's, tells less than
            // the status of a server in trouble: Auth0 says `access_denied` with 429.
            Some(said)
                if by_status.code() == ErrorCode::ServiceUnavailable
                    && !is_certain(said.code()) =>
            {
                by_status
            }
            Some(said) => said,
            None if response.status == 200 => Error::new(ErrorCode::ProviderError, phase)
                .expected("a successful answer")
                .came("an error without a code"),
            None => by_status,
        }
    };
    found
        .described(member("error_description"))
        .retry_after_ms(response.retry_after_ms())
}

/// The codes of RFC 6749 5.2, RFC 8707 2 and RFC 9449 5 that mean one thing, and those of a server
/// in trouble.
const fn is_certain(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::InvalidGrant
            | ErrorCode::InvalidClient
            | ErrorCode::UnauthorizedClient
            | ErrorCode::UnsupportedGrantType
            | ErrorCode::InvalidScope
            | ErrorCode::InvalidTarget
            | ErrorCode::InvalidDpopProof
            | ErrorCode::UseDpopNonce
            | ErrorCode::TemporarilyUnavailable
            | ErrorCode::ServerError
    )
}

/// Whether a JSON answer says `error`, whatever its status (GitHub answers 200).
#[must_use]
pub fn is_said(json: &Json) -> bool {
    match json.get("error") {
        None | Some(Json::Null | Json::Bool(false)) => false,
        Some(Json::String(text)) => !text.is_empty(),
        Some(_) => true,
    }
}

fn look_up(table: &[(&str, ErrorCode)], value: &str) -> Option<ErrorCode> {
    table
        .iter()
        .find(|(name, _)| *name == value)
        .map(|(_, code)| *code)
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_codes;
