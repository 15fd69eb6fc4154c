//! Providers whose ways are known: each preset is a [`ProviderBuilder`] with what that provider
//! needs, and its documentation says what has to be set in the provider's console.
//!
//! Where an app without a server cannot sign in at all, there is no builder but a
//! [`NeedsBackend`]: it cannot be made into a configuration, and says what to do instead.

use super::builder::ProviderBuilder;
use super::fault::Fault;
use super::provider::ProviderConfig;
use crate::error::Error;
use std::fmt;

/// Keycloak, by the URL of the realm, such as `https://id.example/realms/shop`.
///
/// In the console: client authentication off, standard flow on, PKCE method `S256`, the page's
/// redirect URI under *Valid redirect URIs*, the post-logout URI under *Valid post logout redirect
/// URIs*, and the page's origin under *Web origins* (without it the token answer looks like a
/// network failure). Rotation is off unless *Revoke refresh token* is on; both work.
///
/// ```
/// use pkce_core::config::presets;
/// # use pkce_core::url::HttpUrl;
/// # let page = HttpUrl::parse("https://app.example/").map_err(|f| f.as_str()).unwrap();
/// let provider = presets::keycloak("main", "https://id.example/realms/shop", "my-spa")?
///     .name("Example")
///     .build(&page)?;
/// assert_eq!(provider.issuer().as_str(), "https://id.example/realms/shop");
/// # Ok::<(), pkce_core::Error>(())
/// ```
///
/// # Errors
/// `config_invalid_value` for a URL that names no realm.
pub fn keycloak(id: &str, realm_url: &str, client_id: &str) -> Result<ProviderBuilder, Error> {
    // The issuer has no slash at its end; pasted addresses often do.
    let issuer = realm_url.strip_suffix('/').unwrap_or(realm_url);
    let realm = issuer.split_once("/realms/").map(|(_, realm)| realm);
    if realm.is_none_or(|realm| realm.is_empty() || realm.contains('/')) {
        return Err(invalid(
            "realm_url",
            "a realm's URL, such as https://id.example/realms/shop",
            realm_url,
        ));
    }
    Ok(ProviderConfig::builder(id, issuer, client_id)
        .name("Keycloak")
        .scope("openid profile email"))
}

/// Auth0, by the tenant's domain, such as `shop.eu.auth0.com` or a custom one. `audience` names the
/// API that access tokens are for; without one they are opaque and good for UserInfo alone.
///
/// In the console: application type *Single Page Application*, the page under *Allowed Callback
/// URLs*, *Allowed Logout URLs* and *Allowed Web Origins*, refresh token rotation on, and *Allow
/// Offline Access* on for the API.
///
/// # Errors
/// `config_invalid_value` for what is no domain.
pub fn auth0(
    id: &str,
    domain: &str,
    client_id: &str,
    audience: Option<&str>,
) -> Result<ProviderBuilder, Error> {
    let host = host("domain", domain, "a domain, such as shop.eu.auth0.com")?;
    // Auth0's issuer ends with a slash.
    let builder = ProviderConfig::builder(id, &format!("https://{host}/"), client_id)
        .name("Auth0")
        .scope("openid profile email offline_access");
    Ok(match audience {
        Some(audience) => builder.authorization_param("audience", audience),
        None => builder,
    })
}

/// Okta, by the domain and the name of the authorization server: `default`, a custom one's, or
/// `None` for the organisation's own (whose access tokens are opaque).
///
/// In the console: *Single-Page Application* with grant types *Authorization Code* and *Refresh
/// Token*, the page under *Sign-in redirect URIs* and *Sign-out redirect URIs*, and its origin under
/// *Security, API, Trusted Origins* with CORS. Rotation has a grace period; reuse after it ends the
/// session.
///
/// # Errors
/// `config_invalid_value` for what is no domain or no name.
pub fn okta(
    id: &str,
    domain: &str,
    authorization_server: Option<&str>,
    client_id: &str,
) -> Result<ProviderBuilder, Error> {
    let host = host("domain", domain, "a domain, such as shop.okta.com")?;
    let issuer = match authorization_server {
        None => format!("https://{host}"),
        Some(name) if is_segment(name) => format!("https://{host}/oauth2/{name}"),
        Some(name) => {
            return Err(invalid(
                "authorization_server",
                "the name of an authorization server, such as default",
                name,
            ));
        }
    };
    Ok(ProviderConfig::builder(id, &issuer, client_id)
        .name("Okta")
        .scope("openid profile email offline_access"))
}

