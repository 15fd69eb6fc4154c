//! RFC 7517: which keys of a set are kept.

use super::{candidates, kept, key, modulus, rsa, set, tried};
use crate::encoding::base64url;
use crate::jose::testing::execute;
use crate::jose::{Jwks, SignatureAlgorithm};
use crate::json::Json;
use crate::{ErrorCode, Phase};
use SignatureAlgorithm::{EdDsa, Es256, Rs256};

/// RFC 7517 5
#[test]
fn a_set_is_an_object_with_a_keys_array() {
    for good in [r#"{"keys":[]}"#, r#"{"keys":[7,null,"x",[],{}],"more":1}"#] {
        let jwks = Jwks::from_json_text(good).unwrap();
        assert!(jwks.is_empty());
        assert_eq!(jwks.len(), 0);
    }
    for bad in [
        "",
        "null",
        "[]",
        "{}",
        r#"{"keys":{}}"#,
        r#"{"keys":null}"#,
        r#"{"keys":[],"keys":[]}"#,
    ] {
        let error = Jwks::from_json_text(bad).unwrap_err();
        assert_eq!(
            (error.code(), error.phase()),
            (ErrorCode::JwksInvalid, Phase::Jwks),
            "{bad}"
        );
    }
    let missing = Jwks::parse(&Json::parse("{}").unwrap()).unwrap_err();
    assert_eq!(missing.what_came(), "an object without it");
    assert_eq!(
        Jwks::parse(&Json::Null).unwrap_err().what_came(),
        "something else"
    );
}

