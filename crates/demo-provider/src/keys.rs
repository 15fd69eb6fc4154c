//! Signing keys, the JWKS, and their rotation.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use p256::pkcs8::EncodePrivateKey as _;
use rand::rngs::OsRng;
use rsa::pkcs1::EncodeRsaPrivateKey as _;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::lock;

/// The algorithms this provider signs with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SigningAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256, which every OpenID client must understand.
    #[default]
    #[serde(rename = "RS256")]
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    #[serde(rename = "ES256")]
    Es256,
}

impl SigningAlgorithm {
    /// Its name in JOSE (RFC 7518 3.1).
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }

    fn jose(self) -> Algorithm {
        match self {
            Self::Rs256 => Algorithm::RS256,
            Self::Es256 => Algorithm::ES256,
        }
    }
}

/// A key could not be made, or could not sign.
#[derive(Debug, thiserror::Error)]
#[error("signing keys: {0}")]
pub(crate) struct KeyError(String);

/// How a signature is spoilt on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spoil {
    Not,
    /// A signature that does not verify.
    Signature,
    /// `alg: none` and no signature.
    AlgNone,
}

#[derive(Clone)]
struct SigningKey {
    kid: String,
    algorithm: SigningAlgorithm,
    private: EncodingKey,
    public: DecodingKey,
    jwk: Jwk,
}

impl SigningKey {
    fn new(algorithm: SigningAlgorithm, private: EncodingKey) -> Result<Self, KeyError> {
        let fail = |e: jsonwebtoken::errors::Error| KeyError(e.to_string());
        let mut jwk = Jwk::from_encoding_key(&private, algorithm.jose()).map_err(fail)?;
        let kid = jwk.thumbprint(ThumbprintHash::SHA256).map_err(fail)?;
        jwk.common.key_id = Some(kid.clone());
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        let public = DecodingKey::from_jwk(&jwk).map_err(fail)?;
        Ok(Self {
            kid,
            algorithm,
            private,
            public,
            jwk,
        })
    }

    fn es256() -> Result<Self, KeyError> {
        let key = p256::SecretKey::random(&mut OsRng);
        let der = key.to_pkcs8_der().map_err(|e| KeyError(e.to_string()))?;
        Self::new(
            SigningAlgorithm::Es256,
            EncodingKey::from_ec_der(der.as_bytes()),
        )
    }

    /// The nth RSA key of this process. Making one takes a good part of a second, so providers
    /// that run side by side in one test process share them; a provider that rotates gets the next.
    fn rs256(n: usize) -> Result<Self, KeyError> {
        static MADE: Mutex<Vec<SigningKey>> = Mutex::new(Vec::new());
        let mut made = lock(&MADE);
        while made.len() <= n {
            let key =
                rsa::RsaPrivateKey::new(&mut OsRng, 2048).map_err(|e| KeyError(e.to_string()))?;
            let der = key.to_pkcs1_der().map_err(|e| KeyError(e.to_string()))?;
            let private = EncodingKey::from_rsa_der(der.as_bytes());
            made.push(Self::new(SigningAlgorithm::Rs256, private)?);
        }
        made.get(n)
            .cloned()
            .ok_or_else(|| KeyError("no such RSA key".to_owned()))
    }
}

/// One generation of keys, and those before it.
struct Keys {
    generation: usize,
    rs256: Arc<SigningKey>,
    es256: Arc<SigningKey>,
    /// No longer in the JWKS; they still verify an `id_token_hint`, which may be old.
    retired: Vec<Arc<SigningKey>>,
}

impl Keys {
    fn current(&self) -> [&Arc<SigningKey>; 2] {
        [&self.rs256, &self.es256]
    }
}

/// The provider's signing keys.
pub(crate) struct KeyRing(RwLock<Keys>);

/// Which of the provider's own tokens are good enough to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AcceptKeys {
    /// Signed by a key that is in the JWKS now.
    Current,
    /// Signed by any key this provider ever had.
    AlsoRetired,
}

impl KeyRing {
    /// Makes the first generation. Takes a while: call it where blocking is allowed.
    pub(crate) fn generate() -> Result<Self, KeyError> {
        Ok(Self(RwLock::new(Keys {
            generation: 0,
            rs256: Arc::new(SigningKey::rs256(0)?),
            es256: Arc::new(SigningKey::es256()?),
            retired: Vec::new(),
        })))
    }

    /// Makes new keys and takes the old ones out of the JWKS. Takes a while, as above.
    pub(crate) fn rotate(&self) -> Result<(), KeyError> {
        let generation = self.read(|keys| keys.generation).saturating_add(1);
        let rs256 = Arc::new(SigningKey::rs256(generation)?);
        let es256 = Arc::new(SigningKey::es256()?);
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let old = keys.current().map(Arc::clone);
        keys.retired.extend(old);
        keys.generation = generation;
        keys.rs256 = rs256;
        keys.es256 = es256;
        Ok(())
    }

    /// The public keys (RFC 7517).
    pub(crate) fn jwks(&self) -> JwkSet {
        self.read(|keys| JwkSet {
            keys: keys.current().map(|key| key.jwk.clone()).to_vec(),
        })
    }

