//! Signed tokens and the keys that check them (RFC 7515, 7517, 7518, 8037).
//!
//! [`Jws`] is a token in compact form, [`Jwks`] the provider's keys. Neither does cryptography:
//! [`Jwks::candidates`] says which signatures to check as [`VerifyRequest`]s, a WebCrypto
//! `importKey` and `verify` away from a [`SignatureOutcome`].

mod algorithm;
mod jwk;
mod jws;
mod sign;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod verify;

pub use algorithm::{SignatureAlgorithm, WebCryptoParams};
pub use jwk::Jwks;
pub use jws::Jws;
pub use sign::SignRequest;
pub use verify::{SignatureOutcome, VerifyRequest};
