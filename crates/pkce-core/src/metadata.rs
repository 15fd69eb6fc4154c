//! The provider's metadata: OpenID Connect Discovery 1.0, RFC 8414.
//!
//! What is required is checked, what is optional and odd is treated as absent, and what the client
//! does not need is not read: odd metadata does not stop a sign-in (protocol rule 10).

use crate::config::Issuer;
use crate::error::{Error, ErrorCode, Phase};
use crate::http::{Exchange, HttpRequest, Purpose, document};
use crate::json::{Json, ObjectWriter};
use crate::url::HttpUrl;

const AUTHORIZATION: &str = "authorization_endpoint";
const TOKEN: &str = "token_endpoint";
const JWKS: &str = "jwks_uri";
const USERINFO: &str = "userinfo_endpoint";
const REVOCATION: &str = "revocation_endpoint";
const END_SESSION: &str = "end_session_endpoint";
const PAR: &str = "pushed_authorization_request_endpoint";
const REQUIRE_PAR: &str = "require_pushed_authorization_requests";
const ISS: &str = "authorization_response_iss_parameter_supported";
const ID_TOKEN_ALGS: &str = "id_token_signing_alg_values_supported";
const DPOP_ALGS: &str = "dpop_signing_alg_values_supported";

/// The endpoints that are read, and whether a sign-in needs them.
pub(crate) const ENDPOINTS: &[(&str, bool)] = &[
    (AUTHORIZATION, true),
    (TOKEN, true),
    (JWKS, false),
    (USERINFO, false),
    (REVOCATION, false),
    (END_SESSION, false),
    (PAR, false),
];
/// The members that are true or false.
pub(crate) const FLAGS: &[&str] = &[REQUIRE_PAR, ISS];
/// The members that are arrays of strings.
pub(crate) const LISTS: &[&str] = &[ID_TOKEN_ALGS, DPOP_ALGS];

/// What the client knows of a provider (RFC 8414 2, Discovery 3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderMetadata {
    issuer: Issuer,
    authorization_endpoint: HttpUrl,
    token_endpoint: HttpUrl,
    jwks_uri: Option<HttpUrl>,
    userinfo_endpoint: Option<HttpUrl>,
    revocation_endpoint: Option<HttpUrl>,
    end_session_endpoint: Option<HttpUrl>,
    pushed_authorization_request_endpoint: Option<HttpUrl>,
    require_pushed_authorization_requests: bool,
    authorization_response_iss_parameter_supported: bool,
    id_token_signing_alg_values_supported: Option<Vec<String>>,
    dpop_signing_alg_values_supported: Option<Vec<String>>,
}

/// The request for a provider's metadata (Discovery 4.1).
#[must_use]
pub fn discovery_request(issuer: &Issuer) -> HttpRequest {
    HttpRequest::get(Purpose::Discovery, issuer.discovery_url().clone())
}

impl ProviderMetadata {
    /// Judges the answer to [`discovery_request`] (Discovery 4.2, 4.3).
    ///
    /// # Errors
    /// What [`document`] finds, and what [`ProviderMetadata::from_json`] finds.
    pub fn judge(exchange: &Exchange, issuer: &Issuer) -> Result<Self, Error> {
        Self::from_json(&document(exchange, Phase::Discovery)?, issuer)
    }

    /// Reads a metadata document that must be `issuer`'s.
    ///
    /// # Errors
    /// `issuer_mismatch` where the document is another issuer's (RFC 8414 3.3); `metadata_invalid`
    /// where it has no issuer, or where the authorization or token endpoint is missing, is not
    /// `https` (or loopback), or has a fragment.
    pub fn from_json(json: &Json, issuer: &Issuer) -> Result<Self, Error> {
        match json.str("issuer") {
            Some(came) if came == issuer.as_str() => {}
            Some(came) => return Err(mismatch(issuer.as_str(), came)),
            None => {
                return Err(Error::new(ErrorCode::MetadataInvalid, Phase::Discovery)
                    .expected(format!("a document with the issuer {issuer}"))
                    .came(json.get("issuer").map_or("none", Json::kind)));
            }
        }
        Ok(Self {
            issuer: issuer.clone(),
            authorization_endpoint: required(json, AUTHORIZATION)?,
            token_endpoint: required(json, TOKEN)?,
            jwks_uri: optional(json, JWKS),
            userinfo_endpoint: optional(json, USERINFO),
            revocation_endpoint: optional(json, REVOCATION),
            end_session_endpoint: optional(json, END_SESSION),
            pushed_authorization_request_endpoint: optional(json, PAR),
            require_pushed_authorization_requests: flag(json, REQUIRE_PAR),
            authorization_response_iss_parameter_supported: flag(json, ISS),
            id_token_signing_alg_values_supported: list(json, ID_TOKEN_ALGS),
            dpop_signing_alg_values_supported: list(json, DPOP_ALGS),
        })
    }

