//! Core 10.1, RFC 7517: which keys are tried for a token.

use super::{candidates, key, modulus, rsa, set, tried};
use crate::ErrorCode;
use crate::encoding::base64url;
use crate::jose::testing::{octets, token};
use crate::jose::{Jwks, Jws, SignatureAlgorithm};
use SignatureAlgorithm::{EdDsa, Es256, Ps256, Rs256};

/// Core 10.1.1: a token of an unknown `kid` means that the keys were rotated.
#[test]
fn a_kid_chooses_its_keys_exactly() {
    let jwks = set(&[
        key(Es256, r#""kid":"a""#),
        key(Es256, r#""kid":"b""#),
        key(Es256, r#""kid":"b""#),
        key(Es256, ""),
        key(EdDsa, r#""kid":"c""#),
        key(Es256, r#""kid":"""#),
    ]);
    assert_eq!(tried(&jwks, Es256, Some("a")), 1);
    assert_eq!(
        tried(&jwks, Es256, Some("b")),
        2,
        "each of two keys with one kid is tried"
    );
    assert_eq!(tried(&jwks, Es256, Some("")), 1);
    for unknown in ["A", "a ", "x", "c"] {
        let error = candidates(&jwks, Es256, Some(unknown)).unwrap_err();
        assert_eq!(error.code(), ErrorCode::IdTokenKeyUnknown, "{unknown}");
        assert_eq!(error.what_came(), format!("ES256, kid {unknown}"));
        assert!(error.what_was_expected().contains("6 keys"));
    }
}

/// Core 10.1: "if there is only one key", or no `kid` at all.
#[test]
fn without_a_kid_each_fitting_key_is_tried_within_bounds() {
    let jwks = set(&[
        key(Es256, r#""kid":"a""#),
        key(Rs256, ""),
        key(Rs256, r#""alg":"PS256""#),
        key(EdDsa, ""),
        key(Es256, ""),
    ]);
    assert_eq!(tried(&jwks, Es256, None), 2);
    assert_eq!(
        tried(&jwks, Rs256, None),
        1,
        "a key's own alg is the only one it is tried with"
    );
    assert_eq!(tried(&jwks, Ps256, None), 2);
    assert_eq!(tried(&jwks, EdDsa, None), 1);
    let many = set(&vec![key(Es256, ""); Jwks::MAX_CANDIDATES + 1]);
    assert_eq!(tried(&many, Es256, None), Jwks::MAX_CANDIDATES);
    let error = candidates(&set(&[key(Es256, "")]), EdDsa, None).unwrap_err();
    assert_eq!(error.code(), ErrorCode::IdTokenKeyUnknown);
    assert_eq!(error.what_came(), "EdDSA, no kid");
}

/// RFC 8725 3.1: each key is used with exactly one algorithm.
#[test]
fn a_key_with_another_alg_does_not_fit() {
    let jwks = set(&[key(Rs256, r#""kid":"k","alg":"PS256""#)]);
    assert_eq!(tried(&jwks, Ps256, Some("k")), 1);
    assert_eq!(
        candidates(&jwks, Rs256, Some("k")).unwrap_err().code(),
        ErrorCode::IdTokenKeyUnknown
    );
}

/// RFC 8017 8.2.2: an RSA signature is as long as the modulus.
#[test]
fn an_rsa_signature_of_another_length_fits_no_key() {
    let jwks = set(&[key(Rs256, ""), rsa(&modulus(0x80, 384), &[1, 0, 1])]);
    for (octets, keys) in [(255, 0), (256, 1), (257, 0), (384, 1), (0, 0)] {
        let header = base64url(br#"{"alg":"RS256"}"#);
        let text = format!("{header}.e30.{}", base64url(&vec![1; octets]));
        match jwks.candidates(&Jws::parse(&text).unwrap()) {
            Ok(requests) => assert_eq!(requests.len(), keys, "{octets}"),
            Err(error) => {
                assert_eq!(keys, 0, "{octets}");
                assert_eq!(error.code(), ErrorCode::IdTokenSignature);
                assert_eq!(error.what_came(), format!("{octets} octets"));
            }
        }
    }
}

#[test]
fn a_request_has_what_webcrypto_needs_and_nothing_that_contradicts_it() {
    let jwks = set(&[key(
        Es256,
        r#""kid":"k","alg":"ES256","use":"sig","ext":false"#,
    )]);
    let header = r#"{"alg":"ES256","kid":"k"}"#;
    let text = token(Es256, header, "{}");
    let requests = jwks.candidates(&Jws::parse(&text).unwrap()).unwrap();
    let (input, signature) = text.rsplit_once('.').unwrap();
    let request = &requests[0];
    assert_eq!(request.jwk, key(Es256, ""));
    assert_eq!(request.signing_input, input.as_bytes());
    assert_eq!(request.signature, octets(signature));
    assert_eq!(format!("{request:?}"), "VerifyRequest(ES256 [redacted])");
}
