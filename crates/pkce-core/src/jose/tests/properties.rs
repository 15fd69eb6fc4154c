//! No input makes a parser panic, and none costs more than its length.

use crate::encoding::base64url;
use crate::jose::testing::{execute, key_members, sign};
use crate::jose::{Jwks, Jws, SignatureAlgorithm};
use proptest::prelude::*;
use std::time::{Duration, Instant};

proptest! {
    #[test]
    fn no_text_makes_the_token_parser_panic(text in any::<String>()) {
        let _ = Jws::parse(&text);
    }

    #[test]
    fn no_three_parts_make_the_token_parser_panic(
        header in any::<Vec<u8>>(),
        payload in any::<Vec<u8>>(),
        signature in any::<Vec<u8>>(),
    ) {
        let parts = [header, payload, signature].map(|part| base64url(&part));
        let _ = Jws::parse(&parts.join("."));
    }

    #[test]
    fn no_text_makes_the_key_parser_panic(text in any::<String>(), member in "[a-z_]{1,7}") {
        let _ = Jwks::from_json_text(&text);
        let value = serde_json::to_string(&text).unwrap();
        for kty in ["RSA", "EC", "OKP"] {
            let set = format!(r#"{{"keys":[{{"kty":"{kty}","{member}":{value}}}]}}"#);
            let _ = Jwks::from_json_text(&set);
        }
    }

    #[test]
    fn an_accepted_set_survives_writing_and_reading(
        kids in proptest::collection::vec(proptest::option::of(any::<String>()), 0..5),
    ) {
        let entries: Vec<String> = kids.iter().enumerate().map(|(index, kid)| {
            let algorithm = SignatureAlgorithm::ALL[index % 4];
            let kid = kid.as_ref().map_or(String::new(), |kid| {
                format!(r#""kid":{},"#, serde_json::to_string(kid).unwrap())
            });
            format!("{{{kid}{}}}", key_members(algorithm))
        }).collect();
        let jwks = Jwks::from_json_text(&format!(r#"{{"keys":[{}]}}"#, entries.join(","))).unwrap();
        prop_assert_eq!(jwks.len(), kids.len());
        prop_assert_eq!(Jwks::from_json_text(&jwks.to_json()).unwrap(), jwks);
    }

    #[test]
    fn whatever_is_signed_is_accepted_and_nothing_else(
        payload in any::<Vec<u8>>(),
        other in any::<Vec<u8>>(),
        which in 1_usize..3,
    ) {
        let algorithm = [SignatureAlgorithm::EdDsa, SignatureAlgorithm::Es256][which - 1];
        let header = base64url(format!(r#"{{"alg":"{}"}}"#, algorithm.name()).as_bytes());
        let input = format!("{header}.{}", base64url(&payload));
        let signature = base64url(&sign(algorithm, input.as_bytes()));
        let jwks = Jwks::from_json_text(
            &format!(r#"{{"keys":[{{{}}}]}}"#, key_members(algorithm)),
        ).unwrap();
        let check = |payload: &[u8]| {
            let text = format!("{header}.{}.{signature}", base64url(payload));
            execute(&jwks.candidates(&Jws::parse(&text).unwrap()).unwrap()[0])
        };
        prop_assert!(check(&payload));
        prop_assert_eq!(check(&other), other == payload);
    }
}

/// Whether 16 times the input costs at most 80 times as much; where the cost is quadratic, it is
/// 256 times. The best of some runs counts, and a busy machine gets some attempts.
fn grows_with_its_length_only(small: &str, large: &str, work: impl Fn(&str)) -> bool {
    let time = |text: &str| {
        (0..5)
            .map(|_| {
                let start = Instant::now();
                work(text);
                start.elapsed()
            })
            .min()
            .unwrap()
    };
    (0..20).any(|_| time(large) < (time(small) + Duration::from_micros(20)) * 80)
}

/// A megabyte of keys is judged in the time that its length takes.
#[test]
fn the_cost_of_a_set_grows_with_its_length_only() {
    let hostile = |count: usize| {
        let entry = r#"{"kty":"RSA","n":"AQAB","e":"AQAB","kid":"k"}"#;
        format!(r#"{{"keys":[{}]}}"#, vec![entry; count].join(","))
    };
    assert!(grows_with_its_length_only(
        &hostile(500),
        &hostile(8_000),
        |text| drop(Jwks::from_json_text(text))
    ));
}

#[test]
fn the_cost_of_a_token_grows_with_its_length_only() {
    for piece in [".", "A", "A."] {
        let of_length = |length: usize| piece.repeat(length / piece.len());
        assert!(
            grows_with_its_length_only(&of_length(4_000), &of_length(64_000), |text| drop(
                Jws::parse(text)
            )),
            "{piece}"
        );
    }
}
