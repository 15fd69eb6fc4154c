//! Every request parses back, with another parser, to what was meant.

use super::{ORIGIN, metadata_document, noise, page_url};
use pkce_core::Timestamp;
use pkce_core::authorization::{Entropy, SignInOptions, Transaction, code_challenge};
use pkce_core::callback::{Callback, PageAddress};
use pkce_core::config::{Issuer, ProviderConfig, Resource};
use pkce_core::http::HttpRequest;
use pkce_core::json::Json;
use pkce_core::metadata::ProviderMetadata;
use pkce_core::secret::{AccessToken, CodeVerifier, RawIdToken, RefreshToken};
use pkce_core::sign_out::{end_session_url, revocation_request};
use pkce_core::token::{exchange_request, refresh_request};
use pkce_core::url::HttpUrl;
use proptest::prelude::*;
use serde_json::json;
use url::form_urlencoded;

type Pairs = Vec<(String, String)>;

fn pairs(pairs: &[(&str, &str)]) -> Pairs {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn body(request: &HttpRequest) -> Pairs {
    let text = request.form.as_ref().unwrap().expose();
    form_urlencoded::parse(text.as_bytes())
        .into_owned()
        .collect()
}

/// Printable ASCII without spaces at its ends.
fn printable() -> impl Strategy<Value = String> {
    prop_oneof!["[!-~]{1,30}", "[!-~][ -~]{0,30}[!-~]"]
}

fn resource() -> impl Strategy<Value = String> {
    "(https|urn|api):[a-z0-9/?&=+;,@$!*'()._~%]{1,20}".prop_map(|text| text.replace('%', "%25"))
}

#[derive(Clone, Debug)]
struct Asked {
    client_id: String,
    scope: Vec<String>,
    resources: Vec<String>,
    params: Vec<(String, String)>,
    hint: String,
    endpoint_query: String,
    entropy: Vec<u8>,
    code: String,
}

fn asked() -> impl Strategy<Value = Asked> {
    (
        printable(),
        prop::collection::btree_set("[!#-\\[\\]-~]{1,9}", 0..4),
        prop::collection::btree_set(resource(), 0..4),
        prop::collection::btree_map("x_[ -~]{0,9}", noise(), 0..4),
        noise(),
        prop_oneof![Just(String::new()), "\\?", "\\?[a-z]{1,3}=[a-z%]{0,3}&?"],
        prop::collection::vec(any::<u8>(), 96),
        printable(),
    )
        .prop_map(
            |(client_id, scope, resources, params, hint, query, entropy, code)| Asked {
                client_id,
                scope: std::iter::once("openid".to_owned())
                    .chain(scope.into_iter().filter(|token| token != "openid"))
                    .collect(),
                resources: resources.into_iter().collect(),
                params: params.into_iter().collect(),
                hint,
                endpoint_query: query.replace('%', "%25"),
                entropy,
                code,
            },
        )
}

proptest! {
    /// RFC 6749 4.1.1 and 4.1.3, RFC 7636 4.3 and 4.5, RFC 8707 2.
    #[test]
    fn a_sign_in_says_what_was_configured_and_nothing_else(asked in asked()) {
        let scope = asked.scope.join(" ");
        let mut builder = ProviderConfig::builder("main", super::ISSUER, &asked.client_id).scope(&scope);
        for resource in &asked.resources {
            builder = builder.resource(resource);
        }
        for (name, value) in &asked.params {
            builder = builder.authorization_param(name, value);
        }
        let client = builder.build(&page_url()).unwrap();
        let mut document = metadata_document();
        let endpoint = format!("https://id.example//authorize{}", asked.endpoint_query);
        document["authorization_endpoint"] = json!(endpoint);
        let json = Json::parse(&document.to_string()).unwrap();
        let metadata = ProviderMetadata::from_json(&json, &Issuer::parse(super::ISSUER).unwrap()).unwrap();
        let options = SignInOptions { login_hint: Some(asked.hint.clone()), ..SignInOptions::default() };
        let entropy = Entropy::new(asked.entropy.clone().try_into().unwrap());
        let now = Timestamp::from_seconds(1_700_000_000);
        let (transaction, url) = Transaction::begin(&client, &metadata, options, entropy, now).unwrap();

        let own = url::Url::parse(&endpoint).unwrap();
        let read = url::Url::parse(url.expose()).unwrap();
        prop_assert_eq!((read.origin(), read.path()), (own.origin(), own.path()));
        let state = transaction.state().expose().to_owned();
        let found: Pairs = read.query_pairs().into_owned().collect();
        let only = |name: &str| found.iter().find(|(key, _)| key == name).unwrap().1.clone();
        let (nonce, challenge) = (only("nonce"), only("code_challenge"));
        let mut expected: Pairs = own.query_pairs().into_owned().collect();
        expected.extend(pairs(&[
            ("response_type", "code"),
            ("client_id", &asked.client_id),
            ("redirect_uri", "https://app.example/callback"),
            ("scope", &scope),
            ("state", &state),
            ("nonce", &nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]));
        expected.extend(asked.resources.iter().map(|resource| ("resource".to_owned(), resource.clone())));
        if !asked.hint.is_empty() {
            expected.push(("login_hint".to_owned(), asked.hint.clone()));
        }
        expected.extend(asked.params.clone());
        prop_assert_eq!(found, expected);

        // Through storage and back, the answer is exchanged for exactly what was begun.
        let stored = transaction.to_json();
        let transaction = Transaction::from_json(stored.expose(), ORIGIN).unwrap();
        let again = transaction.to_json();
        prop_assert_eq!(again.expose(), stored.expose());
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("state", state.as_str()), ("iss", super::ISSUER), ("code", &asked.code)])
            .finish();
        let address = PageAddress { path: "/callback", query: &query, fragment: "" };
        let grant = Callback::read(address).unwrap().judge(transaction, now).unwrap();
        let (request, _) = exchange_request(grant);
        let sent = body(&request);
        let verifier = sent.iter().find(|(name, _)| name == "code_verifier").unwrap().1.clone();
        let mut expected = pairs(&[
            ("grant_type", "authorization_code"),
            ("code", &asked.code),
            ("redirect_uri", "https://app.example/callback"),
            ("client_id", &asked.client_id),
            ("code_verifier", &verifier),
        ]);
        expected.extend(asked.resources.iter().map(|resource| ("resource".to_owned(), resource.clone())));
        prop_assert_eq!(sent, expected);
        prop_assert_eq!(code_challenge(&CodeVerifier::new(&verifier).unwrap()), challenge);
        prop_assert_eq!(request.url.as_str(), "https://id.example/token");
    }

    /// RFC 6749 6, RFC 7009 2.1, RP-Initiated Logout 2.
    #[test]
    fn renewal_revocation_and_sign_out_say_what_was_meant(
        client_id in printable(), token in printable(), resources in prop::collection::vec(resource(), 0..3),
        state in any::<[u8; 16]>(), has_refresh in any::<bool>(), target_query in "[a-z=&%]{0,9}",
    ) {
        let refresh = RefreshToken::new(&token).unwrap();
        let access = AccessToken::new(&token).unwrap();
        let endpoint = HttpUrl::parse("https://id.example/e?own=1").unwrap();
        let typed: Vec<_> = resources.iter().map(|text| Resource::parse(text).unwrap()).collect();
        let request = refresh_request(&endpoint, &client_id, &refresh, &typed);
        let mut expected = pairs(&[
            ("grant_type", "refresh_token"), ("refresh_token", &token), ("client_id", &client_id),
        ]);
        expected.extend(resources.iter().map(|resource| ("resource".to_owned(), resource.clone())));
        prop_assert_eq!(body(&request), expected);

        let request = revocation_request(endpoint.clone(), &client_id, has_refresh.then_some(&refresh), &access);
        let hint = if has_refresh { "refresh_token" } else { "access_token" };
        prop_assert_eq!(
            body(&request),
            pairs(&[("token", &token), ("token_type_hint", hint), ("client_id", &client_id)])
        );
        prop_assert_eq!(request.url.as_str(), endpoint.as_str());

        let target = format!("https://app.example/bye?{}", target_query.replace('%', "%25"));
        let id_token = RawIdToken::new(&token).unwrap();
        let leads = end_session_url(&endpoint, &id_token, &client_id, &HttpUrl::parse(&target).unwrap(), state);
        let read = url::Url::parse(leads.expose()).unwrap();
        let found: Pairs = read.query_pairs().into_owned().collect();
        let returned = pkce_core::encoding::base64url(&state);
        prop_assert_eq!(&found, &pairs(&[
            ("own", "1"), ("id_token_hint", &token), ("client_id", &client_id),
            ("post_logout_redirect_uri", &target), ("state", &returned),
        ]));
        // What comes back of it is known as its return.
        let query = format!("state={returned}");
        let address = PageAddress { path: "/bye", query: &query, fragment: "" };
        prop_assert!(address.is_sign_out_return(&HttpUrl::parse(&target).unwrap()));
        prop_assert_eq!(address.cleaned(), "/bye");
    }
}
