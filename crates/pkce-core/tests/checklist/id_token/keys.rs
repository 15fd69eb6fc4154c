//! Rules 19 and 22: which keys are used (RFC 7517, RFC 7518 6, RFC 8037 2).

use super::{claims, judge_raw};
use crate::support::keys::{jwks, public, signed, stranger, token};
use crate::support::page::{NO_SUCH_ALGORITHM, Page};
use crate::support::{answer, code, metadata, parsed, response};
use pkce_core::ErrorCode;
use pkce_core::encoding::{base64url, base64url_decode};
use pkce_core::id_token::UnverifiedIdToken;
use pkce_core::jose::{Jwks, SignatureAlgorithm};
use pkce_core::secret::RawIdToken;
use serde_json::{Value, json};

fn is_usable(key: &Value) -> bool {
    !Jwks::parse(&parsed(&jwks(std::slice::from_ref(key))))
        .unwrap()
        .is_empty()
}

fn changed(algorithm: SignatureAlgorithm, name: &str, value: Value) -> Value {
    let mut key = public(algorithm);
    key[name] = value;
    key
}

/// Rule 19: RFC 7517 4.2 and 4.3: a key is for signatures, or says nothing.
#[test]
fn a_key_for_another_use_is_skipped() {
    let okp = |name, value| changed(SignatureAlgorithm::EdDsa, name, value);
    for good in [
        public(SignatureAlgorithm::EdDsa),
        okp("use", json!("sig")),
        okp("key_ops", json!(["verify"])),
        okp("key_ops", json!(["sign", "verify"])),
        okp("alg", json!("EdDSA")),
        okp("x5c", json!(["anything"])),
        okp("exp", json!(5)),
        okp("d", json!("never read")),
    ] {
        assert!(is_usable(&good), "{good}");
    }
    for bad in [
        okp("use", json!("enc")),
        okp("use", json!("SIG")),
        okp("use", json!("")),
        okp("use", json!(null)),
        okp("use", json!(["sig"])),
        okp("key_ops", json!([])),
        okp("key_ops", json!(["sign"])),
        okp("key_ops", json!(["encrypt", "Verify"])),
        okp("key_ops", json!("verify")),
        okp("key_ops", json!(null)),
        okp("alg", json!("RS256")),
        okp("alg", json!("eddsa")),
        okp("alg", json!("ECDH-ES")),
        okp("alg", json!("none")),
        okp("alg", json!(null)),
        okp("kid", json!(5)),
        okp("kid", json!(null)),
        okp("kty", json!("okp")),
        okp("kty", json!("EC")),
        okp("kty", json!(null)),
        okp("crv", json!("X25519")),
        okp("crv", json!("Ed448")),
        okp("crv", json!("ed25519")),
        json!({"kty": "oct", "k": "c2VjcmV0", "kid": "k1"}),
        json!({}),
        json!(null),
        json!("key"),
        json!([]),
    ] {
        assert!(!is_usable(&bad), "{bad}");
    }
}

/// Rule 19: RFC 7518 3.3, 6.3.1: RSA from 2048 bits, with an exponent that makes a signature.
#[test]
fn a_weak_or_absurd_rsa_key_is_skipped() {
    let rsa = |first: u8, octets: usize, last: u8, e: &[u8]| {
        let mut n = vec![0xaa; octets];
        n[0] = first;
        n[octets - 1] = last;
        json!({"kty": "RSA", "n": base64url(&n), "e": base64url(e)})
    };
    let f4 = &[1, 0, 1];
    for (what, good) in [
        ("2048 bits", rsa(0x80, 256, 1, f4)),
        ("4096 bits", rsa(0x80, 512, 1, f4)),
        ("8192 bits", rsa(0xff, 1024, 1, f4)),
        ("exponent 3", rsa(0x80, 256, 1, &[3])),
        ("exponent 2^32 - 1", rsa(0x80, 256, 1, &[0xff; 4])),
    ] {
        assert!(is_usable(&good), "{what}");
    }
    for (what, bad) in [
        ("2047 bits", rsa(0x7f, 256, 1, f4)),
        ("1024 bits", rsa(0x80, 128, 1, f4)),
        ("8193 bits", rsa(0x01, 1025, 1, f4)),
        ("a megabyte", rsa(0x80, 700_000, 1, f4)),
        ("an even modulus", rsa(0x80, 256, 2, f4)),
        ("leading zeros", rsa(0x00, 257, 1, f4)),
        ("exponent 1", rsa(0x80, 256, 1, &[1])),
        ("exponent 0", rsa(0x80, 256, 1, &[0])),
        ("exponent 2", rsa(0x80, 256, 1, &[2])),
        ("an even exponent", rsa(0x80, 256, 1, &[1, 0, 0])),
        ("no exponent", rsa(0x80, 256, 1, &[])),
        (
            "an exponent with leading zeros",
            rsa(0x80, 256, 1, &[0, 1, 0, 1]),
        ),
        (
            "an exponent beyond 32 bits",
            rsa(0x80, 256, 1, &[1, 0, 0, 0, 1]),
        ),
        (
            "padding",
            changed(SignatureAlgorithm::Rs256, "e", json!("AQAB==")),
        ),
        (
            "the standard alphabet",
            changed(SignatureAlgorithm::Rs256, "e", json!("+QAB")),
        ),
        (
            "no modulus",
            changed(SignatureAlgorithm::Rs256, "n", json!("")),
        ),
        (
            "a number",
            changed(SignatureAlgorithm::Rs256, "e", json!(65537)),
        ),
    ] {
        assert!(!is_usable(&bad), "{what}");
    }
}

