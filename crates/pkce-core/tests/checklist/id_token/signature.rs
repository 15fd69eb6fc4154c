//! Rule 19: form, header and signature (RFC 7515, RFC 8725).

use super::{Asked, claims, judge_raw, verify};
use crate::support::keys::{default_jwks, jwks, public, sign, signed, stranger, token};
use crate::support::{NOW, parsed};
use pkce_core::encoding::{base64url, base64url_decode};
use pkce_core::id_token::{Expectations, Occasion, UnverifiedIdToken};
use pkce_core::jose::{Jwks, Jws, SignatureAlgorithm, SignatureOutcome};
use pkce_core::secret::{Nonce, RawIdToken};
use pkce_core::{ErrorCode, Timestamp};

const MALFORMED: Result<(), ErrorCode> = Err(ErrorCode::IdTokenMalformed);
const ALGORITHM: Result<(), ErrorCode> = Err(ErrorCode::IdTokenAlgorithm);
const SIGNATURE: Result<(), ErrorCode> = Err(ErrorCode::IdTokenSignature);

fn with_header(header: &str) -> Result<(), ErrorCode> {
    let raw = signed(SignatureAlgorithm::EdDsa, header, &claims().to_string());
    judge_raw(&raw, &default_jwks())
}

/// Rule 19: RFC 7518 3.1, RFC 8037 3.1, Core 3.1.3.7 (6, 7).
#[test]
fn each_of_the_four_algorithms_is_verified() {
    for algorithm in SignatureAlgorithm::ALL {
        let header = format!(r#"{{"alg":"{}","kid":"k1"}}"#, algorithm.name());
        let raw = signed(algorithm, &header, &claims().to_string());
        assert_eq!(judge_raw(&raw, &jwks(&[public(algorithm)])), Ok(()));
        // One bit of the signature, the claims or the header is another token.
        for part in 0..3 {
            let mut parts: Vec<Vec<u8>> = raw
                .split('.')
                .map(|part| base64url_decode(part).unwrap())
                .collect();
            let middle = parts[part].len() / 2;
            parts[part][middle] ^= 1;
            let changed = parts
                .iter()
                .map(|part| base64url(part))
                .collect::<Vec<_>>()
                .join(".");
            let judged = judge_raw(&changed, &jwks(&[public(algorithm)]));
            assert!(judged.is_err(), "{} part {part}", algorithm.name());
        }
    }
    // RS256 and PS256 share their keys, not their signatures.
    let header = r#"{"alg":"PS256","kid":"k1"}"#;
    let raw = signed(SignatureAlgorithm::Rs256, header, &claims().to_string());
    assert_eq!(
        judge_raw(&raw, &jwks(&[public(SignatureAlgorithm::Rs256)])),
        SIGNATURE
    );
}

/// Rule 19: RFC 8725 2.1, 3.1 and 3.2: names are compared character by character (RFC 7515 4.1.1).
#[test]
fn no_other_algorithm_is_accepted_in_any_spelling() {
    assert_eq!(with_header(r#"{"alg":"EdDSA"}"#), Ok(()));
    assert_eq!(with_header(r#"{"\u0061lg":"\u0045dDSA"}"#), Ok(()));
    for alg in [
        "none",
        "None",
        "NONE",
        "nOnE",
        "none ",
        "",
        "HS256",
        "HS384",
        "HS512",
        "hs256",
        "RS384",
        "RS512",
        "PS384",
        "PS512",
        "ES384",
        "ES512",
        "ES256K",
        "RS1",
        "eddsa",
        "EDDSA",
        "Eddsa",
        "es256",
        "Rs256",
        "EdDSA ",
        " EdDSA",
        "EdDSA\\u0000",
        "Ed25519",
        "Ed448",
        "RSA-OAEP",
        "dir",
        "A128KW",
    ] {
        assert_eq!(
            with_header(&format!(r#"{{"alg":"{alg}"}}"#)),
            ALGORITHM,
            "{alg}"
        );
    }
    for header in [
        "{}",
        r#"{"alg":null}"#,
        r#"{"alg":["EdDSA"]}"#,
        r#"{"alg":0}"#,
        r#"{"Alg":"EdDSA"}"#,
    ] {
        assert_eq!(with_header(header), ALGORITHM, "{header}");
    }
    let unsigned = format!(
        "{}.{}.",
        base64url(br#"{"alg":"none"}"#),
        base64url(claims().to_string().as_bytes())
    );
    assert_eq!(judge_raw(&unsigned, &default_jwks()), ALGORITHM);
}

/// RFC 8725 2.1: an RSA or EC public key never serves as the secret of an HMAC.
#[test]
fn a_public_key_is_no_secret() {
    let raw = token(&claims());
    let (_, rest) = raw.split_once('.').unwrap();
    let forged = format!("{}.{rest}", base64url(br#"{"alg":"HS256","kid":"k1"}"#));
    for algorithm in SignatureAlgorithm::ALL {
        assert_eq!(judge_raw(&forged, &jwks(&[public(algorithm)])), ALGORITHM);
    }
}

/// Rule 19: RFC 7515 4.1.11, RFC 7797 3, RFC 7516 4.1; RFC 8725 3.10 for keys in the header.
#[test]
fn a_header_changes_neither_the_meaning_nor_the_key() {
    for more in [
        r#""jku":"https://evil.example/jwks""#,
        r#""x5u":"https://evil.example/cert""#,
        r#""x5c":["MIIB"]"#,
        r#""x5t":"x""#,
        r#""jwk":{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
        r#""typ":"JWT""#,
        r#""typ":"jwt""#,
        r#""typ":"application/JWT""#,
        r#""typ":"JOSE""#,
        r#""cty":"JWT""#,
        r#""something":{"new":[1]}"#,
    ] {
        assert_eq!(
            with_header(&format!(r#"{{"alg":"EdDSA","kid":"k1",{more}}}"#)),
            Ok(()),
            "{more}"
        );
    }
    // The key in the header signed it, and is not looked at.
    let own = public(SignatureAlgorithm::EdDsa);
    let header = format!(r#"{{"alg":"EdDSA","kid":"k1","jwk":{own}}}"#);
    let raw = signed(SignatureAlgorithm::EdDsa, &header, &claims().to_string());
    assert_eq!(judge_raw(&raw, &jwks(&[stranger()])), SIGNATURE);
    for more in [
        r#""crit":["exp"]"#,
        r#""crit":[]"#,
        r#""crit":null"#,
        r#""cr\u0069t":["b64"]"#,
        r#""b64":true"#,
        r#""b64":false"#,
        r#""zip":"DEF""#,
        r#""enc":"A128GCM""#,
        r#""kid":5"#,
        r#""kid":null"#,
        r#""kid":["k1"]"#,
        r#""typ":"at+jwt""#,
        r#""typ":"logout+jwt""#,
        r#""typ":"dpop+jwt""#,
        r#""typ":"application/at+jwt""#,
        r#""typ":"""#,
        r#""typ":null"#,
        r#""alg":"EdDSA""#,
        r#""\u0061lg":"none""#,
        r#""x":{"y":1,"y":2}"#,
    ] {
        assert_eq!(
            with_header(&format!(r#"{{"alg":"EdDSA",{more}}}"#)),
            MALFORMED,
            "{more}"
        );
    }
}

/// Rule 19: RFC 7515 2 and 7.1, RFC 4648 3.5: three parts of canonical base64url.
#[test]
fn a_token_is_three_parts_of_canonical_base64url() {
    let raw = token(&claims());
    let parts: Vec<&str> = raw.split('.').collect();
    let [header, payload, signature] = parts[..] else {
        panic!("{raw}")
    };
    // 64 octets leave four bits in the last character: the same octets in other characters.
    let last = signature.chars().last().unwrap();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let next = alphabet
        .chars()
        .nth(alphabet.find(last).unwrap() + 1)
        .unwrap();
    let loose = format!("{}{next}", &signature[..signature.len() - 1]);
    for bad in [
        format!("{header}.{payload}"),
        format!("{header}.{payload}.{signature}."),
        format!(".{header}.{payload}.{signature}"),
        format!("{header}.{payload}.{signature}.x.y"),
        format!("{header}=.{payload}.{signature}"),
        format!("{header}.{payload}.{signature}=="),
        format!("{header}.{payload}.{loose}"),
        format!("{header}.{payload} .{signature}"),
        format!(
            "{header}.{payload}.{}",
            signature.replacen(&signature[..1], "+", 1)
        ),
        format!(
            "{header}.{payload}.{}",
            signature.replacen(&signature[..1], "%", 1)
        ),
        format!("Bearer {raw}"),
        ".".to_owned(),
        "..".to_owned(),
        "a".to_owned(),
        format!("{header}..{signature}"),
        format!(".{payload}.{signature}"),
    ] {
        assert_eq!(judge_raw(&bad, &default_jwks()), MALFORMED, "{bad}");
    }
    let encrypted = [
        "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkExMjhHQ00ifQ",
        "a",
        "b",
        "c",
        "d",
    ]
    .join(".");
    assert_eq!(judge_raw(&encrypted, &default_jwks()), MALFORMED);
    for length in [0, 1, 63, 65, 128] {
        let raw = format!("{header}.{payload}.{}", base64url(&vec![7; length]));
        assert_eq!(
            judge_raw(&raw, &default_jwks()),
            SIGNATURE,
            "{length} octets"
        );
    }
}

/// Hostile inputs: a token has a bounded size.
#[test]
fn a_token_beyond_64_kb_is_not_looked_at() {
    let with_len = |padding: usize| {
        let mut claims = claims();
        claims["x"] = "y".repeat(padding).into();
        token(&claims)
    };
    let longest = (0..4)
        .map(|more| with_len(48_740 + more))
        .find(|raw| raw.len() > 65_000);
    assert_eq!(judge_raw(&longest.unwrap(), &default_jwks()), Ok(()));
    let raw = with_len(49_200);
    assert!(raw.len() > Jws::MAX_OCTETS);
    assert_eq!(judge_raw(&raw, &default_jwks()), MALFORMED);
}

/// Rule 19: what is signed is what was sent, octet by octet (RFC 7515 5.2).
#[test]
fn what_is_verified_is_what_came() {
    let raw = token(&claims());
    let token = UnverifiedIdToken::parse(&RawIdToken::new(&raw).unwrap()).unwrap();
    let keys = Jwks::parse(&parsed(&default_jwks())).unwrap();
    let pending = token.candidates(&keys, None).unwrap();
    let [request] = pending.requests() else {
        panic!("{pending:?}")
    };
    let (input, signature) = raw.rsplit_once('.').unwrap();
    assert_eq!(request.signing_input, input.as_bytes());
    assert_eq!(base64url(&request.signature), signature);
    assert_eq!(
        request.signature,
        sign(SignatureAlgorithm::EdDsa, input.as_bytes())
    );
    assert!(!format!("{request:?} {pending:?} {token:?}").contains(&signature[..8]));
}

/// Rule 19, by the types: an identity comes from a signature that was found valid, and only so.
#[test]
fn without_a_valid_outcome_there_is_no_identity() {
    use SignatureOutcome::{Invalid, Unsupported, Valid};
    let keys = jwks(&[stranger(), public(SignatureAlgorithm::EdDsa)]);
    let nonce = Nonce::new(super::NONCE).unwrap();
    let expected = Expectations {
        issuer: crate::support::ISSUER,
        client_id: crate::support::CLIENT,
        access_token: None,
        occasion: Occasion::SignIn {
            nonce: &nonce,
            max_age: None,
            acr_values: None,
        },
    };
    let token = UnverifiedIdToken::parse(&RawIdToken::new(&token(&claims())).unwrap()).unwrap();
    let pending = token
        .candidates(&Jwks::parse(&parsed(&keys)).unwrap(), None)
        .unwrap();
    assert_eq!(pending.requests().len(), 2);
    for (outcomes, judged) in [
        (&[][..], SIGNATURE),
        (&[Invalid], SIGNATURE),
        (&[Invalid, Invalid], SIGNATURE),
        // An answer to a question that was not asked says nothing.
        (&[Invalid, Invalid, Valid], SIGNATURE),
        (&[Unsupported], ALGORITHM),
        (&[Invalid, Unsupported], ALGORITHM),
        (&[Valid], Ok(())),
        (&[Invalid, Valid], Ok(())),
        (&[Unsupported, Valid], Ok(())),
    ] {
        let verified = pending.verify(outcomes, &expected, Timestamp::from_seconds(NOW));
        assert_eq!(crate::support::code(verified), judged, "{outcomes:?}");
    }
    let now = Timestamp::from_seconds(NOW);
    let raw = crate::support::keys::token(&claims());
    assert!(verify(&raw, &keys, &Asked::default(), now).is_ok());
}
