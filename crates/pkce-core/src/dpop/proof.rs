//! The proof: a JWT of one request, signed with the key that the token is bound to.

use super::{DpopKey, DpopNonce, HttpMethod, htu};
use crate::encoding::{base64url, fingerprint};
use crate::error::{Error, ErrorCode, Phase};
use crate::jose::{SignRequest, SignatureAlgorithm};
use crate::json::ObjectWriter;
use crate::secret::{AccessToken, DpopProof};
use crate::time::{ClockOffset, Timestamp};
use crate::url::HttpUrl;
use std::fmt;

/// Who the request goes to, which decides whether the proof names a token.
#[derive(Clone, Copy, Debug)]
pub enum Recipient<'a> {
    /// An endpoint of the provider that takes no access token: token and PAR endpoint.
    Provider,
    /// A resource server, UserInfo included: the proof has the hash of this access token, which
    /// goes along in the `Authorization` header (RFC 9449 7).
    Resource(&'a AccessToken),
}

/// The identifier of one proof, `jti` (RFC 9449 4.2).
#[derive(Clone)]
pub struct ProofId(Box<str>);

impl ProofId {
    /// The least randomness, in octets: 96 bits (RFC 9449 4.2).
    pub const LEAST: usize = 12;

    /// Takes octets of a cryptographic source, never used before: 12 to 64 of them.
    #[must_use]
    pub fn from_random(octets: &[u8]) -> Option<Self> {
        (Self::LEAST..=64)
            .contains(&octets.len())
            .then(|| Self(base64url(octets).into()))
    }
}

impl fmt::Debug for ProofId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProofId([redacted])")
    }
}

/// What one proof is for.
#[derive(Debug)]
pub struct ProofRequest<'a> {
    /// The request's method.
    pub method: &'a HttpMethod,
    /// The request's URL; query and fragment play no part.
    pub url: &'a HttpUrl,
    /// Who the request goes to.
    pub recipient: Recipient<'a>,
    /// The newest nonce of the URL's origin, if it ever gave one (RFC 9449 8, 9).
    pub nonce: Option<&'a DpopNonce>,
    /// Names this proof alone.
    pub id: ProofId,
    /// The time by this device's clock.
    pub now: Timestamp,
    /// How far the server's clock is ahead, where that is known.
    pub clock_offset: ClockOffset,
}

impl ProofRequest<'_> {
    /// Lays down what the proof says (RFC 9449 4.2). It fits this one request: a request that is
    /// repeated needs another proof with another [`ProofId`].
    #[must_use]
    pub fn prepare(self, key: &DpopKey) -> PendingProof {
        let header = ObjectWriter::new()
            .str("typ", "dpop+jwt")
            .str("alg", SignatureAlgorithm::Es256.name())
            .raw("jwk", &key.to_jwk())
            .finish();
        let issued_at = self.clock_offset.server_time(self.now).as_seconds();
        let token_hash = match self.recipient {
            Recipient::Provider => None,
            Recipient::Resource(token) => Some(fingerprint(token.expose())),
        };
        let payload = ObjectWriter::new()
            .str("jti", &self.id.0)
            .str("htm", self.method.as_str())
            .str("htu", &htu(self.url))
            .integer("iat", issued_at)
            .opt_str("ath", token_hash.as_deref())
            .opt_str("nonce", self.nonce.map(DpopNonce::expose))
            .finish();
        PendingProof {
            signing_input: format!(
                "{}.{}",
                base64url(header.as_bytes()),
                base64url(payload.as_bytes())
            ),
        }
    }
}

/// A proof that lacks its signature.
pub struct PendingProof {
    signing_input: String,
}

impl PendingProof {
    /// What to sign with the private key.
    #[must_use]
    pub fn sign_request(&self) -> SignRequest {
        SignRequest {
            algorithm: SignatureAlgorithm::Es256,
            signing_input: self.signing_input.clone().into_bytes(),
        }
    }

    /// The proof, for the `DPoP` header (RFC 9449 4.1).
    ///
    /// # Errors
    /// [`ErrorCode::DpopSigningFailed`] for a signature that is not 64 octets: `r` and `s` side by
    /// side (RFC 7518 3.4), as WebCrypto gives them.
    pub fn finish(self, signature: &[u8]) -> Result<DpopProof, Error> {
        if Some(signature.len()) != SignatureAlgorithm::Es256.signature_octets() {
            return Err(Error::new(ErrorCode::DpopSigningFailed, Phase::Environment)
                .expected("an ES256 signature of 64 octets")
                .came(format!("{} octets", signature.len())));
        }
        let text = format!("{}.{}", self.signing_input, base64url(signature));
        DpopProof::new(&text)
            .ok_or_else(|| Error::new(ErrorCode::DpopSigningFailed, Phase::Environment))
    }
}

impl fmt::Debug for PendingProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PendingProof([redacted])")
    }
}
