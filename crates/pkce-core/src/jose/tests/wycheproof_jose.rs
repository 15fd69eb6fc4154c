//! Google's vectors of whole tokens (Project Wycheproof, `json_web_signature` and `json_web_key`),
//! through the core's own path: the key set, the header, the choice of the key, the check.
//!
//! The tables say what becomes of each group, so that not one vector can go missing or change its
//! fate unseen. Beyond what Wycheproof calls invalid, a valid vector is refused on purpose where its
//! algorithm is none of the four (HMAC, the larger hashes and curves) or its base64url is padded by
//! odd characters.

use crate::ErrorCode;
use crate::ErrorCode::{
    IdTokenAlgorithm as Algorithm, IdTokenKeyUnknown as KeyUnknown, IdTokenMalformed as Malformed,
    IdTokenSignature as Signature,
};
use crate::jose::testing::execute;
use crate::jose::{Jwks, Jws};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use wycheproof_ng_kdf_jose::json_web::{TestGroup, TestName, TestSet};

type Verdict = Result<(), ErrorCode>;
/// Group, whether Wycheproof calls it valid, what becomes of it, how many.
type Row = (&'static str, bool, Verdict, usize);

/// The set with the group's key; a symmetric one is only there as a private one.
fn jwks(group: &TestGroup) -> String {
    let key = group.public_key.as_ref().or(group.private_key.as_ref());
    let key = key.expect("a key");
    if key.get("keys").is_some() {
        key.to_string()
    } else {
        json!({ "keys": [key] }).to_string()
    }
}

fn judge(jwks: &str, token: &Value) -> Verdict {
    // A token in JSON serialization is handed over as the text that it is.
    let token = token
        .as_str()
        .map_or_else(|| token.to_string(), str::to_owned);
    let code = |error: crate::Error| error.code();
    let jwks = Jwks::from_json_text(jwks).map_err(code)?;
    let jws = Jws::parse(&token).map_err(code)?;
    let requests = jwks.candidates(&jws).map_err(code)?;
    if requests.iter().any(execute) {
        Ok(())
    } else {
        Err(Signature)
    }
}

fn check(name: TestName, expected: &[Row]) {
    let mut counts = BTreeMap::new();
    for group in &TestSet::load(name).expect("the vectors").test_groups {
        let comment = group.group_comment.as_str();
        for test in &group.tests {
            let valid = !test.result.must_fail();
            let verdict = judge(&jwks(group), test.jws.as_ref().expect("a token"));
            let (count, ids): &mut (usize, Vec<usize>) = counts
                .entry((comment.to_owned(), valid, format!("{verdict:?}")))
                .or_default();
            *count += 1;
            ids.push(test.tc_id);
        }
    }
    for (group, valid, verdict, count) in expected {
        let key = ((*group).to_owned(), *valid, format!("{verdict:?}"));
        let (came, ids) = counts.remove(&key).unwrap_or_default();
        assert_eq!(came, *count, "{key:?} {ids:?}");
    }
    assert!(counts.is_empty(), "unexpected: {counts:?}");
}

/// RFC 7515 5.2, RFC 8725 2.1, 2.5, 3.1, 3.2
#[test]
fn every_invalid_token_of_wycheproof_is_refused_and_every_valid_one_of_our_algorithms_accepted() {
    let expected: [Row; 33] = [
        ("rs256", true, Ok(()), 6),
        ("rs256", false, Err(Signature), 217),
        ("rs256", false, Err(KeyUnknown), 1),
        ("rs256", false, Err(Malformed), 7),
        ("ps256", true, Ok(()), 6),
        ("ps256", false, Err(Signature), 42),
        ("es256", true, Ok(()), 1),
        ("es256", false, Err(Signature), 5),
        ("es256", false, Err(KeyUnknown), 1),
        ("es256", false, Err(Algorithm), 1),
        ("es256", false, Err(Malformed), 7),
        ("SpecialCaseEs256", true, Ok(()), 1),
        ("SpecialCaseEs256", false, Err(Signature), 23),
        ("rfc7520", true, Ok(()), 1),
        ("rfc7520WithKeyOps", true, Ok(()), 1),
        // Keys that are for encryption alone (`use`, `key_ops`).
        ("rsa_encryption", false, Err(KeyUnknown), 2),
        ("ec_key_for_encryption", false, Err(KeyUnknown), 2),
        // Other algorithms: valid and invalid alike.
        ("hs256", true, Err(Algorithm), 1),
        ("hs256", false, Err(Algorithm), 6),
        ("hs256", false, Err(Malformed), 10),
        ("rs384", true, Err(Algorithm), 4),
        ("rs512", true, Err(Algorithm), 4),
        ("ps384", true, Err(Algorithm), 4),
        ("ps384", false, Err(Algorithm), 1),
        ("ps512", true, Err(Algorithm), 4),
        ("ps512", false, Err(Algorithm), 14),
        ("ps512", false, Err(KeyUnknown), 2),
        ("rfc7520", true, Err(Algorithm), 4),
        ("rfc7520WithKeyOps", true, Err(Algorithm), 2),
        // HS256 with odd base64url; characters outside of the alphabet are never skipped.
        ("base64", true, Err(Algorithm), 5),
        ("base64", true, Err(Malformed), 2),
        ("base64", false, Err(Algorithm), 2),
        ("base64", false, Err(Malformed), 12),
    ];
    assert_eq!(expected.iter().map(|row| row.3).sum::<usize>(), 401);
    check(TestName::JsonWebSignature, &expected);
}

/// RFC 7517 4.2, 4.3, RFC 7518 3.3, 6.2, RFC 8725 3.2
#[test]
fn every_unfit_key_of_wycheproof_is_refused_but_one_that_looks_sound() {
    let expected: [Row; 23] = [
        ("rs256", true, Ok(()), 1),
        ("rs256", false, Err(KeyUnknown), 1),
        ("keysize_too_small", false, Err(KeyUnknown), 1),
        ("exponentOne", false, Err(KeyUnknown), 1),
        ("wrong_algorithm", false, Err(KeyUnknown), 1),
        ("invalid_algorithm", false, Err(KeyUnknown), 1),
        ("invalid_use", false, Err(KeyUnknown), 1),
        ("wrong_curve", false, Err(KeyUnknown), 1),
        ("wrong_kty", false, Err(KeyUnknown), 1),
        // A point beside the curve: `importKey` refuses it.
        ("invalid_point", false, Err(Signature), 1),
        // A 2048-bit modulus that a broken generator made (ROCA, CVE-2017-15361). The provider
        // answers for the quality of its key; the signature itself is good.
        ("jws_rsa_roca_key", false, Ok(()), 1),
        // Symmetric keys, also hidden among others or under one kid.
        ("jws_mixedSymmetryKeyset", false, Err(Algorithm), 1),
        ("jws_keyset", true, Err(Algorithm), 1),
        ("jws_keyset", false, Err(Algorithm), 1),
        ("jws_duplicate_kid", false, Err(Algorithm), 1),
        ("HS256", true, Err(Algorithm), 1),
        ("HS256", false, Err(Algorithm), 2),
        ("HS384", true, Err(Algorithm), 1),
        ("HS384", false, Err(Algorithm), 2),
        ("HS512", true, Err(Algorithm), 1),
        ("HS512", false, Err(Algorithm), 2),
        ("invalid_aes_gcm_key", false, Err(Algorithm), 1),
        ("invalid_aes_kw_key", false, Err(Algorithm), 1),
    ];
    assert_eq!(expected.iter().map(|row| row.3).sum::<usize>(), 26);
    check(TestName::JsonWebKey, &expected);
}
