//! The claims that depend on the moment: times, `nonce`, `at_hash`, `auth_time`, `acr`
//! (Core 3.1.3.6, 3.1.3.7, 12.2).

use super::verified::audiences;
use super::{VerifiedIdToken, malformed};
use crate::encoding::{base64url, sha256};
use crate::error::{Error, ErrorCode, Phase};
use crate::jose::SignatureAlgorithm;
use crate::json::Json;
use crate::secret::{AccessToken, Nonce};
use crate::time::Timestamp;
use sha2::{Digest as _, Sha512};
use std::time::Duration;

/// How far this device's clock and the provider's may be apart; exactly so much is accepted.
pub const SKEW: Duration = Duration::from_secs(60);

/// What the ID token has to say.
#[derive(Clone, Debug)]
pub struct Expectations<'a> {
    /// The issuer that was asked, compared by exact string.
    pub issuer: &'a str,
    /// This client.
    pub client_id: &'a str,
    /// The access token that came along; `at_hash` has to fit it where both are there.
    pub access_token: Option<&'a AccessToken>,
    /// At sign-in or on refresh.
    pub occasion: Occasion<'a>,
}

/// When an ID token came.
#[derive(Clone, Debug)]
pub enum Occasion<'a> {
    /// In answer to a code (Core 3.1.3.3).
    SignIn {
        /// The nonce of the authorization request.
        nonce: &'a Nonce,
        /// The `max_age` of the request, in seconds: `auth_time` has to be there and this fresh.
        max_age: Option<u64>,
        /// The `acr_values` of the request, separated by spaces: `acr` has to be one of them.
        /// `None` where none was asked for, or where any `acr` will do.
        acr_values: Option<&'a str>,
    },
    /// In answer to a refresh token (Core 12.2).
    Refresh {
        /// The ID token of sign-in.
        first: &'a VerifiedIdToken,
    },
}

pub(super) fn check(
    token: &VerifiedIdToken,
    algorithm: SignatureAlgorithm,
    expected: &Expectations<'_>,
    now: Timestamp,
) -> Result<(), Error> {
    if let Occasion::Refresh { first } = expected.occasion {
        check_same_user(token, first)?;
    }
    check_times(token, now)?;
    match &expected.occasion {
        Occasion::SignIn { nonce, .. } => check_nonce(token, nonce.expose())?,
        Occasion::Refresh { first } => check_refreshed(token, first)?,
    }
    if let Some(access_token) = expected.access_token {
        check_access_token_hash(token, algorithm, access_token)?;
    }
    if let Occasion::SignIn {
        max_age,
        acr_values,
        ..
    } = expected.occasion
    {
        check_auth_time(token, max_age, now)?;
        check_acr(token, acr_values)?;
    }
    Ok(())
}

/// Core 3.1.3.7 (9, 10), RFC 7519 4.1.4 to 4.1.6.
fn check_times(token: &VerifiedIdToken, now: Timestamp) -> Result<(), Error> {
    let (issued_at, expires_at) = (token.issued_at(), token.expires_at());
    if now > expires_at + SKEW {
        let mut came = format!(
            "one that expired {} min ago",
            minutes(now.since(expires_at))
        );
        let age = now.since(issued_at);
        if age > SKEW {
            came.push_str(&format!(
                "; if it is fresh, this device's clock is {} min ahead",
                minutes(age)
            ));
        }
        return Err(Error::new(ErrorCode::IdTokenExpired, Phase::IdToken)
            .expected("an ID token that has not expired")
            .came(came));
    }
    let from_the_future = |behind: Duration| {
        Error::new(ErrorCode::IdTokenNotYetValid, Phase::IdToken)
            .expected("an ID token that is valid already")
            .came(format!(
                "one that will be in {0} min; this device's clock is {0} min behind",
                minutes(behind)
            ))
    };
    if issued_at > now + SKEW {
        return Err(from_the_future(now.until(issued_at)));
    }
    if let Some(not_before) = token.claim("nbf") {
        let Some(not_before) = not_before.numeric_date().map(Timestamp::from_seconds) else {
            return Err(malformed("nbf to be a number").came(not_before.kind()));
        };
        if not_before > now + SKEW {
            return Err(from_the_future(now.until(not_before)));
        }
    }
    if expires_at <= issued_at {
        return Err(malformed("exp to be later than iat").came("an earlier one"));
    }
    Ok(())
}

/// Core 3.1.3.7 (11).
fn check_nonce(token: &VerifiedIdToken, nonce: &str) -> Result<(), Error> {
    let came = match token.claim("nonce") {
        Some(Json::String(claim)) if same(claim, nonce) => return Ok(()),
        Some(Json::String(_)) => "another one",
        Some(other) => other.kind(),
        None => "none",
    };
    Err(Error::new(ErrorCode::IdTokenNonce, Phase::IdToken)
        .expected("the nonce of this sign-in")
        .came(came))
}

/// Compares digests, so that the time it takes says nothing about the values.
fn same(a: &str, b: &str) -> bool {
    sha256(a.as_bytes()) == sha256(b.as_bytes())
}

