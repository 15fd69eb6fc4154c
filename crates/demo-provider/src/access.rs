//! Access tokens in requests, and how their absence or failure is told (RFC 6750, RFC 9449 7,
//! RFC 9470).

use std::borrow::Cow;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::acr::ACR_SECOND_FACTOR;
use crate::dpop::{self, NonceChallenge, Problem, Refused};
use crate::scope::Scope;

/// How a token is presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// Whoever bears it may use it.
    Bearer,
    /// With a proof of the key it is bound to.
    Dpop,
}

/// Why a request to a protected resource is refused.
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
    /// The token is good, and its user did not sign in surely or lately enough (RFC 9470 3).
    InsufficientAuthentication {
        /// Seconds.
        max_age: u64,
    },
    /// The proof is missing or no good (RFC 9449 7.1).
    InvalidProof(Problem),
    /// The proof needs a nonce of this server's (RFC 9449 9).
    UseNonce,
}

impl From<Refused> for Challenge {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Invalid(problem) => Self::InvalidProof(problem),
            Refused::Nonce => Self::UseNonce,
        }
    }
}

/// Who answers a refused request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Realm<'a> {
    pub(crate) name: &'a str,
    /// The address of the resource's metadata (RFC 9728 5.1).
    pub(crate) metadata: Option<&'a str>,
    /// Bearer tokens are taken.
    pub(crate) takes_bearer: bool,
    /// DPoP is spoken of.
    pub(crate) names_dpop: bool,
}

impl Challenge {
    /// The error code, or what stands for it in the feed.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::NoToken => "no_token",
            Self::InvalidRequest => "invalid_request",
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope(_) => "insufficient_scope",
            Self::InsufficientAuthentication { .. } => "insufficient_user_authentication",
            Self::InvalidProof(_) => "invalid_dpop_proof",
            Self::UseNonce => "use_dpop_nonce",
        }
    }

    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::NoToken
            | Self::InvalidToken
            | Self::InsufficientAuthentication { .. }
            | Self::InvalidProof(_)
            | Self::UseNonce => StatusCode::UNAUTHORIZED,
            Self::InvalidRequest => StatusCode::BAD_REQUEST,
            Self::InsufficientScope(_) => StatusCode::FORBIDDEN,
        }
    }

    fn description(self) -> Cow<'static, str> {
        let text = match self {
            Self::NoToken => "an access token is needed",
            Self::InvalidRequest => "the access token is sent in a wrong way",
            Self::InvalidToken => {
                "the access token is expired, revoked, not for this resource, or not for this key"
            }
            Self::InsufficientScope(_) => "the access token's scope does not reach this far",
            Self::InsufficientAuthentication { .. } => {
                "the user must sign in with a second factor, and not too long ago"
            }
            Self::InvalidProof(problem) => return problem.reason(),
            Self::UseNonce => "the DPoP proof needs the nonce of the DPoP-Nonce header",
        };
        text.into()
    }

    /// The parameters that tell the error. A request without a token is told none (RFC 6750 3.1).
    fn parameters(self) -> String {
        if self == Self::NoToken {
            return String::new();
        }
        let (error, description) = (self.name(), self.description());
        let mut parameters = format!(", error=\"{error}\", error_description=\"{description}\"");
        if let Self::InsufficientScope(scope) = self {
            parameters += &format!(", scope=\"{}\"", scope.name());
        }
        if let Self::InsufficientAuthentication { max_age } = self {
            parameters += &format!(", acr_values=\"{ACR_SECOND_FACTOR}\", max_age=\"{max_age}\"");
        }
        parameters
    }

    /// The answer, with a challenge in each scheme that is spoken of; the error stands in the one
    /// that was used.
    pub(crate) fn respond(self, used: Scheme, realm: Realm<'_>) -> Response {
        let base = format!("realm=\"{}\"", realm.name);
        let algs = format!(", algs=\"{}\"", dpop::ALGORITHMS.join(" "));
        let metadata = realm
            .metadata
            .map(|metadata| format!(", resource_metadata=\"{metadata}\""))
            .unwrap_or_default();
        let error = self.parameters();
        let challenges = match used {
            Scheme::Bearer if realm.takes_bearer => {
                let bearer = format!("Bearer {base}{error}{metadata}");
                let dpop = realm.names_dpop.then(|| format!("DPoP {base}{algs}"));
                vec![Some(bearer), dpop]
            }
            _ => vec![Some(format!("DPoP {base}{error}{algs}{metadata}"))],
        };
        let body = json!({"error": self.name(), "message": self.description()});
        let headers = [
            (header::CONTENT_TYPE, "application/json"),
            (header::CACHE_CONTROL, "no-store"),
        ];
        let mut response = (self.status(), headers, body.to_string()).into_response();
        for challenge in challenges.into_iter().flatten() {
            if let Ok(challenge) = HeaderValue::from_str(&challenge) {
                response
                    .headers_mut()
                    .append(header::WWW_AUTHENTICATE, challenge);
            }
        }
        if self == Self::UseNonce {
            response.extensions_mut().insert(NonceChallenge);
        }
        response
    }
}

