//! Making tokens.

use serde_json::{Map, Value, json};

use super::AuthServer;
use super::error::{Code, OAuthError};
use super::grants::Grant;
use crate::client::Client;
use crate::keys::{KeyError, Spoil};
use crate::lock;
use crate::scope::{Scope, ScopeSet};
use crate::secret::{half_hash, random_id};
use crate::users::find_by_sub;

/// An access token, freshly made.
pub(crate) struct AccessToken {
    pub(crate) token: String,
    /// Seconds from now.
    pub(crate) lifetime: u64,
}

/// Makes an access token (RFC 9068) for some of a grant's scopes and resources, bound to a key where
/// one was proven (RFC 9449 6).
pub(crate) fn access_token(
    server: &AuthServer,
    grant: &Grant,
    scopes: &ScopeSet,
    resources: &[String],
    bound_to: Option<&str>,
) -> Result<AccessToken, OAuthError> {
    let now = server.shared.clock.now();
    let lifetime = server.settings.access_token_lifetime.as_secs();
    let expires = now.saturating_add(lifetime);
    let token_id = random_id();
    let issuer = &server.shared.urls.issuer;
    // Without a resource the token is good for UserInfo alone.
    let audience = match resources {
        [] => json!(format!("{issuer}/userinfo")),
        [one] => json!(one),
        several => json!(several),
    };
    let mut claims = json!({
        "iss": issuer,
        "sub": grant.sub,
        "aud": audience,
        "client_id": grant.client_id,
        "iat": now,
        "exp": expires,
        "jti": token_id,
        "scope": scopes.to_string(),
        "auth_time": grant.auth_time,
        "acr": grant.level.acr(),
        "amr": grant.level.amr(),
    });
    if let (Some(key), Some(members)) = (bound_to, claims.as_object_mut()) {
        members.insert("cnf".to_owned(), json!({"jkt": key}));
    }
    let algorithm = server.settings.access_token_algorithm;
    let token = server
        .keys
        .sign(algorithm, "at+jwt", &claims, Spoil::Not)
        .map_err(server_error)?;
    lock(&server.grants).note_access_token(&token_id, &grant.id, expires);
    Ok(AccessToken { token, lifetime })
}

/// Which answer an ID token stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IdTokenFor {
    /// The first, with the request's nonce.
    Code,
    /// A later one: the nonce belongs to the first (OpenID Connect Core 12.2).
    Refresh,
}

/// Makes an ID token (OpenID Connect Core 2), spoilt as the faults say.
pub(crate) fn id_token(
    server: &AuthServer,
    client: &Client,
    grant: &Grant,
    scopes: &ScopeSet,
    access_token: &str,
    purpose: IdTokenFor,
) -> Result<String, OAuthError> {
    let faults = &server.shared.faults;
    let now = server.shared.clock.now();
    let mut claims = user_claims(&grant.sub, scopes);
    let mut claim = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    claim("iss", json!(server.shared.urls.issuer));
    claim("aud", json!(client.id));
    claim("iat", json!(now));
    claim(
        "exp",
        json!(now.saturating_add(server.settings.id_token_lifetime.as_secs())),
    );
    if !faults.strikes(|f| &mut f.id_token_omit_auth_time) {
        claim("auth_time", json!(grant.auth_time));
    }
    claim("acr", json!(grant.level.acr()));
    claim("amr", json!(grant.level.amr()));
    claim("at_hash", json!(half_hash(access_token)));
    if let (IdTokenFor::Code, Some(nonce)) = (purpose, &grant.nonce) {
        claim("nonce", json!(nonce));
    }

    if faults.strikes(|f| &mut f.id_token_wrong_iss) {
        claim("iss", json!("https://issuer.invalid"));
    }
    if faults.strikes(|f| &mut f.id_token_wrong_aud) {
        claim("aud", json!("another-client"));
    }
    if faults.strikes(|f| &mut f.id_token_wrong_nonce) {
        claim("nonce", json!("another-nonce"));
    }
    if faults.strikes(|f| &mut f.id_token_wrong_sub) {
        claim("sub", json!("another-user"));
    }
    if faults.strikes(|f| &mut f.id_token_wrong_at_hash) {
        claim("at_hash", json!(half_hash("another token")));
    }
    if faults.strikes(|f| &mut f.id_token_expired) {
        claim("iat", json!(now.saturating_sub(7_200)));
        claim("exp", json!(now.saturating_sub(3_600)));
    }
    let spoil = if faults.strikes(|f| &mut f.id_token_alg_none) {
        Spoil::AlgNone
    } else if faults.strikes(|f| &mut f.id_token_bad_signature) {
        Spoil::Signature
    } else {
        Spoil::Not
    };
    server
        .keys
        .sign(client.id_token_algorithm, "JWT", &claims, spoil)
        .map_err(server_error)
}

/// What the scopes tell of a user (OpenID Connect Core 5.4), with `sub`.
pub(crate) fn user_claims(sub: &str, scopes: &ScopeSet) -> Map<String, Value> {
    let mut claims = Map::new();
    let mut claim = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    claim("sub", json!(sub));
    if let Some(user) = find_by_sub(sub) {
        if scopes.contains(Scope::Profile) {
            claim("name", json!(user.name));
            claim("preferred_username", json!(user.username));
            claim("locale", json!(user.locale));
        }
        if scopes.contains(Scope::Email) {
            claim("email", json!(user.email));
            claim("email_verified", json!(user.email_verified));
        }
    }
    claims
}

fn server_error(_: KeyError) -> OAuthError {
    OAuthError::new(Code::ServerError, "the token could not be signed")
}