/// Core 3.1.3.6, 3.1.3.8: where `at_hash` is there, it is the left half of the access token's hash.
fn check_access_token_hash(
    token: &VerifiedIdToken,
    algorithm: SignatureAlgorithm,
    access_token: &AccessToken,
) -> Result<(), Error> {
    let came = match token.claim("at_hash") {
        None => return Ok(()),
        Some(Json::String(hash)) if *hash == access_token_hash(algorithm, access_token) => {
            return Ok(());
        }
        Some(Json::String(_)) => "another one",
        Some(other) => other.kind(),
    };
    Err(
        Error::new(ErrorCode::IdTokenAccessTokenHash, Phase::IdToken)
            .expected("the at_hash of the access token that came along")
            .came(came),
    )
}

/// The hash is that of the signature's algorithm; Ed25519 hashes with SHA-512 (RFC 8032 5.1).
pub(super) fn access_token_hash(
    algorithm: SignatureAlgorithm,
    access_token: &AccessToken,
) -> String {
    let octets = access_token.expose().as_bytes();
    let digest = match algorithm {
        SignatureAlgorithm::EdDsa => Sha512::digest(octets).to_vec(),
        _ => sha256(octets).to_vec(),
    };
    base64url(digest.get(..digest.len() / 2).unwrap_or_default())
}

/// Core 3.1.3.7 (13).
fn check_auth_time(
    token: &VerifiedIdToken,
    max_age: Option<u64>,
    now: Timestamp,
) -> Result<(), Error> {
    let Some(max_age) = max_age else {
        return Ok(());
    };
    let came = match token.auth_time() {
        // Nobody proved anything in the future.
        Some(time) if time > now + SKEW => format!("one in {} min", minutes(now.until(time))),
        Some(time) if now.since(time) > Duration::from_secs(max_age).saturating_add(SKEW) => {
            format!("one {} min ago", minutes(now.since(time)))
        }
        Some(_) => return Ok(()),
        None => token
            .claim("auth_time")
            .map_or("none", Json::kind)
            .to_owned(),
    };
    Err(Error::new(ErrorCode::IdTokenAuthTime, Phase::IdToken)
        .expected(format!("auth_time within the last {max_age} s"))
        .came(came))
}

/// Core 3.1.3.7 (12), RFC 9470 4.
fn check_acr(token: &VerifiedIdToken, acr_values: Option<&str>) -> Result<(), Error> {
    let asked = || {
        acr_values
            .unwrap_or_default()
            .split(' ')
            .filter(|value| !value.is_empty())
    };
    if asked().next().is_none() || asked().any(|value| token.acr() == Some(value)) {
        return Ok(());
    }
    let came = token
        .claim("acr")
        .map_or("none", |acr| acr.as_str().unwrap_or(acr.kind()));
    Err(Error::new(ErrorCode::IdTokenAcr, Phase::IdToken)
        .expected(format!("acr {}", asked().collect::<Vec<_>>().join(" or ")))
        .came(came.to_owned()))
}

/// Core 12.2: the same `sub`, and every audience that the first token had. `iss` was compared
/// with the session's issuer already, which is the first token's.
fn check_same_user(token: &VerifiedIdToken, first: &VerifiedIdToken) -> Result<(), Error> {
    if token.issuer() != first.issuer() {
        return Err(Error::new(ErrorCode::IdTokenIssuer, Phase::IdToken)
            .expected(format!("iss {}", first.issuer()))
            .came(token.issuer().to_owned()));
    }
    let mut now = audiences(&token.content.claims).unwrap_or_default();
    now.sort_unstable();
    let before = audiences(&first.content.claims).unwrap_or_default();
    if let Some(missing) = before
        .iter()
        .find(|audience| now.binary_search(audience).is_err())
    {
        return Err(Error::new(ErrorCode::IdTokenAudience, Phase::IdToken)
            .expected(format!("aud with {missing}, as at sign-in"))
            .came(now.join(", ")));
    }
    if token.sub() != first.sub() {
        return Err(Error::new(ErrorCode::IdTokenSubject, Phase::IdToken)
            .expected("the sub of sign-in")
            .came("another user's"));
    }
    Ok(())
}

/// Core 12.2: what else a refreshed ID token has in common with the first one.
fn check_refreshed(token: &VerifiedIdToken, first: &VerifiedIdToken) -> Result<(), Error> {
    if token.issued_at() + SKEW < first.issued_at() {
        return Err(malformed("iat not before that of sign-in").came("an older ID token"));
    }
    match (token.claim("nonce"), first.claim("nonce")) {
        (None, _) => {}
        (Some(_), Some(Json::String(nonce))) => check_nonce(token, nonce)?,
        (Some(_), _) => {
            return Err(Error::new(ErrorCode::IdTokenNonce, Phase::IdToken)
                .expected("no nonce, as at sign-in")
                .came("one"));
        }
    }
    match (token.auth_time(), first.auth_time()) {
        (Some(time), Some(before)) if time != before => {
            Err(Error::new(ErrorCode::IdTokenAuthTime, Phase::IdToken)
                .expected("the auth_time of sign-in")
                .came("another one"))
        }
        _ => Ok(()),
    }
}

/// Whole minutes, rounded.
fn minutes(span: Duration) -> u64 {
    span.as_secs().saturating_add(30) / 60
}
