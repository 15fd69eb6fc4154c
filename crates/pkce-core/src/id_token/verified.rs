//! An ID token that can be relied on.

use super::{Content, malformed};
use crate::error::{Error, ErrorCode, Phase};
use crate::jose::Jws;
use crate::json::Json;
use crate::secret::RawIdToken;
use crate::time::Timestamp;
use serde::de::DeserializeOwned;
use std::fmt;

/// The longest subject identifier, in characters (Core 2).
const MAX_SUBJECT: usize = 255;

/// Who signed in, as the provider vouched for it.
///
/// Comes from [`PendingIdToken::verify`](super::PendingIdToken::verify), or from
/// [`restore`](Self::restore) for what this client verified and stored itself. `Debug` shows
/// nothing of it. Nobody else can make one:
///
/// ```compile_fail,E0451
/// # fn forge(unverified: pkce_core::id_token::VerifiedIdToken) {
/// use pkce_core::id_token::VerifiedIdToken;
/// let forged = VerifiedIdToken { subject: "admin".into(), ..unverified };
/// # }
/// ```
///
/// nor take one for a token that has only been parsed.
///
/// ```compile_fail,E0308
/// # use pkce_core::id_token::{UnverifiedIdToken, VerifiedIdToken};
/// # fn believe(token: UnverifiedIdToken) -> VerifiedIdToken {
/// token
/// # }
/// ```
#[derive(Clone)]
pub struct VerifiedIdToken {
    pub(super) content: Content,
    subject: String,
    issuer: String,
    issued_at: Timestamp,
    expires_at: Timestamp,
}

impl VerifiedIdToken {
    /// Rebuilds the identity of a stored session after a reload.
    ///
    /// Only for an ID token that this client verified and then stored itself, where no one else
    /// writes: neither signature nor `nonce` nor expiry is checked again. `iss`, `aud`, `azp` and
    /// `sub` are, so that a changed configuration does not take over a session of another
    /// provider or client.
    ///
    /// # Errors
    /// As [`PendingIdToken::verify`](super::PendingIdToken::verify) says it, with
    /// [`Phase::Storage`].
    pub fn restore(raw: &RawIdToken, issuer: &str, client_id: &str) -> Result<Self, Error> {
        Jws::parse(raw.expose())
            .and_then(|jws| Content::parse(raw, jws.payload()))
            .and_then(|content| Self::from_content(content, issuer, client_id))
            .map_err(|error| error.in_phase(Phase::Storage))
    }

    /// Checks what every ID token of this issuer and client has, whenever it is looked at.
    pub(super) fn from_content(
        content: Content,
        issuer: &str,
        client_id: &str,
    ) -> Result<Self, Error> {
        let claims = &content.claims;
        check_issuer(claims, issuer)?;
        check_audience(claims, client_id)?;
        let subject = subject(claims)?.to_owned();
        let date = |name: &'static str| {
            content.date(name).ok_or_else(|| {
                let came = claims.get(name).map_or("none", Json::kind);
                malformed("iat and exp to be numbers").came(format!("{name}: {came}"))
            })
        };
        let (issued_at, expires_at) = (date("iat")?, date("exp")?);
        Ok(Self {
            issuer: issuer.to_owned(),
            content,
            subject,
            issued_at,
            expires_at,
        })
    }

    /// `sub`: the user's identifier, unique and stable at this issuer, never reassigned (Core 2).
    #[must_use]
    pub fn sub(&self) -> &str {
        &self.subject
    }

    /// `iss`: the provider.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// `name`: the full name for display (Core 5.1).
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.text("name")
    }

    /// `preferred_username`: what the user likes to be called; not unique (Core 5.7).
    #[must_use]
    pub fn preferred_username(&self) -> Option<&str> {
        self.text("preferred_username")
    }

    /// `email`: not unique and not stable; no key to a user (Core 5.7).
    #[must_use]
    pub fn email(&self) -> Option<&str> {
        self.text("email")
    }

    /// `picture`: a URL that the provider gave, unchecked.
    #[must_use]
    pub fn picture(&self) -> Option<&str> {
        self.text("picture")
    }

    /// `auth_time`: when the user last proved who they are.
    #[must_use]
    pub fn auth_time(&self) -> Option<Timestamp> {
        self.content.date("auth_time")
    }

    /// `acr`: how well the user proved it (Core 2).
    #[must_use]
    pub fn acr(&self) -> Option<&str> {
        self.text("acr")
    }

    /// `iat`: when the token was issued, by the provider's clock.
    #[must_use]
    pub const fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// `exp`: until when the token was to be accepted. Says nothing about the session's length.
    #[must_use]
    pub const fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// Any claim.
    #[must_use]
    pub fn claim(&self, name: &str) -> Option<&Json> {
        self.content.claims.get(name)
    }

    /// The claims as the JSON text that was signed.
    #[must_use]
    pub fn payload_json(&self) -> &str {
        &self.content.payload
    }

    /// The claims as a type of the app's own.
    ///
    /// ```
    /// # fn show(token: &pkce_core::id_token::VerifiedIdToken) -> Result<(), pkce_core::Error> {
    /// #[derive(serde::Deserialize)]
    /// struct Claims {
    ///     groups: Vec<String>,
    /// }
    /// let Claims { groups } = token.claims()?;
    /// # drop(groups); Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`ErrorCode::InvalidJson`] where the claims do not fit the type; the text says where.
    pub fn claims<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_str(&self.content.payload).map_err(|error| {
            let text = error.to_string();
            // The only claim that no message may quote.
            let quotes_nonce = self
                .claim("nonce")
                .and_then(Json::as_str)
                .is_some_and(|nonce| text.contains(nonce));
            Error::new(ErrorCode::InvalidJson, Phase::IdToken)
                .expected("claims that fit the app's type")
                .came(if quotes_nonce { String::new() } else { text })
        })
    }

    /// The token itself, for `id_token_hint` and for storing it.
    #[must_use]
    pub const fn raw(&self) -> &RawIdToken {
        &self.content.raw
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.content
            .claims
            .str(name)
            .filter(|text| !text.is_empty())
    }
}

