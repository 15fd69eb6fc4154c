//! Rules 32 and 33, and what rule 16 says of bound tokens: DPoP (RFC 9449).

use crate::support::keys::public;
use crate::support::{
    CLIENT, answer, client, document, entropy, judge_metadata, metadata, now, only, params, parsed,
    refusal, response, url,
};
use pkce_core::authorization::{SignInOptions, Transaction};
use pkce_core::config::DpopMode;
use pkce_core::dpop::{
    DpopKey, DpopNonce, HttpMethod, KeyStorage, NonceStore, NonceVerdict, ProofAttempt, ProofId,
    ProofRequest, Recipient, dpop_mode, htu, judge_provider_answer, judge_resource_answer,
};
use pkce_core::encoding::{base64url, base64url_decode, sha256};
use pkce_core::jose::SignatureAlgorithm;
use pkce_core::secret::AccessToken;
use pkce_core::time::ClockOffset;
use pkce_core::token::{TokenBinding, TokenType, judge_bound};
use pkce_core::{ErrorCode, Phase};
use serde_json::{Value, json};

fn key() -> DpopKey {
    DpopKey::from_jwk(&parsed(&public(SignatureAlgorithm::Es256))).unwrap()
}

/// Header and claims of a proof.
fn proof(address: &str, recipient: Recipient<'_>, nonce: Option<&str>) -> (Value, Value) {
    let nonce = nonce.map(|text| DpopNonce::parse(text).unwrap());
    let pending = ProofRequest {
        method: &HttpMethod::parse("post").unwrap(),
        url: &url(address),
        recipient,
        nonce: nonce.as_ref(),
        id: ProofId::from_random(&[7; 16]).unwrap(),
        now: now(),
        clock_offset: ClockOffset::from_millis(-90_000),
    }
    .prepare(&key());
    let request = pending.sign_request();
    assert_eq!(request.algorithm, SignatureAlgorithm::Es256);
    let signature = crate::support::keys::sign(SignatureAlgorithm::Es256, &request.signing_input);
    let proof = pending.finish(&signature).unwrap();
    let parts: Vec<&str> = proof.expose().split('.').collect();
    assert_eq!(parts[2], base64url(&signature));
    let part = |index: usize| -> Value {
        serde_json::from_slice(&base64url_decode(parts[index]).unwrap()).unwrap()
    };
    (part(0), part(1))
}

/// Rule 32: RFC 9449 4.2.
#[test]
fn a_proof_says_what_it_is_for_and_by_which_key() {
    let token = AccessToken::new("at").unwrap();
    for (recipient, hash) in [
        (Recipient::Provider, None),
        (Recipient::Resource(&token), Some(base64url(&sha256(b"at")))),
    ] {
        let (header, claims) = proof("https://ID.example:443//token?x=1#y", recipient, None);
        let mut jwk = public(SignatureAlgorithm::Es256);
        for name in ["kid", "use"] {
            jwk.as_object_mut().unwrap().remove(name);
        }
        assert_eq!(
            header,
            json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk})
        );
        assert_eq!(claims["htm"], json!("POST"));
        assert_eq!(claims["htu"], json!("https://id.example//token"));
        // In the server's time.
        assert_eq!(claims["iat"], json!(crate::support::NOW - 90));
        assert_eq!(claims["jti"], json!(base64url(&[7; 16])));
        assert_eq!(claims.get("ath").and_then(Value::as_str), hash.as_deref());
        assert_eq!(claims.get("nonce"), None);
    }
    let (_, claims) = proof("https://id.example/", Recipient::Provider, Some("n-1"));
    assert_eq!(claims["nonce"], json!("n-1"));
}

