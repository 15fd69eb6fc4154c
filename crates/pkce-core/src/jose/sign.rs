//! The making of a signature as data: what to sign goes out, the signature comes back.

use super::SignatureAlgorithm;
use std::fmt;

/// One signature to make with a private key that only the browser holds.
///
/// `sign(params, privateKey, signing_input)`, with
/// [`web_crypto`](SignatureAlgorithm::web_crypto) as `params`. The key comes from
/// `generateKey(params, false, ["sign"])`.
#[derive(Clone, PartialEq, Eq)]
pub struct SignRequest {
    /// The algorithm.
    pub algorithm: SignatureAlgorithm,
    /// The octets to sign (RFC 7515 5.1).
    pub signing_input: Vec<u8>,
}

impl fmt::Debug for SignRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignRequest({} [redacted])", self.algorithm.name())
    }
}
