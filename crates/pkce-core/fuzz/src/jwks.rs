//! A set of keys, and the choice among them for a token of each algorithm.

use super::check_error;
use pkce_core::encoding::base64url;
use pkce_core::jose::{Jwks, Jws, SignatureAlgorithm};
use pkce_core::json::Json;

/// One input.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let jwks = match Jwks::from_json_text(text) {
        Ok(jwks) => jwks,
        Err(error) => return check_error(&error),
    };
    assert!(jwks.len() <= Jwks::MAX_KEYS);
    let written = jwks.to_json();
    assert_eq!(Jwks::from_json_text(&written).as_ref(), Ok(&jwks));
    let members_are = |key: &Json, allowed: &[&str]| {
        let members = key.members().unwrap();
        members
            .iter()
            .all(|(name, _)| allowed.contains(&name.as_str()))
    };
    let json = Json::parse(&written).unwrap();
    let public = ["kid", "alg", "kty", "n", "e", "crv", "x", "y"];
    for key in json.get("keys").and_then(Json::items).unwrap() {
        assert!(members_are(key, &public), "{written}");
    }
    for algorithm in SignatureAlgorithm::ALL {
        for (kid, octets) in [("", 64), (r#","kid":"k1""#, 64), ("", 256), ("", 384)] {
            let header = format!(r#"{{"alg":"{}"{kid}}}"#, algorithm.name());
            let signature = base64url(&vec![0; octets]);
            let token = format!("{}.e30.{signature}", base64url(header.as_bytes()));
            let Ok(jws) = Jws::parse(&token) else {
                continue;
            };
            match jwks.candidates(&jws) {
                Err(error) => check_error(&error),
                Ok(requests) => {
                    assert!((1..=Jwks::MAX_CANDIDATES).contains(&requests.len()));
                    for request in requests {
                        assert_eq!(request.algorithm, algorithm);
                        assert_eq!(request.signature.len(), octets);
                        let key = Json::parse(&request.jwk).unwrap();
                        assert!(members_are(&key, &["kty", "n", "e", "crv", "x", "y"]));
                    }
                }
            }
        }
    }
}
