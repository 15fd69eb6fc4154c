//! Good documents with anything in the place of their members.

use super::{ISSUER, ORIGIN, changed, client, damaged, metadata, metadata_document, page_url};
use pkce_core::authorization::{Entropy, SignInOptions, Transaction};
use pkce_core::config::{Issuer, PageConfig};
use pkce_core::encoding::base64url;
use pkce_core::http::{Body, HttpResponse};
use pkce_core::id_token::{Expectations, Occasion, UnverifiedIdToken, VerifiedIdToken};
use pkce_core::jose::{Jwks, SignatureOutcome};
use pkce_core::json::Json;
use pkce_core::metadata::ProviderMetadata;
use pkce_core::secret::{AccessToken, Nonce, RawIdToken};
use pkce_core::token::judge;
use pkce_core::{Phase, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

const NOW: i64 = 1_700_000_000;

fn parsed(value: &Value) -> Json {
    Json::parse(&value.to_string()).unwrap()
}

fn config_document() -> Value {
    json!({
        "providers": [{"id": "main", "name": "Main", "issuer": ISSUER, "client_id": "spa"}],
        "resource_api": "https://api.example/v1",
        "apis": [{"url": "https://b.example", "resource": "urn:b", "scope": "b"}],
        "session": {"share_across_tabs": false, "idle_limit_seconds": 60, "max_age_seconds": null},
        "demo_controls": "http://localhost:9000/faults",
    })
}

fn provider_document() -> Value {
    json!({"id": "main", "name": "Main", "issuer": ISSUER, "client_id": "spa", "redirect_uri": "/callback",
        "post_logout_redirect_uri": "/", "scope": "openid", "resource": ["urn:a"], "userinfo": true,
        "dpop": "auto", "par": "auto", "authorization_params": {"max_age": "5"},
        "metadata": metadata_document()})
}

fn jwk() -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "kid": "k1", "use": "sig", "alg": "EdDSA",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "y": "", "n": "", "e": "AQAB", "key_ops": ["verify"]})
}

fn claims() -> Value {
    json!({"iss": ISSUER, "aud": "spa", "sub": "u1", "iat": NOW, "exp": NOW + 300, "nonce": "n", "azp": "spa",
        "nbf": NOW, "auth_time": NOW, "acr": "a", "at_hash": "x"})
}

fn tokens() -> Value {
    json!({"access_token": "at", "token_type": "Bearer", "expires_in": 60, "refresh_token": "rt",
        "scope": "openid", "id_token": "a.b.c", "error": null, "error_code": "KOE320"})
}

