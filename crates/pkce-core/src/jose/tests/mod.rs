//! What the tests of keys share: sets made of single keys.

mod choice;
mod jwk;
mod jws;
mod properties;
mod vectors;
mod wycheproof;
mod wycheproof_jose;

use super::testing::{key_members, token};
use super::{Jwks, Jws, SignatureAlgorithm, VerifyRequest};
use crate::Error;
use crate::encoding::base64url;

fn set(entries: &[String]) -> Jwks {
    Jwks::from_json_text(&format!(r#"{{"keys":[{}]}}"#, entries.join(","))).unwrap()
}

/// A key of this algorithm's type with further members.
fn key(algorithm: SignatureAlgorithm, more: &str) -> String {
    let comma = if more.is_empty() { "" } else { "," };
    format!("{{{}{comma}{more}}}", key_members(algorithm))
}

fn kept(entry: &str) -> bool {
    !set(&[entry.to_owned()]).is_empty()
}

fn candidates(
    jwks: &Jwks,
    algorithm: SignatureAlgorithm,
    kid: Option<&str>,
) -> Result<Vec<VerifyRequest>, Error> {
    let kid = kid.map_or(String::new(), |kid| format!(r#","kid":"{kid}""#));
    let header = format!(r#"{{"alg":"{}"{kid}}}"#, algorithm.name());
    jwks.candidates(&Jws::parse(&token(algorithm, &header, "{}")).unwrap())
}

fn tried(jwks: &Jwks, algorithm: SignatureAlgorithm, kid: Option<&str>) -> usize {
    candidates(jwks, algorithm, kid).map_or(0, |requests| requests.len())
}

fn rsa(modulus: &[u8], exponent: &[u8]) -> String {
    format!(
        r#"{{"kty":"RSA","n":"{}","e":"{}"}}"#,
        base64url(modulus),
        base64url(exponent)
    )
}

fn modulus(first: u8, octets: usize) -> Vec<u8> {
    let mut modulus = vec![0xff; octets];
    modulus[0] = first;
    modulus
}
