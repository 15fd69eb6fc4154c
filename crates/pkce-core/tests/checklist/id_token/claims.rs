//! Rules 20 and 21: the claims.

use super::{Asked, NONCE, expect, judge, judge_asked, judge_at, judge_text, one, two, with};
use crate::support::{CLIENT, ISSUER, NOW};
use pkce_core::encoding::{base64url, sha256};
use pkce_core::id_token::{SKEW, clock_offset_ms};
use pkce_core::{ErrorCode, Timestamp};
use serde_json::{Value, json};
use std::time::Duration;

/// Rule 20: Core 3.1.3.7 (2).
#[test]
fn iss_is_exactly_the_issuer_that_was_asked() {
    let iss = one("iss");
    let wrong = Err(ErrorCode::IdTokenIssuer);
    expect([
        iss(json!(ISSUER), Ok(())),
        iss(json!("https://id.example/"), wrong),
        iss(json!("https://ID.example"), wrong),
        iss(json!("https://id.example:443"), wrong),
        iss(json!("http://id.example"), wrong),
        iss(json!("id.example"), wrong),
        iss(json!("https://id.example\u{0}"), wrong),
        iss(json!(""), wrong),
        iss(json!(null), wrong),
        iss(json!([ISSUER]), wrong),
        iss(json!({"iss": ISSUER}), wrong),
        (with("iss", None), wrong),
    ]);
    // The same name in other octets is the same name; twice is refused below.
    let text = super::claims()
        .to_string()
        .replace("\"iss\"", r#""\u0069ss""#);
    assert_eq!(judge_text(&text), Ok(()));
}

/// Rule 20: Core 2, 3.1.3.7 (3 to 5), RFC 7519 4.1.3.
#[test]
fn aud_is_this_client_and_no_other_that_is_not_vouched_for() {
    let aud = one("aud");
    let wrong = Err(ErrorCode::IdTokenAudience);
    let both = || json!([CLIENT, "api"]);
    expect([
        aud(json!(CLIENT), Ok(())),
        aud(json!([CLIENT]), Ok(())),
        aud(json!([CLIENT, CLIENT]), Ok(())),
        (two(("aud", both()), ("azp", json!(CLIENT))), Ok(())),
        (
            two(("aud", json!(["api", CLIENT])), ("azp", json!(CLIENT))),
            Ok(()),
        ),
        aud(both(), wrong),
        (two(("aud", both()), ("azp", json!("api"))), wrong),
        (two(("aud", both()), ("azp", json!(null))), wrong),
        (two(("aud", json!("api")), ("azp", json!(CLIENT))), wrong),
        aud(json!("SPA"), wrong),
        aud(json!("spa "), wrong),
        aud(json!("spa,api"), wrong),
        aud(json!("spa api"), wrong),
        aud(json!(""), wrong),
        aud(json!([]), wrong),
        aud(json!(["api"]), wrong),
        aud(json!([CLIENT, 5]), wrong),
        aud(json!([CLIENT, null]), wrong),
        aud(json!([[CLIENT]]), wrong),
        aud(json!({"spa": true}), wrong),
        aud(json!(null), wrong),
        (with("aud", None), wrong),
    ]);
}

/// Rule 20: Core 3.1.3.7 (5): a present azp is this client, also with a single audience.
#[test]
fn a_present_azp_is_this_client() {
    let azp = one("azp");
    let wrong = Err(ErrorCode::IdTokenAudience);
    expect([
        azp(json!(CLIENT), Ok(())),
        azp(json!("other"), wrong),
        azp(json!("SPA"), wrong),
        azp(json!(""), wrong),
        azp(json!(null), wrong),
        azp(json!([CLIENT]), wrong),
        azp(json!(0), wrong),
    ]);
}

/// Rule 20: Core 2: sub is there, at most 255 ASCII characters, case-sensitive.
#[test]
fn sub_is_a_short_printable_text() {
    let sub = one("sub");
    let wrong = Err(ErrorCode::IdTokenSubject);
    expect([
        sub(json!("u1"), Ok(())),
        sub(json!("auth0|5f7c8ec7c33c6c004bbafe82"), Ok(())),
        sub(json!("a b"), Ok(())),
        sub(json!("x".repeat(255)), Ok(())),
        sub(json!("x".repeat(256)), wrong),
        sub(json!(""), wrong),
        sub(json!("u1\u{0}"), wrong),
        sub(json!("u1\n"), wrong),
        sub(json!("ü"), wrong),
        sub(json!(1), wrong),
        sub(json!(["u1"]), wrong),
        sub(json!(null), wrong),
        (with("sub", None), wrong),
    ]);
}

/// Rule 20: Core 3.1.3.7 (11), 15.5.2.
#[test]
fn nonce_is_there_and_the_one_of_this_sign_in() {
    let nonce = one("nonce");
    let wrong = Err(ErrorCode::IdTokenNonce);
    expect([
        nonce(json!(NONCE), Ok(())),
        nonce(json!(""), wrong),
        nonce(json!("another"), wrong),
        nonce(json!(NONCE.to_uppercase()), wrong),
        nonce(json!(format!("{NONCE} ")), wrong),
        nonce(json!(&NONCE[1..]), wrong),
        nonce(json!([NONCE]), wrong),
        nonce(json!(null), wrong),
        nonce(json!(0), wrong),
        (with("nonce", None), wrong),
    ]);
}

fn at_millis(offset: i64) -> Timestamp {
    Timestamp::from_millis(NOW * 1000 + offset)
}

/// Rules 20 and 21: Core 2, 3.1.3.7 (9), RFC 7519 4.1.4. A skew of exactly 60 s is accepted.
#[test]
fn exp_and_iat_are_judged_to_the_millisecond() {
    assert_eq!(SKEW, Duration::from_secs(60));
    // The token lives from NOW to NOW + 300.
    for (now, expected) in [
        (at_millis(0), Ok(())),
        (at_millis(300_000), Ok(())),
        (at_millis(360_000), Ok(())),
        (at_millis(360_001), Err(ErrorCode::IdTokenExpired)),
        (at_millis(86_400_000), Err(ErrorCode::IdTokenExpired)),
        (at_millis(-60_000), Ok(())),
        (at_millis(-60_001), Err(ErrorCode::IdTokenNotYetValid)),
        (at_millis(-86_400_000), Err(ErrorCode::IdTokenNotYetValid)),
        (
            Timestamp::from_millis(i64::MAX),
            Err(ErrorCode::IdTokenExpired),
        ),
        (
            Timestamp::from_millis(i64::MIN),
            Err(ErrorCode::IdTokenNotYetValid),
        ),
    ] {
        let judged = judge_at(&super::claims(), &Asked::default(), now);
        assert_eq!(judged, expected, "{now:?}");
    }
}

/// Rule 20: Core 2, RFC 7519 2: a NumericDate is a JSON number, in whatever notation.
#[test]
fn exp_and_iat_are_required_numbers() {
    let malformed = Err(ErrorCode::IdTokenMalformed);
    for name in ["exp", "iat"] {
        let date = one(name);
        expect([
            date(json!((NOW + 60).to_string()), malformed),
            date(json!(null), malformed),
            date(json!(true), malformed),
            date(json!([NOW]), malformed),
            date(json!({}), malformed),
            date(json!(1e300), malformed),
            date(json!(-1e300), malformed),
            date(json!(18_446_744_073_709_551_615_u64), malformed),
            (with(name, None), malformed),
        ]);
    }
    let exp = one("exp");
    let iat = one("iat");
    #[allow(clippy::cast_precision_loss)]
    let fraction = NOW as f64 + 299.5;
    expect([
        exp(json!(NOW + 1), Ok(())),
        exp(json!(fraction), Ok(())),
        exp(json!(i64::MAX), Ok(())),
        exp(json!(NOW - 60), Err(ErrorCode::IdTokenMalformed)),
        exp(json!(NOW - 61), Err(ErrorCode::IdTokenExpired)),
        exp(json!(0), Err(ErrorCode::IdTokenExpired)),
        exp(json!(-1), Err(ErrorCode::IdTokenExpired)),
        exp(json!(i64::MIN), Err(ErrorCode::IdTokenExpired)),
        iat(json!(0), Ok(())),
        iat(json!(-5), Ok(())),
        iat(json!(NOW + 60), Ok(())),
        iat(json!(NOW + 61), Err(ErrorCode::IdTokenNotYetValid)),
        iat(json!(i64::MAX), Err(ErrorCode::IdTokenNotYetValid)),
        // A token that ends before it begins.
        (two(("iat", json!(NOW)), ("exp", json!(NOW))), malformed),
        (two(("iat", json!(NOW + 1)), ("exp", json!(NOW))), malformed),
        (two(("iat", json!(NOW - 1)), ("exp", json!(NOW))), Ok(())),
    ]);
    for (exp, expected) in [
        ("1.7000003e9", Ok(())),
        ("17000003E2", Ok(())),
        ("-0", Err(ErrorCode::IdTokenExpired)),
        ("0x7fffffff", malformed),
        ("01700000300", malformed),
        ("1e999", malformed),
        ("+1700000300", malformed),
        ("NaN", malformed),
    ] {
        let text = super::claims().to_string();
        let text = text.replace(&format!("\"exp\":{}", NOW + 300), &format!("\"exp\":{exp}"));
        assert_eq!(judge_text(&text), expected, "{exp}");
    }
}

/// RFC 7519 4.1.5.
#[test]
fn nbf_counts_where_it_is_there() {
    let nbf = one("nbf");
    expect([
        nbf(json!(NOW), Ok(())),
        nbf(json!(0), Ok(())),
        nbf(json!(NOW + 60), Ok(())),
        nbf(json!(NOW + 61), Err(ErrorCode::IdTokenNotYetValid)),
        nbf(json!(i64::MAX), Err(ErrorCode::IdTokenNotYetValid)),
        nbf(json!("0"), Err(ErrorCode::IdTokenMalformed)),
        nbf(json!(null), Err(ErrorCode::IdTokenMalformed)),
        nbf(json!([]), Err(ErrorCode::IdTokenMalformed)),
    ]);
}

/// Rule 21: a wrong clock is an error that says by how much; the estimate widens nothing.
#[test]
fn a_wrong_clock_is_told_by_how_much() {
    let raw = crate::support::keys::token(&super::claims());
    let jwks = crate::support::keys::default_jwks();
    let verify_at = |millis| super::verify(&raw, &jwks, &Asked::default(), at_millis(millis));
    let ahead = verify_at(7_200_000).unwrap_err();
    assert_eq!(ahead.code(), ErrorCode::IdTokenExpired);
    assert!(ahead.what_came().contains("120 min ahead"), "{ahead}");
    let behind = verify_at(-600_000).unwrap_err();
    assert_eq!(behind.code(), ErrorCode::IdTokenNotYetValid);
    assert!(behind.what_came().contains("10 min behind"), "{behind}");
    let issued = Timestamp::from_seconds(NOW);
    for (sent, received, offset) in [
        (at_millis(-100), at_millis(200), 0),
        (at_millis(1000), at_millis(1200), 0),
        (at_millis(600_000), at_millis(600_000), -599_500),
        (at_millis(-600_000), at_millis(-600_000), 600_500),
        (at_millis(-599_000), at_millis(-601_000), 600_500),
    ] {
        assert_eq!(clock_offset_ms(issued, sent, received), offset);
    }
    let (least, most) = (
        Timestamp::from_millis(i64::MIN),
        Timestamp::from_millis(i64::MAX),
    );
    assert!(clock_offset_ms(most, least, least) > 0);
    assert!(clock_offset_ms(least, most, most) < 0);
}

/// Rule 20: Core 3.1.3.7 (13), 15.5.1: auth_time where max_age was sent.
#[test]
fn auth_time_is_as_fresh_as_max_age_asks() {
    let asked = |max_age| Asked {
        max_age,
        ..Asked::default()
    };
    let wrong = Err(ErrorCode::IdTokenAuthTime);
    for (max_age, auth_time, expected) in [
        (None, None, Ok(())),
        (None, Some(json!("x")), Ok(())),
        (None, Some(json!(0)), Ok(())),
        (Some(300), Some(json!(NOW)), Ok(())),
        (Some(300), Some(json!(NOW - 360)), Ok(())),
        (Some(300), Some(json!(NOW - 361)), wrong),
        (Some(0), Some(json!(NOW - 60)), Ok(())),
        (Some(0), Some(json!(NOW - 61)), wrong),
        (Some(300), Some(json!(NOW + 60)), Ok(())),
        (Some(300), Some(json!(NOW + 61)), wrong),
        (Some(300), Some(json!(i64::MAX)), wrong),
        (Some(300), Some(json!(i64::MIN)), wrong),
        (Some(u64::MAX), Some(json!(0)), Ok(())),
        (Some(300), Some(json!(NOW.to_string())), wrong),
        (Some(300), Some(json!(null)), wrong),
        (Some(300), None, wrong),
        (Some(u64::MAX), None, wrong),
    ] {
        let claims = with("auth_time", auth_time.clone());
        assert_eq!(
            judge_asked(&claims, &asked(max_age)),
            expected,
            "{max_age:?} {auth_time:?}"
        );
    }
}

/// Rule 20: Core 3.1.3.7 (12), RFC 9470 4.
#[test]
fn acr_is_one_of_those_asked_for() {
    let asked = |acr_values| Asked {
        acr_values,
        ..Asked::default()
    };
    let wrong = Err(ErrorCode::IdTokenAcr);
    for (acr_values, acr, expected) in [
        (None, None, Ok(())),
        (None, Some(json!(5)), Ok(())),
        (Some(""), None, Ok(())),
        (Some("silver"), Some(json!("silver")), Ok(())),
        (Some("gold  silver"), Some(json!("silver")), Ok(())),
        (Some("silver"), Some(json!("Silver")), wrong),
        (Some("gold silver"), Some(json!("gold silver")), wrong),
        (Some("gold"), Some(json!("")), wrong),
        (Some("gold"), Some(json!(["gold"])), wrong),
        (Some("0"), Some(json!(0)), wrong),
        (Some("gold"), None, wrong),
    ] {
        let claims = with("acr", acr.clone());
        assert_eq!(
            judge_asked(&claims, &asked(acr_values)),
            expected,
            "{acr_values:?} {acr:?}"
        );
    }
}

/// Rule 20: Core 3.1.3.6 and 3.1.3.8. EdDSA hashes with SHA-512 (RFC 8032 5.1).
#[test]
fn at_hash_is_checked_where_it_is_there() {
    use sha2::Digest as _;
    let token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
    let asked = Asked {
        access_token: Some(token),
        ..Asked::default()
    };
    let half = base64url(&sha2::Sha512::digest(token.as_bytes())[..32]);
    let of_256 = base64url(&sha256(token.as_bytes())[..16]);
    let wrong = Err(ErrorCode::IdTokenAccessTokenHash);
    for (hash, expected) in [
        (None, Ok(())),
        (Some(json!(half)), Ok(())),
        (Some(json!(of_256)), wrong),
        (Some(json!(format!("{half}="))), wrong),
        (Some(json!(&half[..22])), wrong),
        (Some(json!(half.to_uppercase())), wrong),
        (Some(json!("")), wrong),
        (Some(json!(null)), wrong),
        (Some(json!([half])), wrong),
        (Some(json!(0)), wrong),
    ] {
        assert_eq!(
            judge_asked(&with("at_hash", hash.clone()), &asked),
            expected,
            "{hash:?}"
        );
    }
    // Without an access token there is nothing to compare with.
    assert_eq!(judge(&with("at_hash", json!("x"))), Ok(()));
}

/// Rule 19: RFC 7519 4, RFC 8725 2.4: claims are one JSON object without repeated members.
#[test]
fn claims_are_a_json_object_without_repeated_members() {
    let good = super::claims().to_string();
    let with_more = |more: &str| format!("{},{more}}}", good.trim_end_matches('}'));
    let deep = |levels: usize| format!("\"x\":{}1{}", "[".repeat(levels), "]".repeat(levels));
    for text in [
        good.clone(),
        format!(" \r\n\t{good} "),
        with_more(r#""x":{"iss":"y"}"#),
        with_more(r#""Iss":"x","iss ":"y""#),
        with_more(r#""x":"\u0000\ud83d\ude00""#),
        with_more(&deep(100)),
        with_more(r#""":0"#),
    ] {
        assert_eq!(judge_text(&text), Ok(()), "{text}");
    }
    let malformed = Err(ErrorCode::IdTokenMalformed);
    for text in [
        String::new(),
        "[]".to_owned(),
        "null".to_owned(),
        "\"x\"".to_owned(),
        format!("[{good}]"),
        format!("{good}{good}"),
        format!("{good}\0"),
        format!("\u{feff}{good}"),
        with_more(r#""sub":"u1""#),
        with_more(r#""\u0073ub":"admin""#),
        with_more(r#""x":{"a":1,"\u0061":1}"#),
        with_more(r#""x":[{"a":1},{"a":1,"a":1}]"#),
        with_more(r#""x":"\ud800""#),
        with_more(r#""\ud800":1"#),
        with_more("\"x\":\"\u{1}\""),
        with_more(&deep(200)),
        with_more(r#""x":1,"#),
        with_more("\"x\":.5"),
        good.replace('"', "'"),
    ] {
        assert_eq!(judge_text(&text), malformed, "{text}");
    }
    let _: Value = json!(null);
}

/// Core 3.1.3.7: what is wrong with several claims is told in one order.
#[test]
fn of_several_faults_the_first_in_the_standards_order_is_told() {
    let mut claims = super::claims();
    claims["azp"] = json!("other");
    for (name, value, expected) in [
        (
            "iss",
            json!("https://evil.example"),
            ErrorCode::IdTokenIssuer,
        ),
        ("azp", json!("other"), ErrorCode::IdTokenAudience),
        ("sub", json!(""), ErrorCode::IdTokenSubject),
        ("exp", json!(NOW - 1000), ErrorCode::IdTokenExpired),
        ("nonce", json!("x"), ErrorCode::IdTokenNonce),
    ]
    .into_iter()
    .rev()
    {
        claims["azp"] = if name == "iss" || name == "azp" {
            json!("other")
        } else {
            json!(CLIENT)
        };
        claims[name] = value;
        claims["iat"] = json!(NOW - 2000);
        assert_eq!(judge(&claims), Err(expected), "{name}");
    }
}