    /// The metadata as JSON text, in the names of RFC 8414; [`ProviderMetadata::restore`] reads it.
    #[must_use]
    pub fn to_json(&self) -> String {
        let url = |url: &Option<HttpUrl>| url.as_ref().map(|url| url.as_str().to_owned());
        let mut writer = ObjectWriter::new()
            .str("issuer", self.issuer.as_str())
            .str(AUTHORIZATION, self.authorization_endpoint.as_str())
            .str(TOKEN, self.token_endpoint.as_str());
        for (name, value) in [
            (JWKS, url(&self.jwks_uri)),
            (USERINFO, url(&self.userinfo_endpoint)),
            (REVOCATION, url(&self.revocation_endpoint)),
            (END_SESSION, url(&self.end_session_endpoint)),
            (PAR, url(&self.pushed_authorization_request_endpoint)),
        ] {
            writer = writer.opt_str(name, value.as_deref());
        }
        writer = writer
            .bool(REQUIRE_PAR, self.require_pushed_authorization_requests)
            .bool(ISS, self.authorization_response_iss_parameter_supported);
        for (name, values) in [
            (ID_TOKEN_ALGS, &self.id_token_signing_alg_values_supported),
            (DPOP_ALGS, &self.dpop_signing_alg_values_supported),
        ] {
            if let Some(values) = values {
                writer = writer.strs(name, values.iter().map(String::as_str));
            }
        }
        writer.finish()
    }

    /// Reads what [`ProviderMetadata::to_json`] wrote, with the same checks as at first; the
    /// issuer is the snapshot's own. `None` where the text is damaged.
    #[must_use]
    pub fn restore(text: &str) -> Option<Self> {
        Self::from_snapshot(&Json::parse(text)?)
    }

    /// [`ProviderMetadata::restore`] for a snapshot that is part of a larger document.
    #[must_use]
    pub fn from_snapshot(json: &Json) -> Option<Self> {
        let issuer = Issuer::parse(json.str("issuer")?).ok()?;
        Self::from_json(json, &issuer).ok()
    }

    /// The issuer identifier.
    #[must_use]
    pub const fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// Where the user is sent to sign in (RFC 6749 3.1); it may have a query of its own.
    #[must_use]
    pub const fn authorization_endpoint(&self) -> &HttpUrl {
        &self.authorization_endpoint
    }

    /// Where codes and refresh tokens are redeemed (RFC 6749 3.2).
    #[must_use]
    pub const fn token_endpoint(&self) -> &HttpUrl {
        &self.token_endpoint
    }

    /// Where the keys are that sign ID tokens (RFC 7517 5).
    #[must_use]
    pub const fn jwks_uri(&self) -> Option<&HttpUrl> {
        self.jwks_uri.as_ref()
    }

    /// The UserInfo endpoint (Core 5.3).
    #[must_use]
    pub const fn userinfo_endpoint(&self) -> Option<&HttpUrl> {
        self.userinfo_endpoint.as_ref()
    }

    /// The revocation endpoint (RFC 7009).
    #[must_use]
    pub const fn revocation_endpoint(&self) -> Option<&HttpUrl> {
        self.revocation_endpoint.as_ref()
    }

    /// Where the provider's own session is ended (RP-Initiated Logout 2.1).
    #[must_use]
    pub const fn end_session_endpoint(&self) -> Option<&HttpUrl> {
        self.end_session_endpoint.as_ref()
    }