/// Rule 19: RFC 7518 6.2.1, RFC 8037 2: coordinates are 32 octets.
#[test]
fn a_coordinate_of_another_length_is_skipped() {
    let with_octets = |count| json!(base64url(&vec![7; count]));
    for (algorithm, name) in [
        (SignatureAlgorithm::Es256, "x"),
        (SignatureAlgorithm::Es256, "y"),
        (SignatureAlgorithm::EdDsa, "x"),
    ] {
        assert!(is_usable(&changed(algorithm, name, with_octets(32))));
        for bad in [
            with_octets(31),
            with_octets(33),
            with_octets(0),
            with_octets(64),
            json!(null),
            json!([7, 7]),
            json!(format!("{}=", base64url(&[7; 32]))),
            // 32 octets, with bits behind the last.
            json!(format!("{}H", "A".repeat(42))),
        ] {
            assert!(
                !is_usable(&changed(algorithm, name, bad.clone())),
                "{name} {bad}"
            );
        }
    }
    for curve in ["P-384", "P-521", "secp256k1", "p-256"] {
        assert!(
            !is_usable(&changed(SignatureAlgorithm::Es256, "crv", json!(curve))),
            "{curve}"
        );
    }
    // A point that is not on the curve is for WebCrypto to refuse; that refusal is a no.
    let header = r#"{"alg":"ES256","kid":"k1"}"#;
    let raw = signed(SignatureAlgorithm::Es256, header, &claims().to_string());
    let off = changed(SignatureAlgorithm::Es256, "x", with_octets(32));
    assert_eq!(
        judge_raw(&raw, &jwks(&[off])),
        Err(ErrorCode::IdTokenSignature)
    );
}

/// Rule 19: RFC 7517 5: unusable entries are skipped one by one, a document without keys is none.
#[test]
fn one_bad_key_does_not_spoil_the_set() {
    let good = public(SignatureAlgorithm::EdDsa);
    let set = jwks(&[
        json!(null),
        json!({"kty": "oct", "k": "x"}),
        stranger_named("k2"),
        good,
    ]);
    assert_eq!(judge_raw(&token(&claims()), &set), Ok(()));
    for good in [json!({"keys": []}), json!({"keys": [5], "more": {}})] {
        assert!(
            Jwks::parse(&parsed(&good)).is_ok_and(|keys| keys.is_empty()),
            "{good}"
        );
    }
    for bad in [
        json!({}),
        json!({"keys": null}),
        json!({"keys": {}}),
        json!({"keys": "x"}),
        json!([]),
    ] {
        assert_eq!(
            code(Jwks::parse(&parsed(&bad))),
            Err(ErrorCode::JwksInvalid),
            "{bad}"
        );
    }
    let many: Vec<Value> = (0..1000)
        .map(|number| stranger_named(&number.to_string()))
        .collect();
    assert_eq!(
        Jwks::parse(&parsed(&jwks(&many))).unwrap().len(),
        Jwks::MAX_KEYS
    );
}

fn stranger_named(kid: &str) -> Value {
    let mut key = stranger();
    key["kid"] = json!(kid);
    key
}

