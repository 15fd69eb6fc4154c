//! The signature check as data: what to check goes out, what came of it comes back.

use super::SignatureAlgorithm;
use std::fmt;

/// One signature to check with one key.
///
/// `importKey("jwk", JSON.parse(jwk), params, false, ["verify"])`, then
/// `verify(params, key, signature, signing_input)`, with
/// [`web_crypto`](SignatureAlgorithm::web_crypto) as `params`.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifyRequest {
    /// The algorithm of the token's header, which the key fits.
    pub algorithm: SignatureAlgorithm,
    /// The public key as JWK text with nothing but `kty` and the key's own members.
    pub jwk: String,
    /// The octets that were signed (RFC 7515 5.2).
    pub signing_input: Vec<u8>,
    /// The signature, of the length that algorithm and key ask for.
    pub signature: Vec<u8>,
}

impl fmt::Debug for VerifyRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyRequest({} [redacted])", self.algorithm.name())
    }
}

/// What came of one [`VerifyRequest`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureOutcome {
    /// `verify` said yes.
    Valid,
    /// `verify` said no, or `importKey` refused the key (a point that is not on the curve).
    Invalid,
    /// The browser does not have the algorithm (`NotSupportedError`).
    Unsupported,
}
