//! Pushed authorization requests (RFC 9126): the parameters go to the provider ahead of the user,
//! who brings along a reference to them and nothing else.
//!
//! [`par_mode`] decides whether to push,
//! [`AuthorizationRequest::push`](crate::authorization::AuthorizationRequest::push) builds the
//! request, [`PendingPush::judge`] judges the answer, and [`PushedRequest::into_url`] is the address
//! that it is good for.

use crate::config::{ParMode, Resource};
use crate::error::{Error, ErrorCode, Phase};
use crate::http::{Exchange, HttpResponse};
use crate::json::Json;
use crate::metadata::ProviderMetadata;
use crate::provider_error;
use crate::secret::SecretText;
use crate::time::Timestamp;
use crate::token::lifetime;
use crate::url::HttpUrl;
use std::fmt;

/// How an authorization request reaches the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// In the address that the user is sent to.
    Redirect,
    /// Pushed to this endpoint.
    Push(HttpUrl),
}

/// Decides whether a request is pushed: where the provider requires it (RFC 9126 5) or the
/// configuration does. What is required and cannot be done is an error, never a request by
/// redirect.
///
/// # Errors
/// `metadata_invalid` where the provider requires it and names no (usable) endpoint;
/// `config_unsupported` where the configuration requires it of such a provider.
pub fn par_mode(mode: ParMode, metadata: &ProviderMetadata) -> Result<Delivery, Error> {
    let required = metadata.require_pushed_authorization_requests();
    match metadata.pushed_authorization_request_endpoint() {
        Some(endpoint) if required || mode == ParMode::Require => {
            Ok(Delivery::Push(endpoint.clone()))
        }
        None if required => Err(Error::new(ErrorCode::MetadataInvalid, Phase::Par)
            .expected("a pushed_authorization_request_endpoint, since the provider requires one")
            .came("none, or one that is no https URL")),
        None if mode == ParMode::Require => Err(Error::new(
            ErrorCode::ConfigUnsupported,
            Phase::Par,
        )
        .expected(
            "a provider with a pushed_authorization_request_endpoint, since par is \"require\"",
        )
        .came("none, or one that is no https URL")),
        _ => Ok(Delivery::Redirect),
    }
}

/// A pushed request whose answer is awaited.
#[derive(Debug)]
pub struct PendingPush {
    authorization_endpoint: HttpUrl,
    client_id: String,
}

impl PendingPush {
    pub(crate) const fn new(authorization_endpoint: HttpUrl, client_id: String) -> Self {
        Self {
            authorization_endpoint,
            client_id,
        }
    }

    /// Judges the answer: 201 with `request_uri` and `expires_in` (RFC 9126 2.2).
    ///
    /// # Errors
    /// Transport faults, the provider's error (RFC 9126 2.3), `unexpected_status` for another
    /// success, `unexpected_content_type`, `invalid_json`, `par_response_invalid`.
    pub fn judge(self, exchange: &Exchange, now: Timestamp) -> Result<PushedRequest, Error> {
        let response = exchange
            .as_ref()
            .map_err(|fault| fault.into_error(Phase::Par))?;
        if response.status != 201 {
            return Err(refusal(response));
        }
        let json = response.json_object(Phase::Par)?;
        if provider_error::is_said(&json) {
            return Err(provider_error::of_response(response, Phase::Par));
        }
        let invalid = |name: &str, expected: &'static str| {
            Error::new(ErrorCode::ParResponseInvalid, Phase::Par)
                .expected(expected)
                .came(match json.get(name) {
                    None => format!("no {name}"),
                    Some(value) => format!("{name}: {}, and not such a one", value.kind()),
                })
        };
        let request_uri = json
            .str("request_uri")
            .and_then(|text| Resource::check(text).ok())
            .ok_or_else(|| {
                invalid(
                    "request_uri",
                    "request_uri: an absolute URI without a fragment, at most 2048 octets",
                )
            })?;
        let lifetime = json
            .get("expires_in")
            .and_then(lifetime)
            .ok_or_else(|| invalid("expires_in", "expires_in: a positive number of seconds"))?;
        let url = self.authorization_endpoint.with_query([
            ("client_id", self.client_id.as_str()),
            ("request_uri", request_uri.as_str()),
        ]);
        Ok(PushedRequest {
            url: SecretText::new(url),
            expires_at: now + lifetime,
        })
    }
}

/// The error of an answer that is not 201. A 200 without an error is none of the provider's words.
fn refusal(response: &HttpResponse) -> Error {
    let says_error = || {
        response
            .json_object(Phase::Par)
            .is_ok_and(|json: Json| provider_error::is_said(&json))
    };
    if (200..300).contains(&response.status) && !says_error() {
        return response
            .status_error(Phase::Par)
            .expected("status 201 (RFC 9126 2.2)");
    }
    provider_error::of_response(response, Phase::Par)
}

/// A request that lies at the provider, good for one user's way there.
///
/// ```compile_fail,E0382
/// # fn twice(pushed: pkce_core::par::PushedRequest, now: pkce_core::Timestamp) {
/// let first = pushed.into_url(now);
/// let second = pushed.into_url(now); // moved by the first (RFC 9126 4)
/// # }
/// ```
pub struct PushedRequest {
    url: SecretText,
    expires_at: Timestamp,
}

impl PushedRequest {
    /// Until when the provider keeps it.
    #[must_use]
    pub const fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// The address to send the user to: it has `client_id` and `request_uri` alone (RFC 9126 4).
    ///
    /// # Errors
    /// `invalid_request_uri` where the provider keeps the request no longer.
    pub fn into_url(self, now: Timestamp) -> Result<SecretText, Error> {
        if now < self.expires_at {
            return Ok(self.url);
        }
        Err(Error::new(ErrorCode::InvalidRequestUri, Phase::Par)
            .expected("a pushed request that is used before it expires")
            .came("one that has expired"))
    }
}

impl fmt::Debug for PushedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PushedRequest([redacted])")
    }
}

#[cfg(test)]
mod tests;
