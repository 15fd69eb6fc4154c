//! The public half of the key that tokens are bound to.

use crate::encoding::{base64url, base64url_decode, fingerprint};
use crate::error::{Error, ErrorCode, Phase};
use crate::json::{Json, ObjectWriter};
use std::fmt;

/// A public key on P-256, for proofs signed with ES256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DpopKey {
    x: Box<str>,
    y: Box<str>,
}

impl DpopKey {
    /// Reads what `exportKey("raw", publicKey)` gives: an uncompressed point (SEC 1 2.3.3).
    ///
    /// # Errors
    /// [`ErrorCode::DpopKeyUnavailable`] for anything else.
    pub fn from_raw(point: &[u8]) -> Result<Self, Error> {
        match point.split_first() {
            Some((4, coordinates)) if coordinates.len() == 64 => {
                let (x, y) = coordinates.split_at_checked(32).ok_or_else(unusable)?;
                Ok(Self {
                    x: base64url(x).into(),
                    y: base64url(y).into(),
                })
            }
            _ => Err(unusable()),
        }
    }

    /// Reads a JWK (RFC 7518 6.2.1). One that has a private member is refused: it would have left
    /// the browser's keeping.
    ///
    /// # Errors
    /// [`ErrorCode::DpopKeyUnavailable`] for any other key.
    pub fn from_jwk(jwk: &Json) -> Result<Self, Error> {
        let coordinate = |name: &str| {
            jwk.str(name)
                .filter(|text| base64url_decode(text).is_some_and(|octets| octets.len() == 32))
        };
        let is_p256 = jwk.str("kty") == Some("EC") && jwk.str("crv") == Some("P-256");
        match (coordinate("x"), coordinate("y")) {
            (Some(x), Some(y)) if is_p256 && jwk.get("d").is_none() => Ok(Self {
                x: x.into(),
                y: y.into(),
            }),
            _ => Err(unusable()),
        }
    }

    /// The key as JWK text with the required members alone, in the order that RFC 7638 3 hashes.
    #[must_use]
    pub fn to_jwk(&self) -> String {
        ObjectWriter::new()
            .str("crv", "P-256")
            .str("kty", "EC")
            .str("x", &self.x)
            .str("y", &self.y)
            .finish()
    }

    /// The thumbprint that tokens are bound to (RFC 9449 6.1).
    #[must_use]
    pub fn thumbprint(&self) -> Thumbprint {
        Thumbprint::of_canonical(&self.to_jwk())
    }
}

fn unusable() -> Error {
    Error::new(ErrorCode::DpopKeyUnavailable, Phase::Environment)
        .expected("a public key on the curve P-256")
        .came("another key")
}

/// A JWK thumbprint with SHA-256 (RFC 7638): 43 characters of base64url. It names a public key and
/// is no secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Thumbprint(Box<str>);

impl Thumbprint {
    /// The thumbprint of a key in the form that RFC 7638 3.2 and 3.3 lay down.
    pub(super) fn of_canonical(jwk: &str) -> Self {
        Self(fingerprint(jwk).into())
    }

    /// Reads a thumbprint back; `None` for what is no SHA-256 in base64url.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        base64url_decode(text)
            .is_some_and(|octets| octets.len() == 32)
            .then(|| Self(text.into()))
    }

    /// The value of `dpop_jkt` (RFC 9449 10).
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
