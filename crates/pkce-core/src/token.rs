//! The token endpoint: exchange of a code (RFC 6749 4.1.3) and refresh (RFC 6749 6).

use crate::callback::Grant;
use crate::error::{Error, ErrorCode, Phase};
use crate::http::{Exchange, HttpRequest, Purpose};
use crate::json::Json;
use crate::provider_error;
use crate::secret::{AccessToken, RawIdToken, RefreshToken};
use crate::url::HttpUrl;
use std::time::Duration;

/// No token is believed to live longer than this.
const LIFETIME_LIMIT_SECONDS: i64 = 10 * 365 * 24 * 3600;

/// How an access token is presented (RFC 6749 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenType {
    /// RFC 6750.
    Bearer,
}

impl TokenType {
    /// The word in the `Authorization` header and in storage.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            TokenType::Bearer => "Bearer",
        }
    }
}

/// A successful token response (RFC 6749 5.1, Core 3.1.3.3).
#[derive(Debug)]
pub struct TokenResponse {
    /// The access token.
    pub access_token: AccessToken,
    /// How it is presented.
    pub token_type: TokenType,
    /// How long it lives; `None` where the server did not say anything usable.
    pub expires_in: Option<Duration>,
    /// A new refresh token; `None` means that the old one, if any, stays.
    pub refresh_token: Option<RefreshToken>,
    /// The granted scope; `None` means as requested.
    pub scope: Option<String>,
    /// An ID token that nobody has verified.
    pub id_token: Option<RawIdToken>,
}

/// The request that exchanges a code. It goes to the token endpoint of the transaction's issuer
/// and nowhere else (RFC 9700 4.4.2).
#[must_use]
pub fn exchange_request(grant: &Grant) -> HttpRequest {
    let transaction = &grant.transaction;
    let mut pairs = vec![
        ("grant_type", "authorization_code"),
        ("code", grant.code.expose()),
        ("redirect_uri", &transaction.redirect_uri),
        ("client_id", &transaction.client_id),
        ("code_verifier", transaction.verifier.expose()),
    ];
    pairs.extend(
        transaction
            .resource
            .iter()
            .map(|resource| ("resource", resource.as_str())),
    );
    let url = transaction.metadata.token_endpoint().clone();
    HttpRequest::post(Purpose::Token, url, pairs)
}

/// The request that renews the tokens. `scope` is sent only where a provider wants it.
#[must_use]
pub fn refresh_request(
    token_endpoint: &HttpUrl,
    client_id: &str,
    refresh_token: &RefreshToken,
    resource: &[String],
) -> HttpRequest {
    let mut pairs = vec![
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh_token.expose()),
        ("client_id", client_id),
    ];
    pairs.extend(
        resource
            .iter()
            .map(|resource| ("resource", resource.as_str())),
    );
    HttpRequest::post(Purpose::Refresh, token_endpoint.clone(), pairs)
}

/// Judges the token endpoint's answer.
///
/// # Errors
/// Transport faults, the provider's error, `unexpected_content_type`, `invalid_json`,
/// `token_response_invalid`, `token_type_unsupported`.
pub fn judge(exchange: &Exchange, phase: Phase) -> Result<TokenResponse, Error> {
    let response = exchange.as_ref().map_err(|fault| fault.into_error(phase))?;
    if response.status != 200 {
        return Err(provider_error::of_response(response, phase));
    }
    let json = response.json_object(phase)?;
    if provider_error::is_said(&json) {
        return Err(provider_error::of_response(response, phase));
    }
    let invalid = |name: &'static str, expected: &'static str| {
        Error::new(ErrorCode::TokenResponseInvalid, phase)
            .expected(expected)
            .came(
                json.get(name)
                    .map_or_else(|| format!("no {name}"), |v| format!("{name}: {}", v.kind())),
            )
    };
    let access_token = json
        .str("access_token")
        .and_then(AccessToken::new)
        .ok_or_else(|| invalid("access_token", "access_token: a string of printable ASCII"))?;
    let token_type = json
        .str("token_type")
        .ok_or_else(|| invalid("token_type", "token_type: a string (RFC 6749 5.1)"))?;
    if !token_type.eq_ignore_ascii_case("bearer") {
        return Err(Error::new(ErrorCode::TokenTypeUnsupported, phase)
            .expected("token_type Bearer")
            .came(format!("token_type {token_type}")));
    }
    let refresh_token = match optional(&json, "refresh_token") {
        None => None,
        Some(value) => Some(value.as_str().and_then(RefreshToken::new).ok_or_else(|| {
            invalid(
                "refresh_token",
                "refresh_token: a string of printable ASCII",
            )
        })?),
    };
    let id_token = match optional(&json, "id_token") {
        None => None,
        Some(value) => Some(
            value
                .as_str()
                .and_then(RawIdToken::new)
                .ok_or_else(|| invalid("id_token", "id_token: a string"))?,
        ),
    };
    Ok(TokenResponse {
        access_token,
        token_type: TokenType::Bearer,
        expires_in: json.get("expires_in").and_then(lifetime),
        refresh_token,
        scope: json
            .str("scope")
            .filter(|scope| !scope.is_empty())
            .map(str::to_owned),
        id_token,
    })
}

/// A member that is there and says something: `null` and `""` are how some servers say nothing.
fn optional<'a>(json: &'a Json, name: &str) -> Option<&'a Json> {
    json.get(name)
        .filter(|value| **value != Json::Null && value.as_str() != Some(""))
}

/// `expires_in` in whatever form it came: what is no positive number is unknown, what is huge is
/// clamped.
fn lifetime(json: &Json) -> Option<Duration> {
    let seconds = match json {
        Json::String(text) => {
            let digits = text.trim();
            if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            // Digits that do not fit 64 bits are huge.
            digits.parse().unwrap_or(LIFETIME_LIMIT_SECONDS)
        }
        // Beyond 64 bits it is huge all the same.
        Json::Float(number) if *number >= 9e15 => LIFETIME_LIMIT_SECONDS,
        other => other.numeric_date()?,
    };
    u64::try_from(seconds.min(LIFETIME_LIMIT_SECONDS))
        .ok()
        .filter(|seconds| *seconds > 0)
        .map(Duration::from_secs)
}

#[cfg(test)]
mod tests;
