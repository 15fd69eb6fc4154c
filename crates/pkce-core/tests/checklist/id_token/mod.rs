//! Rules 19 to 23: the ID token (Core 2, 3.1.3.7), its keys, and UserInfo.

mod claims;
mod keys;
mod signature;
mod userinfo;

use crate::support::keys::{default_jwks, execute, signed, token};
use crate::support::{CLIENT, ISSUER, NOW, parsed};
use pkce_core::id_token::{Expectations, Occasion, UnverifiedIdToken, VerifiedIdToken};
use pkce_core::jose::{Jwks, SignatureAlgorithm};
use pkce_core::secret::{AccessToken, Nonce, RawIdToken};
use pkce_core::{Error, ErrorCode, Timestamp};
use serde_json::{Value, json};

const NONCE: &str = "nonce-of-this-sign-in";

/// What a sign-in asked for.
#[derive(Default)]
struct Asked {
    max_age: Option<u64>,
    acr_values: Option<&'static str>,
    access_token: Option<&'static str>,
}

fn claims() -> Value {
    crate::support::keys::claims(NONCE)
}

/// The claims with one changed, or removed.
fn with(name: &str, value: impl Into<Option<Value>>) -> Value {
    let mut claims = claims();
    match value.into() {
        Some(value) => claims[name] = value,
        None => {
            claims.as_object_mut().unwrap().remove(name);
        }
    }
    claims
}

/// The whole way, from text to identity.
fn verify(
    raw: &str,
    jwks: &Value,
    asked: &Asked,
    now: Timestamp,
) -> Result<VerifiedIdToken, Error> {
    let nonce = Nonce::new(NONCE).unwrap();
    let access_token = asked
        .access_token
        .map(|text| AccessToken::new(text).unwrap());
    let expected = Expectations {
        issuer: ISSUER,
        client_id: CLIENT,
        access_token: access_token.as_ref(),
        occasion: Occasion::SignIn {
            nonce: &nonce,
            max_age: asked.max_age,
            acr_values: asked.acr_values,
        },
    };
    let pending = UnverifiedIdToken::parse(&RawIdToken::new(raw).unwrap())?
        .candidates(&Jwks::parse(&parsed(jwks)).unwrap(), None)?;
    let outcomes: Vec<_> = pending.requests().iter().map(execute).collect();
    pending.verify(&outcomes, &expected, now)
}

fn judge(claims: &Value) -> Result<(), ErrorCode> {
    judge_asked(claims, &Asked::default())
}

fn judge_asked(claims: &Value, asked: &Asked) -> Result<(), ErrorCode> {
    judge_at(claims, asked, Timestamp::from_seconds(NOW))
}

fn judge_at(claims: &Value, asked: &Asked, now: Timestamp) -> Result<(), ErrorCode> {
    crate::support::code(verify(&token(claims), &default_jwks(), asked, now))
}

/// With the claims as text.
fn judge_text(claims: &str) -> Result<(), ErrorCode> {
    let raw = signed(
        SignatureAlgorithm::EdDsa,
        r#"{"alg":"EdDSA","kid":"k1"}"#,
        claims,
    );
    judge_raw(&raw, &default_jwks())
}

fn judge_raw(raw: &str, jwks: &Value) -> Result<(), ErrorCode> {
    let now = Timestamp::from_seconds(NOW);
    crate::support::code(verify(raw, jwks, &Asked::default(), now))
}

/// Claims, and what comes of them.
fn expect(table: impl IntoIterator<Item = (Value, Result<(), ErrorCode>)>) {
    for (claims, expected) in table {
        assert_eq!(judge(&claims), expected, "{claims}");
    }
}

fn one(
    name: &'static str,
) -> impl Fn(Value, Result<(), ErrorCode>) -> (Value, Result<(), ErrorCode>) {
    move |value, expected| (with(name, value), expected)
}

fn two(first: (&str, Value), second: (&str, Value)) -> Value {
    let mut claims = with(first.0, first.1);
    claims[second.0] = second.1;
    claims
}

/// Core 3.1.3.7: the token on which every table here stands is good.
#[test]
fn a_good_id_token_makes_an_identity() {
    let now = Timestamp::from_seconds(NOW);
    let verified = verify(&token(&claims()), &default_jwks(), &Asked::default(), now).unwrap();
    assert_eq!((verified.sub(), verified.issuer()), ("u1", ISSUER));
    assert_eq!(
        verified.claim("nonce").map(|c| c.as_str()),
        Some(Some(NONCE))
    );
    assert!(!format!("{verified:?}").contains("u1"));
    let _ = json!(null);
}
