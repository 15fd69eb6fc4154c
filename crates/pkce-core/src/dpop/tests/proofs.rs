use super::example_key;
use crate::dpop::{DpopKey, DpopNonce, HttpMethod, ProofId, ProofRequest, Recipient, htu};
use crate::encoding::base64url_decode;
use crate::error::ErrorCode;
use crate::jose::SignatureAlgorithm;
use crate::json::Json;
use crate::secret::{AccessToken, DpopProof};
use crate::time::{ClockOffset, Timestamp};
use crate::url::HttpUrl;
use p256::ecdsa::signature::{Signer as _, Verifier as _};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use proptest::prelude::*;

/// RFC 9449 4.1, figure 2.
const TOKEN_EXAMPLE: &str = concat!(
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6Ik",
    "VDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCR",
    "nMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JE",
    "QSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIj",
    "oiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwia",
    "WF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg",
    "4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg",
);

/// RFC 9449 7.1, figure 13.
const RESOURCE_EXAMPLE: &str = concat!(
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6Ik",
    "VDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCR",
    "nMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JE",
    "QSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIj",
    "oiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0Z",
    "WRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNF",
    "c05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71E",
    "OptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA",
);

fn url(text: &str) -> HttpUrl {
    HttpUrl::parse(text).unwrap()
}

fn id(text: &str) -> ProofId {
    ProofId::from_random(&base64url_decode(text).unwrap()).unwrap()
}

fn signing_key() -> SigningKey {
    SigningKey::from_slice(&[7; 32]).unwrap()
}

fn public_key(key: &SigningKey) -> DpopKey {
    DpopKey::from_raw(key.verifying_key().to_encoded_point(false).as_bytes()).unwrap()
}

fn part(compact: &str, index: usize) -> Json {
    let text = compact.split('.').nth(index).unwrap();
    Json::parse_bytes(&base64url_decode(text).unwrap()).unwrap()
}

/// A proof made with a key of this test's own.
fn signed(request: ProofRequest<'_>) -> DpopProof {
    let key = signing_key();
    let pending = request.prepare(&public_key(&key));
    let to_sign = pending.sign_request();
    assert_eq!(to_sign.algorithm, SignatureAlgorithm::Es256);
    let signature: Signature = key.sign(&to_sign.signing_input);
    pending.finish(&signature.to_bytes()).unwrap()
}

fn request<'a>(method: &'a HttpMethod, url: &'a HttpUrl) -> ProofRequest<'a> {
    ProofRequest {
        method,
        url,
        recipient: Recipient::Provider,
        nonce: None,
        id: id("-BwC3ESc6acc2lTc"),
        now: Timestamp::from_seconds(1_562_262_616),
        clock_offset: ClockOffset::default(),
    }
}

/// RFC 9449 4.1 and 7.1: of what the examples say, the same proofs are made, claim by claim and
/// octet by octet; the signatures of the examples prove that they were written down right.
#[test]
fn the_examples_of_the_standard_are_made_again() {
    let access_token = AccessToken::new("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU").unwrap();
    let (post, get) = (
        HttpMethod::parse("post").unwrap(),
        HttpMethod::parse("GET").unwrap(),
    );
    let token_url = url("https://server.example.com/token");
    let resource_url = url("https://resource.example.org/protectedresource");
    let of_resource = ProofRequest {
        recipient: Recipient::Resource(&access_token),
        id: id("e1j3V_bKic8-LAEB"),
        now: Timestamp::from_seconds(1_562_262_618),
        ..request(&get, &resource_url)
    };
    for (example, made) in [
        (TOKEN_EXAMPLE, request(&post, &token_url)),
        (RESOURCE_EXAMPLE, of_resource),
    ] {
        let made = made.prepare(&example_key()).sign_request().signing_input;
        let made = String::from_utf8(made).unwrap();
        let (content, signature) = example.rsplit_once('.').unwrap();
        assert_eq!(made.split('.').nth(1), content.split('.').nth(1));

        // The header's members are the same in another order: the example's key is not canonical.
        let (ours, theirs) = (part(&made, 0), part(example, 0));
        for name in ["typ", "alg"] {
            assert_eq!(ours.str(name), theirs.str(name));
        }
        for name in ["kty", "crv", "x", "y"] {
            let of = |header: &Json| header.get("jwk").unwrap().str(name).unwrap().to_owned();
            assert_eq!(of(&ours), of(&theirs));
        }
        assert_eq!(
            ours.members().unwrap().len(),
            theirs.members().unwrap().len()
        );
        assert_eq!(ours.get("jwk").unwrap().members().unwrap().len(), 4);

        let jwk = theirs.get("jwk").unwrap();
        let mut point = vec![4];
        point.extend(base64url_decode(jwk.str("x").unwrap()).unwrap());
        point.extend(base64url_decode(jwk.str("y").unwrap()).unwrap());
        let key = VerifyingKey::from_sec1_bytes(&point).unwrap();
        let signature = Signature::from_slice(&base64url_decode(signature).unwrap()).unwrap();
        assert!(key.verify(content.as_bytes(), &signature).is_ok());
    }
}

