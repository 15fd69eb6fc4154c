//! Which client sends a request, and whether it really does (RFC 6749 2.3).

use std::sync::Arc;

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::AuthServer;
use super::error::{Code, OAuthError};
use crate::client::{AuthMethod, Client, ClientKind};
use crate::params::Params;
use crate::secret::{Fingerprint, Secret};

/// What a request presents.
struct Presented {
    client_id: String,
    method: AuthMethod,
    secret: Option<Secret>,
}

/// The client of a request to the token or revocation endpoint.
pub(crate) fn authenticate(
    server: &AuthServer,
    headers: &HeaderMap,
    params: &Params,
) -> Result<Arc<Client>, OAuthError> {
    let presented = present(headers, params)?;
    let refuse = |description: &'static str| {
        let mut error = OAuthError::new(Code::InvalidClient, description);
        error.challenge_basic = presented.method == AuthMethod::ClientSecretBasic;
        error
    };
    let client = server
        .clients
        .find(&presented.client_id)
        .ok_or_else(|| refuse("the client is not registered here"))?;
    match (&client.kind, presented.method, &presented.secret) {
        (ClientKind::Public, AuthMethod::None, _) => Ok(client),
        (ClientKind::Public, _, _) => Err(refuse(
            "this is a public client: it has no secret and must send none",
        )),
        (ClientKind::Confidential { .. }, AuthMethod::None, _) => {
            Err(refuse("this client must authenticate with its secret"))
        }
        (ClientKind::Confidential { secret, method }, used, Some(given)) => {
            if !secret.is(&Fingerprint::of(given.expose())) {
                return Err(refuse("the client secret is wrong"));
            }
            if *method != used {
                return Err(refuse(match method {
                    AuthMethod::ClientSecretPost => {
                        "this client is registered for client_secret_post"
                    }
                    _ => "this client is registered for client_secret_basic",
                }));
            }
            Ok(client)
        }
        (ClientKind::Confidential { .. }, _, None) => Err(refuse("the client secret is missing")),
    }
}

fn present(headers: &HeaderMap, params: &Params) -> Result<Presented, OAuthError> {
    let in_form = params.get("client_id");
    let Some(authorization) = headers.get(header::AUTHORIZATION) else {
        let client_id = in_form
            .ok_or_else(|| OAuthError::new(Code::InvalidClient, "client_id is missing"))?
            .to_owned();
        let secret = params.get("client_secret").map(Secret::new);
        let method = if secret.is_some() {
            AuthMethod::ClientSecretPost
        } else {
            AuthMethod::None
        };
        return Ok(Presented {
            client_id,
            method,
            secret,
        });
    };
    if params.get("client_secret").is_some() {
        let description = "the client authenticated in two ways at once";
        return Err(OAuthError::new(Code::InvalidRequest, description));
    }
    let (client_id, secret) = authorization
        .to_str()
        .ok()
        .and_then(read_basic)
        .ok_or_else(|| {
            let mut error = OAuthError::new(
                Code::InvalidClient,
                "the Authorization header must be Basic with the client ID and secret",
            );
            error.challenge_basic = true;
            error
        })?;
    if in_form.is_some_and(|in_form| in_form != client_id) {
        let description = "client_id differs between the header and the body";
        return Err(OAuthError::new(Code::InvalidRequest, description));
    }
    Ok(Presented {
        client_id,
        method: AuthMethod::ClientSecretBasic,
        secret: Some(Secret::new(secret)),
    })
}

/// `Basic base64(id:secret)`, where both are form-encoded first (RFC 6749 2.3.1).
fn read_basic(value: &str) -> Option<(String, String)> {
    let (scheme, credentials) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(credentials.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((form_decode(id), form_decode(secret)))
}

fn form_decode(text: &str) -> String {
    // Neither `&` nor `=` can stand unescaped in a form-encoded value; where one does, the client
    // did not encode, and the text is meant as it is.
    if text.contains(['&', '=']) {
        return text.to_owned();
    }
    form_urlencoded::parse(text.as_bytes())
        .next()
        .map(|(name, _)| name.into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_credentials_are_form_decoded() {
        let value = format!("Basic {}", STANDARD.encode("app%3Aone:s%2Be+t"));
        assert_eq!(
            read_basic(&value),
            Some(("app:one".to_owned(), "s+e t".to_owned()))
        );
    }

    #[test]
    fn malformed_basic_credentials_are_none() {
        for value in ["Basic", "Basic !!!", "Bearer YTpi", "Basic YWI=", ""] {
            assert_eq!(read_basic(value), None, "{value}");
        }
    }
}
