//! Core 3.1.3.7: every claim of a token that answers a code, from both sides.

use super::*;

/// Core 3.1.3.7 (2), 2: compared as it is.
#[test]
fn iss_is_exactly_the_issuer() {
    assert!(Claims::new().sign_in().is_ok());
    for bad in [
        "https://op.example/realms/a/",
        "https://op.example/realms/A",
        "https://OP.example/realms/a",
        "https://op.example:443/realms/a",
        "http://op.example/realms/a",
        "https://op.example/realms/a ",
        "https://op.example/realms/%61",
        "https://op.example/realms",
        "https://evil.example/",
        "",
    ] {
        let error = Claims::new().with("iss", bad).sign_in().unwrap_err();
        assert_eq!(error.code(), ErrorCode::IdTokenIssuer, "{bad}");
        assert_eq!(error.what_was_expected(), format!("iss {ISSUER}"));
        assert_eq!(error.what_came(), bad);
    }
    for bad in ["null", "7", r#"["https://op.example/realms/a"]"#, "{}"] {
        assert_eq!(
            Claims::new().json("iss", bad).refusal(),
            ErrorCode::IdTokenIssuer,
            "{bad}"
        );
    }
    let error = Claims::new().without("iss").sign_in().unwrap_err();
    assert_eq!(
        (error.code(), error.what_came()),
        (ErrorCode::IdTokenIssuer, "none")
    );
}