/// RFC 9449 4.3, as a server with another JOSE library goes about it.
#[test]
fn a_server_accepts_the_proof() {
    use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};

    let token = AccessToken::new("at").unwrap();
    let nonce = DpopNonce::parse("n-1").unwrap();
    let method = HttpMethod::parse("PATCH").unwrap();
    let target = url("https://API.example:443/%7enotes/1?secret=1#x");
    let proof = signed(ProofRequest {
        recipient: Recipient::Resource(&token),
        nonce: Some(&nonce),
        ..request(&method, &target)
    });

    let header = decode_header(proof.expose()).unwrap();
    assert_eq!(header.typ.as_deref(), Some("dpop+jwt"));
    assert_eq!(header.alg, Algorithm::ES256);
    let jwk = header.jwk.unwrap();
    let mut validation = Validation::new(Algorithm::ES256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    let claims = decode::<serde_json::Value>(
        proof.expose(),
        &DecodingKey::from_jwk(&jwk).unwrap(),
        &validation,
    )
    .unwrap()
    .claims;
    assert_eq!(
        claims,
        serde_json::json!({
            "jti": "-BwC3ESc6acc2lTc",
            "htm": "PATCH",
            "htu": "https://api.example/~notes/1",
            "iat": 1_562_262_616,
            // printf at | openssl dgst -sha256 -binary | basenc --base64url
            "ath": "sda5G2fCr6XjIpiNlGJjjTVN34oe9526mH-BXCK0uu4",
            "nonce": "n-1",
        })
    );

    let changed = proof.expose().replacen('.', ".e", 1);
    let key = DecodingKey::from_jwk(&jwk).unwrap();
    assert!(decode::<serde_json::Value>(&changed, &key, &validation).is_err());
}

/// RFC 9449 4.2: `ath` goes with an access token, `nonce` where the server gave one.
#[test]
fn optional_claims_are_there_only_where_they_belong() {
    let method = HttpMethod::parse("POST").unwrap();
    let target = url("https://id.example/token");
    let plain = signed(request(&method, &target));
    let claims = part(plain.expose(), 1);
    let names: Vec<&str> = claims
        .members()
        .unwrap()
        .iter()
        .map(|(n, _)| n.as_str())
        .collect();
    assert_eq!(names, ["jti", "htm", "htu", "iat"]);
    let nonce = DpopNonce::parse("n").unwrap();
    let with = signed(ProofRequest {
        nonce: Some(&nonce),
        ..request(&method, &target)
    });
    let claims = part(with.expose(), 1);
    assert_eq!((claims.str("nonce"), claims.get("ath")), (Some("n"), None));
}

/// RFC 9449 4.3 (11), protocol rule 32: `iat` is a time of the server's clock, in seconds.
#[test]
fn the_time_is_the_servers() {
    let method = HttpMethod::parse("POST").unwrap();
    let target = url("https://id.example/token");
    for (now, offset, expected) in [
        (1_000_999, 0, 1000),
        (1_000_999, 1, 1001),
        (1_000_000, -1, 999),
        (1_000_000, 300_000, 1300),
        (i64::MAX, 1, i64::MAX / 1000),
        (-500, 0, -1),
    ] {
        let proof = signed(ProofRequest {
            now: Timestamp::from_millis(now),
            clock_offset: ClockOffset::from_millis(offset),
            ..request(&method, &target)
        });
        let iat = part(proof.expose(), 1)
            .get("iat")
            .and_then(Json::as_integer);
        assert_eq!(iat, Some(expected), "{now} {offset}");
    }
}

/// RFC 9449 4.2: at least 96 bits.
#[test]
fn an_identifier_has_96_bits_or_more() {
    assert!(ProofId::from_random(&[0; 11]).is_none());
    assert!(ProofId::from_random(&[0; 12]).is_some());
    assert!(ProofId::from_random(&[0; 64]).is_some());
    assert!(ProofId::from_random(&[0; 65]).is_none());
}