/// Two tokens are equal when their claims are the same text.
impl PartialEq for VerifiedIdToken {
    fn eq(&self, other: &Self) -> bool {
        self.content.payload == other.content.payload
    }
}

impl Eq for VerifiedIdToken {}

impl fmt::Debug for VerifiedIdToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerifiedIdToken([redacted])")
    }
}

/// Core 3.1.3.7 (2): exactly the issuer that was asked.
fn check_issuer(claims: &Json, issuer: &str) -> Result<(), Error> {
    let came = match claims.get("iss") {
        Some(Json::String(iss)) if iss == issuer => return Ok(()),
        Some(Json::String(iss)) => iss,
        Some(other) => other.kind(),
        None => "none",
    };
    Err(Error::new(ErrorCode::IdTokenIssuer, Phase::IdToken)
        .expected(format!("iss {issuer}"))
        .came(came.to_owned()))
}

/// Core 3.1.3.7 (3 to 5): for this client, and where it is for others too, or names an authorized
/// party, that party is this client.
fn check_audience(claims: &Json, client_id: &str) -> Result<(), Error> {
    let wrong = |expected: &str, came: String| {
        Err(Error::new(ErrorCode::IdTokenAudience, Phase::IdToken)
            .expected(format!("{expected} {client_id}"))
            .came(came))
    };
    let Some(audiences) = audiences(claims) else {
        let came = claims.get("aud").map_or("none", Json::kind);
        return wrong(
            "aud as a string or an array of strings with",
            came.to_owned(),
        );
    };
    if !audiences.contains(&client_id) {
        return wrong("aud", audiences.join(", "));
    }
    match claims.get("azp") {
        Some(Json::String(azp)) if azp == client_id => Ok(()),
        Some(Json::String(azp)) => wrong("azp", azp.clone()),
        Some(other) => wrong("azp", other.kind().to_owned()),
        None if audiences.iter().all(|audience| *audience == client_id) => Ok(()),
        None => wrong("no other aud than, or azp", audiences.join(", ")),
    }
}

/// `aud` as a list; `None` where it is neither a string nor an array of strings.
pub(super) fn audiences(claims: &Json) -> Option<Vec<&str>> {
    match claims.get("aud")? {
        Json::String(audience) => Some(vec![audience]),
        Json::Array(items) => items.iter().map(Json::as_str).collect(),
        _ => None,
    }
}

/// Core 2: present, at most 255 ASCII characters.
fn subject(claims: &Json) -> Result<&str, Error> {
    let came = match claims.get("sub") {
        Some(Json::String(sub)) => {
            let printable = sub.bytes().all(|b| (b' '..=b'~').contains(&b));
            if printable && (1..=MAX_SUBJECT).contains(&sub.len()) {
                return Ok(sub);
            }
            "an empty, longer or other one"
        }
        Some(other) => other.kind(),
        None => "none",
    };
    Err(Error::new(ErrorCode::IdTokenSubject, Phase::IdToken)
        .expected("sub of 1 to 255 ASCII characters")
        .came(came))
}