/// The scheme that a request uses, as far as it can be told.
pub(crate) fn scheme(headers: &HeaderMap) -> Scheme {
    let value = headers.get(header::AUTHORIZATION);
    let value = value.and_then(|value| value.to_str().ok()).unwrap_or("");
    let scheme = value.split(' ').next().unwrap_or_default();
    if scheme.eq_ignore_ascii_case("dpop") {
        Scheme::Dpop
    } else {
        Scheme::Bearer
    }
}

/// The token in the `Authorization` header, and how it is presented; `None` when there is none
/// (RFC 6750 2.1, RFC 9449 7.1).
pub(crate) fn read(headers: &HeaderMap) -> Result<Option<(Scheme, &str)>, Challenge> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(Challenge::InvalidRequest);
    }
    let value = value.to_str().map_err(|_| Challenge::InvalidRequest)?;
    let (name, token) = value.split_once(' ').unwrap_or((value, ""));
    let scheme = scheme(headers);
    if scheme == Scheme::Bearer && !name.eq_ignore_ascii_case("bearer") {
        return Ok(None);
    }
    let token = token.trim();
    let is_token_char = |c: char| c.is_ascii_alphanumeric() || "-._~+/=".contains(c);
    if token.is_empty() || !token.chars().all(is_token_char) {
        return Err(Challenge::InvalidRequest);
    }
    Ok(Some((scheme, token)))
}

/// Whether a token may be used as it is presented (RFC 9449 7.1 and 7.2): a bound one with a proof
/// by its key, any other one without.
pub(crate) fn check_binding(
    scheme: Scheme,
    bound_to: Option<&str>,
    prove: impl FnOnce() -> Result<Option<dpop::ProvenKey>, Refused>,
) -> Result<(), (Challenge, Cow<'static, str>)> {
    let invalid_token = |reason: &'static str| Err((Challenge::InvalidToken, reason.into()));
    match (scheme, bound_to) {
        (Scheme::Bearer, None) => Ok(()),
        (Scheme::Bearer, Some(_)) => invalid_token("a token that is bound to a key came as bearer"),
        (Scheme::Dpop, None) => invalid_token("a token that is bound to no key came with DPoP"),
        (Scheme::Dpop, Some(bound_to)) => {
            let refuse = |refused: Refused| {
                let challenge = Challenge::from(refused);
                (challenge, challenge.description())
            };
            let key = prove().map_err(refuse)?;
            match key {
                Some(key) if key.thumbprint() == bound_to => Ok(()),
                Some(_) => invalid_token("the token is bound to another key"),
                None => Err(refuse(Refused::Invalid(Problem::Missing))),
            }
        }
    }
}
