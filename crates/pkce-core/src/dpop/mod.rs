//! Tokens bound to a key of this browser (RFC 9449), as decisions: whether they are bound, what a
//! proof says, which nonce it carries, and what a server that wants another nonce gets.
//!
//! The key itself stays where it is: [`ProofRequest::prepare`] says what to sign as a
//! [`SignRequest`](crate::jose::SignRequest), a WebCrypto `sign` away from the 64 octets that
//! [`PendingProof::finish`] makes a [`DpopProof`](crate::secret::DpopProof) of. What token types an
//! answer may have is told by [`TokenBinding`](crate::token::TokenBinding), which [`dpop_mode`]
//! chooses before the redirect.

mod key;
mod mode;
mod nonce;
mod proof;
mod target;
#[cfg(test)]
mod tests;

pub use key::{DpopKey, Thumbprint};
pub use mode::{KeyStorage, dpop_mode};
pub use nonce::{
    DpopNonce, NonceStore, NonceVerdict, ProofAttempt, judge_provider_answer, judge_resource_answer,
};
pub use proof::{PendingProof, ProofId, ProofRequest, Recipient};
pub use target::{HttpMethod, htu};
