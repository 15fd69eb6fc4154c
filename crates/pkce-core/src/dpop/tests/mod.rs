mod keys;
mod modes;
mod nonces;
mod proofs;

use super::DpopKey;
use crate::json::Json;

/// The key of the examples of RFC 9449 4.1 and 6.1.
fn example_key() -> DpopKey {
    DpopKey::from_jwk(&Json::parse(EXAMPLE_JWK).unwrap()).unwrap()
}

const EXAMPLE_JWK: &str = r#"{"kty":"EC",
    "x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
    "y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
    "crv":"P-256"}"#;
