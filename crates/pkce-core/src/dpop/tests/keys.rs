use super::{EXAMPLE_JWK, example_key};
use crate::dpop::{DpopKey, Thumbprint};
use crate::encoding::{base64url, base64url_decode};
use crate::error::ErrorCode;
use crate::json::Json;
use p256::ecdsa::SigningKey;

/// RFC 7638 3.1, the example written out: the canonical form, and its thumbprint.
#[test]
fn the_thumbprint_is_the_hash_of_the_canonical_form() {
    let canonical = concat!(
        r#"{"e":"AQAB","kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbb"#,
        "fAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXAr",
        "wl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5",
        "hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF4",
        r#"4-csFCur-kEgU8awapJzKnqDKgw"}"#,
    );
    assert_eq!(
        Thumbprint::of_canonical(canonical).as_str(),
        "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    );
}

/// RFC 9449 6.1: `jkt` of the example key.
#[test]
fn the_example_key_has_the_example_thumbprint() {
    let key = example_key();
    assert_eq!(
        key.thumbprint().as_str(),
        "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
    );
    assert_eq!(
        key.to_jwk(),
        concat!(
            r#"{"crv":"P-256","kty":"EC","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs","#,
            r#""y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"}"#
        )
    );
}

/// SEC 1 2.3.3: 4, then both coordinates with their leading zeros.
#[test]
fn a_raw_point_and_a_jwk_are_the_same_key() {
    // Some of these keys have a coordinate that starts with a zero.
    for seed in 1..=200_u8 {
        let point = SigningKey::from_slice(&[seed; 32])
            .unwrap()
            .verifying_key()
            .to_encoded_point(false);
        let key = DpopKey::from_raw(point.as_bytes()).unwrap();
        let jwk = Json::parse(&key.to_jwk()).unwrap();
        assert_eq!(
            base64url_decode(jwk.str("x").unwrap()).as_deref(),
            point.x().map(|x| x.as_slice())
        );
        assert_eq!(
            base64url_decode(jwk.str("y").unwrap()).as_deref(),
            point.y().map(|y| y.as_slice())
        );
        assert_eq!(DpopKey::from_jwk(&jwk).unwrap(), key);
    }
}

#[test]
fn what_is_no_public_p256_key_is_refused() {
    let good = SigningKey::from_slice(&[7; 32]).unwrap();
    let good = good.verifying_key().to_encoded_point(false);
    let mut compressed = good.as_bytes().to_vec();
    compressed[0] = 2;
    for bad in [&good.as_bytes()[..64], &compressed[..], &[], &[4]] {
        let error = DpopKey::from_raw(bad).unwrap_err();
        assert_eq!(error.code(), ErrorCode::DpopKeyUnavailable, "{bad:?}");
    }
    let mut longer = good.as_bytes().to_vec();
    longer.push(0);
    assert!(DpopKey::from_raw(&longer).is_err());

    assert!(DpopKey::from_jwk(&Json::parse(EXAMPLE_JWK).unwrap()).is_ok());
    for (from, to) in [
        (r#""kty":"EC""#, r#""kty":"OKP""#),
        (r#""kty":"EC","#, ""),
        (r#""crv":"P-256""#, r#""crv":"P-384""#),
        // A key that can be exported with its private half is none to bind tokens to.
        (r#""kty":"EC""#, r#""kty":"EC","d":"AQ""#),
        ("l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs", "AQAB"),
        (r#""x":"#, r#""z":"#),
        (r#""y":"#, r#""z":"#),
        ("GRDA", "GRDA="),
    ] {
        let changed = EXAMPLE_JWK.replace(from, to);
        assert_ne!(changed, EXAMPLE_JWK);
        let error = DpopKey::from_jwk(&Json::parse(&changed).unwrap()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::DpopKeyUnavailable, "{changed}");
    }
}

#[test]
fn a_stored_thumbprint_is_read_back() {
    let thumbprint = example_key().thumbprint();
    assert_eq!(
        Thumbprint::parse(&thumbprint.to_string()),
        Some(thumbprint.clone())
    );
    let short = base64url(&[0; 31]);
    let long = base64url(&[0; 33]);
    for bad in ["", "x", &short, &long, &format!("{thumbprint}=")] {
        assert_eq!(Thumbprint::parse(bad), None, "{bad}");
    }
}
