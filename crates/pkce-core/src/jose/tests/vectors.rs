//! Examples of the standards, and the vectors that the browser tests share.

use crate::ErrorCode;
use crate::jose::testing::{execute, octets};
use crate::jose::{Jwks, Jws, SignatureAlgorithm, VerifyRequest};
use crate::json::Json;

fn check(token: &str, jwk: &str) -> bool {
    let jwks = Jwks::from_json_text(&format!(r#"{{"keys":[{jwk}]}}"#)).unwrap();
    let requests = jwks.candidates(&Jws::parse(token).unwrap()).unwrap();
    assert_eq!(requests.len(), 1);
    execute(&requests[0])
}

/// RFC 7515 A.2
#[test]
fn the_rs256_example_of_rfc_7515_is_genuine() {
    let jwk = r#"{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}"#;
    let token = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    assert!(check(token, jwk));
    assert!(!check(
        &token.replacen(".eyJpc3MiOiJqb2UiLA", ".eyJpc3MiOiJqb2ViLA", 1),
        jwk
    ));
    // The same key and octets under another scheme.
    let pss = token.replacen("eyJhbGciOiJSUzI1NiJ9", "eyJhbGciOiJQUzI1NiJ9", 1);
    assert!(!check(&pss, jwk));
}

/// RFC 7515 A.3
#[test]
fn the_es256_example_of_rfc_7515_is_genuine() {
    let jwk = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
    let token = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    assert!(check(token, jwk));
    assert!(!check(&token.replacen(".DtEh", ".DtEi", 1), jwk));
}

/// RFC 7515 A.1 (HS256), A.4 (ES512), A.5 (none)
#[test]
fn the_other_examples_of_rfc_7515_are_refused() {
    for token in [
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn",
        "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.",
    ] {
        assert_eq!(
            Jws::parse(token).unwrap_err().code(),
            ErrorCode::IdTokenAlgorithm
        );
    }
}

/// RFC 7520 3.3, 4.1 (Figure 13)
#[test]
fn the_rs256_example_of_rfc_7520_is_genuine() {
    let jwk = r#"{"kty":"RSA","kid":"bilbo.baggins@hobbiton.example","use":"sig","n":"n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw","e":"AQAB"}"#;
    let token = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9.SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4.MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwzJdQx996ivp83xuglII7PNDi84wnB-BDkoBwA78185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746iYTh_qHRD68BNt1uSNCrUCTJDt5aAE6x8wW1Kt9eRo4QPocSadnHXFxnt8Is9UzpERV0ePPQdLuW3IS_de3xyIrDaLGdjluPxUAhb6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJushZ41Axf_fcIe8u9ipH84ogoree7vjbU5y18kDquDg";
    assert!(check(token, jwk));
    assert!(!check(&token.replacen(".MRjd", ".MRje", 1), jwk));
}

/// RFC 8037 A.2, A.4
#[test]
fn the_eddsa_example_of_rfc_8037_is_genuine() {
    let jwk = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    let token = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    assert!(check(token, jwk));
    assert!(!check(&token.replacen(".RXhh", ".RXhi", 1), jwk));
}

/// The browser's WebCrypto has to say of these what the crates here say.
#[test]
fn the_shared_vectors_are_what_they_claim_to_be() {
    let text = include_str!("../../../tests/vectors/verify.json");
    let json = Json::parse(text).unwrap();
    let vectors = json.items().unwrap();
    for algorithm in SignatureAlgorithm::ALL {
        for valid in [true, false] {
            let some = |v: &&Json| {
                v.str("algorithm") == Some(algorithm.name())
                    && v.get("valid").and_then(Json::as_bool) == Some(valid)
            };
            assert!(vectors.iter().any(|v| some(&v)), "{algorithm:?} {valid}");
        }
    }
    for vector in vectors {
        let text = |name| vector.str(name).unwrap().to_owned();
        let request = VerifyRequest {
            algorithm: SignatureAlgorithm::from_name(&text("algorithm")).unwrap(),
            jwk: text("jwk"),
            signing_input: octets(&text("signing_input")),
            signature: octets(&text("signature")),
        };
        let valid = vector.get("valid").and_then(Json::as_bool).unwrap();
        assert_eq!(execute(&request), valid, "{}", text("comment"));
        // Each is one that could leave the core: the key is kept and written in the same words.
        let jwks = Jwks::from_json_text(&format!(r#"{{"keys":[{}]}}"#, request.jwk)).unwrap();
        assert_eq!(jwks.to_json(), format!(r#"{{"keys":[{}]}}"#, request.jwk));
        let octets = request.algorithm.signature_octets().unwrap_or(256);
        assert_eq!(request.signature.len(), octets, "{}", text("comment"));
    }
}