/// RFC 7518 3.4: `r` and `s`, 32 octets each.
#[test]
fn only_64_octets_are_a_signature() {
    let method = HttpMethod::parse("POST").unwrap();
    let target = url("https://id.example/token");
    let finish = |octets: usize| {
        request(&method, &target)
            .prepare(&example_key())
            .finish(&vec![1; octets])
    };
    let proof = finish(64).unwrap();
    assert_eq!(proof.expose().split('.').count(), 3);
    for bad in [0, 63, 65, 70, 72] {
        assert_eq!(
            finish(bad).unwrap_err().code(),
            ErrorCode::DpopSigningFailed,
            "{bad}"
        );
    }
}

#[test]
fn debug_shows_nothing_of_a_proof() {
    let method = HttpMethod::parse("POST").unwrap();
    let target = url("https://id.example/token");
    let token = AccessToken::new("canary").unwrap();
    let nonce = DpopNonce::parse("canary").unwrap();
    let of_resource = ProofRequest {
        recipient: Recipient::Resource(&token),
        nonce: Some(&nonce),
        ..request(&method, &target)
    };
    let shown = format!("{of_resource:?}");
    assert!(
        !shown.contains("canary") && !shown.contains("-BwC3ESc6acc2lTc"),
        "{shown}"
    );
    let pending = of_resource.prepare(&example_key());
    assert_eq!(format!("{pending:?}"), "PendingProof([redacted])");
    assert_eq!(
        format!("{:?}", pending.sign_request()),
        "SignRequest(ES256 [redacted])"
    );
    let proof = pending.finish(&[1; 64]).unwrap();
    assert_eq!(format!("{proof:?}"), "DpopProof([redacted])");
}

/// Fetch, "normalize a method" and "forbidden method".
#[test]
fn a_method_is_what_fetch_sends() {
    for (text, sent) in [
        ("get", "GET"),
        ("Post", "POST"),
        ("PUT", "PUT"),
        ("delete", "DELETE"),
        ("head", "HEAD"),
        ("options", "OPTIONS"),
        ("PATCH", "PATCH"),
        ("patch", "patch"),
        ("X-a_b", "X-a_b"),
        ("TRACER", "TRACER"),
    ] {
        assert_eq!(HttpMethod::parse(text).unwrap().as_str(), sent);
    }
    assert!(HttpMethod::parse(&"x".repeat(HttpMethod::LIMIT)).is_some());
    assert!(HttpMethod::parse(&"x".repeat(HttpMethod::LIMIT + 1)).is_none());
    for bad in [
        "", " ", "GET ", "a b", "a\r\n", "a/b", "é", "CONNECT", "trace", "Track",
    ] {
        assert!(HttpMethod::parse(bad).is_none(), "{bad:?}");
    }
}

/// RFC 9449 4.2 and 4.3 (9), RFC 3986 6.2.2 and 6.2.3.
#[test]
fn the_target_is_in_its_normal_form() {
    for (text, normal) in [
        (
            "https://server.example.com/token",
            "https://server.example.com/token",
        ),
        ("https://a?x=1", "https://a/"),
        ("https://a#f", "https://a/"),
        ("https://A.Example:443/B", "https://a.example/B"),
        ("http://localhost:80/x", "http://localhost/x"),
        (
            "http://localhost:9001/api/me?a=b#c",
            "http://localhost:9001/api/me",
        ),
        ("https://[::1]:8443/", "https://[::1]:8443/"),
        ("https://a//b/", "https://a//b/"),
        ("https://a/%7E%2d%2E%5f%41%30", "https://a/~-._A0"),
        ("https://a/%c3%a9%2f%20x", "https://a/%C3%A9%2F%20x"),
        ("https://a/%2541", "https://a/%2541"),
        ("https://a/a+b;c=d@e:f", "https://a/a+b;c=d@e:f"),
    ] {
        assert_eq!(htu(&url(text)), normal, "{text}");
    }
}

proptest! {
    #[test]
    fn the_normal_form_is_stable_and_has_no_query(
        path in "(/([a-z~:@]|%[2-7][0-9a-fA-F]|%[c-e][0-9A-F]){0,5}){0,3}",
        query in "(\\?[a-z=&%?/]{0,5})?",
    ) {
        if let Ok(url) = HttpUrl::parse(&format!("https://A.example:443{path}{query}")) {
            let once = htu(&url);
            let again = HttpUrl::parse(&once).unwrap();
            prop_assert_eq!(htu(&again), once.clone());
            prop_assert!(again.same_origin(&url));
            prop_assert!(!once.contains(['?', '#']));
        }
    }
}
