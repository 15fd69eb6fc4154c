//! An authorization request that is ready to go to the provider.

use crate::http::{HttpRequest, Method, Purpose};
use crate::par::PendingPush;
use crate::secret::SecretText;
use crate::url::HttpUrl;
use std::fmt;

/// All parameters of one authorization request. It goes to the provider once: with the user
/// ([`into_url`](Self::into_url)), or pushed ahead of the user ([`push`](Self::push)).
///
/// ```compile_fail,E0382
/// # fn twice(request: pkce_core::authorization::AuthorizationRequest) {
/// let first = request.into_url();
/// let second = request.into_url(); // moved by the first
/// # }
/// ```
pub struct AuthorizationRequest {
    endpoint: HttpUrl,
    client_id: String,
    form: String,
}

impl AuthorizationRequest {
    pub(super) fn new<'a>(
        endpoint: &HttpUrl,
        client_id: &str,
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        Self {
            endpoint: endpoint.clone(),
            client_id: client_id.to_owned(),
            form: crate::encoding::form(pairs),
        }
    }

    /// The address to send the user to (RFC 6749 4.1.1).
    #[must_use]
    pub fn into_url(self) -> SecretText {
        SecretText::new(self.endpoint.with_form(&self.form))
    }

    /// The request that pushes the parameters to `endpoint` (RFC 9126 2.1), and what judges its
    /// answer. A public client says who it is with `client_id`, which is among the parameters.
    #[must_use]
    pub fn push(self, endpoint: &HttpUrl) -> (HttpRequest, PendingPush) {
        let request = HttpRequest {
            purpose: Purpose::Par,
            method: Method::Post,
            url: endpoint.clone(),
            authorization: None,
            form: Some(SecretText::new(self.form)),
            follow_redirects: false,
        };
        (request, PendingPush::new(self.endpoint, self.client_id))
    }
}

impl fmt::Debug for AuthorizationRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthorizationRequest([redacted])")
    }
}

#[cfg(test)]
mod tests;
