//! An ID token with a signature check that is scripted: the first octet says what WebCrypto
//! answers, then come the header and the claims on lines of their own, or the token as it is.

use super::{CANARY, CLIENT, ISSUER, JWKS, NOW, check_error, id_token, now};
use pkce_core::Error;
use pkce_core::encoding::base64url;
use pkce_core::id_token::{Expectations, Occasion, UnverifiedIdToken, VerifiedIdToken};
use pkce_core::jose::{Jwks, SignatureOutcome};
use pkce_core::json::Json;
use pkce_core::secret::{AccessToken, Nonce, RawIdToken};

const NONCE: &str = "cAnArY7x-0123456789012345678901234567890123";

/// One input.
pub fn run(data: &[u8]) {
    let [flags, rest @ ..] = data else { return };
    let Ok(rest) = std::str::from_utf8(rest) else {
        return;
    };
    let text = match rest.split_once('\n') {
        Some((header, claims)) => {
            let octets = if header.contains("RS256") || header.contains("PS256") {
                256
            } else {
                64
            };
            format!(
                "{}.{}.{}",
                base64url(header.as_bytes()),
                base64url(claims.as_bytes()),
                base64url(&vec![0; octets])
            )
        }
        None => rest.to_owned(),
    };
    let Some(raw) = RawIdToken::new(&text) else {
        return;
    };
    match judge(&raw, *flags) {
        // The nonce is the one secret that a token carries. A hostile provider may say it again in
        // a claim that an error does quote.
        Err(error) => {
            let is_told_once = rest.split_once('\n').is_some_and(|(header, claims)| {
                !rest.contains('\\')
                    && !header.contains(CANARY)
                    && claims.matches(CANARY).count()
                        == claims.matches(&format!(r#""nonce":"{CANARY}"#)).count()
            });
            if is_told_once {
                check_error(&error);
            }
        }
        Ok(token) => {
            assert!(flags & 1 == 1, "verified without a valid signature");
            let claims = Json::parse(token.payload_json()).unwrap();
            let second = |name: &str| claims.get(name).and_then(Json::numeric_date).unwrap();
            assert_eq!(claims.str("iss"), Some(ISSUER));
            let for_us = |aud: &Json| aud.as_str() == Some(CLIENT);
            let aud = claims.get("aud").unwrap();
            assert!(for_us(aud) || aud.items().unwrap().iter().any(for_us));
            assert_eq!(claims.str("sub"), Some(token.sub()));
            assert!((1..=255).contains(&token.sub().len()));
            assert!(second("exp") >= NOW - 60 && second("iat") <= NOW + 60);
            assert!(second("exp") > second("iat"));
            if flags & 2 == 0 {
                assert_eq!(claims.str("nonce"), Some(NONCE));
            } else {
                assert_eq!(token.sub(), "u1");
            }
            if flags & 4 != 0 && flags & 2 == 0 {
                assert!(second("auth_time") + 600 + 60 >= NOW);
                assert!(["a", "b"].contains(&claims.str("acr").unwrap()));
            }
            let restored = VerifiedIdToken::restore(&raw, ISSUER, CLIENT).unwrap();
            assert_eq!(restored, token);
            assert_eq!(format!("{token:?}"), "VerifiedIdToken([redacted])");
        }
    }
}

fn judge(raw: &RawIdToken, flags: u8) -> Result<VerifiedIdToken, Error> {
    let jwks = Jwks::from_json_text(JWKS)?;
    let unverified = UnverifiedIdToken::parse(raw)?;
    let pending = unverified.candidates(&jwks, None)?;
    assert!((1..=Jwks::MAX_CANDIDATES).contains(&pending.requests().len()));
    let outcome = match flags & 9 {
        0 => SignatureOutcome::Invalid,
        8 => SignatureOutcome::Unsupported,
        _ => SignatureOutcome::Valid,
    };
    let access_token = AccessToken::new("access").unwrap();
    let nonce = Nonce::new(NONCE).unwrap();
    let first = RawIdToken::new(&id_token(NONCE, NOW - 100)).unwrap();
    let first = VerifiedIdToken::restore(&first, ISSUER, CLIENT).unwrap();
    let occasion = if flags & 2 == 0 {
        Occasion::SignIn {
            nonce: &nonce,
            max_age: (flags & 4 != 0).then_some(600),
            acr_values: (flags & 4 != 0).then_some("a b"),
        }
    } else {
        Occasion::Refresh { first: &first }
    };
    let expected = Expectations {
        issuer: ISSUER,
        client_id: CLIENT,
        access_token: Some(&access_token),
        occasion,
    };
    pending.verify(&[outcome], &expected, now())
}
