//! Proofs of possession (RFC 9449), as both servers check them.

mod nonces;
mod proof;
mod replays;

use std::borrow::Cow;
use std::sync::Mutex;

use axum::http::header::HeaderName;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;

use crate::auth_server::cors;
use crate::lock;
use crate::policy::DpopNonces;
use crate::shared::Shared;
use nonces::Nonces;
pub(crate) use proof::ALGORITHMS;
use proof::Proof;
use replays::Replays;

/// The header that carries a proof.
pub(crate) const DPOP: HeaderName = HeaderName::from_static("dpop");
/// The header that carries a nonce for the next proof.
pub(crate) const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// What a proof must have been made for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    pub(crate) method: &'a str,
    /// As clients know the address, without query and fragment.
    pub(crate) url: &'a str,
    /// The access token that comes with it, at a resource.
    pub(crate) access_token: Option<&'a str>,
}

/// What is wrong with a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// There is none, and one is needed.
    Missing,
    /// There are several.
    Several,
    NotAJws,
    Type,
    Algorithm,
    /// The header holds a private key, or says a symmetric one.
    PrivateKey,
    /// The header holds no key that fits the algorithm.
    Key,
    Signature,
    Claims,
    Method,
    Url,
    AccessToken,
    /// `iat` is so many seconds before the server's time (negative: after it).
    Time {
        behind: i64,
    },
    Replayed,
    /// The key is not the one that the request names.
    OtherKey,
}

impl Problem {
    /// In words, for developers; nothing of what was sent.
    pub(crate) fn reason(self) -> Cow<'static, str> {
        let text = match self {
            Self::Missing => "a DPoP proof is needed",
            Self::Several => "there is more than one DPoP header",
            Self::NotAJws => "the DPoP proof is no compact JWS with unpadded base64url",
            Self::Type => "typ of the DPoP proof must be dpop+jwt",
            Self::Algorithm => "the DPoP proof is not signed with one of the supported algorithms",
            Self::PrivateKey => "jwk of the DPoP proof must hold no private or symmetric key",
            Self::Key => "jwk of the DPoP proof is no key for its alg",
            Self::Signature => "the DPoP proof's signature does not verify with its jwk",
            Self::Claims => "the DPoP proof lacks jti, htm, htu or iat, or one is malformed",
            Self::Method => "htm of the DPoP proof is not this request's method",
            Self::Url => "htu of the DPoP proof is not this request's address",
            Self::AccessToken => "ath of the DPoP proof is not the hash of this access token",
            Self::Replayed => "the DPoP proof was used before: each request needs a new jti",
            Self::OtherKey => "the DPoP proof is by another key than dpop_jkt names",
            Self::Time { behind } => {
                let (seconds, side) = (behind.unsigned_abs(), behind >= 0);
                let side = if side { "behind" } else { "ahead of" };
                return format!(
                    "iat of the DPoP proof is {seconds} seconds {side} this server's clock"
                )
                .into();
            }
        };
        text.into()
    }
}

/// Why a proof is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// `invalid_dpop_proof`.
    Invalid(Problem),
    /// `use_dpop_nonce`: it lacks a nonce, or has one that is not taken any more.
    Nonce,
}

/// The thumbprint (RFC 7638) of a key whose holder made a proof for this very request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProvenKey(String);

impl ProvenKey {
    pub(crate) fn thumbprint(&self) -> &str {
        &self.0
    }
}

/// What one server remembers about proofs.
#[derive(Debug, Default)]
pub(crate) struct Guard {
    nonces: Nonces,
    replays: Mutex<Replays>,
}

impl Guard {
    /// Checks the proof of a request (RFC 9449 4.3); `None` when there is none.
    pub(crate) fn check(
        &self,
        shared: &Shared,
        wanted: DpopNonces,
        headers: &HeaderMap,
        target: Target<'_>,
    ) -> Result<Option<ProvenKey>, Refused> {
        let mut sent = headers.get_all(DPOP).iter();
        let Some(proof) = sent.next() else {
            return Ok(None);
        };
        if sent.next().is_some() {
            return Err(Refused::Invalid(Problem::Several));
        }
        let text = proof
            .to_str()
            .map_err(|_| Refused::Invalid(Problem::NotAJws))?;
        let policy = shared.policy.get();
        let proof = Proof::verify(text).map_err(Refused::Invalid)?;
        proof.is_for(target).map_err(Refused::Invalid)?;
        let now_ms = shared.clock.now_ms();
        if wanted != DpopNonces::Off {
            let known = proof.nonce.as_deref().is_some_and(|nonce| {
                self.nonces
                    .knows(nonce, now_ms, policy.dpop_nonces_accepted)
            });
            if !known {
                return Err(Refused::Nonce);
            }
        }
        let now = shared.clock.now();
        let behind = proof.behind(now);
        if behind.unsigned_abs() > policy.dpop_proof_seconds {
            return Err(Refused::Invalid(Problem::Time { behind }));
        }
        // Only what is good so far is remembered. It is forgotten when its iat is too old anyway.
        let until = now
            .saturating_add(policy.dpop_proof_seconds.saturating_mul(2))
            .saturating_add(1);
        let is_new = lock(&self.replays).note(&proof.thumbprint, &proof.jti, now, until);
        if !is_new {
            shared.tally.count(|counters| &mut counters.dpop_replays);
            return Err(Refused::Invalid(Problem::Replayed));
        }
        shared.tally.count(|counters| &mut counters.dpop_proofs);
        Ok(Some(ProvenKey(proof.thumbprint)))
    }

    /// Puts the nonce for the next request into an answer: where nonces are wanted, or where the
    /// answer is a challenge (RFC 9449 8, 8.2 and 9).
    pub(crate) fn give_nonce(&self, shared: &Shared, wanted: DpopNonces, response: &mut Response) {
        let is_challenge = response.extensions().get::<NonceChallenge>().is_some();
        if is_challenge {
            shared
                .tally
                .count(|counters| &mut counters.dpop_nonce_challenges);
        } else if wanted == DpopNonces::Off {
            return;
        }
        let nonce = self.nonces.give(wanted, shared.clock.now_ms());
        if let Ok(nonce) = HeaderValue::from_str(&nonce) {
            response.headers_mut().insert(DPOP_NONCE, nonce);
        }
        if shared.faults.strikes(|f| &mut f.dpop_nonce_hidden) {
            cors::hide(response, DPOP_NONCE);
        }
    }
}

/// Marks an answer that says `use_dpop_nonce`.
#[derive(Clone, Copy)]
pub(crate) struct NonceChallenge;
