//! Whether tokens are bound, decided before the redirect.

use crate::config::DpopMode;
use crate::error::{Error, ErrorCode, Phase};
use crate::jose::SignatureAlgorithm;
use crate::metadata::ProviderMetadata;
use crate::token::TokenBinding;

/// Whether the browser makes a non-extractable P-256 key and keeps it (IndexedDB).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyStorage {
    /// A key was stored and read back.
    Available,
    /// IndexedDB or the key type is missing or refused.
    Unavailable,
}

/// Chooses the binding of a sign-in's tokens: `auto` binds where the provider announces ES256
/// (RFC 9449 5.1) and the browser keeps keys, and asks for bearer tokens elsewhere.
///
/// # Errors
/// With `require`: `config_unsupported` where the provider does not announce it,
/// `dpop_key_unavailable` where the browser keeps no key.
pub fn dpop_mode(
    mode: DpopMode,
    metadata: &ProviderMetadata,
    storage: KeyStorage,
) -> Result<TokenBinding, Error> {
    let es256 = SignatureAlgorithm::Es256.name();
    let announced = metadata.dpop_signing_alg_values_supported();
    let is_announced = announced.is_some_and(|names| names.iter().any(|name| name == es256));
    match (mode, storage) {
        (DpopMode::Off, _) => Ok(TokenBinding::Bearer),
        (DpopMode::Auto, KeyStorage::Available) if is_announced => Ok(TokenBinding::Offered),
        (DpopMode::Auto, _) => Ok(TokenBinding::Bearer),
        (DpopMode::Require, _) if !is_announced => Err(Error::new(
            ErrorCode::ConfigUnsupported,
            Phase::Authorization,
        )
        .expected(
            "ES256 in the provider's dpop_signing_alg_values_supported, since dpop is \"require\"",
        )
        .came(announced.map_or_else(|| "no such member".to_owned(), |names| names.join(", ")))),
        (DpopMode::Require, KeyStorage::Available) => Ok(TokenBinding::Required),
        (DpopMode::Require, KeyStorage::Unavailable) => Err(Error::new(
            ErrorCode::DpopKeyUnavailable,
            Phase::Environment,
        )
        .expected("a browser that keeps a P-256 key in IndexedDB, since dpop is \"require\"")
        .came("one that does not (private browsing, blocked storage, or an old browser)")),
    }
}
