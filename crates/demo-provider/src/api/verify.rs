//! Verifying an access token (RFC 9068 4).

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::KeyAlgorithm;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;

use super::Api;
use super::gate::Resource;
use crate::scope::ScopeSet;

/// A token that is good for this API.
#[derive(Clone, Debug)]
pub(crate) struct AccessToken {
    pub(crate) sub: String,
    pub(crate) client_id: String,
    pub(crate) scopes: ScopeSet,
    /// Seconds since the Unix epoch.
    pub(crate) expires: u64,
    pub(crate) issued: u64,
    /// The thumbprint of the key it is bound to (RFC 9449 6.1).
    pub(crate) bound_to: Option<String>,
    /// How surely the user was known.
    pub(crate) acr: Option<String>,
    /// When the user signed in: seconds since the Unix epoch.
    pub(crate) auth_time: Option<u64>,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    client_id: String,
    jti: String,
    iat: u64,
    exp: u64,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    cnf: Option<Confirmation>,
    #[serde(default)]
    acr: Option<String>,
    #[serde(default)]
    auth_time: Option<u64>,
}

#[derive(Deserialize)]
struct Confirmation {
    jkt: String,
}

/// Why a token is not good. Told to the feed; the caller hears `invalid_token`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rejection {
    NotAJwt,
    NotAnAccessToken,
    UnknownKey,
    Algorithm,
    Signature,
    Issuer,
    Audience,
    Claims,
    Expired,
}

impl Rejection {
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::NotAJwt => "not a signed JWT",
            Self::NotAnAccessToken => "typ is not at+jwt",
            Self::UnknownKey => "signed with a key that the issuer does not have",
            Self::Algorithm => "signed with an algorithm that is not allowed",
            Self::Signature => "the signature does not verify",
            Self::Issuer => "from another issuer",
            Self::Audience => "meant for another audience",
            Self::Claims => "a required claim is missing",
            Self::Expired => "expired",
        }
    }
}

/// Verifies type, signature, issuer, audience and expiry.
pub(crate) async fn verify(
    api: &Api,
    token: &str,
    resource: Resource,
) -> Result<AccessToken, Rejection> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| Rejection::NotAJwt)?;
    let typ = header
        .typ
        .as_deref()
        .unwrap_or_default()
        .to_ascii_lowercase();
    if typ != "at+jwt" && typ != "application/at+jwt" {
        return Err(Rejection::NotAnAccessToken);
    }
    if header.crit.is_some() {
        return Err(Rejection::NotAnAccessToken);
    }
    let kid = header.kid.as_deref().ok_or(Rejection::UnknownKey)?;
    let jwk = api.keys.key(kid).await.ok_or(Rejection::UnknownKey)?;
    // The algorithm is the key's, whatever the token says.
    let algorithm = match jwk.common.key_algorithm {
        Some(KeyAlgorithm::RS256) => Algorithm::RS256,
        Some(KeyAlgorithm::ES256) => Algorithm::ES256,
        _ => return Err(Rejection::Algorithm),
    };
    let key = DecodingKey::from_jwk(&jwk).map_err(|_| Rejection::UnknownKey)?;

    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[&api.shared.urls.issuer]);
    validation.set_audience(&[resource.indicator(&api.shared.urls)]);
    validation.set_required_spec_claims(&["iss", "aud", "exp", "sub"]);
    // The library would ask the machine's clock; this API has its own.
    validation.validate_exp = false;
    let data =
        jsonwebtoken::decode::<Claims>(token, &key, &validation).map_err(|error| {
            match error.kind() {
                ErrorKind::InvalidIssuer => Rejection::Issuer,
                ErrorKind::InvalidAudience => Rejection::Audience,
                ErrorKind::InvalidSignature => Rejection::Signature,
                ErrorKind::InvalidAlgorithm => Rejection::Algorithm,
                _ => Rejection::Claims,
            }
        })?;
    let claims = data.claims;
    let shared = &api.shared;
    if shared.clock.now() >= claims.exp || shared.expired_early.contains(&claims.jti) {
        return Err(Rejection::Expired);
    }
    Ok(AccessToken {
        sub: claims.sub,
        client_id: claims.client_id,
        scopes: ScopeSet::parse(&claims.scope),
        expires: claims.exp,
        issued: claims.iat,
        bound_to: claims.cnf.map(|cnf| cnf.jkt),
        acr: claims.acr,
        auth_time: claims.auth_time,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::DemoProvider;
    use crate::keys::{SigningAlgorithm, Spoil};

    /// An ID token, or whatever else the issuer signs, must not pass for an access token even if all
    /// of its claims fit (RFC 9068 4, RFC 8725 3.11).
    #[tokio::test]
    async fn the_type_alone_decides_what_is_an_access_token() {
        let demo = DemoProvider::builder().start().await.unwrap();
        let now = demo.clock().now();
        let claims = json!({
            "iss": demo.issuer(),
            "aud": demo.urls().api_resource(),
            "sub": "someone",
            "client_id": "demo-spa",
            "jti": "1",
            "iat": now,
            "exp": now + 60,
            "scope": "openid"
        });
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        for (typ, status) in [
            ("at+jwt", 200),
            ("application/AT+JWT", 200),
            ("JWT", 401),
            ("logout+jwt", 401),
        ] {
            let keys = &demo.auth_server.keys;
            let token = keys
                .sign(SigningAlgorithm::Es256, typ, &claims, Spoil::Not)
                .unwrap();
            let request = http
                .get(format!("{}/api/me", demo.api_url()))
                .bearer_auth(token);
            assert_eq!(request.send().await.unwrap().status(), status, "{typ}");
        }
    }
}