    /// Signs claims into a compact JWS.
    pub(crate) fn sign(
        &self,
        algorithm: SigningAlgorithm,
        typ: &str,
        claims: &impl Serialize,
        spoil: Spoil,
    ) -> Result<String, KeyError> {
        let key = self.read(|keys| match algorithm {
            SigningAlgorithm::Rs256 => Arc::clone(&keys.rs256),
            SigningAlgorithm::Es256 => Arc::clone(&keys.es256),
        });
        let mut header = Header::new(algorithm.jose());
        header.typ = Some(typ.to_owned());
        header.kid = Some(key.kid.clone());
        let token = jsonwebtoken::encode(&header, claims, &key.private)
            .map_err(|e| KeyError(e.to_string()))?;
        match spoil {
            Spoil::Not => Ok(token),
            Spoil::Signature => spoil_signature(&token),
            Spoil::AlgNone => unsign(typ, &token),
        }
    }

    /// Reads one of this provider's own tokens: its signature is verified, and its issuer. Time,
    /// audience and the rest are the caller's to judge.
    pub(crate) fn verify<T: DeserializeOwned>(
        &self,
        token: &str,
        issuer: &str,
        accept: AcceptKeys,
    ) -> Option<(Header, T)> {
        let header = jsonwebtoken::decode_header(token).ok()?;
        let kid = header.kid.as_deref()?;
        let key = self.read(|keys| {
            let retired = keys
                .retired
                .iter()
                .filter(|_| accept == AcceptKeys::AlsoRetired);
            keys.current()
                .into_iter()
                .chain(retired)
                .find(|key| key.kid == kid)
                .map(Arc::clone)
        })?;
        let mut validation = Validation::new(key.algorithm.jose());
        validation.set_issuer(&[issuer]);
        validation.set_required_spec_claims(&["iss"]);
        validation.validate_exp = false;
        validation.validate_aud = false;
        let data = jsonwebtoken::decode(token, &key.public, &validation).ok()?;
        Some((data.header, data.claims))
    }

    fn read<T>(&self, look: impl FnOnce(&Keys) -> T) -> T {
        look(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Flips one bit in the middle of the signature.
fn spoil_signature(token: &str) -> Result<String, KeyError> {
    let malformed = || KeyError("a token without a signature".to_owned());
    let (signed, signature) = token.rsplit_once('.').ok_or_else(malformed)?;
    let mut bytes = URL_SAFE_NO_PAD
        .decode(signature)
        .map_err(|e| KeyError(e.to_string()))?;
    let middle = bytes.len() / 2;
    *bytes.get_mut(middle).ok_or_else(malformed)? ^= 1;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// The same claims under `alg: none` (RFC 7519 6.1), which no client may accept.
fn unsign(typ: &str, token: &str) -> Result<String, KeyError> {
    let mut parts = token.split('.');
    let claims = parts
        .nth(1)
        .ok_or_else(|| KeyError("a token without claims".to_owned()))?;
    let header = serde_json::json!({"alg": "none", "typ": typ}).to_string();
    Ok(format!("{}.{claims}.", URL_SAFE_NO_PAD.encode(header)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn peek(token: &str) -> Option<Value> {
        let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
        serde_json::from_slice(&claims).ok()
    }

    const ISSUER: &str = "http://localhost:9000";

    fn claims() -> Value {
        json!({"iss": ISSUER, "sub": "1"})
    }

    fn verify(ring: &KeyRing, token: &str, accept: AcceptKeys) -> Option<Value> {
        ring.verify(token, ISSUER, accept).map(|(_, claims)| claims)
    }

    #[test]
    fn both_algorithms_sign_what_they_verify_and_nothing_else() {
        let ring = KeyRing::generate().unwrap();
        for algorithm in [SigningAlgorithm::Rs256, SigningAlgorithm::Es256] {
            let sign = |spoil| ring.sign(algorithm, "JWT", &claims(), spoil).unwrap();
            let good = sign(Spoil::Not);
            assert_eq!(verify(&ring, &good, AcceptKeys::Current), Some(claims()));
            assert_eq!(
                verify(&ring, &sign(Spoil::Signature), AcceptKeys::Current),
                None
            );
            let unsigned = sign(Spoil::AlgNone);
            assert_eq!(peek(&unsigned), Some(claims()));
            assert_eq!(verify(&ring, &unsigned, AcceptKeys::Current), None);
        }
    }

    #[test]
    fn rotated_keys_leave_the_jwks_and_verify_only_hints() {
        let ring = KeyRing::generate().unwrap();
        let before = ring.jwks();
        let token = ring
            .sign(SigningAlgorithm::Es256, "JWT", &claims(), Spoil::Not)
            .unwrap();
        ring.rotate().unwrap();
        let after = ring.jwks();
        for key in &before.keys {
            assert!(after.find(key.common.key_id.as_deref().unwrap()).is_none());
        }
        assert_eq!(verify(&ring, &token, AcceptKeys::Current), None);
        assert_eq!(
            verify(&ring, &token, AcceptKeys::AlsoRetired),
            Some(claims())
        );
    }
}