/// Rule 22: Core 10.1.1, RFC 7515 4.1.4: kid picks, and without one each fitting key is tried.
#[test]
fn a_key_is_chosen_by_kid_else_by_type_and_use() {
    let header = |header: &str| signed(SignatureAlgorithm::EdDsa, header, &claims().to_string());
    let (named, unnamed) = (
        header(r#"{"alg":"EdDSA","kid":"k1"}"#),
        header(r#"{"alg":"EdDSA"}"#),
    );
    let ours = public(SignatureAlgorithm::EdDsa);
    let nameless = {
        let mut key = ours.clone();
        key.as_object_mut().unwrap().remove("kid");
        key
    };
    let ec = changed(SignatureAlgorithm::Es256, "kid", json!("k1"));
    let unknown = Err(ErrorCode::IdTokenKeyUnknown);
    for (raw, set, expected) in [
        (&named, vec![ours.clone()], Ok(())),
        (&named, vec![stranger_named("k2"), ours.clone()], Ok(())),
        // One kid twice, as some providers have it.
        (&named, vec![stranger(), ours.clone()], Ok(())),
        (&named, vec![ec.clone(), ours.clone()], Ok(())),
        (&named, vec![nameless.clone()], unknown),
        (
            &named,
            vec![stranger_named("K1"), stranger_named("k1 ")],
            unknown,
        ),
        (&named, vec![ec.clone()], unknown),
        (&named, vec![], unknown),
        (&named, vec![stranger()], Err(ErrorCode::IdTokenSignature)),
        (&unnamed, vec![nameless.clone()], Ok(())),
        (
            &unnamed,
            vec![stranger_named("k2"), ec.clone(), ours.clone()],
            Ok(()),
        ),
        (&unnamed, vec![ec], unknown),
        (
            &unnamed,
            vec![stranger(), stranger_named("k2")],
            Err(ErrorCode::IdTokenSignature),
        ),
    ] {
        assert_eq!(judge_raw(raw, &jwks(&set)), expected, "{set:?}");
    }
    // Bounded: the work that one token can make.
    let flood: Vec<Value> = (0..50)
        .map(|number| stranger_named(&number.to_string()))
        .collect();
    let token = UnverifiedIdToken::parse(&RawIdToken::new(&unnamed).unwrap()).unwrap();
    let pending = token
        .candidates(&Jwks::parse(&parsed(&jwks(&flood))).unwrap(), None)
        .unwrap();
    assert_eq!(pending.requests().len(), Jwks::MAX_CANDIDATES);
    assert!(base64url_decode(flood[0]["x"].as_str().unwrap()).is_some());
}

/// Rule 19 and 10: the metadata's list narrows the algorithms where it names any of them.
#[test]
fn the_metadata_may_narrow_the_algorithms() {
    let token = UnverifiedIdToken::parse(&RawIdToken::new(&token(&claims())).unwrap()).unwrap();
    let keys = Jwks::parse(&parsed(&crate::support::keys::default_jwks())).unwrap();
    for (allowed, expected) in [
        (None, Ok(())),
        (Some(&[SignatureAlgorithm::EdDsa][..]), Ok(())),
        (
            Some(&[SignatureAlgorithm::Rs256]),
            Err(ErrorCode::IdTokenAlgorithm),
        ),
        (Some(&[]), Err(ErrorCode::IdTokenAlgorithm)),
    ] {
        assert_eq!(code(token.candidates(&keys, allowed)), expected);
    }
    assert!(metadata().id_token_signing_alg_values_supported().is_none());
}

fn answer_with_token(page: &mut Page, nonce: &str, kid: &str) {
    let mut tokens = page.tokens(0);
    let header = format!(r#"{{"alg":"EdDSA","kid":"{kid}"}}"#);
    let claims = page.claims(Some(nonce)).to_string();
    tokens["id_token"] = json!(signed(SignatureAlgorithm::EdDsa, &header, &claims));
    page.reply("/token", answer(200, &tokens));
}

/// Rule 22: Core 10.1.1. A sign-in moments after a rotation succeeds, with one more request.
#[test]
fn an_unknown_kid_fetches_the_keys_again_once() {
    let mut page = Page::new();
    let nonce = page.come_back();
    answer_with_token(&mut page, &nonce, "k2");
    let rotated = changed(SignatureAlgorithm::EdDsa, "kid", json!("k2"));
    page.reply("/jwks", answer(200, &jwks(&[rotated])));
    assert!(page.is_signed_in(), "{:?}", page.notice());

    let mut page = Page::new();
    let nonce = page.come_back();
    answer_with_token(&mut page, &nonce, "k3");
    page.reply("/jwks", answer(200, &crate::support::keys::default_jwks()));
    assert_eq!(page.notice(), Some(ErrorCode::IdTokenKeyUnknown));
    assert!(page.sent.is_empty() && !page.is_signed_in());

    let mut page = Page::new();
    let nonce = page.come_back();
    answer_with_token(&mut page, &nonce, "k3");
    page.reply("/jwks", Ok(response(502, "text/html", "<h1>")));
    assert_eq!(page.notice(), Some(ErrorCode::ServiceUnavailable));
    assert!(!page.is_signed_in());
    assert_eq!(
        NO_SUCH_ALGORITHM,
        pkce_core::jose::SignatureOutcome::Unsupported
    );
}