/// Microsoft Entra ID, by the tenant's identifier (a UUID, under *Overview, Directory (tenant) ID*).
///
/// `common`, `organizations` and `consumers` have no one issuer, so their ID tokens cannot be
/// verified against it; a tenant's domain name is answered with the UUID's issuer.
///
/// In the portal: platform *Single-page application* with the page's redirect URI (of type `spa`;
/// under *Web* the token endpoint refuses browsers). A refresh token ends after 24 hours for good:
/// the session then ends with an offer to sign in again. For an API of your own, add its scope, such
/// as `api://…/read`; without one the access token is Microsoft Graph's and no API of yours can
/// verify it.
///
/// # Errors
/// `config_invalid_value` for what is no UUID.
pub fn entra(id: &str, tenant_id: &str, client_id: &str) -> Result<ProviderBuilder, Error> {
    if !is_uuid(tenant_id) {
        return Err(invalid(
            "tenant_id",
            "the UUID of a tenant: common, organizations and consumers have no one issuer, and a \
             domain name is not what ID tokens say",
            tenant_id,
        ));
    }
    let tenant_id = tenant_id.to_ascii_lowercase();
    let issuer = format!("https://login.microsoftonline.com/{tenant_id}/v2.0");
    Ok(ProviderConfig::builder(id, &issuer, client_id)
        .name("Microsoft")
        .scope("openid profile email offline_access"))
}

/// Zitadel, by the domain of the instance, such as `shop-abc123.zitadel.cloud`.
///
/// In the console: application type *User Agent*, authentication method *PKCE*, grant types
/// *Authorization Code* and *Refresh Token*, the page's redirect and post-logout URIs. Refresh tokens
/// always rotate.
///
/// # Errors
/// `config_invalid_value` for what is no domain.
pub fn zitadel(id: &str, domain: &str, client_id: &str) -> Result<ProviderBuilder, Error> {
    let host = host("domain", domain, "a domain, such as shop.zitadel.cloud")?;
    Ok(
        ProviderConfig::builder(id, &format!("https://{host}"), client_id)
            .name("ZITADEL")
            .scope("openid profile email offline_access"),
    )
}

/// Kakao (카카오), by the app's REST API key.
///
/// In the console: *Kakao Login* and *OpenID Connect* on, the redirect URI registered, and the
/// **client secret off**: new apps have it on, and every token request then fails with `KOE010`. The
/// name comes with the consent item `profile_nickname`, the address with `account_email`: add those
/// to the scope once they are switched on. The refresh token is issued anew only in its last month.
pub fn kakao(id: &str, client_id: &str) -> ProviderBuilder {
    ProviderConfig::builder(id, "https://kauth.kakao.com", client_id)
        .name("Kakao")
        // `profile` is unknown to Kakao, and unknown scopes are refused (KOE205).
        .scope("openid")
}

/// Google wants a client secret from web clients at the token endpoint, even with PKCE, and an app
/// in the browser can keep none.
pub const GOOGLE: NeedsBackend = NeedsBackend {
    provider: "Google",
    reason: "its token endpoint wants a client_secret from web clients, also with PKCE",
    instead: "put a provider of your own in between (Keycloak, Auth0, Zitadel and others broker \
              Google) and use that one's preset",
};

/// Naver wants a client secret, and its token endpoint does not answer browsers of other origins.
pub const NAVER: NeedsBackend = NeedsBackend {
    provider: "Naver",
    reason: "its token endpoint wants a client_secret and has no CORS",
    instead: "put a provider of your own in between that brokers Naver, or exchange the code on a \
              server",
};

/// GitHub has no OpenID Connect, and its token endpoint does not answer browsers of other origins.
pub const GITHUB: NeedsBackend = NeedsBackend {
    provider: "GitHub",
    reason: "it has no OpenID Connect, and its token endpoint has no CORS",
    instead: "put a provider of your own in between that brokers GitHub, or exchange the code on a \
              server",
};

/// A provider that an app without a server cannot sign in with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NeedsBackend {
    provider: &'static str,
    reason: &'static str,
    instead: &'static str,
}

impl NeedsBackend {
    /// The provider's name.
    #[must_use]
    pub const fn provider(&self) -> &'static str {
        self.provider
    }

    /// Why it cannot be done, in English.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        self.reason
    }

    /// What to do instead, in English.
    #[must_use]
    pub const fn instead(&self) -> &'static str {
        self.instead
    }
}

impl fmt::Display for NeedsBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} cannot be used from a browser alone: {}. Instead, {}.",
            self.provider, self.reason, self.instead
        )
    }
}

impl std::error::Error for NeedsBackend {}

/// A host as people paste it, bare or as the beginning of a URL.
fn host<'a>(key: &str, text: &'a str, expected: &'static str) -> Result<&'a str, Error> {
    let bare = text.strip_prefix("https://").unwrap_or(text);
    let bare = bare.strip_suffix('/').unwrap_or(bare);
    let is_host = bare
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
    if is_host && bare.contains('.') {
        Ok(bare)
    } else {
        Err(invalid(key, expected, text))
    }
}

fn is_segment(text: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    !text.is_empty() && text.bytes().all(is_plain)
}

/// RFC 9562 4
fn is_uuid(text: &str) -> bool {
    let lengths = [8, 4, 4, 4, 12];
    let is_part = |part: &str| part.bytes().all(|b| b.is_ascii_hexdigit());
    text.split('-').map(str::len).eq(lengths) && text.split('-').all(is_part)
}

fn invalid(key: &str, expected: &'static str, came: &str) -> Error {
    Fault::invalid(expected, format!("\"{came}\"")).at(key)
}
