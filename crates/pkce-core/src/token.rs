//! The token endpoint: exchange of a code (RFC 6749 4.1.3) and refresh (RFC 6749 6).

use crate::authorization::Transaction;
use crate::callback::Grant;
use crate::config::{Resource, Scope};
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
    /// By whoever has it (RFC 6750).
    Bearer,
    /// With a proof of the key that it is bound to (RFC 9449).
    DPoP,
}

impl TokenType {
    /// The word in the `Authorization` header and in storage.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            TokenType::Bearer => "Bearer",
            TokenType::DPoP => "DPoP",
        }
    }

    /// The type of this name; names are case-insensitive (RFC 6749 5.1).
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [TokenType::Bearer, TokenType::DPoP]
            .into_iter()
            .find(|known| known.as_str().eq_ignore_ascii_case(name))
    }
}

/// What a token request offered, which decides the token types that its answer may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenBinding {
    /// No proof was sent: the answer is Bearer.
    Bearer,
    /// A proof was sent with the code: the answer is DPoP, or Bearer where the provider does not
    /// bind tokens after all (RFC 9449 5).
    Offered,
    /// A proof was sent, and anything but DPoP is refused: the configuration says `require`, or
    /// the session is bound and would lose its binding.
    Required,
}

impl TokenBinding {
    /// What the renewal of a session asks for whose access token is of this type: what was bound
    /// once stays bound.
    #[must_use]
    pub const fn of_session(token_type: TokenType) -> Self {
        match token_type {
            TokenType::Bearer => TokenBinding::Bearer,
            TokenType::DPoP => TokenBinding::Required,
        }
    }

    /// Whether requests for such tokens carry a proof.
    #[must_use]
    pub const fn sends_proof(self) -> bool {
        !matches!(self, TokenBinding::Bearer)
    }

    const fn accepts(self, token_type: TokenType) -> bool {
        match token_type {
            TokenType::Bearer => !matches!(self, TokenBinding::Required),
            TokenType::DPoP => self.sends_proof(),
        }
    }

    const fn expected(self) -> &'static str {
        match self {
            TokenBinding::Bearer => "token_type Bearer",
            TokenBinding::Offered => "token_type DPoP or Bearer",
            TokenBinding::Required => "token_type DPoP, for a token that is bound to this browser",
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
    /// The granted scope; `None` means as requested, also where it is no scope (RFC 6749 3.3).
    pub scope: Option<Scope>,
    /// An ID token that nobody has verified.
    pub id_token: Option<RawIdToken>,
}

/// The request that exchanges a code. It goes to the token endpoint of the transaction's issuer
/// and nowhere else (RFC 9700 4.4.2). The code goes with it: there is no second request for it.
/// The transaction is handed back, since the ID token of the answer is judged by it.
#[must_use]
pub fn exchange_request(grant: Grant) -> (HttpRequest, Transaction) {
    let Grant { code, transaction } = grant;
    let mut pairs = vec![
        ("grant_type", "authorization_code"),
        ("code", code.expose()),
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
    (HttpRequest::post(Purpose::Token, url, pairs), transaction)
}

/// The request that renews the tokens. `scope` is sent only where a provider wants it.
#[must_use]
pub fn refresh_request(
    token_endpoint: &HttpUrl,
    client_id: &str,
    refresh_token: &RefreshToken,
    resource: &[Resource],
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

/// [`judge_bound`] for a request that was sent without a proof.
///
/// # Errors
/// As [`judge_bound`].
pub fn judge(exchange: &Exchange, phase: Phase) -> Result<TokenResponse, Error> {
    judge_bound(exchange, phase, TokenBinding::Bearer)
}

/// Judges the token endpoint's answer. An answer that asks for a nonce is told apart before by
/// [`judge_provider_answer`](crate::dpop::judge_provider_answer).
///
/// # Errors
/// Transport faults, the provider's error, `unexpected_content_type`, `invalid_json`,
/// `token_response_invalid`; `token_type_unsupported` for a type that `binding` does not accept.
pub fn judge_bound(
    exchange: &Exchange,
    phase: Phase,
    binding: TokenBinding,
) -> Result<TokenResponse, Error> {
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
    let type_name = json
        .str("token_type")
        .ok_or_else(|| invalid("token_type", "token_type: a string (RFC 6749 5.1)"))?;
    let token_type = TokenType::parse(type_name)
        .filter(|token_type| binding.accepts(*token_type))
        .ok_or_else(|| {
            Error::new(ErrorCode::TokenTypeUnsupported, phase)
                .expected(binding.expected())
                .came(format!("token_type {type_name}"))
        })?;
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
        token_type,
        expires_in: json.get("expires_in").and_then(lifetime),
        refresh_token,
        scope: json.str("scope").and_then(Scope::parse),
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
pub(crate) fn lifetime(json: &Json) -> Option<Duration> {
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
#[cfg(test)]
mod tests_binding;