proptest! {
    #[test]
    fn any_configuration_is_read_or_refused_with_a_named_key(
        outer in changed(config_document()), provider in changed(provider_document()), text in damaged(config_document().to_string()),
    ) {
        let mut document = outer.clone();
        if let Some(Value::Array(providers)) = document.get_mut("providers") {
            providers.clear();
            providers.push(provider);
        }
        for text in [document.to_string(), outer.to_string(), text] {
            match PageConfig::parse(&text, &page_url()) {
                Ok(config) => {
                    for provider in config.providers() {
                        prop_assert_eq!(provider.redirect_uri().origin(), ORIGIN);
                        prop_assert!(provider.scope().contains("openid"));
                    }
                    prop_assert!(config.apis().entries().iter().all(|entry| entry.url().is_secure()));
                }
                Err(error) => {
                    prop_assert!(error.is_configuration());
                    prop_assert!(!error.what_was_expected().is_empty(), "{:?}", error);
                }
            }
        }
    }

    /// Discovery 4.3: what is accepted is the issuer's, secure, and survives storage.
    #[test]
    fn any_metadata_is_the_issuers_and_secure_or_refused(document in changed(metadata_document())) {
        let issuer = Issuer::parse(ISSUER).unwrap();
        let Ok(read) = ProviderMetadata::from_json(&parsed(&document), &issuer) else {
            return Ok(());
        };
        prop_assert_eq!(document["issuer"].as_str(), Some(ISSUER));
        for url in [Some(read.authorization_endpoint()), Some(read.token_endpoint()), read.jwks_uri(),
            read.userinfo_endpoint(), read.revocation_endpoint(), read.end_session_endpoint()].into_iter().flatten()
        {
            prop_assert!(url.is_secure() && !url.has_fragment());
        }
        prop_assert_eq!(ProviderMetadata::restore(&read.to_json()), Some(read));
    }

    #[test]
    fn any_key_is_read_or_skipped(keys in prop::collection::vec(changed(jwk()), 0..5)) {
        let set = Jwks::parse(&parsed(&json!({"keys": keys}))).unwrap();
        prop_assert!(set.len() <= keys.len());
        prop_assert_eq!(Jwks::from_json_text(&set.to_json()).unwrap(), set);
    }

    /// Core 3.1.3.7: whatever the claims are, what is accepted keeps every promise.
    #[test]
    fn any_claims_are_judged(
        claims in changed(claims()), header in changed(json!({"alg": "EdDSA", "kid": "k1", "typ": "JWT"})),
        now in prop_oneof![Just(NOW * 1000), any::<i64>()], max_age in prop::option::of(any::<u64>()),
    ) {
        let raw = format!(
            "{}.{}.{}",
            base64url(header.to_string().as_bytes()),
            base64url(claims.to_string().as_bytes()),
            base64url(&[7; 64])
        );
        let raw = RawIdToken::new(&raw).unwrap();
        let _ = VerifiedIdToken::restore(&raw, ISSUER, "spa");
        let Ok(token) = UnverifiedIdToken::parse(&raw) else {
            return Ok(());
        };
        let _ = token.claimed_issued_at();
        let set = Jwks::parse(&parsed(&json!({"keys": [jwk()]}))).unwrap();
        let Ok(pending) = token.candidates(&set, None) else {
            return Ok(());
        };
        let nonce = Nonce::new("n").unwrap();
        let access_token = AccessToken::new("at").unwrap();
        let now = Timestamp::from_millis(now);
        for access_token in [None, Some(&access_token)] {
            let expected = Expectations {
                issuer: ISSUER, client_id: "spa", access_token,
                occasion: Occasion::SignIn { nonce: &nonce, max_age, acr_values: Some("a b") },
            };
            prop_assert!(pending.verify(&[SignatureOutcome::Invalid], &expected, now).is_err());
            match pending.verify(&[SignatureOutcome::Valid], &expected, now) {
                Ok(verified) => {
                    prop_assert_eq!(claims["iss"].as_str(), Some(ISSUER));
                    prop_assert_eq!(claims["nonce"].as_str(), Some("n"));
                    prop_assert_eq!(claims["sub"].as_str(), Some(verified.sub()));
                    prop_assert!(verified.expires_at() + pkce_core::id_token::SKEW >= now);
                    prop_assert!(verified.issued_at() <= now + pkce_core::id_token::SKEW);
                    let refreshed = Expectations { occasion: Occasion::Refresh { first: &verified }, ..expected };
                    let again = pending.verify(&[SignatureOutcome::Valid], &refreshed, now);
                    prop_assert!(again.is_ok(), "its own heir: {:?}", again);
                }
                Err(error) => {
                    prop_assert_eq!(error.phase(), Phase::IdToken);
                }
            }
        }
    }

    /// RFC 6749 5.1: a success has a token to use and a lifetime that is one.
    #[test]
    fn any_token_response_is_judged(body in changed(tokens()), status in prop::sample::select(vec![200, 200, 200, 400, 401, 429, 500])) {
        let response = HttpResponse {
            status, content_type: Some("application/json".to_owned()), retry_after: None,
            body: Body(body.to_string().into_bytes()),
        };
        match judge(&Ok(response), Phase::Refresh) {
            Ok(tokens) => {
                prop_assert_eq!(status, 200);
                prop_assert_eq!(body["access_token"].as_str(), Some(tokens.access_token.expose()));
                let life = tokens.expires_in.map_or(1, |life| life.as_secs());
                prop_assert!((1..=315_360_000).contains(&life));
                prop_assert!(tokens.scope.is_none_or(|scope| !scope.as_str().is_empty() && scope.as_str().trim() == scope.as_str()));
            }
            Err(error) => prop_assert_eq!(error.phase(), Phase::Refresh),
        }
    }

    /// Protocol rule 37: a damaged transaction is none, or is still one that leads to no other place.
    #[test]
    fn a_damaged_transaction_leads_nowhere_else(number in any::<u8>(), seed in any::<u64>()) {
        let (transaction, _) = Transaction::begin(
            &client(), &metadata(), SignInOptions::default(), Entropy::new([number; 96]), Timestamp::from_seconds(NOW),
        ).unwrap();
        let text = transaction.to_json().expose().to_owned();
        let at = usize::try_from(seed % u64::try_from(text.len()).unwrap()).unwrap();
        let mut octets = text.into_bytes();
        octets[at] = octets[at].wrapping_add(u8::try_from(seed >> 56).unwrap());
        let Ok(text) = String::from_utf8(octets) else {
            return Ok(());
        };
        if let Some(read) = Transaction::from_json(&text, ORIGIN) {
            prop_assert!(read.metadata().token_endpoint().is_secure());
            prop_assert!(read.return_to().as_str().starts_with('/'));
        }
    }
}