#[test]
fn every_supported_kind_of_key_checks_its_own_tokens() {
    for algorithm in SignatureAlgorithm::ALL {
        let jwks = set(&[key(algorithm, r#""kid":"k","use":"sig""#)]);
        let requests = candidates(&jwks, algorithm, Some("k")).unwrap();
        assert_eq!(requests.len(), 1);
        assert!(execute(&requests[0]), "{algorithm:?}");
        let mut forged = requests[0].clone();
        forged.signing_input.push(b'x');
        assert!(!execute(&forged), "{algorithm:?}");
    }
}

/// RFC 7517 5: "implementations SHOULD ignore JWKs within a JWK Set that use "kty" values that
/// are not understood, that are missing required members, or for which values are out of range".
#[test]
fn an_unusable_entry_is_skipped_and_the_rest_is_kept() {
    let good = key(Es256, r#""kid":"good""#);
    let jwks = set(&[
        "7".into(),
        r#"{"kty":"XYZ"}"#.into(),
        r#"{"kty":"oct","k":"c2VjcmV0"}"#.into(),
        good.clone(),
        "null".into(),
        good.replace("good", "later"),
        r#"{"kty":"RSA"}"#.into(),
    ]);
    assert_eq!(jwks.len(), 2);
    assert_eq!(tried(&jwks, Es256, Some("good")), 1);
    assert_eq!(tried(&jwks, Es256, Some("later")), 1);
}

/// RFC 7517 4.2, 4.3, 4.4, 4.5
#[test]
fn a_key_that_is_not_for_signatures_or_has_members_of_a_wrong_type_is_skipped() {
    for good in [
        "",
        r#""use":"sig""#,
        r#""key_ops":["verify"]"#,
        r#""key_ops":["sign","verify"],"use":"sig""#,
        r#""alg":"ES256""#,
        r#""ext":true,"x5c":["AAAA"],"x5t":7,"unknown":{}"#,
    ] {
        assert!(kept(&key(Es256, good)), "{good}");
    }
    for bad in [
        r#""use":"enc""#,
        r#""use":"SIG""#,
        r#""use":"""#,
        r#""use":7"#,
        r#""use":null"#,
        r#""use":["sig"]"#,
        r#""key_ops":[]"#,
        r#""key_ops":["encrypt"]"#,
        r#""key_ops":["sign"]"#,
        r#""key_ops":"verify""#,
        r#""key_ops":null"#,
        r#""use":"sig","key_ops":["encrypt"]"#,
        r#""use":"enc","key_ops":["verify"]"#,
        r#""alg":"ES384""#,
        r#""alg":"ECDH-ES""#,
        r#""alg":"es256""#,
        r#""alg":"none""#,
        r#""alg":"RS256""#,
        r#""alg":"EdDSA""#,
        r#""alg":7"#,
        r#""alg":null"#,
        r#""kid":7"#,
        r#""kid":null"#,
    ] {
        assert!(!kept(&key(Es256, bad)), "{bad}");
    }
    assert!(!kept(&key(Rs256, r#""alg":"RSA-OAEP""#)));
    assert!(!kept(&key(Rs256, r#""alg":"RS512""#)));
    assert!(!kept(&key(Rs256, r#""alg":"ES256""#)));
    assert!(!kept(&key(EdDsa, r#""alg":"ES256""#)));
}

/// RFC 7518 6.2.1, 6.4, RFC 8037 2
#[test]
fn a_key_of_another_type_or_curve_is_skipped() {
    let (ec, okp) = (key(Es256, ""), key(EdDsa, ""));
    assert!(kept(&ec) && kept(&okp));
    for bad in [
        ec.replace("P-256", "P-384"),
        ec.replace("P-256", "P-256K"),
        ec.replace("P-256", "secp256k1"),
        ec.replace("P-256", "p-256"),
        ec.replace("P-256", "Ed25519"),
        ec.replace(r#""crv":"P-256","#, ""),
        ec.replace(r#""crv":"P-256""#, r#""crv":256"#),
        ec.replace(r#""EC""#, r#""ec""#),
        ec.replace(r#""EC""#, r#""OKP""#),
        ec.replace(r#""EC""#, r#""RSA""#),
        ec.replace(r#""EC""#, "7"),
        ec.replace(r#""kty":"EC","#, ""),
        okp.replace("Ed25519", "Ed448"),
        okp.replace("Ed25519", "X25519"),
        okp.replace("Ed25519", "P-256"),
        okp.replace(r#""OKP""#, r#""EC""#),
    ] {
        assert!(!kept(&bad), "{bad}");
    }
}

/// RFC 7518 6.2.1.2: the length of a coordinate is that of the field, leading zeros included.
#[test]
fn a_coordinate_has_exactly_32_octets() {
    let ec = |x: &str, y: &str| format!(r#"{{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}"}}"#);
    let okp = |x: &str| format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}"#);
    let full = base64url(&[0; 32]);
    assert!(kept(&ec(&full, &full)) && kept(&okp(&full)));
    let padded = format!("{full}=");
    let standard = full.replacen("AA", "+/", 1);
    for bad in [
        base64url(&[1; 31]),
        base64url(&[1; 33]),
        String::new(),
        padded,
        standard,
        "é".into(),
    ] {
        assert!(!kept(&ec(&bad, &full)), "{bad}");
        assert!(!kept(&ec(&full, &bad)), "{bad}");
        assert!(!kept(&okp(&bad)), "{bad}");
    }
    assert!(!kept(r#"{"kty":"OKP","crv":"Ed25519","x":7}"#));
    assert!(!kept(&format!(
        r#"{{"kty":"EC","crv":"P-256","x":"{full}"}}"#
    )));
}

/// RFC 7518 3.3, 3.5: 2048 bits or more.
#[test]
fn an_rsa_modulus_has_2048_to_8192_bits_and_is_odd() {
    let e = [1, 0, 1];
    for (first, octets, good) in [
        (0x80, 256, true),
        (0x7f, 256, false),
        (0xff, 255, false),
        (0x01, 257, true),
        (0xff, 512, true),
        (0xff, 1024, true),
        (0x01, 1025, false),
        (0x00, 257, false),
        (0x00, 1025, false),
    ] {
        assert_eq!(
            kept(&rsa(&modulus(first, octets), &e)),
            good,
            "{first:x} {octets}"
        );
    }
    let mut even = modulus(0x80, 256);
    even[255] = 0xfe;
    assert!(!kept(&rsa(&even, &e)));
    assert!(!kept(&rsa(&[], &e)));
}

#[test]
fn an_rsa_exponent_is_odd_and_from_3_to_32_bits() {
    let n = modulus(0x80, 256);
    for good in [
        &[3][..],
        &[5],
        &[17],
        &[255],
        &[1, 1],
        &[1, 0, 1],
        &[0xff; 4],
        &[1, 0, 0, 1],
    ] {
        assert!(kept(&rsa(&n, good)), "{good:?}");
    }
    for bad in [
        &[][..],
        &[0],
        &[1],
        &[2],
        &[4],
        &[1, 0],
        &[1, 0, 0],
        &[0, 3],
        &[0, 1, 0, 1],
        &[1, 0, 0, 0, 1],
        &[0xff; 256],
    ] {
        assert!(!kept(&rsa(&n, bad)), "{bad:?}");
    }
}

#[test]
fn rsa_members_are_strict_base64url() {
    let good = key(Rs256, "");
    assert!(kept(&good));
    for bad in [
        good.replace("AQAB", "AQAB="),
        good.replace("AQAB", "AQA B"),
        good.replace(r#""AQAB""#, "65537"),
        good.replace(r#","e":"AQAB""#, ""),
        good.replace("oQ\",", "oQ==\","),
        good.replace("oQ\",", "oR\","),
        good.replace('_', "/"),
        good.replace(r#""n":"#, r#""N":"#),
    ] {
        assert_ne!(bad, good);
        assert!(!kept(&bad), "{bad}");
    }
}

#[test]
fn private_members_are_never_kept() {
    let secret = "c2VjcmV0LWNhbmFyeQ";
    for algorithm in [Rs256, Es256, EdDsa] {
        let members = format!(r#""d":"{secret}","p":"{secret}","k":"{secret}""#);
        let jwks = set(&[key(algorithm, &members)]);
        assert_eq!(jwks.len(), 1);
        assert!(!jwks.to_json().contains(secret));
        assert!(!format!("{jwks:?}").contains(secret));
        assert!(
            !candidates(&jwks, algorithm, None).unwrap()[0]
                .jwk
                .contains(secret)
        );
    }
    assert!(!kept(
        r#"{"kty":"oct","k":"c2VjcmV0LWNhbmFyeQ","alg":"HS256"}"#
    ));
}

#[test]
fn a_set_is_written_compactly_and_read_back() {
    let jwks = set(&[
        key(
            Rs256,
            r#""kid":"r \"1\"","alg":"RS256","use":"sig","x5c":["AAAA"]"#,
        ),
        key(Es256, ""),
        key(EdDsa, r#""kid":"e","alg":"EdDSA","key_ops":["verify"]"#),
    ]);
    let text = jwks.to_json();
    assert_eq!(Jwks::from_json_text(&text).unwrap(), jwks);
    assert!(
        text.starts_with(r#"{"keys":[{"kid":"r \"1\"","alg":"RS256","kty":"RSA","n":"#),
        "{text}"
    );
    assert!(!text.contains("x5c") && !text.contains("use") && !text.contains("key_ops"));
    assert_eq!(Jwks::default().to_json(), r#"{"keys":[]}"#);
}

#[test]
fn only_so_many_keys_are_kept() {
    let some = |count: usize| vec![key(EdDsa, ""); count];
    assert_eq!(set(&some(Jwks::MAX_KEYS)).len(), Jwks::MAX_KEYS);
    assert_eq!(set(&some(Jwks::MAX_KEYS + 1)).len(), Jwks::MAX_KEYS);
    // Unusable ones do not push usable ones out.
    let mut entries = vec!["{}".to_owned(); 1000];
    entries.push(key(EdDsa, ""));
    assert_eq!(set(&entries).len(), 1);
}