/// Rule 32: RFC 9449 4.2 and 4.3: `htu` without query and fragment; `jti` of at least 96 bits.
#[test]
fn what_a_proof_is_made_of_is_checked() {
    for (address, expected) in [
        ("https://a.example", "https://a.example/"),
        ("https://A.example:443/b?c#d", "https://a.example/b"),
        ("http://localhost:9000//b/", "http://localhost:9000//b/"),
        (
            "https://a.example/%e2%82%ac%41",
            "https://a.example/%E2%82%ACA",
        ),
        ("https://a.example/%2f%25", "https://a.example/%2F%25"),
    ] {
        assert_eq!(htu(&url(address)), expected);
    }
    for (octets, is_enough) in [(0, false), (11, false), (12, true), (64, true), (65, false)] {
        assert_eq!(
            ProofId::from_random(&vec![1; octets]).is_some(),
            is_enough,
            "{octets}"
        );
    }
    for good in ["GET", "PATCH", "PROPFIND"] {
        assert_eq!(
            HttpMethod::parse(good).unwrap().as_str(),
            good,
            "case counts"
        );
    }
    for bad in ["", "GET ", "G\r\nET", "CONNECT", "trace"] {
        assert!(HttpMethod::parse(bad).is_none(), "{bad:?}");
    }
    for bad in [vec![], vec![4; 64], vec![4; 66], vec![2; 33], vec![3; 65]] {
        assert!(DpopKey::from_raw(&bad).is_err());
    }
    assert!(DpopKey::from_raw(&[&[4][..], &[7; 64]].concat()).is_ok());
    for (name, bad) in [
        ("d", json!("x")),
        ("crv", json!("P-384")),
        ("kty", json!("OKP")),
        ("x", json!("AA")),
        ("y", json!(null)),
    ] {
        let mut jwk = public(SignatureAlgorithm::Es256);
        jwk[name] = bad;
        let judged = DpopKey::from_jwk(&parsed(&jwk)).map(drop);
        assert_eq!(
            judged.map_err(|e| e.code()),
            Err(ErrorCode::DpopKeyUnavailable),
            "{name}"
        );
    }
}

/// Rule 33: RFC 9449 8 and 9: nonces are kept apart for each origin, the newest counts.
#[test]
fn each_origin_has_its_newest_nonce() {
    let mut store = NonceStore::default();
    let (token, api) = (
        url("https://id.example/token"),
        url("https://api.example/v1"),
    );
    store.learn(&token, Some("n-1"));
    store.learn(&api, Some("m-1"));
    store.learn(&url("https://ID.example:443/userinfo"), Some("n-2"));
    for nothing in [
        None,
        Some(""),
        Some("a b"),
        Some("a\"b"),
        Some("a, b"),
        Some("é"),
    ] {
        store.learn(&token, nothing);
    }
    let nonce = |url| store.nonce_for(url).map(DpopNonce::expose);
    assert_eq!((nonce(&token), nonce(&api)), (Some("n-2"), Some("m-1")));
    for stranger in ["https://id.example:8443/", "https://api.example.evil/"] {
        assert!(store.nonce_for(&url(stranger)).is_none());
    }
    assert!(!format!("{store:?}").contains("n-2"));
    for number in 0..1000 {
        store.learn(&url(&format!("https://o{number}.example")), Some("x"));
    }
    assert!(store.nonce_for(&token).is_none());
}

/// What is done about an answer.
fn verdict(verdict: NonceVerdict) -> Result<Option<String>, ErrorCode> {
    match verdict {
        NonceVerdict::NotAsked => Ok(None),
        NonceVerdict::Retry(nonce) => Ok(Some(nonce.expose().to_owned())),
        NonceVerdict::Failed(error) => Err(error.code()),
    }
}

/// Rule 33: one retry with a new proof, never a loop; a nonce that CORS hides is told as such.
#[test]
fn a_nonce_challenge_gets_one_retry() {
    use ProofAttempt::{First, WithNonce};
    let old = DpopNonce::parse("old").unwrap();
    let retry = || Ok(Some("new".to_owned()));
    let said = refusal(400, "use_dpop_nonce").unwrap();
    for (header, sent, attempt, expected) in [
        (Some("new"), None, First, retry()),
        (Some("new"), Some(&old), First, retry()),
        (Some("old"), Some(&old), First, Err(ErrorCode::UseDpopNonce)),
        (
            Some("new"),
            Some(&old),
            WithNonce,
            Err(ErrorCode::UseDpopNonce),
        ),
        (None, None, First, Err(ErrorCode::DpopNonceHidden)),
        (Some("a b"), None, First, Err(ErrorCode::DpopNonceHidden)),
    ] {
        let judged = judge_provider_answer(&said, header, sent, attempt, Phase::Token);
        assert_eq!(verdict(judged), expected, "{header:?} {attempt:?}");
        let challenge = Some("DPoP error=\"use_dpop_nonce\"");
        let judged = judge_resource_answer(401, challenge, header, sent, attempt);
        assert_eq!(verdict(judged), expected, "{header:?} {attempt:?}");
    }
    for other in [
        refusal(400, "invalid_grant").unwrap(),
        refusal(200, "use_dpop_nonce").unwrap(),
        response(400, "text/html", "use_dpop_nonce"),
    ] {
        let judged = judge_provider_answer(&other, Some("new"), None, First, Phase::Token);
        assert_eq!(verdict(judged), Ok(None));
    }
    for (status, challenge, header, expected) in [
        (
            401,
            Some("Bearer error=\"use_dpop_nonce\""),
            Some("new"),
            Ok(None),
        ),
        (
            401,
            Some("DPoP error=\"invalid_token\""),
            Some("new"),
            Ok(None),
        ),
        (
            403,
            Some("DPoP error=\"use_dpop_nonce\""),
            Some("new"),
            Ok(None),
        ),
        (200, None, Some("new"), Ok(None)),
        // CORS hides the challenge and shows the nonce.
        (401, None, Some("new"), retry()),
        (401, None, Some("old"), Ok(None)),
        (401, None, None, Ok(None)),
    ] {
        let judged = judge_resource_answer(status, challenge, header, Some(&old), First);
        assert_eq!(
            verdict(judged),
            expected,
            "{status} {challenge:?} {header:?}"
        );
    }
}

