//! The ID token: from text to an identity that can be relied on (Core 2, 3.1.3.7, 12.2).
//!
//! The way has three types, and each step can only be taken from the one before:
//!
//! 1. [`UnverifiedIdToken::parse`] checks form and header;
//! 2. [`UnverifiedIdToken::candidates`] picks the keys, and [`PendingIdToken::requests`] says what
//!    to ask WebCrypto;
//! 3. [`PendingIdToken::verify`] takes the answers, checks every claim and makes a
//!    [`VerifiedIdToken`].

mod checks;
mod clock;
#[cfg(test)]
mod tests;
mod verified;

pub use checks::{Expectations, Occasion, SKEW};
pub use clock::clock_offset_ms;
pub use verified::VerifiedIdToken;

use crate::error::{Error, ErrorCode, Phase};
use crate::jose::{Jwks, Jws, SignatureAlgorithm, SignatureOutcome, VerifyRequest};
use crate::json::Json;
use crate::secret::RawIdToken;
use crate::time::Timestamp;

/// An ID token of good form that nobody has vouched for yet.
#[derive(Clone, Debug)]
pub struct UnverifiedIdToken {
    jws: Jws,
    content: Content,
}

impl UnverifiedIdToken {
    /// Takes an ID token apart.
    ///
    /// `typ` may be absent, as Core asks for none, `JWT` (RFC 7519 5.1) or `JOSE` (RFC 7515
    /// 4.1.9), in any case and with or without `application/`. Any other type is another kind of
    /// token, such as `at+jwt`, `logout+jwt` or `dpop+jwt`, and no ID token (RFC 8725 3.11).
    ///
    /// # Errors
    /// Those of [`Jws::parse`]; [`ErrorCode::IdTokenMalformed`] for another `typ`, and for claims
    /// that are no JSON object or have a repeated member.
    pub fn parse(raw: &RawIdToken) -> Result<Self, Error> {
        let jws = Jws::parse(raw.expose())?;
        if let Some(typ) = jws.typ().filter(|typ| !is_plain_jwt(typ)) {
            return Err(malformed("typ JWT or none").came(format!("typ {typ}")));
        }
        let content = Content::parse(raw, jws.payload())?;
        Ok(Self { jws, content })
    }

    /// The key that the token names.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.jws.kid()
    }

    /// When the token says that it was issued. Good for telling how wrong a clock is, and for
    /// nothing else, before the token is verified.
    #[must_use]
    pub fn claimed_issued_at(&self) -> Option<Timestamp> {
        self.content.date("iat")
    }

    /// Picks the provider's keys that the signature is to be checked with.
    ///
    /// `allowed` is what the metadata names in `id_token_signing_alg_values_supported`; `None`
    /// allows all four.
    ///
    /// # Errors
    /// [`ErrorCode::IdTokenAlgorithm`] where the token's algorithm is not allowed;
    /// [`ErrorCode::IdTokenKeyUnknown`] where no key fits, so that fetching the keys again may
    /// help; [`ErrorCode::IdTokenSignature`] where the signature's length rules every key out.
    pub fn candidates(
        &self,
        jwks: &Jwks,
        allowed: Option<&[SignatureAlgorithm]>,
    ) -> Result<PendingIdToken, Error> {
        let algorithm = self.jws.algorithm();
        if allowed.is_some_and(|allowed| !allowed.contains(&algorithm)) {
            return Err(Error::new(ErrorCode::IdTokenAlgorithm, Phase::IdToken)
                .expected("an algorithm of the metadata's id_token_signing_alg_values_supported")
                .came(algorithm.name()));
        }
        let requests = jwks.candidates(&self.jws)?;
        Ok(PendingIdToken {
            algorithm,
            content: self.content.clone(),
            requests,
        })
    }
}

/// An ID token whose signature is being checked.
#[derive(Clone, Debug)]
pub struct PendingIdToken {
    algorithm: SignatureAlgorithm,
    content: Content,
    requests: Vec<VerifyRequest>,
}

impl PendingIdToken {
    /// The checks to make, one or more, of which one has to succeed.
    #[must_use]
    pub fn requests(&self) -> &[VerifyRequest] {
        &self.requests
    }

    /// Judges the token: first the signature, then every claim (Core 3.1.3.7, 12.2).
    ///
    /// `outcomes` are the answers to [`requests`](Self::requests) in their order; those behind
    /// the first [`SignatureOutcome::Valid`] may be left out.
    ///
    /// # Errors
    /// [`ErrorCode::IdTokenSignature`] where no key says yes, [`ErrorCode::IdTokenAlgorithm`]
    /// where the browser cannot check the algorithm, and for the claims, in this order:
    /// `IdTokenIssuer`, `IdTokenAudience`, `IdTokenSubject`, `IdTokenExpired`,
    /// `IdTokenNotYetValid`, `IdTokenNonce`, `IdTokenAccessTokenHash`, `IdTokenAuthTime`,
    /// `IdTokenAcr`. What has the wrong type is `IdTokenMalformed`.
    pub fn verify(
        &self,
        outcomes: &[SignatureOutcome],
        expected: &Expectations<'_>,
        now: Timestamp,
    ) -> Result<VerifiedIdToken, Error> {
        let mut outcomes = self
            .requests
            .iter()
            .zip(outcomes)
            .map(|(_, outcome)| *outcome);
        if !outcomes
            .clone()
            .any(|outcome| outcome == SignatureOutcome::Valid)
        {
            let algorithm = self.algorithm.name();
            return Err(
                if outcomes.any(|outcome| outcome == SignatureOutcome::Unsupported) {
                    Error::new(ErrorCode::IdTokenAlgorithm, Phase::IdToken)
                        .expected("an algorithm that this browser can check")
                        .came(algorithm)
                } else {
                    Error::new(ErrorCode::IdTokenSignature, Phase::IdToken)
                        .expected("a signature by one of the provider's keys")
                        .came(format!("another one, {algorithm}"))
                },
            );
        }
        let token = VerifiedIdToken::from_content(
            self.content.clone(),
            expected.issuer,
            expected.client_id,
        )?;
        checks::check(&token, self.algorithm, expected, now)?;
        Ok(token)
    }
}

/// The claims beside the text they came in.
#[derive(Clone)]
struct Content {
    raw: RawIdToken,
    payload: String,
    claims: Json,
}

impl Content {
    fn parse(raw: &RawIdToken, payload: &[u8]) -> Result<Self, Error> {
        let payload = std::str::from_utf8(payload).ok();
        let Some((payload, claims @ Json::Object(_))) =
            payload.and_then(|text| Json::parse(text).map(|claims| (text, claims)))
        else {
            return Err(malformed("claims that are a JSON object").came("something else"));
        };
        Ok(Self {
            raw: raw.clone(),
            payload: payload.to_owned(),
            claims,
        })
    }

    /// A claim that is a NumericDate.
    fn date(&self, name: &str) -> Option<Timestamp> {
        self.claims
            .get(name)
            .and_then(Json::numeric_date)
            .map(Timestamp::from_seconds)
    }
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

fn is_plain_jwt(typ: &str) -> bool {
    let subtype = match typ.split_once('/') {
        Some((kind, subtype)) if kind.eq_ignore_ascii_case("application") => subtype,
        Some(_) => return false,
        None => typ,
    };
    subtype.eq_ignore_ascii_case("JWT") || subtype.eq_ignore_ascii_case("JOSE")
}

fn malformed(expected: &'static str) -> Error {
    Error::new(ErrorCode::IdTokenMalformed, Phase::IdToken).expected(expected)
}
