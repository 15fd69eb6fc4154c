//! No octets make a public parser of text panic.

use super::{ORIGIN, client, metadata, noise, page_url};
use pkce_core::Timestamp;
use pkce_core::api::www_authenticate::{self, CHALLENGE_LIMIT, PARAM_LIMIT};
use pkce_core::api::{Attempt, judge_status};
use pkce_core::authorization::{Entropy, SignInOptions, Transaction};
use pkce_core::callback::{CALLBACK_LIMIT, Callback, PageAddress};
use pkce_core::config::{AuthorizationParams, ClientId, Issuer, ProviderId, Resource, Scope};
use pkce_core::http::{Body, HttpResponse};
use pkce_core::id_token::{UnverifiedIdToken, VerifiedIdToken};
use pkce_core::jose::{Jwks, Jws, SignatureAlgorithm};
use pkce_core::secret::{AccessToken, RawIdToken, State};
use pkce_core::url::HttpUrl;
use proptest::prelude::*;

/// A query with parameters of the protocol, in whatever form.
fn query() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "code",
        "state",
        "iss",
        "error",
        "error_description",
        "c%6Fde",
        "st%61te",
        "id_token",
        "x",
        "",
    ]);
    let part = prop_oneof![
        3 => (name, noise()).prop_map(|(name, value)| format!("{name}={value}")),
        1 => Just(format!("state={}", "A".repeat(43))),
        1 => noise(),
    ];
    // In a query a browser has no bare `#`.
    prop::collection::vec(part, 0..6).prop_map(|parts| parts.join("&").replace('#', "%23"))
}

