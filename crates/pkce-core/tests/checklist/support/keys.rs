//! Private keys, signing, and what a browser's WebCrypto would answer.

use super::{CLIENT, ISSUER, NOW};
use p256::ecdsa::signature::{Signer as _, Verifier as _};
use pkce_core::encoding::{base64url, base64url_decode};
use pkce_core::jose::{SignatureAlgorithm, SignatureOutcome, VerifyRequest};
use rsa::rand_core::OsRng;
use rsa::sha2::Sha256;
use rsa::signature::{RandomizedSigner as _, SignatureEncoding as _};
use rsa::{BigUint, RsaPrivateKey, RsaPublicKey, pkcs1v15, pss};
use serde_json::{Value, json};

// RFC 7515 A.2.1
const RSA_N: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
const RSA_D: &str = "Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU91p1DhOVRuOopznQ";
const RSA_P: &str = "4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc";
const RSA_Q: &str = "uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc";
// RFC 7515 A.3.1
const P256_X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const P256_Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
const P256_D: &str = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI";
// RFC 8037 A.1, A.2
const ED25519_D: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
const ED25519_X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

fn octets(base64url: &str) -> Vec<u8> {
    base64url_decode(base64url).unwrap()
}

fn number(base64url: &str) -> BigUint {
    BigUint::from_bytes_be(&octets(base64url))
}

/// The public key that goes with [`sign`], with the `kid` `k1`.
pub(crate) fn public(algorithm: SignatureAlgorithm) -> Value {
    match algorithm {
        SignatureAlgorithm::Rs256 | SignatureAlgorithm::Ps256 => {
            json!({"kty": "RSA", "kid": "k1", "use": "sig", "n": RSA_N, "e": "AQAB"})
        }
        SignatureAlgorithm::Es256 => {
            json!({"kty": "EC", "kid": "k1", "use": "sig", "crv": "P-256", "x": P256_X, "y": P256_Y})
        }
        SignatureAlgorithm::EdDsa => {
            json!({"kty": "OKP", "kid": "k1", "use": "sig", "crv": "Ed25519", "x": ED25519_X})
        }
    }
}

/// Another key of the kind that [`token`] is signed with.
pub(crate) fn stranger() -> Value {
    // RFC 8032 7.1, test 2
    json!({"kty": "OKP", "kid": "k1", "crv": "Ed25519",
        "x": base64url(&hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"))})
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len() / 2)
        .map(|index| u8::from_str_radix(&text[2 * index..2 * index + 2], 16).unwrap())
        .collect()
}

pub(crate) fn jwks(keys: &[Value]) -> Value {
    json!({"keys": keys})
}

/// The set that [`token`] is checked with.
pub(crate) fn default_jwks() -> Value {
    jwks(&[public(SignatureAlgorithm::EdDsa)])
}

pub(crate) fn sign(algorithm: SignatureAlgorithm, input: &[u8]) -> Vec<u8> {
    let rsa = || {
        let primes = vec![number(RSA_P), number(RSA_Q)];
        RsaPrivateKey::from_components(number(RSA_N), number("AQAB"), number(RSA_D), primes)
            .unwrap()
    };
    match algorithm {
        SignatureAlgorithm::Rs256 => pkcs1v15::SigningKey::<Sha256>::new(rsa())
            .sign(input)
            .to_vec(),
        SignatureAlgorithm::Ps256 => pss::SigningKey::<Sha256>::new(rsa())
            .sign_with_rng(&mut OsRng, input)
            .to_vec(),
        SignatureAlgorithm::Es256 => {
            let key = p256::ecdsa::SigningKey::from_slice(&octets(P256_D)).unwrap();
            let signature: p256::ecdsa::Signature = key.sign(input);
            signature.to_vec()
        }
        SignatureAlgorithm::EdDsa => {
            let seed = octets(ED25519_D).try_into().unwrap();
            ed25519_dalek::SigningKey::from_bytes(&seed)
                .sign(input)
                .to_vec()
        }
    }
}

/// A token with this header and these claims as they stand, signed whatever they say.
pub(crate) fn signed(algorithm: SignatureAlgorithm, header: &str, claims: &str) -> String {
    let input = format!(
        "{}.{}",
        base64url(header.as_bytes()),
        base64url(claims.as_bytes())
    );
    let signature = sign(algorithm, input.as_bytes());
    format!("{input}.{}", base64url(&signature))
}

/// A signed ID token with these claims, by the key `k1`.
pub(crate) fn token(claims: &Value) -> String {
    let header = r#"{"alg":"EdDSA","kid":"k1"}"#;
    signed(SignatureAlgorithm::EdDsa, header, &claims.to_string())
}

/// The claims of a good ID token.
pub(crate) fn claims(nonce: &str) -> Value {
    json!({"iss": ISSUER, "aud": CLIENT, "sub": "u1", "iat": NOW, "exp": NOW + 300,
        "nonce": nonce})
}

/// What `importKey` and `verify` would answer.
pub(crate) fn execute(request: &VerifyRequest) -> SignatureOutcome {
    let jwk: Value = serde_json::from_str(&request.jwk).unwrap();
    let member = |name: &str| octets(jwk[name].as_str().unwrap());
    let (input, signature) = (&request.signing_input, request.signature.as_slice());
    let rsa = || {
        let number = |name| BigUint::from_bytes_be(&member(name));
        RsaPublicKey::new_with_max_size(number("n"), number("e"), 8192).unwrap()
    };
    let is_good = match request.algorithm {
        SignatureAlgorithm::Rs256 => {
            let signature = pkcs1v15::Signature::try_from(signature).unwrap();
            let key = pkcs1v15::VerifyingKey::<Sha256>::new(rsa());
            key.verify(input, &signature).is_ok()
        }
        SignatureAlgorithm::Ps256 => {
            let signature = pss::Signature::try_from(signature).unwrap();
            let key = pss::VerifyingKey::<Sha256>::new(rsa());
            key.verify(input, &signature).is_ok()
        }
        SignatureAlgorithm::Es256 => {
            let point = [vec![4], member("x"), member("y")].concat();
            p256::ecdsa::VerifyingKey::from_sec1_bytes(&point).is_ok_and(|key| {
                p256::ecdsa::Signature::from_slice(signature)
                    .is_ok_and(|signature| key.verify(input, &signature).is_ok())
            })
        }
        SignatureAlgorithm::EdDsa => {
            let point = member("x").try_into().unwrap();
            ed25519_dalek::VerifyingKey::from_bytes(&point).is_ok_and(|key| {
                ed25519_dalek::Signature::from_slice(signature)
                    .is_ok_and(|signature| key.verify(input, &signature).is_ok())
            })
        }
    };
    if is_good {
        SignatureOutcome::Valid
    } else {
        SignatureOutcome::Invalid
    }
}