/// Rule 33: RFC 9449 10. `dpop_jkt` in the authorization request whenever DPoP is used.
#[test]
fn the_code_is_bound_to_the_key_too() {
    let thumbprint = key().thumbprint();
    for binding in [None, Some(thumbprint.clone())] {
        let is_bound = binding.is_some();
        let (transaction, request) = Transaction::prepare(
            &client(),
            &metadata(),
            SignInOptions::default(),
            entropy(1),
            binding,
            now(),
        )
        .unwrap();
        let asked = params(request.into_url().expose());
        assert_eq!(only(&asked, "client_id"), CLIENT);
        if is_bound {
            assert_eq!(only(&asked, "dpop_jkt"), thumbprint.as_str());
        }
        let text = transaction.to_json();
        let restored = Transaction::from_json(text.expose(), crate::support::ORIGIN).unwrap();
        assert_eq!(restored.binding(), transaction.binding());
        assert_eq!(restored.binding().is_some(), is_bound);
    }
}

/// Rule 34, as far as it is a decision: `require` is an error before the redirect.
#[test]
fn what_is_required_and_cannot_be_had_is_an_error() {
    use KeyStorage::{Available, Unavailable};
    let announcing = |names: Value| {
        judge_metadata(&document(|document| {
            document["dpop_signing_alg_values_supported"] = names;
        }))
        .unwrap()
    };
    let (yes, no) = (
        announcing(json!(["RS256", "ES256"])),
        announcing(json!(["RS256"])),
    );
    for (mode, metadata, storage, expected) in [
        (DpopMode::Off, &yes, Available, Ok(TokenBinding::Bearer)),
        (DpopMode::Auto, &yes, Available, Ok(TokenBinding::Offered)),
        (DpopMode::Auto, &yes, Unavailable, Ok(TokenBinding::Bearer)),
        (DpopMode::Auto, &no, Available, Ok(TokenBinding::Bearer)),
        (
            DpopMode::Require,
            &yes,
            Available,
            Ok(TokenBinding::Required),
        ),
        (
            DpopMode::Require,
            &yes,
            Unavailable,
            Err(ErrorCode::DpopKeyUnavailable),
        ),
        (
            DpopMode::Require,
            &no,
            Available,
            Err(ErrorCode::ConfigUnsupported),
        ),
    ] {
        let chosen = dpop_mode(mode, metadata, storage).map_err(|error| error.code());
        assert_eq!(chosen, expected, "{mode:?}");
    }
}

/// Rule 16: `DPoP` only when a proof was sent; once bound, a Bearer answer is refused.
#[test]
fn the_answers_type_fits_what_was_sent() {
    let unsupported = Err(ErrorCode::TokenTypeUnsupported);
    for (binding, came, expected) in [
        (TokenBinding::Bearer, "Bearer", Ok(TokenType::Bearer)),
        (TokenBinding::Bearer, "DPoP", unsupported),
        (TokenBinding::Offered, "dpop", Ok(TokenType::DPoP)),
        (TokenBinding::Offered, "bearer", Ok(TokenType::Bearer)),
        (TokenBinding::Offered, "mac", unsupported),
        (TokenBinding::Required, "DPOP", Ok(TokenType::DPoP)),
        (TokenBinding::Required, "Bearer", unsupported),
        (
            TokenBinding::of_session(TokenType::DPoP),
            "Bearer",
            unsupported,
        ),
        (
            TokenBinding::of_session(TokenType::Bearer),
            "DPoP",
            unsupported,
        ),
    ] {
        let body = json!({"access_token": "at", "token_type": came});
        let judged = judge_bound(&answer(200, &body), Phase::Refresh, binding);
        let judged = judged
            .map(|tokens| tokens.token_type)
            .map_err(|error| error.code());
        assert_eq!(judged, expected, "{binding:?} {came}");
    }
}
