//! A signed token in compact form (RFC 7515 7.1).

use super::SignatureAlgorithm;
use crate::encoding::base64url_decode;
use crate::error::{Error, ErrorCode, Phase};
use crate::json::Json;
use std::fmt;

/// A token whose form and header are in order. Its signature has not been checked.
///
/// `Debug` shows the algorithm and nothing of the content.
#[derive(Clone)]
pub struct Jws {
    algorithm: SignatureAlgorithm,
    kid: Option<String>,
    typ: Option<String>,
    payload: Vec<u8>,
    signing_input: Vec<u8>,
    signature: Vec<u8>,
}

impl Jws {
    /// The longest token that is looked at, in octets.
    pub const MAX_OCTETS: usize = 64 * 1024;

    /// Takes a token apart: exactly three parts of strict base64url (RFC 7515 7.1), and a header
    /// that is a JSON object without repeated members (4) and names one of the four algorithms
    /// (RFC 8725 3.1).
    ///
    /// Keys that the header brings along (`jwk`, `jku`, `x5u`, `x5c`) are never looked at
    /// (RFC 8725 3.10).
    ///
    /// # Errors
    /// [`ErrorCode::IdTokenMalformed`], also for an encrypted token and for extensions (`crit`,
    /// `b64`, `zip`) that would change what the signature means; [`ErrorCode::IdTokenAlgorithm`]
    /// for any other algorithm, `none` included; [`ErrorCode::IdTokenSignature`] for a signature
    /// of a length that the algorithm never makes.
    pub fn parse(token: &str) -> Result<Self, Error> {
        if token.len() > Self::MAX_OCTETS {
            return Err(malformed("a token of at most 64 KB", "a longer one"));
        }
        let Some((signing_input, signature)) = token.rsplit_once('.') else {
            return Err(malformed("three parts", part_count(token)));
        };
        let mut parts = signing_input.split('.');
        let (Some(header), Some(payload), None) = (parts.next(), parts.next(), parts.next()) else {
            return Err(malformed("three parts", part_count(token)));
        };
        let (Some(header), Some(payload), Some(signature)) = (
            base64url_decode(header),
            base64url_decode(payload),
            base64url_decode(signature),
        ) else {
            return Err(malformed(
                "three parts of base64url without padding",
                "something else",
            ));
        };

        let Some(header @ Json::Object(_)) = Json::parse_bytes(&header) else {
            return Err(malformed(
                "a header that is a JSON object",
                "something else",
            ));
        };
        // RFC 7515 4.1.11, RFC 7797 3, RFC 7516 4.1.2 and 4.1.3: none of these is understood here.
        if ["crit", "b64", "zip", "enc"]
            .iter()
            .any(|name| header.get(name).is_some())
        {
            return Err(malformed(
                "a header without crit, b64, zip and enc",
                "one of them",
            ));
        }
        let algorithm = algorithm(&header)?;
        let kid = optional_text(&header, "kid")?;
        let typ = optional_text(&header, "typ")?;
        if algorithm
            .signature_octets()
            .is_some_and(|octets| octets != signature.len())
        {
            return Err(Error::new(ErrorCode::IdTokenSignature, Phase::IdToken)
                .expected("a signature of 64 octets")
                .came(format!("{} octets", signature.len())));
        }
        Ok(Self {
            algorithm,
            kid,
            typ,
            payload,
            signing_input: signing_input.as_bytes().to_vec(),
            signature,
        })
    }

    /// The algorithm that the header names.
    #[must_use]
    pub const fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// The key that the header names (RFC 7515 4.1.4).
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The kind of token that the header declares (RFC 7515 4.1.9).
    #[must_use]
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }

    /// The content. Nobody has vouched for it before the signature was checked.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The octets that were signed.
    #[must_use]
    pub fn signing_input(&self) -> &[u8] {
        &self.signing_input
    }

    /// The signature.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }
}

impl fmt::Debug for Jws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Jws({} [redacted])", self.algorithm.name())
    }
}

fn algorithm(header: &Json) -> Result<SignatureAlgorithm, Error> {
    let wrong = |came: String| {
        Error::new(ErrorCode::IdTokenAlgorithm, Phase::IdToken)
            .expected("alg RS256, PS256, ES256 or EdDSA")
            .came(came)
    };
    match header.get("alg") {
        Some(Json::String(name)) => {
            SignatureAlgorithm::from_name(name).ok_or_else(|| wrong(format!("alg {name}")))
        }
        Some(other) => Err(wrong(other.kind().to_owned())),
        None => Err(wrong("no alg".to_owned())),
    }
}

fn optional_text(header: &Json, name: &'static str) -> Result<Option<String>, Error> {
    match header.get(name) {
        None => Ok(None),
        Some(Json::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(malformed(
            "kid and typ to be strings",
            "a header with another type",
        )),
    }
}

/// Five parts have a name, and an operator who sees it knows what to switch off.
fn part_count(token: &str) -> &'static str {
    match token.split('.').count() {
        5 => "five: an encrypted token (JWE), which needs a secret that this app cannot have",
        1 | 2 => "fewer",
        _ => "more",
    }
}

fn malformed(expected: &'static str, came: &'static str) -> Error {
    Error::new(ErrorCode::IdTokenMalformed, Phase::IdToken)
        .expected(expected)
        .came(came)
}