proptest! {
    #[test]
    fn any_address_is_judged(path in noise(), query in query(), fragment in query(), offset in any::<i64>()) {
        let redirect_uri = HttpUrl::parse("https://app.example/callback").unwrap();
        for path in [path.as_str(), "/callback"] {
            let address = PageAddress { path, query: &query, fragment: &fragment };
            let _ = address.is_sign_out_return(&redirect_uri);
            let cleaned = address.cleaned();
            // What was cleaned is nobody's answer, and cleaning it again changes nothing.
            let (rest, fragment) = cleaned.split_once('#').unwrap_or((&cleaned, ""));
            let tail = rest.strip_prefix(path).unwrap_or("");
            let again = PageAddress { path, query: tail, fragment };
            if path == "/callback" {
                prop_assert!(!again.is_callback(&redirect_uri), "{}", cleaned);
                prop_assert_eq!(again.cleaned(), cleaned.clone());
            }
            if let Ok(callback) = Callback::read(address) {
                let entropy = Entropy::new([0; 96]);
                let begun = Timestamp::from_seconds(1_700_000_000);
                let (transaction, _) = Transaction::begin(&client(), &metadata(), SignInOptions::default(), entropy, begun).unwrap();
                // Entropy of zeros makes the state of 43 letters A, so some come this far.
                let is_mine = callback.state().expose() == transaction.state().expose();
                let judged = callback.judge(transaction, Timestamp::from_millis(offset));
                prop_assert!(is_mine || judged.is_err());
                if let Err(error) = judged {
                    prop_assert!(error.what_came().chars().count() <= 200);
                    let shown = format!("{error}");
                    prop_assert!(!shown.contains(char::is_control));
                }
            }
        }
    }

    #[test]
    fn an_address_beyond_the_limit_is_rejected(more in 1..100_usize, in_query in any::<bool>()) {
        let long = "x".repeat(CALLBACK_LIMIT + more);
        let (query, fragment) = if in_query { (long.as_str(), "") } else { ("", long.as_str()) };
        let address = PageAddress { path: "/", query, fragment };
        prop_assert!(Callback::read(address).is_err());
    }

    #[test]
    fn any_text_is_a_configured_value_or_none(text in prop_oneof![noise(), any::<String>()], other in noise()) {
        let _ = ProviderId::parse(&text);
        if let Ok(issuer) = Issuer::parse(&text) {
            prop_assert_eq!(issuer.as_str(), text.as_str());
            prop_assert!(issuer.discovery_url().is_secure());
        }
        if let Ok(client_id) = ClientId::parse(&text) {
            prop_assert_eq!(client_id.as_str(), text.as_str());
        }
        if let Some(scope) = Scope::parse(&text) {
            prop_assert_eq!(Scope::parse(scope.as_str()), Some(scope));
        }
        let _ = Resource::parse(&text);
        let _ = AuthorizationParams::default().with(&text, &other);
        if let Ok(url) = HttpUrl::parse(&text) {
            prop_assert_eq!(url.as_str(), text.as_str());
        }
        let _ = pkce_core::return_to::ReturnTo::parse(&text, &other);
        let _ = pkce_core::return_to::ReturnTo::parse(&text, ORIGIN);
        for provider in [&text, &other] {
            let _ = pkce_core::config::ProviderConfig::builder("a", super::ISSUER, "b")
                .redirect_uri(provider).post_logout_redirect_uri(&other).name(provider).build(&page_url());
        }
    }

    #[test]
    fn any_secret_is_printable_or_none(text in prop_oneof![noise(), any::<String>()]) {
        let is_good = !text.is_empty() && text.trim_matches(' ') == text
            && text.chars().all(|c| c == ' ' || c.is_ascii_graphic());
        prop_assert_eq!(AccessToken::new(&text).is_some(), is_good);
        prop_assert_eq!(State::new(&text).is_some(), is_good);
        if let Some(token) = AccessToken::new(&text) {
            prop_assert_eq!(format!("{token:?}"), "AccessToken([redacted])");
        }
    }

    #[test]
    fn any_token_is_taken_apart_or_refused(text in prop_oneof![
        noise(),
        "[A-Za-z0-9_-]{0,20}(\\.[A-Za-z0-9_-]{0,20}){0,5}",
        noise().prop_map(|header| {
            let part = pkce_core::encoding::base64url(format!("{{\"alg\":\"EdDSA\",{header}}}").as_bytes());
            format!("{part}.e30.{}", "A".repeat(86))
        }),
    ]) {
        let _ = Jws::parse(&text);
        if let Some(raw) = RawIdToken::new(&text) {
            let _ = UnverifiedIdToken::parse(&raw);
            let _ = VerifiedIdToken::restore(&raw, super::ISSUER, "spa");
        }
        let _ = Jwks::from_json_text(&text);
        let _ = SignatureAlgorithm::from_name(&text);
        let _ = Transaction::from_json(&text, &text);
        let _ = pkce_core::metadata::ProviderMetadata::restore(&text);
        let _ = pkce_core::config::PageConfig::parse(&text, &page_url());
    }

    #[test]
    fn any_www_authenticate_is_read_within_bounds(header in prop_oneof![noise(), any::<String>()], status in any::<u16>()) {
        let challenges = www_authenticate::parse(&header);
        prop_assert!(challenges.len() <= CHALLENGE_LIMIT);
        prop_assert!(challenges.iter().all(|challenge| challenge.params().count() <= PARAM_LIMIT));
        for attempt in [Attempt::First, Attempt::AfterRefresh] {
            let _ = judge_status(status, Some(&header), attempt).into_error();
        }
    }

    /// RFC 9110 11.2 and 5.6.4: a header that was written is read back.
    #[test]
    fn a_written_challenge_is_read_back(
        scheme in "[A-Za-z]{1,9}", params in prop::collection::btree_map("[a-z_]{1,9}", "[ -~é]{0,12}", 0..6),
    ) {
        let written: Vec<String> = params
            .iter()
            .map(|(name, value)| format!("{name}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")))
            .collect();
        let header = format!("Negotiate abc=, {scheme} {}", written.join(" , "));
        let challenges = www_authenticate::parse(&header);
        let found = challenges.last().unwrap();
        prop_assert!(found.is(&scheme.to_uppercase()));
        let read: Vec<(String, String)> =
            found.params().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        prop_assert_eq!(read, params.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn any_octets_are_an_answer_that_can_be_judged(
        status in prop_oneof![Just(200_u16), any::<u16>()],
        content_type in prop::option::of(prop_oneof![Just("application/json".to_owned()), noise()]),
        retry_after in prop::option::of(prop_oneof!["[0-9]{1,30}", noise()]),
        body in prop_oneof![any::<Vec<u8>>(), noise().prop_map(String::into_bytes)],
    ) {
        let response = HttpResponse { status, content_type, retry_after, body: Body(body) };
        if let Some(wait) = response.retry_after_ms() {
            prop_assert!(wait <= 3_600_000);
        }
        let exchange = Ok(response);
        let phase = pkce_core::Phase::Token;
        let _ = pkce_core::token::judge(&exchange, phase);
        let _ = pkce_core::userinfo::judge(&exchange, "u1");
        let _ = pkce_core::http::document(&exchange, phase);
        let _ = pkce_core::metadata::ProviderMetadata::judge(&exchange, &Issuer::parse(super::ISSUER).unwrap());
        let _ = exchange.map(|response| pkce_core::provider_error::of_response(&response, phase));
    }
}
