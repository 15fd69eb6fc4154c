//! From text to a verified token: header, keys, signature.

use super::*;
use SignatureAlgorithm::{EdDsa, Es256, Ps256, Rs256};
use SignatureOutcome::{Invalid, Unsupported, Valid};

fn parse(header: &str, payload: &str) -> Result<UnverifiedIdToken, Error> {
    UnverifiedIdToken::parse(&raw(Es256, header, payload))
}

fn sign_in(
    pending: &PendingIdToken,
    outcomes: &[SignatureOutcome],
) -> Result<VerifiedIdToken, Error> {
    let nonce = Nonce::new(NONCE).unwrap();
    let occasion = Occasion::SignIn {
        nonce: &nonce,
        max_age: None,
        acr_values: None,
    };
    pending.verify(outcomes, &expectations(occasion), now())
}

#[test]
fn a_token_of_each_algorithm_is_verified() {
    for algorithm in SignatureAlgorithm::ALL {
        let header = format!(r#"{{"alg":"{}","kid":"k","typ":"JWT"}}"#, algorithm.name());
        let raw = raw(algorithm, &header, &Claims::new().text());
        let pending = UnverifiedIdToken::parse(&raw)
            .unwrap()
            .candidates(&jwks(), None)
            .unwrap();
        let outcomes: Vec<_> = pending.requests().iter().map(execute).collect();
        assert_eq!(outcomes, [true]);
        let token = sign_in(&pending, &[Valid]).unwrap();
        assert_eq!((token.sub(), token.issuer()), ("u1", ISSUER));
        assert_eq!(token.raw().expose(), raw.expose());
    }
}

/// RFC 8725 3.11, RFC 7515 4.1.9, RFC 7519 5.1
#[test]
fn only_a_plain_jwt_is_an_id_token() {
    assert!(parse(r#"{"alg":"ES256"}"#, "{}").is_ok());
    for good in [
        "JWT",
        "jwt",
        "Jwt",
        "application/jwt",
        "APPLICATION/JWT",
        "JOSE",
        "application/jose",
    ] {
        assert!(
            parse(&format!(r#"{{"alg":"ES256","typ":"{good}"}}"#), "{}").is_ok(),
            "{good}"
        );
    }
    for bad in [
        "at+jwt",
        "application/at+jwt",
        "logout+jwt",
        "dpop+jwt",
        "secevent+jwt",
        "token-introspection+jwt",
        "oauth-authz-req+jwt",
        "",
        " JWT",
        "JWT ",
        "JWS",
        "text/jwt",
        "application/",
        "application/application/jwt",
        "JOSE+JSON",
    ] {
        let error = parse(&format!(r#"{{"alg":"ES256","typ":"{bad}"}}"#), "{}").unwrap_err();
        assert_eq!(error.code(), ErrorCode::IdTokenMalformed, "{bad}");
        assert_eq!(error.what_came(), format!("typ {bad}"));
    }
}

/// RFC 7519 7.2 (10), 4
#[test]
fn claims_are_a_json_object_without_repeated_members() {
    let header = r#"{"alg":"ES256"}"#;
    assert!(parse(header, " {\n} ").is_ok());
    for bad in [
        "",
        "null",
        "[]",
        "7",
        r#""text""#,
        r#"{"sub":"a""#,
        r#"{"sub":"a","sub":"a"}"#,
        r#"{"sub":"a","s\u0075b":"b"}"#,
        r#"{"x":[{"a":1,"a":1}]}"#,
        "{} {}",
        r#"{"sub":"\ud800"}"#,
    ] {
        assert_eq!(
            parse(header, bad).unwrap_err().code(),
            ErrorCode::IdTokenMalformed,
            "{bad}"
        );
    }
    let token = crate::jose::testing::token(Es256, header, "{}");
    let not_utf8 = token.replacen(".e30.", ".gIA.", 1);
    let error = UnverifiedIdToken::parse(&RawIdToken::new(&not_utf8).unwrap()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::IdTokenMalformed);
}

#[test]
fn a_header_that_is_refused_is_refused_here_too() {
    for (header, code) in [
        (r#"{"alg":"none"}"#, ErrorCode::IdTokenAlgorithm),
        (r#"{"alg":"HS256"}"#, ErrorCode::IdTokenAlgorithm),
        (
            r#"{"alg":"ES256","crit":["x"]}"#,
            ErrorCode::IdTokenMalformed,
        ),
    ] {
        assert_eq!(parse(header, "{}").unwrap_err().code(), code, "{header}");
    }
}

/// Core 3.1.3.7 (7)
#[test]
fn an_algorithm_that_the_metadata_does_not_name_is_refused() {
    let token = UnverifiedIdToken::parse(&Claims::new().raw()).unwrap();
    for allowed in [None, Some(&[Es256][..]), Some(&[Rs256, Es256])] {
        assert!(token.candidates(&jwks(), allowed).is_ok());
    }
    for allowed in [&[][..], &[Rs256], &[Rs256, Ps256, EdDsa]] {
        let error = token.candidates(&jwks(), Some(allowed)).unwrap_err();
        assert_eq!(error.code(), ErrorCode::IdTokenAlgorithm);
        assert_eq!(error.what_came(), "ES256");
    }
}

/// Rule 22: the caller fetches the keys again and asks the same token once more.
#[test]
fn an_unknown_key_leaves_the_token_usable_for_the_next_set_of_keys() {
    let token = UnverifiedIdToken::parse(&Claims::new().raw()).unwrap();
    assert_eq!(token.kid(), Some("k"));
    let error = token.candidates(&Jwks::default(), None).unwrap_err();
    assert_eq!(error.code(), ErrorCode::IdTokenKeyUnknown);
    assert_eq!(token.candidates(&jwks(), None).unwrap().requests().len(), 1);
    assert_eq!(parse(r#"{"alg":"ES256"}"#, "{}").unwrap().kid(), None);
}

/// Core 3.1.3.7 (6)
#[test]
fn no_token_is_verified_without_a_valid_signature() {
    let pending = Claims::new().pending();
    assert!(sign_in(&pending, &[Valid]).is_ok());
    for outcomes in [&[][..], &[Invalid], &[Invalid, Valid]] {
        // A second answer belongs to no request.
        let error = sign_in(&pending, outcomes).unwrap_err();
        assert_eq!(error.code(), ErrorCode::IdTokenSignature, "{outcomes:?}");
    }
    let error = sign_in(&pending, &[Unsupported]).unwrap_err();
    assert_eq!(error.code(), ErrorCode::IdTokenAlgorithm);
    assert!(error.what_was_expected().contains("this browser"));
}

#[test]
fn one_of_several_keys_suffices() {
    let member = key_members(Es256);
    let other = member.replace(
        "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        &"A".repeat(43),
    );
    let set = format!(r#"{{"keys":[{{{other}}},{{{member}}}]}}"#);
    let raw = raw(Es256, r#"{"alg":"ES256"}"#, &Claims::new().text());
    let pending = UnverifiedIdToken::parse(&raw)
        .unwrap()
        .candidates(&Jwks::from_json_text(&set).unwrap(), None)
        .unwrap();
    assert_eq!(pending.requests().len(), 2);
    let nonce = Nonce::new(NONCE).unwrap();
    let occasion = Occasion::SignIn {
        nonce: &nonce,
        max_age: None,
        acr_values: None,
    };
    assert!(judge(&pending, &expectations(occasion), now()).is_ok());
    assert!(sign_in(&pending, &[Invalid, Valid]).is_ok());
    assert!(sign_in(&pending, &[Valid]).is_ok());
    assert!(sign_in(&pending, &[Unsupported, Valid]).is_ok());
    for (outcomes, code) in [
        ([Invalid, Invalid], ErrorCode::IdTokenSignature),
        ([Invalid, Unsupported], ErrorCode::IdTokenAlgorithm),
        ([Unsupported, Invalid], ErrorCode::IdTokenAlgorithm),
    ] {
        assert_eq!(
            sign_in(&pending, &outcomes).unwrap_err().code(),
            code,
            "{outcomes:?}"
        );
    }
}

/// A forged claim is worth nothing, so it is not what the error speaks of.
#[test]
fn the_signature_is_judged_before_the_claims() {
    let pending = Claims::new().with("iss", "https://evil.example").pending();
    assert_eq!(
        sign_in(&pending, &[Invalid]).unwrap_err().code(),
        ErrorCode::IdTokenSignature
    );
    assert_eq!(
        sign_in(&pending, &[Valid]).unwrap_err().code(),
        ErrorCode::IdTokenIssuer
    );
}

#[test]
fn nothing_shows_the_token() {
    let claims = Claims::new()
        .with("name", "canary-name")
        .with("at_hash", "canary-hash");
    let raw = claims.raw();
    let token = UnverifiedIdToken::parse(&raw).unwrap();
    let pending = claims.pending();
    let verified = Claims::new().with("name", "canary-name").sign_in().unwrap();
    let nonce = Nonce::new(NONCE).unwrap();
    let expected = expectations(Occasion::SignIn {
        nonce: &nonce,
        max_age: None,
        acr_values: None,
    });
    let shown = format!("{token:?} {pending:?} {verified:?} {expected:?} {raw:?}");
    assert!(!shown.contains("canary"), "{shown}");
    for part in raw.expose().split('.') {
        assert!(!shown.contains(part), "{shown}");
    }
    let access_token = access_token();
    let expected = Expectations {
        access_token: Some(&access_token),
        ..expected
    };
    for claims in [Claims::new().with("nonce", "canary-other"), claims] {
        let error = claims.judge(&expected, now()).unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(
            !text.contains("canary") && !text.contains(ACCESS_TOKEN),
            "{text}"
        );
    }
}

#[test]
fn an_id_token_is_printed_without_what_it_says() {
    let claims = Claims::new().with("email", "canary@op.example");
    let pending = format!("{:?}", claims.pending());
    let verified = format!("{:?}", claims.sign_in().unwrap());
    assert!(pending.contains("content: [redacted]"), "{pending}");
    assert_eq!(verified, "VerifiedIdToken([redacted])");
    let unverified = format!("{:?}", UnverifiedIdToken::parse(&claims.raw()).unwrap());
    assert!(!format!("{pending}{unverified}").contains("canary"));
}