    /// Where authorization requests are pushed (RFC 9126 5).
    #[must_use]
    pub const fn pushed_authorization_request_endpoint(&self) -> Option<&HttpUrl> {
        self.pushed_authorization_request_endpoint.as_ref()
    }

    /// Whether only pushed authorization requests are accepted (RFC 9126 5).
    #[must_use]
    pub const fn require_pushed_authorization_requests(&self) -> bool {
        self.require_pushed_authorization_requests
    }

    /// Whether the authorization response always has an `iss` (RFC 9207 3).
    #[must_use]
    pub const fn authorization_response_iss_parameter_supported(&self) -> bool {
        self.authorization_response_iss_parameter_supported
    }

    /// The algorithms of ID tokens; `None` where the provider does not say.
    #[must_use]
    pub fn id_token_signing_alg_values_supported(&self) -> Option<&[String]> {
        self.id_token_signing_alg_values_supported.as_deref()
    }

    /// The algorithms of DPoP proofs (RFC 9449 5.1); `None` where the provider does not announce
    /// DPoP.
    #[must_use]
    pub fn dpop_signing_alg_values_supported(&self) -> Option<&[String]> {
        self.dpop_signing_alg_values_supported.as_deref()
    }

    /// The request for the provider's keys; `None` where it has no (usable) `jwks_uri`.
    #[must_use]
    pub fn jwks_request(&self) -> Option<HttpRequest> {
        let url = self.jwks_uri.clone()?;
        Some(HttpRequest::get(Purpose::Jwks, url))
    }
}

fn mismatch(configured: &str, came: &str) -> Error {
    let without_scheme = |text: &str| {
        text.strip_prefix("https://")
            .or_else(|| text.strip_prefix("http://"))
            .map(str::to_owned)
    };
    let hint = if configured.strip_suffix('/') == Some(came) {
        ": configure the issuer without its terminating slash"
    } else if came.strip_suffix('/') == Some(configured) {
        ": configure the issuer with a terminating slash"
    } else if without_scheme(configured).is_some()
        && without_scheme(configured) == without_scheme(came)
    {
        ": one is http, the other https"
    } else if configured.eq_ignore_ascii_case(came) {
        ": they differ in upper and lower case"
    } else {
        ""
    };
    Error::new(ErrorCode::IssuerMismatch, Phase::Discovery)
        .expected(format!("metadata of exactly {configured}{hint}"))
        .came(format!("metadata of {came}"))
}

/// Why a member is no endpoint that the client uses.
fn endpoint(json: &Json, name: &str) -> Result<HttpUrl, &'static str> {
    let value = json.get(name).ok_or("none")?;
    let url = HttpUrl::parse(value.as_str().ok_or(value.kind())?).map_err(|f| f.as_str())?;
    if !url.is_secure() {
        return Err("an http URL");
    }
    if url.has_fragment() {
        return Err("a URL with a fragment");
    }
    Ok(url)
}

fn required(json: &Json, name: &str) -> Result<HttpUrl, Error> {
    endpoint(json, name).map_err(|came| {
        Error::new(ErrorCode::MetadataInvalid, Phase::Discovery)
            .expected(format!(
                "{name}: an https URL without a fragment (http on loopback hosts alone)"
            ))
            .came(came)
    })
}

fn optional(json: &Json, name: &str) -> Option<HttpUrl> {
    endpoint(json, name).ok()
}

fn flag(json: &Json, name: &str) -> bool {
    json.get(name).and_then(Json::as_bool).unwrap_or(false)
}

/// The strings of an array. The list is stored with the session, so it is bounded; a list that
/// names nothing usable says nothing.
fn list(json: &Json, name: &str) -> Option<Vec<String>> {
    const LONGEST: usize = 64;
    const MOST: usize = 64;
    let values: Vec<String> = json
        .get(name)?
        .items()?
        .iter()
        .filter_map(Json::as_str)
        .filter(|value| !value.is_empty() && value.len() <= LONGEST)
        .take(MOST)
        .map(str::to_owned)
        .collect();
    if values.is_empty() {
        None
    } else {
        Some(values)
    }
}

#[cfg(test)]
mod tests;
