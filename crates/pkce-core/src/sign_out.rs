//! Sign-out: revocation (RFC 7009) and RP-Initiated Logout.

use crate::encoding::{base64url, base64url_decode};
use crate::http::{HttpRequest, Purpose};
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
