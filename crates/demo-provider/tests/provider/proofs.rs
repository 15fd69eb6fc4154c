//! DPoP keys and proofs as a client makes them, with an independent JOSE crate, and every part of
//! them open to change.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use demo_provider::{Demo, DemoUser};
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey};
use p256::pkcs8::EncodePrivateKey as _;
use reqwest::Method;
use rsa::pkcs1::EncodeRsaPrivateKey as _;
use serde_json::{Value, json};

use crate::support::*;

/// A client's key.
pub(crate) struct Key {
    encoding: EncodingKey,
    algorithm: Algorithm,
    name: &'static str,
    pub(crate) jwk: Value,
    pub(crate) thumbprint: String,
}

impl Key {
    fn new(encoding: EncodingKey, algorithm: Algorithm, name: &'static str) -> Self {
        let jwk = Jwk::from_encoding_key(&encoding, algorithm).unwrap();
        let thumbprint = jwk.thumbprint(ThumbprintHash::SHA256).unwrap();
        let mut jwk = json!(jwk);
        jwk.as_object_mut().unwrap().remove("alg");
        Self {
            encoding,
            algorithm,
            name,
            jwk,
            thumbprint,
        }
    }

    pub(crate) fn es256() -> Self {
        let key = p256::SecretKey::random(&mut rand::rngs::OsRng);
        let der = key.to_pkcs8_der().unwrap();
        Self::new(
            EncodingKey::from_ec_der(der.as_bytes()),
            Algorithm::ES256,
            "ES256",
        )
    }

    pub(crate) fn eddsa() -> Self {
        // PKCS #8 of an Ed25519 key (RFC 8410 7): a fixed head, then the seed.
        let mut der = vec![
            0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22,
            0x04, 0x20,
        ];
        der.extend([7_u8; 32]);
        Self::new(EncodingKey::from_ed_der(&der), Algorithm::EdDSA, "EdDSA")
    }

    pub(crate) fn rsa(bits: usize, algorithm: Algorithm, name: &'static str) -> Self {
        let key = rsa::RsaPrivateKey::new(&mut rand::rngs::OsRng, bits).unwrap();
        let der = key.to_pkcs1_der().unwrap();
        Self::new(EncodingKey::from_rsa_der(der.as_bytes()), algorithm, name)
    }

    /// A proof for a request, right until it is changed.
    pub(crate) fn proof(&self, demo: &Demo, method: &str, url: &str) -> Proof<'_> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let jti = format!("proof-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        Proof {
            key: self,
            header: json!({"typ": "dpop+jwt", "alg": self.name, "jwk": self.jwk}),
            claims: json!({
                "jti": jti,
                "htm": method,
                "htu": url,
                "iat": demo.clock().now(),
            }),
        }
    }
}

pub(crate) struct Proof<'a> {
    key: &'a Key,
    header: Value,
    claims: Value,
}

impl Proof<'_> {
    pub(crate) fn header(mut self, name: &str, value: Value) -> Self {
        self.header[name] = value;
        self
    }

    pub(crate) fn claim(mut self, name: &str, value: Value) -> Self {
        self.claims[name] = value;
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.claims.as_object_mut().unwrap().remove(name);
        self
    }

    pub(crate) fn token(self, token: &str) -> Self {
        self.claim("ath", json!(challenge(token)))
    }

    pub(crate) fn nonce(self, nonce: &str) -> Self {
        self.claim("nonce", json!(nonce))
    }

    pub(crate) fn sign(self) -> String {
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&self.header), encode(&self.claims));
        let signature =
            jsonwebtoken::crypto::sign(signed.as_bytes(), &self.key.encoding, self.key.algorithm)
                .unwrap();
        format!("{signed}.{signature}")
    }
}

/// Posts a form to an endpoint with a proof.
pub(crate) async fn post_with(
    demo: &Demo,
    path: &str,
    form: &[(&str, &str)],
    proof: &str,
) -> Reply {
    let request = http()
        .post(format!("{}{path}", demo.issuer()))
        .header("dpop", proof)
        .form(form);
    Reply::read(request.send().await.unwrap()).await
}

pub(crate) fn token_url(demo: &Demo) -> String {
    format!("{}/token", demo.issuer())
}

/// Redeems a code with a proof.
pub(crate) async fn redeem_with(demo: &Demo, code: &str, proof: &str) -> Reply {
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", "demo-spa"),
        ("code", code),
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", VERIFIER),
    ];
    post_with(demo, "/token", &form, proof).await
}

pub(crate) async fn refresh_with_proof(demo: &Demo, refresh_token: &str, proof: &str) -> Reply {
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", "demo-spa"),
        ("refresh_token", refresh_token),
    ];
    post_with(demo, "/token", &form, proof).await
}

/// A whole sign-in with tokens bound to a key.
pub(crate) async fn sign_in_bound(demo: &Demo, user: &DemoUser, key: &Key) -> Value {
    let request = Request::new(demo).with("dpop_jkt", &key.thumbprint);
    let code = code_for(demo, user, &request).await;
    let proof = key.proof(demo, "POST", &token_url(demo)).sign();
    let reply = redeem_with(demo, &code, &proof).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json()
}

/// A request with an `Authorization` of any scheme, and a proof where there is one.
pub(crate) async fn send(
    method: Method,
    url: &str,
    scheme: &str,
    token: &str,
    proof: Option<&str>,
) -> Reply {
    let mut request = http()
        .request(method, url)
        .header("authorization", format!("{scheme} {token}"));
    if let Some(proof) = proof {
        request = request.header("dpop", proof);
    }
    Reply::read(request.send().await.unwrap()).await
}

/// Reads an address with a bound token and a proof.
pub(crate) async fn get_bound(demo: &Demo, url: &str, token: &str, key: &Key) -> Reply {
    let proof = key.proof(demo, "GET", url).token(token).sign();
    send(Method::GET, url, "DPoP", token, Some(&proof)).await
}

/// Every challenge of an answer.
pub(crate) fn challenges(reply: &Reply) -> Vec<String> {
    let values = reply.headers.get_all("www-authenticate").iter();
    values
        .map(|value| value.to_str().unwrap().to_owned())
        .collect()
}