/// Core 3.1.3.7 (3)
#[test]
fn aud_has_this_client() {
    for good in [r#""spa""#, r#"["spa"]"#, r#"["spa","spa"]"#] {
        assert!(Claims::new().json("aud", good).sign_in().is_ok(), "{good}");
    }
    for bad in [
        r#""other""#,
        r#"["other"]"#,
        r#""SPA""#,
        r#""spa ""#,
        r#""spa other""#,
        r#""""#,
        "[]",
        r#"["spa",7]"#,
        r#"["spa",null]"#,
        r#"[["spa"]]"#,
        "null",
        "7",
        r#"{"spa":1}"#,
    ] {
        assert_eq!(
            Claims::new().json("aud", bad).refusal(),
            ErrorCode::IdTokenAudience,
            "{bad}"
        );
    }
    let error = Claims::new().without("aud").sign_in().unwrap_err();
    assert_eq!(
        (error.code(), error.what_came()),
        (ErrorCode::IdTokenAudience, "none")
    );
    let error = Claims::new()
        .json("aud", r#"["a","b"]"#)
        .sign_in()
        .unwrap_err();
    assert_eq!(
        (error.what_was_expected(), error.what_came()),
        ("aud spa", "a, b")
    );
    assert_eq!(
        Claims::new()
            .json("aud", "7")
            .sign_in()
            .unwrap_err()
            .what_came(),
        "a number"
    );
}

/// Core 3.1.3.7 (3 to 5), rule 20
#[test]
fn further_audiences_need_an_authorized_party_that_is_this_client() {
    let both = || Claims::new().json("aud", r#"["spa","api"]"#);
    assert!(both().with("azp", CLIENT).sign_in().is_ok());
    assert!(
        Claims::new()
            .json("aud", r#"["api","spa"]"#)
            .with("azp", CLIENT)
            .sign_in()
            .is_ok()
    );
    assert_eq!(both().refusal(), ErrorCode::IdTokenAudience);
    assert_eq!(
        both().with("azp", "api").refusal(),
        ErrorCode::IdTokenAudience
    );
    // Without this client among the audiences, azp does not help.
    let api = Claims::new().with("aud", "api").with("azp", CLIENT);
    assert_eq!(api.refusal(), ErrorCode::IdTokenAudience);
    // A present azp is checked even with a single audience.
    assert!(Claims::new().with("azp", CLIENT).sign_in().is_ok());
    for bad in [r#""api""#, r#""""#, "null", "7", r#"["spa"]"#] {
        let claims = Claims::new().json("azp", bad);
        assert_eq!(claims.refusal(), ErrorCode::IdTokenAudience, "{bad}");
    }
}

/// Core 2: at most 255 ASCII characters.
#[test]
fn sub_has_1_to_255_ascii_characters() {
    for good in ["u", " ", "~", "auth0|5f", "a b", &"x".repeat(255)] {
        assert_eq!(
            Claims::new().with("sub", good).sign_in().unwrap().sub(),
            good
        );
    }
    for bad in ["", &"x".repeat(256), "é", "유저", "a\n", "\u{7f}", "\0"] {
        let claims = Claims::new().with("sub", bad);
        assert_eq!(claims.refusal(), ErrorCode::IdTokenSubject, "{bad:?}");
    }
    for bad in ["null", "7", r#"["u"]"#] {
        assert_eq!(
            Claims::new().json("sub", bad).refusal(),
            ErrorCode::IdTokenSubject,
            "{bad}"
        );
    }
    assert_eq!(
        Claims::new().without("sub").refusal(),
        ErrorCode::IdTokenSubject
    );
}

/// Core 2, RFC 7519 2 (NumericDate)
#[test]
fn iat_and_exp_are_numbers_and_required() {
    for name in ["iat", "exp"] {
        for bad in [r#""1700000000""#, "null", "true", "[1]", "1e300"] {
            let claims = Claims::new().json(name, bad);
            assert_eq!(
                claims.refusal(),
                ErrorCode::IdTokenMalformed,
                "{name} {bad}"
            );
        }
        let error = Claims::new().without(name).sign_in().unwrap_err();
        assert_eq!(error.code(), ErrorCode::IdTokenMalformed);
        assert_eq!(error.what_came(), format!("{name}: none"));
    }
    let token = Claims::new()
        .json("iat", "1700000000.9")
        .json("exp", "1.7000003e9")
        .sign_in();
    let token = token.unwrap();
    assert_eq!(token.issued_at(), Timestamp::from_seconds(IAT));
    assert_eq!(token.expires_at(), Timestamp::from_seconds(IAT + LIFETIME));
}

/// Core 3.1.3.7 (9), rule 21: 60 s are accepted, a millisecond more is not.
#[test]
fn exp_is_accepted_up_to_the_skew() {
    let limit = (IAT + LIFETIME + 60) * 1000;
    for at in [IAT * 1000, (IAT + LIFETIME) * 1000, limit] {
        assert!(
            Claims::new().sign_in_at(Timestamp::from_millis(at)).is_ok(),
            "{at}"
        );
    }
    for at in [limit + 1, limit + 60_000, i64::MAX] {
        let error = Claims::new()
            .sign_in_at(Timestamp::from_millis(at))
            .unwrap_err();
        assert_eq!(error.code(), ErrorCode::IdTokenExpired, "{at}");
    }
    let eternal = Claims::new().with("exp", i64::MAX);
    assert!(eternal.sign_in().is_ok());
}

/// Core 3.1.3.7 (10)
#[test]
fn iat_is_accepted_up_to_the_skew() {
    let limit = (IAT - 60) * 1000;
    assert!(
        Claims::new()
            .sign_in_at(Timestamp::from_millis(limit))
            .is_ok()
    );
    for at in [limit - 1, limit - 60_000, 0, i64::MIN] {
        let error = Claims::new()
            .sign_in_at(Timestamp::from_millis(at))
            .unwrap_err();
        assert_eq!(error.code(), ErrorCode::IdTokenNotYetValid, "{at}");
    }
}

/// RFC 7519 4.1.5
#[test]
fn nbf_is_honoured_up_to_the_skew() {
    for good in [0, IAT, IAT + 60] {
        assert!(Claims::new().with("nbf", good).sign_in().is_ok(), "{good}");
    }
    for bad in [IAT + 61, IAT + 3600, i64::MAX] {
        let claims = Claims::new().with("nbf", bad);
        assert_eq!(claims.refusal(), ErrorCode::IdTokenNotYetValid, "{bad}");
    }
    for bad in [r#""1""#, "null", "[]"] {
        assert_eq!(
            Claims::new().json("nbf", bad).refusal(),
            ErrorCode::IdTokenMalformed,
            "{bad}"
        );
    }
}

#[test]
fn exp_is_later_than_iat() {
    assert!(Claims::new().with("exp", IAT + 1).sign_in().is_ok());
    assert_eq!(
        Claims::new().with("exp", IAT).refusal(),
        ErrorCode::IdTokenMalformed
    );
    assert_eq!(
        Claims::new().with("exp", IAT - 1).refusal(),
        ErrorCode::IdTokenMalformed
    );
    // What has expired as well is called expired.
    assert_eq!(
        Claims::new().with("exp", IAT - 61).refusal(),
        ErrorCode::IdTokenExpired
    );
}

/// Rule 21: a wrong clock is an error that says by how much.
#[test]
fn an_error_of_time_says_how_wrong_the_clock_may_be() {
    let came = |offset: i64| {
        let error = Claims::new()
            .sign_in_at(Timestamp::from_seconds(IAT + offset))
            .unwrap_err();
        error.what_came().to_owned()
    };
    assert_eq!(
        came(3600),
        "one that expired 55 min ago; if it is fresh, this device's clock is 60 min ahead"
    );
    assert_eq!(
        came(-3600),
        "one that will be in 60 min; this device's clock is 60 min behind"
    );
    assert_eq!(
        came(-61),
        "one that will be in 1 min; this device's clock is 1 min behind"
    );
    assert_eq!(
        came(-90),
        "one that will be in 2 min; this device's clock is 2 min behind"
    );
    assert_eq!(
        came(-89),
        "one that will be in 1 min; this device's clock is 1 min behind"
    );
    // A token that was expired when it was issued says nothing about this clock.
    for (iat, speaks_of_clock) in [(IAT, false), (IAT - 60, false), (IAT - 61, true)] {
        let claims = Claims::new().with("iat", iat).with("exp", IAT - 600);
        let error = claims.sign_in().unwrap_err();
        assert_eq!(
            error.what_came().contains("clock"),
            speaks_of_clock,
            "{iat}"
        );
    }
}

/// Core 3.1.3.7 (11)
#[test]
fn nonce_is_required_and_equal() {
    let error = Claims::new().without("nonce").sign_in().unwrap_err();
    assert_eq!(
        (error.code(), error.what_came()),
        (ErrorCode::IdTokenNonce, "none")
    );
    for bad in [
        "",
        "canary-nonce-2",
        "canary-nonce-",
        "canary-nonce-1 ",
        "CANARY-NONCE-1",
    ] {
        let error = Claims::new().with("nonce", bad).sign_in().unwrap_err();
        assert_eq!(
            (error.code(), error.what_came()),
            (ErrorCode::IdTokenNonce, "another one")
        );
    }
    for bad in ["null", "7", r#"["canary-nonce-1"]"#] {
        assert_eq!(
            Claims::new().json("nonce", bad).refusal(),
            ErrorCode::IdTokenNonce,
            "{bad}"
        );
    }
}

#[test]
fn unknown_claims_are_kept_and_do_no_harm() {
    let token = Claims::new()
        .json("groups", r#"["a","b"]"#)
        .json("https://op.example/x", r#"{"deep":[1,2.5,null,true]}"#)
        .sign_in()
        .unwrap();
    assert_eq!(
        token
            .claim("groups")
            .and_then(|g| g.items())
            .map(<[_]>::len),
        Some(2)
    );
    assert!(token.claim("missing").is_none());
}
