//! RFC 7515: what is taken for a signed token, and what is not.

use crate::ErrorCode;
use crate::encoding::base64url;
use crate::jose::testing::token;
use crate::jose::{Jws, SignatureAlgorithm};
use SignatureAlgorithm::{EdDsa, Es256, Ps256, Rs256};

fn refusal(token: &str) -> ErrorCode {
    Jws::parse(token).expect_err(token).code()
}

/// A token of this header; its signature has the length of an ECDSA one.
fn with_header(header: &str) -> String {
    format!(
        "{}.e30.{}",
        base64url(header.as_bytes()),
        base64url(&[1; 64])
    )
}

#[test]
fn a_token_is_taken_apart_into_what_was_signed() {
    let text = token(
        Es256,
        r#"{"alg":"ES256","kid":"k","typ":"JWT"}"#,
        r#"{"a":1}"#,
    );
    let jws = Jws::parse(&text).unwrap();
    assert_eq!(jws.algorithm(), Es256);
    assert_eq!(jws.kid(), Some("k"));
    assert_eq!(jws.typ(), Some("JWT"));
    assert_eq!(jws.payload(), br#"{"a":1}"#);
    assert_eq!(jws.signature().len(), 64);
    let (input, _) = text.rsplit_once('.').unwrap();
    assert_eq!(jws.signing_input(), input.as_bytes());
}

/// RFC 7515 7.1
#[test]
fn there_are_exactly_three_parts() {
    let text = token(Es256, r#"{"alg":"ES256"}"#, "{}");
    assert!(Jws::parse(&text).is_ok());
    let (input, signature) = text.rsplit_once('.').unwrap();
    let (header, _) = input.split_once('.').unwrap();
    for bad in [
        "",
        ".",
        "..",
        "...",
        input,
        header,
        &format!("{text}."),
        &format!(".{text}"),
        &format!("{text}.{signature}"),
        &format!("{header}.{signature}"),
        &format!(".e30.{signature}"),
        &format!("{text}.{signature}.{signature}"),
    ] {
        assert_eq!(refusal(bad), ErrorCode::IdTokenMalformed, "{bad}");
    }
}

/// RFC 7516 3.1: an encrypted token is told apart, so that somebody can switch encryption off.
#[test]
fn five_parts_are_called_encrypted() {
    assert!(
        Jws::parse("a.b.c.d.e")
            .unwrap_err()
            .what_came()
            .contains("JWE")
    );
    for other in ["a", "a.b", "a.b.c.d", "a.b.c.d.e.f"] {
        assert!(!Jws::parse(other).unwrap_err().what_came().contains("JWE"));
    }
    assert_eq!(Jws::parse("a.b").unwrap_err().what_came(), "fewer");
    assert_eq!(Jws::parse("a.b.c.d").unwrap_err().what_came(), "more");
}

/// RFC 7515 2: base64url without padding, line breaks or white space.
#[test]
fn sloppy_base64url_is_refused_in_each_part() {
    let text = token(Es256, r#"{"alg":"ES256"}"#, "{}");
    for part in 0..3 {
        for spoil in ["=", "==", " ", "\n", "+", "/", "é", "\0", "AAAAA"] {
            let mut parts: Vec<String> = text.split('.').map(str::to_owned).collect();
            // The last one makes a length that base64url never has.
            parts[part] = match spoil {
                "AAAAA" => spoil.to_owned(),
                _ => format!("{}{spoil}", parts[part]),
            };
            assert_eq!(
                refusal(&parts.join(".")),
                ErrorCode::IdTokenMalformed,
                "{part} {spoil:?}"
            );
        }
    }
    // "e31" has bits that mean nothing.
    assert_eq!(
        refusal(&text.replacen(".e30.", ".e31.", 1)),
        ErrorCode::IdTokenMalformed
    );
}

#[test]
fn a_token_of_64_kilobytes_is_looked_at_and_a_longer_one_is_not() {
    assert_eq!(Jws::MAX_OCTETS, 65_536);
    let of_length = |length: usize| {
        let rest = with_header(r#"{"alg":"ES256"}"#).replacen(".e30.", "..", 1);
        let payload = "A".repeat(length - rest.len());
        rest.replacen("..", &format!(".{payload}."), 1)
    };
    // The payload's length has to be possible in base64url.
    let longest = (0..4)
        .map(|less| Jws::MAX_OCTETS - less)
        .find(|n| Jws::parse(&of_length(*n)).is_ok());
    assert!(longest.is_some());
    for more in 1..5 {
        let error = Jws::parse(&of_length(Jws::MAX_OCTETS + more)).unwrap_err();
        assert_eq!(error.code(), ErrorCode::IdTokenMalformed);
        assert!(error.what_was_expected().contains("64 KB"));
    }
    let exact = format!("{}.", "A".repeat(Jws::MAX_OCTETS - 1));
    assert_eq!(exact.len(), Jws::MAX_OCTETS);
    assert!(
        !Jws::parse(&exact)
            .unwrap_err()
            .what_was_expected()
            .contains("64 KB")
    );
}

/// RFC 7515 4: a JSON object without repeated members.
#[test]
fn a_header_is_a_json_object_without_repeated_members() {
    assert!(Jws::parse(&with_header(r#"{"alg":"ES256"}"#)).is_ok());
    assert!(Jws::parse(&with_header("\n{ \"alg\" :\t\"ES256\" }\r\n")).is_ok());
    for bad in [
        "",
        "null",
        "[]",
        r#"["alg","ES256"]"#,
        r#""alg""#,
        r#"{"alg":"ES256""#,
        r#"{"alg":"ES256"}x"#,
        r#"{"alg":"ES256","alg":"ES256"}"#,
        r#"{"alg":"none","alg":"ES256"}"#,
        r#"{"alg":"ES256","\u0061lg":"none"}"#,
        r#"{"alg":"ES256","kid":"a","kid":"b"}"#,
        r#"{"alg":"ES256","x":{"a":1,"a":2}}"#,
        "\u{feff}{\"alg\":\"ES256\"}",
    ] {
        assert_eq!(
            refusal(&with_header(bad)),
            ErrorCode::IdTokenMalformed,
            "{bad}"
        );
    }
    let not_utf8 = [b"{\"alg\":\"ES256\",\"a\":\"", [0xff].as_slice(), b"\"}"].concat();
    let bad = format!("{}.e30.{}", base64url(&not_utf8), base64url(&[1; 64]));
    assert_eq!(refusal(&bad), ErrorCode::IdTokenMalformed);
}

/// RFC 8725 2.1, 3.1, 3.2: four algorithms, named exactly.
#[test]
fn no_other_algorithm_is_accepted_in_any_spelling() {
    for (name, octets) in [("RS256", 256), ("PS256", 256), ("ES256", 64), ("EdDSA", 64)] {
        let header = base64url(format!(r#"{{"alg":"{name}"}}"#).as_bytes());
        let text = format!("{header}.e30.{}", base64url(&vec![1; octets]));
        assert_eq!(Jws::parse(&text).unwrap().algorithm().name(), name);
    }
    for name in [
        "none",
        "None",
        "NONE",
        "nOnE",
        "none ",
        " none",
        "",
        "HS256",
        "HS384",
        "HS512",
        "hs256",
        "RS1",
        "RS384",
        "RS512",
        "PS384",
        "PS512",
        "ES384",
        "ES512",
        "ES256K",
        "Ed448",
        "ed25519",
        "Ed25519",
        "rs256",
        "Rs256",
        "RS256 ",
        "RS256\\u0000",
        "eddsa",
        "EDDSA",
        "RSA-OAEP",
        "dir",
        "A128KW",
        "RS2564",
    ] {
        for signature in ["", &base64url(&[1; 64]), &base64url(&[1; 256])] {
            let header = base64url(format!(r#"{{"alg":"{name}"}}"#).as_bytes());
            let code = refusal(&format!("{header}.e30.{signature}"));
            assert_eq!(code, ErrorCode::IdTokenAlgorithm, "{name}");
        }
    }
    for header in [
        "{}",
        r#"{"alg":null}"#,
        r#"{"alg":256}"#,
        r#"{"alg":["ES256"]}"#,
        r#"{"ALG":"ES256"}"#,
    ] {
        assert_eq!(
            refusal(&with_header(header)),
            ErrorCode::IdTokenAlgorithm,
            "{header}"
        );
    }
    let error = Jws::parse(&with_header(r#"{"alg":"HS256"}"#)).unwrap_err();
    assert_eq!(error.what_came(), "alg HS256");
    assert!(error.is_configuration());
}

/// RFC 7515 4.1.11, RFC 7797 3 and 6, RFC 7516 4.1
#[test]
fn an_extension_that_would_have_to_be_understood_is_refused() {
    for member in [
        r#""crit":["exp"]"#,
        r#""crit":["b64"],"b64":false"#,
        r#""crit":[]"#,
        r#""crit":null"#,
        r#""b64":true"#,
        r#""b64":false"#,
        r#""zip":"DEF""#,
        r#""enc":"A256GCM""#,
    ] {
        let header = format!(r#"{{"alg":"ES256",{member}}}"#);
        assert_eq!(
            refusal(&with_header(&header)),
            ErrorCode::IdTokenMalformed,
            "{header}"
        );
    }
}

/// RFC 8725 3.10, RFC 7515 4.1.2, 4.1.3, 4.1.5, 4.1.6: whatever they are, nobody looks.
#[test]
fn a_key_that_the_token_brings_along_is_not_looked_at() {
    let header = r#"{"alg":"ES256","jwk":{"kty":"oct","k":"AA"},"jku":"https://evil.example/",
        "x5u":7,"x5c":["AAAA"],"x5t":null,"unknown":[{}]}"#;
    let jws = Jws::parse(&with_header(header)).unwrap();
    assert_eq!((jws.kid(), jws.typ()), (None, None));
}

#[test]
fn kid_and_typ_are_strings() {
    let jws = Jws::parse(&with_header(r#"{"alg":"ES256","kid":"","typ":""}"#)).unwrap();
    assert_eq!((jws.kid(), jws.typ()), (Some(""), Some("")));
    for member in [
        r#""kid":7"#,
        r#""kid":null"#,
        r#""kid":["a"]"#,
        r#""typ":7"#,
        r#""typ":{}"#,
    ] {
        let header = format!(r#"{{"alg":"ES256",{member}}}"#);
        assert_eq!(
            refusal(&with_header(&header)),
            ErrorCode::IdTokenMalformed,
            "{header}"
        );
    }
}

/// RFC 7518 3.4, RFC 8032 5.1.6: 64 octets, never ASN.1.
#[test]
fn a_signature_has_its_algorithms_length() {
    for algorithm in [Es256, EdDsa] {
        assert_eq!(algorithm.signature_octets(), Some(64));
        for (octets, good) in [
            (0, false),
            (63, false),
            (64, true),
            (65, false),
            (72, false),
        ] {
            let header = base64url(format!(r#"{{"alg":"{}"}}"#, algorithm.name()).as_bytes());
            let text = format!("{header}.e30.{}", base64url(&vec![1; octets]));
            match Jws::parse(&text) {
                Ok(_) => assert!(good, "{octets}"),
                Err(error) => {
                    assert!(!good, "{octets}");
                    assert_eq!(error.code(), ErrorCode::IdTokenSignature);
                    assert_eq!(error.what_came(), format!("{octets} octets"));
                }
            }
        }
    }
    for algorithm in [Rs256, Ps256] {
        assert_eq!(algorithm.signature_octets(), None);
    }
}

#[test]
fn no_message_and_no_debug_output_shows_the_content() {
    let text = token(
        Es256,
        r#"{"alg":"ES256","typ":"JWT"}"#,
        r#"{"sub":"canary"}"#,
    );
    let jws = Jws::parse(&text).unwrap();
    assert_eq!(format!("{jws:?}"), "Jws(ES256 [redacted])");
    for part in text.split('.') {
        let error = Jws::parse(&text.replacen(part, "****", 1)).unwrap_err();
        assert!(!format!("{error} {error:?}").contains(part));
    }
}

/// Web Cryptography API 20, 21, 23, 32
#[test]
fn the_parameters_are_webcryptos() {
    let of = |algorithm: SignatureAlgorithm| {
        let p = algorithm.web_crypto();
        (p.name, p.hash, p.named_curve, p.salt_length)
    };
    assert_eq!(
        of(Rs256),
        ("RSASSA-PKCS1-v1_5", Some("SHA-256"), None, None)
    );
    assert_eq!(of(Ps256), ("RSA-PSS", Some("SHA-256"), None, Some(32)));
    assert_eq!(of(Es256), ("ECDSA", Some("SHA-256"), Some("P-256"), None));
    assert_eq!(of(EdDsa), ("Ed25519", None, None, None));
}
