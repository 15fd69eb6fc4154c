use super::*;
use crate::authorization::tests::{metadata, metadata_with, now};
use crate::authorization::{Entropy, SignInOptions, Transaction};
use crate::config::ProviderConfig;
use crate::dpop::Thumbprint;
use crate::encoding::form_parse;
use crate::metadata::ProviderMetadata;
use proptest::prelude::*;
use serde_json::json;

const JKT: &str = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";

fn prepare(
    metadata: &ProviderMetadata,
    binding: Option<Thumbprint>,
) -> (Transaction, AuthorizationRequest) {
    let page = HttpUrl::parse("https://app.example/").unwrap();
    let provider = ProviderConfig::builder("local", "https://id.example/realm", "spa & co")
        .resource("https://api.example/a")
        .authorization_param("audience", "x+y")
        .build(&page)
        .unwrap();
    let options = SignInOptions {
        login_hint: Some("a@b".into()),
        ..SignInOptions::default()
    };
    Transaction::prepare(
        &provider,
        metadata,
        options,
        Entropy::new([7; 96]),
        binding,
        now(),
    )
    .unwrap()
}

/// RFC 9126 2.1: all parameters of the request, `client_id` among them, and no credentials.
#[test]
fn what_is_pushed_is_what_the_redirect_would_carry() {
    let (_, by_redirect) = prepare(&metadata(), None);
    let (_, pushed) = prepare(&metadata(), None);
    let url = by_redirect.into_url();
    let query = url.expose().split_once('?').unwrap().1;
    let endpoint = HttpUrl::parse("https://id.example/par?tenant=1").unwrap();
    let (request, _) = pushed.push(&endpoint);
    assert_eq!(request.method, Method::Post);
    assert_eq!(request.url, endpoint);
    assert!(request.authorization.is_none());
    assert!(!request.follow_redirects);
    let form = request.form.unwrap();
    assert_eq!(form_parse(form.expose()), form_parse(query));
    let names: Vec<String> = form_parse(form.expose())
        .into_iter()
        .map(|(n, _)| n)
        .collect();
    assert_eq!(
        names,
        [
            "response_type",
            "client_id",
            "redirect_uri",
            "scope",
            "state",
            "nonce",
            "code_challenge",
            "code_challenge_method",
            "resource",
            "login_hint",
            "audience",
        ]
    );
}

/// RFC 9126 2.1: the query of the authorization endpoint is the endpoint's, not the request's.
#[test]
fn a_query_of_the_endpoint_is_not_pushed() {
    let metadata = metadata_with(
        "authorization_endpoint",
        json!("https://id.example/authorize?tenant=1"),
    );
    let (_, request) = prepare(&metadata, None);
    let endpoint = HttpUrl::parse("https://id.example/par").unwrap();
    let (request, _) = request.push(&endpoint);
    assert!(!request.form.unwrap().expose().contains("tenant"));
    let (_, request) = prepare(&metadata, None);
    let url = request.into_url();
    assert!(
        url.expose()
            .starts_with("https://id.example/authorize?tenant=1&response_type=code&")
    );
}

/// RFC 9449 10: the thumbprint goes along, and the transaction remembers it over the redirect.
#[test]
fn the_code_is_bound_with_the_tokens() {
    let thumbprint = Thumbprint::parse(JKT).unwrap();
    let (transaction, request) = prepare(&metadata(), Some(thumbprint.clone()));
    let url = request.into_url();
    assert!(
        url.expose().contains(&format!("&dpop_jkt={JKT}&")),
        "{url:?}"
    );
    let text = transaction.to_json();
    let read = |text: &str| Transaction::from_json(text, "https://app.example");
    assert_eq!(read(text.expose()).unwrap().binding(), Some(&thumbprint));
    // A binding that is damaged is not forgotten: the transaction is worth nothing.
    for damaged in ["\"x\"", "null", "7"] {
        let damaged = text.expose().replace(&format!("\"{JKT}\""), damaged);
        assert!(read(&damaged).is_none());
    }

    let (transaction, request) = prepare(&metadata(), None);
    assert!(!request.into_url().expose().contains("dpop"));
    let text = transaction.to_json();
    assert_eq!(read(text.expose()).unwrap().binding(), None);
}

#[test]
fn debug_shows_nothing_of_a_request() {
    let (_, request) = prepare(&metadata(), None);
    assert_eq!(format!("{request:?}"), "AuthorizationRequest([redacted])");
}

proptest! {
    /// RFC 6749 appendix B: whatever is asked for arrives as it was meant, on both ways.
    #[test]
    fn every_request_parses_back_to_what_was_meant(
        hint in any::<String>(),
        state in any::<String>(),
        audience in any::<String>(),
        octets in any::<[u8; 32]>(),
        max_age in any::<u64>(),
    ) {
        let page = HttpUrl::parse("https://app.example/").unwrap();
        let provider = ProviderConfig::builder("local", "https://id.example/realm", "spa & co")
            .resource("urn:a%20b?c=d")
            .authorization_param("audience", &audience)
            .build(&page)
            .unwrap();
        let mut entropy = [0; 96];
        entropy.iter_mut().zip(octets.iter().cycle()).for_each(|(own, octet)| *own = *octet);
        let request = || {
            let options = SignInOptions {
                login_hint: Some(hint.clone()),
                app_state: Some(state.clone()),
                max_age: Some(max_age),
                ..SignInOptions::default()
            };
            let entropy = Entropy::new(entropy);
            Transaction::prepare(&provider, &metadata(), options, entropy, None, now()).unwrap().1
        };
        let url = request().into_url();
        let pairs = form_parse(url.expose().split_once('?').unwrap().1);
        let value = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, v)| v.as_str());
        prop_assert_eq!(value("login_hint"), Some(hint.as_str()).filter(|hint| !hint.is_empty()));
        prop_assert_eq!(value("audience"), Some(audience.as_str()));
        prop_assert_eq!(value("resource"), Some("urn:a%20b?c=d"));
        prop_assert_eq!(value("client_id"), Some("spa & co"));
        let max_age = max_age.to_string();
        prop_assert_eq!(value("max_age"), Some(max_age.as_str()));
        let (pushed, _) = request().push(&HttpUrl::parse("https://id.example/par").unwrap());
        prop_assert_eq!(form_parse(pushed.form.unwrap().expose()), pairs);
    }
}
