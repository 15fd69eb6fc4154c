//! How far apart two clocks are, and that no time makes anything overflow.

use super::*;
use crate::id_token::clock_offset_ms;
use proptest::prelude::*;

fn ms(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

#[test]
fn clocks_that_may_agree_are_not_told_apart() {
    // iat cuts up to 999 ms off; the answer was on its way for a while.
    for (sent, received) in [
        (100_000, 100_000),
        (100_999, 100_999),
        (99_000, 100_000),
        (101_000, 105_000),
    ] {
        assert_eq!(
            clock_offset_ms(ms(100_000), ms(sent), ms(received)),
            0,
            "{sent} {received}"
        );
    }
    assert_ne!(clock_offset_ms(ms(100_000), ms(98_000), ms(99_999)), 0);
    assert_ne!(clock_offset_ms(ms(100_000), ms(101_001), ms(101_002)), 0);
}

#[test]
fn the_offset_is_the_middle_of_what_is_possible() {
    assert_eq!(clock_offset_ms(ms(100_000), ms(40_000), ms(40_000)), 60_500);
    assert_eq!(clock_offset_ms(ms(100_000), ms(40_000), ms(42_000)), 59_500);
    assert_eq!(
        clock_offset_ms(ms(100_000), ms(400_000), ms(400_200)),
        -299_600
    );
    // Set back while the request was under way.
    assert_eq!(clock_offset_ms(ms(100_000), ms(42_000), ms(40_000)), 59_500);
}

#[test]
fn the_claimed_time_of_issue_is_there_before_the_token_is_verified() {
    let claimed = |claims: Claims| {
        UnverifiedIdToken::parse(&claims.raw())
            .unwrap()
            .claimed_issued_at()
    };
    assert_eq!(claimed(Claims::new()), Some(now()));
    assert_eq!(claimed(Claims::new().without("iat")), None);
    assert_eq!(claimed(Claims::new().with("iat", "7")), None);
}

proptest! {
    #[test]
    fn the_offset_brings_this_clock_to_the_time_of_issue(
        iat in 0_i64..4_000_000_000,
        offset in -100_000_000_i64..100_000_000,
        trip in 0_i64..30_000,
    ) {
        let issued = iat * 1000;
        let (sent, received) = (issued - offset, issued - offset + trip);
        let estimate = clock_offset_ms(ms(issued), ms(sent), ms(received));
        prop_assert!((estimate - offset).abs() <= trip + 1000, "{estimate} {offset}");
        prop_assert!(estimate == 0 || estimate.signum() == offset.signum());
    }

    #[test]
    fn no_time_overflows(
        iat in any::<i64>(), exp in any::<i64>(), nbf in any::<i64>(), auth in any::<i64>(),
        at in any::<i64>(), max_age in any::<u64>(),
    ) {
        let _ = clock_offset_ms(ms(iat), ms(exp), ms(at));
        let claims = Claims::new().with("iat", iat).with("exp", exp).with("nbf", nbf).with("auth_time", auth);
        let nonce = Nonce::new(NONCE).unwrap();
        let occasion = Occasion::SignIn { nonce: &nonce, max_age: Some(max_age), acr_values: None };
        let _ = claims.pending().verify(&[SignatureOutcome::Valid], &expectations(occasion), ms(at));
    }

    #[test]
    fn no_claims_make_the_checks_panic(name in "[a-z_]{2,9}", text in any::<String>()) {
        let nonce = Nonce::new(NONCE).unwrap();
        let token = access_token();
        let mut values: Vec<serde_json::Value> = vec![serde_json::json!([text.clone()]), text.clone().into()];
        values.extend(serde_json::from_str::<serde_json::Value>(&text).ok());
        for value in values {
            for name in [name.as_str(), "iss", "aud", "azp", "sub", "nonce", "at_hash", "acr", "iat"] {
                let occasion = Occasion::SignIn { nonce: &nonce, max_age: Some(1), acr_values: Some(&text) };
                let expected = Expectations { access_token: Some(&token), ..expectations(occasion) };
                let pending = Claims::new().with(name, value.clone()).pending();
                let _ = pending.verify(&[SignatureOutcome::Valid], &expected, now());
            }
        }
    }

    #[test]
    fn no_payload_makes_the_parser_panic(payload in any::<String>()) {
        let _ = UnverifiedIdToken::parse(&raw(SignatureAlgorithm::EdDsa, r#"{"alg":"EdDSA"}"#, &payload));
    }
}
