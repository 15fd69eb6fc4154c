//! Core 3.1.3.6, 3.1.3.7 (12, 13): `at_hash`, and what the request asked for.

use super::*;
use crate::id_token::checks::access_token_hash;

fn with_access_token(claims: &Claims) -> Result<VerifiedIdToken, Error> {
    let (nonce, token) = (Nonce::new(NONCE).unwrap(), access_token());
    let occasion = Occasion::SignIn {
        nonce: &nonce,
        max_age: None,
        acr_values: None,
    };
    claims.judge(
        &Expectations {
            access_token: Some(&token),
            ..expectations(occasion)
        },
        now(),
    )
}

/// Core 3.1.3.6, 3.1.3.8; the pair is that of Core A.3.
#[test]
fn at_hash_fits_the_access_token_where_it_is_present() {
    let hash = "77QmUPtjPfzWtF2AnpK9RQ";
    assert!(with_access_token(&Claims::new()).is_ok());
    assert!(with_access_token(&Claims::new().with("at_hash", hash)).is_ok());
    for bad in [
        "",
        "77QmUPtjPfzWtF2AnpK9RQ==",
        "77QmUPtjPfzWtF2AnpK9RR",
        "77qmUPtjPfzWtF2AnpK9RQ",
    ] {
        let error = with_access_token(&Claims::new().with("at_hash", bad)).unwrap_err();
        assert_eq!(error.code(), ErrorCode::IdTokenAccessTokenHash, "{bad}");
        assert_eq!(error.what_came(), "another one");
    }
    for bad in ["null", "7", "[]"] {
        let error = with_access_token(&Claims::new().json("at_hash", bad)).unwrap_err();
        assert_eq!(error.code(), ErrorCode::IdTokenAccessTokenHash, "{bad}");
    }
    // Nothing to compare with.
    assert!(Claims::new().with("at_hash", "other").sign_in().is_ok());
}

