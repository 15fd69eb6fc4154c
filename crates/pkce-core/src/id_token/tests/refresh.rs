//! Core 12.2: a refreshed ID token against the one of sign-in.

use super::*;

/// Issued a minute after the first one.
fn later() -> Claims {
    Claims::new()
        .without("nonce")
        .with("iat", IAT + 60)
        .with("exp", IAT + 60 + LIFETIME)
}

fn refresh(first: &Claims, claims: &Claims) -> Result<VerifiedIdToken, Error> {
    let first = first.sign_in().unwrap();
    let expected = expectations(Occasion::Refresh { first: &first });
    claims.judge(&expected, Timestamp::from_seconds(IAT + 60))
}

fn refusal(first: &Claims, claims: &Claims) -> ErrorCode {
    refresh(first, claims).expect_err(&claims.text()).code()
}

#[test]
fn a_refreshed_token_of_the_same_user_is_accepted() {
    let token = refresh(&Claims::new(), &later().with("name", "New")).unwrap();
    assert_eq!((token.sub(), token.name()), ("u1", Some("New")));
}

#[test]
fn nonce_is_absent_or_the_first_one() {
    assert!(refresh(&Claims::new(), &later().with("nonce", NONCE)).is_ok());
    for bad in [r#""""#, r#""other""#, "null", "7"] {
        let claims = later().json("nonce", bad);
        assert_eq!(
            refusal(&Claims::new(), &claims),
            ErrorCode::IdTokenNonce,
            "{bad}"
        );
    }
    // Where the stored token has none, a new one has nothing to be equal to.
    let stored = later().raw();
    let first = VerifiedIdToken::restore(&stored, ISSUER, CLIENT).unwrap();
    let expected = expectations(Occasion::Refresh { first: &first });
    let at = Timestamp::from_seconds(IAT + 60);
    assert!(later().judge(&expected, at).is_ok());
    let error = later()
        .with("nonce", NONCE)
        .judge(&expected, at)
        .unwrap_err();
    assert_eq!(error.code(), ErrorCode::IdTokenNonce);
}

#[test]
fn iss_and_sub_stay_the_same() {
    let other = later().with("iss", "https://evil.example");
    assert_eq!(refusal(&Claims::new(), &other), ErrorCode::IdTokenIssuer);
    for bad in ["u2", "U1", "u1 "] {
        let claims = later().with("sub", bad);
        assert_eq!(
            refusal(&Claims::new(), &claims),
            ErrorCode::IdTokenSubject,
            "{bad}"
        );
    }
    // The session moved to another issuer while its first token is of the old one.
    let first = Claims::new().sign_in().unwrap();
    let moved = later().with("iss", "https://new.example");
    let occasion = Occasion::Refresh { first: &first };
    let expected = Expectations {
        issuer: "https://new.example",
        ..expectations(occasion)
    };
    let error = moved
        .judge(&expected, Timestamp::from_seconds(IAT + 60))
        .unwrap_err();
    assert_eq!(error.code(), ErrorCode::IdTokenIssuer);
}

#[test]
fn aud_keeps_the_audiences_of_sign_in() {
    let both = || {
        Claims::new()
            .json("aud", r#"["spa","api"]"#)
            .with("azp", CLIENT)
    };
    let refreshed = |aud: &str| later().json("aud", aud).with("azp", CLIENT);
    assert!(refresh(&both(), &refreshed(r#"["api","spa"]"#)).is_ok());
    assert!(refresh(&both(), &refreshed(r#"["new","api","spa"]"#)).is_ok());
    let error = refresh(&both(), &refreshed(r#"["spa","new"]"#)).unwrap_err();
    assert_eq!(error.code(), ErrorCode::IdTokenAudience);
    assert_eq!(error.what_was_expected(), "aud with api, as at sign-in");
    assert_eq!(
        refusal(&both(), &refreshed(r#""spa""#)),
        ErrorCode::IdTokenAudience
    );
    // The rules of sign-in hold as well.
    assert_eq!(
        refusal(&Claims::new(), &later().with("aud", "api")),
        ErrorCode::IdTokenAudience
    );
    let foreign = later().json("aud", r#"["spa","api"]"#);
    assert_eq!(
        refusal(&Claims::new(), &foreign),
        ErrorCode::IdTokenAudience
    );
    assert_eq!(
        refusal(&Claims::new(), &later().with("azp", "api")),
        ErrorCode::IdTokenAudience
    );
}

#[test]
fn auth_time_stays_that_of_sign_in_where_both_have_it() {
    let first = || Claims::new().with("auth_time", IAT - 5);
    assert!(refresh(&first(), &later()).is_ok());
    assert!(refresh(&first(), &later().with("auth_time", IAT - 5)).is_ok());
    assert!(refresh(&Claims::new(), &later().with("auth_time", IAT)).is_ok());
    for bad in [IAT - 4, IAT - 6, IAT] {
        let claims = later().with("auth_time", bad);
        assert_eq!(
            refusal(&first(), &claims),
            ErrorCode::IdTokenAuthTime,
            "{bad}"
        );
    }
}

#[test]
fn iat_is_not_before_sign_in_but_for_the_skew() {
    for good in [IAT + 120, IAT, IAT - 60] {
        assert!(
            refresh(&Claims::new(), &later().with("iat", good)).is_ok(),
            "{good}"
        );
    }
    for bad in [IAT - 61, 0] {
        let claims = later().with("iat", bad);
        assert_eq!(
            refusal(&Claims::new(), &claims),
            ErrorCode::IdTokenMalformed,
            "{bad}"
        );
    }
}

#[test]
fn times_and_at_hash_are_checked_as_at_sign_in() {
    let expired = later().with("exp", IAT - 1);
    assert_eq!(refusal(&Claims::new(), &expired), ErrorCode::IdTokenExpired);
    let early = later().with("iat", IAT + 121).with("exp", IAT + 500);
    assert_eq!(
        refusal(&Claims::new(), &early),
        ErrorCode::IdTokenNotYetValid
    );
    let first = Claims::new().sign_in().unwrap();
    let token = access_token();
    let occasion = Occasion::Refresh { first: &first };
    let expected = Expectations {
        access_token: Some(&token),
        ..expectations(occasion)
    };
    let at = Timestamp::from_seconds(IAT + 60);
    assert!(
        later()
            .with("at_hash", "77QmUPtjPfzWtF2AnpK9RQ")
            .judge(&expected, at)
            .is_ok()
    );
    let error = later()
        .with("at_hash", "x")
        .judge(&expected, at)
        .unwrap_err();
    assert_eq!(error.code(), ErrorCode::IdTokenAccessTokenHash);
}
