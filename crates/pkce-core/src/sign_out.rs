//! Sign-out: revocation (RFC 7009) and RP-Initiated Logout.

use crate::encoding::{base64url, base64url_decode};
use crate::error::{Error, Phase};
use crate::http::{Exchange, HttpRequest, Purpose};
use crate::provider_error;
use crate::secret::{AccessToken, RawIdToken, RefreshToken, SecretText};
use crate::url::HttpUrl;

/// The request that revokes what the session holds: the refresh token, whose revocation ends the
/// whole grant at most providers, else the access token.
#[must_use]
pub fn revocation_request(
    endpoint: HttpUrl,
    client_id: &str,
    refresh_token: Option<&RefreshToken>,
    access_token: &AccessToken,
) -> HttpRequest {
    let (token, hint) = match refresh_token {
        Some(token) => (token.expose(), "refresh_token"),
        None => (access_token.expose(), "access_token"),
    };
    HttpRequest::post(
        Purpose::Revocation,
        endpoint,
        [
            ("token", token),
            ("token_type_hint", hint),
            ("client_id", client_id),
        ],
    )
}

/// Judges the answer to [`revocation_request`] (RFC 7009 2.2): a success says that the token is
/// worth nothing any more, also where it was worth nothing before; its body plays no part.
///
/// The user is signed out whatever it says: an error is for a log, not for the user.
///
/// # Errors
/// Transport faults, and the provider's error, such as a 503 that asks to wait (RFC 7009 2.2.1).
pub fn judge_revocation(exchange: &Exchange) -> Result<(), Error> {
    match exchange {
        Ok(response) if (200..300).contains(&response.status) => Ok(()),
        Ok(response) => Err(provider_error::of_response(response, Phase::SignOut)),
        Err(fault) => Err(fault.into_error(Phase::SignOut)),
    }
}

/// The address that ends the provider's own session (RP-Initiated Logout 2).
/// `state` exists because some providers return only when it was sent.
#[must_use]
pub fn end_session_url(
    endpoint: &HttpUrl,
    id_token_hint: &RawIdToken,
    client_id: &str,
    post_logout_redirect_uri: &HttpUrl,
    state: [u8; 16],
) -> SecretText {
    let state = base64url(&state);
    SecretText::new(endpoint.with_query([
        ("id_token_hint", id_token_hint.expose()),
        ("client_id", client_id),
        (
            "post_logout_redirect_uri",
            post_logout_redirect_uri.as_str(),
        ),
        ("state", &state),
    ]))
}

/// Whether a `state` has the form of those that [`end_session_url`] sends: 16 octets of base64url.
pub(crate) fn is_own_state(state: &str) -> bool {
    state.len() == 22 && base64url_decode(state).is_some_and(|octets| octets.len() == 16)
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_revocation;