/// Core 3.1.3.6: the hash of the signature's algorithm; RFC 8032 5.1: SHA-512 for Ed25519.
#[test]
fn at_hash_is_of_the_signatures_hash() {
    use SignatureAlgorithm::{EdDsa, Es256, Ps256, Rs256};
    let token = access_token();
    for algorithm in [Rs256, Ps256, Es256] {
        assert_eq!(
            access_token_hash(algorithm, &token),
            "77QmUPtjPfzWtF2AnpK9RQ"
        );
    }
    // printf %s TOKEN | sha512sum, the left half
    let long = access_token_hash(EdDsa, &token);
    assert_eq!(long, "q7nS86GgvvFaZkzALLWqJYaJIKw2wCDAVfCAsm5CrBM");
    let (nonce, header) = (Nonce::new(NONCE).unwrap(), r#"{"alg":"EdDSA","kid":"k"}"#);
    for (hash, good) in [(long.as_str(), true), ("77QmUPtjPfzWtF2AnpK9RQ", false)] {
        let raw = raw(EdDsa, header, &Claims::new().with("at_hash", hash).text());
        let pending = UnverifiedIdToken::parse(&raw)
            .unwrap()
            .candidates(&jwks(), None)
            .unwrap();
        let occasion = Occasion::SignIn {
            nonce: &nonce,
            max_age: None,
            acr_values: None,
        };
        let expected = Expectations {
            access_token: Some(&token),
            ..expectations(occasion)
        };
        assert_eq!(judge(&pending, &expected, now()).is_ok(), good, "{hash}");
    }
}

fn with_options(
    claims: &Claims,
    max_age: Option<u64>,
    acr_values: Option<&str>,
    at: i64,
) -> Result<VerifiedIdToken, Error> {
    let nonce = Nonce::new(NONCE).unwrap();
    let occasion = Occasion::SignIn {
        nonce: &nonce,
        max_age,
        acr_values,
    };
    claims.judge(&expectations(occasion), Timestamp::from_millis(at))
}

/// Core 3.1.3.7 (13), 3.1.2.1
#[test]
fn auth_time_is_required_and_fresh_when_max_age_was_sent() {
    let at = |auth_time: i64, millis: i64| {
        let claims = Claims::new().with("auth_time", auth_time);
        with_options(&claims, Some(100), None, IAT * 1000 + millis)
    };
    for (auth_time, millis) in [
        (IAT, 0),
        (IAT - 100, 0),
        (IAT - 160, 0),
        (IAT + 60, 0),
        (IAT - 100, 60_000),
    ] {
        assert!(at(auth_time, millis).is_ok(), "{auth_time} {millis}");
    }
    for (auth_time, millis, came) in [
        (IAT - 160, 1, "one 3 min ago"),
        (IAT - 161, 0, "one 3 min ago"),
        (0, 0, "one 28333333 min ago"),
        (IAT + 61, 0, "one in 1 min"),
        (IAT + 60, -1, "one in 1 min"),
    ] {
        let error = at(auth_time, millis).unwrap_err();
        assert_eq!(
            error.code(),
            ErrorCode::IdTokenAuthTime,
            "{auth_time} {millis}"
        );
        assert_eq!(error.what_came(), came);
        assert_eq!(error.what_was_expected(), "auth_time within the last 100 s");
    }
    let missing = with_options(&Claims::new(), Some(100), None, IAT * 1000).unwrap_err();
    assert_eq!(
        (missing.code(), missing.what_came()),
        (ErrorCode::IdTokenAuthTime, "none")
    );
    let text = Claims::new().with("auth_time", IAT.to_string());
    let error = with_options(&text, Some(100), None, IAT * 1000).unwrap_err();
    assert_eq!(
        (error.code(), error.what_came()),
        (ErrorCode::IdTokenAuthTime, "a string")
    );
    // max_age=0 asks for a sign-in just now; u64::MAX for nothing but the claim.
    let just_now = Claims::new().with("auth_time", IAT - 60);
    assert!(with_options(&just_now, Some(0), None, IAT * 1000).is_ok());
    assert!(with_options(&just_now, Some(0), None, IAT * 1000 + 1).is_err());
    let old = Claims::new().with("auth_time", 0);
    assert!(with_options(&old, Some(u64::MAX), None, IAT * 1000).is_ok());
    // Nobody asked: whatever it says, or does not say.
    assert!(with_options(&old, None, None, IAT * 1000).is_ok());
    assert!(
        with_options(&text, None, None, IAT * 1000)
            .unwrap()
            .auth_time()
            .is_none()
    );
}

/// Core 3.1.3.7 (12), RFC 9470 4, 5
#[test]
fn acr_is_one_of_those_asked_for() {
    let strong = Claims::new().with("acr", "mfa");
    for asked in [
        None,
        Some(""),
        Some(" "),
        Some("mfa"),
        Some("phr mfa"),
        Some(" mfa  phr "),
    ] {
        assert!(
            with_options(&strong, None, asked, IAT * 1000).is_ok(),
            "{asked:?}"
        );
    }
    for asked in ["phr", "phr phrh", "MFA", "mf", "mfa2"] {
        let error = with_options(&strong, None, Some(asked), IAT * 1000).unwrap_err();
        assert_eq!(
            (error.code(), error.what_came()),
            (ErrorCode::IdTokenAcr, "mfa"),
            "{asked}"
        );
    }
    let error = with_options(&Claims::new(), None, Some("phr  mfa"), IAT * 1000).unwrap_err();
    assert_eq!(
        (error.code(), error.what_came()),
        (ErrorCode::IdTokenAcr, "none")
    );
    assert_eq!(error.what_was_expected(), "acr phr or mfa");
    for bad in ["7", r#"["mfa"]"#, r#""""#, "null"] {
        let claims = Claims::new().json("acr", bad);
        let error = with_options(&claims, None, Some("mfa"), IAT * 1000).unwrap_err();
        assert_eq!(error.code(), ErrorCode::IdTokenAcr, "{bad}");
        assert!(with_options(&claims, None, None, IAT * 1000).is_ok());
    }
}
